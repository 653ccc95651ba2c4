"""Cutting a long text into pieces that can be spoken one by one. No character but white space is ever lost or moved."""

from __future__ import annotations

import re
from itertools import pairwise
from typing import Final

from tts.errors import UsageError
from tts.text.spoken_forms import ABBREVIATIONS, MAY_END

_CLOSING: Final = r"[\"'”’»›)\]）】〕」』]*"
# A sentence ends after its marks and what closes with them: before white space, or anywhere after an ideographic mark.
_END: Final = re.compile(rf"(?<![.!?…؟।])[.!?…؟।]+{_CLOSING}(?=\s)|[。！？]+{_CLOSING}|\n\s*\n")
_PAUSE: Final = re.compile(r"[,;:،؛](?=\s)|[，；：、]|\s[-–—]+(?=\s)|—")
_SPACE: Final = re.compile(r"\s+")
_NEXT: Final = re.compile(r"\s*(\S?)")
_KNOWN: Final = frozenset(word for table in ABBREVIATIONS.values() for word in table)
_LONGEST_INLINE: Final = 1000  # characters of one [[...]]


def split_text(text: str, max_characters: int = 300) -> list[str]:
    """Return the sentences of ``text``, those over ``max_characters`` cut at commas and then at spaces.

    Joined together, the pieces are ``text`` but for white space. A blank line ends a sentence, a single line break does not.
    Full stops in decimals, initials and the usual abbreviations of any language with a table do not; nothing is cut inside
    ``[[phones]]``. A single word longer than ``max_characters`` stays whole.
    """
    if max_characters < 1:
        raise UsageError(f"max_characters is {max_characters}; it must be at least 1")
    pieces: list[str] = []
    for sentence in _cut(text, [match.end() for match in _END.finditer(text) if _ends_sentence(text, match)]):
        pieces += _short(sentence, max_characters)
    return pieces


def _ends_sentence(text: str, match: re.Match[str]) -> bool:
    if not _free(text, match.end()):
        return False
    following = _NEXT.match(text, match.end())
    after = following[1] if following else ""
    if not match[0].startswith(".") or match[0].startswith(".."):
        return match[0][0] in "。！？\n" or not after.islower()  # "What?" he asked: one sentence
    word = re.search(r"[\w.]*$", text[max(match.start() - 30, 0) : match.start()])
    before = word[0] if word else ""
    if len(before) == 1 and before.isupper() and before != "I":
        return False  # an initial
    if before.lower() in _KNOWN:
        return before.lower() in MAY_END and after.isupper()
    return not after.islower()


def _short(sentence: str, limit: int) -> list[str]:
    """Cut a sentence that is too long: at its last pause within ``limit``, or else at its last space."""
    pieces: list[str] = []
    while len(sentence) > limit:
        place = _last(_PAUSE, sentence, limit // 3, limit) or _last(_SPACE, sentence, 1, limit) or _first_space(sentence)
        if place is None:
            break
        pieces.append(sentence[:place].strip())
        sentence = sentence[place:].strip()
    return [*pieces, sentence]


def _last(pattern: re.Pattern[str], text: str, least: int, most: int) -> int | None:
    """Return the last cut that leaves ``least`` to ``most`` characters before it."""
    ends = [match.end() for match in pattern.finditer(text, 0, most + 2)]
    return next((end for end in reversed(ends) if least <= len(text[:end].strip()) <= most and _free(text, end)), None)


def _first_space(text: str) -> int | None:
    """Return the first space at all: what is before it is too long by itself."""
    return next((match.end() for match in _SPACE.finditer(text) if _free(text, match.end())), None)


def _free(text: str, place: int) -> bool:
    """Whether ``place`` is outside all ``[[phones]]``."""
    start = text.rfind("[[", max(place - _LONGEST_INLINE, 0), place)
    end = text.find("]]", start, place + _LONGEST_INLINE) if start >= 0 else -1
    return end < 0 or end + 2 <= place


def _cut(text: str, places: list[int]) -> list[str]:
    pieces = [text[a:b].strip() for a, b in pairwise([0, *places, len(text)])]
    return [piece for piece in pieces if piece]
