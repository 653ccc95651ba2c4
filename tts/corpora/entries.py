"""From what a layout's files say to a corpus: the checks that are the same whatever the layout.

A reader yields an :class:`Entry` for every utterance that its files name; :func:`collect` finds the recordings, refuses what
cannot be used and says why, and returns the utterances of the speaker that is asked for.
"""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from tts.core.audio import audio_seconds
from tts.core.errors import TtsError, UsageError
from tts.core.names import file_key, name_fault
from tts.corpora.lines import one_line
from tts.corpora.problems import Problem, examples
from tts.corpora.recording_paths import RecordingPaths
from tts.corpora.recordings import Recordings
from tts.corpora.types import Corpus, CorpusSource, Utterance

WHOLE = 0.05  # seconds that the end of a part may lie from the recording's end and still mean all of it
_LONGEST = 1e6  # seconds; no recording has as many
_PLAIN = re.compile(r"[\w.-]+")  # lists of ids are separated by spaces and commas


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One utterance as a layout's files state it.

    ``audio`` is a path found by the reader, or a path or name as it stands in a list, to be looked for in the corpus's folder
    (:class:`RecordingPaths`). ``id`` may be empty: the recording's name, its folders joined by underscores, with the start in
    milliseconds where the utterance is a part of it. ``place`` is the file, with its line. ``start`` and ``end`` are seconds
    within the recording, of which ``seconds`` is the length where the files state it. ``fault`` is a reason code and what is
    wrong, where the reader has seen it.
    """

    id: str = ""
    text: str
    audio: str | Path
    place: str
    speaker: str = ""
    start: float = 0.0
    end: float | None = None
    seconds: float | None = None
    fault: tuple[str, str] | None = None


def compiled(exclude: str | None) -> re.Pattern[str] | None:
    """Return the regular expression of ``exclude``; raises :class:`UsageError` where it is none."""
    try:
        return re.compile(exclude) if exclude else None
    except re.error as error:
        raise UsageError(f"exclude: {exclude!r} is not a regular expression ({error})") from None


def check_root(root: Path) -> None:
    """Raise :class:`UsageError` where there is no corpus folder ``root``."""
    if not root.is_dir():
        advice = "name the folder of the corpus with corpus.root in the recipe, or with --corpus-root"
        raise UsageError(f"{root}: there is no such corpus folder; {advice}")


def with_clashes(entries: Iterable[Entry], paths: RecordingPaths) -> list[Entry]:
    """Return ``entries``, those with a fault whose path leads to the recording of another path of the same list."""
    listed = list(entries)
    faults = paths.clashes((entry.audio, entry.place) for entry in listed if isinstance(entry.audio, str))
    return [
        replace(entry, fault=faults[entry.audio])
        if isinstance(entry.audio, str) and entry.audio in faults and entry.fault is None
        else entry
        for entry in listed
    ]


def collect(
    root: Path, source: CorpusSource, entries: Iterable[Entry], notes: Sequence[str] = ()
) -> tuple[Corpus, list[Problem]]:
    """Return the utterances of ``source.speaker`` that can be used, in order, and what was left out and why.

    Where the files name speakers and the recipe names one who is not among them, there must be no more than one in the files.
    Ids that all begin with their speaker's name, as Kaldi wants them, lose it, so that a sentence has the same id whoever
    speaks. A part that is the whole recording to within 50 ms counts as the whole. Raises :class:`UsageError` for a speaker
    that there is not, :class:`TtsError` where nothing is left.
    """
    collector = _Collector(root, source, RecordingPaths(root, source.audio), compiled(source.exclude))
    chosen = collector.of_speaker(list(entries))
    prefix = _speaker_prefix(chosen)
    utterances = []
    for entry in chosen:
        if (utterance := collector.utterance(entry, prefix)) is not None:
            utterances.append(utterance)
    if not utterances:
        why = examples(collector.problems) if collector.problems else "its lists are empty, or exclude matches every id"
        raise TtsError(f"{root}: no usable utterance of {len(chosen)}; {why}")
    if prefix:
        notes = [*notes, f"the ids begin with the speaker's name ({prefix}...), which is left out of them"]
    corpus = Corpus(source.name, tuple(utterances), source.licence, source.source, (*notes, *collector.notes()))
    return corpus, collector.problems


def _speaker_prefix(entries: Sequence[Entry]) -> str:
    """Return the name of the one speaker with a dash or underscore, where every id begins so; else nothing."""
    speakers = {entry.speaker for entry in entries}
    if len(speakers) != 1 or not (speaker := speakers.pop()):
        return ""
    return next((start for start in (f"{speaker}-", f"{speaker}_") if all(_goes_on(e.id, start) for e in entries)), "")


def _goes_on(id: str, start: str) -> bool:
    return id.startswith(start) and len(id) > len(start)


@dataclass
class _Collector:
    root: Path
    source: CorpusSource
    paths: RecordingPaths
    excluded: re.Pattern[str] | None
    problems: list[Problem] = field(default_factory=list)
    place_of: dict[str, str] = field(default_factory=dict)
    skipped: int = 0
    lengths: dict[Path, float] = field(default_factory=dict)

    def of_speaker(self, entries: list[Entry]) -> list[Entry]:
        """Return the entries of the speaker that is asked for."""
        wanted = self.source.speaker
        speakers = list(dict.fromkeys(entry.speaker for entry in entries if entry.speaker))
        if wanted in speakers:
            return [entry for entry in entries if entry.speaker == wanted]
        names = ", ".join(speakers[:12]) + (", ..." if len(speakers) > 12 else "")
        if self.source.of_several and speakers:
            raise UsageError(f"{self.root}: no utterance is by the speaker {wanted}; the corpus has {names}")
        if len(speakers) > 1:
            advice = "name one of them with corpus.speaker, or several with corpus.speakers"
            raise UsageError(f"{self.root}: has utterances of {len(speakers)} speakers, {names}; {advice}")
        return entries

    def utterance(self, entry: Entry, prefix: str) -> Utterance | None:
        """Return the utterance that an entry gives; None where it is to be skipped, or wrong, which is noted."""
        if times := self._times(entry):
            self.problems.append(Problem(entry.id or str(entry.audio), *times, entry.place))
            return None
        audio, fault = (entry.audio, None) if isinstance(entry.audio, Path) else self.paths.find(entry.audio)
        end = None if audio is not None and self._is_whole(entry, audio) else entry.end
        part = f"_{round(1000 * entry.start):07d}" if entry.start > 0.0 or end is not None else ""
        id = unicodedata.normalize("NFC", entry.id.removeprefix(prefix)) or self._name(audio, entry) + part
        if self.excluded is not None and self.excluded.search(id):
            self.skipped += 1
            return None
        text = one_line(entry.text)
        fault = entry.fault or self._fault(id, text) or fault
        if fault:
            self.problems.append(Problem(id or "(no id)", *fault, entry.place))
            return None
        assert audio is not None
        self.place_of[file_key(id)] = entry.place
        return Utterance(id, text, audio, self.source.speaker, self.source.language, start=entry.start, end=end)

    def _name(self, audio: Path | None, entry: Entry) -> str:
        """Return the name of a recording below the first of its folders that holds it."""
        for folder in self.paths.folders:
            if audio is not None and audio.is_relative_to(folder.folder):
                return folder.name_of(audio.relative_to(folder.folder).as_posix())
        return Recordings(self.root).name_of(str(entry.audio).replace("\\", "/").lstrip("/"))

    def _fault(self, id: str, text: str) -> tuple[str, str] | None:
        if fault := name_fault(id) or ("" if _PLAIN.fullmatch(id) else "has other signs than letters, digits and . _ -"):
            return "unsafe_id", f"the id {id[:60]!r} is not a safe file name: it {fault}"
        if (earlier := self.place_of.get(file_key(id))) is not None:
            return "duplicate_id", f"the id is already at {earlier} (capitals and Unicode forms do not count)"
        return None if text else ("empty_text", "the text is empty")

    def _times(self, entry: Entry) -> tuple[str, str] | None:
        end = math.inf if entry.end is None else entry.end
        if not 0.0 <= entry.start < min(end, _LONGEST) or math.isnan(end) or (entry.end is not None and end > _LONGEST):
            return "times", f"runs from {entry.start:g} to {end:g} s; expected a start from 0 and a later end"
        return None

    def _is_whole(self, entry: Entry, audio: Path) -> bool:
        """Return whether a part is all of its recording; the header is read where the files do not state its length."""
        if entry.end is None or entry.start > 0.0:
            return False
        if entry.seconds is None and audio not in self.lengths:
            try:
                self.lengths[audio] = audio_seconds(audio)
            except TtsError:  # said when the recordings are checked
                self.lengths[audio] = math.inf
        return abs((self.lengths[audio] if entry.seconds is None else entry.seconds) - entry.end) < WHOLE

    def notes(self) -> list[str]:
        """Return what a person should know of how recordings were found."""
        notes = []
        if self.paths.moved:
            notes.append(
                f"{len(self.paths.moved)} recordings were found by the last parts of their paths, which lead elsewhere"
            )
        if self.skipped:
            notes.append(f"{self.skipped} utterances skipped by exclude: {self.source.exclude}")
        return notes
