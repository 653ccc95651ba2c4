"""Cleaning text before an engine reads it, so that every engine sees the same few signs and none of them drops a word.

What comes out holds words, numbers, apostrophes and hyphens inside words, and the breaks ``, ; : . ? !`` directly after a word.
Quotes vanish, dashes, brackets and dots of omission become breaks, signs with a reading become words. A sign that is left over
is for the engine to name in its error: nothing that might be a word is thrown away here.
"""

from __future__ import annotations

import re
import unicodedata
from typing import Final

from tts.text.normalisation import LETTER_MARK, expander
from tts.text.normalisation.characters import plain_characters
from tts.text.normalisation.markup import strip_markup
from tts.text.normalisation.signs import name_signs, without_emoticons
from tts.text.spoken_forms import CURRENCIES, MAY_END, MULTIPLIERS, SIGNS, abbreviation, primary
from tts.text.tracked import composed, spaced, sub

VERSION: Final = 9  # part of an engine's identity: raise it when the same text comes out differently

LETTER = r"[^\W\d_]"
_UNSEEN = {"Cc", "Cf", "Cs", "Co", "Cn"}  # control, format, private use, ...: nothing a reader sees

# One sign for each of its many shapes. Ideographic punctuation is followed by no space, so it gets one.
_SHAPES: Final[dict[int, str]] = {
    **dict(zip(map(ord, "؟،؛।⁄∕"), "?,;.//", strict=True)),
    **dict.fromkeys(map(ord, "’‘ʼʹ′`´＇"), "'"),
    **dict.fromkeys(map(ord, '"“”„‟«»‹›〝〞「」『』″＂¡¿•‣▪■●◦|¦*_\\^'), " "),
    **dict.fromkeys(map(ord, "—―⸺⸻"), " — "),
    **dict.fromkeys(map(ord, "‐‑⁃−"), "-"),
    **dict.fromkeys(map(ord, "()[]{}（）【】〔〕"), " , "),
    **dict(zip(map(ord, "。！？；：，、"), [". ", "! ", "? ", "; ", ": ", ", ", ", "], strict=True)),
    ord("…"): "...",
}
_STRONGEST = "?!.;:,"


def clean(text: str) -> str:
    """Return ``text`` in Unicode's composed form, with single spaces and without invisible characters."""
    text = composed(text)
    if not text.isascii() or not text.isprintable():
        text = sub(r"[^ -~]", lambda match: _seen(match[0]), text)
    return spaced(text)


def _seen(character: str) -> str:
    if character.isspace():
        return " "
    return "" if unicodedata.category(character) in _UNSEEN else character


def normalise(text: str, language: str) -> str:
    """Return ``text`` as an engine should get it (see the module). ``text`` has been through :func:`clean`.

    Characters of the private use area pass untouched: the caller marks words there whose pronunciation is already known.
    """
    text = plain_characters(strip_markup(without_emoticons(text))).replace(LETTER_MARK, " ")
    if (expand := expander(language)) is not None:
        text = expand(text)
        text = sub(r"(?<=\w)\.(?=,)", "", text)  # of an abbreviation, after which the sentence goes on
    if primary(language) != "en":
        text = _numbers(_abbreviations(text, language), language)
    text = sub(r"(?<=\s)[-–]+(?=[\s.,;:!?])|--+|(?<=\D)–(?=\D)", " — ", (" " + text + " ").translate(_SHAPES))
    text = _signs(name_signs(text, language), language)
    text = sub(r"(?<!\.)\.\.+(?=\s*[^\W\d_A-Z])|\s—\s", ", ", text)  # omission before a small letter, or a dash
    text = sub(rf"({LETTER})([,;:!?]+)({LETTER}|[\ue000-\uf8ff])", r"\1\2 \3", text)
    text = sub(rf"(?<={LETTER})[/–](?={LETTER})", " ", text)
    text = sub(r"(?<=[.,;:!?])'+(?=\s|$)|(?<=\s)'+(?=[\s.,;:!?]|$)", "", text)  # closing single quotes
    text = _one_break(spaced(text))
    return _quiet(text)


def _abbreviations(text: str, language: str) -> str:
    def read(match: re.Match[str]) -> str:
        after = text[match.end() :]
        reading = abbreviation(match[1], after, language)
        if reading is None:
            return match[0]
        following = after.lstrip()[:1]
        ends = not following or (following.isupper() and match[1].lower() in MAY_END)
        return reading + ("." if ends else "")

    return sub(rf"(?<![\w.])({LETTER}+(?:\.{LETTER}+)*)\.(?=\s|$|[,;:)\"”’?!])", read, text)


