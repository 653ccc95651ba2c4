"""The table of the International Phonetic Alphabet (chart of 2020): what every letter and diacritic means.

Everything that the product knows about phones is derived from these tables, in :mod:`tts.text.phones`.
"""

from __future__ import annotations

from typing import Final

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
DIACRITICS: Final = {
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
ALIASES: Final = {
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

PLACES: Final = {
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
        found |= {name for name, places in PLACES.items() if places & found}
        if found & {"nasal", "trill", "tap", "approximant"}:
            found.add("sonorant")
        table[plain] = frozenset(found)
        table[voiced] = frozenset(found | {"voiced"})
    table["ɚ"], table["ɝ"] = table["ə"] | {"rhotic"}, table["ɜ"] | {"rhotic"}
    del table["-"]
    return table


LETTERS: Final = _letters()
"""Attributes of every base letter."""
