"""Pronunciations given by the user: a lexicon file, and phones written inline as ``[[h ə l ˈoʊ]]``. They work with any engine.

One entry a line: the word, a tab or at least two spaces, and its phones in IPA, separated by spaces or not; or the word, ``=``
and the words that are spoken in its place. ``ˈ`` and ``ˌ`` stand before a stressed vowel, or before the first consonant of a
stressed syllable. ``#`` begins a comment::

    Whittemore   w ˈɪ t ə m ɔ ɹ
    gif          d͡ʒ ˈɪ f   # not ɡ
    SQL        = sequel
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Final

from tts.core.errors import TtsError, UsageError
from tts.text.phones import STRESS_MARKS, split_symbols
from tts.text.sentence import PAUSE, SILENCE

Lexicon = Mapping[str, tuple[str, ...] | str]
"""Words in small letters, and their phones with stress marks in front, or, as a string, the words spoken in their place."""

MAX_PHONES: Final = 100  # of a word: none in any language has so many

INLINE: Final = re.compile(r"\[\[((?:(?!\[\[).)*?)\]\]")


def parse_phones(text: str) -> tuple[str, ...]:
    """Return the phones of a written pronunciation, canonical, with their stress marks in front.

    A mark may stand alone (``ˈ oʊ``) or be attached (``ˈoʊ``). What stands between spaces is one phone, or several written
    together (``dʒɪf``, ``ˈhɛloʊ``), which are divided as :func:`tts.text.phones.split_symbols` does. Nothing to say, an unknown
    letter, or more than 100 phones, raise :class:`TtsError`.
    """
    phones: list[str] = []
    mark = ""
    for piece in text.split():
        if piece in STRESS_MARKS:
            mark = piece
            continue
        if piece in (SILENCE, PAUSE):
            raise TtsError(f"{piece!r} is a silence; write a comma where a pause is wanted")
        own = split_symbols(piece)
        if not own or piece[-1] in STRESS_MARKS:
            raise TtsError(f"{piece[:80]!r} is not a phone: it needs an IPA letter{' after its stress mark' if own else ''}")
        phones += [own[0] if own[0][0] in STRESS_MARKS else mark + own[0], *own[1:]]
        mark = ""
    if not phones or mark:
        raise TtsError(f"{text.strip()[:80]!r} is no pronunciation: expected phones separated by spaces, such as h ə l ˈoʊ")
    if len(phones) > MAX_PHONES:
        raise TtsError(
            f"{text.strip()[:40]!r}... is a word of {len(phones)} phones; no word has more than {MAX_PHONES}: divide it"
        )
    return tuple(phones)


def read_lexicon(path: Path) -> dict[str, tuple[str, ...] | str]:
    """Read a lexicon file; a fault raises :class:`TtsError` with file and line, a missing file :class:`UsageError`."""
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except FileNotFoundError:
        raise UsageError(f"{path}: there is no such lexicon") from None
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"{path}: not readable as UTF-8 text ({error})") from None
    entries: dict[str, tuple[str, ...] | str] = {}
    places: dict[str, int] = {}
    for number, line in enumerate(lines, 1):
        content = line.partition("#")[0].strip()
        if not content:
            continue
        word, gap, spoken = _divided(content)
        if not gap or " " in word or not word:
            raise TtsError(f"{path}:{number}: expected a word, a tab or two spaces, and its phones; or a word = other words")
        key = lexicon_key(word)
        if key in entries:
            raise TtsError(f"{path}:{number}: {word!r} is already on line {places[key]}; keep one of the two")
        if gap == "=" and not any(map(str.isalnum, spoken)):
            raise TtsError(f"{path}:{number}: expected the words that are spoken for {word!r} after =")
        try:
            entries[key] = spoken if gap == "=" else parse_phones(spoken)
        except TtsError as error:
            raise TtsError(f"{path}:{number}: {error}") from None
        places[key] = number
    return entries


def _divided(content: str) -> tuple[str, str, str]:
    word, sign, words = content.partition("=")
    if sign:
        return word.strip(), sign, words.strip()
    match = re.search(r"\t\s*| {2,}", content)
    return (content[: match.start()], match[0], content[match.end() :]) if match else (content, "", "")


def find_words(text: str, lexicon: Collection[str]) -> list[tuple[int, int]]:
    """Return start and end of every word of ``text`` that ``lexicon`` has, in order, the longest reading of each first.

    A word is letters, digits and the signs ``' - . &`` between them; ``Smith's`` is not the entry ``smith``.
    """
    if not lexicon:
        return []
    found = []
    for match in _word_pattern().finditer(text):
        start, end = match.span()
        if lexicon_key(match[0]) in lexicon:
            found.append((start, end))
        elif re.search(r"[.-]", match[0]):  # parts of a compound, and words stuck together by a full stop
            parts = re.finditer(r"[^.-]+", match[0])
            found += [(start + p.start(), start + p.end()) for p in parts if lexicon_key(p[0]) in lexicon]
    return found


@lru_cache(maxsize=1)
def _word_pattern() -> re.Pattern[str]:
    """Vowel signs and other marks, which are no letters to ``re``, are part of the words of many scripts."""
    marks = "".join(c for c in map(chr, range(0x300, 0xAC00)) if unicodedata.category(c).startswith("M"))
    letter = rf"(?:[^\W_][{marks}]*)"
    return re.compile(rf"{letter}+(?:['’.&-]{letter}+)*")


def lexicon_key(word: str) -> str:
    """Return how a word is written in a :data:`Lexicon`."""
    return word.lower().replace("’", "'")
