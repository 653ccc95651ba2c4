r"""HTS question files: full-context labels as numbers, evaluated as Merlin evaluates them.

``QS "name" {pattern,pattern,...}`` asks whether any pattern occurs in a label: 1 or 0. ``CQS "name" {pattern}`` reads a number:
what a capture in the pattern matches, -1 where nothing does. Captures are ``(\d+)``, ``([\d\.]+)`` and, of singing voices,
``([-\d]+)`` (missing: -50), ``([pm]\d+)`` (p3 is 3, m3 is -3) and ``(\NOTE)`` or ``([A-Z][b]?[0-9]+)`` (A4 is MIDI's 69).

A pattern without ``*`` may stand anywhere in a label; with one, it is anchored at the end where it has none. ``?`` is any one
sign. Patterns of questions whose name has ``LL-`` stand at the label's beginning, and a ``(\d+)`` that ends a pattern at its
end. Source: Merlin, ``src/frontend/label_normalisation.py`` (its last version); the signed and singing captures are those of
nnmnkwii's ``io/hts.py`` and ``frontend/merlin.py``. All QS questions come first, then all CQS, each in the file's order.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Final

import numpy as np

from tts.core.errors import TtsError, UsageError

MOST_QUESTIONS, MOST_PATTERNS, LONGEST_PATTERN, LONGEST_LABEL = 10_000, 2_000, 300, 2_000
_MOST_WILDCARDS: Final = 2  # inside the pattern of a CQS: each costs a factor of the label's length

_NOTE: Final = "([A-Z][b]?[0-9]+)"
_CAPTURES: Final = {r"(\d+)": r"(\d+)", r"([\d\.]+)": r"([\d\.]+)", r"([-\d]+)": r"([-\d]+)", r"([pm]\d+)": r"([pm]\d+)"} | {
    _NOTE: _NOTE,
    r"(\NOTE)": _NOTE,
}
_STATE: Final = re.compile(r"\[\d+\]$")
_LINE: Final = re.compile(r"(C?QS)\s+(\"[^\"]*\"|'[^']*'|\S+)\s*\{([^{}]*)\}")
_SEMITONES: Final = {"C": 0, "D": 2, "E": 4, "F": 5, "G": 7, "A": 9, "B": 11}


@dataclass(frozen=True)
class Question:
    """One question: ``kind`` is ``QS`` or ``CQS``, of which the latter has one pattern."""

    kind: str
    name: str
    patterns: tuple[str, ...]

    def __post_init__(self) -> None:
        if self.kind not in ("QS", "CQS"):
            raise TtsError(f"the question {self.name[:60]!r} is neither QS nor CQS")
        if not self.patterns or len(self.patterns) > (1 if self.kind == "CQS" else MOST_PATTERNS):
            wanted = "one pattern" if self.kind == "CQS" else f"1 to {MOST_PATTERNS} patterns"
            raise TtsError(f"the question {self.name[:60]!r} has {len(self.patterns)} patterns, {self.kind} takes {wanted}")
        for pattern in self.patterns:
            self._check(pattern)

    def _check(self, pattern: str) -> None:
        if not pattern or len(pattern) > LONGEST_PATTERN:
            raise TtsError(
                f"the question {self.name[:60]!r} has a pattern of {len(pattern)} signs, expected 1..{LONGEST_PATTERN}"
            )
        if re.search(r"\s", pattern):
            raise TtsError(
                f"the question {self.name[:60]!r} has white space in its pattern {pattern[:60]!r}; no label has: take it out"
            )
        if self.kind == "CQS":
            if sum(pattern.count(capture) for capture in _CAPTURES) != 1:
                captures = " ".join(_CAPTURES)
                raise TtsError(f"the question {self.name[:60]!r} needs one capture in {pattern[:60]!r}: one of {captures}")
            if pattern.strip("*").count("*") > _MOST_WILDCARDS:
                raise TtsError(f"the question {self.name[:60]!r} has more than {_MOST_WILDCARDS} * inside {pattern[:60]!r}")

    @property
    def missing(self) -> float:
        """What a CQS gives where a label has no such number."""
        return -50.0 if r"([-\d]+)" in self.patterns[0] else -1.0

    @cached_property
    def _alternatives(self) -> tuple[_Wildcards, ...]:
        at_start = "LL-" in self.name
        return tuple(_Wildcards.of(pattern, at_start) for pattern in self.patterns)

    @cached_property
    def _number(self) -> re.Pattern[str]:
        return re.compile(_number_expression(self.patterns[0]), re.ASCII)

    def answer(self, label: str) -> float:
        """Return the answer for a label without times and state; a capture that is no number raises :class:`TtsError`."""
        if self.kind == "QS":
            return float(any(alternative.occur_in(label) for alternative in self._alternatives))
        match = self._number.search(label)
        if match is None:
            return self.missing
        try:
            return _value(match[1])
        except ValueError:
            raise TtsError(f"the question {self.name!r} finds {match[1]!r}, no number, in the label {label[:80]!r}") from None


@dataclass(frozen=True)
class QuestionSet:
    """The questions of a file, all QS before all CQS."""

    questions: tuple[Question, ...]

    def __post_init__(self) -> None:
        if not 1 <= len(self.questions) <= MOST_QUESTIONS:
            raise TtsError(f"a question file of {len(self.questions)} questions; expected 1 to {MOST_QUESTIONS}")
        ordered = sorted(self.questions, key=lambda question: question.kind == "CQS")
        object.__setattr__(self, "questions", tuple(ordered))

    def __len__(self) -> int:
        return len(self.questions)

    @property
    def names(self) -> tuple[str, ...]:
        """The questions' names, in the order of the columns."""
        return tuple(question.name for question in self.questions)

    @property
    def binary(self) -> int:
        """How many of them are QS: the first columns."""
        return sum(question.kind == "QS" for question in self.questions)

    def answers(self, labels: Sequence[str]) -> np.ndarray:
        """Return the answers for full-context labels, float32 (labels, questions); a state's ``[2]`` at the end is left out."""
        rows = np.zeros((len(labels), len(self.questions)), np.float32)
        known: dict[str, int] = {}
        for row, label in enumerate(labels):
            context = _STATE.sub("", label)
            if len(context) > LONGEST_LABEL:
                raise TtsError(f"a label of {len(context)} signs, more than {LONGEST_LABEL}: {context[:60]!r}...")
            if (earlier := known.get(context)) is not None:
                rows[row] = rows[earlier]
                continue
            known[context] = row
            rows[row] = [question.answer(context) for question in self.questions]
        return rows

    def to_list(self) -> list[list[Any]]:
        """Return plain JSON-able data; :meth:`from_list` is its inverse."""
        return [[question.kind, question.name, *question.patterns] for question in self.questions]

    @staticmethod
    def from_list(data: Any) -> QuestionSet:
        """Rebuild the questions of :meth:`to_list`; anything else raises :class:`TtsError`."""
        if not isinstance(data, list) or not all(
            isinstance(row, list) and all(isinstance(x, str) for x in row) for row in data
        ):
            raise TtsError("questions: expected a list of questions, each a list of kind, name and patterns")
        if any(len(row) < 3 for row in data):
            raise TtsError("questions: a question needs kind, name and a pattern")
        return QuestionSet(tuple(Question(kind, name, tuple(patterns)) for kind, name, *patterns in data))


