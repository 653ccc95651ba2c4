"""Amounts of money: signs and codes before or after the number, multipliers, ranges, and what they are for each of."""

from __future__ import annotations

import re
from typing import Final

from tts.text.normalisation.english.numbers import NUMBER, adjectival, cardinal, number
from tts.text.tracked import sub

_SIGNS: Final[dict[str, tuple[str, str, str, str]]] = {  # one, many, one and many hundredths
    "$": ("dollar", "dollars", "cent", "cents"),
    "€": ("euro", "euros", "cent", "cents"),
    "£": ("pound", "pounds", "penny", "pence"),
    "¥": ("yen", "yen", "", ""),
    "₹": ("rupee", "rupees", "paisa", "paise"),
    "₩": ("won", "won", "", ""),
    "₽": ("rouble", "roubles", "kopeck", "kopecks"),
    "₺": ("lira", "lira", "kurus", "kurus"),
    "₪": ("shekel", "shekels", "", ""),
    "₦": ("naira", "naira", "kobo", "kobo"),
    "฿": ("baht", "baht", "", ""),
    "₫": ("dong", "dong", "", ""),
    "₱": ("peso", "pesos", "", ""),
    "₿": ("bitcoin", "bitcoins", "", ""),
}
_OF: Final = {
    "US": "U S ",
    "AU": "Australian ",
    "A": "Australian ",
    "CA": "Canadian ",
    "C": "Canadian ",
    "NZ": "New Zealand ",
} | {"HK": "Hong Kong ", "S": "Singapore "}
_CODES: Final = {
    "USD": "U S dollars", "EUR": "euros", "GBP": "pounds", "JPY": "yen", "CHF": "Swiss francs", "CAD": "Canadian dollars",
    "AUD": "Australian dollars", "NZD": "New Zealand dollars", "INR": "rupees", "CNY": "yuan", "RMB": "yuan",
    "SEK": "Swedish kronor", "NOK": "Norwegian kroner", "DKK": "Danish kroner", "PLN": "zlotys", "CZK": "Czech crowns",
    "HUF": "forints", "RUB": "roubles", "TRY": "lira", "BRL": "reais", "MXN": "pesos", "ZAR": "rand", "KRW": "won",
    "SGD": "Singapore dollars", "HKD": "Hong Kong dollars", "BTC": "bitcoins", "ILS": "shekels", "THB": "baht",
}  # fmt: skip
MULTIPLIERS: Final = {
    "k": "thousand", "K": "thousand", "m": "million", "M": "million", "mn": "million", "mm": "million", "MM": "million",
    "mil": "million", "b": "billion", "B": "billion", "bn": "billion", "Bn": "billion", "t": "trillion", "T": "trillion",
    "tn": "trillion", "trn": "trillion",
}  # fmt: skip
_WORDS: Final = r"[\s-](?:hundred|thousand|million|billion|trillion)\b"
_TIMES: Final = rf"(?:({_WORDS})|\s?(bn|mn|tn|trn)\b|(k|K|mil|mm|MM|m|M|b|B|Bn|T|t)(?![A-Za-z]))?"
_SIGN: Final = "[" + "".join(_SIGNS) + "]"
_AMOUNT: Final = re.compile(
    rf"(?<![\w.])([-−–]\s?)?(US|AU|CA|NZ|HK|A|C|S)?({_SIGN})\s?([-−])?({NUMBER}|\.\d++){_TIMES}(?![\d])"
)
_RANGE: Final = re.compile(
    rf"({_SIGN})\s?({NUMBER}){_TIMES}\s?(?:[-–—]|\bto\b)\s?(?:{_SIGN})?\s?(\d++(?:,\d{{3}})*+(?:\.\d++)?+){_TIMES}(?![\d])"
)
_AFTER: Final = re.compile(rf"(?<![\w.])(?<!\d,)({NUMBER}|\d++,\d\d){_TIMES}\s?({_SIGN})(?![\w])")
_CENTS: Final = re.compile(rf"(?<![\w.])({NUMBER})\s?¢")
_PENCE: Final = re.compile(r"(?<![\w.,£])(\d{1,3}(?:\.\d)?)p\b(?!\s?x)")
_EUROPEAN: Final = re.compile(rf"({_SIGN}\s?)(\d{{1,3}}(?:\.\d{{3}})*),(\d\d)(?!\d)")
_CODE: Final = "|".join(_CODES)
PER: Final = {
    "hr": "hour", "h": "hour", "hrs": "hour", "mo": "month", "yr": "year", "wk": "week", "lb": "pound", "kg": "kilogram",
    "g": "gram", "min": "minute", "sec": "second", "s": "second", "d": "day", "oz": "ounce", "gal": "gallon", "mi": "mile",
    "km": "kilometre", "sq ft": "square foot", "kWh": "kilowatt hour", "GB": "gigabyte", "l": "litre", "L": "litre",
    "m": "metre",
}  # fmt: skip
_EACH: Final = re.compile(
    rf"(?<=[a-z])\s?/\s?({'|'.join(PER)}|hour|day|week|month|year|night|person|head|unit|item|piece|user|mile|pound|ounce|"
    r"minute|second|gallon|litre|liter|share|page|word|seat|ticket|barrel|dozen|visit|session|call|tonne|ton)\b"
)
_MARK: Final = "\u2060"  # stands after an amount until what it is for each of has been read


