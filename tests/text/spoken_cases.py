"""Scoring a front end on sentences whose right reading is known: JSON lines with ``class``, ``text``, ``words`` or ``phones``.

``words`` is a regular expression that must occur in the words as spoken: small letters, no punctuation, single spaces.
``phones`` lists pairs of a word (``word#2`` for its second occurrence) and a regular expression that must occur in its phones;
where no word of the sentence is spelled so (an initialism becomes several words), in the phones of the whole sentence.

``python tests/text/spoken_cases.py FILE...`` prints a table.
"""

from __future__ import annotations

import json
import re
import sys
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from tts.core.errors import TtsError
from tts.text.engine import Engine, make_engine
from tts.text.sentence import Sentence


@dataclass(frozen=True)
class Case:
    """A sentence of a ``kind`` and what must occur in its words, or in the phones of some of them."""

    kind: str
    text: str
    words: str = ""
    phones: tuple[tuple[str, str], ...] = ()


def read_cases(path: Path) -> list[Case]:
    """Read a file of cases."""
    cases = []
    for line in path.read_text(encoding="utf-8").splitlines():
        if line.strip():
            row = json.loads(line)
            pairs = tuple((word, pattern) for word, pattern in row.get("phones", ()))
            cases.append(Case(row["class"], row["text"], row.get("words", ""), pairs))
    return cases


def said(sentence: Sentence) -> str:
    """Return the words as ``words`` patterns see them."""
    plain = " ".join(word.text.lower() for word in sentence.words).replace("’", "'")
    return " ".join(re.sub(r"[^\w' ]|_", " ", plain).split())


def fault(case: Case, engine: Engine) -> str:
    """Return what is wrong with the reading of a case, empty where it is right."""
    try:
        sentence = engine.sentence(case.text)
    except TtsError as error:
        return f"refused: {error}"
    if case.words and not re.search(f"(?<![^ ])(?:{case.words})(?![^ ])", said(sentence)):
        return said(sentence)
    for name, pattern in case.phones:
        word, _, number = name.partition("#")
        phones = _phones_of(word, int(number or 1), sentence)
        if not re.search(pattern.replace(" ", ""), re.sub("[ \u0361]", "", phones)):
            return f"{name} [{phones}]"
    return ""


def _phones_of(text: str, number: int, sentence: Sentence) -> str:
    alike = [word for word in sentence.words if word.text.lower().strip("'") == text.lower()]
    words = [alike[number - 1]] if len(alike) >= number else sentence.words
    return " ".join(phone for word in words for syllable in word.syllables for phone in syllable.phones)


def score(cases: Iterable[Case], engine: Engine) -> tuple[Counter[str], Counter[str], list[tuple[Case, str]]]:
    """Return how many of each kind were right, how many there are, and the wrong ones with what was said."""
    right: Counter[str] = Counter()
    total: Counter[str] = Counter()
    wrong = []
    for case in cases:
        total[case.kind] += 1
        reason = fault(case, engine)
        right[case.kind] += not reason
        if reason:
            wrong.append((case, reason))
    return right, total, wrong


def main(paths: list[str]) -> None:
    """Print what is wrong and a table."""
    for path in paths:
        right, total, wrong = score(read_cases(Path(path)), make_engine("gruut", "en-us"))
        for case, reason in wrong:
            print(f"{case.kind:12} {case.text}\n             {reason[:160]}")
        for kind, count in total.items():
            print(f"{kind:12} {right[kind]:4} of {count}")
        print(f"{path}: {right.total()} of {total.total()} = {100 * right.total() / total.total():.1f} %")


if __name__ == "__main__":
    main(sys.argv[1:])
