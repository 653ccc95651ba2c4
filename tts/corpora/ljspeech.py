"""The LJSpeech layout: ``metadata.csv`` with ``id|text`` or ``id|text|normalised text``, recordings in ``wavs/ID.wav``.

Its form for several speakers has ``id|speaker|text``. Files with tabs or commas, with a line of column names, with suffixes or
folders in their ids, and recordings elsewhere are read too: :mod:`tts.corpora.metadata`, :mod:`tts.corpora.recordings`.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass, field
from pathlib import Path

from tts.core.errors import TtsError, UsageError
from tts.core.names import file_key, name_fault
from tts.corpora.entries import compiled
from tts.corpora.metadata import Metadata, Row, read_metadata
from tts.corpora.problems import Problem, examples
from tts.corpora.recordings import Recordings, find_recordings
from tts.corpora.types import Corpus, CorpusSource, TextColumn, Utterance

_PUNCTUATION = re.compile(r"[.,;:?!]")
_PLAIN = re.compile(r"[\w.-]+")  # lists of ids are separated by spaces and commas


def read_ljspeech(root: Path, source: CorpusSource) -> tuple[Corpus, list[Problem]]:
    """Read the corpus in the folder ``root``; return it with the lines that were left out, or look odd, and why.

    The corpus's notes tell how the file was read. No recording is opened: see :func:`tts.corpora.checks.check_audio`.

    Raises :class:`UsageError` for a missing folder or file and a broken ``exclude``, :class:`TtsError` for a file that is not
    UTF-8 or of which no line can be used.
    """
    excluded = compiled(source.exclude)
    if not root.is_dir():
        where = "the one that holds metadata.csv is named by corpus.root in the recipe, or by --corpus-root"
        raise UsageError(f"{root}: there is no such corpus folder; {where}")
    recordings = find_recordings(root, source.audio) if (root / "metadata.csv").is_file() else Recordings(root)
    metadata = read_metadata(root, lambda id: recordings.find(id) is not None)
    reader = _Reader(metadata, recordings, source.text_column, source.speaker if source.speaker_column else None, excluded)
    utterances = []
    for row in metadata.rows:
        if (line := reader.read(row)) is not None:
            utterances.append(Utterance(line.id, line.text, line.audio, source.speaker, source.language))
    if not utterances:
        raise TtsError(
            f"{metadata.path}: no usable utterance in {len(metadata.rows)} lines; {reader.why_nothing(source.speaker)}"
        )
    notes = (*metadata.notes, *reader.notes(source.exclude))
    return Corpus(source.name, tuple(utterances), source.licence, source.source, notes), [
        *reader.problems,
        *reader.mixed_columns(),
    ]


@dataclass(frozen=True)
class _Line:
    """A line that can be used: the utterance's name, its text, the column that had it, and the recording."""

    id: str
    text: str
    column: str
    audio: Path


