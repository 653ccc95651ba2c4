"""Japanese: the few signs that Open JTalk leaves out or reads otherwise; numbers and counters are its own."""

from __future__ import annotations

import re
import unicodedata
from typing import Final

from tts.text.tracked import sub

_CURRENCIES: Final = {"$": "ドル", "€": "ユーロ", "£": "ポンド", "¥": "円", "￥": "円"}
_NUMBER: Final = r"\d+(?:,\d{3})*(?:\.\d+)?"


def expand(text: str) -> str:
    """Return ``text`` with times, amounts, fractions, ranges and dates in figures as a Japanese writes them to be read."""
    text = sub("[０-９：／％＄]", lambda match: unicodedata.normalize("NFKC", match[0]), text)
    text = sub(r"(?<![\d:])(\d{1,2}):([0-5]\d)(?![\d:])", lambda m: f"{m[1]}時" + (f"{m[2]}分" if int(m[2]) else ""), text)
    text = sub(r"(?<!\d)(\d{4})[/-](0?[1-9]|1[0-2])[/-](0?[1-9]|[12]\d|3[01])(?!\d)", _date, text)
    signs = "".join(_CURRENCIES)
    text = sub(rf"([{signs}]) ?({_NUMBER})", lambda m: m[2] + _CURRENCIES[m[1]], text)
    text = sub(r"(?<![\d/])(\d{1,2})/(\d{1,3})(?![\d/])", r"\2分の\1", text)
    text = sub(rf"(?<=\d)([^\d\s]{{0,2}})\s?[〜～~-]\s?(?={_NUMBER})", r"\1から", text)
    text = sub(r"(?<=\d)\s?°C|℃", "度", text)
    return sub(r"[〜～]", "ー", text)


def _date(match: re.Match[str]) -> str:
    return f"{match[1]}年{int(match[2])}月{int(match[3])}日"
