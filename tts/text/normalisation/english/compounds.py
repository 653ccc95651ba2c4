"""Figures and letters that belong to what stands beside them, read or joined before a later step would part them: thousands
in groups, the years of ``pre-1990``, fractions of an inch, chapter and verse, sharps, ions, keys and options of commands.
"""

from __future__ import annotations

import re
from typing import Final

from tts.text.normalisation.english.numbers import adjectival, cardinal, year
from tts.text.tracked import sub

_GROUPS: Final = re.compile(r"(?<![\w.,:/+-])(?<![\d)] )([1-9]\d{0,2}(?: \d{3}){1,4})(?![\w-]|\s\d|[,:/]\d)")
_NO_GROUPS: Final = re.compile(
    r"\b(?:call|dial|phone|ring|rang|text|tel|fax|number|code|pin|extension|ext|account|room|flight|bus|page|route|in|on|at)\.?:?"
    r"(?:\s(?:number|no|is|on|me|us|at|him|her))?\.?:?\s+$",
    re.I,
)


def _groups(match: re.Match[str]) -> str:
    """``1 000 000`` with commas; two groups of three figures each are no number after what a telephone has before it."""
    groups = match[1].split()
    if _NO_GROUPS.search(match.string[max(match.start() - 40, 0) : match.start()]) and len(groups) == 2:
        return match[0]
    return ",".join(groups)


_DECIMALS: Final = re.compile(
    r"(?<![\w.,:/+-])(?<![\d)] )([1-9]\d{0,2}(?:(?: \d{3})+|(?:\.\d{3})+)),(\d{1,2})(?![\w]|[.,:/-]\d)"
)

_ERA: Final = re.compile(r"\b(pre|post|mid|early|late)[-–](1[1-9]\d\d|20\d\d)(?![\w]|[.,]\d)", re.I)
_TO: Final = re.compile(r"(?<![\w.-])(\d{1,2})-to-(\d{1,2})(?![\w-])")
_WAR: Final = re.compile(r"(?<![\w])WW(II?|[12])\b")
_SHARP: Final = re.compile(r"(?<!\w)([A-G])#(?!\w)")
_ION: Final = re.compile(
    r"(?<![\w-])((?:NH|NO|SO|CO|HCO|PO|OH|H|Li|Na|K|Mg|Ca|Fe|Cu|Zn|Ag|Al|Cl|Br|F|I)[₂₃₄2-4]?)"
    r"(?:([²³]?[⁺⁻])|((?<=[HaKiguenl2])\+|(?<=Cl)-|(?<=Br)-|(?<=OH)-|(?<=O[₃3])-))(?![\w+-])"
)
_CHARGES: Final = {"²": "two ", "³": "three ", "⁺": "plus", "⁻": "minus", "+": "plus", "-": "minus"}
_VERSES: Final = re.compile(r"(?<=[A-Za-z] )(\d{1,3}):(\d{1,3})\s?[-–—]\s?(\d{1,3})(?![\w:%]|[.,]\d|\s?[ap]\.?m)")
_KEYS: Final = re.compile(r"\b(Ctrl|Alt|Shift|Cmd)(?=\s?[+-]\s?(?:[A-Z]|Alt|Shift|Del|Tab|Enter|Esc)\w*)([+-]?)")
_OPTION: Final = re.compile(
    r"(?<=[a-z] )(--?)(?=[b-zA-HJ-Z](?:\s|$|[.,;:!?)]))|"
    r"(?<=\b(?:ls|rm|cp|mv|ps|df|du|ln) )(--?)(?=[A-Za-z])|(?<=\b(?:git|tar|ssh|pip|man|cat|sed|awk) )(--?)(?=[A-Za-z])|"
    r"(?<=\b(?:grep|find|curl|sudo|make) )(--?)(?=[A-Za-z])"
)
_PART_INCH: Final = re.compile(r"(\d/\d{1,2}|[¼½¾⅛⅜⅝⅞])\s?[\"″](?=\s[a-z]|[.,;]|\s*$)")
_BOARD: Final = re.compile(r"(?<![\w.'’])(\d{1,3})\s?['’′]\s?[x×]\s?(\d{1,3})\s?['’′](?![\w\"])")
_FEET: Final = re.compile(r"(?<![\w.,'’])(\d{1,3})['’′](?=\s[a-z]|[.,;:!?]|\s*$)")
_QUOTED: Final = re.compile(r"(?<!\w)['‘](?=\w)")
_ARC: Final = re.compile(
    r"(?<![\w.])(\d{1,3})\s?°\s?(\d{1,2})\s?['’′]\s?(?:(\d{1,2})(?:\.(\d+))?\s?(?:[\"”″]|'')\s?)?([NSEW]\b)?"
)
_COMPASS: Final = {"N": "north", "S": "south", "E": "east", "W": "west"}
_INSTANT: Final = re.compile(r"(?<=\d{4}-\d\d-\d\d)T(\d\d:\d\d)(?::(\d\d)(?:\.\d+)?)?(Z?)(?![\w])")


