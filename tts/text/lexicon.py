"""Pronunciations given by the user: a lexicon file, and phones written inline as ``[[h ə l ˈoʊ]]``. They work with any engine.

One entry a line: the word, a tab or at least two spaces, and its phones in IPA, separated by spaces. ``ˈ`` and ``ˌ`` stand
before a stressed vowel, or before the first consonant of a stressed syllable. ``#`` begins a comment::

    Whittemore   w ˈɪ t ə m ɔ ɹ
    gif          d͡ʒ ˈɪ f   # not ɡ
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from tts.core.errors import TtsError, UsageError
from tts.text.phones import STRESS_MARKS, canonical

Lexicon = Mapping[str, tuple[str, ...]]
"""Words in small letters, and their phones with stress marks in front."""

INLINE: Final = re.compile(r"\[\[(.*?)\]\]")


def parse_phones(text: str) -> tuple[str, ...]:
    """Return the phones of a written pronunciation, canonical, with their stress marks in front.

    A mark may stand alone (``ˈ oʊ``) or be attached (``ˈoʊ``). Nothing to say or an unknown letter raises :class:`TtsError`.
    """
    phones: list[str] = []
    mark = ""
    for piece in text.split():
        stress = piece[0] if piece[0] in STRESS_MARKS else ""
        if piece in STRESS_MARKS:
            mark = piece
            continue
        phones.append((stress or mark) + canonical(piece))
        mark = ""
    if not phones or mark:
        raise TtsError(f"{text.strip()!r} is no pronunciation: expected phones separated by spaces, such as h ə l ˈoʊ")
    return tuple(phones)


def read_lexicon(path: Path) -> dict[str, tuple[str, ...]]:
    """Read a lexicon file; a fault raises :class:`TtsError` with file and line, a missing file :class:`UsageError`."""
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except FileNotFoundError:
        raise UsageError(f"{path}: there is no such lexicon") from None
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"{path}: not readable as UTF-8 text ({error})") from None
    entries: dict[str, tuple[str, ...]] = {}
    places: dict[str, int] = {}
    for number, line in enumerate(lines, 1):
        content = line.partition("#")[0].strip()
        if not content:
            continue
        word, gap, phones = _divided(content)
        if not gap or " " in word:
            raise TtsError(f"{path}:{number}: expected a word, a tab or two spaces, and its phones separated by spaces")
        key = word.lower().replace("’", "'")
        if key in entries:
            raise TtsError(f"{path}:{number}: {word!r} is already on line {places[key]}; keep one of the two")
        try:
            entries[key] = parse_phones(phones)
        except TtsError as error:
            raise TtsError(f"{path}:{number}: {error}") from None
        places[key] = number
    return entries


def _divided(content: str) -> tuple[str, str, str]:
    match = re.search(r"\t\s*| {2,}", content)
    return (content[: match.start()], match[0], content[match.end() :]) if match else (content, "", "")


def find_words(text: str, lexicon: Lexicon) -> list[tuple[int, int]]:
    """Return start and end of every word of ``text`` that ``lexicon`` has, in order, the longest reading of each first.

    A word is letters, digits and the signs ``' - . &`` between them; ``Smith's`` is not the entry ``smith``.
    """
    if not lexicon:
        return []
    found = []
    for match in re.finditer(r"[^\W_]+(?:['’.&-][^\W_]+)*", text):
        start, end = match.span()
        if _key(match[0]) in lexicon:
            found.append((start, end))
        elif re.search(r"[.-]", match[0]):  # parts of a compound, and words stuck together by a full stop
            parts = re.finditer(r"[^.-]+", match[0])
            found += [(start + p.start(), start + p.end()) for p in parts if _key(p[0]) in lexicon]
    return found


def _key(word: str) -> str:
    return word.lower().replace("’", "'")
