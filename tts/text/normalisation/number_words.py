"""Numbers in words, through num2words (LGPL, which gruut brings), with what it writes mended per language."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final

from tts.text.tracked import sub

MOST_FIGURES: Final = 15
"""Numbers of more are read digit by digit."""

# Where a long number is divided into words: its parts are words that a lexicon has, the whole is none.
_DIVIDED: Final = {
    "de": re.compile(r"(?<=tausend)(?=\w)|(?<=hundert)(?=\w)"),
    "nl": re.compile(r"(?<=duizend)(?=\w)|(?<=honderd)(?=\w)"),
    "it": re.compile(r"(?<=mila)(?=\w)|(?<=mille)(?=\w)"),
}


@lru_cache(maxsize=8192)
def cardinal(number: int, language: str) -> str:
    """Return a number of up to :data:`MOST_FIGURES` figures in words of ``language``, the first part of a tag."""
    from num2words import num2words

    words = str(num2words(number, lang=language))
    if language == "de":
        words = sub(r"\bein(?=hundert|tausend)", "", words)
    if language == "nl":
        words = sub(r"(?<=d)één", "een", words)
        words = sub(r"^een (?=mil|bil)", "één ", words)
    if language == "it":
        words = words.replace("dicotto", "diciotto")  # 118, 1918
    divided = _DIVIDED.get(language)
    return sub(divided, " ", words) if divided else words


@lru_cache(maxsize=4096)
def ordinal(number: int, language: str) -> str:
    """Return an ordinal number in words, in the form that num2words gives: German ``dritte``, French ``troisième``."""
    from num2words import num2words

    words = str(num2words(number, lang=language, to="ordinal"))
    if language == "de":
        words = sub(r"\bein(?=hundert|tausend)", "", words)
    return words


@lru_cache(maxsize=4096)
def year(number: int, language: str) -> str:
    """Return a year in words: in German and Dutch those from 1100 to 1999 by hundreds."""
    if language in ("de", "nl") and 1100 <= number <= 1999:
        hundreds, rest = divmod(number, 100)
        hundred = {"de": "hundert", "nl": "honderd"}[language]
        return f"{cardinal(hundreds, language)}{hundred} {cardinal(rest, language) if rest else ''}".strip()
    return cardinal(number, language)


def roman_number(numeral: str) -> int | None:
    """Return what a Roman numeral from 1 to 3999 in capitals means, None for letters in no such order."""
    tables = (
        ("", "M", "MM", "MMM"),
        ("", "C", "CC", "CCC", "CD", "D", "DC", "DCC", "DCCC", "CM"),
        ("", "X", "XX", "XXX", "XL", "L", "LX", "LXX", "LXXX", "XC"),
        ("", "I", "II", "III", "IV", "V", "VI", "VII", "VIII", "IX"),
    )
    match = re.fullmatch(r"(M{0,3})(CM|CD|D?C{0,3})(XC|XL|L?X{0,3})(IX|IV|V?I{0,3})", numeral)
    if not numeral or match is None:
        return None
    places = enumerate(zip(tables, match.groups(), strict=True))
    return sum(table.index(str(part)) * int(10 ** (3 - place)) for place, (table, part) in places)
