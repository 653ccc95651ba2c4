"""Italian read aloud: ``€ 2,50`` as *due euro e cinquanta*, ``il XIX secolo`` as *il diciannovesimo secolo*."""

from __future__ import annotations

import re
from typing import Final

from tts.text.normalisation import number_words
from tts.text.normalisation.reader import START, Reader
from tts.text.normalisation.tables import Tables, denominators, entries, in_order, words
from tts.text.tracked import sub

_MONTHS: Final = in_order("gennaio febbraio marzo aprile maggio giugno luglio agosto settembre ottobre novembre dicembre")

TABLES: Final = Tables(
    language="it",
    comma="virgola",
    point="punto",
    minus="meno",
    plus="più",
    to="a",
    versus="a",
    times="per",
    at="chiocciola",
    clock="ore",
    months=_MONTHS,
    units=entries("""
        kg: chilogrammo, chilogrammi; g: grammo, grammi; mg: milligrammo, milligrammi; t: tonnellata, tonnellate;
        km: chilometro, chilometri; m: metro, metri; cm: centimetro, centimetri; mm: millimetro, millimetri;
        km/h: chilometro all'ora, chilometri all'ora; m/s: metro al secondo, metri al secondo;
        m²: metro quadrato, metri quadrati; m2: metro quadrato, metri quadrati; mq: metro quadrato, metri quadrati;
        km²: chilometro quadrato, chilometri quadrati; m³: metro cubo, metri cubi; m3: metro cubo, metri cubi;
        ha: ettaro, ettari; l: litro, litri; L: litro, litri; ml: millilitro, millilitri; cl: centilitro, centilitri;
        dl: decilitro, decilitri; °C: grado Celsius, gradi Celsius; %: per cento; ‰: per mille; h: ora, ore;
        min: minuto, minuti; s: secondo, secondi; Hz: hertz; kHz: chilohertz; MHz: megahertz; GHz: gigahertz; W: watt;
        kW: chilowatt; kWh: chilowattora; V: volt; A: ampere; dB: decibel; kB: kilobyte; MB: megabyte; GB: gigabyte;
        TB: terabyte; kcal: chilocaloria, chilocalorie"""),
    currencies=entries("""
        €: euro, euro, centesimo, centesimi; EUR: euro, euro, centesimo, centesimi;
        euro: euro, euro, centesimo, centesimi; $: dollaro, dollari, centesimo, centesimi;
        USD: dollaro, dollari, centesimo, centesimi; £: sterlina, sterline, penny, pence; ¥: yen, yen;
        CHF: franco svizzero, franchi svizzeri, centesimo, centesimi"""),
    multipliers=entries("mln: milione, milioni; mld: miliardo, miliardi"),
    abbreviations=entries("""
        sig: signor; dott: dottor; prof: professor; ing: ingegner; avv: avvocato; ecc: eccetera; p.es: per esempio;
        pag: pagina; pagg: pagine; p: pagina; n: numero; a.C: avanti Cristo; d.C: dopo Cristo; art: articolo;
        cap: capitolo; vol: volume; fig: figura; tel: telefono; ca: circa; max: massimo; min: minimo; cfr: confronta;
        S: San; gen: gennaio; feb: febbraio; apr: aprile; ago: agosto; sett: settembre; ott: ottobre; nov: novembre;
        dic: dicembre; S.p.A: S P A"""),
    before_number=words("p pag pagg n art cap vol fig max min tel gen feb apr ago sett ott nov dic"),
    before_name=words("sig dott prof ing avv S"),
    may_end=words("ecc a.C d.C S.p.A"),
    signs=entries("""
        per: al; power: alla; ²: al quadrato; ³: al cubo; and: e; %: per cento; ‰: per mille; &: e; @: chiocciola;
        +: più; =: uguale; ×: per; ÷: diviso; ±: più o meno; <: minore di; >: maggiore di; ≤: minore o uguale a;
        ≥: maggiore o uguale a; ≈: circa; ~: circa; °: gradi; §: paragrafo; #: numero; №: numero; /: barra; →: verso;
        √: radice di; π: pi greco; ∞: infinito; ©: copyright; €: euro; £: sterline; $: dollari"""),
    fractions=denominators(
        "mezzo mezzi, terzo terzi, quarto quarti, quinto quinti, sesto sesti, settimo settimi, "
        "ottavo ottavi, nono noni, decimo decimi"
    ),
    spoken_as_words=words("""
    NATO ONU UNESCO UNICEF NASA ESA FIFA UEFA OPEC AIDS COVID RAI FIAT ISTAT ISO IVA IKEA SARS INPS ENEL ENI"""),
    telephone="tel|telefono|fax|Tel|Telefono|Fax|cell",
    date_pattern=r"(?<![\w./-])(?P<day>0?[1-9]|[12]\d|3[01])(?P<sep>[/.-])(?P<month>0?[1-9]|1[0-2])(?P=sep)"
    r"(?P<year>\d{4})(?![\w/-])",
)
_WITH_ENDINGS: Final = {
    "ad es.": "ad esempio",
    "sig.ra": "signora",
    "sig.na": "signorina",
    "dott.ssa": "dottoressa",
    "prof.ssa": "professoressa",
}
_RULERS: Final = words("""
    Luigi Carlo Enrico Filippo Federico Paolo Pio Giovanni Leone Gregorio Francesco Giorgio Vittorio Emanuele
    Umberto Ferdinando Napoleone Elisabetta Pietro Alessandro Benedetto Clemente Innocenzo Urbano Guglielmo Edoardo
    Caterina""")


