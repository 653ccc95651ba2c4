"""How whole numbers in figures are read where a text does not say: by their shape, figure by figure, or as one number."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any, Final, get_args

from tts.core.errors import TtsError, UsageError
from tts.recipe.names import DigitsName
from tts.text.normalisation import expander
from tts.text.normalisation.english.units import SYMBOLS
from tts.text.normalisation.reader import Reader
from tts.text.say_as import say_as
from tts.text.spoken_forms import primary
from tts.text.tracked import sub

DIGITS: Final[tuple[DigitsName, ...]] = get_args(DigitsName)
MOST: Final = 15  # figures of a number that is read as one

# What stands by itself: no part of a word ("1990's", "500-page"), a decimal, an amount, a date, a range or a time.
_ALONE: Final = r"(?<![\w.,:/$€£¥₹^#'’+−–-])(?<!\d )(\d{2,})(?![\w%‰°$€£¥₹²³^]|[.,:/]\d|['’–-]\w| \d|\s?[%‰°$€£¥₹])"
_GROUPS: Final = (
    r"(?<![\w.,:/$€£¥₹^#'’−–])(?<!\d )(\+?\d{2,}(?:[ -]\d{2,})+)(?![\w%‰°$€£¥₹²³^]|[.,:/]\d|['’–-]\w|\s?[%‰°$€£¥₹])"
)


def check_digits(policy: str) -> None:
    """Raise :class:`UsageError` for a policy that there is not."""
    if policy not in DIGITS:
        raise UsageError(f"there is no way {policy!r} of reading digits; choose from {', '.join(DIGITS)}")


def read_digits(text: str, policy: DigitsName, language: str) -> str:
    """Return a text with its numbers in words where ``policy`` asks for it.

    ``single`` reads whole numbers of at least three figures that stand alone, and groups of figures with spaces or hyphens
    between them, figure by figure: telephone numbers, codes, room numbers, but years and counts too. ``whole`` reads those that
    stand alone as one number, whatever words beside them make of them. Numbers before a unit, amounts, dates, times, ranges,
    decimals and thousands in groups are read as usual, and everything with ``auto``. A language whose number words are not
    known is read as usual.
    """
    if policy == "auto" or not re.search(r"\d\d", text):
        return text
    units = _units(language)

    def read(match: re.Match[str]) -> str:
        after = match.string[match.end() : match.end() + 12]
        figures = match[1]
        count = sum(c.isdecimal() for c in figures)
        if (units and re.match(rf"\s?(?:{units})(?!\w)", after)) or count < (3 if policy == "single" else 2):
            return match[0]
        if _NO_CODE.fullmatch(figures) or _is_range(figures):
            return match[0]
        if policy == "whole" and (figures[0] == "0" or count > MOST):
            return match[0]
        alone = "digits" if figures.isdecimal() else "telephone"
        kind = alone if policy == "single" else "cardinal"
        try:
            return say_as(figures, kind, "", language)
        except TtsError:
            return match[0]

    if policy == "single":
        text = sub(_GROUPS, read, text)
    return sub(_ALONE, read, text)


# Dates, and thousands in groups of three
_NO_CODE: Final = re.compile(r"\d{4}-\d\d-\d\d|\d{1,2}-\d{1,2}-(?:\d{4}|\d\d)|[1-9]\d{0,2}(?: \d{3})+")


def _is_range(figures: str) -> bool:
    first, hyphen, last = figures.partition("-")
    return bool(hyphen) and first.isdecimal() and last.isdecimal() and len(first) == len(last) and int(first) < int(last)


def digits_of(identity: Mapping[str, Any]) -> DigitsName:
    """Return how a front end of this identity reads numbers (:meth:`tts.text.engine.Engine.identity`)."""
    policy: DigitsName = identity.get("digits", "auto")
    check_digits(policy)
    return policy


@lru_cache(maxsize=64)
def _units(language: str) -> str:
    """Return the units of a language as a regular expression; empty where none are known."""
    if primary(language) == "en":
        return SYMBOLS
    reader = getattr(expander(language), "__self__", None)
    if not isinstance(reader, Reader):
        return ""
    return "|".join(re.escape(unit) for unit in sorted(reader.tables.units, key=len, reverse=True))
