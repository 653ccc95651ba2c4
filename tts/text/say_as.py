"""``<say-as>`` of SSML: a text read as its author says that it is meant, in words that the front end reads.

Kinds are those of the W3C note "SSML 1.0 say-as attribute values" (26 May 2005) and ``spell-out``, ``verbatim``,
``digits`` and ``number``, which others add. What cannot be read as it is said to be raises :class:`TtsError`.
"""

from __future__ import annotations

import calendar
import re
import unicodedata
from collections.abc import Callable
from typing import Final

from tts.core.errors import TtsError
from tts.text.normalisation import expander, number_words
from tts.text.normalisation.english import dates as english_dates
from tts.text.normalisation.english import numbers as english_numbers
from tts.text.normalisation.reader import Reader
from tts.text.normalisation.signs import name_of
from tts.text.spoken_forms import SIGNS, primary

DATE_FORMATS: Final = ("mdy", "dmy", "ymd", "md", "dm", "ym", "my", "d", "m", "y")
TIME_FORMATS: Final = ("hms12", "hms24")


def say_as(text: str, kind: str, form: str, language: str) -> str:
    """Return ``text`` as it is to be read: ``kind`` is the attribute ``interpret-as``, ``form`` ``format`` or empty."""
    if kind not in _KINDS:
        raise TtsError(f"interpret-as is {kind!r}; there are {', '.join(KINDS)}")
    formats = _FORMATS.get(kind, ())
    if form and form not in formats:
        known = f"one of {', '.join(formats)}" if formats else f"none for {kind}"
        raise TtsError(f"format is {form!r}; expected {known}")
    if not text.strip():
        raise TtsError("holds no text")
    return _KINDS[kind](" ".join(text.split()), form, primary(language))


def _characters(text: str, form: str, language: str) -> str:
    del form
    said = []
    for character in unicodedata.normalize("NFC", text):
        if character.isdecimal():
            said.append(_cardinal(str(int(character)), language))
        elif character.isalpha():
            said.append(character.upper())
        elif said and unicodedata.category(character).startswith("M"):
            said[-1] += character  # a vowel sign or an accent of the letter before
        elif not character.isspace():
            said.append(_sign(character, language))
    if said == ["A"] and language == "en":
        return "[[ˈeɪ]]"  # alone it would be the article
    return " ".join(said)


def _sign(character: str, language: str) -> str:
    """Return the name of a sign in a language; one that has none there raises :class:`TtsError`."""
    names = _SIGNS.get(language, {})
    if language == "en":
        name = names.get(character) or name_of(character)
    else:
        reader = _reader(language)
        others = {} if reader is None else {sign: said[0] for sign, said in reader.tables.signs.items()}
        others = {**SIGNS.get(language, {}), **others}
        name = names.get(character) or ("" if character in "~–" else others.get(character, ""))  # "about" and "to"
    if not name:
        raise TtsError(f"the sign {character!r} has no name in the language {language!r}; write it in words with <sub>")
    return name


def _reader(language: str) -> Reader | None:
    """Return the rules of a language, None for English, whose are others, and for one without rules of its own."""
    reader = getattr(expander(language), "__self__", None)
    return reader if isinstance(reader, Reader) else None


def _digits(text: str, form: str, language: str) -> str:
    del form
    if not re.fullmatch(r"[\d\s.,/()-]*\d[\d\s.,/()-]*", text):
        raise TtsError(f"{text!r} holds more than digits; say interpret-as characters")
    return " ".join(_cardinal(digit, language) for digit in text if digit.isdecimal())


def _number(text: str, form: str, language: str) -> str:
    del form
    value = _whole(text, language)
    return text if value is None else _cardinal(str(value), language)  # a decimal or a fraction is read as it is


def _ordinal(text: str, form: str, language: str) -> str:
    del form
    value = _whole(re.sub(r"(?<=\d)(?:st|nd|rd|th|\.|e|de|ste|º|ª|er|ère|ème)$", "", text), language)
    if value is None:
        raise TtsError(f"{text!r} is no whole number, so it has no ordinal")
    if language == "en":
        return english_numbers.ordinal(str(value))
    return _or_refuse(number_words.ordinal, value, language)


def _whole(text: str, language: str) -> int | None:
    """Return a whole number, in figures with or without groups or as a Roman numeral; None for anything else."""
    groups = "," if language == "en" else "."
    plain = re.sub(rf"(?<=\d)[{groups} ](?=\d{{3}}(?:\D|$))", "", text)
    if plain.isdecimal() and len(plain) <= english_numbers.LONGEST:
        return int(plain)
    return number_words.roman_number(text)


