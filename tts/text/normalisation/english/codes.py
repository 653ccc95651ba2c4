"""Numbers that are read digit by digit or in pairs: telephones, codes, ISBNs, versions, aeroplanes, roads, letters with
digits.
"""

from __future__ import annotations

import re
from typing import Final

from tts.text.normalisation.english.numbers import ENDLESS, cardinal, label, number, spelled
from tts.text.tracked import sub

_PHONE: Final = re.compile(
    r"(?<![\w.,$€£/-])(?:\+\d{1,3}(?:[ .-]?\(?\d{1,5}\)?){2,6}|"
    r"(?:1[ .-])?\(\d{3,5}\)[ .-]?\d{3,4}[ .-]?\d{3,4}|"
    r"(?:1[ .-])?\d{3}[ .-]\d{3}[ .-]\d{4}|"
    r"0\d{2,4}[ -]\d{3,4}(?:[ -]\d{3,4})?|"
    r"0\d{1,4}(?:[ -]\d{2,4}){2,4}|"
    r"0\d{3,4} \d{6,7}|0[1-9]\d{8,9})(?![\w-]|[.,]\d)"
)
_LOCAL: Final = re.compile(
    r"(?<![\w.,$€£/-])([2-9]\d\d)[-.](\d{4})(?![\w-]|[.,]\d)(?!\s(?:people|members|words|metres|years|kg))"
)
_LOCAL_SPACED: Final = re.compile(
    r"(\b(?:call|dial|phone|ring|text|fax|tel|number)\.?:?\s(?:\w{2,4}\s)?)([2-9]\d\d \d{4})(?![\w-]|[.,]\d)", re.I
)
_LETTERED: Final = re.compile(r"\b(1-)?(8(?:00|88|77|66|55|44))-([A-Z]{4,7})\b")
_EMERGENCY: Final = re.compile(r"(?<![\w.,$€£/-])(911|999|112|411|311|101|111|988)(?![\w-]|[.,]\d)")
_CALL: Final = re.compile(
    r"\b(?:call(?:ed|ing|s)?|dial(?:led|ling|ed|s)?|phone[ds]?|r[iau]ng|rings?|text(?:ed)?)"
    r"\s(?:\w+\s|(?:\d{3},?\s)+(?:or|and)\s)?$",
    re.I,
)
_AFTER_EMERGENCY: Final = re.compile(r"\s(?:call|operator|dispatch|emergency|centre|center|line|number)", re.I)
_CARD: Final = re.compile(
    r"(?<![\w.,$€£/-])(?:\d{4}[ -]){3}\d{4}(?![\w-])|(?<![\w.,$€£/-])\d{3}-\d{2}-\d{4}(?![\w-])|"
    r"(?<![\w.,$€£/-])\d{2}-\d{2}-\d{2}(?![\w-])"
)
_ISBN: Final = re.compile(r"\b(ISBN|ISSN)(?:-?(10|13))?(:?\s?)(\d[\d -]{6,18}[\dXx])\b")
_ZIP: Final = re.compile(r"\b([A-Z]{2})\s(\d{5})(?:-(\d{4}))?\b")
_NAMED: Final = re.compile(
    r"\b(zip(?:\s?code)?|post\s?codes?|postal code|PIN|pin|pin code|code|serial|account|passcode|password|extension|ext|"
    r"reference|"
    r"ref|sort code|combination|case|ticket|order|booking|invoice|tracking|licence|license|badge|ID|id|SKU|policy|"
    r"member(?:ship)?|"
    r"confirmation|model|part|batch|lot|permit|passport|bus|error|port|room|bug|issue|docket|flight|channel|train|SSN|number)"
    r"((?:\s(?:number|no\.?|code|is|was|id|ID))*(?:\s?[:#])?\s)(\d{3,12})(?![\w%]|[.,:/-]\d|\s(?:people|copies|words|"
    r"lines|times|years))",
    re.I,
)
_PAIRED: Final = {"flight", "bus", "room", "channel", "train", "model", "part", "port", "bug", "issue", "case", "number"}
_PLANE: Final = re.compile(
    r"(?<=Boeing )(7\d7)(s?)\b|(?<=\b[Aa] )(7[0-8]7)(s?)(?=[.,;!?]|$|\s(?:jet|jumbo|plane|airliner|landed|flew|took))|"
    r"(?<=\b[Tt]he )(7[0-8]7)(s?)(?=\s(?:jet|jumbo|plane|airliner|landed|flew|took|crashed|Max|MAX|Dreamliner))"
)
_VERSION: Final = re.compile(
    r"(?<![\w.,])(?:\b(version|ver\.?|release|v)\s?\.?)?\s?(?<![\d.])(\d{1,4}(?:\.\d{1,5}){2,5})(-?(?:beta|alpha|rc|b|"
    r"a)\d*)?(?![\w]|\.\d)",
    re.I,
)
_V: Final = re.compile(r"\b[vV]\.?(\d{1,3}(?:\.\d{1,4})?)(?![\w.]\d)\b")
_AFTER_VERSION: Final = re.compile(r"(?<=[Vv]ersion )[vV]\.?(?=\d)")
_ADDRESS: Final = re.compile(r"(?<![\w.])(\d{1,3}(?:\.\d{1,3}){3})(?:/(\d{1,2}))?(?::(\d{2,5}))?(?![\w]|\.\d)")
_MAC: Final = re.compile(r"(?<![\w:])[0-9A-Fa-f]{2}(?:[:-][0-9A-Fa-f]{2}){5}(?![\w:])")
_MIXED: Final = re.compile(
    r"(?<![\w'’-])(?=[A-Za-z-]*\d)(?=[\d-]*[A-Za-z])[A-Za-z]+-?\d[A-Za-z0-9]*(?:-[A-Z0-9]*\d[A-Z0-9]*)*(?![\w])|"
    r"(?<![\w'’.,$€£])\d+[A-Z][A-Za-z0-9]*(?:-[A-Z0-9]*\d[A-Z0-9]*)*(?![\w])"
)
_CHEMICAL: Final = re.compile(
    r"(?<![\w'’])(?:(?:H|He|Li|B|C|N|O|F|Ne|Na|Mg|Al|Si|P|S|Cl|K|Ca|Ti|Cr|Mn|Fe|Ni|Co|Cu|Zn|Br|Ag|I|Ba|Au|Hg|Pb|U)"
    r"\d{0,3}){2,}(?![\w])"
)
_SYMBOL: Final = re.compile(r"[A-Z][a-z]?|\d+")
_HEX: Final = re.compile(r"(?<![\w])(?:0x[0-9A-Fa-f]{1,16}|#[0-9A-Fa-f]{6})(?![\w])")
_GROUPED: Final = re.compile(r"(?<![\w.,$€£/-])\d{1,5}+(?:-\d{1,5}+){2,}+(?![\w-])")
_BARE: Final = re.compile(r"(?<![\w.,$€£-])(?!0+(?![\d]))(?:0\d+|\d{10,})(?![\w,]|\.\d|[:/-]\d)")


