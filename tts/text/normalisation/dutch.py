"""Dutch read aloud: ``€ 2,50`` as *twee euro vijftig*, ``de 2e`` as *de tweede*."""

from __future__ import annotations

import re
from typing import Final

from tts.text.normalisation import number_words
from tts.text.normalisation.reader import START, Reader
from tts.text.normalisation.tables import Tables, denominators, entries, in_order, words
from tts.text.tracked import sub

_MONTHS: Final = in_order("januari februari maart april mei juni juli augustus september oktober november december")

TABLES: Final = Tables(
    language="nl",
    comma="komma",
    point="punt",
    minus="min",
    plus="plus",
    to="tot",
    versus="op",
    times="bij",
    at="at",
    clock="uur",
    months=_MONTHS,
    units=entries("""
        kg: kilogram; g: gram; gr: gram; mg: milligram; µg: microgram; t: ton; km: kilometer; m: meter; cm: centimeter;
        mm: millimeter; µm: micrometer; nm: nanometer; km/u: kilometer per uur; km/h: kilometer per uur;
        m/s: meter per seconde; m²: vierkante meter; m2: vierkante meter; km²: vierkante kilometer;
        km2: vierkante kilometer; cm²: vierkante centimeter; m³: kubieke meter; m3: kubieke meter;
        cm³: kubieke centimeter; ha: hectare; l: liter; L: liter; ml: milliliter; cl: centiliter; dl: deciliter;
        °C: graad Celsius, graden Celsius; ° C: graad Celsius, graden Celsius; °F: graad Fahrenheit, graden Fahrenheit;
        °: graad, graden; %: procent; ‰: promille; u: uur; h: uur; s: seconde, seconden; min: minuut, minuten;
        sec: seconde, seconden; ms: milliseconde, milliseconden; Hz: hertz; kHz: kilohertz; MHz: megahertz;
        GHz: gigahertz; W: watt; kW: kilowatt; MW: megawatt; kWh: kilowattuur; Wh: wattuur; V: volt; A: ampère;
        mA: milliampère; J: joule; kJ: kilojoule; kcal: kilocalorie, kilocalorieën; dB: decibel; hPa: hectopascal;
        bar: bar; pk: paardenkracht; kB: kilobyte; KB: kilobyte; MB: megabyte; GB: gigabyte; TB: terabyte;
        Mbps: megabit per seconde; tl: theelepel, theelepels; el: eetlepel, eetlepels; l/100 km: liter op honderd kilometer;
        l/100km: liter op honderd kilometer; st: stuk, stuks; mnd: maand, maanden"""),
    currencies=entries("""
        €: euro, euro, cent, cent; EUR: euro, euro, cent, cent; euro: euro, euro, cent, cent;
        $: dollar, dollar, cent, cent; USD: dollar, dollar, cent, cent; £: pond, pond, penny, pence;
        GBP: pond, pond, penny, pence; ¥: yen, yen; ƒ: gulden, gulden, cent, cent;
        CHF: Zwitserse frank, Zwitserse frank; BEF: frank, frank; dollar: dollar, dollar, cent, cent"""),
    multipliers=entries("""
        mln: miljoen; mln.: miljoen; miljoen: miljoen; mld: miljard; mld.: miljard; miljard: miljard; duizend: duizend;
        biljoen: biljoen; mio: miljoen"""),
    abbreviations=entries("""
        bijv: bijvoorbeeld; bv: bijvoorbeeld; b.v: bijvoorbeeld; enz: enzovoort; etc: et cetera; o.a: onder andere;
        d.w.z: dat wil zeggen; m.a.w: met andere woorden; t.o.v: ten opzichte van; i.p.v: in plaats van;
        i.v.m: in verband met; m.b.t: met betrekking tot; t.a.v: ter attentie van; n.a.v: naar aanleiding van;
        d.m.v: door middel van; i.o.v: in opdracht van; i.s.m: in samenwerking met; m.u.v: met uitzondering van;
        m.i.v: met ingang van; t.b.v: ten behoeve van; t.g.v: ten gevolge van; t.w: te weten; a.u.b: alstublieft;
        z.o.z: zie ommezijde; e.d: en dergelijke; e.a: en andere; e.v: en volgende; a.s: aanstaande; jl: jongstleden;
        m.n: met name; m.i: mijns inziens; o.i.d: of iets dergelijks; z.g: zogenaamd; zgn: zogenaamd; zg: zogenaamd;
        n.v.t: niet van toepassing; v.Chr: voor Christus; n.Chr: na Christus; vs: versus; t.e.m: tot en met;
        t.n.v: ten name van; dr: dokter; prof: professor; ir: ingenieur; ing: ingenieur; mr: meester; drs: doctorandus;
        ds: dominee; st: Sint; dhr: de heer; mevr: mevrouw; mw: mevrouw; fam: familie; jr: junior; sr: senior;
        nr: nummer; nrs: nummers; blz: bladzijde; p: pagina; pag: pagina; art: artikel; afb: afbeelding; tab: tabel;
        hfst: hoofdstuk; par: paragraaf; ca: circa; evt: eventueel; incl: inclusief; excl: exclusief; max: maximaal;
        min: minimaal; vgl: vergelijk; resp: respectievelijk; ong: ongeveer; tel: telefoon; geb: geboren; ov: overleden;
        gem: gemiddeld; afd: afdeling; vnl: voornamelijk; jan: januari; feb: februari; apr: april; aug: augustus;
        sep: september; sept: september; okt: oktober; nov: november; dec: december; ma: maandag; di: dinsdag;
        wo: woensdag; do: donderdag; vr: vrijdag; za: zaterdag; zo: zondag; d.d: de dato; p.p: per persoon;
        m.vr.gr: met vriendelijke groet; fig: figuur; nl: namelijk; o.l.v: onder leiding van;
        c.q: casu quo; i.c: in casu;
        s.v.p: s'il vous plaît; q.q: qualitate qua; g.g.d: grootste gemene deler"""),
    before_number=words("""
    nr nrs blz p pag art afb tab par hfst fig jan feb apr aug sep sept okt nov dec ma di wo do vr za zo min max ov"""),
    before_name=words("dr prof ir ing mr drs ds st fam"),
    may_end=words("enz etc e.d e.a e.v a.u.b o.i.d n.v.t v.Chr n.Chr jl jr sr z.o.z a.s s.v.p"),
    signs=entries("""
        per: per; power: tot de macht; ²: kwadraat; ³: tot de derde; and: en; %: procent; ‰: promille; &: en; @: at;
        +: plus; =: is; ×: keer; ÷: gedeeld door; ±: plusminus; <: kleiner dan; >: groter dan;
        ≤: kleiner dan of gelijk aan; ≥: groter dan of gelijk aan; ≈: ongeveer; ~: ongeveer; °: graden; §: paragraaf;
        #: nummer; №: nummer; /: slash; →: naar; √: wortel; π: pi; ∞: oneindig; ©: copyright; €: euro; £: pond;
        $: dollar"""),
    fractions=denominators("tweede, derde, kwart, vijfde, zesde, zevende, achtste, negende, tiende"),
    spoken_as_words=words("""
    NAVO UNESCO UNICEF NASA ESA FIFA UEFA OPEC AIDS COVID PIN SIM RAM ROM HAVO MAVO NATO ASEAN IKEA CITO SARS ISO
    WAO WIA HEMA ABBA"""),
    telephone="tel|telefoon|telefoonnummer|fax|mobiel|bel|Tel|Telefoon|Bel|Fax",
    date_pattern=r"(?<![\w./-])(?P<day>0?[1-9]|[12]\d|3[01])(?P<sep>[/-])(?P<month>0?[1-9]|1[0-2])(?P=sep)"
    r"(?P<year>\d{4}|\d\d)(?![\w/-])",
    initialisms={"PvdA": "P V D A", "PhD": "P H D"} | {name: " ".join(name.upper()) for name in words("tv btw dvd cd hbo mbo")},
)

