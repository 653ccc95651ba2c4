"""Figures and letters that belong to what stands beside them, read or joined before a later step would part them: thousands
in groups, the years of ``pre-1990``, fractions of an inch, chapter and verse, sharps, ions, keys and options of commands.
"""

from __future__ import annotations

import re
from typing import Final

_GROUPS: Final = re.compile(r"(?<![\w.,:/+-])(?<![\d)] )([1-9]\d{0,2}(?: \d{3})+)(?![\w-]|\s\d|[,:/]\d)")
_NO_GROUPS: Final = re.compile(
    r"\b(?:call|dial|phone|ring|rang|text|tel|fax|number|code|pin|extension|ext|account|room|flight|bus|page|route|in|on|at)\.?:?"
    r"(?:\s(?:number|no|is|on|me|us|at|him|her))?\.?:?\s+$",
    re.I,
)


def _groups(match: re.Match[str]) -> str:
    """``1 000 000`` with commas; two groups of three figures each are no number after what a telephone has before it."""
    groups = match[1].split()
    if _NO_GROUPS.search(match.string[max(match.start() - 40, 0) : match.start()]) and len(groups) == 2:
        return match[0]
    return ",".join(groups)


def expand_compounds(text: str) -> str:
    """Read compounds."""
    return _GROUPS.sub(_groups, text) if " " in text else text
