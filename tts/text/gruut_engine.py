"""The default engine: gruut (MIT). It knows English out of the box, others through ``gruut_lang_nl``, ``gruut_lang_de``...

Nothing else in the product imports gruut. Its lexicon answers first, its statistical model guesses the rest. It drops what it
cannot read, so the tree that it leaves (token -> words) is checked here token by token.
"""

from __future__ import annotations

import importlib
import importlib.util
import logging
import re
import sqlite3
import sys
import unicodedata
from collections.abc import Iterator, Sequence
from contextlib import closing
from functools import lru_cache
from importlib.metadata import PackageNotFoundError, version
from itertools import pairwise
from types import ModuleType
from typing import Any, Final

from tts.core.errors import TtsError, UsageError
from tts.text.engine import PronunciationError
from tts.text.english import words as english_words
from tts.text.gruut_data import DATA, LETTER_NAMES
from tts.text.normalisation import LETTER_MARK
from tts.text.phones import attributes
from tts.text.sentence import Break, Word, break_of
from tts.text.spoken_forms import primary
from tts.text.syllables import syllabify

# Our language tags and gruut's. It would also answer for en-gb, in American English: that is no answer.
_TAGS = ("en-us", "nl", "de-de", "fr-fr", "es-es", "it-it", "sv-se", "cs-cz", "pt", "ru-ru", "sw", "ar", "fa", "lb")
LANGUAGES: Final = {tag: full for full in _TAGS for tag in (full, primary(full))}

# Words in capitals of the English lexicon that are read letter by letter all the same.
_SPELLED = {"US", "UN", "AM", "PM"}

_ORDINAL = re.compile(r"(\d+)(?:e|de|ste|er|ère|ème|º|ª)")


class GruutPronouncer:
    """gruut behind the interface of :class:`tts.text.engine.Pronouncer`; safe to call from several threads."""

    name = "gruut"
    reads_phones = False

    def __init__(self, language: str) -> None:
        if language not in LANGUAGES:
            there = ", ".join(LANGUAGES)
            raise UsageError(f"gruut has no language {language!r} (it has {there}); the espeak engine knows many more")
        self.language = language
        self.version = _version(primary(language))
        self.guessed: set[str] = set()

    def words(self, text: str) -> list[Word]:
        """Return the words; see :class:`tts.text.engine.Pronouncer`."""
        gruut = _load(LANGUAGES[self.language])
        gruut.lexicon.guessed.clear()
        graph, root = gruut.process(text)
        found: list[Word] = []
        at = 0
        for token, leaves in _tokens(graph, root):
            start = max(text.find(token, at), at)  # tokens stand in the text in this order
            at = min(start + len(token), len(text))
            found += self._read(token, leaves, start)
        self.guessed |= gruut.lexicon.guessed
        return english_words.letters_named(found) if primary(self.language) == "en" else found

    def _read(self, token: str, leaves: Sequence[Any], start: int) -> Iterator[Word]:
        """Yield the words of one token at ``start`` of the text, whose leaves are words, breaks and punctuation."""
        read = 0
        spoken = [place for place, leaf in enumerate(leaves) if hasattr(leaf, "phonemes")]
        if not spoken and re.search(r"[^\s.,;:!?'\"-]", token):
            raise PronunciationError(f"{token!r} cannot be pronounced: write it out in words or as [[phones]]", token)
        for place, end in pairwise([*spoken, len(leaves)]):
            leaf = leaves[place]
            phones = DATA[primary(self.language)].cleaned(leaf.phonemes or (), leaf.text)
            if not phones:
                raise PronunciationError(
                    f"{leaf.text!r} cannot be pronounced: add it to the lexicon or write [[phones]]", leaf.text
                )
            after: Break = ""
            if end == len(leaves) or not re.search(r"\d", token):  # commas inside "one million, two hundred" are no breaks
                after = break_of("".join(getattr(sign, "text", "") for sign in leaves[place + 1 : end]))
            inner = token.find(leaf.text, read)  # not there where gruut itself reads a number
            read = read if inner < 0 else inner + len(leaf.text)
            source = (start, start + len(token)) if inner < 0 else (start + inner, start + read)
            yield Word(leaf.text.replace(LETTER_MARK, ""), syllabify(phones, self.language), after, source=source)