def _date(text: str, form: str, language: str) -> str:
    if not form:
        return text
    figures = re.findall(r"\d+", text)
    if len(figures) != len(form) or not re.fullmatch(r"[\d\s./,-]+", text):
        raise TtsError(
            f"{text!r} is no date of the format {form}: expected {len(form)} numbers with spaces, . / , or - between"
        )
    parts = dict(zip(form, figures, strict=True))
    day, month = int(parts.get("d", "1")), int(parts.get("m", "1"))
    year = parts.get("y", "")
    if len(year) == 2:
        year = ("20" if int(year) < 50 else "19") + year
    if not (1 <= month <= 12 and 1 <= day <= _days(month if "m" in parts else 1, year)):
        raise TtsError(f"{text!r} is no date of the format {form}: there is no month {month} or no day {day} in it")
    if language == "en":
        return _english_date(parts, day, month, year)
    reader = _reader(language)
    if reader is None:
        raise TtsError(f"dates with a format are read in the languages with rules of their own, not in {language!r}")
    name = reader.tables.months[month - 1]
    spoken = reader.year(int(year)) if year else ""
    if "d" in parts and "m" in parts:
        return reader.date(day, month, year, "")
    words = (name if "m" in parts else "", spoken, _ordinal(str(day), "", language) if "d" in parts else "")
    return " ".join(word for word in words if word)


def _days(month: int, year: str) -> int:
    """Return the days of a month, in February those of a leap year where the year is not said."""
    if month == 2:
        return 29 if not year or calendar.isleap(int(year)) else 28
    return 30 if month in (4, 6, 9, 11) else 31


def _english_date(parts: dict[str, str], day: int, month: int, year: str) -> str:
    name = english_dates.month_name(month) if "m" in parts else ""
    spoken = english_numbers.ordinal(str(day)) if "d" in parts else ""
    return " ".join(part for part in (name, spoken, english_numbers.year(year) if year else "") if part)


def _time(text: str, form: str, language: str) -> str:
    del language
    plain = re.sub(r"^(\d{1,2})(\d\d)(?=\D|$)", r"\1:\2", text)
    if not form:
        return plain
    clock = "twelve" if form == "hms12" else "twenty-four"
    figures = [int(number) for number in re.findall(r"\d+", plain)]
    hour, rest = (figures[0], figures[1:]) if figures else (-1, [])
    right = 1 <= hour <= 12 if form == "hms12" else 0 <= hour <= 23 or (hour == 24 and not any(rest))
    half = re.search(r"(?<![^\W\d_])[ap]\.?\s?m\b", plain, re.IGNORECASE)
    if not right or len(rest) > 2 or any(number > 59 for number in rest) or (half and form == "hms24"):
        raise TtsError(f"{text!r} is no time of the {clock}-hour clock")
    return plain


def _telephone(text: str, form: str, language: str) -> str:
    del form
    if not re.fullmatch(r"\+?[\d\s()./-]*\d[\d\s()./-]*", text):
        raise TtsError(f"{text!r} is no telephone number: expected digits, spaces and ( ) . / -")
    groups = [" ".join(_cardinal(digit, language) for digit in group) for group in re.findall(r"\d+", text)]
    return (f"{_sign('+', language)} " if text.startswith("+") else "") + ", ".join(groups)


def _cardinal(digits: str, language: str) -> str:
    if language == "en":
        return english_numbers.cardinal(digits)
    return _or_refuse(number_words.cardinal, int(digits), language)


def _or_refuse(read: Callable[[int, str], str], value: int, language: str) -> str:
    try:
        return read(value, language)
    except NotImplementedError:
        raise TtsError(f"numbers in words are not known for the language {language!r}") from None


_SIGNS: Final = {  # as they are called where a text is spelled
    "en": {".": "dot", "-": "dash", "/": "slash", "@": "at", "_": "underscore", "#": "hash", "&": "and", "+": "plus",
           ":": "colon"},
    "de": {".": "Punkt", "-": "Strich", "/": "Schrägstrich", "@": "at", "_": "Unterstrich", "#": "Raute", "+": "plus",
           ":": "Doppelpunkt", ",": "Komma"},
    "nl": {".": "punt", "-": "streepje", "/": "schuine streep", "@": "apenstaartje", "_": "underscore", "#": "hekje",
           "+": "plus", ":": "dubbele punt", ",": "komma"},
    "fr": {".": "point", "-": "tiret", "/": "barre oblique", "_": "tiret bas", "#": "dièse", ":": "deux-points",
           ",": "virgule"},
    "es": {".": "punto", "-": "guion", "/": "barra", "_": "guion bajo", "#": "almohadilla", ":": "dos puntos",
           ",": "coma"},
    "it": {".": "punto", "-": "trattino", "/": "barra", "_": "trattino basso", "#": "cancelletto", ":": "due punti",
           ",": "virgola"},
}  # fmt: skip
_KINDS: Final[dict[str, Callable[[str, str, str], str]]] = {
    "characters": _characters,
    "spell-out": _characters,
    "verbatim": _characters,
    "digits": _digits,
    "cardinal": _number,
    "number": _number,
    "ordinal": _ordinal,
    "date": _date,
    "time": _time,
    "telephone": _telephone,
}
KINDS: Final = tuple(_KINDS)
_FORMATS: Final = {"date": DATE_FORMATS, "time": TIME_FORMATS}
