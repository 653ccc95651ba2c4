"""Phones of one English word: names, the CMU dictionary, words made of others, and letters."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass, replace
from functools import lru_cache
from importlib.resources import files
from typing import Final

from tts.text.english.cmudict import entries, to_marked_ipa
from tts.text.english.letter_to_sound import spelled_like
from tts.text.sentence import Syllable, Word

# Words that are said without stress in running speech, where the dictionary has them stressed
_WEAK: Final = {
    "a": "AH0",
    "an": "AH0 N",
    "the": "DH AH0",
    "to": "T AH0",
    "of": "AH0 V",
    "and": "AH0 N D",
    "was": "W AH0 Z",
    "for": "F ER0",
    "because": "B IH0 K AH1 Z",
}
_UNVOICED: Final = frozenset(("P", "T", "K", "F", "TH"))
_SIBILANT: Final = frozenset(("S", "Z", "SH", "ZH", "CH", "JH"))
_LETTERS_APART: Final = str.maketrans(
    {"ß": "ss", "ø": "o", "ł": "l", "đ": "d", "æ": "ae", "œ": "oe", "þ": "th", "ð": "th", "ı": "i"}
)


@dataclass(frozen=True)
class Pronunciation:
    """ARPAbet ``names`` with digits of stress; ``guessed`` where nothing but letters told them."""

    names: tuple[str, ...]
    guessed: bool = False

    @property
    def phones(self) -> tuple[str, ...]:
        """IPA with stress marks."""
        return to_marked_ipa(self.names)


@lru_cache(maxsize=1)
def _names() -> dict[str, str]:
    text = (files("tts.text.english") / "names.txt").read_text(encoding="utf-8")
    lines = (line.split(" ", 1) for line in text.split("\n") if line and not line.startswith("#"))
    return {name.lower(): phones for name, phones in lines}


def name(word: str) -> Pronunciation | None:
    """Return the pronunciation of a name that its letters mislead about, None for another word; a possessive is one too."""
    if not word[:1].isupper():
        return None
    key = unicodedata.normalize("NFC", word).lower().replace("’", "'")
    if phones := _names().get(key):
        return Pronunciation(tuple(phones.split()))
    if key.endswith("'s") and (phones := _names().get(key[:-2])):
        return Pronunciation(_with_s(tuple(phones.split())))
    return None


def letters_with_s(word: str) -> Pronunciation | None:
    """Return the pronunciation of a capital letter with s (``C's``, ``Ds``), None for anything else."""
    match = re.fullmatch(r"([A-Z])['’]?s", word)
    if match is None or word in ("As", "Is", "Us"):
        return None
    return Pronunciation(_with_s(("EY1",) if match[1] == "A" else tuple(entries()[match[1].lower()].split())))


@lru_cache(maxsize=16384)
def pronounce(word: str) -> Pronunciation | None:
    """Return the pronunciation of a word as it is written, None where it has no letter of a-z, with or without accents.

    In this order: names, the dictionary, endings of words in it (``'s``, ``s'``, ``s``, ``ed``, ``ing``), the parts of a
    compound with hyphens, letter to sound.
    """
    if own := name(word) or letters_with_s(word):
        return own
    key = word.lower().replace("’", "'")
    if known := known_word(key):
        return Pronunciation(known)
    if "-" in key.strip("-"):
        parts = [pronounce(part) for part in word.split("-") if part]
        if any(part is None for part in parts):
            return None
        return Pronunciation(
            tuple(name for part in parts if part for name in part.names), any(part.guessed for part in parts if part)
        )
    letters = plain(key)
    if letters != key and (known := known_word(letters)):
        return Pronunciation(known)
    names = spelled_like(re.sub("[^a-z]", "", letters))
    return Pronunciation(names, guessed=True) if names else None


def plain(word: str) -> str:
    """Return a word in the letters a-z as far as it goes: accents taken off, ligatures apart."""
    bare = "".join(c for c in unicodedata.normalize("NFD", word) if not unicodedata.combining(c))
    return bare.translate(_LETTERS_APART)


def known_word(key: str) -> tuple[str, ...] | None:
    """Return the names of a word in small letters that the dictionary has, or that is one of its words with an ending."""
    listed = _WEAK.get(key) or entries().get(key)
    if listed:
        return tuple(listed.split())
    if key.endswith("'") and (stem := entries().get(key[:-1])):
        return tuple(stem.split())
    if key.endswith("'s") and (base := known_word(key[:-2])):
        return _with_s(base)
    for ending, stems in (("s", (key[:-1],)), ("ed", (key[:-2], key[:-1])), ("ing", (key[:-3], key[:-3] + "e"))):
        if len(key) < 6 or not key.endswith(ending) or key.endswith("ss"):
            continue
        for word in (*stems, *([stems[0][:-1]] if ending != "s" and stems[0][-1:] == stems[0][-2:-1] else [])):
            if len(word) > 3 and (listed := entries().get(word)):
                return _ended(tuple(listed.split()), ending)
    return None


def _ended(names: tuple[str, ...], ending: str) -> tuple[str, ...]:
    if ending == "s":
        return _with_s(names)
    if ending == "ing":
        return (*names, "IH0", "NG")
    if names[-1] in ("T", "D"):
        return (*names, "IH0", "D")
    return (*names, "T" if names[-1] in _UNVOICED | _SIBILANT - {"Z", "ZH", "JH"} else "D")


def _with_s(names: tuple[str, ...]) -> tuple[str, ...]:
    if names[-1] in _SIBILANT:
        return (*names, "IH0", "Z")
    return (*names, "S" if names[-1] in _UNVOICED else "Z")


def letters_named(words: list[Word]) -> list[Word]:
    """Read A beside another letter (A M, U S A) by its name; the tagger takes it for the article."""
    letter = [len(word.text) == 1 and word.text.isupper() and word.text != "I" for word in words]
    return [
        replace(word, syllables=(Syllable(("eɪ",), 1),))
        if word.text == "A" and any(letter[max(place - 1, 0) : place] + letter[place + 1 : place + 2])
        else word
        for place, word in enumerate(words)
    ]