def digits(text: str) -> str:
    """Return groups of digits one by one, a comma between the groups: ``555-0199`` is ``five five five, zero one nine
    nine``.
    """
    return ", ".join(spelled(group) for group in re.findall(r"\d+", text))


def _phone(match: re.Match[str]) -> str:
    if len(sub(r"\D", "", match[0])) < 6:
        return match[0]
    return ("plus " if match[0][0] == "+" else "") + digits(match[0])


def _emergency(match: re.Match[str]) -> str:
    near = _CALL.search(match.string[max(match.start() - 60, 0) : match.start()]) or _AFTER_EMERGENCY.match(
        match.string, match.end()
    )
    near = near or re.match(r"\s(?:or|and)\s(?:911|999|112)\b(?![,.]?\d)", match.string[match.end() : match.end() + 12])
    return spelled(match[0]) if near else match[0]


def _named(match: re.Match[str]) -> str:
    name, gap, figures = match[1], match[2], match[3]
    if name.lower() in _PAIRED and figures[0] != "0" and len(figures) < 5 and name.lower() != "number":
        return f"{name}{gap}{label(figures)}"
    if name.lower() == "number" and len(figures) < 5:
        return match[0]
    if (
        name.lower() in ("order", "case", "lot", "part", "model")
        and not re.search(r"number|no|:|#|is|id", gap, re.I)
        and len(figures) < 4
    ):
        return match[0]
    return f"{name}{gap}{spelled(figures)}"


def _version(match: re.Match[str]) -> str:
    word, dotted, end = match[1] or "", match[2], match[3] or ""
    said = " point ".join(cardinal(part) if part[0] != "0" or part == "0" else spelled(part) for part in dotted.split("."))
    name = f"{'version' if word.lower() == 'v' else word} " if word else " " if match[0][0] == " " else ""
    tail = sub(r"(?i)\brc(?=\s)", "R C", sub(r"\d+", lambda m: f" {cardinal(m[0])}", end.lstrip("-")))
    return f"{name}{said} {tail}".rstrip()


def _mixed(match: re.Match[str]) -> str:
    token = match[0]
    if re.fullmatch(r"\d+(?:st|nd|rd|th|s|x|k|m|am|pm)", token, re.I) or re.fullmatch(r"[a-z]{3,}-\d+[a-z]*", token):
        return token
    if len(token) > 40:
        return token
    pieces = re.findall(r"[A-Z]?[a-z]{2,}|[A-Za-z]|\d+", sub(r"(?<=\d)(?=[A-Za-z])|(?<=[A-Za-z])(?=\d)", " ", token))
    words = re.findall(r"[A-Za-z]+|\d+", token)
    if any(len(word) > 2 and re.search("[a-z]{2}", word) for word in words):  # Win32, iPhone14, COVID19
        return " ".join(_figure(word) if word.isdigit() else word for word in words)
    code = sum(piece.isdigit() for piece in pieces) > 1 and any(piece.isdigit() and len(piece) > 2 for piece in pieces)
    return " ".join((spelled(p) if code else _figure(p)) if p.isdigit() else letter(p) for p in pieces)


