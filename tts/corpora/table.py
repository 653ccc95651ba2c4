"""Lines of fields: bars, tabs, commas, semicolons between them, or an id before the first space or colon.

``file|speaker|text`` as Piper and VITS read it, tab-separated lists, spreadsheets. What the columns hold is said by the recipe
(``corpus.columns``), by the first line, or is seen: the column that names recordings, the one with the longest text, one with
few different values.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from tts.core.errors import TtsError, UsageError
from tts.corpora.entries import Entry, check_root
from tts.corpora.metadata import SEPARATORS, Row, column_kind, split_rows
from tts.corpora.recording_paths import RecordingPaths
from tts.corpora.scan import Scan, by_speaker
from tts.corpora.types import CorpusSource

USUAL = (
    "metadata.csv",
    "metadata.tsv",
    "metadata.txt",
    "transcripts.tsv",
    "transcripts.csv",
    "transcripts.txt",
    "transcript.txt",
)
SUFFIXES = (".csv", ".tsv", ".list", ".txt")
SEEN = "seen"  # how columns are known that nobody named
SAMPLE = 200  # rows by which columns are told apart


@dataclass(frozen=True)
class Table:
    """The rows of a file, what separates their fields and what the columns hold; ``how`` says who told."""

    path: Path
    rows: tuple[Row, ...]
    separator: str
    columns: tuple[str, ...]
    how: str

    @property
    def unused(self) -> list[str]:
        """A note for each column that was not understood, since it may say who speaks: seen are speakers of two lines."""
        if self.how != SEEN:
            return []
        rows = [row for row in self.rows if len(row.fields) == len(self.columns) and not row.fault]
        notes = []
        for n, kind in enumerate(self.columns):
            values = list(dict.fromkeys(row.fields[n] for row in rows if any(c.isalpha() for c in row.fields[n])))
            if kind == "-" and values:
                advice = "if it says who speaks, name the columns with corpus.columns"
                notes.append(f"column {n + 1} is not used ({', '.join(repr(value[:30]) for value in values[:3])}): {advice}")
        return notes

    @property
    def explained(self) -> str:
        """How the table is read, in words."""
        columns = ", ".join(f"{name} = column {n}" for n, name in enumerate(self.columns, 1) if name != "-")
        return f"separated by {SEPARATORS[self.separator]}: {columns} ({self.how})"


def table_files(root: Path) -> list[Path]:
    """Return the files directly in ``root`` that may be a table: the one of a usual name, else all with a usual suffix."""
    for name in USUAL:
        if (root / name).is_file():
            return [root / name]
    texts = ("readme", "licen", "copying", "speaker-info")
    found = [path for path in sorted(root.iterdir()) if path.suffix.lower() in SUFFIXES and path.is_file()]
    return [path for path in found if not path.name.lower().startswith(texts)]


def scan_table(root: Path, source: CorpusSource) -> Scan:
    """Look through the table ``source.file`` in ``root``, or the only one there.

    Raises :class:`UsageError` where there is no table or several, or where it cannot be seen what the columns hold, and
    :class:`TtsError` for one that cannot be read.
    """
    check_root(root)
    found = [root / source.file] if source.file is not None else table_files(root)
    if len(found) != 1:
        names = ", ".join(path.name for path in found[:9]) or "none"
        raise UsageError(f"{root}: expected one table of utterances, there is {names}; name the one to use with corpus.file")
    paths = RecordingPaths(root, source.audio)
    table = load_table(found[0], lambda name: paths.find(name)[0] is not None, source.columns)
    notes = [f"{table.path.name}, {table.explained}", *table.unused]
    scan = by_speaker(root, source, table_entries(table, source), notes)
    return replace(scan, names_speakers=table.how != SEEN)  # one value in all lines may be a book's title as well


def table_entries(table: Table, source: CorpusSource) -> list[Entry]:
    """Return what the rows of a table say."""
    return [_entry(table, row, source) for row in table.rows]


def load_table(path: Path, is_recording: Callable[[str], bool], columns: Sequence[str] = ()) -> Table:
    """Read a table; ``is_recording`` tells whether a field names a recording, ``columns`` what they hold where it is known."""
    separator, rows = split_rows(path, is_recording)
    if not rows:
        raise TtsError(f"{path}: is empty")
    whole = [row for row in rows if not row.fault] or list(rows)
    width = Counter(len(row.fields) for row in whole[: 4 * SAMPLE]).most_common(1)[0][0]
    header = _named(rows[0].fields, is_recording)
    rows = rows[1:] if header else rows
    if columns and len(columns) != width:
        raise UsageError(f"corpus.columns: names {len(columns)} columns, {path} has {width}")
    if columns or header:
        how = "as corpus.columns says" if columns else "as its first line says"
        return Table(path, rows, separator, tuple(columns) or header, how)
    return Table(
        path, rows, separator, _seen([row.fields for row in whole if len(row.fields) == width], path, is_recording), SEEN
    )


def _named(fields: Sequence[str], is_recording: Callable[[str], bool]) -> tuple[str, ...]:
    """Return what the columns hold where ``fields`` are names of columns; nothing where they are an utterance's."""
    columns: list[str] = []
    for field in fields:
        kind = column_kind(field) or "-"
        columns.append("-" if kind in columns else kind)
    if "text" not in columns and "normalised" in columns:
        columns[columns.index("normalised")] = "text"
    usable = "text" in columns and {"id", "audio"} & {*columns}
    return tuple(columns) if usable and not any(is_recording(field) for field in fields if field) else ()


