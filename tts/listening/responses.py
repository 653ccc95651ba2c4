"""Reading what listeners sent back: this page's files, and webMUSHRA's own."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from tts.core.errors import TtsError

COLUMNS = {
    "mos": ("trial_id", "stimuli_rating", "stimuli"),
    "ab": ("trial_id", "choice_reference", "choice_non_reference", "choice_answer"),
    "mushra": ("trial_id", "rating_stimulus", "rating_score"),
}
SCALES = {"mos": (1.0, 5.0), "mushra": (0.0, 100.0)}
UNDECIDED = "undecided"  # webMUSHRA's word
_OURS = {"session_test_id", "session_uuid", "trial_id"}
_ABOUT_TRIALS = re.compile(r"(rating|choice|stimuli)(_|$)")


@dataclass(frozen=True)
class Rating:
    """One score of one stimulus: ``kind`` is ``mos`` (1 to 5) or ``mushra`` (0 to 100); ``place`` is ``file:line``."""

    kind: str
    test: str
    listener: str
    sentence: str
    system: str
    score: float
    place: str


@dataclass(frozen=True)
class Preference:
    """One choice between ``first`` and ``second``; ``chosen`` is one of them, or ``None`` without preference."""

    test: str
    listener: str
    sentence: str
    first: str
    second: str
    chosen: str | None
    place: str


@dataclass(frozen=True)
class Responses:
    """All answers of all listeners to one test, with notes on what was dropped while reading."""

    ratings: Sequence[Rating] = ()
    preferences: Sequence[Preference] = ()
    notes: Sequence[str] = field(default=())

    def of(self, kind: str) -> list[Rating]:
        """Return the ratings of one kind."""
        return [rating for rating in self.ratings if rating.kind == kind]


def read_results(paths: Sequence[Path]) -> Responses:
    """Read result files of any kinds and listeners and put them together.

    What a file holds is told from its columns, not from its name. A listener is a ``session_uuid`` or, in the webMUSHRA files
    that lack it, the same answers about themselves. An answer that is there twice (a file saved twice) counts once, with a
    note; the same question answered in two ways raises :class:`TtsError`, as does every cell that cannot be right, by
    ``file:line``.
    """
    if not paths:
        raise TtsError("there are no result files to read")
    seen: dict[tuple[str, ...], Rating | Preference] = {}
    repeated: dict[str, int] = {}
    for path in paths:
        for answer in _read(path):
            key = _question(answer)
            before = seen.setdefault(key, answer)
            if before is answer:
                continue
            if replace(before, place="") != replace(answer, place=""):
                raise TtsError(
                    f"{answer.place}: listener {answer.listener} answered the same question differently in {before.place}; "
                    "keep one of the two"
                )
            repeated[str(path)] = repeated.get(str(path), 0) + 1
    tests = sorted({answer.test for answer in seen.values()})
    if len(tests) > 1:
        raise TtsError(f"these are results of {len(tests)} tests ({', '.join(tests)}); analyse each by itself")
    notes = [f"{path}: {count} answers were there before and are counted once" for path, count in repeated.items()]
    ratings = [answer for answer in seen.values() if isinstance(answer, Rating)]
    return Responses(ratings, [answer for answer in seen.values() if isinstance(answer, Preference)], notes)


def _question(answer: Rating | Preference) -> tuple[str, ...]:
    if isinstance(answer, Rating):
        return answer.kind, answer.test, answer.listener, answer.sentence, answer.system
    return "ab", answer.test, answer.listener, answer.sentence, *sorted((answer.first, answer.second))


def _read(path: Path) -> Iterator[Rating | Preference]:
    try:
        text = path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        raise TtsError(f"{path}: there is no such file") from None
    except IsADirectoryError:
        raise TtsError(f"{path}: is a folder; name the files in it, for example {path}/*.csv") from None
    except UnicodeDecodeError:
        raise TtsError(f"{path}: not a text file in UTF-8") from None
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    try:
        head = [name.strip() for name in next(reader, [])]
        kind = _kind(path, head)
        about = [name for name in head if name not in _OURS and not _ABOUT_TRIALS.match(name)]
        for cells in reader:
            if not cells or [cell.strip() for cell in cells] == head:  # files put one after the other repeat the header
                continue
            place = f"{path}:{reader.line_num}"
            if len(cells) != len(head):
                raise TtsError(f"{place}: has {len(cells)} cells, but the first line names {len(head)} columns")
            yield _answer(kind, dict(zip(head, (cell.strip() for cell in cells), strict=True)), about, place)
    except csv.Error as error:
        raise TtsError(f"{path}:{reader.line_num}: not comma-separated values ({error})") from None


def _kind(path: Path, head: Sequence[str]) -> str:
    if len(set(head)) < len(head):
        raise TtsError(f"{path}:1: a column is named twice; every column needs its own name")
    for kind, columns in COLUMNS.items():
        if set(columns) <= set(head):
            return kind
    if "stimuli_rating1" in head:
        raise TtsError(f"{path}:1: holds several scales a stimulus; keep one of them and call its column stimuli_rating")
    if len(head) == 1 and ";" in head[0]:
        raise TtsError(f"{path}:1: separated by semicolons; save it with commas, as it came")
    best = max(COLUMNS, key=lambda kind: len(set(COLUMNS[kind]) & set(head)))
    missing = ", ".join(name for name in COLUMNS[best] if name not in head)
    raise TtsError(f"{path}:1: not a result file of a MOS, AB or MUSHRA test; as {best} it lacks the columns {missing}")


def _answer(kind: str, row: Mapping[str, str], about: Sequence[str], place: str) -> Rating | Preference:
    test = row.get("session_test_id", "")
    listener = row.get("session_uuid") or " / ".join(row[name] for name in about if row[name])
    if not listener:
        raise TtsError(f"{place}: says nothing about the listener; fill in session_uuid with one value a listener")
    sentence = re.sub(r"~\d+$", "", row["trial_id"])
    if not sentence:
        raise TtsError(f"{place}: trial_id is empty; it names the sentence")
    if kind == "ab":
        first, second = row["choice_reference"], row["choice_non_reference"]
        if not first or not second or first == second:
            raise TtsError(f"{place}: compares {first or 'nothing'} with {second or 'nothing'}; two systems are expected")
        choices = {first: first, second: second, UNDECIDED: None, "correct": first, "incorrect": second}
        if row["choice_answer"] not in choices:
            raise TtsError(f"{place}: choice_answer is {row['choice_answer']!r}; expected {first}, {second} or {UNDECIDED}")
        return Preference(test, listener, sentence, first, second, choices[row["choice_answer"]], place)
    system, column = (row["stimuli"], "stimuli_rating") if kind == "mos" else (row["rating_stimulus"], "rating_score")
    if not system:
        raise TtsError(f"{place}: the stimulus has no name")
    low, high = SCALES[kind]
    try:
        score = float(row[column])
    except ValueError:
        score = float("nan")
    if not low <= score <= high:
        raise TtsError(f"{place}: {column} is {row[column]!r}; expected a number from {low:g} to {high:g}")
    return Rating(kind, test, listener, sentence, system, score, place)