def _version(language: str) -> str:
    """Return the versions of gruut and of its data for a language; data that are not installed raise :class:`UsageError`."""
    data = f"gruut_lang_{language}"
    try:
        mended = f"+{DATA[language].version}" if DATA[language].version else ""
        return f"{version('gruut')}+{data}-{version(data)}{mended}"
    except PackageNotFoundError:
        raise UsageError(
            f"gruut's data for {language!r} are not installed: pip install {data}, "
            "or name another front end (text.engine: espeak)"
        ) from None


def _tokens(graph: Any, root: Any) -> Iterator[tuple[str, list[Any]]]:
    """Yield every token of the text in order with the leaves of its tree: words, breaks and punctuation."""

    def leaves(number: int) -> Iterator[Any]:
        below = list(graph.successors(number))
        if not below:
            yield graph.nodes[number]["data"]
        for child in below:
            yield from leaves(child)

    def tokens(number: int) -> Iterator[int]:
        if type(graph.nodes[number]["data"]).__name__ not in ("SpeakNode", "ParagraphNode", "SentenceNode"):
            yield number
            return
        for child in graph.successors(number):
            yield from tokens(child)

    for number in tokens(root.node):
        yield graph.nodes[number]["data"].text, list(leaves(number))


class _Lexicon:
    """gruut's lexicon and guesser for one language, with what they lack: accents, possessives, and a word on every loss."""

    def __init__(self, path: str, guess: Any, language: str) -> None:
        from gruut.phonemize import SqlitePhonemizer
        from gruut.utils import remove_non_word_chars

        lower: list[Any] = [str.lower, remove_non_word_chars, lambda word: remove_non_word_chars(word.lower())]
        # gruut's file has no index, so that every look-up reads all of it (10 ms); in memory with one it takes 10 us
        self.connection = sqlite3.connect(":memory:", check_same_thread=False)
        with closing(sqlite3.connect(path)) as file:
            file.backup(self.connection)
        self.connection.execute("CREATE INDEX by_word ON word_phonemes (word)")
        self.database = SqlitePhonemizer(db_conn=self.connection, word_transform_funcs=lower)
        self.statistical = guess
        self.english = language.startswith("en")
        self.letter_names = LETTER_NAMES.get(primary(language), {})
        self.guessed: set[str] = set()

    def lookup(self, word: str, role: str | None = None, do_transforms: bool = True) -> Sequence[str] | None:
        """Return the phones of a word in the lexicon, or None; a sign that the lookup would skip raises."""
        if LETTER_MARK in word:
            return ("ˈeɪ", "z") if word.lower().endswith("s") else ("ˈeɪ",)
        if self.english and (own := english_words.name(word) or english_words.letters_with_s(word)):
            return own.phones
        if len(word) == 1 and word.isupper() and (name := self.letter_names.get(word.lower())):
            return name
        signs = re.findall(r"[^\w\s'.-]", unicodedata.normalize("NFC", word)) if do_transforms else []
        if any(not unicodedata.combining(sign) for sign in signs):
            raise PronunciationError(f"{signs[0]!r} in {word!r} has no reading: write it in words or as [[phones]]", word)
        found: Sequence[str] | None = self.database(word, role=role, do_transforms=do_transforms)
        if found or not do_transforms or re.search(r"\d", word):
            return found
        bare = _without_accents(word)
        if bare != word:
            return self.lookup(bare, role)
        if self.english and word.lower().endswith("'s") and (stem := self.lookup(word[:-2], role)):
            return [*stem, *_english_s(stem[-1])]
        return None

    def guess(self, word: str, role: str | None = None) -> Sequence[str]:
        """Return phones for a word that is not in the lexicon; a letter that the guesser would drop raises."""
        del role
        if self.english and (own := english_words.pronounce(word)):
            if own.guessed:
                self.guessed.add(word)
            return own.phones
        known = self.alphabet
        letters = "".join(c if c in known else _without_accents(c) for c in word.lower().replace("-", "").replace(".", ""))
        for letter in letters:
            if letter not in known and letter != "'":
                reason = f"{word!r} cannot be pronounced ({letter!r} is unknown)"
                raise PronunciationError(f"{reason}: write it out or as [[phones]]", word)
        self.guessed.add(word)
        found: Sequence[str] = self.statistical(letters) if letters else ()
        return found

    @property
    def alphabet(self) -> frozenset[str]:
        """Letters that occur in the lexicon, so that the guesser has learnt them."""
        if not hasattr(self, "_alphabet"):
            rows = self.connection.execute("SELECT DISTINCT word FROM word_phonemes")
            self._alphabet = frozenset(c for c in set("".join(row[0].lower() for row in rows)) if c.isalpha())
        return self._alphabet


