"""Characters that are another one in a special shape: ligatures, full-width and styled letters, circled numbers, units in
one sign.
"""

from __future__ import annotations

import unicodedata
from typing import Final

from tts.text.tracked import sub

# Blocks written out by Unicode's compatibility form; superscripts and fractions have readings of their own.
_RANGES: Final = (
    ("\ufb00", "\ufb06"),  # ligatures
    ("\uff01", "\uff5e"),  # full width
    ("\u2460", "\u24ff"),  # circled and bracketed numbers and letters
    ("\u2160", "\u217f"),  # Roman numerals
    ("\u2100", "\u214f"),  # letter-like signs: ℃ ℉ № ™ ℓ
    ("\u3300", "\u33ff"),  # units in one sign: ㎏
    ("\U0001d400", "\U0001d7ff"),  # styled letters of mathematics
    ("\U0001f100", "\U0001f189"),  # letters in squares and circles
)
_OWN: Final = {
    **dict.fromkeys("™℠®©№℅℀℁℞", None),  # signs that have a reading
    "ℓ": "l", "⓪": "0", "❶": "1", "❷": "2", "❸": "3", "❹": "4", "❺": "5", "❻": "6", "❼": "7", "❽": "8", "❾": "9", "❿": "10",
}  # fmt: skip
_DINGBATS: Final = dict(zip("➀➁➂➃➄➅➆➇➈➉➊➋➌➍➎➏➐➑➒➓", [*map(str, range(1, 11))] * 2, strict=True))


def plain_characters(text: str) -> str:
    """Return ``text`` with characters of special shapes as plain ones; a circled number stands apart from its neighbours."""
    if text.isascii():
        return text
    return sub(r"[^\x00-\x7f]", lambda match: _plain(match[0]), text)


def _plain(character: str) -> str:
    if character in _OWN:
        return _OWN[character] or character
    if character in _DINGBATS:
        return f" {_DINGBATS[character]} "
    if not any(low <= character <= high for low, high in _RANGES):
        return character
    plain = unicodedata.normalize("NFKC", character)
    if "\u2460" <= character <= "\u24ff":
        return f" {plain.strip('().')} "
    return plain
