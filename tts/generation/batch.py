"""Speaking many texts into a folder, in a way that survives interruption and never overwrites what it did not make.

``manifest.jsonl`` in the folder holds one JSON object a text: what was asked for and what became of it. All texts are entered
as ``planned`` before the first is spoken and again when they are ``spoken`` or ``failed``, so that the last entry of an id
counts; a finished run leaves one entry each. ``resume`` trusts this record and nothing else.
"""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from tts.core.audio import write_wav
from tts.core.errors import TtsError, UsageError
from tts.core.files import file_digest, write_text
from tts.core.progress import Progress, tracked
from tts.generation.requests import Request, refuse_duplicates
from tts.generation.synthesiser import Speech, Synthesiser
from tts.generation.timings import SUFFIXES, write_timings

log = logging.getLogger(__name__)

MANIFEST = "manifest.jsonl"
_ASKED = ("text", "speaker", "speed", "pitch", "voice", "settings")  # what must not change when a run is resumed
Entry = dict[str, Any]


@dataclass
class BatchReport:
    """What a run did: counts of texts, seconds of speech made, when it started, and a sentence for every failure."""

    spoken: int = 0
    skipped: int = 0
    failures: list[str] = field(default_factory=list)
    seconds: float = 0.0
    started: float = field(default_factory=time.monotonic)

    @property
    def exit_code(self) -> int:
        """0 if every text was spoken, now or before, else 1."""
        return 1 if self.failures else 0

    def count(self, spoken: Speech, seconds: float) -> None:
        """Enter what became of a text; a failure is logged too."""
        if spoken.error is None:
            self.spoken += 1
            self.seconds += seconds
        else:
            self.failures.append(spoken.request.located(f"{spoken.id}: {spoken.error}"))
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
        return ", ".join(parts)


def voice_digest(folder: Path) -> str:
    """Return what identifies the voice in ``folder``: the digest of its configuration, which holds those of its weights."""
    return file_digest(folder / "config.json")


def speak_to_folder(
    synthesiser: Synthesiser,
    requests: Sequence[Request],
    out: Path,
    *,
    voice: str = "",
    resume: bool = False,
    timings: Collection[str] = (),
) -> BatchReport:
    """Speak ``requests`` into ``out/ID.wav``; ``timings`` may hold ``textgrid`` and ``json`` for times beside every wav.

    ``voice`` identifies the voice in the manifest (:func:`voice_digest`). A text that fails is logged, entered in the manifest
    and in the report; the others are spoken. Before anything is spoken, :class:`UsageError` is raised if a file that would be
    written exists. With ``resume``, texts that the manifest calls spoken are skipped if their files are there; a text, setting
    or voice that changed since, and a file that the manifest does not know, are refused.
    """
    refuse_duplicates(requests)
    for kind in timings:
        if kind not in SUFFIXES:
            raise UsageError(f"timings {kind!r} are unknown; choose from {', '.join(SUFFIXES)}")
    manifest = Manifest(out / MANIFEST)
    asked = [_asked(request, synthesiser, voice) for request in requests]
    suffixes = [".wav", *(suffix for kind, suffix in SUFFIXES.items() if kind in timings)]
    todo: dict[str, Entry] = {}
    for request, entry in zip(requests, asked, strict=True):
        if not _done(request, entry, manifest.entries.get(request.id), out, suffixes, resume):
            todo[request.id] = entry
    report = BatchReport(skipped=len(requests) - len(todo))
    with manifest.recording(todo), Progress("speaking", len(requests), done=report.skipped) as progress:
        for spoken in synthesiser.speak(request for request in requests if request.id in todo):
            entry = {**todo[spoken.id], **_write(spoken, synthesiser, out, timings)}
            manifest.add(entry)
            report.count(spoken, entry.get("seconds", 0.0))
            progress.advance(note=spoken.id)
    return report


