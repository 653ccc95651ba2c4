"""Syllables by the principle of maximal onset: a consonant belongs to the following vowel wherever the language allows it."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from tts.text.phones import STRESS_MARKS, attributes, canonical, is_nucleus
from tts.text.sentence import Syllable

# Onsets of more than one consonant that English words begin with (Kreidler, The Pronunciation of English, 2004, ch. 6).
_ENGLISH_ONSETS = """
    pl pɹ bl bɹ tɹ tw dɹ dw kl kɹ kw ɡl ɡɹ ɡw fl fɹ θɹ θw ʃɹ hw sp st sk sm sn sl sw sf
    pj bj tj dj kj ɡj mj nj fj vj θj hj sj zj lj spl spɹ spj stɹ stj skl skɹ skw skj smj
"""
_ENGLISH = frozenset(tuple(onset) for onset in _ENGLISH_ONSETS.split())

_SONORITY = ("plosive", "affricate", "fricative", "nasal", "lateral", "trill", "tap", "approximant")


def syllabify(phones: Sequence[str], language: str) -> tuple[Syllable, ...]:
    """Divide the phones of one word into syllables.

    Stress marks stand before a phone, as ``ˈoʊ`` or ``ˈh``: before a vowel the mark stresses its syllable, before a consonant
    it also says that the syllable begins there. English clusters follow a list of its onsets, other languages the rule that
    sonority rises towards the vowel, with a sibilant allowed in front of a stop. A word without a vowel is one syllable.
    """
    symbols = [canonical(phone) for phone in phones]
    stress = [STRESS_MARKS.get(phone[0], 0) for phone in phones]
    nuclei = [place for place, symbol in enumerate(symbols) if is_nucleus(symbol)]
    starts = [0]
    for before, after in pairwise(nuclei):
        marked = [place for place in range(before + 1, after) if stress[place]]
        starts.append(marked[0] if marked else after - _onset(symbols[before + 1 : after], language))
    syllables = []
    for start, end in zip(starts, [*starts[1:], len(symbols)], strict=True):
        marks = [mark for mark in stress[start:end] if mark]
        syllables.append(Syllable(tuple(symbols[start:end]), min(marks, default=0)))
    return tuple(syllables)


def _onset(cluster: Sequence[str], language: str) -> int:
    """Return how many consonants at the end of ``cluster`` begin the next syllable."""
    legal = _legal_english if language.split("-")[0] == "en" else _legal_anywhere
    return next(size for size in range(len(cluster), -1, -1) if size == 0 or legal(cluster[-size:]))


def _legal_english(onset: Sequence[str]) -> bool:
    if len(onset) == 1:
        return onset[0] != "ŋ"
    return tuple("ɹ" if phone == "r" else phone for phone in onset) in _ENGLISH


def _legal_anywhere(onset: Sequence[str]) -> bool:
    if len(onset) == 1:
        return onset[0] != "ŋ"
    first, second = attributes(onset[0]), attributes(onset[1])
    if "sibilant" in first and "fricative" in first and "plosive" in second:
        return _legal_anywhere(onset[1:])
    order = [_sonority(phone) for phone in onset]
    return order[-1] >= _SONORITY.index("lateral") and all(a < b for a, b in pairwise(order))


def _sonority(phone: str) -> int:
    found = attributes(phone)
    if "lateral" in found and "approximant" in found:
        return _SONORITY.index("lateral")
    return max((_SONORITY.index(name) for name in _SONORITY if name in found), default=0)
