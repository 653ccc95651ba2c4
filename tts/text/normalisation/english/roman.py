"""Roman numerals: of kings and popes as ordinals, of chapters, wars and parts as cardinals."""

from __future__ import annotations

import re
from typing import Final

from tts.text.normalisation.english.numbers import cardinal, ordinal, year
from tts.text.normalisation.lists import listed
from tts.text.tracked import sub

_VALUES: Final = {"I": 1, "V": 5, "X": 10, "L": 50, "C": 100, "D": 500, "M": 1000}
_VALID: Final = re.compile(r"M{0,3}(?:CM|CD|D?C{0,3})(?:XC|XL|L?X{0,3})(?:IX|IV|V?I{0,3})")

_RULERS: Final = frozenset(listed("""
    henry louis elizabeth george edward richard charles james william john paul pius benedict leo gregory innocent
    napoleon nicholas alexander peter catherine mary philip ferdinand frederick wilhelm otto ramses ramesses ptolemy
    cleopatra darius xerxes harald haakon olav olaf gustav gustavus christian carl felipe alfonso isabella francis
    franz leopold albert baudouin umberto emmanuel malcolm robert david constantine basil justin theodosius clement
    urban boniface sixtus callixtus celestine adrian hadrian eugene martin thutmose amenhotep rama ivan mehmed
    suleiman selim murad hamid maximilian rudolf joseph stephen sigismund vladislav wenceslas casimir margrethe
    beatrix juan carlos pedro manuel afonso sebastian victor amadeus artaxerxes cyrus antiochus seleucus mithridates
    nebuchadnezzar sargon seti cambyses tutankhamun pepi psamtik shapur khosrow abbas mahmud ahmed osman bayezid
    mustafa theodore michael andronicus romanus heraclius tiberius valentinian theodoric clovis childeric dagobert
    lothair conrad ludwig friedrich karl erik eric magnus sverre valdemar hakon canute harold ethelred lambert lucius
    marcellus julius nicolas honorius alexius zeno urbanus linus anastasius sergius agapetus pelagius
"""))  # fmt: skip
_TITLES: Final = (
    r"King|Queen|Pope|Emperor|Empress|Tsar|Czar|Kaiser|Sultan|Prince|Princess|Duke|Pharaoh|Shah|Patriarch|Elector|Archduke"
)
_COUNTED: Final = frozenset(listed("""
    chapter part war act scene volume vol book section article title type phase class appendix figure fig bowl rocky
    apollo saturn mark level grade stage table canto psalm schedule annex annexe civil vatican fantasy wars rambo saw
    schism unit lesson episode season tier group category division module exhibit number no sonata symphony concerto
    quartet trio opus study experiment case question item step round game day world gemini mariner voyager polaris
    ostpolitik trident tiger panzer bronze iron age dynasty generation gen windows star final street fighter factor
    neuron nerve cranial century legion region zone area district sector corps army rule law axiom theorem paragraph
    clause amendment point note page plate map verse movement prelude fugue variation godfather terminator halloween
    olympiad shrek jaws creed kombat theft gta civilization diablo warcraft quest king's tour path group battalion
    carrier cranial diabetes error collagen hypersensitivity model protocol schengen basel mifid solvency quantum
    treaty reich punic balkan hague geneva leg heat formula
"""))  # fmt: skip
_ORDINALS: Final = {"olympiad", "legion", "reich"}
_NOT_NUMBERS: Final = {"CD", "DC", "MD", "MC", "DI", "CV", "LCD", "DVD", "MIX", "DIM", "CIVIL", "MM", "CC", "DM", "CM", "LL",
    "ID"} | {
    "MI", "DIV", "LI", "CI", "CL", "ML", "MILD", "VIM", "DX", "XL", "XXL", "XXXL", "LV", "MV", "DV", "VC", "IC", "IM", "CCC",
    "MMC", "LIV"
}  # fmt: skip
_ROMAN: Final = re.compile(
    r"(?<![\w'’.-])(?:([A-Za-z][\w'’]*)(\.?[ -]))?([IVXLCDM]+|(?<=[cps] )[ivxl]{1,5}|(?<=chapter )[ivxl]+)(th|st|nd|rd|s)?"
    r"(?=['’]s\b|(?![\w'’&+/-])|[-–][IVXLCDM]+\b|-[a-z])"
)


# I am, I'll; the XX chromosome; the editor
_NO_NUMERAL: Final = re.compile(
    r"I(?:\s(?:am|do|don['’]t|think|hope|believe|guess|suppose|know|say|want|need|like|love|hate|see|remember|understand|mean)\b|"
    r"['’](?:m|ve|ll|d)\b)|XX\s(?:chromosomes?|karyotype|pair|males?|females?)\b|"
    r"VI\s(?:editors?|modes?|commands?|keybindings?|bindings?)\b"
)


def value(numeral: str) -> int:
    """Return the number of a Roman numeral, 0 for letters that are none."""
    letters = numeral.upper()
    if not letters or not _VALID.fullmatch(letters):
        return 0
    total = 0
    for place, letter in enumerate(letters):
        worth = _VALUES[letter]
        total += -worth if any(_VALUES[later] > worth for later in letters[place + 1 : place + 2]) else worth
    return total


