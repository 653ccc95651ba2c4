"""Dates: days and months in every usual order, ranges of days and years, eras."""

from __future__ import annotations

import re
from typing import Final

from tts.text.normalisation.english.numbers import cardinal, ordinal, year
from tts.text.tracked import sub

_MONTHS: Final = "January February March April May June July August September October November December".split()  # noqa: SIM905
_SHORT: Final = {name[:3].lower(): name for name in _MONTHS} | {"sept": "September"} | {name.lower(): name for name in _MONTHS}
_DAYS: Final = "Monday Tuesday Wednesday Thursday Friday Saturday Sunday".split()  # noqa: SIM905
_WEEK: Final = (
    {name[:3].lower(): name for name in _DAYS}
    | {"tues": "Tuesday", "weds": "Wednesday", "thur": "Thursday"}
    | {"thurs": "Thursday"}
)
_MONTH: Final = (
    r"(?:January|February|March|April|May|June|July|August|September|October|November|December|"
    r"(?:Jan|Feb|Mar|Apr|Jun|Jul|Aug|Sept|Sep|Oct|Nov|Dec)\b\.?)"
)
_DAY: Final = r"(?:3[01]|[12]\d|0?[1-9])"
_YEAR: Final = r"(?:1\d{3}|20\d\d)"
_TO: Final = r"\s?[-–—]\s?"
_DAY_NAME: Final = r"(?:Mon|Tues?|Weds?|Thu(?:rs?)?|Fri|Sat|Sun)"


def month(name: str) -> str:
    """Return the full name of a month written in full or short, with or without a full stop."""
    return _SHORT[name.lower().rstrip(".")]


def month_name(number: int) -> str:
    """Return the name of a month from 1 to 12."""
    return _MONTHS[number - 1]


def is_calendar(word: str) -> bool:
    """Whether a word is a month or a day of the week, shortened: ``Apr``, ``Tues``."""
    return word[:1].isupper() and len(word) < 6 and (word.lower() in _SHORT or word.lower() in _WEEK) and word.lower() != "may"


def _day(text: str) -> str:
    return ordinal(text.lstrip("0"))


def _ending(text: str | None) -> str:
    """Return what is said of the year after a day and month, a space or comma before it."""
    if not text:
        return ""
    digits = sub(r"\D", "", text)
    return ("," if "," in text else "") + " " + year(digits)


def _month_first(match: re.Match[str]) -> str:
    if match[3] and int(match[3]) <= int(match[2]):
        return match[0]
    last = f" to {_day(match[3])}" if match[3] else ""
    return f"{month(match[1])} {_day(match[2])}{last}{_ending(match[4])}"


def _day_first(match: re.Match[str]) -> str:
    last = f" to the {_day(match[3])}" if match[3] else ""
    article = match[1] or "the "
    return f"{article}{_day(match[2])}{last} of {month(match[4])}{_ending(match[5])}"


def _numeric(match: re.Match[str]) -> str:
    """Read 12/25/2023 with the month first, and 25/12/2023 and 12.10.2021 with the day first."""
    first, mark, second, digits = match[1], match[2], match[3], match[4]
    day_first = int(first) > 12 or mark == "."
    day, number = (first, second) if day_first else (second, first)
    if not (1 <= int(number) <= 12 and 1 <= int(day) <= 31):
        return match[0]
    full = digits if len(digits) == 4 else ("20" if int(digits) < 50 else "19") + digits
    name = _MONTHS[int(number) - 1]
    said = f"the {_day(day)} of {name} {year(full)}" if day_first else f"{name} {_day(day)} {year(full)}"
    return (
        said.replace("the ", "", 1)
        if re.search(r"\bthe\s*$", match.string[max(match.start() - 6, 0) : match.start()])
        else said
    )


def _iso(match: re.Match[str]) -> str:
    number, day = int(match[2]), int(match[3])
    if not (1 <= number <= 12 and 1 <= day <= 31):
        return match[0]
    return f"{_MONTHS[number - 1]} {ordinal(str(day))} {year(match[1])}"


def _years(match: re.Match[str]) -> str:
    first, last = match[1], match[2]
    if len(last) == 2:
        if int(last) <= int(first[2:]):
            return match[0]
        return f"{year(first)} to {year(first[:2] + last) if last[0] == '0' else cardinal(last)}"
    return f"{year(first)} to {year(last)}" if int(last) > int(first) else match[0]