def read_questions(path: Path) -> QuestionSet:
    """Read a question file. A broken line raises :class:`TtsError` naming it, a missing file :class:`UsageError`."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        raise UsageError(f"{path}: there is no such question file") from None
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"{path}: not readable as UTF-8 text ({error})") from None
    questions = []
    for number, line in enumerate(text.splitlines(), 1):
        content = line.strip()
        if not content or content.startswith("#"):
            continue
        match = _LINE.fullmatch(content)
        if match is None:
            raise TtsError(
                f'{path}:{number}: expected QS "name" {{pattern,...}} or CQS "name" {{pattern}}, not {content[:60]!r}'
            )
        try:
            questions.append(Question(match[1], match[2].strip("\"'"), tuple(match[3].strip().split(","))))
        except TtsError as error:
            raise TtsError(f"{path}:{number}: {error}") from None
    if not questions:
        raise TtsError(f"{path}: holds no question")
    return QuestionSet(tuple(questions))


@dataclass(frozen=True)
class _Wildcards:
    """A pattern divided at its ``*``: pieces that must follow each other, the first and last perhaps at the label's ends."""

    pieces: tuple[str | re.Pattern[str], ...]
    at_start: bool
    at_end: bool

    @staticmethod
    def of(pattern: str, at_start: bool) -> _Wildcards:
        starred = "*" in pattern
        pieces = pattern.strip("*").split("*")
        return _Wildcards(
            tuple(re.compile(re.escape(piece).replace(r"\?", ".")) if "?" in piece else piece for piece in pieces),
            at_start or (starred and not pattern.startswith("*")),
            starred and not pattern.endswith("*"),
        )

    def occur_in(self, label: str) -> bool:
        """Whether the pattern occurs. Each piece takes the first place that is free: that leaves most for those after it."""
        if len(self.pieces) == 1 and not self.at_start and not self.at_end and isinstance(self.pieces[0], str):
            return self.pieces[0] in label
        place = 0
        for number, piece in enumerate(self.pieces):
            last = number + 1 == len(self.pieces) and self.at_end
            spans = _places(piece, label, place, last)
            if spans is None or (number == 0 and self.at_start and spans[0] != 0):
                return False
            place = spans[1]
        return True


def _places(piece: str | re.Pattern[str], label: str, start: int, last: bool) -> tuple[int, int] | None:
    """Return where a piece stands first from ``start`` on, or, of the ``last`` one, at the label's end."""
    if isinstance(piece, str):
        at = len(label) - len(piece) if last else label.find(piece, start)
        there = at >= start and label.startswith(piece, at)
        return (at, at + len(piece)) if there else None
    length = len(re.sub(r"\\(.)", r"\1", piece.pattern))
    if last:
        at = len(label) - length
        return (at, len(label)) if at >= start and piece.match(label, at) else None
    match = piece.search(label, start)
    return match.span() if match else None


def _number_expression(pattern: str) -> str:
    """Return the regular expression of a CQS's pattern."""
    capture = next(capture for capture in _CAPTURES if capture in pattern)
    start = r"\A" if "*" in pattern and not pattern.startswith("*") else ""
    end = r"\Z" if "*" in pattern and not pattern.endswith("*") else ""
    before, after = (
        re.escape(part).replace(r"\*", ".*").replace(r"\?", ".") for part in pattern.strip("*").split(capture, maxsplit=1)
    )
    if pattern.endswith(r"(\d+)"):
        end = r"\Z"
    return f"{start}{before}{_CAPTURES[capture]}{after}{end}"


def _value(text: str) -> float:
    """Return the number that a capture stands for; :class:`ValueError` where it is none."""
    if text[0] in "pm":
        return float(text[1:]) * (1.0 if text[0] == "p" else -1.0)
    if text[0].isalpha():
        if text[0] not in _SEMITONES:
            raise ValueError(text)
        flat = text[1] == "b"
        return 12.0 * (int(text[1 + flat :]) + 1) + _SEMITONES[text[0]] - flat
    return float(text)