def _numbers(text: str, language: str) -> str:
    """Currency before its amount, leading zeros, digits against letters."""
    units = CURRENCIES.get(primary(language), {})
    if units:
        # Begun at the first digit and never shortened, or a thousand digits would be read a million times.
        signs, number = "".join(map(re.escape, units)), r"(?<!\d)(?<!\d[.,])\d++(?:[.,]\d++)*+"
        before = rf"([{signs}])\s*({number})(?:\s+({MULTIPLIERS})\b)?"
        text = sub(before, lambda match: _amount(match[2], match[3] or "", units[match[1]]), text)
        text = sub(rf"({number})\s*([{signs}])", lambda match: _amount(match[1], "", units[match[2]]), text)
    text = sub(r"(?<![\d.,])\.(?=\d)", "0.", text)
    text = sub(r"\b(\d{1,2}):(\d\d)\b", r"\1 \2", text)
    text = sub(rf"(?<=\d)(?!(?:e|de|ste|er|ère|º|ª)\b)(?={LETTER})", " ", text)
    return sub(rf"(?<={LETTER})(?=\d)", " ", _zeros(text))


def _amount(number: str, multiplier: str, unit: tuple[str, str]) -> str:
    one, many = unit
    if multiplier:
        return f"{number} {multiplier} {many}"
    parts = re.fullmatch(r"(.+)[.,](\d\d)", number)
    if parts is None:
        return f"{number} {one if number == '1' else many}"
    whole, cents = parts[1], int(parts[2])
    return f"{whole} {one if whole == '1' else many}" + (f" {cents}" if cents else "")


def _zeros(text: str) -> str:
    """Read 007 digit by digit."""
    return sub(r"(?<![\d.,:/-])0\d+(?![.,:/-]?\d)", lambda match: " ".join(match[0]), text)


_FRACTIONS = {"1/2": "½", "1/4": "¼", "3/4": "¾"}


def _signs(text: str, language: str) -> str:
    words = SIGNS.get(primary(language), {})
    text = sub(r"(?<![\d/])(?:1/2|1/4|3/4)(?![\d/])", lambda match: _FRACTIONS[match[0]], text) if "½" in words else text
    text = sub(r"\b([A-Z]{1,3})&([A-Z]{1,3})\b", lambda match: f"{' '.join(match[1])} & {' '.join(match[2])}", text)
    text = sub(r"\bwww(?=\.)", "W W W", text)
    for sign, word in words.items():
        if sign not in ".<>–":
            text = text.replace(sign, f" {word} ")
    if "–" in words:
        text = sub(r"(?<=\d)–(?=\d)", f" {words['–']} ", text)
    if "." in words:  # example.com, but not "ends.Next" and not "a.m"
        text = sub(rf"(?<={LETTER})\.(?=[^\W\d_A-Z]{{2}})", f" {words['.']} ", text)
    text = sub(rf"(?<={LETTER}{{2}})\.(?={LETTER}{{2}})", ". ", text)
    for sign in "<>":
        if sign in words:
            between = rf"(?<=\s){sign}(?=\s)|(?<=\b\w){sign}(?=\w\b)|(?<=\b\w )\s?{sign}(?=\w\b)|(?<=\b\w){sign}(?=\s\w\b)"
            text = sub(between, f" {words[sign]} ", text)
        text = sub(rf"{sign}(?=\w)|(?<=\w){sign}", " ", text)
    return text


def _one_break(text: str) -> str:
    """Leave the strongest of a run of break signs, directly after its word."""

    def strongest(match: re.Match[str]) -> str:
        found = match[0].replace(" ", "")
        return min(found, key=_STRONGEST.index) + " "

    text = sub(r"(?:\s*[.,;:!?])+(?=\s|$)", strongest, text)
    text = sub(r"\s+", " ", text).strip()
    return sub(r"^[.,;:!?]+(?=\s|$)", "", text).strip()


def _quiet(text: str) -> str:
    """Write a sentence that is all in capitals in small letters, so that it is not spelled out."""
    shouted = text == text.upper() and len(re.findall(rf"{LETTER}{{2,}}", text)) > 3
    return text.lower() if shouted else text
