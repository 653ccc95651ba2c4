"""French read aloud: ``2,50 €`` as *deux euros cinquante*, ``XIXe siècle`` as *dix-neuvième siècle*."""

from __future__ import annotations

import re
from typing import Final

from tts.text.normalisation import number_words
from tts.text.normalisation.reader import START, Reader
from tts.text.normalisation.tables import Tables, denominators, entries, in_order, words
from tts.text.tracked import sub

_MONTHS: Final = in_order("janvier février mars avril mai juin juillet août septembre octobre novembre décembre")

TABLES: Final = Tables(
    language="fr",
    comma="virgule",
    point="point",
    minus="moins",
    plus="plus",
    to="à",
    versus="à",
    times="sur",
    at="arobase",
    clock="h",
    months=_MONTHS,
    units=entries("""
        kg: kilogramme, kilogrammes; g: gramme, grammes; mg: milligramme, milligrammes; t: tonne, tonnes;
        km: kilomètre, kilomètres; m: mètre, mètres; cm: centimètre, centimètres; mm: millimètre, millimètres;
        km/h: kilomètre par heure, kilomètres par heure; m/s: mètre par seconde, mètres par seconde;
        m²: mètre carré, mètres carrés; m2: mètre carré, mètres carrés; km²: kilomètre carré, kilomètres carrés;
        m³: mètre cube, mètres cubes; m3: mètre cube, mètres cubes; ha: hectare, hectares; l: litre, litres;
        L: litre, litres; ml: millilitre, millilitres; cl: centilitre, centilitres; dl: décilitre, décilitres;
        °C: degré Celsius, degrés Celsius; °: degré, degrés; %: pour cent; ‰: pour mille; h: heure, heures;
        min: minute, minutes; mn: minute, minutes; s: seconde, secondes; Hz: hertz; kHz: kilohertz; MHz: mégahertz;
        GHz: gigahertz; W: watt, watts; kW: kilowatt, kilowatts; kWh: kilowattheure, kilowattheures; V: volt, volts;
        A: ampère, ampères; dB: décibel, décibels; Ko: kilooctet, kilooctets; Mo: mégaoctet, mégaoctets;
        Go: gigaoctet, gigaoctets; To: téraoctet, téraoctets; kcal: kilocalorie, kilocalories"""),
    currencies=entries("""
        €: euro, euros, centime, centimes; EUR: euro, euros, centime, centimes; euros: euro, euros, centime, centimes;
        $: dollar, dollars, cent, cents; USD: dollar, dollars, cent, cents; £: livre, livres, penny, pence;
        ¥: yen, yens; CHF: franc suisse, francs suisses, centime, centimes; F: franc, francs, centime, centimes"""),
    multipliers=entries("""
        M: million, millions; Md: milliard, milliards; Mds: milliard, milliards"""),
    abbreviations=entries("""
        M: monsieur; MM: messieurs; p.ex: par exemple; etc: et cetera; c.-à-d: c'est-à-dire; env: environ; p: page;
        pp: pages; av.J.-C: avant Jésus-Christ; apr.J.-C: après Jésus-Christ; ap.J.-C: après Jésus-Christ;
        chap: chapitre; fig: figure; art: article; vol: volume; éd: édition; tél: téléphone; max: maximum; min: minimum;
        janv: janvier; févr: février; avr: avril; juill: juillet; sept: septembre; oct: octobre; nov: novembre;
        déc: décembre; bd: boulevard; cf: confer; hab: habitants; n.d.l.r: note de la rédaction; prof: professeur;
        s.v.p: s'il vous plaît"""),
    before_number=words("p pp chap fig art vol max min"),
    before_name=words("M MM bd prof"),
    may_end=words("etc av.J.-C apr.J.-C ap.J.-C s.v.p"),
    signs=entries("""
        per: par; power: puissance; ²: au carré; ³: au cube; and: et; %: pour cent; ‰: pour mille; &: et; @: arobase;
        +: plus; =: égale; ×: fois; ÷: divisé par; ±: plus ou moins; <: inférieur à; >: supérieur à;
        ≤: inférieur ou égal à; ≥: supérieur ou égal à; ≈: environ; ~: environ; °: degrés; §: paragraphe; #: numéro;
        №: numéro; /: barre oblique; →: vers; √: racine de; π: pi; ∞: infini; ©: copyright; €: euros; £: livres;
        $: dollars"""),
    fractions=denominators(
        "demi demis, tiers, quart quarts, cinquième cinquièmes, sixième sixièmes, "
        "septième septièmes, huitième huitièmes, neuvième neuvièmes, dixième dixièmes"
    ),
    spoken_as_words=words("""
    OTAN ONU UNESCO UNICEF NASA ESA FIFA UEFA OPEP SIDA COVID ZEP SMIC INSEE FNAC ISO PACS IKEA SARS"""),
    telephone="tél|téléphone|fax|Tél|Téléphone|Fax",
    date_pattern=r"(?<![\w./-])(?P<day>0?[1-9]|[12]\d|3[01])(?P<sep>[/.-])(?P<month>0?[1-9]|1[0-2])(?P=sep)"
    r"(?P<year>\d{4})(?![\w/-])",
    initialisms={
        "Mme": "madame",
        "Mmes": "mesdames",
        "Mlle": "mademoiselle",
        "Dr": "docteur",
        "Pr": "professeur",
        "Me": "maître",
    },
)
_FEMININE: Final = re.compile(
    r"\s*(?:\w+(?:tion|té|ette|ence|ance|ure|esse|ine|ille)s?|heures?|minutes?|secondes?|tonnes?|livres?|fois|"
    r"pommes?|personnes?|femmes?|filles?|maisons?|semaines?|années?|page|pages|place|places|kilocalories?)\b"
)
_RANK: Final = r"(?:er|re|e|ème|eme|ère|nd|nde)"


