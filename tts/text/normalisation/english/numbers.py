"""Numbers as words: cardinals, ordinals, decimals, years, digit by digit. English words come from num2words."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache
from typing import Final

from tts.text.normalisation.lists import listed
from tts.text.tracked import sub

NUMBER: Final = r"\d++(?:,\d{3}(?!\d))*+(?:\.\d++)?+"
"""A number as it is written: groups of three after commas, a decimal part. It never gives back what it took."""

BEGIN: Final = r"(?<![\w.])(?<!\d,)"
"""What stands before a number that is not the rest of a longer one."""

LONGEST: Final = 15  # digits that are read as a cardinal; more are read one by one
ENDLESS: Final = 100  # digits in a row that nobody says: left as they are, for the engine to leave out

Reading = Callable[[re.Match[str]], str]


@lru_cache(maxsize=4096)
def cardinal(digits: str) -> str:
    """Return a whole number, given as digits with or without commas, as words: ``one thousand two hundred and four``."""
    plain = digits.replace(",", "")
    if len(plain) > LONGEST or (len(plain) > 1 and plain[0] == "0"):
        return spelled(plain)
    from num2words import num2words

    return _plain(num2words(int(plain), lang="en"))


@lru_cache(maxsize=1024)
def ordinal(digits: str) -> str:
    """Return ``twenty second`` for ``22``."""
    plain = digits.replace(",", "")
    if len(plain) > LONGEST:
        return spelled(plain)
    from num2words import num2words

    return _plain(num2words(int(plain), lang="en", to="ordinal"))


def _plain(words: str) -> str:
    return words.replace(",", "").replace("-", " ")


_DIGITS: Final = dict(
    zip(
        "0123456789",
        listed("""
    zero one two three four five six seven eight nine
"""),
        strict=True,
    )
)


def spelled(digits: str) -> str:
    """Return digits one by one: ``zero zero four two``. Other characters are left out."""
    return " ".join(_DIGITS[c] for c in digits if c in _DIGITS)


@lru_cache(maxsize=4096)
def number(text: str) -> str:
    """Return a number as words, its decimals digit by digit as they are written: ``3.10`` is ``three point one zero``."""
    if not re.fullmatch(r"\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d*(?:\.\d+)?", text):
        return ", ".join(number(part) for part in text.split(",") if part)  # no thousands: a list such as 1,2,3
    whole, point, decimals = text.partition(".")
    return f"{cardinal(whole or '0')} point {spelled(decimals)}" if point else cardinal(whole)


@lru_cache(maxsize=4096)
def year(digits: str) -> str:
    """Return a year of three or four digits as it is said: ``nineteen oh five``, ``two thousand and five``."""
    if len(digits) != 4 or digits[1:] == "000" or (digits[:2] == "20" and digits[2] == "0"):
        return cardinal(digits)
    first, last = cardinal(digits[:2]), digits[2:]
    return f"{first} {'hundred' if last == '00' else pair(last)}"


def pair(digits: str) -> str:
    """Return two digits as they are said after others: ``oh five``, ``eighty four``."""
    return f"oh {_DIGITS[digits[1]]}" if digits[0] == "0" else cardinal(digits)


@lru_cache(maxsize=1024)
def label(digits: str) -> str:
    """Return the number of a thing with a name, of a road, an aeroplane or a flight: ``three eighty``, ``four oh five``."""
    if len(digits) == 3 and digits[0] != "0" and digits[1:] != "00":
        return f"{_DIGITS[digits[0]]} {pair(digits[1:])}"
    if len(digits) == 4 and digits[0] != "0":
        return cardinal(digits) if digits[1:] == "000" else year(digits) if digits[1] != "0" else spelled(digits)
    return cardinal(digits) if len(digits) < 4 else spelled(digits)


def plural(words: str) -> str:
    """Return the plural of a number in words: ``nineteen eighties``, ``sixes``."""
    if words.endswith("y"):
        return words[:-1] + "ies"
    return words + ("es" if words.endswith(("x", "s")) else "s")


_DETERMINER: Final = re.compile(
    r"\b(?:an?|the|this|that|his|her|its|my|our|your|their|every|each|another|\w+['’]s)\s(?:[a-z]+\s)?[$£€¥]?$", re.I
)
_NO_NOUN: Final = frozenset(
    listed("""
    above across after ago ahead all along and apart are around as at available away back be been before behind
    below beneath between beyond but by can could deep did does down due during each east else ever every extra for
    free from given gone had has have he her here high his how i if in into is it its just last later left less long
    lost mark more must my near needed nor north now of off older on once one onto or our out over owed past per
    plus point remaining required she should since so south spent such tall taller than that the their them then
    there they this those through till to today tomorrow tonight too total toward towards under underneath until up
    upon used was we were west what when where which while who wide will with within without won worth would
    yesterday you younger your
