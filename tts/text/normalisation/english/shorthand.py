"""Shorthand of notes, tickets, recipes, results and financial pages: ``Rm 4B``, ``3h 12m``, ``20cm x 30cm``, ``245/6``."""

from __future__ import annotations

import re
from typing import Final

from tts.text.normalisation.english.abbreviations import STATES
from tts.text.normalisation.english.numbers import cardinal, label, spelled, year
from tts.text.normalisation.english.units import SYMBOLS
from tts.text.normalisation.lists import table
from tts.text.tracked import sub

_COUNTY: Final = re.compile(
    r"\bCo\.?(?=\s(?:Durham|Down|Antrim|Armagh|Tyrone|Fermanagh|Londonderry|Derry|Kerry|Cork|Clare|Mayo|Galway|Donegal|Sligo|"
    r"Kildare|Wicklow|Wexford|Meath|Louth|Limerick|Tipperary|Waterford|Kilkenny|Offaly|Laois|Leitrim|Roscommon|Cavan|Monaghan|"
    r"Longford|Westmeath|Carlow)\b)"
)
_PARTY: Final = re.compile(rf"\(([DRI])[-–]({'|'.join(STATES)})\)")
_POINTS: Final = re.compile(r"(?<=\d)\s?bps?\b")
_FINANCE: Final = re.compile(
    r"\b(?:rates?|yields?|bonds?|basis|spreads?|Fed|ECB|BoE|bank|cuts?|hikes?|treasur\w+|gilts?|mortgages?|points?)\b", re.I
)
_SIDES: Final = re.compile(rf"(?<=\d)(\s?(?:{SYMBOLS}))\s?[x×]\s?(?=\d)")
_TIMES: Final = re.compile(rf"(?<![\w.])(\d{{1,3}})\s?[x×]\s?(?=\d+(?:\.\d+)?\s?({SYMBOLS})(?!\w))")
_DOSES: Final = {"mg", "g", "kg", "ml", "mL", "l", "L", "cl", "mcg", "µg", "oz", "lb", "lbs", "GB", "TB", "MB"}
_OVEN: Final = re.compile(r"(?<=\b\d{3})\s?F\b")
_HOT: Final = re.compile(
    r"\b(?:oven|bak\w+|roast\w*|heat\w*|preheat\w*|cook\w*|temperature|degrees|grill\w*|fr(?:y|ied)|smok\w+)\b", re.I
)
_LENGTH: Final = re.compile(r"(?<![\w.:])(?:(\d{1,2})d\s)?(\d{1,3})h\s?(\d{1,2})(?:m|min)(?:\s?(\d{1,2})(?:s|sec))?(?![\w])")
_WICKETS: Final = re.compile(r"(?<![\w./])(\d{1,3})/(\d|10)(?![\w/]|\.\d)")
_CRICKET: Final = re.compile(r"\b(?:overs?|innings|wickets?|stumps|declared|dec|batted|bowled|not out|all out|run chase)\b")
_STATUS: Final = re.compile(r"\b([1-5]\d\d)(?=\s(?:error|status|response|redirect|page not found)\b)")
_DAYS: Final = table("Mon Monday; Tue Tuesday; Wed Wednesday; Thu Thursday; Fri Friday; Sat Saturday; Sun Sunday")
_DAY: Final = "|".join(_DAYS)
_TWO_DAYS: Final = re.compile(rf"\b({_DAY})\w{{0,2}}\.?\s?[/&+]\s?({_DAY})(?:s|rs|urs|nes|day)?\b\.?")
_NO_OTHER_WORD: Final = re.compile(
    r"(?<![\w–-])(Tue|Tues|Weds|Thu|Thur|Thurs|Fri)(?=[,;:!?)]|\s|$)(?!\s[A-Z][a-z]+[a-z]\b(?<!day))"
)
_ACCOUNT: Final = re.compile(r"\b([Aa])/[Cc](?=\s(?:no\b|number|holder|details|balance|name|is\b))")
_NUMBER: Final = re.compile(
    r"(?<=\b)(account|phone|telephone|tel|fax|ref|reference|order|serial|invoice|flight|room|card|part|model|id|policy|licence|license|"
    r"batch|tracking|booking|customer|member|membership|mobile)(\s)no\.?(?=\s(?:is|was)\b|\s?:?\s?#?\d)",
    re.I,
)
_EDITED: Final = re.compile(r"(?<=, )(eds?)\.(?=\s[A-Z])")
_TIMETABLE: Final = re.compile(r"\b([Dd]ep|[Aa]rr)\.?(?=\s(?:[A-Z]{3}\b|[A-Z][a-z]+\s\d|\d{1,2}[:.]\d\d|from\b|at\b))")
_TRAVEL: Final = {"dep": "departing", "arr": "arriving", "Dep": "Departing", "Arr": "Arriving"}
# Anywhere, with or without a full stop
_WORDS: Final = table("""
    pls please; plz please; Pls Please; Plz Please; thx thanks; Attn attention; Thx Thanks; thks thanks; Utd United;
    req'd required; recd received; rec'd received; b'day birthday; govt government; Govt Government; mgmt management;
    approx approximately; edn edition; edns editions; eqn equation; eqns equations; agg aggregate; hols holidays; mins
    minutes; yrs years; wks weeks; pkt packet; pkts packets; btwn between; w/end weekend""")
