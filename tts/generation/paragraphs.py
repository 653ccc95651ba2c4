"""Paragraphs of a text file: hard-wrapped lines put together again, and how to tell them from lines that are texts.

A wrapped line ends because the next word would not have fitted; a line that is a text of its own ends because it is over. So
lines are wrapped where most of those with another below them end without the end of a sentence, and the next line's first
word would have made them longer than the lines are. Text in which no sentence ever ends (prompts without punctuation) tells
nothing of that, and is read line by line.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise
from typing import Final, Literal

Paragraphs = Literal["auto", "lines", "blank"]
Lines = Sequence[tuple[int, str]]
"""Lines with their numbers, from 1."""

WIDTHS: Final = (40, 120)  # characters a line that somebody's editor may have wrapped at
ENOUGH: Final = 8  # lines from which widths tell something by themselves
_SENTENCE_END: Final = re.compile(r"[.!?…。！？:;][\"'”’»)\]]*$")
_HYPHEN_END: Final = re.compile(r"\w[-\u2010]$")


def blocks(lines: Lines) -> list[list[tuple[int, str]]]:
    """Return the runs of lines without a blank line between them."""
    found: list[list[tuple[int, str]]] = []
    before = -1
    for number, line in lines:
        if not line.strip():
            continue
        if number == before + 1 and found:
            found[-1].append((number, line.strip()))
        else:
            found.append([(number, line.strip())])
        before = number
    return found


def is_wrapped(lines: Lines) -> bool:
    """Return whether the lines look like paragraphs wrapped at a width rather than texts of their own."""
    pairs = [(a, b) for block in blocks(lines) for (_, a), (_, b) in pairwise(block)]
    if not pairs or not any(_SENTENCE_END.search(word) for _, line in lines for word in line.split()):
        return False
    lengths = sorted(len(line) for line, _ in pairs)
    width = lengths[(9 * len(lengths)) // 10]  # a few longer ones, such as addresses, do not tell the width
    if not WIDTHS[0] <= width <= WIDTHS[1]:
        return False
    going_on = [
        after
        for line, after in pairs
        if not _SENTENCE_END.search(line) and len(line) + 1 + len(after.split()[0]) > 0.95 * width
    ]
    if len(going_on) < 0.55 * len(pairs):
        return False
    cased = [after[0] for after in going_on if after[0].lower() != after[0].upper()]
    small = sum(map(str.islower, cased))
    return small >= (0.3 if len(pairs) >= ENOUGH else 0.5) * len(cased) and (len(pairs) >= ENOUGH or small > 0)


def join_lines(lines: Lines) -> list[tuple[int, str]]:
    """Return paragraphs, between blank lines, each with the number of its first line.

    A hyphen at the end of a line joins its word to the next line's: plain text is wrapped at the hyphens that words have.
    """
    return [(block[0][0], _joined([line for _, line in block])) for block in blocks(lines)]


def _joined(lines: Sequence[str]) -> str:
    pieces = [lines[0]]
    for before, line in pairwise(lines):
        pieces += [line] if _HYPHEN_END.search(before) else [" ", line]
    return "".join(pieces)