def _read(match: re.Match[str]) -> str:
    word, gap, numeral, ending = match[1] or "", match[2] or "", match[3], match[4] or ""
    count = value(numeral)
    before, after = match.string[max(match.start() - 60, 0) : match.start()], match.string[match.end() : match.end() + 60]
    if not count or (ending == "s"):
        return match[0]
    if ending:
        return f"{word}{gap}{ordinal(str(count))}"
    said = _kind(word, gap, numeral, count, before, after)
    if not said:
        return match[0]
    return f"{word}{gap.replace('.', '') if word.lower() in _COUNTED else gap}{said}"


def _kind(word: str, gap: str, numeral: str, count: int, before: str, after: str) -> str:
    """Return how a numeral after ``word`` is said, empty where it is none."""
    lower = word.lower().removesuffix("'s").removesuffix("’s")
    plain = gap in (" ", ". ")
    if _NO_NUMERAL.match(f"{numeral}{after}") or (lower == "no" and numeral == "I"):
        return ""
    singular = lower.removesuffix("s") if lower.removesuffix("s") in _COUNTED else lower
    if plain and (singular in _COUNTED and (word[:1].isupper() or len(numeral) > 1 or lower in _ALWAYS)):
        if (
            numeral == "I"
            and singular != "war"
            and not re.match(r"\s*(?:[.,;:!?)]|$|and\b|to\b|or\b|of\b|is\b|was\b|[-–])", after)
        ):
            return ""
        return cardinal(str(count)) if singular not in _ORDINALS else f"the {ordinal(str(count))}"
    if plain and lower in _RULERS and word[0].isupper():
        titled = re.search(rf"\b(?:{_TITLES})(?:\s[A-Z]\w+)?\s$", before)
        if numeral in ("I", "X", "V", "C", "D", "M", "L"):
            goes_on = re.match(
                r"['’]s\b|\s*(?:[.,;:!?)]|$|(?:of|was|had|became|ruled|died|reigned|in|and|who|is|signed)\b)", after
            )
            if (not titled and (not goes_on or numeral in "CDML")) or (lower == "malcolm" and numeral == "X"):
                return ""
        return f"the {ordinal(str(count))}" if count < 40 else ""
    if len(numeral) < 2 or numeral in _NOT_NUMBERS or numeral.islower():
        return ""
    if re.match(r"\s(?:drip|fluids?|line|bag|antibiotics|infusion|needle|pole)\b", after) and numeral == "IV":
        return ""
    if re.match(r"\s(?:century|centuries)\b", after):
        return ordinal(str(count))
    if len(numeral) >= 4 and numeral[0] == "M":
        return year(str(count)) if 1000 <= count <= 2999 else cardinal(str(count))
    if set(numeral) & set("CDM"):
        return ""
    names = re.search(r"(?:^|\s)(?:[A-Z][a-z]+|[A-Z]\.)\s$", before)
    if plain and numeral in ("II", "III", "IV", "VI") and word[:1].isupper() and names and lower not in _COUNTED:
        return f"the {ordinal(str(count))}"
    if plain and word[:1].isupper() and re.fullmatch(r"[A-Z][a-z]+", word) and re.match(r",?\s+of\s+[A-Z]", after):
        return f"the {ordinal(str(count))}"
    if numeral in ("IV", "VI", "LI", "XI", "II") and not word and after[:1] != ".":
        return "" if numeral in ("IV", "VI", "LI", "XI") else cardinal(str(count))
    if numeral == "IV" and not word[:1].isupper():
        return ""
    return cardinal(str(count))


_ALWAYS: Final = {"chapter", "part", "act", "scene", "section", "volume", "book", "phase", "type", "stage", "appendix"}


def expand_roman(text: str) -> str:
    """Read Roman numerals."""
    if not re.search(r"[IVXLCDM]|(?<![A-Za-z])\([ivx]{1,5}\)|\b(?:chapter|scene|page|p|part)\.? [ivxl]", text):
        return text
    text = sub(r"(?<![A-Za-z])\(([ivx]{1,5})\)", lambda m: f", {cardinal(str(value(m[1])))}, " if value(m[1]) else m[0], text)
    text = sub(
        r"\b(Chapter|chapter|Scene|scene|Part|part|Section|section|page|Page|pages|Book|Volume)\s([ivxl]+)\b(?!['’])",
        lambda m: f"{m[1]} {cardinal(str(value(m[2])))}" if value(m[2]) else m[0], text,
    )  # fmt: skip
    text = sub(
        r"(?<![\w.-])([IVX]{1,5})\s?[-–]\s?([IVX]{1,5})(?![\w-])",
        lambda m: f"{m[1]} to {m[2]}" if value(m[1]) and value(m[2]) and len(m[1] + m[2]) > 2 else m[0], text,
    )  # fmt: skip
    text = sub(_ROMAN, _read, text)
    # after the second of two: Parts II and III, Acts I to IV
    return sub(
        r"\b(one|two|three|four|five|six|seven|eight|nine|ten) (and|to|or) ([IVX]+)\b(?!['’])",
        lambda m: f"{m[1]} {m[2]} {cardinal(str(value(m[3])))}" if value(m[3]) and m[3] != "I" else m[0], text,
    )  # fmt: skip