def _count(digits: str, one: str) -> str:
    return f"{cardinal(str(int(digits)))} {one}{'' if int(digits) == 1 else 's'}"


def _arc(match: re.Match[str]) -> str:
    degrees, minutes, seconds, decimals, compass = match.groups()
    said = f"{_count(degrees, 'degree')} {_count(minutes, 'minute')}"
    if seconds:
        fraction = f" point {' '.join(map(cardinal, decimals))}" if decimals else ""
        said += f" {cardinal(str(int(seconds)))}{fraction} seconds" if fraction else f" {_count(seconds, 'second')}"
    return said + (f" {_COMPASS[compass]}" if compass else "")


def _feet(match: re.Match[str]) -> str:
    """Feet alone; one foot before a noun: ``a 6' board``."""
    if _QUOTED.search(match.string[max(match.start() - 300, 0) : match.start()]):
        return match[0]
    before = sub(r"\band (?=$)", "a ", match.string[max(match.start() - 40, 0) : match.start()])  # and 10' pole
    single = match[1] == "1" or adjectival(before, match.string[match.end() : match.end() + 60])
    return f"{cardinal(match[1])} {'foot' if single else 'feet'}"


def _board(match: re.Match[str]) -> str:
    foot = (
        "foot"
        if adjectival(match.string[max(match.start() - 60, 0) : match.start()], match.string[match.end() : match.end() + 60])
        else "feet"
    )
    return f"{cardinal(match[1])} {foot} by {cardinal(match[2])} {foot}"


def _verses(match: re.Match[str]) -> str:
    chapter, first, last = match.groups()
    if len(first) == 2 and int(first) < 60 and int(chapter) < 25 and int(last) <= 24 and int(last) < int(first):
        return match[0]  # 7:30-8 is a time
    return f"{cardinal(chapter)} {cardinal(first)} to {cardinal(last)}"


def _ion(match: re.Match[str]) -> str:
    letters = sub(r"[A-Za-z]", lambda m: ("A·" if m[0] in "aA" else m[0].upper()) + " ", match[1])
    return letters + " " + "".join(_CHARGES[sign] for sign in match[2] or match[3])


def _key(match: re.Match[str]) -> str:
    return {"Ctrl": "Control", "Cmd": "Command"}.get(match[1], match[1]) + (" plus " if match[2] == "+" else match[2])


def _instant(match: re.Match[str]) -> str:
    seconds = f" and {_count(match[2], 'second')}" if match[2] and int(match[2]) else ""
    return f", {match[1]}{seconds}{' U T C' if match[3] else ''}"


_PASSES: Final = (
    (_DECIMALS, lambda m: f"{sub('[ .]', ',', m[1])}.{m[2]}"),  # 1 234 567,89 and 1.234,56 as on the continent
    (_GROUPS, _groups),
    (_INSTANT, _instant),
    (_ARC, _arc),
    (_PART_INCH, lambda m: f"{m[1]} inch"),
    (_BOARD, _board),
    (_FEET, _feet),
    (_ERA, lambda m: f"{m[1]} {year(m[2])}"),
    (_TO, lambda m: f"{cardinal(m[1])} to {cardinal(m[2])}"),
    (_WAR, lambda m: f"World War {'One' if m[1] in 'I1' else 'Two'}"),
    (_SHARP, lambda m: f"{'A·' if m[1] == 'A' else m[1]} sharp"),
    (_ION, _ion),
    (_VERSES, _verses),
    (_KEYS, _key),
    (_OPTION, lambda m: "dash dash " if "--" in m[0] else "dash "),
)


def expand_compounds(text: str) -> str:
    """Read compounds."""
    text = sub(r"\bVI(?=\s(?:editor|mode|commands?)\b)", "V I", text)
    for pattern, read in _PASSES:
        text = sub(pattern, read, text)
    return text
