"""What gruut's data packages hold for each language, and what is mended in it.

A package has a lexicon and a statistical model of gruut's own, and mostly a second pair that espeak-ng's rules filled. The
first of German, Spanish and Russian has no stress, that of German no word with ß and diphthongs taken apart ("einundzwanzig"
as ``a eː n ...``): there the second is used, its pairs of symbols joined again. Where a word comes without stress and a rule
gives it, the rule does.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from tts.text.phones import attributes, canonical, is_nucleus

_MARKS = "ˈˌ'¹²"  # stress, and the word accents of Swedish, which are heard on stressed syllables


@dataclass(frozen=True, kw_only=True)
class GruutData:
    """One language of gruut: ``words`` is the size of the lexicon, ``model`` the folder of the package, "" gruut's own.

    ``joined`` are pairs of symbols that are one phone, ``renamed`` symbols that are another, "" for none. ``stress`` returns
    which syllable of a word bears the stress, counted from the end, from its spelling and its number of syllables.
    """

    name: str
    words: int
    model: str = ""
    joined: Mapping[tuple[str, str], str] = field(default_factory=dict)
    renamed: Mapping[str, str] = field(default_factory=dict)
    stress: Callable[[str, int], int] | None = None
    version: str = ""

    def cleaned(self, phones: Sequence[str], word: str) -> tuple[str, ...]:
        """Return the phones of a word canonical, joined, renamed, with ``ˈ`` or ``ˌ`` in front of stressed ones."""
        found: list[str] = []
        for phone in phones:
            plain = phone.lstrip(_MARKS)
            marks = phone[: len(phone) - len(plain)]
            mark = "" if not marks else "ˌ" if marks == "ˌ" else "ˈ"
            if plain == "ʲ" and found:  # the softness of the consonant before
                found[-1] = found[-1] + ("" if found[-1].endswith("ʲ") else "ʲ")
                continue
            symbol = self.renamed.get(plain, plain)
            if not symbol:
                continue
            symbol = canonical(symbol)
            pair = (found[-1].lstrip("ˈˌ"), symbol) if found else ("", "")
            if pair in self.joined:
                found[-1] = (found[-1][: len(found[-1]) - len(pair[0])] or mark) + self.joined[pair]
            else:
                found.append(mark + symbol)
        if self.model and "ʁ" in self.renamed.values():
            found = _vocalised(found)
        return tuple(self._stressed(found, word))

    def _stressed(self, phones: list[str], word: str) -> list[str]:
        nuclei = [place for place, phone in enumerate(phones) if is_nucleus(phone.lstrip("ˈˌ"))]
        marks = {phone[0] for phone in phones} & {"ˈ", "ˌ"}
        if self.stress is None or len(nuclei) < 2 or "ˈ" in marks or (marks and len(nuclei) < 3):
            return phones  # short words with weak stress alone are function words
        place = nuclei[-min(max(self.stress(word, len(nuclei)), 1), len(nuclei))]
        return [*phones[:place], "ˈ" + phones[place].lstrip("ˌ"), *phones[place + 1 :]]


def _vocalised(phones: list[str]) -> list[str]:
    """German r after a vowel and before none is ``ɐ``."""

    def is_vowel(place: int) -> bool:
        return 0 <= place < len(phones) and "vowel" in attributes(phones[place].lstrip("ˈˌ"))

    return [
        "ɐ" if phone == "ʁ" and is_vowel(place - 1) and not is_vowel(place + 1) else phone for place, phone in enumerate(phones)
    ]


def _last(word: str, syllables: int) -> int:
    del word, syllables
    return 1


def _first(word: str, syllables: int) -> int:
    del word
    return syllables


def _last_but_one(word: str, syllables: int) -> int:
    del word, syllables
    return 2


def _german(word: str, syllables: int) -> int:
    """The first syllable, after a prefix that is never stressed (Duden, Aussprachewörterbuch, 2015, "Wortakzent")."""
    prefixed = re.match(r"(?:be|ge|er|ver|zer|ent|emp)(?=[bcdfghklmnprstvwz])(?!r[snt])", word.lower())
    return syllables - 1 if prefixed and syllables > 2 else syllables


def _portuguese(word: str, syllables: int) -> int:
    """An accent, else the last but one before -a -e -o (-s, -m), else the last (Cunha & Cintra, Nova gramática, 1985)."""
    del syllables
    letters = word.lower()
    accent = max((letters.rfind(c) for c in "áéíóúâêô"), default=-1)
    accent = accent if accent >= 0 else max(letters.rfind("ã"), letters.rfind("õ"))
    if accent >= 0:
        plain = unicodedata.normalize("NFD", letters[accent + 1 :])
        return 1 + len(re.findall(r"[aeiou]+", re.sub(r"^[aeiou]+", "", plain)))
    return 2 if re.search(r"(?:[aeo]s?|[ae]m|ens)$", letters) else 1


_AFFRICATES: Final = {("t", "s"): "t͡s", ("t", "ʃ"): "t͡ʃ", ("d", "ʒ"): "d͡ʒ"}
_DUTCH: Final = {("œː", "y"): "œy", ("œː", "ʏ"): "œy"}  # one diphthong
_GERMAN: Final = {**_AFFRICATES, ("p", "f"): "p͡f", ("a", "ɪ"): "aɪ", ("a", "ʊ"): "aʊ", ("ɔ", "ø"): "ɔʏ"}
_GERMAN_NAMES: Final = {"ɾ": "ʁ", "r": "ʁ", "ɹ": "ʁ", "ɑ": "a", "ɑː": "aː", "ɜ": "ɐ"}
_SPANISH: Final = {("t", "ʃ"): "t͡ʃ", ("ɾ", "ɾ"): "r"}
_RUSSIAN: Final = {("t", "s"): "t͡s", ("t", "ɕ"): "t͡ɕ", ("t", "ʃ"): "t͡ɕ", ("ɕ", "ɕ"): "ɕː", ("d", "ʑ"): "d͡ʑ"}
_RUSSIAN_NAMES: Final = {'"': "", "^": "", "ɭ": "ɫ", "ʌ": "ɐ"}


def _letters(text: str) -> dict[str, tuple[str, ...]]:
    """``c s eː; d d eː`` as a dictionary."""
    return {letter: tuple(phones) for letter, *phones in (entry.split() for entry in text.replace("\n", " ").split(";"))}


# Names of letters that the lexicons lack or have wrong, in the lexicons' own symbols.
LETTER_NAMES: Final[dict[str, dict[str, tuple[str, ...]]]] = {
    "nl": _letters("""
        a ˈa; b b ˈe; c s ˈe; d d ˈe; e ˈe; f ˈɛ f; g ɣ ˈe; h h ˈa; i ˈi; j j ˈe; k k ˈa; l ˈɛ l; m ˈɛ m; n ˈɛ n; o ˈo; p p ˈe;
        q k ˈy; r ˈɛ ɹ; s ˈɛ s; t t ˈe; v v ˈe; w w ˈe; x ˈɪ k s; y ˈɛi; z z ˈɛ t"""),
    "de": _letters("c t s ˈeː; q k ˈuː; y ˈʏ p s i l ɔ n; ä ˈɛː; ö ˈøː; ü ˈyː; ß ɛ s t s ˈɛ t"),
    "es": _letters("""
        f ˈe f e; h ˈa t ʃ e; k k ˈa; l ˈe l e; m ˈe m e; n ˈe n e; ñ ˈe ɲ e; r ˈe ɾ ɾ e; s ˈe s e; w u β e ð ˈo β l e;
        x ˈe k i s; z θ ˈe t a"""),
    "it": _letters("""
        b b ˈi; c t͡ʃ ˈi; d d ˈi; e ˈe; f ˈɛ f f e; g d͡ʒ ˈi; h ˈa k k a; i ˈi; j i l ˈu n ɡ o; k k ˈa p p a; l ˈɛ l l e;
        m ˈɛ m m e; n ˈɛ n n e; o ˈɔ; p p ˈi; q k ˈu; r ˈɛ r r e; s ˈɛ s s e; t t ˈi; u ˈu; v v ˈu; w d o p p j a v ˈu;
        x ˈi k s; y ˈi p s i l o n; z d͡z ˈɛ t a"""),
}
"""By the first part of a language's tag: how a capital that stands alone is spoken."""

