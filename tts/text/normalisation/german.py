"""German read aloud: ``am 3. Mai 1998`` as *am dritten Mai neunzehnhundertachtundneunzig*."""

from __future__ import annotations

import re
from typing import Final

from tts.text.normalisation import number_words
from tts.text.normalisation.reader import LETTER, START, Reader
from tts.text.normalisation.tables import Tables, denominators, entries, in_order, words
from tts.text.tracked import rewritten, sub

_MONTHS: Final = in_order("Januar Februar März April Mai Juni Juli August September Oktober November Dezember")

TABLES: Final = Tables(
    language="de",
    comma="Komma",
    point="Punkt",
    minus="minus",
    plus="plus",
    to="bis",
    versus="zu",
    times="mal",
    at="ät",
    clock="Uhr",
    months=_MONTHS,
    units=entries("""
        kg: Kilogramm; g: Gramm; mg: Milligramm; µg: Mikrogramm; t: Tonne, Tonnen; km: Kilometer; m: Meter;
        cm: Zentimeter; mm: Millimeter; µm: Mikrometer; nm: Nanometer; km/h: Kilometer pro Stunde;
        m/s: Meter pro Sekunde; m²: Quadratmeter; m2: Quadratmeter; qm: Quadratmeter; km²: Quadratkilometer;
        km2: Quadratkilometer; cm²: Quadratzentimeter; m³: Kubikmeter; m3: Kubikmeter; cm³: Kubikzentimeter; ha: Hektar;
        l: Liter; ml: Milliliter; cl: Zentiliter; dl: Deziliter; °C: Grad Celsius; ° C: Grad Celsius;
        °F: Grad Fahrenheit; °: Grad; %: Prozent; ‰: Promille; h: Stunde, Stunden; s: Sekunde, Sekunden;
        min: Minute, Minuten; Min: Minute, Minuten; Std: Stunde, Stunden; Sek: Sekunde, Sekunden;
        sec: Sekunde, Sekunden; ms: Millisekunde, Millisekunden; Hz: Hertz; kHz: Kilohertz; MHz: Megahertz;
        GHz: Gigahertz; W: Watt; kW: Kilowatt; MW: Megawatt; kWh: Kilowattstunde, Kilowattstunden;
        Wh: Wattstunde, Wattstunden; V: Volt; A: Ampere; mA: Milliampere; J: Joule; kJ: Kilojoule;
        kcal: Kilokalorie, Kilokalorien; dB: Dezibel; hPa: Hektopascal; bar: Bar; PS: P S; B: Byte; KB: Kilobyte;
        kB: Kilobyte; MB: Megabyte; GB: Gigabyte; TB: Terabyte; Mbit/s: Megabit pro Sekunde; dpi: D P I;
        l/100 km: Liter auf hundert Kilometer; l/100km: Liter auf hundert Kilometer; TL: Teelöffel; EL: Esslöffel;
        Pck.: Päckchen; Pck: Päckchen; Pkg.: Packung, Packungen; Msp.: Messerspitze, Messerspitzen;
        Jh: Jahrhundert, Jahrhunderte; Tsd: Tausend; Stk: Stück; Pkt: Punkt, Punkte"""),
    currencies=entries("""
        €: Euro, Euro, Cent, Cent; EUR: Euro, Euro, Cent, Cent; Euro: Euro, Euro, Cent, Cent;
        $: Dollar, Dollar, Cent, Cent; US-$: Dollar, Dollar, Cent, Cent; USD: Dollar, Dollar, Cent, Cent;
        £: Pfund, Pfund, Penny, Pence; GBP: Pfund, Pfund, Penny, Pence; ¥: Yen, Yen;
        CHF: Schweizer Franken, Schweizer Franken, Rappen, Rappen; Fr.: Franken, Franken, Rappen, Rappen;
        DM: D-Mark, D-Mark, Pfennig, Pfennig; Dollar: Dollar, Dollar, Cent, Cent"""),
    multipliers=entries("""
        Mio: Million, Millionen; Mio.: Million, Millionen; Mrd: Milliarde, Milliarden; Mrd.: Milliarde, Milliarden;
        Million: Million, Millionen; Millionen: Millionen, Millionen; Milliarde: Milliarde, Milliarden;
        Milliarden: Milliarden, Milliarden; Bio.: Billion, Billionen"""),
    abbreviations=entries("""
        z.B: zum Beispiel; d.h: das heißt; u.a: unter anderem; usw: und so weiter; usf: und so fort;
        bzw: beziehungsweise; dr: Doktor; prof: Professor; nr: Nummer; S: Seite; Bd: Band; Kap: Kapitel; Abs: Absatz;
        Art: Artikel; Abb: Abbildung; Tab: Tabelle; ca: circa; evtl: eventuell; ggf: gegebenenfalls; inkl: inklusive;
        exkl: exklusive; zzgl: zuzüglich; mwst: Mehrwertsteuer; vgl: vergleiche; i.d.R: in der Regel;
        o.ä: oder ähnliches; u.ä: und ähnliches; u.U: unter Umständen; u.v.m: und vieles mehr; z.T: zum Teil;
        z.Zt: zur Zeit; z.Z: zur Zeit; o.g: oben genannte; s.o: siehe oben; s.u: siehe unten; m.E: meines Erachtens;
        v.a: vor allem; i.A: im Auftrag; e.V: E V; a.D: außer Dienst; d.J: des Jahres; d.M: des Monats;
        v.Chr: vor Christus; n.Chr: nach Christus; geb: geboren; gest: gestorben; Hr: Herr; Fr: Frau; Hrn: Herrn;
        St: Sankt; Hrsg: Herausgeber; Aufl: Auflage; einschl: einschließlich; etc: et cetera; max: maximal;
        min: minimal; mind: mindestens; sog: sogenannte; Tel: Telefon; Str: Straße; Jh: Jahrhundert; Mio: Millionen;
        Mrd: Milliarden; Jan: Januar; Feb: Februar; Apr: April; Aug: August; Sept: September; Okt: Oktober;
        Nov: November; Dez: Dezember; Mo: Montag; Di: Dienstag; Mi: Mittwoch; Do: Donnerstag; Sa: Samstag; So: Sonntag;
        zw: zwischen; u: und; h.c: honoris causa; z.Hd: zu Händen; i.V: in Vertretung; bspw: beispielsweise;
        insb: insbesondere; dt: deutsch; engl: englisch; frz: französisch; tägl: täglich;
        Univ: Universität; Dipl.-Ing: Diplomingenieur;
        allg: allgemein; gem: gemäß; lt: laut; jr: junior; p.a: pro Jahr; Min: Minuten; Std: Stunden; Sek: Sekunden"""),
    before_number=words("S Bd Kap Abs Art Abb Tab nr max min Jan Feb Apr Aug Mo Di Mi Do Sa So"),
    before_name=words("Hr Fr St dr prof dt gem lt Hrn"),
    may_end=words("usw usf etc u.a o.ä u.ä u.v.m e.V v.Chr n.Chr d.J jr Jh"),
    signs=entries("""
        per: pro; power: hoch; ²: hoch zwei; ³: hoch drei; and: und; %: Prozent; ‰: Promille; &: und; @: ät; +: plus;
        =: gleich; ×: mal; ÷: geteilt durch; ±: plus minus; <: kleiner als; >: größer als; ≤: kleiner oder gleich;
        ≥: größer oder gleich; ≈: ungefähr; ~: ungefähr; °: Grad; §: Paragraf; #: Nummer; №: Nummer; /: Schrägstrich;
        →: nach; √: Wurzel; π: Pi; ∞: unendlich; ©: Copyright; €: Euro; £: Pfund; $: Dollar"""),
    fractions=denominators("halb halbe, Drittel, Viertel, Fünftel, Sechstel, Siebtel, Achtel, Neuntel, Zehntel"),
    spoken_as_words=words("""
    NATO UNO UNESCO UNICEF NASA ESA FIFA UEFA OPEC AIDS COVID PIN SIM RAM ROM BAFÖG DAX TÜV ASEAN IKEA EDEKA DIN
    SARS ISO GAU ALDI REWE"""),
    telephone="Tel|Telefon|Telefonnummer|Fax|Mobil|Ruf|Notruf|Handy",
    date_pattern=r"(?<![\w.])(?P<day>0?[1-9]|[12]\d|3[01])\.\s?(?P<month>0?[1-9]|1[0-2])\."
    r"(?:\s?(?P<year>\d{4}|\d{2}(?!\d|[.:])))?(?!\d)",
    initialisms={"GmbH": "G M B H", "PhD": "P H D", "MwSt": "Mehrwertsteuer", "Hbf": "Hauptbahnhof", "Bhf": "Bahnhof"}
    | {"StGB": "S T G B", "StVO": "S T V O", "MfG": "Mit freundlichen Grüßen", "Mfg": "Mit freundlichen Grüßen"},
)

