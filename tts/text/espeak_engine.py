"""The optional engine for a hundred languages: espeak-ng from the ``espeakng-loader`` wheel (GPL-3.0), through ctypes.

It is imported only when it is asked for. espeak-ng pronounces some pairs of words as one ("of the"); such a pair becomes one
word here, since there is no telling where to divide it, and a number becomes one word with all its syllables.
"""

from __future__ import annotations

import ctypes
import re
import threading
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Final

from tts.core.errors import TtsError, UsageError
from tts.text.engine import PronunciationError
from tts.text.phones import STRESS_MARKS, split_symbols
from tts.text.sentence import Syllable, Word, break_of
from tts.text.syllables import syllabify

_RETRIEVAL, _UTF8 = 1, 1  # espeak_AUDIO_OUTPUT, espeakCHARS_UTF8
_IPA_SEPARATED: Final = 0x02 | (ord("_") << 8)  # espeakPHONEMES_IPA, with "_" between the phonemes of a word
_LOCK = threading.Lock()  # the library has one global state


class EspeakPronouncer:
    """espeak-ng behind the interface of :class:`tts.text.engine.Pronouncer`."""

    name = "espeak"
    reads_phones = False

    def __init__(self, language: str) -> None:
        self.language = language
        self.guessed: set[str] = set()  # stays empty: espeak-ng does not tell its rules from its dictionary
        library, self.version, voices = _library()
        if language not in voices:
            raise UsageError(f"espeak-ng has no language {language!r}; it has {', '.join(sorted(voices))}")
        self._api, self._voice = library, voices[language].identifier
        if self._voice != voices[language].first:  # releases before asked the first: fr was Belgian, en Caribbean
            self.version = f"{self.version}+{self._voice.decode()}"
        self._phonemes = lru_cache(maxsize=4096)(self._ask)

    def words(self, text: str) -> list[Word]:
        """Return the words; see :class:`tts.text.engine.Pronouncer`."""
        found: list[Word] = []
        for clause in re.finditer(r"(?:(?![.,;:!?]+(?:\s|$)).)+(?:[.,;:!?]+(?:\s+|$))?", text):
            content = clause[0].rstrip()
            signs = re.search(r"[.,;:!?]*$", content)
            tokens = list(re.finditer(r"\S+", content[: signs.start() if signs else None]))
            words = self._clause([token[0] for token in tokens])
            if words:
                words[-1] = replace(words[-1], break_after=break_of(signs[0] if signs else ""))
            for word in words:
                first, last = tokens[0], tokens[len(word.text.split()) - 1]
                tokens = tokens[len(word.text.split()) :]
                found.append(replace(word, source=(clause.start() + first.start(), clause.start() + last.end())))
        return found

    def _clause(self, tokens: list[str]) -> list[Word]:
        """Pair the tokens of a clause with what espeak-ng says, piece by piece."""
        pieces = self._phonemes(" ".join(tokens))
        taken: list[tuple[str, tuple[str, ...]]] = []
        place = 0
        while tokens:
            size = self._merged(tokens)
            count = len(self._phonemes(" ".join(tokens[:size])))
            taken.append((" ".join(tokens[:size]), pieces[place : place + count]))
            place += count
            tokens = tokens[size:]
        if place != len(pieces):  # the clause was read otherwise than its parts: take them one by one
            taken = [(text, self._phonemes(text)) for text, _ in taken]
        return [self._word(text, own) for text, own in taken]

    def _merged(self, tokens: list[str]) -> int:
        """Return how many tokens from the first on espeak-ng joins into one; mostly 1."""
        size = 1
        while size < len(tokens):
            joined, apart = self._phonemes(" ".join(tokens[: size + 1])), self._phonemes(" ".join(tokens[:size]))
            if len(joined) >= len(apart) + len(self._phonemes(tokens[size])):
                break
            size += 1
        return size

    def _word(self, text: str, pieces: tuple[str, ...]) -> Word:
        syllables: list[Syllable] = []
        for piece in pieces:
            try:
                phones = [phone for phoneme in piece.split("_") for phone in split_symbols(_tidy(phoneme))]
            except TtsError as error:
                raise PronunciationError(f"{text!r} cannot be pronounced: {error}", text) from None
            syllables += syllabify(phones, self.language) if phones else ()
        if not syllables:
            raise PronunciationError(f"{text!r} cannot be pronounced: write it out in words or as [[phones]]", text)
        return Word(text, tuple(syllables))

    def _ask(self, text: str) -> tuple[str, ...]:
        """Return espeak-ng's pieces for a text without breaks: phonemes joined by ``_``."""
        buffer = ctypes.create_string_buffer(text.encode())
        pointer = ctypes.c_void_p(ctypes.addressof(buffer))
        said: list[str] = []
        with _LOCK:
            if self._api.espeak_SetVoiceByName(self._voice) != 0:
                raise TtsError(f"espeak-ng could not load its voice {self._voice.decode()}; reinstall espeakng-loader")
            while pointer.value:
                answer = self._api.espeak_TextToPhonemes(ctypes.byref(pointer), _UTF8, _IPA_SEPARATED)
                said += (answer or b"").decode().split()
        return tuple(piece for piece in (re.sub(r"\([a-z-]+\)", "", piece) for piece in said) if piece.strip("_ˈˌ-"))


