"""Corpora that hold their speakers in one place: looked through once, read speaker by speaker.

A corpus of a hundred speakers must not be walked a hundred times, nor must all of it be read for one speaker. So a reader of
such a layout returns a :class:`Scan`, which says who speaks, and lists the utterances of a speaker when it is asked to.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

from tts.core.errors import UsageError
from tts.corpora.entries import Entry, collect, with_clashes
from tts.corpora.known_faults import with_known_faults
from tts.corpora.problems import Problem
from tts.corpora.recording_paths import RecordingPaths
from tts.corpora.recordings import Recordings
from tts.corpora.types import Corpus, CorpusSource

_PARTS = re.compile(r"[\W_]+")  # between the parts of a name


@dataclass(frozen=True)
class Scan:
    """Who speaks in a corpus: by speaker, a function that lists the speaker's utterances.

    ``problems`` are those of no speaker who is listed; ``notes`` are what a person should know of how the corpus was read.
    ``names_speakers`` is false where a corpus has one speaker by its nature, whom its files do not name: the name here is then
    the reader's, and a recipe may call the speaker otherwise.
    """

    speakers: Mapping[str, Callable[[], Iterable[Entry]]]
    notes: tuple[str, ...] = ()
    problems: tuple[Problem, ...] = ()
    names_speakers: bool = True


Scanner = Callable[[Path, CorpusSource], Scan]


@dataclass
class ScannedCorpus:
    """A reader (:data:`tts.corpora.layouts.Reader`) that looks through a corpus once for all its speakers.

    ``format`` is the layout's name, by which its known faults are found. Use a new one for every run: what it saw is kept.
    """

    format: str
    scanner: Scanner
    _seen: dict[tuple[Path, CorpusSource], Scan] = field(default_factory=dict)

    def scan(self, root: Path, source: CorpusSource) -> Scan:
        """Return who speaks in the corpus in ``root``, whoever ``source`` names; raises :class:`UsageError` for no corpus."""
        key = root, replace(source, speaker="", of_several=False, exclude=None)  # exclude is collect's
        if key not in self._seen:
            self._seen[key] = self.scanner(*key)
        return self._seen[key]

    def __call__(self, root: Path, source: CorpusSource) -> tuple[Corpus, list[Problem]]:
        """Read the utterances of ``source.speaker``, or of the only speaker where the files give no other name than that.

        Raises :class:`UsageError` for a speaker that there is not, and what :func:`tts.corpora.entries.collect` raises.
        """
        scan = self.scan(root, source)
        name, notes = source.speaker, scan.notes
        if name not in scan.speakers:
            only = next(iter(scan.speakers), "")
            may_be = not scan.names_speakers or not name or may_mean(name, only)
            if source.of_several or len(scan.speakers) != 1 or not may_be:
                raise UsageError(
                    f"{root}: no utterance is by the speaker {name}; {who_speaks(scan)} (corpus.speaker, corpus.speakers)"
                )
            notes = (*notes, f"the files call {name} {only}") if scan.names_speakers and only and name else notes
            name = only
        entries = with_known_faults(self.format, scan.speakers[name](), root)
        corpus, problems = collect(root, source, entries, notes)
        return corpus, [*scan.problems, *problems]


def may_mean(wanted: str, only: str) -> bool:
    """Return whether the only speaker that files name, or number, may be the one whom a recipe calls ``wanted``.

    So it is with no name, a number where the recipe has a name, another case, and a name that is whole within the other
    (``slt`` and ``cmu_us_slt_arctic``).
    """
    ours, theirs = ([part for part in _PARTS.split(name.casefold()) if part] for name in (wanted, only))
    if not theirs or (only.isdecimal() and not wanted.isdecimal()):
        return True
    short, long = sorted((ours, theirs), key=len)
    return bool(short) and any(long[at : at + len(short)] == short for at in range(len(long) - len(short) + 1))


def by_speaker(root: Path, source: CorpusSource, entries: Iterable[Entry], notes: Sequence[str] = ()) -> Scan:
    """Return the scan of a list that names speakers, or does not: all it holds is then one's, whoever a recipe names.

    Lines that name nobody where others do are problems. So are paths that lead to one recording, whoever speaks in it
    (:meth:`tts.corpora.recording_paths.RecordingPaths.clashes`).
    """
    groups: dict[str, list[Entry]] = {}
    for entry in with_clashes(entries, RecordingPaths(root, source.audio)):
        groups.setdefault(entry.speaker, []).append(entry)
    nobody = groups.pop("", []) if len(groups) > 1 else []
    missing = ("speaker", "no speaker is named where others are")
    problems = tuple(Problem(entry.id or str(entry.audio), *(entry.fault or missing), entry.place) for entry in nobody)
    return Scan({name: partial(list, group) for name, group in groups.items()} or {"": list}, tuple(notes), problems)


def who_speaks(scan: Scan) -> str:
    """Return a clause that names the first dozen of a corpus's speakers."""
    names = [name for name in scan.speakers if name]
    if not names:
        return "its files name no speakers"
    return f"the corpus has {', '.join(names[:12])}{f' and {len(names) - 12} more' if len(names) > 12 else ''}"


def recorded(recordings: Recordings, id: str, text: str, place: str, speaker: str, file: str = "") -> Entry:
    """Return the entry of an utterance, whose recording is called ``file``, by default as the utterance."""
    audio = recordings.find(file or id)
    fault = None if audio is not None else ("missing_audio", f"there is no recording {file or id} in {recordings.folder}")
    return Entry(id=id, text=text, audio=audio or "", place=place, speaker=speaker, fault=fault)


def part_folder(root: Path, source: CorpusSource, holds: Callable[[Path], bool], example: str) -> Path:
    """Return the folder of the part that a recipe names (``corpus.part``), or of the only one.

    ``root`` may be the part itself. ``holds`` tells whether a folder is a part, ``example`` is a part's name. Raises
    :class:`UsageError` where there is none, or more than one and none is named.
    """
    check = f"name the folder of the corpus with --corpus-root, and its part, for example {example}, with corpus.part"
    if not root.is_dir():
        raise UsageError(f"{root}: there is no such corpus folder; {check}")
    if source.part:
        for folder in (root / source.part, root):
            if (folder != root or root.resolve().name == source.part) and folder.is_dir() and holds(folder):
                return folder
    if holds(root):
        return root
    parts = sorted(path for path in root.iterdir() if path.is_dir() and path.name != "downloads" and holds(path))
    if source.part or not parts:
        there = f"; there are {', '.join(path.name for path in parts)}" if parts else ""
        raise UsageError(f"{root}: does not hold {source.part or 'a corpus in this layout'}{there}; {check}")
    if len(parts) > 1:
        raise UsageError(f"{root}: holds {', '.join(path.name for path in parts)}; choose one with corpus.part")
    return parts[0]