@dataclass
class _Reader:
    """Reads line by line and counts what it saw. ``speaker`` is the only one wanted where there is a column of them."""

    metadata: Metadata
    recordings: Recordings
    text_column: TextColumn
    speaker: str | None
    excluded: re.Pattern[str] | None
    problems: list[Problem] = field(default_factory=list)
    line_of: dict[str, int] = field(default_factory=dict)
    used: dict[str, list[int]] = field(default_factory=lambda: {"normalised": [], "raw": []})  # line numbers by column
    named: set[str] = field(default_factory=set)  # ids of all lines, for good or bad
    skipped: int = 0
    others: int = 0  # lines of other speakers
    renamed: int = 0
    bare: int = 0  # lines whose normalised text lost the punctuation, and with it pauses and questions

    def read(self, row: Row) -> _Line | None:
        """Return what a line says; None where it is another's, to be skipped, or wrong, which is noted."""
        fields = list(self.metadata.ordered(row, self.speaker is not None))
        id = fields[0]
        self.named.add(id)
        if self.excluded is not None and self.excluded.search(id):
            self.skipped += 1
            return None
        if row.fault:
            self._note(row, id, "quotes", row.fault)
            return None
        if self.speaker is not None:
            if len(fields) != 3:
                self._note(row, id, "columns", f"has {len(fields)} columns, expected id|speaker|text")
                return None
            if fields.pop(1) != self.speaker:
                self.others += 1
                return None
        column, text = _text(fields, self.text_column)
        name, audio = self.recordings.name_of(id), self.recordings.find(id)
        if fault := self._fault(fields, name, column, text, audio):
            self._note(row, id, *fault)
            return None
        assert audio is not None
        self.line_of[file_key(name)] = row.line
        self.used[column].append(row.line)
        self.renamed += name != unicodedata.normalize("NFC", id)
        self.bare += column == "normalised" and bool(_PUNCTUATION.search(fields[1])) and not _PUNCTUATION.search(text)
        return _Line(name, text, column, audio)

    def _note(self, row: Row, id: str, code: str, message: str) -> None:
        self.problems.append(Problem(id or "(no id)", code, message, f"{self.metadata.path}:{row.line}"))

    def _fault(self, fields: list[str], name: str, column: str, text: str, audio: Path | None) -> tuple[str, str] | None:
        """Return reason code and message of what is wrong with a line, or None."""
        if len(fields) not in (2, 3):
            return "columns", f"has {len(fields)} columns, expected id|text or id|text|normalised text"
        fault = name_fault(name) or ("" if _PLAIN.fullmatch(name) else "has other signs than letters, digits and . _ -")
        if fault or ".." in fields[0].split("/"):
            return "unsafe_id", f"the id {fields[0][:60]!r} is not a safe file name: it {fault or 'leaves its folder'}"
        if (earlier := self.line_of.get(file_key(name))) is not None:
            return "duplicate_id", f"the id is already on line {earlier} (capitals and Unicode forms do not count)"
        if not text:
            return "empty_text", f"the {column} text is empty"
        if audio is None:
            return "missing_audio", f"there is no {self.recordings.folder.name}/{fields[0]}.wav, nor in another audio format"
        return None

    def mixed_columns(self) -> list[Problem]:
        """Return a warning for each line with a third column in a file where most have two: a bar in the text, perhaps."""
        if "normalised" in self.metadata.columns or len(self.used["normalised"]) >= len(self.used["raw"]):
            return []
        rows = {row.line: row for row in self.metadata.rows}
        warnings = []
        for number in self.used["normalised"]:
            id, raw, text = rows[number].fields
            message = (
                f"has three columns where most lines have two: the text used is {text[:60]!r}, without {raw[:60]!r}; "
                "if the bar is part of the text, take it out"
            )
            warnings.append(Problem(id, "mixed_columns", message, f"{self.metadata.path}:{number}", "warning"))
        return warnings

    def notes(self, exclude: str | None) -> list[str]:
        """Return what a person should know of the lines."""
        folder = self.recordings.folder.name
        notes = [f"text of {len(lines)} utterances from the {column} column" for column, lines in self.used.items() if lines]
        if self.renamed:
            notes.append(f"{self.renamed} ids had a suffix or folders, which are no part of the utterances' names")
        if self.bare:
            lost = f"{self.bare} normalised texts lost the raw text's punctuation, which gives pauses"
            notes.append(f"{lost}; text_column: raw keeps it")
        if self.skipped:
            notes.append(f"{self.skipped} utterances skipped by exclude: {exclude}")
        if unnamed := len(self.recordings.ids - {self.recordings.name_of(id) for id in self.named}):
            notes.append(f"{unnamed} recordings in {folder} have no line in {self.metadata.path.name}")
        return notes

    def why_nothing(self, speaker: str) -> str:
        """Say why no line can be used."""
        if self.problems:
            return f"the first problems: {examples(self.problems)}"
        if self.others:
            return f"none is by the speaker {speaker} (second column)"
        return "the file is empty or exclude matches every id"


def _text(fields: list[str], column: TextColumn) -> tuple[str, str]:
    """Return the column used and its text, empty where there is none."""
    normalised = fields[2] if len(fields) == 3 else ""
    if column == "normalised" or (column == "auto" and normalised):
        return "normalised", normalised
    return "raw", fields[1] if len(fields) > 1 else ""