# The sizes were counted in the versions of constraints.txt (distinct words).
DATA: Final[dict[str, GruutData]] = {
    "en": GruutData(name="English", words=124392),
    "nl": GruutData(name="Dutch", words=33610, joined=_DUTCH, version="2"),
    "de": GruutData(
        name="German", words=279654, model="espeak", joined=_GERMAN, renamed=_GERMAN_NAMES, stress=_german, version="2"
    ),
    "fr": GruutData(name="French", words=90114, renamed={"SIL": ""}, stress=_last, version="2"),
    "es": GruutData(name="Spanish", words=596986, model="espeak", joined=_SPANISH, version="2"),
    "it": GruutData(name="Italian", words=28918),
    "sv": GruutData(name="Swedish", words=20489),
    "cs": GruutData(name="Czech", words=43987, stress=_first, version="2"),
    "pt": GruutData(name="Portuguese", words=64757, stress=_portuguese, version="2"),
    "ru": GruutData(name="Russian", words=533929, model="espeak", joined=_RUSSIAN, renamed=_RUSSIAN_NAMES, version="2"),
    "sw": GruutData(name="Swahili", words=81219, stress=_last_but_one, version="2"),
    "ar": GruutData(name="Arabic", words=41630),
    "fa": GruutData(name="Farsi", words=47143, stress=_last, version="2"),
    "lb": GruutData(name="Luxembourgish", words=35591),
}
"""The languages that gruut reads, by the first part of their tag; ``version`` is raised when a word comes out otherwise."""
