"""What was found wrong with a corpus: one entry an utterance and reason, and the table that a person reads."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal

from tts.core.errors import TtsError
from tts.core.files import read_json, write_json

Severity = Literal["left_out", "warning"]


@dataclass(frozen=True)
class Problem:
    """One thing wrong with one utterance.

    ``reason_code`` is a short name for counting (``missing_audio``), ``message`` the sentence a person reads, ``place`` the
    file, with its line where there is one. ``left_out`` utterances are not used; a ``warning`` leaves the utterance in.
    """

    id: str
    reason_code: str
    message: str
    place: str
    severity: Severity = "left_out"

    def __str__(self) -> str:
        return f"{self.place}: {self.id}: {self.message}"


def write_problems(path: Path, problems: Iterable[Problem]) -> None:
    """Write problems as JSON, atomically; :func:`read_problems` is the inverse."""
    write_json(path, [asdict(problem) for problem in problems])


def read_problems(path: Path) -> list[Problem]:
    """Read what :func:`write_problems` wrote; a damaged file raises :class:`TtsError` naming it."""
    data = read_json(path)
    try:
        return [Problem(**entry) for entry in data]
    except TypeError as error:
        raise TtsError(f"{path}: not a list of problems ({error}); run tts prepare again") from None


def left_out(problems: Iterable[Problem]) -> set[str]:
    """Return the ids that are not to be used."""
    return {problem.id for problem in problems if problem.severity == "left_out"}


def problem_table(problems: Sequence[Problem], first: int = 20) -> str:
    """Return Markdown: how often every reason occurs, then the ``first`` problems, left-out utterances before warnings."""
    if not problems:
        return "No problems found.\n"
    counts = Counter((problem.severity, problem.reason_code) for problem in problems)
    rows = sorted(counts.items(), key=lambda item: (item[0][0], -item[1], item[0][1]))
    lines = ["| what happens | reason | utterances |", "| --- | --- | ---: |"]
    lines += [f"| {severity.replace('_', ' ')} | {reason} | {count} |" for (severity, reason), count in rows]
    lines += [""] + [f"* {problem}" for problem in sorted(problems, key=lambda problem: problem.severity)[:first]]
    if len(problems) > first:
        lines.append(f"* ... and {len(problems) - first} more")
    return "\n".join(lines) + "\n"


def examples(problems: Sequence[Problem], first: int = 3) -> str:
    """Return the first few problems on one line, for an error message."""
    more = f"; and {len(problems) - first} more" if len(problems) > first else ""
    return "; ".join(map(str, problems[:first])) + more
