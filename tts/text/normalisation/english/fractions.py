"""Fractions written with one sign or with a stroke, alone or after a whole number, and other pairs of numbers with a stroke."""

from __future__ import annotations

import re
import unicodedata
from typing import Final

from tts.text.normalisation.english.dates import month
from tts.text.normalisation.english.numbers import cardinal, ordinal, plural
from tts.text.tracked import sub

_SIGNS: Final = "½⅓⅔¼¾⅕⅖⅗⅘⅙⅚⅐⅛⅜⅝⅞⅑⅒"
_MIXED: Final = re.compile(rf"(?<![\w.])(\d++)?\s?([{_SIGNS}])")
_STROKE: Final = re.compile(
    r"(?<![\w.,/$€£-])(?:(\d{1,4})[ -])?(\d{1,4})\s?/\s?(\d{1,4})(st|nd|rd|th|ths|rds)?(?![\w/]|[.,]\d|-\d)"
)
_FIXED: Final = {
    "24/7": "twenty four seven", "9/11": "nine eleven", "7/7": "seven seven", "50/50": "fifty fifty", "20/20": "twenty twenty",
    "60/40": "sixty forty", "80/20": "eighty twenty", "70/30": "seventy thirty", "4/4": "four four", "6/8": "six eight",
    "24/7/365": "twenty four seven three sixty five",
}  # fmt: skip
_DATE_BEFORE: Final = re.compile(
    r"\b(?:(?:Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)day,?|on|by|until|till|since|from|dated?|due|before|after|of)(?:\sthe)?\s*$",
    re.I,
)
_SCORE_OF: Final = re.compile(r"\b(?:scores?|ratings?|marks?|grades?|results?)\sof\s*$", re.I)
_SCORE_AFTER: Final = re.compile(r"\s(?:on|in|for)\s(?:the|a|my|his|her|our|your|their|this|that|every|each|all)\b")
_SCORE_BEFORE: Final = re.compile(
    r"\b(?:rated?|scored?|score|gave|got|give|gives|rating|marks?|him|her|it|a|solid)(?:\sit|\sa|\sof)?:?\s*$", re.I
)


def say(top: str, bottom: str) -> str:
    """Return a fraction as words: ``three quarters``, ``one half``, ``five eighths``, ``three over two hundred and five``."""
    over, under = int(top), int(bottom)
    if under == 2:
        return "one half" if over == 1 else f"{cardinal(top)} halves"
    if under == 4:
        return "one quarter" if over == 1 else f"{cardinal(top)} quarters"
    name = ordinal(bottom)
    return f"{cardinal(top)} {name if over == 1 else plural(name)}"


def _sign(match: re.Match[str]) -> str:
    top, _, bottom = unicodedata.normalize("NFKC", match[2]).partition("⁄")
    return _mixed(match[1], say(top, bottom))


def _mixed(whole: str | None, said: str) -> str:
    if not whole:
        return said
    return f"{cardinal(whole)} and {sub('^one (?=half|quarter)', 'a ', said)}"


def _stroke(match: re.Match[str]) -> str:
    whole, top, bottom, ending = match.groups()
    before, after = match.string[max(match.start() - 60, 0) : match.start()], match.string[match.end() : match.end() + 60]
    over, under = int(top), int(bottom)
    spaced = bool(re.search(r"\s", match[0][match.start(2) - match.start() :]))
    if spaced and not re.match(r"\s*of\b", after):
        return f"{match[1] or ''} {cardinal(top)} divided by {cardinal(bottom)}"
    if whole and under < 1000 and over < under and not (len(top) > 1 and top[0] == "0"):
        return _mixed(whole, say(top, bottom))
    prefix = f"{cardinal(whole)} " if whole else ""
    fixed = _FIXED.get(f"{top}/{bottom}")
    if fixed and not re.match(r"\s*of\b", after):
        return prefix + fixed
    if under in (5, 10, 20, 50, 100) and _is_score(over, under, before, after):
        return f"{prefix}{cardinal(top)} out of {cardinal(bottom)}"
    if _DATE_BEFORE.search(before) and 1 <= over <= 12 and 1 <= under <= 31 and not re.match(r"\s*of\b", after):
        return f"{prefix}{month(_NAMES[over - 1])} {ordinal(bottom)}"
    stars = re.match(r"\s(?:stars?|points?)\b", after)
    if stars or (
        under in (5, 10, 100, 20)
        and _SCORE_BEFORE.search(before)
        and not re.match(r"\s*of\b|\s(?!(?:on|in|for|from|and|but|so|overall)\b)[a-z]", after)
    ):
        return f"{prefix}{cardinal(top)} out of {cardinal(bottom)}"
    if ending or (over < under and under >= 2 and (under <= 20 or under in (24, 25, 30, 32, 40, 50, 60, 64, 100, 128, 1000))):
        return prefix + say(top, bottom)
    return f"{prefix}{cardinal(top)} over {cardinal(bottom)}"


def _is_score(over: int, under: int, before: str, after: str) -> bool:
    """Whether a pair is a score where neither a date nor a fraction is meant: ``score of 5/10``, ``an 8/10 film``."""
    if _SCORE_OF.search(before):
        return True
    if under not in (10, 20, 100) or over < 2 or _DATE_BEFORE.search(before):
        return False
    film = re.search(r"\b(?:a|an)\s$", before) and re.match(r"\s(?!of\b)[a-z]{3,}", after)
    return bool(film) or _SCORE_AFTER.match(after) is not None


_NAMES: Final = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split()  # noqa: SIM905


def expand_fractions(text: str) -> str:
    """Read fractions."""
    if any(sign in text for sign in _SIGNS):
        text = sub(_MIXED, _sign, text)
        text = sub(rf"[{_SIGNS}]", lambda m: f" {say(*unicodedata.normalize('NFKC', m[0]).split('⁄'))} ", text)
    if "/" in text:
        text = text.replace("24/7/365", _FIXED["24/7/365"])
        text = sub(_STROKE, _stroke, text)
    return text