_ORDINALS: Final = r"(?:ste|de|e)"
_RULERS: Final = words("""
    Willem Lodewijk Karel Hendrik Filips Leopold Boudewijn Albert Albrecht Johannes Paulus Pius Elizabeth Elisabeth
    Catharina Peter Nicolaas Alexander Leo Gregorius Frans George Maximiliaan Ferdinand Rudolf Frederik Gustaaf
    Christiaan Innocentius Benedictus Clemens Urbanus Napoleon Ramses Eduard Jacobus Richard Harald Jozef Jan
    Margaretha Beatrix Philip Charles Henry Otto Floris Maurits Dirk Constantijn Darius""")


class Dutch(Reader):
    """The reader of Dutch."""

    tables = TABLES

    def expand(self, text: str) -> str:
        """Return ``text`` as it is said; see :class:`Reader`."""
        text = sub(r"\bt/m\b", "tot en met", text)
        text = sub(r"\b(ma|di|wo|do|vr|za|zo)(?= \d{1,2} [a-z]{3,})", lambda m: _DAYS[m[1]], text)
        months = "|".join(name[:3] for name in _MONTHS) + "|sept"
        text = sub(rf"(?<=\d )({months})(?:\.|(?= \d{{4}}\b))", lambda m: _month(m[1]), text)
        text = sub(r"\b([Mm])et vr\. ?gr\.", r"\1et vriendelijke groet", text)
        text = sub(r"(?<![\w'])[’'](?=[3-9]\d\b(?!\d|[.,]\d))", "", text)  # '60
        text = sub(rf"{START}([2-9]0)[’'-]?(?=er\b)", lambda m: self.cardinal(int(m[1])), text)
        days = "|".join(_DAYS)
        text = sub(rf"\b({days})(?= tot en met (?:{days})\b)", lambda m: _DAYS[m[1].lower()], text, flags=re.IGNORECASE)
        text = sub(rf"(?<=dag tot en met )({days})\b", lambda m: _DAYS[m[1]], text)
        text = sub(rf"\b({days})\.?(?=,? \d{{1,2}}(?:[-–:.]| ?u))", lambda m: _DAYS[m[1]], text)
        text = sub(rf"\b({days})[-–]({days})\b", lambda m: f"{_DAYS[m[1]]} tot {_DAYS[m[2]]}", text)
        return super().expand(text)

    def decimals(self, digits: str) -> str:
        """Two figures are read as a number: *drie komma veertien*."""
        return self.cardinal(int(digits)) if len(digits) == 2 and digits[0] != "0" else self.digits(digits)

    def date(self, day: int, month: int, year: str, before: str) -> str:
        """*Twaalf oktober tweeduizend eenentwintig*."""
        words = [self.cardinal(day), _MONTHS[month - 1]]
        return " ".join([*words, self.year(int(year))] if year else words)

    def times(self, text: str) -> str:
        """Flemish 20u30 and 18u too."""
        text = sub(rf"{START}([01]?\d|2[0-4])u([0-5]\d)\b", lambda m: self.time(int(m[1]), int(m[2])), text)
        text = sub(rf"{START}([01]?\d|2[0-4])\.([0-5]\d) u\b\.?", lambda m: self.time(int(m[1]), int(m[2])), text)
        text = sub(rf"{START}([01]?\d|2[0-4])u\b", lambda m: self.time(int(m[1]), 0), text)
        return super().times(text)

    def range(self, lower: str, upper: str) -> str:
        """A falling pair, such as a score, has no word between."""
        falling = lower.isdigit() and upper.isdigit() and int(lower) > int(upper)
        return f"{lower} {upper}" if falling else super().range(lower, upper)

    def romans(self, text: str) -> str:
        """Rulers: Willem III; XXe eeuw; elsewhere a plain number."""

        def ruler(match: re.Match[str]) -> str:
            value = number_words.roman_number(match[2])
            if value is None or match[1] not in _RULERS:
                return match[0]
            return f"{match[1]} de {number_words.ordinal(value, 'nl')}"

        def plain(match: re.Match[str]) -> str:
            value = number_words.roman_number(match[1])
            return match[0] if value is None else str(value)

        text = sub(r"\b([A-Z][a-z]+) ([IVXLC]+)(?![\w'-])", ruler, text)
        text = sub(r"(?<![\w.])([IVXLC]+)(?=(?:de|ste|e)\b)", plain, text)
        text = sub(
            r"(?<=\bdeel )([IVXLC]+)\b|(?<=\bhoofdstuk )([IVXLC]+)\b", lambda m: plain(m) if m[1] else _roman(m[2]), text
        )
        return sub(r"(?<![\w.'-])([IVX]{2,}|[XVI]*[XV][IVX]+)(?![\w'-])", plain, text)

    def compounds(self, text: str) -> str:
        """18-jarig, 3x, 80er."""
        text = sub(rf"{START}(\d+)[x×](?=\s(?!\d))", r"\1 keer", text)
        text = sub(rf"{START}(\d+)-(?=[a-z])", lambda m: self.cardinal(int(m[1])).replace(" ", "").replace("één", "een"), text)
        text = sub(r"(?<=\d) ?× ?(?=\d)", " keer ", text)
        return super().compounds(text)

    def fraction(self, whole: str | None, upper: int, lower: int, after: str) -> str:
        """*Een halve liter, anderhalf, twee en een half, drie kwart*."""
        if lower == 2:
            if whole == "1":
                return "anderhalf"
            half = (
                "een half" if whole or re.match(r"\s*(?:uur|jaar|kilo|pond|glas|brood|procent|punt)\b", after) else "een halve"
            )
            return f"{self.cardinal(int(whole))} en {half}" if whole else half
        words = super().fraction(None, upper, lower, after).replace("één", "een")
        return f"{self.cardinal(int(whole))} en {words}" if whole else words

    def ordinals(self, text: str) -> str:
        """2e, 3de, 1ste, 17e-eeuws."""
        pattern = rf"(?<![\w.,:/])(\d{{1,4}}){_ORDINALS}(?=-eeuws)-|(?<![\w.,:/])(\d{{1,4}}){_ORDINALS}\b"
        return sub(pattern, lambda m: number_words.ordinal(int(m[1] or m[2]), "nl") + (" " if m[1] else ""), text)


def _roman(numeral: str) -> str:
    return str(number_words.roman_number(numeral) or numeral)


def _month(start: str) -> str:
    return next((name for name in _MONTHS if name.startswith(start[:3])), start)


_DAYS: Final = dict(
    zip(in_order("ma di wo do vr za zo"), in_order("maandag dinsdag woensdag donderdag vrijdag zaterdag zondag"), strict=True)
)

_READER: Final = Dutch()
expand: Final = _READER.expand
continues: Final = _READER.continues
