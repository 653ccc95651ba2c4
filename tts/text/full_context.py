"""Full-context labels of the HTS family, made of a :class:`Sentence`: every phone with all that surrounds it in one line.

The form is that of HTS's English demo and of Festival's ``hts.scm``, with which ``festvox-us-slt-hts`` and Merlin's question
files agree: ``p1^p2-p3+p4=p5@p6_p7/A:a1_a2_a3/B:.../C:.../D:.../E:.../F:.../G:.../H:.../I:.../J:j1+j2-j3``; what lies outside
of the sentence is ``0``, what a silence does not have ``x``. What the fields are is said in HTS's ``lab_format.pdf``; that
counts within a phrase begin after its first syllable (``#`` and ``$``) was found in Festival's own labels.

What the front end does not know is guessed: an accent stands on the primary stress of a content word; a phrase ends in
``L-L%``, and in ``H-H%`` at the end of a question that does not begin with a question word.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal

from tts.text.arpabet import from_ipa
from tts.text.function_words import is_function_word
from tts.text.phones import is_nucleus
from tts.text.sentence import SILENCE, Sentence

EndSilence = Literal["sil", "pau"]

# Closed classes of English words by their tags in such labels; all others are "content".
_CLASSES: Final = {
    "in": "in of for on that with by at from as if against about before because under after over into while without through "
    "new between among until per up down",
    "to": "to",
    "det": "the a an no some this each another those every all any these both neither many",
    "md": "will may would can could should must ought might",
    "cc": "and but or plus yet nor",
    "wp": "who what where how when",
    "pps": "her his their its our mine",
    "aux": "is am are was were has have had be",
}
_CLASS_OF: Final = {word: name for name, words in _CLASSES.items() for word in words.split()}


def word_class(text: str, language: str) -> str:
    """Return the class that a label gives a word: of English one of nine, of other languages ``func`` or ``content``."""
    if language.split("-")[0] == "en":
        return _CLASS_OF.get(text.lower(), "content")
    return "func" if is_function_word(text, language) else "content"


def full_context_labels(
    sentence: Sentence, *, end_silence: EndSilence = "sil", names: Mapping[str, str] | None = None
) -> list[str]:
    """Return the label of every segment of ``sentence``, without times.

    ``names`` are what the phones and silences are called, by phone. Those without have their ARPAbet names in English
    (:func:`tts.text.arpabet.from_ipa`) and are written in IPA in other languages. ``end_silence`` is the name of the silence
    before and after speech where ``names`` has none: ``sil`` as in Merlin's data, ``pau`` as in Festival's voices.
    """
    given = {SILENCE: end_silence, **(names or {})}
    english = sentence.language.split("-")[0] == "en"
    called = {phone: given.get(phone) or (from_ipa(phone) if english else phone) for phone in sentence.phones}
    symbols = ["x", "x", *(called[phone] for phone in sentence.phones), "x", "x"]
    context = _Context(sentence, called)
    return [
        "{}^{}-{}+{}={}".format(*symbols[place : place + 5]) + context.label(place) for place in range(len(sentence.segments))
    ]


@dataclass(frozen=True)
class _Syllable:
    """A syllable in its place: ``word`` and ``phrase`` are numbers, ``within`` its place in the word."""

    word: int
    phrase: int
    within: int
    phones: tuple[str, ...]
    stressed: bool
    accented: bool

    @property
    def summary(self) -> tuple[int, int, int]:
        return int(self.stressed), int(self.accented), len(self.phones)


@dataclass(frozen=True)
class _Word:
    phrase: int
    syllables: int
    word_class: str

    @property
    def content(self) -> bool:
        return self.word_class == "content"


class _Context:
    """Tables of a sentence's syllables, words and phrases, and the part of a label after the five phones."""

    def __init__(self, sentence: Sentence, names: Mapping[str, str]) -> None:
        self.sentence, self.names = sentence, names
        self.words: list[_Word] = []
        self.syllables: list[_Syllable] = []
        self.number: dict[tuple[int, int], int] = {}
        phrase = 0
        for w, word in enumerate(sentence.words):
            name = word_class(word.text, sentence.language)
            self.words.append(_Word(phrase, len(word.syllables), name))
            for s, syllable in enumerate(word.syllables):
                self.number[w, s] = len(self.syllables)
                stressed = syllable.stress == 1
                accented = stressed and name == "content"
                self.syllables.append(_Syllable(w, phrase, s, syllable.phones, stressed, accented))
            phrase += word.pause_after and w + 1 < len(sentence.words)
        self.phrases = phrase + 1
        self.phrase_words = [[w for w, word in enumerate(self.words) if word.phrase == p] for p in range(self.phrases)]
        self.phrase_syllables = [[i for i, s in enumerate(self.syllables) if s.phrase == p] for p in range(self.phrases)]

    def label(self, place: int) -> str:
        """Return the label of segment ``place`` from ``@`` on."""
        segment = self.sentence.segments[place]
        if segment.silent:
            return self._silence(place)
        index = self.number[segment.word, segment.syllable]
        syllable, word = self.syllables[index], self.words[segment.word]
        count = len(syllable.phones)
        return "".join(
            [
                f"@{segment.position + 1}_{count - segment.position}",
                "/A:{}_{}_{}".format(*self._syllable(index - 1)),
                self._own_syllable(index),
                "/C:{}+{}+{}".format(*self._syllable(index + 1)),
                "/D:{}_{}".format(*self._word(segment.word - 1)),
                self._own_word(segment.word),
                "/F:{}_{}".format(*self._word(segment.word + 1)),
                "/G:{}_{}".format(*self._phrase(word.phrase - 1)),
                "/H:{}={}".format(*self._phrase(word.phrase)),
                f"@{word.phrase + 1}={self.phrases - word.phrase}|{self._end_tone(word.phrase)}",
                "/I:{}={}".format(*self._phrase(word.phrase + 1)),
                self._whole(),
            ]
        )

    def _silence(self, place: int) -> str:
        segments = self.sentence.segments
        before = segments[place - 1] if place else None
        after = segments[place + 1] if place + 1 < len(segments) else None
        left = self.number[before.word, before.syllable] if before else -1
        right = self.number[after.word, after.syllable] if after else -1
        return "".join(
            [
                "@x_x",
                "/A:{}_{}_{}".format(*self._syllable(left)),
                "/B:x-x-x@x-x&x-x#x-x$x-x!x-x;x-x|x",
                "/C:{}+{}+{}".format(*self._syllable(right)),
                "/D:{}_{}".format(*self._word(before.word if before else -1)),
                "/E:x+x@x+x&x+x#x+x",
                "/F:{}_{}".format(*self._word(after.word if after else -1)),
                "/G:{}_{}".format(*self._phrase(self.words[before.word].phrase if before else -1)),
                f"/H:x=x@1={self.phrases}|0",
                "/I:{}={}".format(*self._phrase(self.words[after.word].phrase if after else -1)),
                self._whole(),
            ]
        )

    def _own_syllable(self, index: int) -> str:
        syllable = self.syllables[index]
        members = self.phrase_syllables[syllable.phrase]
        place = index - members[0]
        stresses = [self.syllables[i].stressed for i in members]
        accents = [self.syllables[i].accented for i in members]
        counts = "".join(
            f"{sign}{sum(marks[1:place]) + 1}-{sum(marks[place + 1 :]) + 1}"
            for sign, marks in (("#", stresses), ("$", accents))
        )
        distances = "".join(
            f"{sign}{_distance(marks[:place][::-1])}-{_distance(marks[place + 1 :])}"
            for sign, marks in (("!", stresses), (";", accents))
        )
        stress, accent, count = syllable.summary
        nucleus = next((phone for phone in syllable.phones if is_nucleus(phone)), None)
        vowel = "novowel" if nucleus is None else self.names[nucleus]
        return (
            f"/B:{stress}-{accent}-{count}@{syllable.within + 1}-{self.words[syllable.word].syllables - syllable.within}"
            f"&{place + 1}-{len(members) - place}{counts}{distances}|{vowel}"
        )

    def _own_word(self, number: int) -> str:
        word = self.words[number]
        members = self.phrase_words[word.phrase]
        place = number - members[0]
        content = [self.words[w].content for w in members]
        return (
            f"/E:{word.word_class}+{word.syllables}@{place + 1}+{len(members) - place}"
            f"&{sum(content[:place])}+{sum(content[place + 1 :])}"
            f"#{_distance(content[:place][::-1])}+{_distance(content[place + 1 :])}"
        )

    def _syllable(self, index: int) -> tuple[int, int, int]:
        return self.syllables[index].summary if 0 <= index < len(self.syllables) else (0, 0, 0)

    def _word(self, number: int) -> tuple[str, int]:
        there = 0 <= number < len(self.words)
        return (self.words[number].word_class, self.words[number].syllables) if there else ("0", 0)

    def _phrase(self, number: int) -> tuple[int, int]:
        there = 0 <= number < self.phrases
        return (len(self.phrase_syllables[number]), len(self.phrase_words[number])) if there else (0, 0)

    def _end_tone(self, phrase: int) -> str:
        asks = self.sentence.kind == "question" and self.words[0].word_class != "wp"
        return "H-H%" if asks and phrase + 1 == self.phrases else "L-L%"

    def _whole(self) -> str:
        return f"/J:{len(self.syllables)}+{len(self.words)}-{self.phrases}"


def _distance(marks: Sequence[bool]) -> int:
    """Return how far away the first mark is, counted from 1; 0 where there is none."""
    return next((number for number, mark in enumerate(marks, 1) if mark), 0)
