"""Languages that no engine pronounces: letters taken as phones, or nothing but the words of the user's lexicon.

``letters`` gives every letter a phone of its own, so that a network can learn what a language does with it: a Latin letter is
the IPA letter of the same shape, a doubled one is long, others follow :data:`LATIN`, :data:`CYRILLIC` and :data:`GREEK`, and
every other script goes through ``anyascii`` (ISC). ``lexicon`` refuses what the lexicon lacks.
"""

from __future__ import annotations

import re
import unicodedata
from typing import Final

from tts.core.errors import UsageError
from tts.text.engine import PronunciationError
from tts.text.sentence import Word, break_of
from tts.text.syllables import syllabify


def _table(text: str) -> dict[str, tuple[str, ...]]:
    """``é eː; ж ʒ; x k s`` as a dictionary from letters to phones."""
    entries = (entry.split() for entry in text.replace("\n", " ").split(";"))
    return {letter: tuple(phones) for letter, *phones in entries if phones}


# Each letter keeps a symbol of its own where IPA has one to spare: what it sounds like is for the recordings to say.
LATIN: Final = _table("""
    g ɡ; ä ɛ; ö ø; ü ʏ; å ɔ; æ æ; ø œ; œ œː; ß sː; ñ ɲ; ç ç; š ʃ; ž ʒ; č t͡ʃ; ć t͡ɕ; đ ɖ; ð ð; þ θ; ł ɫ; ı ɯ; ğ ɣ; ş ʂ; ţ t͡s;
    ț t͡s; ș ʂ; ś ɕ; ź ʑ; ż ʐ; ń ɲː; ň ɲ; ř r̝; ť c; ď ɟ; ľ ʎ; ĺ lː; ŕ rː; ő øː; ű ʏː; ĳ ɛi; ŋ ŋ; ħ ħ; ġ d͡ʒ; ċ t͡ʃ; ķ c; ģ ɟ;
    ņ ɲ; ļ ʎ; ə ə; ɛ ɛ; ɔ ɔ; ɓ ɓ; ɗ ɗ; ƙ kʼ; ơ ɤ; ư ɯː; ă ɐ; ŝ ʃ; ĵ ʒ; ĉ t͡ʃ; ĝ d͡ʒ; ĥ x; ŭ w""")
CYRILLIC: Final = _table("""
    а a; б b; в v; г ɡ; д d; е j e; ё j o; ж ʒ; з z; и i; й j; к k; л l; м m; н n; о o; п p; р r; с s; т t; у u; ф f; х x;
    ц t͡s; ч t͡ʃ; ш ʃ; щ ɕː; ъ ʔ; ы ɨ; ь ʲ; э ɛ; ю j u; я j a; і i; ї j i; є j ɛ; ґ ɡʱ; ў w; ј j; љ ʎ; њ ɲ; ћ t͡ɕ; ђ d͡ʑ; џ d͡ʒ;
    ѓ ɟ; ќ c; ѕ d͡z; ә æ; ғ ʁ; қ q; ң ŋ; ө ø; ұ ʊ; ү y; һ h""")
GREEK: Final = _table("""
    α a; β v; γ ɣ; δ ð; ε ɛ; ζ z; η iː; θ θ; ι i; κ k; λ l; μ m; ν n; ξ k s; ο o; π p; ρ r; σ s; ς s; τ t; υ y; φ f; χ x; ψ p s;
    ω oː""")
_LETTERS: Final = LATIN | CYRILLIC | GREEK
# What a combining mark on a letter of no table turns into.
_MARKS: Final = {"\u0303": "\u0303", "\u0328": "\u0303"}  # nasal
_LENGTHENS: Final = {"\u0300", "\u0301", "\u0302", "\u0304", "\u030b", "\u0311"}
_SOFT: Final = "ʲ"


