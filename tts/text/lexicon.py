"""Pronunciations given by the user: a lexicon file, and phones written inline as ``[[h ə l ˈoʊ]]``. They work with any engine.

One entry a line: the word, a tab or at least two spaces, and its phones; or the word, ``=`` and the words spoken in its
place. A phrase is an entry too, and so is a spelling with signs (``C++``, ``Dr.``, ``$5``); a word in double quotes is meant
with these capitals only. Phones are IPA, separated by spaces or not, ``ˈ`` and ``ˌ`` before a stressed vowel or the first
consonant of a stressed syllable; or ARPAbet names in capitals, as the CMU dictionary and the Montreal Forced Aligner have them,
which may follow the word after one space. ``#`` at the start of a line or after a space begins a comment, as ``;;;`` does at
the start of a line; of the CMU dictionary's variants, ``word(2)``, only the first counts::

    Whittemore   w ˈɪ t ə m ɔ ɹ
    gif          d͡ʒ ˈɪ f   # not ɡ
    Ayr Gold Cup   ˈɛɹ ɡˈoʊld kˈʌp
    "IT"       = eye tea
    SQL        = sequel
    TOMATO  T AH0 M EY1 T OW0
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Mapping
from functools import lru_cache
from itertools import pairwise
from pathlib import Path
from typing import Final

from tts.core.errors import TtsError, UsageError
from tts.text.arpabet import RADIO, to_ipa
from tts.text.normalise import clean
from tts.text.phones import STRESS_MARKS, split_symbols
from tts.text.sentence import PAUSE, SILENCE
from tts.text.spoken_forms import MULTIPLIERS

Lexicon = Mapping[str, tuple[str, ...] | str]
"""Words and phrases as :func:`lexicon_key` writes them, and their phones with stress marks in front, or, as a string, the words
spoken in their place."""

MATCHING: Final = 2  # part of an engine's identity: raise it when the same entries are found elsewhere in a text

MAX_PHONES: Final = 100  # of a word: none in any language has so many

INLINE: Final = re.compile(r"\[\[((?:(?!\[\[).)*?)\]\]")


def parse_phones(text: str) -> tuple[str, ...]:
    """Return the phones of a written pronunciation, canonical, with their stress marks in front.

    A mark may stand alone (``ˈ oʊ``) or be attached (``ˈoʊ``). What stands between spaces is one phone, or several written
    together (``dʒɪf``, ``ˈhɛloʊ``), which are divided as :func:`tts.text.phones.split_symbols` does. Nothing to say, an unknown
    letter, or more than 100 phones, raise :class:`TtsError`. Names of ARPAbet in capitals are taken for what they stand for.
    """
    phones: list[str] = []
    mark = ""
    for piece in _without_arpabet(text).split():
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
        content = re.split(r"(?:^|(?<=\s))#", line)[0].strip()
        if not content:
            continue
        if line.startswith(";;;") or re.match(r"\S+\(\d+\)\s", content):
            continue
        word, gap, spoken = _divided(content)
        if not gap or not any(map(str.isalnum, word)):
            raise TtsError(
                f"{path}:{number}: expected a word or phrase, a tab or two spaces, and its phones; or a word = other words"
            )
        word = clean(word)
        key = f'"{_spaced(word[1:-1])}"' if re.fullmatch('".+"', word) else lexicon_key(word)
        if not _can_match(key):
            raise TtsError(f"{path}:{number}: {word!r} can stand in no text as it is written here; expected a word or phrase")
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


def _can_match(key: str) -> bool:
    """Whether an entry is found in the text that it is itself."""
    plain = key.strip('"')
    if _word_pattern().fullmatch(plain):
        return True
    return "[[" not in plain and find_words(plain, {key}) == [(0, len(plain))]


def _divided(content: str) -> tuple[str, str, str]:
    word, sign, words = content.partition("=")
    if sign:
        return word.strip(), sign, words.strip()
    match = re.search(r"\t\s*| {2,}", content)
    if match is None and (single := re.match(r"(\S+)( )(?=\S)", content)) and _is_arpabet(content[single.end() :]):
        return single[1], single[2], content[single.end() :]
    return (content[: match.start()], match[0], content[match.end() :]) if match else (content, "", "")


def _is_arpabet(text: str) -> bool:
    return all(piece == piece.upper() and re.sub("[012]$", "", piece).lower() in RADIO for piece in text.split())


def _without_arpabet(text: str) -> str:
    """Return phones that are written in ARPAbet as IPA with stress marks, others as they are."""
    if not text.strip() or not _is_arpabet(text):
        return text
    named = (to_ipa(piece) for piece in text.split())
    return " ".join(("", "ˈ", "ˌ")[stress or 0] + phone for phone, stress in named)


def find_words(text: str, lexicon: Collection[str]) -> list[tuple[int, int]]:
    """Return start and end of every entry of ``lexicon`` in ``text``; see :class:`WordFinder`, which is made once a lexicon."""
    return WordFinder(lexicon).find(text)


class WordFinder:
    """Finds a lexicon's words, phrases and spellings with signs in texts."""

    def __init__(self, lexicon: Collection[str]) -> None:
        self.lexicon = lexicon
        self._phrases = _phrases(lexicon)
        self._signs = _sign_pattern(lexicon)

    def find(self, text: str) -> list[tuple[int, int]]:
        """Return start and end of every entry in ``text``, in order, the longest of each place first.

        A word is letters, digits and the signs ``' - . &`` between them; ``Smith's`` is not the entry ``smith``. Between the
        words of a phrase stand spaces or a hyphen. Entries with other signs (``C++``, ``Dr.``, ``$5``) go first and are found
        as they are written, not within a longer word or number.
        """
        if not self.lexicon:
            return []
        spans = self._with_signs(text)
        outside, last = [], 0
        for start, end in spans:
            outside += [text[last:start], "\ufffc" * (end - start)]
            last = end
        return sorted(spans + self._words("".join([*outside, text[last:]])))

    def _with_signs(self, text: str) -> list[tuple[int, int]]:
        matches = self._signs.finditer(text) if self._signs else ()
        return [m.span() for m in matches if _stands_alone(text, *m.span()) and entry_of(m[0], self.lexicon) is not None]

    def _words(self, text: str) -> list[tuple[int, int]]:
        spans: list[tuple[int, int]] = []
        words = list(_word_pattern().finditer(text))
        ahead = 0
        for number, match in enumerate(words):
            start, end = match.span()
            if start < ahead:
                continue
            if long := _phrase_at(text, words[number : number + 12], self._phrases.get(lexicon_key(match[0]), 0), self.lexicon):
                spans.append((start, long))
                ahead = long
            elif entry_of(match[0], self.lexicon) is not None:
                spans.append((start, end))
            elif re.search(r"[.-]", match[0]):  # parts of a compound, and words stuck together by a full stop
                parts = re.finditer(r"[^.-]+", match[0])
                spans += [(start + p.start(), start + p.end()) for p in parts if entry_of(p[0], self.lexicon) is not None]
        return [span for span in spans if not _in_number(text, *span)]