_WORD: Final = re.compile(rf"(?<![\w.'’/@-])({'|'.join(map(re.escape, _WORDS))})(\.?)(?![\w'’/@-])")
_BEFORE_NUMBER: Final = re.compile(r"\b(Rm|rm)\.?(?=\s\d)")
_AFTER_NUMBER: Final = re.compile(r"(?<=\d )lg(?=\s[a-z])")
_VOLUME: Final = re.compile(r"(?<=\bby )vol\.?(?=\W|$)(?=[.,;:!?)]|\s[a-z]|$)|(?<=% )vol\.?(?=[.,;:!?)]|\s[a-z]|$)")
_EACH: Final = re.compile(r"(?<=\d )ea\.?(?=[.,;:!?)]|\s[a-z]|$)")
_UTILITIES: Final = re.compile(r"(?<=[+&] )utils?\.?(?=[.,;:!?)]|\s|$)")


_PROTOCOL: Final = re.compile(r"(?<=\b[A-Z]{4})/(?=\d)|(?<=\b[A-Z]{3})/(?=\d\.\d)")
_CHANGE: Final = re.compile(r"\b([yqmw])/\1\b")
_PERIODS: Final = {"y": "year on year", "q": "quarter on quarter", "m": "month on month", "w": "week on week"}
_STANDARD: Final = re.compile(
    r"\b(ISO(?:/IEC)?|IEC|RFC|IEEE|DIN(?: EN)?|BS(?: EN)?) (\d{3,5})(?:-(\d{1,2}))?(?::(\d{4}))?(?![\w]|\.\d)"
)
_EXTENSION: Final = re.compile(r"(?<=\d{3}[-. ]\d{4}),?\s?x\.?\s?(\d{2,5})(?!\w)")
_MATCH_TIME: Final = re.compile(r"\b([HF])T(?=:?\s\d{1,3}[-–])")
_ATTENDANCE: Final = re.compile(r"\batt\.?(?=:?\s\d)")
_LIFE: Final = re.compile(r"(?<![\w.])([bd])\.\s?(?=(?:c\.\s?)?(?:1\d{3}|20\d\d)\b)")
_STREET: Final = re.compile(r"\b(Ave|St|Rd|Blvd|Dr|Ln|Ct|Pl|Avenue|Street|Road|Boulevard|Drive|Lane)\.?\s(NW|NE|SW|SE)\b")
_STREETS: Final = table("Ave Avenue; St Street; Rd Road; Blvd Boulevard; Dr Drive; Ln Lane; Ct Court; Pl Place")
_QUARTERS: Final = {"NW": "Northwest", "NE": "Northeast", "SW": "Southwest", "SE": "Southeast"}