_WEAK_N: Final = words("""
    am im vom zum beim dem den des einem einen einer eines meinem meinen seinem seinen seines ihrem ihren unserem
    unseren diesem diesen dieses jedem jeden allen beiden zur""")
_WEAK_E: Final = words("""
    die das der ins diese eine meine seine ihre keine jede jedes jeder welche unsere fürs aufs ans""")
_STRONG: Final = words("ein mein dein sein ihr kein unser euer")
_DATIVE: Final = words("""
    in an auf bei mit nach seit von zu aus während wegen trotz unter vor hinter neben zwischen über ab innerhalb
    außer""")
_NEUTER: Final = words("""
    Kind Mal Jahr Jahrhundert Jahrtausend Tor Haus Buch Kapitel Semester Spiel Stockwerk Quartal Halbjahr Lebensjahr
    Team Land Bundesland Bild Lied Treffen Gebot Gleis Viertel Drittel Fenster Zimmer Mitglied Opfer Tier Auto Reich
    Dutzend""")
_FEMININE: Final = re.compile(r"(?:e|ung|heit|keit|schaft|ion|tät|Liga|Frau|Person|Million|Nacht|Hand|Wahl|Bahn|Zahl|Tochter)$")
_OF_E: Final = words("""
    Name Junge Kunde Kollege Gedanke Buchstabe Käse Friede Wille Löwe Affe Hase Zeuge Erbe""")
