"""The LJSpeech layout: ``metadata.csv`` with ``id|text`` or ``id|text|normalised text``, recordings in ``wavs/ID.wav``.

Its form for several speakers has ``id|speaker|text``.

The file has no header and no quoting: every line is one utterance and every ``|`` separates, so that a lone quotation mark
cannot swallow the lines after it.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

from tts.core.errors import TtsError, UsageError
from tts.corpora.problems import Problem, examples
from tts.corpora.types import Corpus, Utterance

TextColumn = Literal["normalised", "raw", "auto"]

METADATA = "metadata.csv"
SUFFIXES = (".wav", ".flac", ".ogg", ".mp3")  # in order of preference
LONGEST_ID = 200  # bytes: file names end at 255, and we add suffixes and temporary names

_PUNCTUATION = re.compile(r"[.,;:?!]")
_SAFE_ID = re.compile(r"[\w-][\w.-]*")


def read_ljspeech(
    root: Path,
    *,
    name: str,
    speaker: str,
    language: str,
    licence: str,
    source: str = "",
    text_column: TextColumn = "auto",
    exclude: str | None = None,
    audio_dir: str = "wavs",
    speaker_column: bool = False,
) -> tuple[Corpus, list[Problem]]:
    """Read the corpus in the folder ``root``; return it with the lines that were left out and why.

    ``text_column`` chooses the text: ``raw`` the second column, ``normalised`` the third, ``auto`` the third where it is
    there and not empty; the corpus's notes say which was used how often. Ids that the regular expression ``exclude`` finds a
    match in are skipped without a problem. With ``speaker_column`` the lines are ``id|speaker|text`` and only those of
    ``speaker`` are read. No recording is opened: see :func:`tts.corpora.checks.check_audio`.

    Raises :class:`UsageError` for a missing folder or file and a broken ``exclude``, :class:`TtsError` for a file that is not
    UTF-8 or of which no line can be used.
    """
    excluded = _compiled(exclude)
    metadata = root / METADATA
    lines = list(_lines(root, metadata))
    recordings = _recordings(root / audio_dir)

    utterances: list[Utterance] = []
    problems: list[Problem] = []
    line_of: dict[str, int] = {}
    used = {"normalised": 0, "raw": 0}
    bare = 0  # lines whose normalised text lost the punctuation, and with it pauses and questions
    skipped: set[str] = set()
    others: set[str] = set()  # ids of other speakers

    for number, line in lines:
        fields = [field.strip() for field in line.split("|")]
        id = fields[0]
        if excluded and excluded.search(id):
            skipped.add(id)
            continue
        if speaker_column and len(fields) == 3:
            if fields.pop(1) != speaker:
                others.add(id)
                continue
        elif speaker_column:
            message = f"has {len(fields)} columns, expected id|speaker|text"
            problems.append(Problem(id or "(no id)", "columns", message, place=f"{metadata}:{number}"))
            continue
        column, text = _text(fields, text_column)
        # Two ids that differ only in case or in Unicode form would overwrite each other's files on some systems.
        key = unicodedata.normalize("NFC", id).casefold()
        if fault := _fault(fields, text, column, line_of.get(key), recordings, audio_dir):
            problems.append(Problem(id or "(no id)", *fault, place=f"{metadata}:{number}"))
            continue
        line_of[key] = number
        used[column] += 1
        bare += column == "normalised" and bool(_PUNCTUATION.search(fields[1])) and not _PUNCTUATION.search(text)
        utterances.append(Utterance(id, text, recordings[id], speaker, language))

    if not utterances:
        reason = f"the first problems: {examples(problems)}" if problems else "the file is empty or exclude matches every id"
        if others and not problems:
            reason = f"none is by the speaker {speaker} (second column)"
        raise TtsError(f"{metadata}: no usable utterance in {len(lines)} lines; {reason}")
    unnamed = len(recordings.keys() - {u.id for u in utterances} - {p.id for p in problems} - skipped - others)
    notes = [f"text of {count} utterances from the {column} column" for column, count in used.items() if count]
    if bare:
        notes.append(f"{bare} normalised texts lost the raw text's punctuation, which gives pauses; text_column: raw keeps it")
    if skipped:
        notes.append(f"{len(skipped)} utterances skipped by exclude: {exclude}")
    if unnamed:
        notes.append(f"{unnamed} recordings in {audio_dir} have no line in {METADATA}")
    return Corpus(name, tuple(utterances), licence, source, tuple(notes)), problems


def _compiled(exclude: str | None) -> re.Pattern[str] | None:
    try:
        return re.compile(exclude) if exclude else None
    except re.error as error:
        raise UsageError(f"exclude: {exclude!r} is not a regular expression ({error})") from None


def _lines(root: Path, metadata: Path) -> Iterator[tuple[int, str]]:
    """Yield the lines that are not blank with their numbers, from 1."""
    hint = "pass the folder that holds metadata.csv and the recordings with --corpus-root"
    if not root.is_dir():
        raise UsageError(f"{root}: there is no such corpus folder; {hint}")
    try:
        data = metadata.read_bytes()
    except FileNotFoundError:
        raise UsageError(f"{metadata}: there is no such file; {hint}") from None
    except OSError as error:
        raise TtsError(f"{metadata}: cannot be read ({error.strerror})") from None
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        number = data.count(b"\n", 0, error.start) + 1
        raise TtsError(f"{metadata}:{number}: not UTF-8; convert the file, for example with iconv -t utf-8") from None
    # Not splitlines(): it also breaks at form feeds and Unicode separators, which may stand inside a text.
    for number, line in enumerate(text.replace("\r\n", "\n").replace("\r", "\n").split("\n"), 1):
        if line.strip():
            yield number, line


def _recordings(folder: Path) -> dict[str, Path]:
    """Return the recording of every id in ``folder``; of several formats the first in ``SUFFIXES`` counts."""
    if not folder.is_dir():
        raise UsageError(f"{folder}: there is no such folder of recordings; pass the folder above it with --corpus-root")
    found: dict[str, Path] = {}
    for path in sorted(folder.iterdir()):
        suffix = path.suffix.lower()
        if suffix not in SUFFIXES:
            continue
        other = found.get(path.stem)
        if other is None or SUFFIXES.index(suffix) < SUFFIXES.index(other.suffix.lower()):
            found[path.stem] = path
    return found


def _text(fields: list[str], column: TextColumn) -> tuple[str, str]:
    """Return the column used and its text, empty where there is none."""
    normalised = fields[2] if len(fields) == 3 else ""
    if column == "normalised" or (column == "auto" and normalised):
        return "normalised", normalised
    return "raw", fields[1] if len(fields) > 1 else ""


def _fault(
    fields: list[str], text: str, column: str, earlier: int | None, recordings: dict[str, Path], audio_dir: str
) -> tuple[str, str] | None:
    """Return reason code and message of what is wrong with a line, or None."""
    id = fields[0]
    if len(fields) not in (2, 3):
        return "columns", f"has {len(fields)} columns, expected id|text or id|text|normalised text"
    if not (_SAFE_ID.fullmatch(id) and len(id.encode()) <= LONGEST_ID):
        allowed = f"up to {LONGEST_ID} letters, digits and . _ -, not starting with a dot"
        return "unsafe_id", f"the id {id[:60]!r} is not a safe file name; use {allowed}"
    if earlier is not None:
        return "duplicate_id", f"the id is already on line {earlier} (capitals do not count)"
    if not text:
        return "empty_text", f"the {column} text is empty"
    if id not in recordings:
        return "missing_audio", f"there is no {audio_dir}/{id}.wav (nor {', '.join(SUFFIXES[1:])})"
    return None