# Languages that espeakng-loader 0.2.4 lists without having their dictionaries: every word of theirs is empty.
_WITHOUT_DICTIONARY: Final = {"fo", "kaa", "xex"}

# Signs of espeak-ng's own notation that its IPA keeps: Danish ?, Icelandic r# (voiceless), Kyrgyz tS and t[ (dental), Māori u".
_LEFTOVERS: Final = {"?": "ʔ", "S": "ʃ", "Z": "ʒ", "[": "\u032a", "#": "\u0325", '"': ""}


def _tidy(phoneme: str) -> str:
    """Remove espeak-ng's joiners and a stress mark with nothing behind it; its ``s.`` is a retroflex."""
    phoneme = "".join(_LEFTOVERS.get(c, c) for c in phoneme)
    plain = re.sub(r"[-‿|.\u200d]", "", re.sub(r"[sz]\.", lambda sibilant: "ʂʐ"["sz".index(sibilant[0][0])], phoneme))
    return "" if plain in STRESS_MARKS else plain


class _Voice(ctypes.Structure):
    """The head of espeak-ng's ``espeak_VOICE``; ``languages`` holds a priority byte and a tag, several times over."""

    _fields_ = (("name", ctypes.c_char_p), ("languages", ctypes.c_void_p), ("identifier", ctypes.c_char_p))

    def tags(self) -> list[tuple[str, int]]:
        """Return the language tags of this voice, each with its priority: of several voices for a tag the lowest is meant."""
        tags, place = [], int(self.languages or 0)
        while ctypes.string_at(place, 1) != b"\0":
            tag = ctypes.string_at(place + 1)
            tags.append((tag.decode(), ctypes.string_at(place, 1)[0]))
            place += len(tag) + 2
        return tags


@dataclass
class _Known:
    """What speaks a language tag; ``first`` is the voice that the library lists first for it, whatever its priority."""

    identifier: bytes
    name: str
    priority: int
    first: bytes


def voice_names() -> dict[str, str]:
    """Return the English name of every language tag that espeak-ng knows; :class:`UsageError` where it is not installed."""
    return {tag: known.name.strip() for tag, known in _library()[2].items()}


@lru_cache(maxsize=1)
def _library() -> tuple[ctypes.CDLL, str, dict[str, _Known]]:
    """Load and initialise the library once; return it, its version and its voice for every language."""
    try:
        import espeakng_loader
    except ImportError:
        raise UsageError("the espeak engine needs espeak-ng: pip install 'stacked-tts[espeak]'") from None
    library = ctypes.CDLL(espeakng_loader.get_library_path())
    library.espeak_TextToPhonemes.restype = ctypes.c_char_p
    library.espeak_TextToPhonemes.argtypes = [ctypes.POINTER(ctypes.c_void_p), ctypes.c_int, ctypes.c_int]
    library.espeak_Info.restype = ctypes.c_char_p
    library.espeak_ListVoices.restype = ctypes.POINTER(ctypes.POINTER(_Voice))
    data = str(espeakng_loader.get_data_path())
    if library.espeak_Initialize(_RETRIEVAL, 0, data.encode(), 0) < 0:
        raise TtsError(f"espeak-ng could not read its data in {data}")
    voices: dict[str, _Known] = {}
    for pointer in library.espeak_ListVoices(None):
        if not pointer:
            break
        voice = pointer.contents
        for tag, priority in voice.tags():
            if tag in _WITHOUT_DICTIONARY:
                continue
            known = voices.setdefault(tag, _Known(voice.identifier, voice.name.decode(), priority, voice.identifier))
            if priority < known.priority:
                voices[tag] = _Known(voice.identifier, voice.name.decode(), priority, known.first)
    return library, library.espeak_Info(None).decode().split()[0], voices
