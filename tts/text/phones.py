"""Phones of the International Phonetic Alphabet and their articulatory attributes, from one declared table.

A symbol is one or more base letters with diacritics: ``p``, ``t͡ʃ``, ``aɪ``, ``ɑ̃ː``. Its attributes are derived from the
letters (the IPA chart, 2020 revision) and changed by the diacritics; a diacritic that is not in the table is ignored, a base
letter that is not raises :class:`TtsError`. Stress marks belong to syllables and are no part of a symbol.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from typing import Any, Final

import numpy as np

from tts.errors import TtsError
from tts.text.sentence import PAUSE, SILENCE, Sentence

STRESS_MARKS: Final = {"ˈ": 1, "ˌ": 2}
TIE = "\u0361"

# height, backness, letters (rounded ones second)
_VOWEL_CHART = """
close front i y
close central ɨ ʉ
close back ɯ u
near_close front ɪ ʏ
near_close central ᵻ ᵿ
near_close back - ʊ
close_mid front e ø
close_mid central ɘ ɵ
close_mid back ɤ o
mid central ə -
open_mid front ɛ œ
open_mid central ɜ ɞ
open_mid back ʌ ɔ
near_open front æ -
near_open central ɐ -
open front a ɶ
open back ɑ ɒ
"""

# manner, place, letters (voiced ones second)
_CONSONANT_CHART = """
plosive bilabial p b
plosive alveolar t d
plosive retroflex ʈ ɖ
plosive palatal c ɟ
plosive velar k ɡ
plosive uvular q ɢ
plosive pharyngeal ʡ -
plosive glottal ʔ -
nasal bilabial - m
nasal labiodental - ɱ
nasal alveolar - n
nasal retroflex - ɳ
nasal palatal - ɲ
nasal velar - ŋ
nasal uvular - ɴ
trill bilabial - ʙ
trill alveolar - r
trill uvular - ʀ
tap labiodental - ⱱ
tap alveolar - ɾ
tap retroflex - ɽ
tap+lateral alveolar - ɺ
fricative bilabial ɸ β
fricative labiodental f v
fricative dental θ ð
fricative+sibilant alveolar s z
fricative+sibilant postalveolar ʃ ʒ
fricative+sibilant retroflex ʂ ʐ
fricative+sibilant palatal ɕ ʑ
fricative palatal ç ʝ
fricative velar x ɣ
fricative postalveolar+velar ɧ -
fricative uvular χ ʁ
fricative pharyngeal ħ ʕ
fricative pharyngeal ʜ ʢ
fricative glottal h ɦ
fricative+lateral alveolar ɬ ɮ
fricative bilabial+velar ʍ -
approximant labiodental - ʋ
approximant alveolar - ɹ
approximant retroflex - ɻ
approximant palatal - j
approximant bilabial+palatal - ɥ
approximant velar - ɰ
approximant bilabial+velar - w
approximant+lateral alveolar - l
approximant+lateral+velarised alveolar - ɫ
approximant+lateral retroflex - ɭ
approximant+lateral palatal - ʎ
approximant+lateral velar - ʟ
plosive+implosive bilabial - ɓ
plosive+implosive alveolar - ɗ
plosive+implosive palatal - ʄ
plosive+implosive velar - ɠ
plosive+implosive uvular - ʛ
plosive+click bilabial ʘ -
plosive+click dental ǀ -
plosive+click alveolar ǃ -
plosive+click palatal ǂ -
plosive+click+lateral alveolar ǁ -
"""

# What a diacritic adds ("-" takes away). Diacritics that only refine (apical, raised, ...) keep their identity and add nothing.
_DIACRITICS = {
    "ː": "long",
    "ˑ": "long",
    "\u0306": "short",
    "\u0303": "nasalised",
    "ʰ": "aspirated",
    "ʱ": "aspirated",
    "ʲ": "palatalised",
    "ʷ": "labialised",
    "ˠ": "velarised",
    "ˤ": "velarised",
    "\u0334": "velarised",
    "\u0329": "syllabic",
    "\u030d": "syllabic",
    "˞": "rhotic",
    "\u0325": "-voiced",
    "\u030a": "-voiced",
    "\u032c": "voiced",
    "ʼ": "ejective",
    "\u032a": "dental",
    "ᵐ": "prenasalised",
    "ᶬ": "prenasalised",
    "ⁿ": "prenasalised",
    "ᵑ": "prenasalised",
}

# Other spellings of the same thing, after canonical decomposition.
_ALIASES = {
    "g": "ɡ",
    ":": "ː",
    "δ": "ð",
    "X": "χ",
    "ʦ": "ts",
    "ʣ": "dz",
    "ʧ": "tʃ",
    "ʤ": "dʒ",
    "ʨ": "tɕ",
    "ʥ": "dʑ",
    "ə˞": "ɚ",
    "ɜ˞": "ɝ",
    "'": "ʼ",
    "c\u0327": "ç",
}

_PLACES = {
    "labial": {"bilabial", "labiodental"},
    "coronal": {"dental", "alveolar", "postalveolar", "retroflex"},
    "dorsal": {"palatal", "velar", "uvular"},
}

ATTRIBUTES: Final[tuple[str, ...]] = (
    *("silence", "vowel", "consonant", "sonorant", "voiced"),
    *("close", "near_close", "close_mid", "mid", "open_mid", "near_open", "open", "front", "central", "back", "rounded"),
    *("long", "short", "diphthong", "end_close", "end_front", "end_central", "end_back", "nasalised", "rhotic"),
    *("plosive", "nasal", "trill", "tap", "fricative", "affricate", "approximant", "lateral", "sibilant"),
    *("bilabial", "labiodental", "dental", "alveolar", "postalveolar", "retroflex", "palatal", "velar", "uvular"),
    *("pharyngeal", "glottal", "labial", "coronal", "dorsal"),
    *("aspirated", "palatalised", "labialised", "velarised", "ejective", "implosive", "click", "syllabic", "prenasalised"),
)
"""Every attribute a phone can have, in a fixed order: the columns of :meth:`PhoneInventory.vector`."""


def _letters() -> dict[str, frozenset[str]]:
    table: dict[str, frozenset[str]] = {}
    for line in _VOWEL_CHART.strip().split("\n"):
        height, backness, plain, rounded = line.split()
        table[plain] = frozenset({"vowel", "sonorant", "voiced", height, backness})
        table[rounded] = frozenset({"vowel", "sonorant", "voiced", height, backness, "rounded"})
    for line in _CONSONANT_CHART.strip().split("\n"):
        manner, place, plain, voiced = line.split()
        found = {"consonant", *manner.split("+"), *place.split("+")}
        found |= {name for name, places in _PLACES.items() if places & found}
        if found & {"nasal", "trill", "tap", "approximant"}:
            found.add("sonorant")
        table[plain] = frozenset(found)
        table[voiced] = frozenset(found | {"voiced"})
    table["ɚ"], table["ɝ"] = table["ə"] | {"rhotic"}, table["ɜ"] | {"rhotic"}
    del table["-"]
    return table


_LETTERS = _letters()
_GLIDES = {"j": "i", "w": "u", "ɥ": "y"}  # the vowel a glide moves to or from inside a diphthong
_JOINTS = {TIE, "\u035c", "\u032f"}  # ties and the non-syllabic mark: said by the symbol being one phone


@lru_cache(maxsize=4096)
def _parse(symbol: str) -> tuple[tuple[str, str], ...]:
    """Split a symbol into (base letter, diacritics) pairs, without ties and stress."""
    text = unicodedata.normalize("NFD", symbol.strip().lstrip("".join(STRESS_MARKS)))
    for old, new in _ALIASES.items():
        text = text.replace(old, new)
    found: list[list[str]] = []
    before = ""  # a mark written before its letter, such as prenasalisation
    for character in text:
        if character in _LETTERS:
            found.append([character, before])
            before = ""
        elif character in _JOINTS:
            continue
        elif character in _DIACRITICS or unicodedata.category(character) in ("Mn", "Lm", "Sk", "Nd"):
            if found and _DIACRITICS.get(character) != "prenasalised":
                found[-1][1] += character
            else:
                before += character
        else:
            raise TtsError(f"{character!r} in the phone {symbol!r} is no IPA letter in the table of tts/text/phones.py")
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
    consonants = all("consonant" in _LETTERS[base] for base, _ in letters)
    pieces = []
    for base, marks in letters:
        before = "".join(mark for mark in marks if _DIACRITICS.get(mark) == "prenasalised")
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
            end = parts[moving[-1]] if moving[-1] in nuclei else _LETTERS[_GLIDES[letters[moving[-1]][0]]]
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
    found = set(_LETTERS[base])
    for mark in marks:
        change = _DIACRITICS.get(mark, "")
        if change == "dental" and "coronal" in found:
            found = (found - _PLACES["coronal"]) | {"dental"}
        elif change.startswith("-"):
            found.discard(change[1:])
        elif change and change != "dental":
            found.add(change)
    return frozenset(found)


def is_vowel(symbol: str) -> bool:
    """Whether a phone is a vowel (or diphthong)."""
    return "vowel" in attributes(symbol)


def is_nucleus(symbol: str) -> bool:
    """Whether a phone can be the nucleus of a syllable: a vowel or a syllabic consonant."""
    return bool(attributes(symbol) & {"vowel", "syllabic"})


def is_voiced(symbol: str) -> bool:
    """Whether the vocal folds are expected to vibrate."""
    return "voiced" in attributes(symbol)


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
        elif character in _LETTERS or character in _ALIASES:
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
    pair = bases[0] + _ALIASES.get(letter, letter)
    if all("vowel" in _LETTERS.get(base, ()) for base in pair):
        return "rhotic" not in _LETTERS[pair[1]]
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

    def vector(self, symbol: str) -> np.ndarray:
        """Attributes of a phone of the inventory: float32 of 0 and 1, shape (len(ATTRIBUTES),)."""
        row: np.ndarray = self.matrix[self.index(symbol)]
        return row

    def nearest(self, symbol: str) -> str:
        """Return the phone that shares most with ``symbol``: fewest differing attributes, first in order among equals."""
        if symbol in self._places:
            return symbol
        wanted = attributes(symbol)
        return min(self.symbols, key=lambda known: (len(attributes(known) ^ wanted), known))

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