class LettersPronouncer:
    """Letters as phones; any language."""

    name = "letters"
    reads_phones = False
    version = "2"  # 1 took a doubled letter for two phones

    def __init__(self, language: str) -> None:
        self.language = language
        self.guessed: set[str] = set()

    def words(self, text: str) -> list[Word]:
        """Return the words; see :class:`tts.text.engine.Pronouncer`."""
        found: list[Word] = []
        for match in re.finditer(r"\S+", text):
            signs = re.search(r"[.,;:!?]*$", match[0])
            bare = match[0][: signs.start() if signs else None]
            if not re.search(r"\w", bare):
                if re.search(r"[^\s'\"-]", bare):
                    raise PronunciationError(f"{bare!r} has no letters: write it out in words or as [[phones]]", bare)
                continue
            phones = self._phones(bare)
            place = (match.start(), match.start() + len(bare))
            found.append(Word(bare, syllabify(phones, self.language), break_of(signs[0] if signs else ""), source=place))
        return found

    def _phones(self, word: str) -> list[str]:
        phones: list[str] = []
        for letter in unicodedata.normalize("NFC", word.lower()):
            if letter in "'-" or unicodedata.combining(letter):
                continue
            own = letter_phones(letter)
            if own == (_SOFT,):
                phones[-1:] = [phones[-1] + _SOFT] if phones and phones[-1][-1] not in "ːʲ" else phones[-1:]
                continue
            if not own:
                raise PronunciationError(f"{letter!r} in {word!r} is no letter: write it out in words or as [[phones]]", word)
            if own == tuple(phones[-1:]) and not own[0].endswith("ː"):
                phones[-1] = f"{own[0]}ː"  # a doubled letter is one sound, longer or in some other way itself
                continue
            phones += own
        if not phones:
            raise PronunciationError(f"{word!r} has no letters: write it out in words or as [[phones]]", word)
        return phones


class LexiconPronouncer:
    """Knows no word itself: every word has to be in the user's lexicon. Any language."""

    name = "lexicon"
    reads_phones = False
    version = "1"

    def __init__(self, language: str) -> None:
        self.language = language
        self.guessed: set[str] = set()

    def words(self, text: str) -> list[Word]:
        """Raise :class:`PronunciationError` for the first word of ``text``, which the lexicon lacks."""
        for token in text.split():
            bare = token.strip(".,;:!?'-")
            if re.search(r"\w", bare):
                raise PronunciationError(f"{bare!r} is not in the lexicon: add it, or write it as [[phones]]", bare)
            if bare:
                raise PronunciationError(f"{bare!r} has no reading: write it in words or as [[phones]]", bare)
        return []


def letter_phones(letter: str) -> tuple[str, ...]:
    """Return the phones of one small letter, () for a character that is none.

    A letter outside the tables that is no Latin one needs ``anyascii``: :class:`UsageError` names the pip command.
    """
    if letter in _LETTERS:
        return _LETTERS[letter]
    if "a" <= letter <= "z":
        return (letter,)
    if not (letter.isalpha() or unicodedata.category(letter).startswith("M")):  # vowel signs of Indic scripts are marks
        return ()
    base, marks = (divided := unicodedata.normalize("NFD", letter))[0], divided[1:]
    if marks and all(map(unicodedata.combining, marks)) and (phones := letter_phones(base)):
        nasal = "".join(_MARKS.get(mark, "") for mark in marks)
        long = "ː" if any(mark in _LENGTHENS for mark in marks) and not phones[-1].endswith("ː") else ""
        return (*phones[:-1], unicodedata.normalize("NFC", phones[-1] + nasal) + long)
    romanised = tuple("ɡ" if c == "g" else c for c in _romanised(letter).lower() if "a" <= c <= "z")
    return romanised or ("ʔ",)  # such as the Semitic ayin, which romanisation writes as an apostrophe


def _romanised(letter: str) -> str:
    try:
        from anyascii import anyascii
    except ImportError:
        raise UsageError(
            f"the letter {letter!r} ({unicodedata.name(letter, 'unnamed')}) is romanised by anyascii: pip install anyascii"
        ) from None
    return str(anyascii(letter))
