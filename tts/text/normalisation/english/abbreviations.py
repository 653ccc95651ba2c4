"""Abbreviations: titles with or without a full stop, streets, states, Latin, short words of notes and letters."""

from __future__ import annotations

import re
from typing import Final

from tts.text.normalisation.english.letters import begins_sentence
from tts.text.normalisation.lists import listed, table
from tts.text.tracked import sub

# In small letters, without their last full stop. Those in the first table are abbreviations wherever a full stop follows.
ALWAYS: Final = table("""
    mr Mister; mrs Missus; ms Miz; messrs Messers; mme Madame; mlle Mademoiselle; dr Doctor; drs Doctors; jr Junior; sr Senior;
    prof Professor; profs Professors; capt Captain; lt Lieutenant; sgt Sergeant; cpl Corporal; pvt Private; cmdr Commander;
    brig Brigadier; maj Major; adm Admiral; supt Superintendent; insp Inspector; rev Reverend; revd Reverend; gov Governor;
    bros Brothers; ltd Limited; inc Incorporated; corp Corporation; dept department; depts departments; approx approximately;
    vs versus; etc etcetera; e.g for example; eg for example; i.e that is; ie that is; viz namely; et.al et al; u.s U S; u.k
    U K;
    a.m A M; p.m P M; ph.d P H D; a.k.a A K A; p.s P S; n.b N B; esq Esquire; blvd Boulevard; ave Avenue; hwy Highway;
    pkwy Parkway; govt government; excl excluding; incl including; est established; misc miscellaneous; esp especially;
    usu usually; orig originally; attn attention; assn association; assoc associate; univ University; inst Institute; intl
    International;
    natl National; mfg manufacturing; mgr manager; mgmt management; bldg building; apt apartment; appt appointment; tel
    telephone;
    ext extension; temp temperature; avg average; min minimum; max maximum; pls please; fwd forward; abbr abbreviation;
    anon anonymous; calif California; fla Florida; penn Pennsylvania; conn Connecticut; minn Minnesota; wis Wisconsin;
    colo Colorado; ariz Arizona; okla Oklahoma; tenn Tennessee; nev Nevada; messrs Messers; hrs hours; yrs years; wks weeks;
    lbs pounds; oz ounces; tbsp tablespoon; tsp teaspoon; cf compare; ibid ibid; al al; op.cit op cit; no.s numbers""")
BEFORE_NUMBER: Final = table("""
    no number; nos numbers; vol volume; vols volumes; fig figure; figs figures; p page; pp pages; pg page; pgs pages; ch
    chapter;
    chap chapter; chaps chapters; sec section; sect section; art article; eq equation; eqs equations; tab table; par paragraph;
    para paragraph; ver version; v version; ca circa; c circa; approx approximately; rm room; ste suite; app appendix; ed
    edition;
    ref reference; refs references; op opus; cl clause; pt part; pts parts; q question; rte route; st Street; l line; n note""")
AFTER_NUMBER: Final = table("""
    min minutes; mins minutes; sec seconds; secs seconds; hr hours; hrs hours; wk weeks; mo months; yr years; in inches; ft
    feet;
    oz ounces; lb pounds; pt pints; qt quarts; gal gallons; yd yards; mi miles; sq square; cu cubic; doz dozen; pp pages;
    vols volumes;
    deg degrees; no number; ed edition; eds editors""")
BEFORE_NAME: Final = table("""
    gen General; col Colonel; hon Honorable; sen Senator; rep Representative; pres President; det Detective; st Saint; ste
    Sainte;
    mt Mount; ft Fort; fr Father; sr Sister; br Brother; pt Point; cllr Councillor; msgr Monsignor; amb Ambassador; sec
    Secretary;
    dep Deputy; hm H M; asst Assistant; mx Mix; sto Santo; cdr Commander; pfc Private first class; wm William; geo George;
    chas Charles;
    jas James; thos Thomas; jos Joseph; robt Robert; edw Edward; benj Benjamin; alex Alex; sam Sam""")
AFTER_NAME: Final = table("""
    st Street; rd Road; ln Lane; ct Court; sq Square; pl Place; dr Drive; ter Terrace; terr Terrace; cres Crescent; ave Avenue;
    blvd Boulevard; co Company; cos Companies; cir Circle; hts Heights; pk Park; mt Mountain; mts Mountains; is Island; bldg
    Building;
    ont Ontario; mass Massachusetts; mich Michigan; ill Illinois; tex Texas; va Virginia; ga Georgia; md Maryland; ore Oregon;
    wash Washington; ind Indiana; ky Kentucky; la Louisiana; ala Alabama; ark Arkansas; mo Missouri; mont Montana; neb Nebraska;
    kan Kansas; del Delaware; wyo Wyoming; miss Mississippi; id Idaho; pa Pennsylvania; vt Vermont; nwt Northwest
    Territories""")
