"""Initialisms and single letters: what is spelled arrives at the engine as single capitals, the letter A as ``A·``.

A bare token of two to five capitals that no list here has is left to the engine, whose lexicon knows whether it is a word.
"""

from __future__ import annotations

import re
from typing import Final

from tts.text.normalisation.english.initialisms import BY_CONTEXT, MIXED, SPELLED, SPELLED_SMALL, WORDS
from tts.text.normalisation.lists import listed
from tts.text.tracked import sub

_CAPITALS: Final = re.compile(r"(?<![\w'’·])([A-Z]{2,8})(s|['’]s|['’]d|ed|ing)?(?![\w·])")
_MIXED: Final = re.compile(r"(?<![\w'’·])([A-Za-z]{2,10}?)(s|['’]s)?(?![\w·'’])")
_DOTTED: Final = re.compile(r"(?<![\w.])((?:[A-Za-z]\.){2,})(s\b|['’]s\b)?(?=(\s+[A-Z]|\s*$)?)")
_AMPERSAND: Final = re.compile(r"\b([A-Z])\s?&\s?([A-Z])\b")
_SMALL: Final = re.compile(r"(?<![\w'’·.@/])([b-df-hj-np-tv-xz]{2,5})(?![\w'’·])")
_INTERJECTIONS: Final = frozenset(
    listed("""
    hm hmm hmmm mm mmm mhm shh sh shhh pst psst brr brrr tsk pfft pff grr grrr nth zzz zz th st nd rd mr mrs ms dr vs
    ph bzz bzzz ssh sss phd cwm crwth tt ll ve nt
""")
)
_LETTER_A: Final = re.compile(
    r"(?<=\b[Vv]itamin )A\b|(?<=\b[Pp]lan )A\b|(?<=\b[Gg]rade )A\b|(?<=\b[Tt]ype )A\b|(?<=\b[Gg]ate )A\b|(?<=\b[Gg]roup )A\b|"
    r"(?<=\b[Ss]ection )A\b|(?<=\b[Tt]eam )A\b|(?<=\b[Cc]lass )A\b|(?<=\b[Aa]ppendix )A\b|(?<=\b[Oo]ption )A\b|"
    r"(?<=\b[Ee]xhibit )A\b|"
    r"(?<=\b[Hh]epatitis )A\b|(?<=\b[Ll]evel )A\b|(?<=\b[Pp]oint )A\b|(?<=\b[Ss]ide )A\b|(?<=\b[Bb]lock )A\b|"
    r"(?<=\b[Bb]uilding )A\b|"
    r"(?<=\b[Uu]nit )A\b|(?<=\b[Ll]etter )A\b|(?<=\b[Aa]n )A\b|(?<=\b[Tt]he )A\b|(?<=\b[Ss]tring )A\b|(?<=\b[Kk]ey of )A\b|"
    r"(?<=\b[Ss]traight )A\b|(?<=\b[Cc]olumn )A\b|(?<=\b[Rr]ow )A\b|(?<=\b[Zz]one )A\b|(?<=\bfrom )A\b|(?<=\b[Ff]igure )A\b|"
    r"(?<![\w'’.·])A(?=\s*(?:[.,;:!?)]|$)|\s(?:is|was|to|and|or|plus|minus|flat|sharp|major|minor|equals|level|"
    r"levels)\b|-(?:level|list|frame|"
    r"team|side|road|flat|sharp|plus|minus|star)|\s(?:one|two|three|four|five|six|seven|eight|nine|ten|\w+teen|\w+ty|"
    r"twelve|zero)\b(?!\s\w+\s\w)|['’]s\b)"
)
_NO_WORD: Final = frozenset({"PC", "PA", "EU", "OK"})
_SHOUT: Final = re.compile(r"[A-Z][A-Z'’]*[A-Z]")


def spell(letters: str, ending: str = "") -> str:
    """Return letters as they are spelled: single capitals, ``ending`` on the last of them."""
    names = [c.upper() for c in letters if c.isalpha()]
    if names == ["A"]:
        names = ["A·"]
    return " ".join(names) + ending


def _ending(text: str | None) -> str:
    return "" if not text else "'s" if text in ("s", "'s", "’s") else "'" + text.lstrip("'’").replace("ed", "d")


