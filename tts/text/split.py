"""Cutting a long text into pieces that can be spoken one by one. No character but white space is ever lost or moved."""

from __future__ import annotations

import re
from collections.abc import Callable
from itertools import pairwise
from typing import Final

from tts.core.errors import UsageError
from tts.text.normalisation import continuer
from tts.text.phones_engine import WORD_END
from tts.text.spoken_forms import ABBREVIATIONS, MAY_END

PHONES_A_LETTER: Final = 2  # characters of ``h ə l ˈoʊ | w ˈɜː l d`` a character of spelling: 1.8 in English prompts

_CLOSING: Final = r"[\"'”’»›)\]）】〕」』]*"
# A sentence ends after its marks and what closes with them: before white space, or anywhere after an ideographic mark.
_END: Final = re.compile(rf"(?<![.!?…؟।])[.!?…؟।]+{_CLOSING}(?=\s)|[。！？]+{_CLOSING}|\n\s*\n")
_PAUSE: Final = re.compile(r"[,;:،؛](?=\s)|[，；：、]|\s[-–—]+(?=\s)|—")
_SPACE: Final = re.compile(r"\s+")
_NEXT: Final = re.compile(r"\s*(\S?)")
_KNOWN: Final = frozenset(word for table in ABBREVIATIONS.values() for word in table)

_INLINE: Final = "\ufffc"  # stands for every character of ``[[phones]]`` while places to cut are sought
_SIGNS: Final = rf"(?:\s*{WORD_END})*"  # what else ends the same word stays with it
_PHONES_END: Final = re.compile(rf"[.!?]{_SIGNS}|\n\s*\n")
_PHONES_PAUSE: Final = re.compile(rf"(?:[,;]|(?<=\s):(?=\s)){_SIGNS}")
_PHONES_WORD: Final = re.compile(rf"{WORD_END}{_SIGNS}|(?<={_INLINE})(?=\s+[^\s|,;:.?!])|\s(?={_INLINE})")


def split_text(text: str, max_characters: int = 300, *, phones: bool = False, language: str = "") -> list[str]:
    """Return the sentences of ``text``, those over ``max_characters`` cut at commas and then between words.

    Joined together, the pieces are ``text`` but for white space. A blank line ends a sentence, a single line break does not.
    Full stops in decimals, initials and the usual abbreviations of any language with a table do not; nothing is cut inside
    ``[[phones]]``. With ``phones`` the text is what the engine ``phones`` reads, where every full stop ends a sentence and
    words end at ``|`` and punctuation. ``language``, a tag such as ``de``, brings that language's own abbreviations and ordinal
    numbers ("am 3. Mai") where it has a module in :mod:`tts.text.normalisation`. A single word longer than ``max_characters``
    stays whole.
    """
    spans = split_spans(text, max_characters, phones=phones, language=language)
    return [text[start:end] for start, end in spans]


def split_spans(text: str, max_characters: int = 300, *, phones: bool = False, language: str = "") -> list[tuple[int, int]]:
    """Return where the sentences of :func:`split_text` start and end in ``text``."""
    if max_characters < 1:
        raise UsageError(f"max_characters is {max_characters}; it must be at least 1")
    masked = _masked(text)
    goes_on = continuer(language) if language and not phones else None
    marks = (_PHONES_END if phones else _END).finditer(masked)
    ends = [m.end() for m in marks if phones or _ends_sentence(masked, m, goes_on)]
    spans: list[tuple[int, int]] = []
    for start, end in pairwise([0, *ends, len(text)]):
        begin = start + len(text[start:end]) - len(text[start:end].lstrip())
        sentence = text[start:end].strip()
        cuts = _cuts(sentence, masked[begin : begin + len(sentence)], max_characters, phones)
        spans += [(begin + first, begin + last) for first, last in cuts]
    return spans


def _masked(text: str) -> str:
    """Return ``text`` with inline phones, brackets included, as a character that is no letter, mark or white space."""
    pieces, end = [], 0
    while (start := text.find("[[", end)) >= 0 and (closing := text.find("]]", start + 2)) >= 0:
        pieces += [text[end:start], _INLINE * (closing + 2 - start)]
        end = closing + 2
    return "".join([*pieces, text[end:]])


def _ends_sentence(text: str, match: re.Match[str], goes_on: Callable[[str, str], bool] | None) -> bool:
    following = _NEXT.match(text, match.end())
    after = following[1] if following else ""
    if not match[0].startswith(".") or match[0].startswith(".."):
        return match[0][0] in "。！？\n" or not after.islower()  # "What?" he asked: one sentence
    if (
        match[0] == "."
        and goes_on
        and goes_on(text[max(match.start() - 80, 0) : match.start()], text[match.end() : match.end() + 80])
    ):
        return False
    word = re.search(r"[\w.]*$", text[max(match.start() - 30, 0) : match.start()])
    before = word[0] if word else ""
    if len(before) == 1 and before.isupper() and before != "I":
        return False  # an initial
    if goes_on is None and before.lower() in _KNOWN:
        return before.lower() in MAY_END and after.isupper()
    return not after.islower()


def _cuts(sentence: str, masked: str, limit: int, phones: bool) -> list[tuple[int, int]]:
    """Cut a sentence that is too long: at its last pause within ``limit``, or else after its last word that fits.

    Return start and end of its parts, none of which is empty or has white space at its ends.
    """
    pause, word = (_PHONES_PAUSE, _PHONES_WORD) if phones else (_PAUSE, _SPACE)
    parts: list[tuple[int, int]] = []
    start = 0
    while len(sentence) - start > limit:
        place = (
            _last(pause, masked, start, limit // 3, limit)
            or _last(word, masked, start, 1, limit)
            or _first(word, masked, start)
        )
        if place is None:
            break
        parts.append((start, start + len(sentence[start:place].rstrip())))
        start = place
        while start < len(sentence) and sentence[start].isspace():
            start += 1
    parts.append((start, len(sentence)))
    return [(first, last) for first, last in parts if first < last]


def _last(pattern: re.Pattern[str], masked: str, start: int, least: int, most: int) -> int | None:
    """Return the last cut that leaves ``least`` to ``most`` characters between ``start`` and it."""
    ends = [match.end() for match in pattern.finditer(masked, start, start + most + 2)]
    return next((end for end in reversed(ends) if least <= len(masked[start:end].strip()) <= most), None)


def _first(pattern: re.Pattern[str], masked: str, start: int) -> int | None:
    """Return the first cut at all after ``start``: what is before it is too long by itself."""
    match = pattern.search(masked, start)
    return match.end() if match else None