def _seen(rows: Sequence[tuple[str, ...]], path: Path, is_recording: Callable[[str], bool]) -> tuple[str, ...]:
    """Return what the columns hold by their look."""
    step = max(1, len(rows) // SAMPLE)
    columns = list(zip(*rows[::step][:SAMPLE], strict=True))
    shares = [sum(is_recording(field) for field in column) / len(column) for column in columns]
    named = max(range(len(columns)), key=lambda n: (shares[n], -n))
    if shares[named] == 0.0:
        advice = "corpus.audio names their folder, corpus.columns says what the columns hold"
        raise UsageError(f"{path}: no column names recordings that are there; {advice}")
    letters = [sum(c.isalpha() for field in column for c in field) / len(column) for column in columns]
    others = [n for n in range(len(columns)) if n != named]
    if not others or max(letters[n] for n in others) == 0.0:
        raise UsageError(f"{path}: no column holds text; corpus.columns says what the columns hold")
    most = max(letters[n] for n in others)
    varied = [n for n in others if 2 * len({*columns[n]}) > len(columns[n])]  # not the title of a book, the name of a speaker
    texts = [n for n in varied if letters[n] >= 0.5 * most and any(" " in field for field in columns[n])]
    texts = texts or [max(others, key=lambda n: letters[n])]
    kinds = ["-"] * len(columns)
    kinds[named] = "audio"
    for n, kind in zip(texts, ("text", "normalised"), strict=False):
        kinds[n] = kind
    for n in others:
        values = {*columns[n]}
        if kinds[n] == "-" and "speaker" not in kinds and "" not in values and 2 * len(values) <= len(columns[n]):
            kinds[n] = "speaker"
    return tuple(kinds)


def _entry(table: Table, row: Row, source: CorpusSource) -> Entry:
    place = f"{table.path}:{row.line}"
    if row.fault:
        return Entry(id=row.fields[0][:200], text="", audio="", place=place, fault=("quotes", row.fault))
    if len(row.fields) != len(table.columns):
        message = f"has {len(row.fields)} columns where {len(table.columns)} are expected"
        return Entry(id=row.fields[0][:200], text="", audio="", place=place, fault=("columns", message))
    named = dict(zip(table.columns, row.fields, strict=True))
    normalised = named.get("normalised", "")
    use_normalised = source.text_column == "normalised" or (source.text_column == "auto" and normalised)
    times: list[float | None] = []
    fault = None
    for name in ("start", "end"):
        try:
            times.append(float(named[name]) if named.get(name) else None)
        except ValueError:
            times.append(None)
            fault = ("times", f"the {name} is {named[name][:20]!r}, expected seconds")
    return Entry(
        id=named.get("id", ""),
        text=normalised if use_normalised else named["text"],
        audio=named.get("audio") or named.get("id", ""),
        place=place,
        speaker=named.get("speaker", ""),
        start=times[0] or 0.0,
        end=times[1],
        fault=fault,
    )