def _figure(figures: str) -> str:
    return spelled(figures) if figures[0] == "0" and len(figures) > 1 else label(figures)


def letter(text: str) -> str:
    """Return a letter as a capital, A marked as the letter; a longer piece as it is."""
    return "A·" if text in "Aa" else text.upper() if len(text) == 1 else text


def _chemical(match: re.Match[str]) -> str:
    token = match[0]
    if not re.search(r"\d", token) and token not in _FORMULAE:
        return token
    if re.fullmatch(r"[A-Z]\d{1,3}", token) or re.fullmatch(r"[A-Z][A-Z]?\d{3,}", token):
        return token  # M25
    pieces = _SYMBOL.findall(token)
    return " ".join(cardinal(p) if p.isdigit() else " ".join(letter(c) for c in p.upper()) for p in pieces)


_FORMULAE: Final = {
    "NaCl",
    "HCl",
    "KCl",
    "NaOH",
    "KOH",
    "CaO",
    "MgO",
    "NaF",
    "AgCl",
    "ZnO",
    "TiN",
    "SiC",
    "GaN",
    "LiF",
    "FeO",
    "CuO",
}


def expand_codes(text: str) -> str:
    """Read codes; run before dates, times and amounts of which a code might be taken for one."""
    if not re.search(r"\d", text):
        return sub(_CHEMICAL, _chemical, text)
    text = sub(_MAC, lambda m: " ".join(letter(c) if c.isalpha() else cardinal(c) for c in sub("[:-]", "", m[0])), text)
    text = sub(_HEX, _hex, text)
    text = sub(_ISBN, lambda m: f"{' '.join(m[1])} {cardinal(m[2]) + ', ' if m[2] else ''}{_isbn(m[4])}", text)
    text = sub(_ADDRESS, _address, text)
    text = sub(_PHONE, _phone, text)
    text = sub(_AFTER_VERSION, "", text)
    text = sub(_VERSION, _version, text)
    text = sub(_V, lambda m: f"version {number(m[1])}", text)
    text = sub(_CARD, lambda m: digits(m[0]), text)
    text = sub(_LETTERED, lambda m: f"{'one, ' if m[1] else ''}{spelled(m[2])}, {m[3].title()}", text)
    text = sub(_LOCAL, lambda m: digits(m[0]), text)
    text = sub(_LOCAL_SPACED, lambda m: f"{m[1]}{digits(m[2])}", text)
    text = sub(_EMERGENCY, _emergency, text)
    text = sub(_ZIP, lambda m: f"{m[1]} {spelled(m[2])}" + (f", {spelled(m[3])}" if m[3] else ""), text)
    text = sub(_NAMED, _named, text)
    text = sub(_PLANE, lambda m: label(m[1] or m[3] or m[5]) + (m[2] or m[4] or m[6] or ""), text)
    return sub(_CHEMICAL, _chemical, text)


def _isbn(text: str) -> str:
    parts = re.split(r"[ -]+", text)
    return ", ".join(" ".join("X" if c in "xX" else cardinal(c) for c in part) for part in parts if part)


def _hex(match: re.Match[str]) -> str:
    token = match[0]
    start, rest = ("zero X", token[2:]) if token[0] == "0" else ("hash", token[1:])
    return f"{start} " + " ".join(cardinal(c) if c.isdigit() else letter(c) for c in rest)


def _address(match: re.Match[str]) -> str:
    said = " dot ".join(cardinal(part) if len(part) == 2 else spelled(part) for part in match[1].split("."))
    mask = f" slash {cardinal(match[2])}" if match[2] else ""
    return f"{said}{mask}" + (f", port {spelled(match[3]) if len(match[3]) > 4 else label(match[3])}" if match[3] else "")


def expand_mixed(text: str) -> str:
    """Read letters with digits, groups of digits and bare long numbers: what dates, times, amounts and units have left."""
    if not re.search(r"\d", text):
        return text
    text = sub(
        _GROUPED, lambda m: ", ".join(cardinal(p) if len(p) < 3 and p[0] != "0" else spelled(p) for p in m[0].split("-")), text
    )
    text = sub(
        _BARE, lambda m: m[0] if len(m[0]) > ENDLESS else spelled(m[0]) if not m[0].endswith("000000") else cardinal(m[0]), text
    )
    text = sub(r"(?<=[A-Z]{2})-(?=\d{1,4}\b)", " ", text)
    text = sub(r"(?<![\w-])([A-Z])-(\d{1,4})\b", lambda m: f"{letter(m[1])} {label(m[2])}", text)
    return sub(_MIXED, _mixed, text)