# Without a full stop: before a name, after a name, and anywhere.
BARE_BEFORE_NAME: Final = (
    "dr|mr|mrs|ms|st|prof|sgt|capt|lt|gen|col|maj|cpl|rev|revd|gov|sen|messrs|cllr|fr|pvt|cmdr|hon|mt|rep|supt|insp"
)
BARE_AFTER_NAME: Final = "st|rd|ave|blvd|ln|dr|hwy|pkwy|sq|ct"
_SHORT: Final = {
    "w/o": "without", "w/": "with", "b/c": "because", "c/o": "care of", "w/c": "week commencing", "n/a": "not applicable",
    "N/A": "not applicable", "h/t": "hat tip", "a/c": "A C", "A/C": "A C", "A/B": "A B", "I/O": "I O", "P/E": "P E",
    "TBD": "T B D",
}  # fmt: skip
MAY_END: Final = frozenset(
    listed("""
    etc jr sr inc co corp ltd al a.m p.m esq st rd ave blvd ln dr hwy sq ct pl mins hrs yrs lbs oz ft in min sec hr yr
    bros dept u.s u.k d.c ph.d m.d b.a m.a b.c a.d est max apt bldg calif fla
""")
)
STATES: Final = dict(zip(
    listed("""
    AL AK AZ AR CA CO CT DE FL GA HI ID IL IN IA KS KY LA ME MD MA MI MN MS MO MT NE NV NH NJ NM NY NC ND OH OK OR PA
    RI SC SD TN TX UT VT VA WA WV WI WY
"""),
    ["Alabama", "Alaska", "Arizona", "Arkansas", "California", "Colorado", "Connecticut", "Delaware", "Florida", "Georgia",
    "Hawaii", "Idaho", "Illinois", "Indiana", "Iowa", "Kansas", "Kentucky", "Louisiana", "Maine", "Maryland", "Massachusetts",
    "Michigan", "Minnesota", "Mississippi", "Missouri", "Montana", "Nebraska", "Nevada", "New Hampshire", "New Jersey",
    "New Mexico", "New York", "North Carolina", "North Dakota", "Ohio", "Oklahoma", "Oregon", "Pennsylvania", "Rhode Island",
    "South Carolina", "South Dakota", "Tennessee", "Texas", "Utah", "Vermont", "Virginia", "Washington", "West Virginia",
    "Wisconsin", "Wyoming"],
    strict=True,
))  # fmt: skip
_DOTTED: Final = re.compile(r"(?<![\w.'’-])([A-Za-z]+(?:\.[A-Za-z]+)*)\.(?=[\s,;:)\"”’?!]|$|(?<=[Nnop]\.)\d)")
_STATE: Final = re.compile(rf"(?:(?<=[a-z], )|(?<=\b(?:LA|SF|KC), ))({'|'.join(STATES)})(?=\s\d{{5}}|[.,;:!?)]|\s*$|\s[a-z])")
_NAME_BEFORE: Final = re.compile(
    r"(?:[A-Z][\w'’]+|\d(?:st|nd|rd|th)|\b(?:first|second|third|fourth|fifth|sixth|seventh|eighth|ninth|tenth))\s+$"
)
_CAPITAL: Final = re.compile(r"\s*[A-Z\ue000-\uf8ff]")
_NUMBER_AFTER: Final = re.compile(r"\s?[\d#]|\s(?:[ivx]{2,}|[IVX]+)\b")
_NUMBER_BEFORE: Final = re.compile(
    r"(?:\d|[¼½¾]|\b(?:one|two|three|four|five|six|seven|eight|nine|ten|few|several|half|per|\w+ty|twelve|\w+teen))[\s-]?$"
)


def reading(word: str, before: str, after: str) -> str | None:
    """Return how an abbreviation, given without its last full stop, is said between two texts; None where it is a plain
    word.
    """
    lower = word.lower()
    if lower in AFTER_NUMBER and _NUMBER_BEFORE.search(before):
        one = re.search(r"(?<!\d)1[\s-]?$|\bone[\s-]$|\bper\s$", before)
        return (
            AFTER_NUMBER[lower].removesuffix("s").replace("feet", "foot").replace("inche", "inch")
            if one
            else AFTER_NUMBER[lower]
        )
    letter = lower in ("c", "p", "v", "q", "l", "n") and word.isupper()
    street = lower in AFTER_NAME and _NAME_BEFORE.search(before)
    if lower == "no" and not re.match(r"\s?[\d#]|\s[IVX]{2,}\b", after):
        return None  # No. I won't.
    if word == "v" and _NAME_BEFORE.search(before) and _CAPITAL.match(after):
        return "versus"
    if lower in BEFORE_NUMBER and _NUMBER_AFTER.match(after) and not letter and not street:
        return BEFORE_NUMBER[lower]
    if lower == "co" and re.search(r"(?:&|\band)\s$", before):
        return "Company"
    named = bool(_NAME_BEFORE.search(before)) and word[0].isupper()
    followed = _CAPITAL.match(after) is not None
    if lower in AFTER_NAME and named and not (followed and lower in ALWAYS | BEFORE_NAME and not _street(before, after)):
        return AFTER_NAME[lower]
    if lower in ALWAYS and not (
        lower in ("est", "temp", "max", "min", "al", "sr", "ed") and not _abbreviates(lower, before, after)
    ):
        return ALWAYS[lower]
    if lower in BEFORE_NAME and followed and (word[0].isupper() or lower in ("st",)):
        return BEFORE_NAME[lower]
    return AFTER_NAME[lower] if lower in AFTER_NAME and named and not followed else None


