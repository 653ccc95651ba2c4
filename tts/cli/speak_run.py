"""What ``tts speak`` does, once its options are read."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tts.cli.options import place_of_work
from tts.cli.output import note, say
from tts.core.audio_output import FORMATS, AudioEncoding, AudioFormat, audio_file, audio_stream
from tts.core.deposit import made_here
from tts.core.errors import TtsError, UsageError
from tts.core.place import machines_of
from tts.core.remote import Remote
from tts.generation.base_voice import BaseVoice
from tts.generation.batch import BatchReport, FolderOutput, speak_to_folder, voice_name
from tts.generation.elsewhere import Elsewhere, VoiceOrder
from tts.generation.joined import speak_joined
from tts.generation.paragraphs import Paragraphs
from tts.generation.postfilter import Kind, PostFilterSettings
from tts.generation.requests import Request
from tts.generation.speaking import load_speaker
from tts.generation.synthesiser import Synthesiser, SynthesisSettings, check_speakers
from tts.generation.text_files import STANDARD, Format, Usual, read_requests
from tts.generation.voices import NamedVoice
from tts.recipe.names import VocoderName
from tts.text.lexicon import read_lexicon

SHORT = 500  # characters spoken sooner than worker processes start


@dataclass(frozen=True)
class Texts:
    """What is spoken: files, or one text; ``usual`` is what holds where these do not say otherwise.

    ``seeded`` says that a seed was asked for, which only texts of a temperature above 0 heed.
    """

    paths: tuple[Path | Remote, ...]
    text: str | None
    format: Format
    paragraphs: Paragraphs
    usual: Usual
    live: bool = False
    seeded: bool = False

    def lines(self) -> Iterator[Request]:
        """Yield the lines of standard input as they come, each a text."""
        for number, line in enumerate(iter(sys.stdin.buffer.readline, b""), 1):
            try:
                text = line.decode("utf-8-sig" if number == 1 else "utf-8").strip()
            except UnicodeDecodeError:
                raise UsageError(f"standard input:{number}: not UTF-8; send the text as UTF-8") from None
            if text:
                place = f"standard input:{number}"
                yield Request(f"stdin-{number:05d}", text, place=place, **vars(self.usual))

    def requests(self) -> list[Request]:
        """Read the files."""
        if self.live and self.paths != (STANDARD,):
            raise UsageError("--live speaks the lines of standard input: name - in place of text files")
        if self.live and (self.format not in ("auto", "lines") or self.paragraphs not in ("auto", "lines")):
            raise UsageError("--live speaks line by line: --format and --paragraphs can only be lines")
        if self.live:
            return []
        if self.text is not None:
            if self.paragraphs != "auto":
                raise UsageError("--paragraphs is for text files; --text is one text")
            if self.format not in ("auto", "ssml"):
                raise UsageError("--format is for text files; --text is one text, read as it is or, with --ssml, as SSML")
            marked = self.format == "ssml"
            return [Request("text", self.text, ssml=marked, **vars(self.usual))]
        files = [file for path in self.paths for file in (path.matches() if isinstance(path, Remote) else [path])]
        return read_requests(files, self.format, paragraphs=self.paragraphs, **vars(self.usual))


@dataclass(frozen=True)
class PostFilterOptions:
    """What is asked of the post-filter; None stands for the voice's own."""

    kind: Kind | None = None
    strength: float | None = None
    f0_variance: float | None = None
    edit_strength: float | None = None


@dataclass(frozen=True)
class SoundOptions:
    """How it is to sound: ``vocoder`` None is the voice's own, ``settings`` are others of :class:`SynthesisSettings`."""

    post_filter: PostFilterOptions
    vocoder: VocoderName | None
    settings: Mapping[str, Any]


@dataclass(frozen=True)
class Sink:
    """Where the sound goes: a folder ``out`` or one file ``output``, one of which is None."""

    out: Path | Remote | None
    output: Path | Remote | None
    format: AudioFormat | None
    rate: int | None
    timings: tuple[str, ...]
    resume: bool

    def encoding(self) -> AudioEncoding:
        """Return how the sound is stored; :class:`UsageError` for options that contradict each other."""
        if self.output is not None and (self.resume or self.timings):
            raise UsageError("--resume and --timings go with --out FOLDER, not with --output")
        if self.output is None:
            return AudioEncoding(self.format or "wav", self.rate)
        if self.output == STANDARD:
            if sys.stdout.isatty():
                raise UsageError("standard output is a terminal; send it to a file or a player, or name a file after --output")
            if self.format not in (None, "wav"):
                raise UsageError(f"standard output is WAV, not {self.format}; name a file after --output")
            return AudioEncoding("wav", self.rate)
        if self.output.exists():
            raise UsageError(f"{self.output} exists already; move it or choose another name")
        by_suffix = next((known for known in FORMATS if self.output.suffix.lower() == f".{known}"), None)
        if by_suffix and self.format and by_suffix != self.format:
            raise UsageError(f"{self.output} says {by_suffix} and --audio-format {self.format}; change one of them")
        if not by_suffix and not self.format:
            known = ", ".join(f".{name}" for name in FORMATS)
            raise UsageError(f"{self.output}: the name must end with one of {known}, or say --audio-format")
        return AudioEncoding(self.format or by_suffix or "wav", self.rate)