def _multiplier(*groups: str | None) -> str:
    written = next((group for group in groups if group), "").strip(" -")
    return MULTIPLIERS.get(written, written)


def _said(sign: str, digits: str, multiplier: str, adjective: bool = False) -> str:
    one, many, cent, cents = _SIGNS[sign]
    digits = "0" + digits if digits[0] == "." else digits
    if adjective:
        many = one
    if multiplier:
        return f"{number(digits)} {multiplier} {many}"
    whole, _, decimals = digits.partition(".")
    if len(decimals) != 2 or not cent:
        return f"{number(digits)} {one if digits == '1' else many}"
    low = f"{cardinal(str(int(decimals)))} {cent if decimals == '01' else cents}" if decimals != "00" else ""
    if not whole.strip("0,"):
        return low or f"zero {many}"
    return " ".join(f"{cardinal(whole)} {one if whole == '1' else many} {low}".split())


def _amount(match: re.Match[str]) -> str:
    minus, land, sign, inner, digits = match.group(1, 2, 3, 4, 5)
    following = match.string[match.end() : match.end() + 12]
    before = match.string[max(match.start() - 60, 0) : match.start()]
    adjective = adjectival(before, match.string[match.end() : match.end() + 60]) or bool(
        re.match(r"[\s-](?:bills?|notes?|coins?|banknotes?)\b|-[a-z]", following)
    )
    said = _said(sign, digits, _multiplier(*match.group(6, 7, 8)), adjective)
    if land:
        said = sub(rf"\b({_SIGNS[sign][0]})", _OF[land] + r"\1", said, count=1)
    negative = inner or (minus and not before.rstrip()[-1:].isdigit())
    return f"{'minus ' if negative else ' to ' if minus else ''}{said}{_MARK}"


def _range(match: re.Match[str]) -> str:
    first, last = _multiplier(*match.group(3, 4, 5)), _multiplier(*match.group(7, 8, 9))
    low = f"{number(match[2])} {first if first != last else ''}".strip()
    if "." in match[2] and not last:
        low = _said(match[1], match[2], first)
    return f"{low} to {_said(match[1], match[6], last or first)}{_MARK}"


def _after(match: re.Match[str]) -> str:
    digits = match[1]
    if re.fullmatch(r"\d+,\d\d", digits):
        digits = digits.replace(",", ".")
    return _said(match[5], digits, _multiplier(*match.group(2, 3, 4))) + _MARK


def expand_money(text: str) -> str:
    """Read amounts of money."""
    if re.search(_SIGN, text):
        text = sub(_EUROPEAN, lambda m: f"{m[1]}{m[2].replace('.', '')}.{m[3]}", text)
        text = sub(_RANGE, _range, text)
        text = sub(_AMOUNT, _amount, text)
        text = sub(_AFTER, _after, text)
    text = sub(_CENTS, lambda m: f"{number(m[1])} cent{'' if m[1] == '1' else 's'}{_MARK}", text)
    text = sub(r"\b(480|720|1080|1440|2160)([pi])\b", lambda m: f"{_lines(m[1])} {m[2].upper()}", text)
    text = sub(_PENCE, lambda m: f"{number(m[1])} {'penny' if m[1] == '1' else 'pence'}{_MARK}", text)
    text = sub(
        rf"(?<![\w.])({NUMBER}){_TIMES}\s?({_CODE})\b",
        lambda m: f"{number(m[1])} {_multiplier(*m.group(2, 3, 4))} {_CODES[m[5]]}{_MARK}", text,
    )  # fmt: skip
    text = sub(
        rf"\b({_CODE})\s?({NUMBER}){_TIMES}(?!\d)",
        lambda m: f"{number(m[2])} {_multiplier(*m.group(3, 4, 5))} {_CODES[m[1]]}{_MARK}", text,
    )  # fmt: skip
    if _MARK in text:
        text = sub(rf"{_MARK}\s?/\s?", " /", text)
        text = sub(_EACH, lambda m: f" per {PER.get(m[1], m[1])}", text).replace(_MARK, "")
    return text


def _lines(digits: str) -> str:
    return f"{cardinal(digits[:-2])} {cardinal(digits[-2:])}"
