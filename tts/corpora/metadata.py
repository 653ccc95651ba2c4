"""``metadata.csv``: one utterance a line, its fields separated by bars, tabs, or commas as spreadsheets write them.

With bars or tabs there is no quoting: every separator separates, so that a lone quotation mark cannot swallow the lines
after it. A first line of column names is understood and says which column is which.
"""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from tts.core.errors import Missing, UsageError
from tts.corpora.lines import read_text

METADATA = "metadata.csv"
MOST_LINES = 100  # of one text in quotation marks
SEPARATORS = {"|": "bars", "\t": "tabs", ",": "commas", ";": "semicolons", " ": "the first space", ":": "the first colon"}
_HEADERS = {
    "id": ("id", "utt", "utterance", "utteranceid", "uttid", "name", "key"),
    "audio": ("audio", "audiofile", "audiofilepath", "audiopath", "file", "filename", "filepath", "path", "wav", "wavpath"),
    "text": ("text", "transcript", "transcription", "sentence", "rawtext", "prompt"),
    "normalised": (
        *("normalised", "normalisedtext", "normalisedtranscription"),
        *("normalized", "normalizedtext", "normalizedtranscription", "cleantext"),
    ),
    "speaker": ("speaker", "speakerid", "speakername", "clientid", "spk", "reader"),
    "start": ("start", "begin", "offset", "starttime"),
    "end": ("end", "stop", "endtime"),
}
_KNOWN = {name: kind for kind, names in _HEADERS.items() for name in names}
_ORDER = {False: ("id", "text", "normalised"), True: ("id", "speaker", "text")}  # by whether there is a column of speakers


@dataclass(frozen=True)
class Row:
    """One line: its number, from 1, and its fields as they stand, without spaces at their ends.

    ``fault`` says what is wrong where it could not be split.
    """

    line: int
    fields: tuple[str, ...]
    fault: str = ""


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


def column_kind(name: str) -> str:
    """Return what a column holds by its name in a first line: id, audio, text, normalised, speaker, start, end; else nothing.

    Capitals do not count, nor does what is not a letter (``Speaker_ID``).
    """
    return _KNOWN.get("".join(c for c in name.casefold() if c.isalpha()), "")


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
        return separator, tuple(_quoted(text.split("\n"), separator, is_recording))
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


def _quoted(lines: Sequence[str], separator: str, is_recording: Callable[[str], bool]) -> Iterator[Row]:
    """Yield lines split as spreadsheets write them: fields with separators or line ends stand in quotation marks.

    A mark that nothing closes would take all lines after it into one text. So a field goes on over lines only where it ends as
    it should, within a hundred of them, and none of these is an utterance's; else its first line is a broken one.
    """
    at = 0
    while at < len(lines):
        number, line = at + 1, lines[at]
        fields, used = _record(lines[at : at + 2], separator, strict=False)
        if used != 1:
            fields, used = _record(lines[at : at + MOST_LINES], separator, strict=True)
            if not used or _takes_utterances(lines[at + 1 : at + used], separator, is_recording):
                message = "its quotation mark is not closed (within a text in quotation marks, a mark is written twice)"
                yield Row(number, tuple(field.strip().strip('"') for field in line.split(separator)), message)
                fields, used = [], 1
        at += used
        if any(field.strip() for field in fields):
            yield Row(number, tuple(" ".join(field.split("\n")).strip() for field in fields))


def _record(lines: Sequence[str], separator: str, *, strict: bool) -> tuple[list[str], int]:
    """Return the fields that begin with the first of ``lines`` and how many lines they take; 0 where they do not end in them.

    Otherwise than ``strict``, what follows a closing mark belongs to the field, and the end of ``lines`` ends every field.
    """
    # After the last line comes an empty one, into which an open field would go on.
    more = [] if strict or len(lines) > 1 else [""]
    reader = csv.reader([f"{line}\n" for line in (*lines, *more)], delimiter=separator, strict=strict)
    try:
        return next(reader), reader.line_num
    except csv.Error:
        return [], 0


def _takes_utterances(lines: Sequence[str], separator: str, is_recording: Callable[[str], bool]) -> bool:
    """Return whether one of the lines into which a field goes on names a recording; the last has the fields after it too."""
    for number, line in enumerate(lines, 1):
        fields = [field.strip().strip('"') for field in line.split(separator)]
        if len(fields) > 1 and any(is_recording(field) for field in (fields[:1] if number == len(lines) else fields) if field):
            return True
    return False


def _named(fields: Sequence[str], is_recording: Callable[[str], bool]) -> tuple[str, ...]:
    """Return what the columns hold where ``fields`` are their names; nothing where they are an utterance's."""
    known = [column_kind(field) or field.casefold() for field in fields]
    if "id" not in known and "audio" in known:  # here a recording is found by the id
        known[known.index("audio")] = "id"
    if not {"id", "text"} <= {*known} or len({*known}) < len(known) or is_recording(fields[0]):
        return ()
    return tuple(known)
