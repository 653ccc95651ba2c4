"""Numbers with units: ``5 kg``, ``10km``, ``30 km/h``, ``50 m²``, ``5'10"``, ``20°C``, ``2.5M views``, ``1920x1080``."""

from __future__ import annotations

import re
from typing import Final

from tts.text.normalisation.english.money import MULTIPLIERS
from tts.text.normalisation.english.numbers import NUMBER, adjectival, cardinal, number
from tts.text.normalisation.lists import listed
from tts.text.tracked import sub


def _table(entries: str) -> dict[str, tuple[str, str]]:
    """``symbols one many; ...`` as a dictionary; without ``many`` an s is added."""
    units = {}
    for entry in entries.replace("\n", " ").split(";"):
        symbols, _, names = entry.strip().partition(" = ")
        one, _, many = names.partition(" | ")
        units.update(dict.fromkeys(symbols.split(), (one, many or one + "s")))
    return units


_UNITS: Final = _table("""
    km = kilometre; m = metre; cm = centimetre; mm = millimetre; µm μm um = micrometre; nm = nanometre; dm = decimetre;
    mi = mile; yd yds = yard; ft = foot | feet; in. = inch | inches; nmi = nautical mile;
    kg kgs = kilogram; g = gram; mg = milligram; µg μg mcg ug = microgram; lb lbs = pound; oz = ounce; t = tonne; cwt =
    hundredweight;
    l L = litre; ml mL = millilitre; cl cL = centilitre; dl dL = decilitre; µl μl µL μL = microlitre; gal = gallon; pt = pint;
    qt = quart;
    tsp = teaspoon; tbsp = tablespoon; cc = cubic centimetre; ha = hectare;
    hr hrs h = hour; min mins = minute; sec secs s = second; ms = millisecond; µs μs us = microsecond; ns = nanosecond;
    yr yrs = year; wk wks = week; mos = month;
    Hz = hertz | hertz; kHz = kilohertz | kilohertz; MHz = megahertz | megahertz; GHz = gigahertz | gigahertz;
    B = byte; kB KB = kilobyte; MB = megabyte; GB = gigabyte; TB = terabyte; PB = petabyte; kb Kb = kilobit; Mb Mbit = megabit;
    kbit = kilobit; Gbit = gigabit;
    Gb = gigabit; KiB = kibibyte; MiB = mebibyte; GiB = gibibyte; bps = bit per second | bits per second;
    kbps Kbps = kilobit per second | kilobits per second; Mbps mbps = megabit per second | megabits per second;
    Gbps = gigabit per second | gigabits per second;
    mph = mile per hour | miles per hour; kph kmh km/h kmph = kilometre per hour | kilometres per hour;
    mpg = mile per gallon | miles per gallon; rpm = revolution per minute | revolutions per minute;
    fps = frame per second | frames per second; bpm = beat per minute | beats per minute; kt kts kn = knot;
    psi = pound per square inch | pounds per square inch; ppm = part per million | parts per million;
    W = watt; kW = kilowatt; MW = megawatt; GW = gigawatt; mW = milliwatt; kWh = kilowatt hour; MWh = megawatt hour;
    Wh = watt hour; hp = horsepower | horsepower; V = volt; kV = kilovolt; mV = millivolt; mA = milliamp; mAh = milliamp hour;
    Ah = amp hour; Ω = ohm; kΩ = kilohm; MΩ = megohm; F = farad; µF μF uF = microfarad; nF = nanofarad; pF = picofarad;
    J = joule; kJ = kilojoule; MJ = megajoule; cal = calorie; kcal = kilocalorie; N = newton; kN = kilonewton; Nm = newton
    metre;
    Pa = pascal; kPa = kilopascal; hPa = hectopascal; MPa = megapascal; mbar = millibar; atm = atmosphere;
    dB = decibel; dBA = decibel; lx = lux | lux; lm = lumen; cd = candela; mol = mole; mmol = millimole; px = pixel; dpi =
    dot per inch |
    dots per inch; ppi = pixel per inch | pixels per inch; K = kelvin | kelvin; Bq = becquerel; Sv = sievert; mSv =
    millisievert;
    μSv µSv = microsievert; eV = electronvolt; keV = kiloelectronvolt; MeV = megaelectronvolt; GeV = gigaelectronvolt;
    MP = megapixel; ly = light year; AU = astronomical unit; IU = international unit
""")
# Those that are also a letter, a word or a part of a name, so that a single capital or letter after a space proves nothing.
_GLUED_ONLY: Final = {"F", "K", "AU", "cal", "B", "MP", "um", "us", "pt", "cd"}
_NEVER_GLUED: Final = {"F", "K", "s", "us", "um", "cd", "B"}  # 20s is a decade, 5K a race
_POWERS: Final = {"²": "square ", "³": "cubic ", "^2": "square ", "^3": "cubic ", "2": "square ", "3": "cubic "}
SYMBOLS: Final = "|".join(re.escape(symbol) for symbol in sorted(_UNITS, key=len, reverse=True))
_QUANTITY: Final = rf"(?<![\w.])(?<!\d,)(?:({NUMBER}|[¼½¾⅓⅔⅛])(?:\s?(?:[-–—]|\bto\b)\s?({NUMBER}))?|(\d+\s?[¼½¾⅓⅔⅛]))"
_UNIT: Final = re.compile(
    rf"{_QUANTITY}(\s?|-)(?:(sq|cu)\.?\s)?({SYMBOLS})(\^?[23]|[²³])?(?![A-Za-z0-9_'’²³])"
    rf"(?:\s?/\s?({SYMBOLS}|day|hour|week|month|year|person|mile)(\^?[23]|[²³])?(?![\w]))?(\.(?=\s+[a-z,;)]))?"
)
_NEGATIVE: Final = re.compile(rf"(?:(?<=\s)|(?<=\()|^)[-−–](?=\d++(?:[.,]\d++)*+\s?(?:{SYMBOLS})(?![\w]))")
_ELECTRIC: Final = (
    r"fuses?|plugs?|current|circuits?|sockets?|breakers?|chargers?|adapt[eo]rs?|supply|relays?|outlets?|loads?|cables?|RCD|MCB"
)
_AMPS: Final = re.compile(rf"(?<![\w.,])({NUMBER})\s?A(?:(?=\s(?:{_ELECTRIC})\b)|(?![\w'’·-]))")
_CURRENT: Final = re.compile(
    r"\b(?:currents?|draws?|rated|rating|fuses?|supplies|delivers?|carries|circuits?|charges?)\b[^.;!?]{0,40}$", re.I
)
_PART: Final = re.compile(
    r"\b(and )?((?:a )?(?:half|halves|thirds?|quarters?|fifths?|eighths?)) (lbs?|oz|kg|km|mi|tsp|tbsp|ft|pt|gal|hrs?|ml|cm|L)\b"
)
_ALONE: Final = re.compile(r"(?<=[a-z])\s(km/h|m/s|mph|kWh|km²|m²|m³|cm²|cm³|mg/dL)(?![\w])")
_DEGREES: Final = re.compile(
    rf"(?<![\w.])([-−–]?)(?:({NUMBER})\s?([°º]\s?[CF]?\s?)?(?:[-–—]|\bto\b)\s?)?({NUMBER})\s?(?:°|º|deg\.?)\s?([CFK])?(?![A-Za-z])"
)
_SCALES: Final = {"C": " Celsius", "F": " Fahrenheit", "K": " Kelvin", None: ""}
_BIG: Final = re.compile(rf"(?<![\w.$€£])(?<!\d,)({NUMBER})(k|K|bn|Bn|B|M|m|mn|tn)(?![\w'’])(?=\+?(\s+[a-z]+)?)")
_PEOPLE: Final = (
    r"people|users|followers|views|copies|households|voters|subscribers|downloads|years|jobs|homes|tonnes|tons|barrels|members|"
    r"customers|visitors|children|adults|deaths|cases|tests|doses|units|acres|hits|likes|streams|sales|listeners|"
    r"viewers|residents|"
    r"players|students|workers|residents|tourists|passengers|cars|trees|words|items|records|rows|parameters|lines|more|"
    r"others|americans"
)
_FEET: Final = re.compile(r"(?<![\w.'’])(\d{1,2})\s?['’′]\s?(\d{1,2}(?:\.\d)?)\s?(?:\"|”|″|''|′′)?(?![\d\w])")
_INCHES: Final = re.compile(rf"(?<![\w.'’\"“”])(?<!\d,)({NUMBER}|\d+\s?[¼½¾⅛⅜⅝⅞])(?:\s?″|\"(?=\s[a-z]|\s?[x×]\s?\d|[.,]?\s*$))")
_TIMES: Final = re.compile(r"(?<![\w.])(\d++(?:\.\d++)?+)((?:\s?[x×]\s?\d++(?:\.\d++)?+)++)(?![\d])")
_NO_THINGS: Final = frozenset(
    listed("""
    across afterwards always backwards becomes besides brings buys comes contains corresponds costs covers days decades does
    downwards earns ends equals falls fits forwards gets gives goes hours hurts includes inwards keeps lasts leads leaves less
    lies lifts looks makes means meets minus minutes months moves needs onwards outdoors outwards overseas perhaps plus produces
    reaches remains requires results runs seconds seems sells shows sounds stands starts suffices takes thus times
    towards upstairs upwards uses versus weeks weighs works years
""")
)
_TYPE: Final = re.compile(
    r"\b(?:fonts?|typeface|arial|helvetica|calibri|courier|garamond|verdana|times new roman|cambria|bold|italics?|typeset|"
    r"headings?|line spacing|letterhead|body text|leading|serif)\b",
    re.I,
)
_SUPER: Final = {"2": "squared", "3": "cubed"}


