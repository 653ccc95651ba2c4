"""Spanish read aloud: ``21 €`` as *veintiún euros*, ``Felipe II`` as *Felipe segundo*."""

from __future__ import annotations

import re
from typing import Final

from tts.text.normalisation import number_words
from tts.text.normalisation.reader import START, Reader
from tts.text.normalisation.tables import Tables, denominators, entries, in_order, words
from tts.text.tracked import sub

_MONTHS: Final = in_order("enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre diciembre")

TABLES: Final = Tables(
    language="es",
    comma="coma",
    point="punto",
    minus="menos",
    plus="más",
    to="a",
    versus="a",
    times="por",
    at="arroba",
    clock="h",
    months=_MONTHS,
    units=entries("""
        kg: kilogramo, kilogramos; g: gramo, gramos; mg: miligramo, miligramos; t: tonelada, toneladas;
        km: kilómetro, kilómetros; m: metro, metros; cm: centímetro, centímetros; mm: milímetro, milímetros;
        km/h: kilómetro por hora, kilómetros por hora; m/s: metro por segundo, metros por segundo;
        m²: metro cuadrado, metros cuadrados; m2: metro cuadrado, metros cuadrados;
        km²: kilómetro cuadrado, kilómetros cuadrados; m³: metro cúbico, metros cúbicos;
        m3: metro cúbico, metros cúbicos; ha: hectárea, hectáreas; l: litro, litros; L: litro, litros;
        ml: mililitro, mililitros; cl: centilitro, centilitros; °C: grado Celsius, grados Celsius;
        ºC: grado Celsius, grados Celsius; °: grado, grados; %: por ciento; ‰: por mil; h: hora, horas;
        min: minuto, minutos; s: segundo, segundos; Hz: hercio, hercios; kHz: kilohercio, kilohercios;
        MHz: megahercio, megahercios; GHz: gigahercio, gigahercios; W: vatio, vatios; kW: kilovatio, kilovatios;
        kWh: kilovatio hora, kilovatios hora; V: voltio, voltios; A: amperio, amperios; dB: decibelio, decibelios;
        kB: kilobyte, kilobytes; MB: megabyte, megabytes; GB: gigabyte, gigabytes; TB: terabyte, terabytes;
        kcal: kilocaloría, kilocalorías"""),
    currencies=entries("""
        €: euro, euros, céntimo, céntimos; EUR: euro, euros, céntimo, céntimos; euros: euro, euros, céntimo, céntimos;
        $: dólar, dólares, centavo, centavos; USD: dólar, dólares, centavo, centavos;
        £: libra, libras, penique, peniques; ¥: yen, yenes; CHF: franco suizo, francos suizos, céntimo, céntimos"""),
    multipliers=entries("M: millón, millones"),
    abbreviations=entries("""
        Sr: señor; Sra: señora; Srta: señorita; Sres: señores; D: don; Dña: doña; Dr: doctor; Dra: doctora;
        Prof: profesor; p.ej: por ejemplo; etc: etcétera; pág: página; págs: páginas; p: página; EE.UU: Estados Unidos;
        a.C: antes de Cristo; d.C: después de Cristo; a.m: A M; p.m: P M; Ud: usted; Uds: ustedes; Vd: usted;
        tel: teléfono; aprox: aproximadamente; máx: máximo; mín: mínimo; cap: capítulo; art: artículo; vol: volumen;
        fig: figura; núm: número; Avda: avenida; Av: avenida; Sto: santo; Sta: santa; S.A: S A; S.L: S L;
        c.c: centímetros cúbicos"""),
    before_number=words("p pág págs cap art vol fig núm máx mín tel"),
    before_name=words("Sr Sra Srta Sres D Dña Dr Dra Prof Sto Sta Av Avda"),
    may_end=words("etc EE.UU a.C d.C a.m p.m Ud Uds S.A S.L"),
    signs=entries("""
        per: por; power: elevado a; ²: al cuadrado; ³: al cubo; and: y; %: por ciento; ‰: por mil; &: y; @: arroba;
        +: más; =: igual a; ×: por; ÷: dividido por; ±: más menos; <: menor que; >: mayor que; ≤: menor o igual que;
        ≥: mayor o igual que; ≈: aproximadamente; ~: aproximadamente; °: grados; §: sección; #: número; №: número;
        /: barra; →: hacia; √: raíz de; π: pi; ∞: infinito; ©: copyright; €: euros; £: libras; $: dólares"""),
    fractions=denominators(
        "medio medios, tercio tercios, cuarto cuartos, quinto quintos, sexto sextos, "
        "séptimo séptimos, octavo octavos, noveno novenos, décimo décimos"
    ),
    spoken_as_words=words("""
    OTAN ONU UNESCO UNICEF NASA ESA FIFA UEFA OPEP SIDA COVID ISO IVA RENFE ONCE PYME OVNI IKEA SARS AVE"""),
    telephone="tel|teléfono|fax|Tel|Teléfono|Fax|móvil",
    date_pattern=r"(?<![\w./-])(?P<day>0?[1-9]|[12]\d|3[01])(?P<sep>[/.-])(?P<month>0?[1-9]|1[0-2])(?P=sep)"
    r"(?P<year>\d{4})(?![\w/-])",
)
_RULERS: Final = words("""
    Felipe Carlos Isabel Alfonso Fernando Juan Pablo Pío Luis Enrique Francisco Pedro Sancho Ramiro Jaime""")
