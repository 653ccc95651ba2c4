"""Multilingual LibriSpeech: ``mls_LANG/{train,dev,test}/{transcripts.txt,audio/SPK/BOOK/SPK_BOOK_NNNNNN.flac}``.

Source: lhotse 1.33, recipe ``mls`` (folders; lines of id, tab and text; the speaker is the first part of an id; FLAC or Opus).
It is not called: it opens every recording of a language, 470,000 in German, before one speaker can be chosen, needs ffmpeg for
Opus, and stops with an error at the first transcript without a recording and where the list of readers is missing.
"""

from __future__ import annotations

from collections import defaultdict
from functools import partial
from pathlib import Path

from tts.core.errors import UsageError
from tts.corpora.entries import Entry
from tts.corpora.lines import stream_lines
from tts.corpora.recordings import Recordings
from tts.corpora.scan import Scan, part_folder, recorded
from tts.corpora.types import CorpusSource

SETS = ("train", "dev", "test")


def scan_mls(root: Path, source: CorpusSource) -> Scan:
    """Look through the language ``source.part`` (``mls_german``, or ``german``)."""
    part = source.part if not source.part or source.part.startswith("mls_") else f"mls_{source.part}"
    if part and not (root / part).is_dir() and (root / f"{part}_opus").is_dir():  # as the archives of Opus name it
        part = f"{part}_opus"
    wanted = CorpusSource(name=source.name, speaker="", language=source.language, licence=source.licence, part=part)
    folder = part_folder(root, wanted, _is_language, "mls_german")
    lines: dict[str, list[tuple[str, str, str]]] = defaultdict(list)
    for name in SETS:
        path = folder / name / "transcripts.txt"
        for number, line in stream_lines(path) if path.is_file() else ():
            id, _, text = line.strip().partition("\t")
            lines[id.split("_")[0]].append((f"{path}:{number}", id, text))
    if not lines:
        raise UsageError(f"{folder}: its lists transcripts.txt are empty; unpack the whole archive")
    return Scan({speaker: partial(_entries, speaker, own) for speaker, own in sorted(lines.items())})


def _is_language(folder: Path) -> bool:
    return any((folder / name / "transcripts.txt").is_file() for name in SETS)


def _entries(speaker: str, lines: list[tuple[str, str, str]]) -> list[Entry]:
    books: dict[Path, Recordings] = {}
    entries = []
    for place, id, text in lines:
        book = Path(place.rpartition(":")[0]).parent / "audio" / speaker / [*id.split("_"), ""][1]
        entries.append(recorded(books.setdefault(book, Recordings(book)), id, text, place, speaker))
    return entries
