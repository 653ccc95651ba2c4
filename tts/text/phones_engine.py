"""The engine for text that is phones already, such as ``h ə l ˈoʊ, w ˈɜː l d.`` or ``h ə l ˈoʊ | w ˈɜː l d``.

Phones are separated by spaces, words by ``|``; the punctuation marks ``, ; : . ? !`` stand alone or after a phone and end a
word too.
"""

from __future__ import annotations

import re
from typing import Final

from tts.core.errors import TtsError
from tts.text.engine import PronunciationError
from tts.text.lexicon import parse_phones
from tts.text.sentence import Word, break_of
from tts.text.syllables import syllabify

WORD_END: Final = r"(?:[|,;.?!]|(?<=\s):(?=\s|$))"
"""What ends a word, as a regular expression; a colon after a phone makes it long."""


class PhonesPronouncer:
    """Reads phones; any language."""

    name = "phones"
    reads_phones = True
    version = "2"  # 1 took what was written without spaces for one phone

    def __init__(self, language: str) -> None:
        self.language = language
        self.guessed: set[str] = set()

    def words(self, text: str) -> list[Word]:
        """Return the words; see :class:`tts.text.engine.Pronouncer`."""
        found: list[Word] = []
        pieces = re.split(rf"((?:\s*{WORD_END})+)", text)
        at = 0
        for phones, signs in zip(pieces[::2], [*pieces[1::2], ""], strict=True):
            start, at = at, at + len(phones) + len(signs)
            if not phones.strip():
                continue
            start += len(phones) - len(phones.lstrip())
            try:
                parsed = parse_phones(phones)
            except TtsError as error:
                raise PronunciationError(f"word {len(found) + 1}: {error}", phones.strip()) from None
            place = (start, start + len(phones.strip()))
            found.append(Word("".join(parsed), syllabify(parsed, self.language), break_of(signs), source=place))
        return found
