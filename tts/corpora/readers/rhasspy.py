"""Rhasspy's voices as their repositories have them: files named by id and time of recording, or trimmed ones in ``verified``.

Sources: the trees of github.com/rhasspy/dataset-voice-flemishguy (``metadata.csv`` with ``ID_TIME|text``, ``ID_TIME.wav``
beside it), -nathalie and -kerstin (``metadata.csv`` with ``ID|text``, ``verified/ID.flac``, ``audio/ID.webm``); for kathleen
(``data/ID_TIME.wav`` and ``.txt``, 48 kHz, two channels, an id up to three times) the walk-through of rhasspy/larynx.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from tts.corpora.entries import check_root, collect
from tts.corpora.lines import numbered_lines, one_line, read_text
from tts.corpora.ljspeech import read_ljspeech
from tts.corpora.problems import Problem
from tts.corpora.recordings import USUAL_FOLDER, Recordings
from tts.corpora.scan import recorded
from tts.corpora.types import Corpus, CorpusSource

DATA, VERIFIED, METADATA = "data", "verified", "metadata.csv"
_NAME = re.compile(r"(.+)_(\d{9,11})")  # an id and the time of its recording, in seconds since 1970
_NUMBER = re.compile(r"(\d+)")


@dataclass(frozen=True)
class _Take:
    """A recording of a prompt: the name of its file, what was to be read, and where that stands."""

    id: str
    time: int
    file: str
    text: str
    place: str


def read_rhasspy(root: Path, source: CorpusSource) -> tuple[Corpus, list[Problem]]:
    """Read one of Rhasspy's voices as it is in its repository, or laid out anew as LJSpeech is.

    Of a prompt that was recorded more than once, the last take is the utterance, since whoever reads again was not content;
    the others are called ``ID_2_alt``, ``ID_3_alt`` from the last but one on. Utterances are in the order of their ids, numbers
    within them counted. Raises as :func:`tts.corpora.ljspeech.read_ljspeech` and :func:`tts.corpora.entries.collect`.
    """
    check_root(root)
    folder = root / DATA if (root / DATA).is_dir() and not (root / METADATA).is_file() else root
    takes: dict[str, list[_Take]] = defaultdict(list)
    for take in _takes_beside(folder) if folder != root else _takes_listed(root / METADATA):
        takes[take.id].append(take)
    if not takes:
        verified = source.audio is None and (root / VERIFIED).is_dir() and not (root / USUAL_FOLDER).is_dir()
        return read_ljspeech(root, replace(source, audio=VERIFIED) if verified else source)
    recordings = Recordings(root / source.audio if source.audio else folder)
    entries = [
        recorded(recordings, f"{id}_{number}_alt" if number > 1 else id, take.text, take.place, source.speaker, take.file)
        for id in sorted(takes, key=_natural)
        for number, take in enumerate(sorted(takes[id], key=lambda take: -take.time), 1)
    ]
    more = len(entries) - len(takes)
    notes = [f"{more} earlier takes of a prompt are called ID_2_alt, ID_3_alt"] if more else []
    files = {take.file for same in takes.values() for take in same}
    if folder != root and (lacking := len(recordings.ids - files)):
        notes.append(f"{lacking} recordings in {recordings.folder.name} have no text")
    return collect(root, source, entries, notes)


def _takes_beside(folder: Path) -> Iterator[_Take]:
    """Yield the takes of which each has its text in a file beside it."""
    for path in sorted(folder.glob("*.txt")):
        yield _take(path.stem, one_line(read_text(path)), str(path))


def _takes_listed(path: Path) -> Iterator[_Take]:
    """Yield the takes that lines ``ID_TIME|text`` name, and what other lines do; nothing where most have no time."""
    lines = [(number, *line.partition("|")) for number, line in (numbered_lines(path) if path.is_file() else ())]
    if 2 * sum(bool(_NAME.fullmatch(name.strip())) for _, name, _, _ in lines) >= len(lines):
        for number, name, _, text in lines:
            yield _take(name.strip(), text.strip(), f"{path}:{number}")


def _take(file: str, text: str, place: str) -> _Take:
    """Return the take with a recording called ``file``; one without a time is taken for older than those with one."""
    match = _NAME.fullmatch(file)
    return _Take(match[1], int(match[2]), file, text, place) if match else _Take(file, 0, file, text, place)


def _natural(id: str) -> list[tuple[int, str]]:
    """Return what ids are sorted by: ``nl_rhasspy_9`` before ``nl_rhasspy_10``."""
    return [(int(part), "") if part.isdigit() else (-1, part) for part in _NUMBER.split(id)]
