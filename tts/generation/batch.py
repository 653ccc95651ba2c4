"""Speaking many texts into a folder, in a way that survives interruption and never overwrites what it did not make.

All texts are entered in the folder's manifest (:mod:`tts.generation.manifest`) as ``planned`` before the first is spoken and
again when they are ``spoken`` or ``failed``, so that the last entry of an id counts; a finished run leaves one entry each.
``resume`` trusts this record and nothing else. One run at a time works in a folder.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from tts.core.audio_output import AudioEncoding, write_audio
from tts.core.deposit import Deposit, deposit
from tts.core.errors import NotWritten, UsageError
from tts.core.files import file_digest, fingerprint
from tts.core.grid import FrameGrid
from tts.core.progress import Progress
from tts.core.remote import Remote
from tts.generation.manifest import MANIFEST as MANIFEST  # part of this module's interface too
from tts.generation.manifest import Entry, Manifest
from tts.generation.renumbering import finish_moves, renumber
from tts.generation.requests import Request, refuse_duplicates
from tts.generation.synthesiser import Speech, Synthesiser
from tts.generation.timings import SUFFIXES, write_timings
from tts.text.lexicon import Lexicon
from tts.text.unreadable import Unread

if TYPE_CHECKING:
    from tts.generation.elsewhere import Elsewhere

log = logging.getLogger(__name__)


@dataclass
class BatchReport:
    """What a run did: counts of texts and of tokens without a reading, seconds of speech, when it started, failures."""

    spoken: int = 0
    skipped: int = 0
    failures: list[str] = field(default_factory=list)
    unread: int = 0
    seconds: float = 0.0
    started: float = field(default_factory=time.monotonic)

    @property
    def exit_code(self) -> int:
        """0 if every text was spoken, now or before, else 1."""
        return 1 if self.failures else 0

    def count(self, request: Request, error: str | None, seconds: float, unread: Sequence[Unread] = ()) -> None:
        """Enter what became of a text; a failure, and tokens that had no reading, are logged too."""
        self.seconds += seconds
        if unread:
            self.unread += len(unread)
            shown = ", ".join(map(str, unread[:5])) + (f" and {len(unread) - 5} more" if len(unread) > 5 else "")
            log.warning("%s", request.located(f"{request.id}: {shown}"))
        if error is None:
            self.spoken += 1
        else:
            self.failures.append(request.located(f"{request.id}: {error}"))
            log.warning("%s", self.failures[-1])

    def __str__(self) -> str:
        elapsed = time.monotonic() - self.started
        parts = [
            f"spoke {self.spoken} of {self.spoken + len(self.failures)}: {self.seconds:.1f} s of speech in {elapsed:.1f} s"
        ]
        if self.skipped:
            parts.append(f"{self.skipped} were done before")
        if self.failures:
            parts.append(f"{len(self.failures)} failed")
        if self.unread:
            parts.append(f"{self.unread} tokens had no reading (see the warnings)")
        return ", ".join(parts)


@dataclass(frozen=True)
class FolderOutput:
    """What is to lie in a folder of speech: kind of sound, and for ``timings`` ``textgrid`` or ``json`` beside every one."""

    encoding: AudioEncoding = field(default_factory=AudioEncoding)
    timings: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        for kind in self.timings:
            if kind not in SUFFIXES:
                raise UsageError(f"timings {kind!r} are unknown; choose from {', '.join(SUFFIXES)}")

    @property
    def suffixes(self) -> list[str]:
        """What the names of a text's files end with, the sound's first."""
        return [self.encoding.suffix, *(suffix for kind, suffix in SUFFIXES.items() if kind in self.timings)]


def voice_digest(folder: Path) -> str:
    """Return what identifies the voice in ``folder``: the digest of its configuration, which holds those of its weights."""
    return file_digest(folder / "config.json")


def voice_name(folder: Path, lexicon: Lexicon) -> str:
    """Return what identifies a voice that speaks with an own ``lexicon``, which may be empty, in manifests."""
    return voice_digest(folder) + (f" lexicon {fingerprint(lexicon)}" if lexicon else "")


@dataclass(frozen=True)
class WrittenText:
    """What became of a text: its entry of the manifest, and its tokens that had no reading."""

    request: Request
    entry: Entry
    unread: tuple[Unread, ...] = ()


def written(
    synthesiser: Synthesiser, requests: Iterable[Request], planned: Mapping[str, Entry], out: Deposit, output: FolderOutput
) -> Iterator[WrittenText]:
    """Speak texts into the folder ``out`` and yield what became of each, ``planned`` by id, in order."""
    for spoken in synthesiser.speak(requests, errors="return"):
        entry = _write(spoken, planned[spoken.id], synthesiser.voice.grid, out, output)
        yield WrittenText(spoken.request, entry, spoken.unread)


def speak_to_folder(
    synthesiser: Synthesiser,
    requests: Sequence[Request],
    out: Path | Remote,
    *,
    voice: str = "",
    resume: bool = False,
    output: FolderOutput = FolderOutput(),
    elsewhere: Elsewhere | None = None,
) -> BatchReport:
    """Speak ``requests`` into ``out/ID.wav``, or what else ``output`` says; ``voice`` names the voice in the manifest.

    ``out`` may lie in an object store: each file appears there when it is made, and the manifest is brought there before the
    first, every half a minute and at the end, so that after a killed command some texts are spoken again.

    Other machines do it where ``elsewhere`` is given, which write into the same folder; this process keeps its record.

    A text that fails is logged, entered in the manifest and in the report; the others are spoken. Before anything is spoken,
    :class:`UsageError` is raised if a file that would be written exists, :class:`TtsError` if another run is at work in the
    folder. With ``resume``, texts that the manifest calls spoken are skipped if their files are there; a text, setting or voice
    that changed since, and a file that the manifest does not know, are refused. Texts named by the number of their line are
    known by what they say, so that lines may be added above (:mod:`tts.generation.renumbering`).
    """
    refuse_duplicates(requests)
    output.encoding.rate_of(synthesiser.voice.grid.sample_rate)
    with (place := deposit(out)).opened():
        if place.exists(MANIFEST):
            place.bring(MANIFEST)
        manifest = Manifest(place.folder, partial(place.keep, MANIFEST, now=True))
        asked = {request.id: _asked(request, synthesiser, voice, output.encoding) for request in requests}
        if resume:
            finish_moves(manifest, place)
            renumber(manifest, [asked[request.id] for request in requests if request.numbered], place)
        todo = {
            request.id: asked[request.id]
            for request in requests
            if not _done(request, asked[request.id], manifest, place, output.suffixes, resume)
        }
        report = BatchReport(skipped=len(requests) - len(todo))
        with manifest.recording(todo.values()), Progress("speaking", len(requests), done=report.skipped) as progress:
            wanted = [request for request in requests if request.id in todo]
            spoken = (
                elsewhere.written(wanted, todo, out, output) if elsewhere else written(synthesiser, wanted, todo, place, output)
            )
            for text in spoken:
                manifest.add(text.entry)
                place.keep(MANIFEST)
                report.count(text.request, text.entry.error or None, text.entry.seconds or 0.0, text.unread)
                progress.advance(note=text.request.id)
    return report


def _asked(request: Request, synthesiser: Synthesiser, voice: str, encoding: AudioEncoding) -> Entry:
    return Entry(
        request.id,
        request.text,
        speaker=request.speaker,
        speed=request.speed,
        pitch=request.pitch,
        voice=voice,
        settings=synthesiser.settings.sound(),
        format=encoding.format,
        rate=encoding.rate,
        place=request.place,
        ssml=request.ssml,
        labels=request.labels,
        digits=request.digits,
        temperature=request.temperature,
        seed=request.seed if request.temperature else 0,  # else it says nothing
    )


def _done(request: Request, asked: Entry, manifest: Manifest, out: Deposit, suffixes: list[str], resume: bool) -> bool:
    """Say whether a text was spoken before; refuse whatever would be overwritten or mixed up."""
    known = manifest.entries.get(request.id)
    names = [f"{request.id}{suffix}" for suffix in suffixes]
    there = [name for name in names if out.exists(name)]
    if not there:
        return False
    first = f"{out}/{there[0]}"
    if not resume:
        raise UsageError(f"{first} exists already; say --resume to speak only what is missing, or choose another folder")
    if known is None:
        raise UsageError(f"{first} is in no manifest of {out}, so it is not overwritten; move it or choose another folder")
    changed = asked.differences(known)
    if changed:
        message = f"{first} was made with another {' and '.join(changed)}; delete it to speak it anew, or choose another folder"
        raise UsageError(request.located(message))
    return known.status == "spoken" and len(there) == len(names)


def _write(spoken: Speech, planned: Entry, grid: FrameGrid, out: Deposit, output: FolderOutput) -> Entry:
    """Write the files of a text, the sound last; return what the manifest says about it."""
    planned = replace(planned, unread=tuple(unread.to_dict() for unread in spoken.unread))
    if spoken.error is not None:
        return replace(planned, status="failed", error=spoken.error)
    names = [f"{spoken.id}{suffix}" for suffix in output.suffixes]
    try:
        write_timings(out.folder / spoken.id, spoken, grid, output.timings)
        write_audio(out.folder / names[0], spoken.signal, grid.sample_rate, output.encoding)
        out.put(*reversed(names))
    except NotWritten as error:
        raise NotWritten(f"{error}; say --resume to go on later") from None
    return replace(planned, status="spoken", file=names[0], seconds=round(len(spoken.signal) / grid.sample_rate, 3))
