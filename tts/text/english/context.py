"""What stands around a word of an English sentence: the conditions that ``homographs.txt`` is written in."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final

from tts.text.english.tagger import english_tagger


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_HAVE: Final = _words("have has had having haven't hasn't hadn't")
_BE: Final = _words(
    "am is are was were be been being isn't aren't wasn't weren't i'm you're he's she's it's we're they're "
    "that's there's what's get gets got gotten"
)
_MODAL: Final = _words(
    "will would shall should can could may might must do does did won't wouldn't shan't shouldn't can't "
    "cannot couldn't mayn't mightn't mustn't don't doesn't didn't let's"
)
_SUBJECTS: Final = _words("i you we they he she it who")
_SINGULAR: Final = _words("he she it who everyone everybody someone somebody nobody")
_DETERMINERS: Final = _words(
    "a an the this that these those my your his her its our their every each some any no another whose"
)
_SKIPPED: Final = _words(
    "not n't never ever already just also always often only still even then really actually both all "
    "recently carefully probably simply soon now hardly rarely seldom"
)
_LIKE_ADJECTIVES: Final = _words("sports sales arms savings jobs news customs goods physics economics")
_MANY: Final = _words("police people staff family government majority number team crew rest lot couple public audience")
_OBJECTS: Final = _words("it them him me us yourself")
_NOUN_TAGS: Final = ("nn", "nns", "nnp", "nnps")
_DEGREES: Final = _words("too so very more most as quite rather less least")
_CAUSES: Final = _words("let lets make makes made help helps helped see saw hear heard watch watched have had")
_TO_NOUN: Final = _words(
    "due according thanks prior close subject back next addicted reply access open listen listened listening contrary essential"
)
_NEAR: Final = 8


@dataclass(frozen=True)
class Context:
    """One written sentence: its ``words`` as written with punctuation marks among them, and their part-of-speech ``tags``."""

    words: tuple[str, ...]
    tags: tuple[str, ...]
    lower: tuple[str, ...] = field(default=())

    @staticmethod
    def of(words: Sequence[str]) -> Context:
        """Return the context of a sentence, tagged."""
        return Context(
            tuple(words), tuple(english_tagger().tag(words)), tuple(word.lower().replace("’", "'") for word in words)
        )

    def at(self, place: int) -> str:
        """Return the word at a place in small letters, "" beyond the ends."""
        return self.lower[place] if 0 <= place < len(self.lower) else ""

    def tag(self, place: int) -> str:
        """Return the tag at a place, ``punc`` beyond the ends."""
        return self.tags[place] if 0 <= place < len(self.tags) else "punc"

    def holds(self, condition: str, place: int) -> bool:
        """Whether a condition of ``homographs.txt`` holds for the word at a place."""
        if condition.startswith("!"):
            return not self.holds(condition[1:], place)
        name, _, listed = condition.partition(":")
        if listed.startswith("!"):
            return not self.holds(f"{name}:{listed[1:]}", place)
        return _CONDITIONS[name](self, place, frozenset(listed.split(",")))

    def verb(self, place: int) -> bool:
        """Whether the word is a verb: what stands before decides, else the tagger."""
        before = self._passed(place - 1)
        word = self.at(before)
        following = self.at(place + 1)
        if word in _MODAL or word.endswith("'ll") or (word in ("please", "to") and not self._noun_after_to(before, place)):
            return True
        if word in _DETERMINERS or word in ("of", "'s") or word.endswith("'s"):
            return self.tag(place).startswith("vb") and word in ("that", "this", "her", "its") and following in _DETERMINERS
        if word in _SUBJECTS or (before < place - 1 and self.tag(before) in _NOUN_TAGS):
            return True
        return self._verb_by_neighbours(place, before)

    def _verb_by_neighbours(self, place: int, before: int) -> bool:
        last, following = self.tag(place - 1), self.tag(place + 1)
        if last == "vbz" and self.at(place - 2) in _DETERMINERS:
            last = "nns"
        word = self.at(place - 1)
        if (
            word in _DEGREES
            or last == "cd"
            or (last == "jj" and self.tag(place - 2) in ("dt", "prp", "punc", "in", "of", "vbd"))
        ):
            return False
        acts = last in ("vbd", "vbz", "vbp", "vb", "vbg") or (last == "vbn" and not self.helper(place - 1))
        if acts and word not in _CAUSES and not _auxiliary(word):
            return False  # bought presents
        if last == "nns" and word not in _LIKE_ADJECTIVES and not self.at(place).endswith("s"):
            joined = following == "cc" and self.tag(place + 2).startswith("vb")
            if joined or following in ("in", "dt", "prp", "rb", "to", "punc", "nn", "nns", "jj", "nnp"):
                return True  # workers protest against it
        if last in ("nn", "nnp") and self.at(place).endswith("s") and following in ("nn", "nns", "nnp", "dt", "prp", "jj"):
            return True  # the country exports coffee
        if last == "nn" and following == "punc" and self.at(place - 2) == "and":
            return True  # day and night alternate
        caused = _CAUSES & set(self.lower[:place]) and not self.at(place).endswith("ate")  # makes his knowledge articulate
        if last == "nn" and word not in _MANY and not self.at(place).endswith("s") and not caused:
            return self.helper(place) == "modal"  # after one, a verb would have an s
        opening = before < 0 or self.tag(before) == "punc"
        if opening and (following in ("dt", "prp") or self.at(place + 1) in _OBJECTS):
            return True
        return self.tag(place).startswith("vb")

    def _noun_after_to(self, to: int, place: int) -> bool:
        return self.at(to) == "to" and self.at(to - 1) in _TO_NOUN and self.at(place + 1) not in _DETERMINERS

    def _passed(self, place: int) -> int:
        """Return the first place at or before ``place`` that is no adverb."""
        while place >= 0 and (self.lower[place] in _SKIPPED or (self.tags[place] == "rb" and self.lower[place].endswith("ly"))):
            place -= 1
        return place

    def helper(self, place: int) -> str:
        """Return which auxiliary governs the word: ``have``, ``be``, ``modal`` or "" for none."""
        before = self._passed(place - 1)
        if (own := _auxiliary(self.at(before))) or not self._is_subject(before):
            return own
        start = before
        while start > 0 and self.tag(start - 1) in ("dt", "prp", "jj", "nn", "nnp", "nns", "cd", "pos"):
            start -= 1  # an inverted question: has the old teacher read ...
        inverted = start < 2 or self.tag(start - 2) == "punc" or self.tag(start - 2) in ("wp", "wrb", "wdt", "cc")
        if inverted and start > 0 and (own := _auxiliary(self.at(start - 1))):
            return own
        for first in range(before, start, -1):  # a subject whose first noun was taken along
            if (
                first > 0
                and _auxiliary(self.at(first - 1))
                and (first < 2 or self.tag(first - 2) in ("punc", "wp", "wrb", "cc"))
            ):
                return _auxiliary(self.at(first - 1))
        return ""

    def _is_subject(self, place: int) -> bool:
        return self.at(place) in _SUBJECTS or self.tag(place) in ("nn", "nnp", "nns", "prp")

    def third(self, place: int) -> bool:
        """Whether the subject just before is a third person singular, which a verb without -s follows only in the past."""
        before = self._passed(place - 1)
        if self.helper(place) or before < 0:
            return False
        if self.at(before) in _SINGULAR:
            return True
        if self.tag(before) not in ("nn", "nnp"):
            return False
        start = before
        while start > 0 and self.tag(start - 1) in ("dt", "prp", "jj", "nn", "nnp", "cd"):
            start -= 1
        return self.at(start - 1) not in _CAUSES | {"and"} and not _CAUSES & set(self.lower[start:before])

    def past(self, place: int) -> bool:
        """Whether another verb of the sentence is in the past."""
        return any(tag == "vbd" for number, tag in enumerate(self.tags) if number != place)

    def near(self, place: int, words: frozenset[str]) -> bool:
        """Whether one of ``words`` is at most eight places away."""
        around = self.lower[max(place - _NEAR, 0) : place] + self.lower[place + 1 : place + 1 + _NEAR]
        return not words.isdisjoint(around)


def _auxiliary(word: str) -> str:
    if word in _HAVE or word.endswith(("'ve", "'d")):
        return "have"
    if word in _BE:
        return "be"
    return "modal" if word in _MODAL or word.endswith("'ll") else ""


_CONDITIONS: Final[dict[str, Callable[[Context, int, frozenset[str]], bool]]] = {
    "verb": lambda own, place, _: own.verb(place),
    "noun": lambda own, place, _: not own.verb(place),
    "tag": lambda own, place, listed: own.tag(place) in listed,
    "prevtag": lambda own, place, listed: own.tag(place - 1) in listed,
    "nexttag": lambda own, place, listed: own.tag(place + 1) in listed,
    "prev": lambda own, place, listed: own.at(place - 1) in listed,
    "prev2": lambda own, place, listed: own.at(place - 2) in listed,
    "next": lambda own, place, listed: own.at(place + 1) in listed,
    "next2": lambda own, place, listed: own.at(place + 2) in listed,
    "next2tag": lambda own, place, listed: own.tag(place + 2) in listed,
    "near": lambda own, place, listed: own.near(place, listed),
    "helper": lambda own, place, listed: own.helper(place) in listed,
    "third": lambda own, place, _: own.third(place),
    "past": lambda own, place, _: own.past(place),
    "first": lambda own, place, _: place == 0 or own.tag(place - 1) == "punc",
    "last": lambda own, place, _: own.tag(place + 1) == "punc",
    "capital": lambda own, place, _: own.words[place][:1].isupper(),
}