def _capitals(match: re.Match[str]) -> str:
    word, ending = match[1], match[2] or ""
    if word in WORDS:
        spoken = WORDS[word]
        return spoken + ending.replace("’", "'")
    if word in BY_CONTEXT:
        if _means_letters(word, match):
            return spell(word, _ending(ending))
        return (word if word in _NO_WORD else word.lower()) + ending
    if word in SPELLED or (ending in ("s", "'s", "’s", "'d", "’d") and _unreadable(word)) or not re.search("[AEIOUY]", word):
        return spell(word, _ending(ending))
    return match[0]


def _unreadable(word: str) -> bool:
    """Whether capitals before a small s are letters: ``CEOs``, ``MPs``; whole words in capitals take a capital S."""
    return len(word) <= 5


def _means_letters(word: str, match: re.Match[str]) -> bool:
    """Tell US from a shouted us, IT from it, AD from ad, by the words beside them."""
    before = re.search(r"([\w'’]+)[\s\"“(]*$", match.string[max(match.start() - 30, 0) : match.start()])
    after = re.match(r"[\s\"”)]*([\w'’]+)", match.string[match.end() : match.end() + 30])
    near = [m[1] for m in (before, after) if m]
    shouted = any(_SHOUT.fullmatch(n) and n not in SPELLED and n not in BY_CONTEXT and n not in WORDS for n in near)
    pattern = BY_CONTEXT[word]
    if pattern is None:
        return not shouted
    text = match.string
    return bool(
        re.search(pattern, text[max(match.start() - 25, 0) : match.start()] + "<>" + text[match.end() : match.end() + 25])
    )


def _dotted(match: re.Match[str]) -> str:
    letters, ending = match[1], match[2] or ""
    ends = match[3] is not None and not ending
    stop = "." if ends and (not match[3].strip() or begins_sentence(match.string[match.end() : match.end() + 60])) else ""
    return spell(letters, _ending(ending)) + stop


def begins_sentence(after: str) -> bool:
    """Whether a new sentence begins after an abbreviation: with a word that begins sentences rather than names."""
    word = re.match(r"\s+([A-Z][a-z']*)", after)
    return bool(word) and word[1].lower() in _STARTERS if word else True


_STARTERS: Final = frozenset(
    listed("""
    the he she it they we you i this that these those but and in on at there when then what who why how if a an his
    her its their our my your as after before by for so no not yes now here
""")
)


def _mixed(match: re.Match[str]) -> str:
    word, ending = match[1], match[2] or ""
    known = MIXED.get(word)
    if known is not None:
        return known + (_ending(ending) if re.search(r"\b[A-Z]$", known) else ending.replace("’", "'"))
    if word in SPELLED_SMALL:
        return spell(word, _ending(ending))
    return match[0]


def unshout(text: str) -> str:
    """Return a text that is all in capitals in small letters, so that it is not spelled out; initialisms stay."""
    words = re.findall(r"[^\W\d_]{2,}", text)
    if len(words) <= 3 or text != text.upper():
        return text

    def lower(match: re.Match[str]) -> str:
        word = match[0]
        vowel = re.search("[AEIOUY]", word)
        return (
            word
            if (word in WORDS and word not in ("WHO", "LED"))
            or (word in SPELLED and word not in BY_CONTEXT)
            or (not vowel and len(word) > 1)
            else word.lower()
        )

    return sub(r"[^\W\d_](?:['’]?[^\W\d_])*", lower, text)


def expand_letters(text: str) -> str:
    """Spell initialisms and name single letters."""
    text = sub(_AMPERSAND, lambda m: f"{spell(m[1])} and {m[2]}", text)
    text = sub(r"\b([A-Z]{1,3})&([A-Z]{1,3})\b", lambda m: f"{spell(m[1])} and {spell(m[2])}", text)
    text = sub(_DOTTED, _dotted, text)
    text = sub(_CAPITALS, _capitals, text)
    text = sub(_MIXED, _mixed, text)
    text = sub(_SMALL, lambda m: m[1] if m[1] in _INTERJECTIONS else spell(m[1]), text)
    return sub(_LETTER_A, "A·", text)