def _sign_pattern(lexicon: Collection[str]) -> re.Pattern[str] | None:
    """Return what matches the entries that are more than words and spaces, the longest first; None where there are none."""
    word = _word_pattern()
    bodies = []
    for key in sorted(lexicon, key=len, reverse=True):
        plain = key[1:-1] if key.startswith('"') else key
        if all(word.fullmatch(piece) for piece in plain.split()):
            continue
        body = re.escape(plain).replace("'", "['’]").replace("\\ ", r"\s+")
        body = re.sub(r"\d", lambda digit: f"[{digit[0]}{chr(0x2080 + int(digit[0]))}]", body)
        bodies.append(f"(?-i:{body})" if key.startswith('"') else body)
    return re.compile("|".join(bodies), re.IGNORECASE) if bodies else None


def _stands_alone(text: str, start: int, end: int) -> bool:
    """Whether an entry with signs is no part of a longer word, number or row of the same sign."""
    before, after = text[max(start - 2, 0) : start], text[end : end + 2]
    first, last = text[start], text[end - 1]
    if re.search(r"\w$|\w['’&]$", before) or re.match(r"['’]\w", after):
        return False
    if (not first.isalnum() and before.endswith(first)) or (not last.isalnum() and after.startswith(last)):
        return False
    if after[:1].isalnum() if last != "." else after[:1].islower():  # "No.5" and "Dr.Smith" lack their space only
        return False
    return not _in_number(text, start, end)


def _in_number(text: str, start: int, end: int) -> bool:
    """Whether digits at an edge of an entry are part of a longer number or amount: ``10k`` in ``$10k``, ``5`` in ``5,000``."""
    before, after = text[max(start - 2, 0) : start], text[end : end + 2]
    if text[start].isdecimal() and (re.search(r"\d[.,]$", before) or (before and unicodedata.category(before[-1]) == "Sc")):
        return True
    if text[end - 1].isdecimal() and (re.match(r"[.,]\d|[%‰]", after) or (after and unicodedata.category(after[0]) == "Sc")):
        return True
    return unicodedata.category(text[start]) == "Sc" and re.match(rf"\s(?:{MULTIPLIERS})\b", text[end : end + 20]) is not None


def _phrase_at(text: str, words: list[re.Match[str]], longest: int, lexicon: Collection[str]) -> int:
    """Return the end of the longest phrase that begins with the first of ``words``, 0 for none."""
    for count in range(min(longest, len(words)), 1, -1):
        piece = text[words[0].start() : words[count - 1].end()]
        gaps = "".join(text[a.end() : b.start()] for a, b in pairwise(words[:count]))
        if not gaps.strip(" -") and entry_of(piece, lexicon) is not None:
            return words[count - 1].end()
    return 0


def _phrases(lexicon: Collection[str]) -> dict[str, int]:
    """Return the words of the longest phrase by its first word."""
    phrases: dict[str, int] = {}
    for key in lexicon:
        if " " in key:
            words = lexicon_key(key.strip('"')).split()
            phrases[words[0]] = max(phrases.get(words[0], 0), len(words))
    return phrases


def entry_of(word: str, lexicon: Collection[str]) -> str | None:
    """Return the key in ``lexicon`` of a word or phrase as written, that with its very capitals first; None for none."""
    for key in (f'"{_spaced(word)}"', lexicon_key(word), lexicon_key(word.replace("-", " "))):
        if key in lexicon:
            return key
    return None


_SUBSCRIPTS: Final = {0x2080 + digit: str(digit) for digit in range(10)} | {ord("’"): "'"}


def _spaced(word: str) -> str:
    return " ".join(word.translate(_SUBSCRIPTS).split())


@lru_cache(maxsize=1)
def _word_pattern() -> re.Pattern[str]:
    """Vowel signs and other marks, which are no letters to ``re``, are part of the words of many scripts."""
    marks = "".join(c for c in map(chr, range(0x300, 0xAC00)) if unicodedata.category(c).startswith("M"))
    letter = rf"(?:[^\W_][{marks}]*)"
    return re.compile(rf"{letter}+(?:['’.&-]{letter}+)*")


def lexicon_key(word: str) -> str:
    """Return how a word or phrase is written in a :data:`Lexicon`: in small letters with single spaces.

    Entries that are meant with their capitals stand there as they are, in double quotes.
    """
    return _spaced(word).lower()
