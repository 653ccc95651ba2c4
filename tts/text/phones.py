"""Phones of the International Phonetic Alphabet and their articulatory attributes.

A symbol is one or more base letters with diacritics: ``p``, ``t͡ʃ``, ``aɪ``, ``ɑ̃ː``. Its attributes are derived from the
letters and changed by the diacritics, by the tables of :mod:`tts.text.ipa`; a diacritic that is not there is kept but adds
nothing, a base letter that is not raises :class:`TtsError`. Stress marks belong to syllables and are no part of a symbol.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from typing import Any, Final

import numpy as np

from tts.core.errors import TtsError
from tts.text.ipa import ALIASES, DIACRITICS, LETTERS, PLACES
from tts.text.ipa import ATTRIBUTES as ATTRIBUTES  # part of this module's interface too
from tts.text.sentence import PAUSE, SILENCE, Sentence

STRESS_MARKS: Final = {"ˈ": 1, "ˌ": 2}
TIE = "\u0361"

_GLIDES = {"j": "i", "w": "u", "ɥ": "y"}  # the vowel a glide moves to or from inside a diphthong
_JOINTS = {TIE, "\u035c", "\u032f"}  # ties and the non-syllabic mark: said by the symbol being one phone


@lru_cache(maxsize=4096)
def _parse(symbol: str) -> tuple[tuple[str, str], ...]:
    """Split a symbol into (base letter, diacritics) pairs, without ties and stress."""
    text = unicodedata.normalize("NFD", symbol.strip().lstrip("".join(STRESS_MARKS)))
    for old, new in ALIASES.items():
        text = text.replace(old, new)
    found: list[list[str]] = []
    before = ""  # a mark written before its letter, such as prenasalisation
    for character in text:
        if character in LETTERS:
            found.append([character, before])
            before = ""
        elif character in _JOINTS:
            continue
        elif character in DIACRITICS or unicodedata.category(character) in ("Mn", "Lm", "Sk", "Nd"):
            if found and DIACRITICS.get(character) != "prenasalised":
                found[-1][1] += character
            else:
                before += character
        else:
            raise TtsError(f"{character!r} in the phone {symbol!r} is no IPA letter in the table of tts/text/ipa.py")
    if not found or before:
        raise TtsError(f"{symbol!r} is not a phone: it needs an IPA letter")
    return tuple((base, marks) for base, marks in found)


@lru_cache(maxsize=4096)
def canonical(symbol: str) -> str:
    """Return the one spelling of a phone: no stress mark, ``t͡ʃ`` for every way to write it, ``aɪ`` for ``a͡ɪ`` and ``aɪ̯``.

    An unknown base letter, or none at all, raises :class:`TtsError` naming it.
    """
    if symbol in (SILENCE, PAUSE):
        return symbol
    letters = _parse(symbol)
    consonants = all("consonant" in LETTERS[base] for base, _ in letters)
    pieces = []
    for base, marks in letters:
        before = "".join(mark for mark in marks if DIACRITICS.get(mark) == "prenasalised")
        pieces.append(before + base + marks.replace(before, ""))
    return unicodedata.normalize("NFC", (TIE if consonants else "").join(pieces))


@lru_cache(maxsize=4096)
def attributes(symbol: str) -> frozenset[str]:
    """Return the attributes of a phone, a subset of :data:`ATTRIBUTES`; silences have ``silence`` alone.

    A diphthong has the height and place of its start, and ``end_...`` for where it goes; a vowel with an r in the same symbol
    is rhotic; an affricate has the place of its release. An unknown base letter raises :class:`TtsError` naming it.
    """
    if symbol in (SILENCE, PAUSE):
        return frozenset({"silence"})
    letters = _parse(symbol)
    parts = [_marked(base, marks) for base, marks in letters]
    nuclei = [number for number, part in enumerate(parts) if "vowel" in part]
    found = set(parts[nuclei[0]] if nuclei else parts[0])
    if nuclei:
        moving = [n for n, (base, _) in enumerate(letters) if n != nuclei[0] and (n in nuclei or base in _GLIDES)]
        if moving:
            found.add("diphthong")
            end = parts[moving[-1]] if moving[-1] in nuclei else LETTERS[_GLIDES[letters[moving[-1]][0]]]
            if moving[-1] > nuclei[0]:
                found |= {"end_close"} if end & {"close", "near_close"} else set()
                found |= {f"end_{place}" for place in ("front", "central", "back") if place in end}
        if any(base in "ɹrɻ" for base, _ in letters):
            found.add("rhotic")
        for part in parts:
            found |= part & {"long", "nasalised", "rhotic"}
    elif len(parts) > 1:
        voiced = "voiced" in parts[0]
        if "plosive" in parts[0] and "fricative" in parts[-1]:
            found = {*parts[-1], "affricate"} - {"fricative"}
            found |= parts[0] & {"ejective", "aspirated", "prenasalised"}
        else:
            found = set().union(*parts)
        found = found | {"voiced"} if voiced else found - {"voiced"}
    return frozenset(found)


def _marked(base: str, marks: str) -> frozenset[str]:
    found = set(LETTERS[base])
    for mark in marks:
        change = DIACRITICS.get(mark, "")
        if change == "dental" and "coronal" in found:
            found = (found - PLACES["coronal"]) | {"dental"}
        elif change.startswith("-"):
            found.discard(change[1:])
        elif change and change != "dental":
            found.add(change)
    return frozenset(found)


def is_nucleus(symbol: str) -> bool:
    """Whether a phone can be the nucleus of a syllable: a vowel or a syllabic consonant."""
    return bool(attributes(symbol) & {"vowel", "syllabic"})


BROAD_CLASSES: Final = ("silence", "vowel", "plosive", "fricative", "affricate", "nasal", "approximant")


def broad_class(symbol: str) -> str:
    """Return one of :data:`BROAD_CLASSES`; trills, taps and laterals count as approximants."""
    found = attributes(symbol)
    return next((name for name in BROAD_CLASSES if name in found), "approximant")


_AFFRICATES = {a + b for a, b in zip("tdtdtdtdp", "szʃʒɕʑʂʐf", strict=True)} | {"ʈʂ", "ɖʐ", "kx", "bv"}


def split_symbols(text: str) -> tuple[str, ...]:
    """Split IPA written without spaces into canonical phones; stress marks stay in front of the phone that they precede.

    Tied letters stay together; so do a stop and its own fricative, and two vowels in a row, so give it one phoneme or a
    text where that is meant. ``oːɹ`` gives ``oː ɹ``, ``aɪɚ`` gives ``aɪ ɚ``.
    """
    pieces: list[str] = []
    pending = ""
    tied = False
    for character in unicodedata.normalize("NFD", text):
        if character in STRESS_MARKS:
            pending, tied = character, False
        elif character in LETTERS or ALIASES.get(character, "-")[0] in LETTERS:
            if pieces and not pending and (tied or _joins(pieces[-1], character)):
                pieces[-1] += character
            else:
                pieces.append(pending + character)
            pending, tied = "", False
        elif pieces:
            pieces[-1] += character
            tied = character in (TIE, "\u035c")
        else:
            pending += character
    return tuple(piece[: len(piece) - len(piece.lstrip("ˈˌ"))] + canonical(piece) for piece in pieces)


def _joins(before: str, letter: str) -> bool:
    bases = [base for base, _ in _parse(before)]
    if len(bases) > 1:
        return False
    pair = bases[0] + ALIASES.get(letter, letter)
    if all("vowel" in LETTERS.get(base, ()) for base in pair):
        return "rhotic" not in LETTERS[pair[1]]
    return pair in _AFFRICATES


@dataclass(frozen=True)
class PhoneInventory:
    """The phones a voice knows, sorted, always with ``sil`` and ``pau``: the index of a phone is its class label."""

    symbols: tuple[str, ...]

    def __post_init__(self) -> None:
        found = {canonical(symbol) for symbol in self.symbols} | {SILENCE, PAUSE}
        object.__setattr__(self, "symbols", tuple(sorted(found)))

    @staticmethod
    def of(sentences: Iterable[Sentence]) -> PhoneInventory:
        """Return the inventory of everything that occurs in ``sentences``."""
        return PhoneInventory(tuple({phone for sentence in sentences for phone in sentence.phones}))

    def __len__(self) -> int:
        return len(self.symbols)

    def __contains__(self, symbol: object) -> bool:
        return symbol in self._places

    @cached_property
    def _places(self) -> dict[str, int]:
        return {symbol: place for place, symbol in enumerate(self.symbols)}

    def index(self, symbol: str) -> int:
        """Return the place of a phone in :attr:`symbols`; one that is not there raises :class:`TtsError`."""
        try:
            return self._places[symbol]
        except KeyError:
            raise TtsError(
                f"the phone {symbol!r} is not in this inventory of {len(self)}; its nearest is {self.nearest(symbol)!r}"
            ) from None

    @cached_property
    def matrix(self) -> np.ndarray:
        """Attributes of every phone: float32 of 0 and 1, shape (phones, len(ATTRIBUTES))."""
        rows = [[name in attributes(symbol) for name in ATTRIBUTES] for symbol in self.symbols]
        return np.array(rows, dtype=np.float32)

    def nearest(self, symbol: str) -> str:
        """Return the phone that shares most with ``symbol``: fewest differing attributes, first in order among equals.

        A phone is never replaced by silence; :class:`TtsError` where the inventory has nothing else.
        """
        if symbol in self._places:
            return symbol
        wanted = attributes(symbol)
        phones = [known for known in self.symbols if known not in (SILENCE, PAUSE)]
        if not phones:
            raise TtsError(f"the phone {symbol!r} is not in this inventory, which has no phones at all")
        return min(phones, key=lambda known: (len(attributes(known) ^ wanted), known))

    def adapt(self, sentence: Sentence) -> tuple[Sentence, dict[str, str]]:
        """Return the sentence with every phone that is not in the inventory replaced by its nearest, and what was replaced."""
        changes = {phone: self.nearest(phone) for phone in sentence.phones if phone not in self}
        if not changes:
            return sentence, {}
        words = tuple(
            replace(
                word,
                syllables=tuple(replace(s, phones=tuple(changes.get(p, p) for p in s.phones)) for s in word.syllables),
            )
            for word in sentence.words
        )
        return replace(sentence, words=words), changes

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON-able data; :meth:`from_dict` is its inverse."""
        return {"symbols": list(self.symbols)}

    @staticmethod
    def from_dict(data: dict[str, Any]) -> PhoneInventory:
        """Rebuild an inventory from :meth:`to_dict`."""
        return PhoneInventory(tuple(data["symbols"]))
