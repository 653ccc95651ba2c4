"""The front end's answer: words, syllables and phones with stress, and where the pauses are. Pure data, no audio."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from functools import cached_property, lru_cache
from sys import intern
from typing import Any, Literal

SILENCE = "sil"  # before the first and after the last word
PAUSE = "pau"  # between words

Break = Literal["", "minor", "major"]
Kind = Literal["statement", "question", "exclamation"]


@dataclass(frozen=True, slots=True)
class Syllable:
    """Phones of one syllable in IPA, without stress marks; ``stress`` is 0 none, 1 primary, 2 secondary."""

    phones: tuple[str, ...]
    stress: int = 0


@dataclass(frozen=True, slots=True)
class Word:
    """One spoken word.

    ``text`` is the word as the front end reads it aloud; ``break_after`` is the phrase break that punctuation asks for
    (``minor`` comma-like, ``major`` sentence-like); ``pause_after`` says whether silence follows. A front end sets it from
    the break, an aligner from what the speaker did. It is ignored after the last word, where silence always follows.
    ``source`` is the place of what the word was written as in the text that the front end was given, from its first character
    to before its end: several words may share one ("$3.50"). It is None where the text is not known; words that differ by
    nothing else are equal, and it is not stored.
    """

    text: str
    syllables: tuple[Syllable, ...]
    break_after: Break = ""
    pause_after: bool = False
    source: tuple[int, int] | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class Segment:
    """One phone or silence of a sentence with its place: indices into ``words``, the word's ``syllables`` and its ``phones``.

    For silences all three are -1.
    """

    phone: str
    word: int = -1
    syllable: int = -1
    position: int = -1

    @property
    def silent(self) -> bool:
        """Whether this is a silence rather than a phone."""
        return self.word < 0


@lru_cache(maxsize=1 << 16)
def _segment(phone: str, word: int = -1, syllable: int = -1, position: int = -1) -> Segment:
    """Return a segment, the same object for the same place: a large corpus has millions of segments, and few that differ."""
    return Segment(phone, word, syllable, position)


@dataclass(frozen=True)
class Sentence:
    """An utterance as the front end understood it.

    ``contexts`` are the full-context labels of its segments where they were given by others (:mod:`tts.text.from_labels`).
    """

    text: str
    language: str
    words: tuple[Word, ...]
    kind: Kind = "statement"
    contexts: tuple[str, ...] = ()

    @cached_property
    def segments(self) -> tuple[Segment, ...]:
        """``sil``, the phones in order with ``pau`` wherever a word has ``pause_after``, ``sil``."""
        found = [_segment(SILENCE)]
        for w, word in enumerate(self.words):
            for s, syllable in enumerate(word.syllables):
                found += [_segment(phone, w, s, p) for p, phone in enumerate(syllable.phones)]
            if word.pause_after and w + 1 < len(self.words):
                found.append(_segment(PAUSE))
        return (*found, _segment(SILENCE))

    @property
    def phones(self) -> tuple[str, ...]:
        """The symbol of every segment, silences included."""
        return tuple(segment.phone for segment in self.segments)

    def with_pauses(self, after: Iterable[int]) -> Sentence:
        """Return the sentence with silence after exactly the words whose indices are in ``after``; given contexts are lost."""
        chosen = set(after)
        words = tuple(replace(word, pause_after=w in chosen) for w, word in enumerate(self.words))
        return replace(self, words=words, contexts=())

    def placed(self, place: Callable[[int, int], tuple[int, int]]) -> Sentence:
        """Return the sentence with the places of its words in another text, which ``place`` tells from start and end."""
        words = (replace(word, source=place(*word.source)) if word.source else word for word in self.words)
        return replace(self, words=tuple(words))

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON-able data; :meth:`from_dict` is its inverse."""
        words = [
            {
                "text": word.text,
                "syllables": [{"phones": list(s.phones), "stress": s.stress} for s in word.syllables],
                "break_after": word.break_after,
                "pause_after": word.pause_after,
            }
            for word in self.words
        ]
        given = {"contexts": list(self.contexts)} if self.contexts else {}
        return {"text": self.text, "language": self.language, "kind": self.kind, "words": words, **given}

    @staticmethod
    def from_dict(data: dict[str, Any]) -> Sentence:
        """Rebuild a sentence from :meth:`to_dict`; a missing key raises ``KeyError``."""
        words = tuple(
            Word(
                word["text"],
                tuple(Syllable(tuple(map(intern, s["phones"])), int(s["stress"])) for s in word["syllables"]),
                word["break_after"],
                bool(word["pause_after"]),
            )
            for word in data["words"]
        )
        return Sentence(data["text"], data["language"], words, data["kind"], tuple(data.get("contexts", ())))


def break_of(signs: str) -> Break:
    """Return the break that a run of punctuation asks for."""
    if re.search(r"[.!?]", signs):
        return "major"
    return "minor" if re.search(r"[,;:]", signs) else ""


def kind_of(text: str) -> Kind:
    """Return the kind of sentence from its last full stop, question mark or exclamation mark."""
    ends = re.findall(r"[.!?](?=\W*$)", text)
    if "?" in ends:
        return "question"
    return "exclamation" if "!" in ends else "statement"