class Italian(Reader):
    """The reader of Italian."""

    tables = TABLES

    def expand(self, text: str) -> str:
        """Return ``text`` as it is said; see :class:`Reader`."""
        for written, spoken in _WITH_ENDINGS.items():
            text = sub(rf"\b{re.escape(written)}(?!\w)", spoken, text, flags=re.IGNORECASE)
        return super().expand(text)

    def cardinal(self, number: int, after: str = "") -> str:
        """*Un, una* before a noun."""
        noun = re.match(r"\s*([a-zàèéìòù]+)", after)
        if number == 1 and noun and noun[1] not in _NOT_COUNTED:
            return "una" if noun[1].endswith(("a", "zione")) else "un"
        return number_words.cardinal(number, "it").replace("milione e ", "milione ").replace("milioni e ", "milioni ")

    def and_a_half(self, whole: str, noun: str) -> str:
        """The half follows the noun."""
        return f"{self.cardinal(int(whole), noun)} {noun} e {'mezza' if re.search('[ae]$', noun) else 'mezzo'}"

    def fraction(self, whole: str | None, upper: int, lower: int, after: str) -> str:
        """*Mezzo litro, mezza pagina*; *due e mezzo*."""
        if (upper, lower) != (1, 2):
            return super().fraction(whole, upper, lower, after)
        half = "mezza" if re.match(r"\s*\w+a\b", after) else "mezzo"
        return f"{self.cardinal(int(whole), after)} e {half}" if whole else half

    def decimals(self, digits: str) -> str:
        """Two figures are read as a number: *tre virgola quattordici*."""
        return self.cardinal(int(digits)) if len(digits) == 2 and digits[0] != "0" else self.digits(digits)

    def date(self, day: int, month: int, year: str, before: str) -> str:
        """*Dodici ottobre duemilaventuno*."""
        spoken = f"{'primo' if day == 1 else self.cardinal(day)} {_MONTHS[month - 1]}"
        return f"{spoken} {self.year(int(year))}" if year else spoken

    def times(self, text: str) -> str:
        """14:30, ore 8.05."""

        def read(match: re.Match[str]) -> str:
            return self.time(int(match[1]), int(match[2]))

        text = sub(r"(?<=\bore )([01]?\d|2[0-4])[.:]([0-5]\d)(?!\d)", read, text)
        return sub(rf"{START}([01]?\d|2[0-4]):([0-5]\d)(?![:\d])", read, text)

    def time(self, hour: int | None, minute: int | None, second: int | None = None) -> str:
        """*Quattordici e trenta*."""
        spoken = self.cardinal(hour or 0)
        return f"{spoken} e {self.cardinal(minute)}" if minute else spoken

    def hundredths(self, number: int, unit: tuple[str, ...]) -> str:
        """*Due euro e cinquanta*."""
        return f"e {self.cardinal(number)}"

    def of_millions(self, currency: str) -> str:
        """*Milioni di euro*."""
        return f"di {currency}"

    def romans(self, text: str) -> str:
        """XIX secolo, Luigi XIV, capitolo IV."""

        def ruler(match: re.Match[str]) -> str:
            value = number_words.roman_number(match[2])
            if value is None or match[1] not in _RULERS:
                return match[0]
            return f"{match[1]} {_ordinal(value, match[1].endswith('a'))}"

        def century(match: re.Match[str]) -> str:
            value = number_words.roman_number(match[1])
            return match[0] if value is None else _ordinal(value, False)

        def plain(match: re.Match[str]) -> str:
            value = number_words.roman_number(match[1])
            return match[0] if value is None else str(value)

        text = sub(r"\b([A-Z][a-zàèéìòù]+) ([IVXLC]+)(?![\w'-])", ruler, text)
        text = sub(r"(?<![\w.])([IVXLC]+)(?= secolo\b)", century, text)
        text = sub(r"(?<=\b[Cc]apitolo )([IVXLC]+)\b", plain, text)
        return sub(r"(?<![\w.'-])([IVX]{2,}|[XVI]*[XV][IVX]+)(?![\w'-])", plain, text)

    def ordinals(self, text: str) -> str:
        """2°, 1ª."""
        return sub(r"(?<![\w.,:/])(\d{1,3})([°ºª])(?![\w])", lambda m: _ordinal(int(m[1]), m[2] == "ª"), text)

    def initialisms(self, text: str) -> str:
        """After an elided article too: l'UE."""
        return super().initialisms(sub(r"\b([lLdD]|dell|nell|all)'(?=[A-Z]{2,5}\b)", r"\1' ", text)).replace("' ", "'")


def _ordinal(number: int, feminine: bool) -> str:
    spoken = number_words.ordinal(number, "it")
    return spoken[:-1] + "a" if feminine else spoken


_NOT_COUNTED: Final = words("e o a di in con per che è sono fu più meno virgola punto né al del da")

_READER: Final = Italian()
expand: Final = _READER.expand
continues: Final = _READER.continues
