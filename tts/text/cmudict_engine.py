"""The second English engine: the CMU dictionary and letter-to-sound, all in this package; nothing else is needed.

It reads words only: numbers, signs and abbreviations are words already (:mod:`tts.text.normalisation`).
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Final

from tts.core.errors import UsageError
from tts.text.engine import PronunciationError
from tts.text.english.cmudict import to_marked_ipa
from tts.text.english.words import letters_named, pronounce
from tts.text.normalisation import LETTER_MARK
from tts.text.sentence import Break, Word, break_of
from tts.text.spoken_forms import primary
from tts.text.syllables import syllabify

_PIECE: Final = re.compile(r"(?:(?![,;:!?/]|\.[A-Za-z]).)+")  # between signs that part words


class CmudictPronouncer:
    """The CMU dictionary behind the interface of :class:`tts.text.engine.Pronouncer`."""

    name = "cmudict"
    reads_phones = False
    version = "1"

    def __init__(self, language: str) -> None:
        if primary(language) != "en":
            raise UsageError(f"the text engine 'cmudict' reads American English (en-us), not {language!r}")
        self.language = language
        self.guessed: set[str] = set()

    def words(self, text: str) -> list[Word]:
        """Return the words; see :class:`tts.text.engine.Pronouncer`."""
        words: list[Word] = []
        for token in re.finditer(r"\S+", text):
            spoken = token[0].rstrip(".,;:!?")
            after = break_of(token[0][len(spoken) :])
            pieces = list(_PIECE.finditer(spoken))
            for piece in pieces:
                bare = piece[0].strip("'-.")
                if bare:
                    start = token.start() + piece.start() + piece[0].index(bare)
                    word = self._word(bare, after if piece is pieces[-1] and piece.end() == len(spoken) else "minor")
                    words.append(replace(word, source=(start, start + len(bare))))
        return letters_named(words)

    def _word(self, text: str, after: Break) -> Word:
        if LETTER_MARK in text:
            names = ["EY1", "Z"] if text.lower().endswith("s") else ["EY1"]
            return Word(text.replace(LETTER_MARK, ""), syllabify(to_marked_ipa(names), self.language), after)
        said = None if re.search(r"[\d·]|[^\w\s'-]", text) else pronounce(text)
        if said is None:
            raise PronunciationError(f"{text!r} cannot be pronounced: write it out in words or as [[phones]]", text)
        if said.guessed:
            self.guessed.add(text)
        return Word(text, syllabify(said.phones, self.language), after)
