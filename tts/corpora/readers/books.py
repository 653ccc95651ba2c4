"""Corpora of read books that hold a ``metadata.csv`` a book: M-AILABS and HUI; CSS10 with its ``transcript.txt``.

Sources. M-AILABS: ``TTS/tts/datasets/formatters.py`` of idiap/coqui-ai-TTS (``mailabs``: folders, missing recordings) and the
description of its tree in the loaders of its users (``LANG/by_book/GENDER/SPEAKER/BOOK``, and ``mix/BOOK``, of readers not told
apart). HUI: github.com/iisys-hof/HUI-Audio-Corpus-German, ``Step6_FinalizeDataset.py`` (``READER/BOOK/{metadata.csv,wavs}``)
and ``TranscriptsPersistenz.py`` (written by pandas with bars, so that a text with a quotation mark is quoted and the mark
doubled). CSS10: the same formatters (``css10``), and Park and Mulc, "CSS10", Interspeech 2019: path, text, normalised text
and seconds between bars.
"""

from __future__ import annotations

import csv
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from pathlib import Path

from tts.core.errors import UsageError
from tts.corpora.entries import Entry
from tts.corpora.lines import numbered_lines
from tts.corpora.recordings import Recordings
from tts.corpora.scan import Scan, part_folder, recorded
from tts.corpora.types import CorpusSource, TextColumn

METADATA, TRANSCRIPT = "metadata.csv", "transcript.txt"
_LineReader = Callable[[Path], Iterable[tuple[str, str, str]]]  # place, id and text of the lines of a list


def scan_m_ailabs(root: Path, source: CorpusSource) -> Scan:
    """Look through ``LANG/by_book/{female,male}/SPEAKER/BOOK/{metadata.csv,wavs}`` of the language ``source.part``.

    ``LANG/by_book/mix/BOOK`` is by the speaker ``mix``. Lines are ``id|text|normalised text``.
    """
    folder = part_folder(root, source, lambda path: (path / "by_book").is_dir(), "de_DE") / "by_book"
    books: dict[str, list[Path]] = defaultdict(list)
    for gender in ("female", "male"):
        for path in sorted((folder / gender).glob(f"*/*/{METADATA}")):
            books[path.parent.parent.name].append(path)
    for path in sorted((folder / "mix").glob(f"*/{METADATA}")):
        books["mix"].append(path)
    return _scan(folder, books, partial(_lines, column=source.text_column))


def scan_hui(root: Path, source: CorpusSource) -> Scan:
    """Look through ``SPEAKER/BOOK/{metadata.csv,wavs}``; lines are ``id|text``, quoted as spreadsheets do."""
    if not root.is_dir():
        raise UsageError(f"{root}: there is no such corpus folder; name that of HUI's speakers with --corpus-root")
    books: dict[str, list[Path]] = defaultdict(list)
    for path in sorted(root.glob(f"*/*/{METADATA}")):
        if path.parent.parent.name != "downloads":
            books[path.parent.parent.name].append(path)
    return _scan(root, books, _quoted_lines)


def scan_css10(root: Path, source: CorpusSource) -> Scan:
    """Look through ``LANGUAGE/{transcript.txt,BOOK/*.wav}`` of the language ``source.part``, which has one speaker."""
    folder = part_folder(root, source, lambda path: (path / TRANSCRIPT).is_file(), "german")
    return Scan({folder.resolve().name: partial(_css10_entries, folder, source.text_column)}, names_speakers=False)


def _scan(folder: Path, books: dict[str, list[Path]], read: _LineReader) -> Scan:
    if not books:
        raise UsageError(f"{folder}: holds no books with a {METADATA}; name the folder of the corpus with --corpus-root")
    return Scan({speaker: partial(_book_entries, speaker, paths, read) for speaker, paths in sorted(books.items())})


def _book_entries(speaker: str, paths: Sequence[Path], read: _LineReader) -> list[Entry]:
    entries = []
    for path in paths:
        recordings = Recordings(path.parent / "wavs")
        entries += [recorded(recordings, id, text, place, speaker) for place, id, text in read(path)]
    return entries


def _lines(path: Path, column: TextColumn) -> Iterable[tuple[str, str, str]]:
    """Yield place, id and text of the lines ``id|text|normalised text``; nothing is quoted."""
    for number, line in numbered_lines(path):
        fields = [field.strip() for field in line.split("|")]
        yield f"{path}:{number}", fields[0], _text(fields[1:], column)


def _quoted_lines(path: Path) -> Iterable[tuple[str, str, str]]:
    """Yield place, id and text of the lines ``id|text``; each is read by itself, so that no mark swallows the next."""
    for number, line in numbered_lines(path):
        fields = next(csv.reader([line], delimiter="|"), [])
        yield f"{path}:{number}", fields[0] if fields else "", "|".join(fields[1:])


def _text(columns: Sequence[str], column: TextColumn) -> str:
    """Return the raw text, the first of ``columns``, or the normalised one where it is asked for or there."""
    normalised = columns[1] if len(columns) > 1 else ""
    return normalised if column == "normalised" or (column == "auto" and normalised) else "".join(columns[:1])


def _css10_entries(folder: Path, column: TextColumn) -> list[Entry]:
    recordings, path, speaker = Recordings(folder), folder / TRANSCRIPT, folder.resolve().name
    entries = []
    for number, line in numbered_lines(path):
        file, *columns = [field.strip() for field in line.split("|")]
        place = f"{path}:{number}"
        entries.append(recorded(recordings, Path(file).stem, _text(columns[:2], column), place, speaker, file))
    return entries