_TIMES_OF: Final = words("""
    Stunde Minute Sekunde Million Milliarde Tonne Kilowattstunde Wattstunde Kilokalorie Millisekunde""")

_RULERS: Final = words("""
    Ludwig Karl Heinrich Friedrich Wilhelm Otto Johannes Paul Pius Elisabeth Katharina Philipp Peter Nikolaus
    Alexander Leo Gregor Franz Georg Leopold Maximilian Ferdinand Rudolf Konrad August Gustav Christian Innozenz
    Benedikt Clemens Klemens Urban Napoleon Ramses Eduard Jakob Richard Harald Josef Joseph Anna Maria Margarethe
    Beatrix Philip Charles Henry""")
_FEMALE: Final = words("Elisabeth Katharina Anna Maria Margarethe Beatrix")
_NUMERAL: Final = r"[IVXLCDM]+"


class German(Reader):
    """The reader of German."""

    tables = TABLES

    def expand(self, text: str) -> str:
        """Return ``text`` as it is said; see :class:`Reader`."""
        text = sub(r"(?<=[a-zäöüß])str\.(?=\s+\d|\s*$|,)", "straße", text)
        text = sub(r"\b(Mo|Di|Mi|Do|Fr|Sa|So)\.?,? (?=\d{1,2}\. ?(?:\d|[A-Z]))", lambda m: f"{_DAYS[m[1]]}, ", text)
        days = "|".join(_DAYS)
        text = sub(r"§§ ?(?=\d+\w*(?:,| u\.| und | bis |[-–]| ff))", "Paragrafen ", text)
        between = rf"\b({days})\.? ?[-–] ?({days})\b\.?"
        text = sub(between, lambda m: f"{_DAYS[m[1]]} bis {_DAYS[m[2]]}", text)
        text = sub(rf"(?<![\w–-])({days})\.?(?=,? \d{{1,2}}(?:[-–:.]| Uhr))", lambda m: _DAYS[m[1]], text)
        text = sub(r"(?<![\w.])(\d{1,2})\. ?[-–] ?(?=\d{1,2}\. ?[A-Z])", r"\1. bis ", text)
        text = sub(r"§§", "§", text)
        return super().expand(text)

    def cardinal(self, number: int, after: str = "") -> str:
        """A one before a noun is *ein* or *eine*."""
        if number != 1:
            return super().cardinal(number)
        noun = re.match(r"\s*([A-ZÄÖÜ][\w-]*)", after)
        if not noun:
            return "eins"
        name = noun[1]
        return "eine" if name in _TIMES_OF or (_FEMININE.search(name) and name not in _OF_E) else "ein"

    def counted(self, number: str, forms: tuple[str, ...], after: str = "") -> str:
        """A million is *eine*."""
        return super().counted(number, forms, after or forms[0])

    def fraction(self, whole: str | None, upper: int, lower: int, after: str) -> str:
        """Eineinhalb, zweieinhalb; ein halber Liter."""
        if lower == 2:
            if whole:
                return f"{'ein' if whole == '1' else self.cardinal(int(whole))}einhalb"
            noun = re.match(r"\s*([A-ZÄÖÜ]\w*)", after)
            if not noun:
                return "einhalb"
            if _FEMININE.search(noun[1]) and noun[1] not in _OF_E:
                return "eine halbe"
            return "ein halbes" if noun[1] in _NEUTER | {"Kilo", "Pfund", "Glas", "Prozent", "Kilogramm"} else "ein halber"
        words = f"{'ein' if upper == 1 else self.cardinal(upper)} {self.tables.fractions[lower][0]}"
        return f"{self.cardinal(int(whole))} {words}" if whole else words

    def date(self, day: int, month: int, year: str, before: str) -> str:
        """The third of May, in the case that the word before it asks for."""
        words = [self._ordinal(day, before, _MONTHS[month - 1]), _MONTHS[month - 1]]
        if year:
            words.append(self.year(int(year)))
        return " ".join(words)

    def romans(self, text: str) -> str:
        """Rulers, and numerals before a noun or behind one: Ludwig XIV., II. Weltkrieg, Kapitel IV."""

        def ruler(match: re.Match[str]) -> str:
            value = number_words.roman_number(match[2])
            if value is None or (len(match[2]) == 1 and match[1] not in _RULERS) or (match[1] in _BEFORE_NUMERAL):
                return match[0]
            article = "die" if match[1] in _FEMALE else "der"
            stop = "." if not text[match.end() :].strip() or re.match(r"\s+[A-ZÄÖÜ]", text[match.end() :]) else ""
            return f"{match[1]} {article} {number_words.ordinal(value, 'de').capitalize()}{stop}"

        def plain(match: re.Match[str]) -> str:
            value = number_words.roman_number(match[1])
            return match[0] if value is None else str(value)

        text = sub(rf"\b([A-ZÄÖÜ][a-zäöüß]+) ({_NUMERAL})\.(?!\w)", ruler, text)
        text = sub(r"(?<![\w.])([IVX]|[IVXLCDM]{2,})(?=\. [A-ZÄÖÜ][a-zäöüß])", plain, text)
        text = sub(rf"(?<=\w )({_NUMERAL})\b", lambda m: plain(m) if _BEHIND.search(text[: m.start()]) else m[0], text)
        return sub(r"(?<![\w.'-])([IVX]{2,}|[XVI]*[XV][IVX]+)(?![\w'-])", plain, text)

    def compounds(self, text: str) -> str:
        """18-jährig, 3-mal, 90er, 50%ig."""
        text = sub(rf"{START}(\d+) ?%-?ig", lambda m: self._joined(int(m[1])) + "prozentig", text)
        text = sub(rf"{START}(\d+)(?:-)?(mal|fach|facher|fache|fachen)\b", lambda m: self._joined(int(m[1])) + m[2], text)
        text = sub(rf"{START}(\d+)-([a-zäöü]+(?:ig|lich|isch|teilig)\w*)", lambda m: self._joined(int(m[1])) + m[2], text)
        text = sub(rf"{START}(\d+)x(?=\s)", lambda m: self._joined(int(m[1])) + "mal", text)
        text = sub(rf"{START}['’]?(\d{{1,4}}|\d{{1,3}}\.\d{{3}})(ern|er)\b", lambda m: self._decade(m[1]) + m[2], text)
        text = sub(rf"{START}(\d+)-(?=[A-ZÄÖÜ]{LETTER})", lambda m: f"{self._joined(int(m[1]))}-", text)
        return super().compounds(text)

    def _joined(self, number: int) -> str:
        return "ein" if number == 1 else self.cardinal(number).replace(" ", "")

    def _decade(self, figures: str) -> str:
        number = int(figures.replace(".", ""))
        return (self.year(number) if len(figures) == 4 else self.cardinal(number)).replace(" ", "")

    def range(self, lower: str, upper: str) -> str:
        """A falling pair, such as the number of an invoice, has no word between."""
        falling = lower.isdigit() and upper.isdigit() and len(lower) > 2 and int(lower) > int(upper)
        return f"{lower} {upper}" if falling else super().range(lower, upper)

    def continues(self, before: str, after: str) -> bool:
        """After ordinal and Roman numbers too: am 3. Mai, Ludwig XIV. regierte."""
        number = re.search(r"(?<![\w.,:/])(\d{1,3})$", before)
        noun = re.match(r"\s+(\w+)", after)
        if number and noun and _is_ordinal(before[: number.start()][-60:], noun[1]):
            return True
        numeral = re.search(rf"(?<![\w.])({_NUMERAL})$", before)
        if numeral and noun and (len(numeral[1]) > 1 or before[: numeral.start()].split()[-1:] != []):
            return number_words.roman_number(numeral[1]) is not None and not before[: numeral.start()].endswith(
                ("Kapitel ", "Teil ")
            )
        return super().continues(before, after)

    def ordinals(self, text: str) -> str:
        """Numbers with a full stop before a word: der 3. Mann."""
        done = ""  # one after the other, since the ending of one may follow from that before it
        while match := _ORDINAL.search(text):
            before = done + text[: match.start()]
            words = self._ordinal(int(match[1]), before, match[2] or "") if _is_ordinal(before, match[2] or "") else None
            stop = "." if words and not match[2] and not text[match.end() :].strip() else ""
            done = before + rewritten(text, match.start(), match.end(), match[0] if words is None else words + stop)
            text = text[match.end() :]
        return done + text

    def _ordinal(self, number: int, before: str, noun: str) -> str:
        stem = number_words.ordinal(number, "de").removesuffix("e")
        words = [word.strip(",;:(") for word in before.split()[-2:]]
        last = words[-1].lower() if words else ""
        earlier = words[-2].lower() if len(words) > 1 else ""
        feminine = bool(_FEMININE.search(noun)) and noun not in _OF_E | set(_MONTHS)
        if last in _WEAK_N or (last in {"der", "dieser", "jeder"} and earlier in _DATIVE):
            return stem + "en"
        if last in ("bis", "und", "oder") and re.search(r"(?:ten|vom|am|dem|den)\b[^.]*$", before.rsplit(None, 1)[0]):
            return stem + "en"
        if last == "bis" or (last == "den"):
            return stem + "en"
        if last in _WEAK_E:
            return stem + "e"
        if feminine or (noun and noun[0].islower() and noun != "bis"):
            return stem + "e"
        return stem + ("es" if noun in _NEUTER else "er")

    def numbers(self, text: str) -> str:
        """Times of day without minutes: *ein Uhr*."""
        text = sub(rf"{START}1(?= Uhr\b)", "ein", text)
        return super().numbers(text)

    def hour(self, hour: int) -> str:
        """*Ein Uhr*, not *eins*."""
        return "ein" if hour == 1 else self.cardinal(hour)


