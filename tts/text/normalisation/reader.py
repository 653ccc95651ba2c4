"""What European languages share in reading a text aloud: a :class:`Reader` whose tables and rules each language fills in.

The steps run from the longest pattern to the plain number, each of them writing words, so that what one has read is no
number any more for those after it. A decimal comma, and full stops or spaces between groups of three digits, are expected.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cached_property
from typing import Final

from tts.text.normalisation import number_words
from tts.text.normalisation.tables import Tables
from tts.text.tracked import sub

LETTER: Final = r"[^\W\d_]"
NUMBER: Final = r"(?:\d{1,3}(?:[. ]\d{3})+(?![\d]|[.,]\d{3}\b)(?:,\d+)?|\d+(?:,\d+)?)"
START: Final = r"(?<![\w.,:/-])"
END: Final = r"(?![\d]|[.,:/]\d)"
_DASH: Final = r"\s?[-–—]\s?"
FRACTION_SIGNS: Final = {"½": (1, 2), "¼": (1, 4), "¾": (3, 4), "⅓": (1, 3), "⅔": (2, 3), "⅕": (1, 5), "⅛": (1, 8)}


class Reader:
    """Reads the numbers and signs of one language aloud; a language overrides what it does otherwise."""

    tables: Tables

    def steps(self) -> list[Callable[[str], str]]:
        """Return the steps in their order."""
        return [
            self.addresses,
            self.abbreviations,
            self.dates,
            self.times,
            self.money,
            self.telephones,
            self.romans,
            self.compounds,
            self.ranges,
            self.units,
            self.fractions,
            self.ratios,
            self.ordinals,
            self.codes,
            self.numbers,
            self.initialisms,
            self.signs,
        ]

    def expand(self, text: str) -> str:
        """Return ``text`` with numbers, dates, amounts, units, abbreviations and signs as words."""
        text = sub(r"[\u2009\u202f\u00a0]", " ", text)
        text = sub(r"(?<=\d)[’'](?=\d{3}\b)", ".", text)  # Swiss groups
        for step in self.steps():
            text = step(text)
        return sub(r" {2,}", " ", text).strip()

    # -- numbers in words

    def cardinal(self, number: int, after: str = "") -> str:
        """Return a whole number in words before the text ``after``."""
        del after
        return number_words.cardinal(number, self.tables.language)

    def digits(self, text: str) -> str:
        """Return the digits of ``text`` one by one."""
        return " ".join(number_words.cardinal(int(c), self.tables.language) for c in text if c.isdigit())

    def decimals(self, digits: str) -> str:
        """Return what is read after the decimal comma."""
        return self.digits(digits)

    def value(self, number: str) -> tuple[int, str]:
        """Return the whole part and the digits after the comma of a written number."""
        whole, _, rest = sub(r"[. ]", "", number).partition(",")
        return int(whole), rest

    def amount(self, number: str, after: str = "") -> str:
        """Return a written number in words: grouped, decimal, or with leading zeros, which are read digit by digit."""
        plain = sub(r"[. ]", "", number).partition(",")[0]
        whole, rest = self.value(number)
        if len(plain) > number_words.MOST_FIGURES or (plain.startswith("0") and len(plain) > 1):
            words = self.digits(plain)
        else:
            words = self.cardinal(whole, "" if rest else after)
        return f"{words} {self.tables.comma} {self.decimals(rest)}" if rest else words

    def year(self, number: int) -> str:
        """Return a year in words."""
        return number_words.year(number, self.tables.language)

    def counted(self, number: str, forms: tuple[str, ...], after: str = "") -> str:
        """Return a number and the unit that it counts, in the singular or plural."""
        singular = self.value(number) == (1, "")
        return f"{self.amount(number, after or forms[0])} {forms[0] if singular else forms[-1]}"

    # -- steps

    def addresses(self, text: str) -> str:
        """Addresses of mail and of the web."""

        def read(match: re.Match[str]) -> str:
            address = sub(r"^https?://", "", match[0]).rstrip("/")
            pieces = re.split(r"([.@/_-])", address)
            names = {".": self.tables.point, "@": self.tables.at, "/": self.tables.signs["/"][0], "_": "", "-": ""}
            spoken = [names.get(piece, self._part(piece)) for piece in pieces]
            return " ".join(word for word in spoken if word)

        mail = r"[\w.+-]+@[\w-]+(?:\.[\w-]+)*\.[a-z]{2,}"
        web = r"(?:https?://[\w.-]+|www\.[\w-]+(?:\.[\w-]+)*|\b[a-z\d-]+\.(?:com|org|net|eu|de|nl|be|at|ch|fr|es|it))(?:/[\w/-]*)?(?!\w)"
        return sub(rf"{mail}|{web}", read, text)

    def _part(self, piece: str) -> str:
        if re.fullmatch(r"www|[a-z]{2}", piece):
            return " ".join(piece.upper())
        return piece

    @cached_property
    def _abbreviation(self) -> re.Pattern[str]:
        keys = sorted(self.tables.abbreviations, key=len, reverse=True)
        known = "|".join(r"\.\s?".join(map(re.escape, key.split("."))) for key in keys)
        return re.compile(rf"(?<![\w.])({known})\.(?!{LETTER})", re.IGNORECASE)

    def abbreviations(self, text: str) -> str:
        """Abbreviations that end in a full stop."""

        def read(match: re.Match[str]) -> str:
            written = sub(r"\s", "", match[1])
            key = self._known(written)
            reading = self.tables.abbreviations.get(key)
            after = text[match.end() :].lstrip()
            if (
                reading is None
                or (key in self.tables.before_number and not re.match(r"[\dIVXLC(]", after))
                or (key in self.tables.before_name and not (after[:1].isupper() or "\ue000" <= after[:1] <= "\uf8ff"))
            ):
                return match[0]
            word = reading[0]
            begins = match.start() == 0 or text[: match.start()].rstrip()[-1:] in ".!?"
            if begins and written[0].isupper() and not key[0].isupper():
                word = word[0].upper() + word[1:]
            ends = not sub(r"[)\"”“’»]", "", after) or (after[:1].isupper() and key in self.tables.may_end)
            return word + ("." if ends else " " if text[match.end() : match.end() + 1].isdigit() else "")

        return sub(self._abbreviation, read, text)

    def continues(self, before: str, after: str) -> bool:
        """Whether a sentence goes on after the full stop that stands between the texts ``before`` and ``after``."""
        start = before[-40:]
        text, stop = f"{start}.{after[:40]}", len(start)
        for match in self._abbreviation.finditer(text):
            if match.start() <= stop < match.end() and (key := self._known(sub(r"\s", "", match[1]))):
                following = text[match.end() :].lstrip()[:1]
                if match.end() == stop + 1 and key in self.tables.before_number and not following.isdigit():
                    return False
                return match.end() > stop + 1 or key not in self.tables.may_end or not following.isupper()
        return False

    def _known(self, written: str) -> str:
        """Return the abbreviation meant: as it stands, with a capital at its start, or dotted in any case; else ""."""
        small = written[:1].lower() + written[1:]
        alike = [key for key in self.tables.abbreviations if "." in key and key.lower() == written.lower()]
        return next((key for key in (written, small, *alike) if key in self.tables.abbreviations), "")

    def dates(self, text: str) -> str:
        """Dates in figures; a year of two figures is read as it stands."""

        def iso(match: re.Match[str]) -> str:
            return self.date(int(match[3]), int(match[2]), match[1], text[: match.start()])

        def usual(match: re.Match[str]) -> str:
            return self.date(int(match["day"]), int(match["month"]), match["year"] or "", text[: match.start()])

        text = sub(r"(?<![\w-])(\d{4})-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])(?![\w-])", iso, text)
        return sub(self.tables.date_pattern, usual, text)

    def date(self, day: int, month: int, year: str, before: str) -> str:
        """Return a date in words after the text ``before``; ``year`` is in figures or empty."""
        raise NotImplementedError

    def times(self, text: str) -> str:
        """Times of the day: with the word for the hour, after a preposition of time, or as 14:30."""
        clock = re.escape(self.tables.clock)
        hour, minute = r"([01]?\d|2[0-4])", r"([0-5]\d)"

        def read(match: re.Match[str]) -> str:
            return self.time(*(int(group) if group else None for group in match.groups()[:3]))

        minutes = self.tables.units["min"][-1]
        text = sub(
            rf"{START}(\d{{1,3}}):{minute}\s(?:[Mm]in\b\.?|{minutes}\b)",
            lambda m: f"{self.cardinal(int(m[1]))} {minutes} {self.cardinal(int(m[2]))}",
            text,
        )
        text = sub(rf"{START}{hour}[:.]{minute}(?:[:.]{minute})?\s*{clock}\b", read, text)
        text = sub(rf"(?<={self.tables.to} ){hour}[:.]{minute}()\s*{clock}\b", read, text)
        return sub(rf"{START}{hour}:{minute}(?::{minute})?(?!\s*{clock}|[:\d])", read, text)

    def time(self, hour: int | None, minute: int | None, second: int | None = None) -> str:
        """Return a time of the day in words."""
        words = [self.hour(hour or 0), self.tables.clock]
        if minute or second:
            words.append(self.cardinal(minute or 0))
        if second:
            words += [self.tables.signs["and"][0], self.counted(str(second), self.tables.units["s"])]
        return " ".join(words)

    def hour(self, hour: int) -> str:
        """Return an hour in words before the word for it."""
        return self.cardinal(hour, self.tables.clock)

    def money(self, text: str) -> str:
        """Amounts with a sign or code of a currency before or behind them, or its name behind a number with hundredths."""
        units = self.tables.currencies
        signs = "|".join(re.escape(key) for key in sorted(units, key=len, reverse=True))
        big = "|".join(re.escape(key) for key in sorted(self.tables.multipliers, key=len, reverse=True))
        text = sub(rf"((?:{signs})(?: ?{NUMBER})?) ?/ ?({LETTER}+)(?!\w)", self._per, text)
        amount = rf"({NUMBER})(,[-–—]{{1,2}})?(?:{_DASH}({NUMBER}))?(?:\s?({big})(?!\w)\.?)?"

        def before(match: re.Match[str]) -> str:
            return self.price(match[2], match[4], match[5], units[match[1]])

        def behind(match: re.Match[str]) -> str:
            return self.price(match[1], match[3], match[4], units[match[5]])

        text = sub(rf"(?<!\w)({signs})\s?{amount}{END}", before, text)
        text = sub(rf"{START}{amount}\s?({signs})(?!\w)", behind, text)
        names = {forms[1]: forms for forms in units.values()} | {forms[0]: forms for forms in units.values()}
        named = "|".join(map(re.escape, names))
        hundredths = rf"{START}(\d{{1,3}}(?:[. ]?\d{{3}})*,\d\d)\s({named})\b"
        return sub(hundredths, lambda match: self.price(match[1], None, None, names[match[2]]), text)

    def _per(self, match: re.Match[str]) -> str:
        unit = self.tables.units.get(match[2])
        return f"{match[1]} {self.tables.signs['per'][0]} {unit[0] if unit else match[2]}"

    def price(self, number: str, upper: str | None, multiplier: str | None, unit: tuple[str, ...]) -> str:
        """Return an amount of money in words; ``unit`` has one, many, one hundredth, many hundredths."""
        if upper:
            return f"{self.amount(number)} {self.tables.to} {self.price(upper, None, multiplier, unit)}"
        if multiplier:
            forms = self.tables.multipliers[multiplier]
            return f"{self.counted(number, forms)} {self.of_millions(unit[1])}"
        whole, rest = self.value(number)
        if len(rest) != 2:
            return self.counted(number, unit[:2])
        if not whole and int(rest) and unit[3:]:
            return self.counted(str(int(rest)), unit[2:4])
        main = self.counted(str(whole), unit[:2])
        return f"{main} {self.hundredths(int(rest), unit)}" if int(rest) else main

    def of_millions(self, currency: str) -> str:
        """Return what follows a million: the currency."""
        return currency

    def hundredths(self, number: int, unit: tuple[str, ...]) -> str:
        """Return the hundredths of an amount: a bare number."""
        del unit
        return self.cardinal(number)

    def telephones(self, text: str) -> str:
        """Telephone numbers, digit by digit."""

        def read(match: re.Match[str]) -> str:
            plus = f"{self.tables.plus} " if match["number"].startswith("+") else ""
            return f"{match['before'] or ''}{plus}{self.digits(match['number'])}"

        after_word = rf"(?P<before>\b(?:{self.tables.telephone})\.?:?\s+)(?P<number>\+?\d[\d /()-]*\d)"
        text = sub(after_word, read, text)
        shapes = rf"\+\d[\d /()-]{{6,}}\d|{START}0\d{{1,4}}[ /-]\d[\d -]{{2,}}\d|{START}0\d{{6,}}"
        return sub(rf"(?P<before>)(?P<number>{shapes})(?![\w,.:]\d)", read, text)

    def romans(self, text: str) -> str:
        """Roman numerals; nothing where a language has no rule."""
        return text

    def compounds(self, text: str) -> str:
        """Numbers that are part of a word; nothing where a language has no rule."""
        return sub(rf"{START}(\d+)\s?[x×]\s?(\d+)(?!\w)", rf"\1 {self.tables.times} \2", text)

    def ranges(self, text: str) -> str:
        """Ranges: 3-5, 10–20 %; a difference where an equals sign follows."""
        difference = rf"{START}({NUMBER}) [-–−] (?={NUMBER} ?=)"
        text = sub(difference, lambda m: f"{self.amount(m[1])} {self.tables.minus} ", text)
        text = sub(r"(?<=\d) ?= ?(?=\d)", f" {self.tables.signs['='][0]} ", text)
        text = sub(r"(?<=\d) ?\* ?(?=\d)", f" {self.tables.signs['×'][0]} ", text)
        text = sub(r"(?<=\w) ?\^ ?(?=\w)", f" {self.tables.signs['power'][0]} ", text)
        pattern = rf"(?<![\w.,:/–-])({NUMBER})( ?[%°]C?)?(?:[-–—]| [–—] |(?<=%) - )({NUMBER})(?![\w]*[-–/]\d|[\d])"
        text = sub(pattern, lambda m: self.range(m[1] + (m[2] or ""), m[3]), text)
        return sub(rf"(?<![\w\d])[-−–](?={NUMBER}(?![-–]))", f"{self.tables.minus} ", text)

    def range(self, lower: str, upper: str) -> str:
        """Return a range with its word; the numbers are read by later steps."""
        return f"{lower} {self.tables.to} {upper}"

    @cached_property
    def _unit(self) -> re.Pattern[str]:
        keys = "|".join(re.escape(key) for key in sorted(self.tables.units, key=len, reverse=True))
        return re.compile(rf"{START}({NUMBER})\s?({keys})(?![\w²³/])(\.(?=\s+{LETTER}|\s*$|,))?")

    def units(self, text: str) -> str:
        """Units behind a number; the full stop of an abbreviated one goes, but not that of a sentence."""

        def read(match: re.Match[str]) -> str:
            forms = self.tables.units[match[2]]
            after = text[match.end() :].lstrip()
            dotted = match[3] and len(match[2]) > 1 and (not after or not after[:1].isupper())
            return self.counted(match[1], forms) + ("." if match[3] and (not dotted or not after) else "")

        big = "|".join(re.escape(key) for key in sorted(self.tables.multipliers, key=len, reverse=True))
        text = sub(rf"{START}({NUMBER})\s?({big})(?!\w)\.?", lambda m: self.counted(m[1], self.tables.multipliers[m[2]]), text)
        return sub(self._unit, read, text)

    def fractions(self, text: str) -> str:
        """½, 2½, 3/4."""
        signs = "".join(FRACTION_SIGNS)
        units = "|".join(re.escape(key) for key in sorted(self.tables.units, key=len, reverse=True))
        measured = rf"(?<![\w/])((?:\d+ )?\d{{1,2}}/\d{{1,2}}|\d*[{signs}]) ?({units})(?![\w/²³])"
        text = sub(measured, lambda m: f"{m[1]} {self.tables.units[m[2]][0]}", text)
        text = sub(r"(?<![\w/.,])(\d+) ?½ (\w+)", lambda m: self.and_a_half(m[1], m[2]), text)
        text = sub(
            rf"(?<![\w/])(?:(\d+) ?)?([{signs}])", lambda m: self.fraction(m[1], *FRACTION_SIGNS[m[2]], text[m.end() :]), text
        )

        def read(match: re.Match[str]) -> str:
            upper, lower = int(match[2]), int(match[3])
            if not (0 < upper < lower and lower in self.tables.fractions):
                return f"{match[1] or ''} {match[2]} {match[3]}".strip()
            return self.fraction(match[1], upper, lower, text[match.end() :])

        return sub(r"(?<![\w/.,])(?:(\d+) )?(\d{1,2})/(\d{1,2})(?![\w/])", read, text)

    def and_a_half(self, whole: str, noun: str) -> str:
        """Return a number and a half of a noun in words."""
        return f"{self.fraction(whole, 1, 2, noun)} {noun}"

    def fraction(self, whole: str | None, upper: int, lower: int, after: str) -> str:
        """Return a fraction in words, behind a whole number or not, before the text ``after``."""
        del after
        one, many = self.tables.fractions[lower]
        words = f"{self.cardinal(upper, one)} {one if upper == 1 else many}"
        return f"{self.cardinal(int(whole))} {self.tables.signs['and'][0]} {words}" if whole else words

    def ratios(self, text: str) -> str:
        """3:2, 1:100; years beside a slash."""
        text = sub(r"(?<![\w:])(\d{4})/(\d{2,4})(?![\w/])", r"\1 \2", text)
        return sub(r"(?<![\w:.,])(\d+) ?: ?(\d+)(?![\w:])", rf"\1 {self.tables.versus} \2", text)

    def ordinals(self, text: str) -> str:
        """Ordinal numbers; nothing where a language has no rule."""
        return text

    def codes(self, text: str) -> str:
        """Letters against figures: A380, U2, MP3; 3.11 of a version; x²."""
        for sign in "²³":
            text = sub(rf"(?<=\b\w){sign}|(?<=\d){sign}", f" {self.tables.signs[sign][0]} ", text)

        def version(match: re.Match[str]) -> str:
            grouped = re.fullmatch(r"\d{1,3}(?:\.\d{3})+", match[0])
            return match[0] if grouped else f" {self.tables.point} ".join(match[0].split("."))

        text = sub(r"(?<![\w.,])\d+(?:\.\d+)+(?![\w]|[.,]\d)", version, text)
        text = sub(r"\b([A-Z]{1,3})-?(\d{1,4})(?![\w.,:]?\d)", lambda m: f"{' '.join(m[1])} {m[2]}", text)
        return sub(rf"(?<=\d)(?={LETTER})|(?<={LETTER})(?=\d)", " ", text)

    def numbers(self, text: str) -> str:
        """All numbers that are left."""

        def read(match: re.Match[str]) -> str:
            figures = match[0]
            if re.fullmatch(r"1[1-9]\d\d", figures):
                return self.year(int(figures))
            return self.amount(figures, text[match.end() :])

        return sub(rf"(?<![\d]){NUMBER}(?!\d)", read, text)

    def initialisms(self, text: str) -> str:
        """Two to five capitals that are no word, one letter after the other; not in a text that is all in capitals."""
        for written, spoken in self.tables.initialisms.items():
            text = sub(rf"(?<!\w){re.escape(written)}(?!\w)", spoken, text)
        if not re.search(r"[^\W\d_A-ZÀ-ÞÄÖÜ]", text) and len(re.findall(r"\w{2,}", text)) > 3:
            return text

        def read(match: re.Match[str]) -> str:
            if match[1] in self.tables.spoken_as_words:
                return match[0]
            return " ".join(match[1]) + (f" {match[2]}" if match[2] else "")

        return sub(r"(?<![\w'.])([A-ZÄÖÜ]{2,5})(s?)(?![\w'])", read, text)

    def signs(self, text: str) -> str:
        """Signs with a name."""
        for sign, words in self.tables.signs.items():
            if len(sign) == 1 and sign not in "/<>²³":
                text = text.replace(sign, f" {words[0]} ")
        for sign in "<>":
            text = sub(rf"(?<=\s){sign}(?=\s)", self.tables.signs[sign][0], text)
        return text