def _name(symbol: str, power: str | None, single: bool, kind: str | None = None) -> str:
    one, many = _UNITS[symbol]
    extra = _POWERS[power] if power else {"sq": "square ", "cu": "cubic "}[kind] if kind else ""
    return extra + (one if single else many)


def _unit(match: re.Match[str]) -> str:
    low, high, mixed, gap, kind, symbol, power, per, per_power, stop = match.groups()
    after = match.string[match.end() : match.end() + 60]
    if symbol == "pt" and _TYPE.search(match.string[max(match.start() - 60, 0) : match.end() + 60]):
        return f"{number(low or '')}{f' to {number(high)}' if high else ''} {'point' if low == '1' or gap == '-' else 'points'}"
    if symbol == "pt" and gap == " " and re.match(r"[,;]\s|\s(?:of|and|or)\b", after):
        kind = None
    elif not kind and symbol in (_GLUED_ONLY if gap else _NEVER_GLUED) and not (symbol == "s" and low and "." in low):
        return match[0]
    if symbol in ("m", "g", "t", "h", "s", "l") and not gap and re.match(rf"\s(?:{_PEOPLE})\b", after):
        return match[0]
    if symbol == "in." and not re.match(r"\s+(?:[a-z]|x\b)|[,;)]|\s*$", after):
        return match[0]
    said = number(low) if low and low[0].isdigit() else (low or mixed)
    if high:
        said += f" to {number(high)}"
    hyphen = gap == "-" or (
        symbol == "ft" and re.match(r"\s(?:tall|long|wide|high|deep)\b", after) is None and after[:1] == "-"
    )
    single = (
        (low == "1" and not high)
        or hyphen
        or (
            not kind
            and " per " not in _UNITS[symbol][0]
            and (adjectival(match.string[max(match.start() - 60, 0) : match.start()], after) or _before_things(after))
        )
    )
    per_text = f" per {_name(per, per_power, True) if per in _UNITS else per}" if per else ""
    ends = "." if stop or (symbol == "in." and not after.strip()) else ""
    return f"{said} {_name(symbol, power, single, kind)}{per_text}" + (ends if ends and not after.strip() else "")