_ORDINAL: Final = re.compile(r"(?<![\w.,:/])(\d{1,3})\.(?=\s+(\w+)|\s*$)")
_ORDERED: Final = _NEUTER | {*_MONTHS} | words("Klasse Auflage Liga Etage Runde Platz Weltkrieg Stock Rang")


def _is_ordinal(before: str, noun: str) -> bool:
    """Whether a number with a full stop is an ordinal one rather than the end of a sentence."""
    last = before.split()[-1].lower().strip(",;:(") if before.split() else ""
    if not noun:
        return last in {"der", "die", "das", "dem", "den", "am", "vom", "zum"}
    if noun[0].islower() or noun in _ORDERED or not last:
        return True
    if last in ("und", "oder"):
        return re.search(r"(?:ten|te|ter) (?:und|oder)\s*$", before) is not None
    return last in _WEAK_N | _WEAK_E | _STRONG or (last in _DATIVE | {"bis"} and noun in _ORDERED)


_BEFORE_NUMERAL: Final = words("""
    Kapitel Teil Band Akt Artikel Anhang Buch Klasse Stufe Typ Phase Abschnitt Nummer""")
_BEHIND: Final = re.compile(rf"\b(?:{'|'.join(_BEFORE_NUMERAL)}) $")
_DAYS: Final = dict(
    zip(in_order("Mo Di Mi Do Fr Sa So"), in_order("Montag Dienstag Mittwoch Donnerstag Freitag Samstag Sonntag"), strict=True)
)

_READER: Final = German()
expand: Final = _READER.expand
continues: Final = _READER.continues