_ORDINALS: Final = in_order("primero segundo tercero cuarto quinto sexto séptimo octavo noveno décimo")


class Spanish(Reader):
    """The reader of Spanish."""

    tables = TABLES

    def cardinal(self, number: int, after: str = "") -> str:
        """*Un, veintiún* before a noun, *una, doscientas* before a feminine plural in -as."""
        spoken = number_words.cardinal(number, "es")
        noun = re.match(r"\s*([a-záéíóúñ]+)", after)
        if noun and noun[1] not in _NOT_COUNTED:
            feminine = re.search(r"(?:as|a|ción|dad|iones|dades)$", noun[1]) and noun[1] not in _MASCULINE
            if spoken.endswith("uno"):
                spoken = spoken[:-1] + "a" if feminine else sub(r"veintiuno$", "veintiún", spoken).removesuffix("o")
            return sub(r"(?<=cient)os|(?<=quiniént)os|(?<=quinient)os", "as", spoken) if feminine else spoken
        return spoken

    def and_a_half(self, whole: str, noun: str) -> str:
        """The half follows the noun."""
        return f"{self.cardinal(int(whole), noun)} {noun} y {'media' if re.search('as?$', noun) else 'medio'}"

    def fraction(self, whole: str | None, upper: int, lower: int, after: str) -> str:
        """*Medio litro, media hora*; *dos y medio*."""
        if (upper, lower) != (1, 2):
            return super().fraction(whole, upper, lower, after)
        half = "media" if re.match(r"\s*\w+a\b", after) else "medio"
        return f"{self.cardinal(int(whole), after)} y {half}" if whole else half

    def decimals(self, digits: str) -> str:
        """Two figures are read as a number: *tres coma catorce*."""
        return self.cardinal(int(digits)) if len(digits) == 2 and digits[0] != "0" else self.digits(digits)

    def abbreviations(self, text: str) -> str:
        """*Número* too."""
        return super().abbreviations(sub(r"\b[nN]\.?[°º]\s?(?=\d)", "número ", text))

    def date(self, day: int, month: int, year: str, before: str) -> str:
        """*Doce de octubre de dos mil veintiuno*."""
        spoken = f"{self.cardinal(day)} de {_MONTHS[month - 1]}"
        return f"{spoken} de {self.year(int(year))}" if year else spoken

    def times(self, text: str) -> str:
        """14:30, with *h* or without."""
        pattern = rf"{START}([01]?\d|2[0-4])[:.]([0-5]\d)(?: ?h(?!\w))|{START}([01]?\d|2[0-4]):([0-5]\d)(?![:\d])"
        return sub(pattern, lambda m: self.time(int(m[1] or m[3]), int(m[2] or m[4])), text)

    def time(self, hour: int | None, minute: int | None, second: int | None = None) -> str:
        """*Catorce y treinta*."""
        spoken = "una" if hour == 1 else self.cardinal(hour or 0)
        return f"{spoken} y {self.cardinal(minute)}" if minute else f"{spoken} {'hora' if hour == 1 else 'horas'}"

    def of_millions(self, currency: str) -> str:
        """*Millones de euros*."""
        return f"de {currency}"

    def romans(self, text: str) -> str:
        """Siglo XIX, Felipe II, capítulo IV."""

        def ruler(match: re.Match[str]) -> str:
            value = number_words.roman_number(match[2])
            if value is None or match[1] not in _RULERS:
                return match[0]
            return f"{match[1]} {_ordinal(value, match[1] == 'Isabel') if value < 10 else self.cardinal(value)}"

        def plain(match: re.Match[str]) -> str:
            value = number_words.roman_number(match[1])
            return match[0] if value is None else str(value)

        text = sub(r"\b([A-ZÁÉÍÓÚ][a-záéíóú]+) ([IVXLC]+)(?![\w'-])", ruler, text)
        text = sub(r"(?<=\b[Ss]iglo )([IVXLC]+)\b", plain, text)
        text = sub(r"(?<=\b[Cc]apítulo )([IVXLC]+)\b", plain, text)
        return sub(r"(?<![\w.'-])([IVX]{2,}|[XVI]*[XV][IVX]+)(?![\w'-])", plain, text)

    def ordinals(self, text: str) -> str:
        """2.º, 1.ª, 3er."""
        text = sub(r"(?<![\w.,:/])([13])\.?er\b", lambda m: _ordinal(int(m[1]), False)[:-1], text)
        return sub(r"(?<![\w,:/])(\d{1,3})\.?([ºª°])(?!\w)", lambda m: _ordinal(int(m[1]), m[2] == "ª"), text)


def _ordinal(number: int, feminine: bool) -> str:
    spoken = _ORDINALS[number - 1] if 1 <= number <= 10 else number_words.ordinal(number, "es")
    return sub(r"o\b", "a", spoken) if feminine else spoken


_MASCULINE: Final = words(
    "día días problema problemas programa programas tema temas sistema sistemas idioma idiomas mapa mapas"
)
_NOT_COUNTED: Final = words("y o a de en con por para que es son fue más menos coma punto ni al del")

_READER: Final = Spanish()
expand: Final = _READER.expand
continues: Final = _READER.continues
