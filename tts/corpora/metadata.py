"""``metadata.csv``: one utterance a line, its fields separated by bars, tabs, or commas as spreadsheets write them.

With bars or tabs there is no quoting: every separator separates, so that a lone quotation mark cannot swallow the lines
after it. A first line of column names is understood and says which column is which.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from tts.core.errors import Missing, UsageError
from tts.corpora.lines import read_text

METADATA = "metadata.csv"
SEPARATORS = {"|": "bars", "\t": "tabs", ",": "commas", ";": "semicolons", " ": "the first space", ":": "the first colon"}
# Names of columns, in lower case and without what is not a letter, by what the column holds.
_COLUMNS = {
    "id": {"id", "file", "filename", "path", "wav", "audio", "audiofile", "utterance", "utteranceid", "uttid", "name"},
    "text": {"text", "transcript", "transcription", "sentence", "rawtext"},
    "normalised": {"normalised", "normalized", "normalisedtext", "normalizedtext", "normalisedtranscription", "cleantext"},
    "speaker": {"speaker", "speakerid", "speakername"},
}
_ORDER = {False: ("id", "text", "normalised"), True: ("id", "speaker", "text")}  # by whether there is a column of speakers


@dataclass(frozen=True)
class Row:
    """One line: its number, from 1, and its fields as they stand, without spaces at their ends."""

    line: int
    fields: tuple[str, ...]


@dataclass(frozen=True)
class Metadata:
    """The lines of a file, what separates their fields, and the columns of its first line where that names them.

    ``columns`` are ``id``, ``text``, ``normalised`` and ``speaker``, in the order in which the fields stand.
    """

    path: Path
    rows: tuple[Row, ...]
    separator: str
    columns: tuple[str, ...] = ()

    @property
    def notes(self) -> list[str]:
        """What a person should know of how the file was read."""
        notes = [f"{self.path.name} is separated by {SEPARATORS[self.separator]}"] if self.separator != "|" else []
        if self.columns:
            notes.append(f"the first line of {self.path.name} names the columns: {', '.join(self.columns)}")
        return notes

    def ordered(self, row: Row, speaker_column: bool) -> tuple[str, ...]:
        """Return a row's fields as ``id, text[, normalised]``, or ``id, speaker, text`` with a column of speakers.

        Where no line names the columns they are in this order already.
        """
        if not self.columns or len(row.fields) != len(self.columns):
            return row.fields
        named = dict(zip(self.columns, row.fields, strict=True))
        return tuple(named[name] for name in _ORDER[speaker_column] if name in named)


def read_metadata(root: Path, is_recording: Callable[[str], bool]) -> Metadata:
    """Read ``metadata.csv`` in the folder ``root``; ``is_recording`` tells whether a field is the id of a recording.

    Raises :class:`UsageError` for a missing folder or file, :class:`TtsError` for a file that is not UTF-8.
    """
    path = root / METADATA
    hint = "pass the folder that holds metadata.csv and the recordings with --corpus-root"
    if not root.is_dir():
        raise UsageError(f"{root}: there is no such corpus folder; {hint}")
    try:
        separator, rows = split_rows(path, is_recording, (",",))
    except Missing:
        raise UsageError(f"{path}: there is no such file; {hint}") from None
    columns = _named(rows[0].fields, is_recording) if rows else ()
    return Metadata(path, rows[1:] if columns else rows, separator, columns)


def split_rows(
    path: Path, is_recording: Callable[[str], bool], rarer: Sequence[str] = (",", ";", " ", ":")
) -> tuple[str, tuple[Row, ...]]:
    """Return what separates the fields of a file's lines and the rows, fields without spaces at their ends.

    ``rarer`` separators are thought of where neither bars nor tabs stand in most lines and recordings do between them; spaces
    and colons separate the first field alone. Errors as in :func:`tts.corpora.lines.read_text`.
    """
    text = read_text(path)
    # Not splitlines(): it also breaks at form feeds and Unicode separators, which may stand inside a text.
    lines = [(number, line) for number, line in enumerate(text.split("\n"), 1) if line.strip()]
    separator = _separator([line for _, line in lines], is_recording, rarer)
    if separator in ",;":
        rows = _quoted(text, separator)
    else:
        most = 1 if separator in " :" else -1
        rows = [(number, (line.strip() if most == 1 else line).split(separator, most)) for number, line in lines]
    return separator, tuple(Row(number, tuple(field.strip() for field in fields)) for number, fields in rows)


def _separator(lines: Sequence[str], is_recording: Callable[[str], bool], rarer: Sequence[str]) -> str:
    """Return what separates the fields of most lines; rarer ones only where recordings stand between them."""
    for separator in ("|", "\t"):
        if 2 * sum(separator in line for line in lines) >= len(lines):
            return separator
    sample = lines[:: max(1, len(lines) // 200)]
    for separator in rarer:
        most = 1 if separator in " :" else -1
        fields = [[field.strip().strip('"') for field in line.split(separator, most)] for line in sample if separator in line]
        hits = sum(any(is_recording(field) for field in (row[:1] if most == 1 else row) if field) for row in fields)
        if hits and 2 * hits >= len(sample):
            return separator
    return "|"


def _quoted(text: str, separator: str) -> list[tuple[int, list[str]]]:
    """Split lines as spreadsheets write them: fields with separators or line ends stand in quotation marks."""
    reader = csv.reader(io.StringIO(text), delimiter=separator)
    rows = []
    before = 0
    for fields in reader:
        if any(field.strip() for field in fields):
            rows.append((before + 1, [" ".join(field.split("\n")) for field in fields]))
        before = reader.line_num
    return rows


def _named(fields: Sequence[str], is_recording: Callable[[str], bool]) -> tuple[str, ...]:
    """Return what the columns hold where ``fields`` are their names; nothing where they are an utterance's."""
    plain = ["".join(c for c in field.casefold() if c.isalpha()) for field in fields]
    known = [next((kind for kind, names in _COLUMNS.items() if name in names), name) for name in plain]
    if not {"id", "text"} <= {*known} or len({*known}) < len(known) or is_recording(fields[0]):
        return ()
    return tuple(known)