def _era(match: re.Match[str]) -> str:
    digits = match[1].replace(",", "")
    return f"{cardinal(digits) if len(digits) != 4 else year(digits)} {' '.join(match[2].replace('.', ''))}"


_PASSES: Final = (
    (re.compile(rf"(?<![\w/-])({_YEAR})[-/](\d\d)[-/](\d\d)(?![\w/-])"), _iso),
    (re.compile(r"(?<![\w/.-])(\d{1,2})([/.-])(\d{1,2})\2(\d{4}|\d\d)(?![\w/-]|\.\d)"), _numeric),
    (
        re.compile(
            rf"\b({_MONTH})\s*({_DAY})(?:st|nd|rd|th)?(?:{_TO}({_DAY})(?:st|nd|rd|th)?)?(?![\d:%]|\.\d|,\d{{3}}(?!\d))"
            rf"(,?\s*{_YEAR}\b(?!,\d))?"
        ),
        _month_first,
    ),
    (
        re.compile(
            rf"(?<![\d.,:/$€£-])\b(the\s+)?({_DAY})(?:st|nd|rd|th)?(?:{_TO}({_DAY})(?:st|nd|rd|th)?)?\s+(?:of\s+)?"
            rf"({_MONTH})(?![\w-])(,?\s*{_YEAR}\b(?!,\d))?"
        ),
        _day_first,
    ),
    (re.compile(rf"(?<![\w.,/$€£-])({_YEAR})[-–—/](\d{{4}}|\d\d)(?![\w/-]|[.,]\d)"), _years),
    (re.compile(r"(?<![\w.,])(\d{1,3}(?:,\d{3})?|\d{4})\s?(AD|BC|BCE|CE|A\.D\.|B\.C\.)(?![A-Za-z])"), _era),
    (re.compile(r"\b(AD|A\.D\.)\s?(\d{1,4})\b"), lambda m: f"A D {year(m[2]) if len(m[2]) == 4 else cardinal(m[2])}"),
    (re.compile(rf"\b({_MONTH}){_TO}({_MONTH})(?!\w)"), lambda m: f"{month(m[1])} to {month(m[2])}"),
    (re.compile(rf"\b({_DAY_NAME})\.?{_TO}({_DAY_NAME})\b\.?"), lambda m: f"{_WEEK[m[1].lower()]} to {_WEEK[m[2].lower()]}"),
    # A short month needs a full stop or a number beside it: Jan, May and Mar are words of their own.
    (
        re.compile(rf"\b((?:Jan|Feb|Apr|Jun|Jul|Aug|Sept|Sep|Oct|Nov|Dec)\b\.?)(?=,?\s+(?:of\s+)?{_YEAR}\b)"),
        lambda m: month(m[1]),
    ),
    (re.compile(r"\b((?:Jan|Feb|Apr|Aug|Sept|Oct|Nov|Dec)\.)(?=\s+[a-z]|[,;:)])"), lambda m: month(m[1])),
    (re.compile(rf"\bMar(?:\.(?=\s+[a-z])|\.?(?=\s+{_YEAR}\b))"), lambda m: "March"),
    (re.compile(r"\b(Mon|Tues?|Weds?|Thu(?:rs?)?|Fri)\.(?=\s|$|[,;:)])"), lambda m: _WEEK[m[1].lower()]),
    (re.compile(r"\b(Sat|Sun)\.(?=,|\s+(?:[a-z]|\d|(?:and|to|or)\b|" + _MONTH + r"))"), lambda m: _WEEK[m[1].lower()]),
    (
        re.compile(
            rf"\b({_DAY_NAME})(?=,?\s+(?:{_DAY}\b|the\s+(?:{_DAY}|\w+(?:th|st|nd|rd)\b)|{_MONTH}\s*(?:\d|(?:twenty|thirty)\b|\w+(?:th|st|nd|rd)\b)))"
        ),
        lambda m: _WEEK[m[1].lower()],
    ),
)


def expand_dates(text: str) -> str:
    """Read dates."""
    for pattern, read in _PASSES:
        text = sub(pattern, read, text)
    return text