def _standard(match: re.Match[str]) -> str:
    name = match[1].replace("/", " ")
    part = f" {cardinal(match[3])}" if match[3] else ""
    return f"{name} {label(match[2])}{part}" + (f", {year(match[4])}" if match[4] else "")


def _points(match: re.Match[str]) -> str:
    near = match.string[max(match.start() - 80, 0) : match.end() + 60]
    return " basis points" if _FINANCE.search(near) else match[0]


def _oven(match: re.Match[str]) -> str:
    near = match.string[max(match.start() - 60, 0) : match.end() + 40]
    return " degrees Fahrenheit" if _HOT.search(near) else match[0]


def _length(match: re.Match[str]) -> str:
    pairs = zip(match.groups(), ("day", "hour", "minute", "second"), strict=True)
    return " ".join(f"{cardinal(str(int(n)))} {unit}{'' if int(n) == 1 else 's'}" for n, unit in pairs if n)


def _wickets(match: re.Match[str]) -> str:
    near = match.string[max(match.start() - 60, 0) : match.end() + 60]
    if int(match[1]) <= int(match[2]) or not _CRICKET.search(near):
        return match[0]
    return f"{cardinal(match[1])} for {cardinal(match[2])}"


def _word(match: re.Match[str]) -> str:
    after = match.string[match.end() :].lstrip()
    ends = match[2] and (not after or after[0].isupper())
    return _WORDS[match[1]] + ("." if ends else "")


_PASSES: Final = (
    (_COUNTY, lambda m: "County"),
    (_PARTY, lambda m: f"({m[1]}, {STATES[m[2]]})"),
    (_POINTS, _points),
    (_SIDES, lambda m: f"{m[1]} by "),
    (_TIMES, lambda m: f"{cardinal(m[1])} {'times' if m[2] in _DOSES else 'by'} "),
    (_OVEN, _oven),
    (_LENGTH, _length),
    (_WICKETS, _wickets),
    (_STATUS, lambda m: label(m[1])),
    (_TWO_DAYS, lambda m: f"{_DAYS[m[1]]} {_DAYS[m[2]]}"),
    (_NO_OTHER_WORD, lambda m: _DAYS[m[1][:3]]),
    (_ACCOUNT, lambda m: "account" if m[1] == "a" else "Account"),
    (_NUMBER, lambda m: f"{m[1]}{m[2]}number"),
    (_EDITED, lambda m: "edited by"),
    (_TIMETABLE, lambda m: _TRAVEL[m[1]]),
    (_WORD, _word),
    (_BEFORE_NUMBER, lambda m: "Room" if m[1] == "Rm" else "room"),
    (_AFTER_NUMBER, lambda m: "large"),
    (_VOLUME, lambda m: "volume" + ("." if m[0].endswith(".") and not m.string[m.end() :].strip() else "")),
    (_EACH, lambda m: "each" + ("." if m[0].endswith(".") and not m.string[m.end() :].strip() else "")),
    (_UTILITIES, lambda m: "utilities"),
    (_PROTOCOL, lambda m: " "),
    (_CHANGE, lambda m: _PERIODS[m[1]]),
    (_STANDARD, _standard),
    (_EXTENSION, lambda m: f", extension {spelled(m[1])}"),
    (_MATCH_TIME, lambda m: "half time" if m[1] == "H" else "full time"),
    (_ATTENDANCE, lambda m: "attendance"),
    (_LIFE, lambda m: "born " if m[1] == "b" else "died "),
    (_STREET, lambda m: f"{_STREETS.get(m[1], m[1])} {_QUARTERS[m[2]]}"),
)


def expand_shorthand(text: str) -> str:
    """Read shorthand."""
    for pattern, read in _PASSES:
        text = sub(pattern, read, text)
    return text