def _before_things(after: str) -> bool:
    """Whether a quantity is that of the things named just after it: ``5 kg bags``, ``10 km races``."""
    noun = re.match(r"\s([a-z]{3,}s)\b", after)
    return noun is not None and not noun[1].endswith(("ss", "us", "is")) and noun[1] not in _NO_THINGS


def _big(match: re.Match[str]) -> str:
    digits, letter, noun = match[1], match[2], (match[3] or "").strip()
    if letter in ("k", "K") and re.fullmatch(
        r"run|race|runs|races|walk|tv|monitor|video|resolution|screen|display|camera|marathon", noun
    ):
        return f"{number(digits)} K"
    if letter == "K" and len(digits) == 1:
        return f"{number(digits)} K"
    if letter == "m" and not re.fullmatch(_PEOPLE, noun):
        return match[0]
    if letter == "B" and not (noun or "." in digits):
        return match[0]
    if (
        letter == "M"
        and not noun
        and "." not in digits
        and match.string[match.end() : match.end() + 1] not in ("", ".", ",", "+")
    ):
        return match[0]
    return f"{number(digits)} {MULTIPLIERS[letter]}"


def _feet(match: re.Match[str]) -> str:
    feet, inches = match[1], match[2]
    if float(inches) >= 12 and not match[0].endswith(('"', "”", "″", "'")):
        return match[0]
    return f"{cardinal(feet)} {'foot' if feet == '1' else 'feet'} {number(inches)}" + (" inch" if inches == "1" else " inches")