class French(Reader):
    """The reader of French."""

    tables = TABLES

    def cardinal(self, number: int, after: str = "") -> str:
        """*Une* before a feminine noun."""
        spoken = number_words.cardinal(number, "fr")
        return f"{spoken}e" if spoken.endswith("un") and _FEMININE.match(after) else spoken

    def and_a_half(self, whole: str, noun: str) -> str:
        """The half follows the noun."""
        return f"{self.cardinal(int(whole), noun)} {noun} et {'demie' if _FEMININE.match(noun) else 'demi'}"

    def fraction(self, whole: str | None, upper: int, lower: int, after: str) -> str:
        """*Trois quarts, deux et demi*."""
        words = super().fraction(None, upper, lower, after)
        if not whole:
            return words
        return f"{self.cardinal(int(whole), after)} et {'demi' if (upper, lower) == (1, 2) else words}"

    def decimals(self, digits: str) -> str:
        """Two figures are read as a number: *trois virgule quatorze*."""
        return self.cardinal(int(digits)) if len(digits) == 2 and digits[0] != "0" else self.digits(digits)

    def abbreviations(self, text: str) -> str:
        """*Numéro* too."""
        return super().abbreviations(sub(r"\b[nN][°º]\s?(?=\d)", "numéro ", text))

    def date(self, day: int, month: int, year: str, before: str) -> str:
        """*Douze octobre deux mille vingt et un*."""
        first = "premier" if day == 1 else self.cardinal(day)
        return f"{first} {_MONTHS[month - 1]} {self.year(int(year))}" if year else f"{first} {_MONTHS[month - 1]}"

    def times(self, text: str) -> str:
        """14h30, 8 h 05."""

        def read(match: re.Match[str]) -> str:
            return self.time(int(match[1]), int(match[2] or 0))

        text = sub(rf"{START}([01]?\d|2[0-4]) ?[hH] ?([0-5]\d)(?!\w)", read, text)
        text = sub(rf"{START}([01]?\d|2[0-4]) ?[hH](?![\w/])()", read, text)
        return sub(rf"{START}([01]?\d|2[0-4]):([0-5]\d)(?![:\d])", read, text)

    def time(self, hour: int | None, minute: int | None, second: int | None = None) -> str:
        """*Quatorze heures trente*."""
        spoken = self.counted(str(hour or 0), self.tables.units["h"])
        return f"{spoken} {self.cardinal(minute, 'minutes')}" if minute else spoken

    def telephones(self, text: str) -> str:
        """Five pairs of figures, each as a number."""

        def pairs(match: re.Match[str]) -> str:
            return " ".join(self.amount(pair) for pair in re.findall(r"\d\d", match[0]))

        return super().telephones(sub(rf"{START}0\d(?:[ .-]?\d\d){{4}}(?!\d)", pairs, text))

    def of_millions(self, currency: str) -> str:
        """*Millions d'euros, de dollars*."""
        return f"d'{currency}" if currency[0] in "aeiou" else f"de {currency}"

    def romans(self, text: str) -> str:
        """XIXe siècle, François Ier, Louis XIV."""

        def rank(match: re.Match[str]) -> str:
            value = number_words.roman_number(match[1])
            return match[0] if value is None else f"{value}{match[2]}"

        def plain(match: re.Match[str]) -> str:
            value = number_words.roman_number(match[1])
            return match[0] if value is None else str(value)

        text = sub(rf"(?<![\w.])([IVXLC]+)({_RANK})\b", rank, text)
        text = sub(r"(?<=\b[Cc]hapitre )([IVXLC]+)\b", plain, text)
        return sub(r"(?<![\w.'-])([IVX]{2,}|[XVI]*[XV][IVX]+)(?![\w'-])", plain, text)

    def ordinals(self, text: str) -> str:
        """1er, 1re, 2e, 3ème."""

        def read(match: re.Match[str]) -> str:
            if match[1] == "1":
                return "première" if match[2] in ("re", "ère") else "premier"
            if match[1] == "2" and match[2].startswith("nd"):
                return "second" if match[2] == "nd" else "seconde"
            return number_words.ordinal(int(match[1]), "fr")

        return sub(rf"(?<![\w.,:/])(\d{{1,4}})({_RANK})\b", read, text)

    def initialisms(self, text: str) -> str:
        """After an elided article too: l'UE."""
        return super().initialisms(sub(r"\b([ldLD])'(?=[A-Z]{2,5}\b)", r"\1' ", text)).replace("' ", "'")


_READER: Final = French()
expand: Final = _READER.expand
continues: Final = _READER.continues