def _street(before: str, after: str) -> bool:
    """Whether ``Elm Dr. ...`` and ``Main St. ...`` end a street's name although a capital follows."""
    word = re.search(r"([A-Z][\w'’]*|\d\w+)\s+$", before)
    return (
        bool(word)
        and re.search(r"(?:^|[.!?]\s*|\bof |\band )$", before[: word.start()]) is None
        and not re.match(r"\s*[A-Z]\.?\s", after)
        if word
        else False
    )


def _abbreviates(lower: str, before: str, after: str) -> bool:
    follows = after.lstrip()[:1]
    if lower == "al":
        return before.rstrip().endswith("et")
    if lower == "sr":
        return True
    return bool(follows) and (follows.islower() or follows.isdigit() or follows in ",;:)")


def may_end(lower: str, said: str) -> bool:
    """Whether an abbreviation that may end a sentence may do so as it is read: a street may, a saint may not."""
    title = said == BEFORE_NAME.get(lower) or (lower in AFTER_NAME and said == ALWAYS.get(lower))
    return not title or said == AFTER_NAME.get(lower)


def ends_before(lower: str, after: str) -> bool:
    """Whether a sentence may end between an abbreviation and a capital: after ``U.S.`` and ``Jr.`` names go on."""
    return lower in MAY_END and (lower not in ("u.s", "u.k", "d.c", "b.c", "jr", "sr") or begins_sentence(after))


def _dotted(match: re.Match[str]) -> str:
    before, after = match.string[max(match.start() - 60, 0) : match.start()], match.string[match.end() : match.end() + 60]
    said = reading(match[1], before[-40:], after[:40])
    if said is None:
        return match[0]
    following = after.lstrip('"”’) ')[:1]
    ends = not following or (
        following.isupper()
        and ends_before(match[1].lower(), after)
        and may_end(match[1].lower(), said)
        and after[:1] in '"”’) '
    )
    return said + ("." if ends else " " if after[:1].isdigit() else "")


def expand_abbreviations(text: str) -> str:
    """Read abbreviations."""
    if "." in text:
        text = sub(_DOTTED, _dotted, text)
    if "/" in text:
        text = sub(r"(?<![\w/])(w/o|w/c|w/|b/c|c/o|n/a|N/A|h/t|[Aa]/[Cc]|A/B|I/O|P/E)(?![\w/](?<!w/\w))", _slash, text)
    text = sub(rf"(?<![\w.'’-])({BARE_BEFORE_NAME})(?=\s[A-Z\ue000-\uf8ff])", _bare_title, text, flags=re.I)
    text = sub(rf"(?<=[a-z\d] )({BARE_AFTER_NAME})(?=\s*(?:[.,;:!?)]|$)|\s(?:[a-z]|\d))", _bare_street, text, flags=re.I)
    return sub(_STATE, lambda m: STATES[m[1]], text)


def _slash(match: re.Match[str]) -> str:
    after = match.string[match.end() : match.end() + 1]
    return _SHORT[match[1]] + (" " if after.isalnum() else "")


def _bare_title(match: re.Match[str]) -> str:
    word = match[1]
    if not word[0].isupper() or (word.isupper() and len(word) > 2):
        return word
    before, after = match.string[max(match.start() - 60, 0) : match.start()], match.string[match.end() : match.end() + 60]
    lower = word.lower()
    if (
        lower in AFTER_NAME
        and _NAME_BEFORE.search(before[-30:])
        and not re.search(r"\b(?:in|to|at|near|of|from|by|the|and)\s+$", before)
        and re.search(r"\d[\w]*\s(?:\w+\s){0,2}$", before)
    ):
        return AFTER_NAME[lower]
    if lower in ("gen", "rep", "col", "hon", "fr", "mt") and not re.match(r"\s[A-Z][a-z]", after):
        return word
    if lower == "gen" and re.match(r"\s[XYZ]\b", after):
        return word
    return BEFORE_NAME.get(lower) or ALWAYS[lower]


def _bare_street(match: re.Match[str]) -> str:
    word = match[1]
    before = match.string[max(match.start() - 60, 0) : match.start()]
    if not word[0].isupper() or not _NAME_BEFORE.search(before[-30:]):
        return word
    return AFTER_NAME.get(word.lower()) or ALWAYS[word.lower()]