def _without_accents(word: str) -> str:
    plain = unicodedata.normalize("NFD", word).translate(_STROKED)
    return "".join(c for c in plain if not unicodedata.combining(c))


# Latin letters that Unicode does not divide into a plain one and its mark.
_STROKED: Final = str.maketrans(
    {"ß": "ss", "ł": "l", "Ł": "L", "đ": "d", "Đ": "D", "ø": "o", "Ø": "O", "œ": "oe", "Œ": "Oe", "æ": "ae", "Æ": "Ae"}
    | {"ı": "i", "ħ": "h", "Ħ": "H", "þ": "th", "Þ": "Th", "ð": "th", "Ð": "Th", "ŋ": "ng", "ŧ": "t", "ſ": "s", "ĸ": "k"}
)


def _english_s(last: str) -> tuple[str, ...]:
    found = attributes(last.lstrip("ˈˌ"))
    if "sibilant" in found:
        return ("ə", "z")
    return ("z",) if "voiced" in found else ("s",)


class _Loaded:
    """gruut's processor for one language with our settings."""

    def __init__(self, language: str) -> None:
        import_when_used("dateparser")  # a quarter of a second, and few texts have dates that are left to gruut
        from gruut.lang import DelayedGraphemesToPhonemes, get_settings
        from gruut.text_processor import TextProcessor
        from gruut.utils import find_lang_dir

        folder = find_lang_dir(language)
        if folder is None:
            raise UsageError(f"gruut's data for {language!r} are not where gruut looks for them: install them anew")
        folder /= DATA[primary(language)].model
        guess = DelayedGraphemesToPhonemes(folder / "g2p" / "model.crf", transform_func=str.lower)
        self.language = language
        self.lexicon = _Lexicon(str(folder / "lexicon.db"), guess, language)
        own: dict[str, Any] = {"lookup_phonemes": self.lexicon.lookup, "guess_phonemes": self.lexicon.guess}
        if language.startswith("en"):
            own["is_initialism"] = self._spelled_out
        else:
            own["get_ordinal"] = lambda text: int(m[1]) if (m := _ORDINAL.fullmatch(text)) else None
            own["replacements"] = [("’", "'")]  # German's would write ss for ß, which tells a long vowel before it
        settings = get_settings(language, **own)
        self.processor = TextProcessor(default_lang=language, settings={language: settings})

    def process(self, text: str) -> tuple[Any, Any]:
        """Return gruut's tree of a text and its root; where gruut fails, the token is named."""
        try:
            graph, root = self.processor(text, lang=self.language)
        except PronunciationError:
            raise
        except Exception as error:  # its number and date readers raise anything
            tokens = text.split()
            if len(tokens) > 1:
                for token in tokens:
                    self.process(token)
            raise PronunciationError(f"{text!r} cannot be pronounced (gruut: {type(error).__name__})", text) from error
        return graph, root

    def _spelled_out(self, text: str) -> bool:
        """Whether to spell a token: T.T.S. always, TTS unless the lexicon reads it as a word."""
        word = text.strip()
        if re.fullmatch(r"(?:[A-Za-z]\.)+", word):
            return True
        return bool(re.fullmatch(r"[A-Z]{2,5}", word)) and (word in _SPELLED or self.lexicon.lookup(word) is None)


class _Later(ModuleType):
    """A module that is imported when something of it is asked for.

    :class:`importlib.util.LazyLoader` does the same, but the next ``import`` statement already asks for ``__spec__``.
    """

    def __getattr__(self, name: str) -> Any:
        if sys.modules.get(self.__name__) is self:
            del sys.modules[self.__name__]
        return getattr(importlib.import_module(self.__name__), name)


def import_when_used(name: str) -> None:
    """Let a later ``import name`` return at once; the module is loaded when something of it is asked for."""
    if name not in sys.modules and importlib.util.find_spec(name) is not None:
        sys.modules[name] = _Later(name)


@lru_cache(maxsize=8)
def _load(language: str) -> _Loaded:
    logging.getLogger("gruut").setLevel(logging.CRITICAL)  # what it would complain about is raised as errors here
    try:
        return _Loaded(language)
    except ImportError as error:
        raise TtsError(f"gruut is not installed as expected ({error}): pip install gruut") from error
