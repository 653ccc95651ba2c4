"""Katakana as phones: one entry a mora, built from the rows of the syllabary.

Symbols follow the usual broad transcription of Tokyo Japanese (Okada, "Japanese", Handbook of the IPA, 1999): ``ɕ`` for sh,
``ɸ`` for f, ``ɯ`` for u, ``ɴ`` for the moraic nasal, ``ʔ`` for the first half of a doubled consonant.
"""

from __future__ import annotations

import re
from typing import Final

from tts.core.errors import TtsError

_VOWELS: Final = "aiɯeo"
DEVOICED: Final = {"i": "i\u0325", "ɯ": "ɯ\u0325", "a": "a\u0325", "e": "e\u0325", "o": "o\u0325"}
_DEVOICES: Final = "’'"  # Open JTalk writes it after the kana of a mora whose vowel is whispered

# Five kana of a row in the order a i u e o, and their consonants: one for all, or five. "-" is a place without kana.
_ROWS: Final = """
アイウエオ .
カキクケコ k kʲ k k k
ガギグゲゴ ɡ ɡʲ ɡ ɡ ɡ
サシスセソ s ɕ s s s
ザジズゼゾ z d͡ʑ z z z
タチツテト t t͡ɕ t͡s t t
ダヂヅデド d d͡ʑ z d d
ナニヌネノ n ɲ n n n
ハヒフヘホ h ç ɸ h h
バビブベボ b bʲ b b b
パピプペポ p pʲ p p p
マミムメモ m mʲ m m m
ラリルレロ ɾ ɾʲ ɾ ɾ ɾ
ワヰ-ヱヲ w . . . .
"""
_SMALL: Final = dict(zip("ァィゥェォャュョヮ", "aiɯeoaɯoa", strict=True))
# A consonant before a small ya, yu, yo (and before a small e for those of the row of i).
_BEFORE_Y: Final = {"キ": "kʲ", "ギ": "ɡʲ", "シ": "ɕ", "ジ": "d͡ʑ", "チ": "t͡ɕ", "ヂ": "d͡ʑ", "ニ": "ɲ", "ヒ": "ç"}
_BEFORE_Y_TOO: Final = {"ビ": "bʲ", "ピ": "pʲ", "ミ": "mʲ", "リ": "ɾʲ", "テ": "tʲ", "デ": "dʲ", "フ": "ɸʲ", "ヴ": "vʲ"}
# A consonant before any other small vowel: foreign sounds.
_FOREIGN: Final = {"テ": "t", "デ": "d", "ト": "t", "ド": "d", "フ": "ɸ", "ツ": "t͡s", "ヴ": "v", "ウ": "w", "ス": "s"}
_LABIAL: Final = {"ク": "kʷ", "グ": "ɡʷ"}


def _morae() -> dict[str, tuple[str, ...]]:
    table: dict[str, tuple[str, ...]] = {"ン": ("ɴ",), "ッ": ("ʔ",), "ヴ": ("v", "ɯ"), "イェ": ("j", "e")}
    for line in _ROWS.strip().split("\n"):
        kana, *consonants = line.split()
        own = consonants * 5 if len(consonants) == 1 else consonants
        for letter, vowel, consonant in zip(kana, _VOWELS, own, strict=True):
            table[letter] = (vowel,) if consonant == "." else (consonant, vowel)
    table.update({"ヤ": ("j", "a"), "ユ": ("j", "ɯ"), "ヨ": ("j", "o")})
    palatal = _BEFORE_Y | _BEFORE_Y_TOO
    for small, vowel in _SMALL.items():
        table[small] = (vowel,)
        for letter, consonant in palatal.items():
            if small in "ャュョ" or (small == "ェ" and letter not in _FOREIGN):
                table[letter + small] = (consonant, vowel)
        if small in "ァィゥェォヮ":
            table.update({letter + small: (consonant, vowel) for letter, consonant in (_FOREIGN | _LABIAL).items()})
    table["ウゥ"] = ("w", "ɯ")
    del table["-"]
    return table


MORAE: Final = _morae()
"""Every mora in katakana, and its phones."""


def morae(kana: str) -> list[tuple[str, ...]]:
    """Return the phones of every mora of ``kana``; ``ー`` repeats the vowel before it, ``’`` devoices it.

    Hiragana is read as katakana. A character that is no kana raises :class:`TtsError` naming it.
    """
    text = "".join(chr(ord(c) + 0x60) if "ぁ" <= c <= "ゖ" else c for c in kana)
    found: list[tuple[str, ...]] = []
    place = 0
    while place < len(text):
        piece = next((text[place : place + size] for size in (2, 1) if text[place : place + size] in MORAE), "")
        if piece:
            found.append(MORAE[piece])
        elif text[place] == "ー" and found and found[-1][-1] in _VOWELS:
            found.append((found[-1][-1],))
        elif text[place] in _DEVOICES and found and found[-1][-1] in DEVOICED:
            found[-1] = (*found[-1][:-1], DEVOICED[found[-1][-1]])
        elif not re.match(r"[ー’'\s]", text[place]):
            raise TtsError(f"{text[place]!r} in {kana!r} is no kana")
        place += len(piece) or 1
    return found