def speak_together(synthesiser: Synthesiser, requests: Sequence[Request]) -> tuple[np.ndarray, BatchReport]:
    """Speak ``requests`` into one signal, float32 within -1..1, the pause between sentences between them too.

    Those that fail are left out, logged and reported. All of the signal is held in memory: 0.1 MB a second at 24 kHz.
    """
    settings, rate = synthesiser.settings, synthesiser.voice.grid.sample_rate
    pause = np.zeros(round(settings.sentence_pause * settings.pause_scale * rate), np.float32)
    report = BatchReport()
    signals: list[np.ndarray] = []
    for spoken in tracked(synthesiser.speak(requests), "speaking", len(requests)):
        report.count(spoken, len(spoken.signal) / rate)
        if spoken.error is None:
            signals += [pause, spoken.signal] if signals else [spoken.signal]
    return np.concatenate(signals) if signals else np.zeros(0, np.float32), report


def _asked(request: Request, synthesiser: Synthesiser, voice: str) -> Entry:
    return {
        "id": request.id,
        "status": "planned",
        "text": request.text,
        **({"speaker": request.speaker} if request.speaker else {}),
        "speed": request.speed,
        "pitch": request.pitch,
        "voice": voice,
        "settings": synthesiser.settings.sound(),
        "place": request.place,
    }


def _done(
    request: Request, asked: Entry, known: Mapping[str, Any] | None, out: Path, suffixes: list[str], resume: bool
) -> bool:
    """Say whether a text was spoken before; refuse whatever would be overwritten or mixed up."""
    paths = [out / f"{request.id}{suffix}" for suffix in suffixes]
    there = [path for path in paths if path.exists()]
    if not there:
        return False
    if not resume:
        raise UsageError(f"{there[0]} exists already; say --resume to speak only what is missing, or choose another folder")
    if known is None:
        raise UsageError(f"{there[0]} is in no manifest of {out}, so it is not overwritten; move it or choose another folder")
    changed = [key for key in _ASKED if known.get(key) != asked.get(key)]
    if changed:
        message = (
            f"{there[0]} was made with another {' and '.join(changed)}; delete it to speak it anew, or choose another folder"
        )
        raise UsageError(request.located(message))
    return known["status"] == "spoken" and len(there) == len(paths)


def _write(spoken: Speech, synthesiser: Synthesiser, out: Path, timings: Collection[str]) -> Entry:
    """Write the files of a text, the wav last; return what the manifest says about it."""
    if spoken.error is not None:
        return {"status": "failed", "error": spoken.error}
    grid = synthesiser.voice.grid
    try:
        write_timings(out / spoken.id, spoken, grid, timings)
        write_wav(out / f"{spoken.id}.wav", spoken.signal, grid.sample_rate)
    except OSError as error:
        raise TtsError(
            f"{out / spoken.id}.wav: cannot be written ({error.strerror or error}); say --resume to go on later"
        ) from None
    return {"status": "spoken", "file": f"{spoken.id}.wav", "seconds": round(len(spoken.signal) / grid.sample_rate, 3)}


class Manifest:
    """The record of a folder. ``entries`` maps ids to what was last known when it was opened."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.entries: dict[str, Entry] = {}
        lines = path.read_bytes().split(b"\n") if path.is_file() else []
        for number, line in enumerate(lines, 1):
            try:
                entry = json.loads(line)
                self.entries[entry["id"]] = {**entry, "status": entry["status"]}
            except (ValueError, KeyError, TypeError):
                # The last line has no end only where a run was cut short in writing it: then nothing was promised yet.
                if number < len(lines):
                    message = "not an entry of a manifest; repair it, or choose another folder"
                    raise TtsError(f"{path}:{number}: {message}") from None

    @contextmanager
    def recording(self, planned: Mapping[str, Entry]) -> Iterator[None]:
        """Enter what is planned, let :meth:`add` append what became of it, and leave one entry an id, however it ends."""
        self.entries.update(planned)
        self._store()
        with self.path.open("a", encoding="utf-8", newline="\n") as self._file:
            try:
                yield
            finally:
                self._file.close()
                self._store()

    def add(self, entry: Entry) -> None:
        """Record what became of a text, at once."""
        self.entries[entry["id"]] = entry
        self._file.write(_line(entry))
        self._file.flush()

    def _store(self) -> None:
        try:
            write_text(self.path, "".join(map(_line, self.entries.values())))
        except OSError as error:
            raise UsageError(f"{self.path}: cannot be written ({error.strerror or error}); choose another folder") from None


def _line(entry: Entry) -> str:
    return json.dumps(entry, ensure_ascii=False, allow_nan=False) + "\n"