def _inches(match: re.Match[str]) -> str:
    single = match[1] == "1" or adjectival(
        match.string[max(match.start() - 60, 0) : match.start()], match.string[match.end() : match.end() + 60]
    )
    return f"{match[1]} {'inch' if single else 'inches'}"


def _by(match: re.Match[str]) -> str:
    parts = re.split(r"\s?[x×]\s?", match[0])
    spaced = re.search(r"×|\sx\s", match[0]) and re.match(r"\s*=", match.string[match.end() : match.end() + 60])
    joint = " times " if spaced else " by "
    return joint.join(_side(part) for part in parts)


def _side(digits: str) -> str:
    """Return a side of a picture or a board: ``nineteen twenty``, ``ten eighty``."""
    if re.fullmatch(r"[1-9]\d{3}", digits) and digits[1] != "0" and digits[2:] != "00":
        return f"{cardinal(digits[:2])} {cardinal(digits[2:])}" if digits[2] != "0" else cardinal(digits)
    if re.fullmatch(r"1080", digits):
        return "ten eighty"
    return number(digits)


def expand_units(text: str) -> str:
    """Read numbers with units."""
    if not re.search(r"\d|[¼½¾⅓⅔⅛]", text):
        text = sub(_PART, lambda m: f"{m[1] or ''}{m[2]} {_name(m[3], None, not m[1])}", text)
        return sub(_ALONE, lambda m: " " + _per(m[1]), text)
    text = sub(_PART, lambda m: f"{m[1] or ''}{m[2]} {_name(m[3], None, not m[1])}", text)
    text = sub(_DEGREES, _degrees, text)
    text = sub(_FEET, _feet, text)
    if text.count('"') % 2 or "″" in text:
        text = sub(_INCHES, _inches, text)
    text = sub(_TIMES, _by, text)
    text = sub(_BIG, _big, text)
    text = sub(_AMPS, _amps, text)
    text = sub(_NEGATIVE, "minus ", text)
    text = sub(_UNIT, _unit, text)
    text = sub(r"(?<![\w.,])(\d++(?:\.\d++)?+)[x×](?=\s|$|[.,;:!?)])", _fold, text)
    return sub(_ALONE, lambda m: " " + _per(m[1]), text)


def _degrees(match: re.Match[str]) -> str:
    before = match.string[max(match.start() - 60, 0) : match.start()].rstrip()
    sign = "" if not match[1] else " to " if before[-1:] == "°" or before.endswith(("degrees", "Celsius")) else "minus "
    low, high = match[2], match[4]
    said = f"{number(low)}{' degrees' if match[3] else ''} to {number(high)}" if low else number(high)
    return f"{sign}{said} {'degree' if high == '1' and not low else 'degrees'}{_SCALES[match[5]]}"


def _amps(match: re.Match[str]) -> str:
    """``a 10 A fuse``, and ``10 A`` where the sentence is about currents; elsewhere it is the letter: ``Room 10 A``."""
    if match[0] and re.match(rf"\s(?:{_ELECTRIC})\b", match.string[match.end() : match.end() + 30]):
        return f"{number(match[1])} amp"
    if not _CURRENT.search(match.string[max(match.start() - 60, 0) : match.start()]):
        return match[0]
    return f"{number(match[1])} {'amp' if match[1] == '1' else 'amps'}"


def _fold(match: re.Match[str]) -> str:
    if re.match(r"\s*[+=−-]", match.string[match.end() : match.end() + 60]):
        return match[0]  # two x plus one
    zoom = re.match(r"\s(?:zoom|lens|magnification|optical|speed|scope)\b", match.string[match.end() : match.end() + 60])
    return f"{number(match[1])} {'X' if zoom else 'times'}"


def _per(text: str) -> str:
    first, slash, second = text.partition("/")
    power = first[-1] if first[-1] in "²³" else None
    many = text in ("mph", "kWh")
    name = _UNITS["km/h"][1] if text == "km/h" else _name(first.rstrip("²³"), power, False)
    return name if many or text == "km/h" or not slash else f"{name} per {_UNITS[second][0]}"