""")
)


def adjectival(before: str, after: str) -> bool:
    """Whether a quantity between two texts belongs to the noun after it: ``a 5 kg bag``, ``the 100 m dash``."""
    noun = re.match(r"\s([a-z]{3,})\b", after)
    return noun is not None and noun[1] not in _NO_NOUN and _DETERMINER.search(before[-40:]) is not None


_DECADE = r"(?<![\w.,])['’]?(\d{1,2})?(\d0)['’]?s\b"


def _decade(match: re.Match[str]) -> str:
    century, tens = match[1] or "", match[2]
    if not century:
        return plural(cardinal(tens)) if tens != "00" else "two thousands"
    if tens == "00":
        return "two thousands" if century == "20" else f"{cardinal(century)} hundreds"
    return f"{cardinal(century)} {plural(cardinal(tens))}"


_CARDINAL = re.compile(rf"(?<![\d])(?<!\d[.,])({NUMBER})")
_COMMAS = re.compile(r"(?<![\d.,])\d++(?:,\d++)++(?!\.?\d)")
_NOUN = r"(?=\s+(?!(?:was|is|has|this|his|its|us|as|does)\b)[a-z]{3,}(?:s|en|eople)\b)"
_BEFORE_YEAR = (
    r"in|since|by|from|until|till|of|during|before|after|around|circa|early|late|mid|year|spring|summer|autumn|fall|winter|"
    r"january|february|march|april|may|june|july|august|september|october|november|december|and|or|to|the|class|between|through"
)
_YEAR = re.compile(rf"(?<![\w.,:$€£/-])(?:\b({_BEFORE_YEAR})\s+)?(1[1-9]\d\d|20\d\d|10[1-9]\d)(?![\d%°]|[.,]\d|:\d)(s?)", re.I)
_COUNTED = re.compile(_NOUN)

_SPAN = re.compile(r"\b(?:between|from)\b[^.,;:]*$", re.IGNORECASE)


def _year(match: re.Match[str]) -> str:
    before, digits, end = match[1] or "", match[2], match[3]
    prefix = match[0][: match.start(2) - match.start()]
    earlier = match.string[max(match.start() - 60, 0) : match.start()]
    counted = _COUNTED.match(match.string, match.end())
    if (
        end
        or (counted and before.lower() not in ("in", "since", "the", "of") and not _SPAN.search(earlier))
        or (digits[:2] == "10" and not before)
    ):
        return match[0]
    return prefix + year(digits)


def expand_numbers(text: str) -> str:
    """Read every number that is left: ordinals, decades, years, signed numbers, and the rest as cardinals."""
    if not re.search(r"\d", text):
        return text
    text = sub(_DECADE, _decade, text)
    text = sub(r"(?<![\w])['’](\d\d)(?![\d'’\w])", lambda m: pair(m[1]), text)  # class of '98
    text = sub(r"(?<![\w.])(?<!\d,)(\d[\d,]*)(?:st|nd|rd|th)\b", lambda m: ordinal(m[1]), text, flags=re.I)
    text = sub(_YEAR, _year, text)
    text = sub(r"(?:(?<=\s)|^|(?<=\())[-−–](?=\.?\d)", "minus ", text)
    text = sub(r"(?<![\d.,])\.(?=\d)", "0.", text)
    text = sub(r"(?<![\d.,])(\d{1,3})(?:[ \u00a0\u202f]\d{3}){2,}(?![\d])", lambda m: cardinal(sub(r"\s", "", m[0])), text)
    text = sub(r"(?<!\d)(?<!\d\.)\d{1,3}(?:\.\d{3}){2,}(?![\d.]\d)", lambda m: cardinal(m[0].replace(".", "")), text)
    text = sub(_COMMAS, lambda m: f" {number(m[0])} ", text)
    return sub(_CARDINAL, lambda m: m[0] if len(m[0]) > ENDLESS else f" {number(m[1])} ", text)