def run(
    named: NamedVoice,
    texts: Texts,
    sink: Sink,
    sound: SoundOptions,
    *,
    lexicon: Path | None,
    workers: int | None,
    scheduler: str,
    device: str,
) -> int:
    """Speak and return the exit code."""
    folder, encoding = named.folder, sink.encoding()
    if texts.live and sink.output is None:
        raise UsageError("--live goes with --output: one sound of all lines, made as they come")
    if texts.live and scheduler:
        raise UsageError("--live speaks line by line, which no cluster makes faster: leave --scheduler out")
    requests = texts.requests()
    if texts.seeded and not any(temperature for temperature in (texts.usual.temperature, *(r.temperature for r in requests))):
        raise UsageError(
            "--seed: says which take is drawn, and at temperature 0 all are alike; add --temperature, for example 0.5, or "
            "leave --seed out"
        )
    own = read_lexicon(lexicon) if lexicon else {}
    voice = load_speaker(folder, device)
    encoding.rate_of(voice.grid.sample_rate)
    if voice.earlier_reading and not named.packaged:  # what is packaged is brought up to date with its package, readings too
        made = named.origin if named.copy else folder
        say(f"{made}: {voice.earlier_reading}; texts with such are read anew (docs/speaking.md)", error=True)
    if own:
        voice.add_lexicon(own)
    check_speakers(requests or [Request("live", "", **vars(texts.usual))], voice)
    chosen = SynthesisSettings(
        _post_filter(voice, sound.post_filter),
        vocoder=sound.vocoder or voice.generation.vocoder,
        speed=voice.generation.speed,
        workers=0 if scheduler else _workers(workers, requests),
        **sound.settings,
    )
    order = VoiceOrder(folder, voice_name(folder, own), lexicon if own else None, chosen, device)
    sees = (folder, *([lexicon] if lexicon else []))
    shared = sink.out if isinstance(sink.out, Path) else None
    with Synthesiser(voice, chosen) as synthesiser, place_of_work(scheduler, workers, shared, sees) as place:
        elsewhere = Elsewhere(machines, order, synthesiser) if (machines := machines_of(place)) else None
        if sink.out is not None:
            report = speak_to_folder(
                synthesiser,
                requests,
                sink.out,
                voice=order.name,
                resume=sink.resume,
                output=FolderOutput(encoding, sink.timings),
                elsewhere=elsewhere,
            )
            say(report)
        else:
            groups = ([request] for request in texts.lines()) if texts.live else [requests]
            report = _joined(synthesiser, groups, sink, encoding, elsewhere)
            if sink.output != STANDARD:
                note(f"{report}: {sink.output}")
    return report.exit_code


def _joined(
    synthesiser: Synthesiser,
    groups: Iterable[Sequence[Request]],
    sink: Sink,
    encoding: AudioEncoding,
    elsewhere: Elsewhere | None,
) -> BatchReport:
    """Speak groups of texts into one sound; a group is finished before the next one is asked for."""
    assert sink.output is not None
    rate = synthesiser.voice.grid.sample_rate
    with ExitStack() as stack:
        if sink.output == STANDARD:
            output = stack.enter_context(audio_stream(sys.stdout.buffer, rate, encoding.rate))
        else:
            output = stack.enter_context(audio_file(stack.enter_context(made_here(sink.output)), rate, encoding))
        report = BatchReport()
        for group in groups:
            speak_joined(synthesiser, group, output, report, elsewhere)
        if not report.seconds:
            raise TtsError("nothing could be spoken, so nothing was written")
    return report


def _post_filter(voice: BaseVoice, asked: PostFilterOptions) -> PostFilterSettings:
    usual, kind, strength = voice.generation, asked.kind, asked.strength
    chosen = kind or usual.post_filter
    if strength is not None and chosen == "none":
        raise UsageError("--strength: there is no post-filter; choose one with --post-filter, or leave --strength out")
    amount = usual.strength if strength is None and chosen == usual.post_filter else strength
    if asked.edit_strength is not None and voice.editor is None:
        raise UsageError(f"--edit-strength: {voice.label} has no edit (a stage of kind: edit in its recipe); leave it out")
    f0_variance = usual.f0_variance if asked.f0_variance is None else asked.f0_variance
    edit_strength = usual.edit_strength if asked.edit_strength is None else asked.edit_strength
    return PostFilterSettings(chosen, amount, f0_variance, edit_strength)


def _workers(workers: int | None, requests: Sequence[Request]) -> int | None:
    return 0 if workers is None and sum(len(request.text) for request in requests) < SHORT else workers
