"""Context features: what a network reads of every phone of a sentence, generated from the phone inventory.

They ask what full-context labels ask (identity and attributes of five phones; stress, positions and counts in syllable, word,
phrase and sentence), as numbers in 0..1. A count ``n`` becomes ``min(n, cap) / cap`` with the caps of :data:`CAPS`.
Positions count from 1, so a silence, which has no place in a syllable, word or phrase, has 0 in all of them; it does see the
syllable, word and phrase on either side. A phrase is what lies between two silences.

Where they are asked for, the prominence and boundary that a model of English predicts for each word
(:mod:`tts.text.english.prominence`) are two columns more of a word, and what kind of question its words make of a sentence
(:mod:`tts.text.english.question_forms`) two more of the sentence.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar, Final, cast

import numpy as np

from tts.core.errors import TtsError
from tts.core.files import fingerprint
from tts.recipe.names import ProminenceUse
from tts.text.english.prominence import VERSION as PROMINENCE_VERSION
from tts.text.english.prominence import word_prosody
from tts.text.english.question_forms import question_form
from tts.text.function_words import is_function_word
from tts.text.phones import ATTRIBUTES, PhoneInventory, attributes, is_nucleus
from tts.text.sentence import Sentence

VERSION: Final = 1  # raise it when the same sentence gives other numbers
NEIGHBOURS: Final = ("LL", "L", "C", "R", "RR")

CAPS: Final[dict[str, int]] = {
    "phones_in_syllable": 7,
    "phones_in_word": 15,
    "phones_in_phrase": 60,
    "syllables_in_word": 6,
    "syllables_in_phrase": 25,
    "syllables_in_sentence": 60,
    "stresses_in_phrase": 12,
    "words_in_phrase": 15,
    "words_in_sentence": 40,
    "phrases_in_sentence": 8,
}
"""The largest number of each kind that is told apart; a larger one counts as this."""

# Columns of the tables below. Of a syllable, word and phrase, asked of the one before (L), around (C) and after (R) a phone:
_SYLLABLE = ("primary_stress", "secondary_stress", "phones")
_WORD = ("syllables", "phones", "function", "break_minor", "break_major")
_PROSODY = ("prominence", "boundary")  # of a word, where they are asked for
_PHRASE = ("words", "syllables", "break_minor", "break_major")
# Asked of a phone's own syllable, word and phrase:
_SYLLABLE_PLACE = (
    *("in_word_forward", "in_word_backward", "in_phrase_forward", "in_phrase_backward"),
    *("stresses_before_in_phrase", "stresses_after_in_phrase", "from_stress", "to_stress"),
)
_WORD_PLACE = (
    *("in_phrase_forward", "in_phrase_backward", "in_sentence_forward", "in_sentence_backward"),
    *("first_in_sentence", "last_in_sentence"),
)
_PHRASE_PLACE = ("in_sentence_forward", "in_sentence_backward")
_PHONE_PLACE = (
    *("in_syllable_forward", "in_syllable_backward", "in_word_forward", "in_word_backward"),
    *("from_pause", "to_pause", "onset", "nucleus", "coda"),
)
_SENTENCE = ("words", "syllables", "phrases", "question", "exclamation")
_FORMS = ("yes_no", "question_word")  # of a sentence, where prominence is asked for


@dataclass(frozen=True)
class ContextFeatures:
    """The features of one inventory. Equal ones give equal features; :attr:`fingerprint` tells whether they do.

    ``prominence`` adds the predicted prominence and boundary of English words, or a control of these, and the kind of question
    they make.
    """

    inventory: PhoneInventory
    prominence: ProminenceUse = False

    subphone: ClassVar[None] = None  # frames have the product's own places within phones

    @cached_property
    def asked(self) -> tuple[str, ...]:
        """The attributes that divide this inventory: held by at least two of its phones, and not by all."""
        held = [(name, sum(name in attributes(symbol) for symbol in self.inventory.symbols)) for name in ATTRIBUTES]
        return tuple(name for name, count in held if 1 < count < len(self.inventory))

    @cached_property
    def vowels(self) -> tuple[str, ...]:
        """Phones that can be the nucleus of a syllable."""
        return tuple(symbol for symbol in self.inventory.symbols if is_nucleus(symbol))

    @cached_property
    def names(self) -> tuple[str, ...]:
        """The name of every column, such as ``C:is_p``, ``R:nasal``, ``syllable:in_word_forward``."""
        found = [f"{who}:{what}" for who in NEIGHBOURS for what in (*map("is_{}".format, self.inventory.symbols), *self.asked)]
        found += [f"syllable:vowel_is_{symbol}" for symbol in self.vowels]
        word = (*_WORD, *(_PROSODY if self.prominence else ()))
        around: dict[str, tuple[str, ...]] = {"syllable": _SYLLABLE, "word": word, "phrase": _PHRASE}
        own: dict[str, tuple[str, ...]] = {"syllable": _SYLLABLE_PLACE, "word": _WORD_PLACE, "phrase": _PHRASE_PLACE}
        for level, columns in around.items():
            found += [f"{who}_{level}:{column}" for who in ("L", "C", "R") for column in columns]
        whole = (*_SENTENCE, *(_FORMS if self.prominence else ()))
        for level, columns in {**own, "phone": _PHONE_PLACE, "sentence": whole}.items():
            found += [f"{level}:{column}" for column in columns]
        return tuple(found)

    @property
    def dimension(self) -> int:
        """Number of columns."""
        return len(self.names)

    @cached_property
    def fingerprint(self) -> str:
        """Changes whenever the same sentence would give other numbers."""
        return fingerprint(VERSION, list(self.names), CAPS, *self._prominence_identity)

    @property
    def _prominence_identity(self) -> tuple[int | str, ...]:
        if not self.prominence:
            return ()
        return (PROMINENCE_VERSION,) if self.prominence is True else (PROMINENCE_VERSION, self.prominence)

    @cached_property
    def _phones(self) -> np.ndarray:
        """One row a phone (identity and attributes) and a last row of zeros for what lies outside the sentence."""
        columns = [ATTRIBUTES.index(name) for name in self.asked]
        rows = np.concatenate([np.eye(len(self.inventory), dtype=np.float32), self.inventory.matrix[:, columns]], axis=1)
        return np.concatenate([rows, np.zeros((1, rows.shape[1]), np.float32)])

    def vectors(self, sentence: Sentence) -> np.ndarray:
        """Return the features of every segment: float32 of shape (segments, dimension), values in 0..1.

        A phone that is not in the inventory raises :class:`TtsError`; :meth:`PhoneInventory.adapt` replaces such phones.
        """
        count = len(sentence.segments)
        around = np.full(count + 4, len(self.inventory))
        around[2:-2] = [self.inventory.index(phone) for phone in sentence.phones]
        phones = np.concatenate([self._phones[around[shift : shift + count]] for shift in range(5)], axis=1)
        context = _Context(sentence, self.prominence)
        vowels = np.array([[nucleus == vowel for vowel in self.vowels] for nucleus in [*context.nuclei, ""]], np.float32)
        blocks = [phones, vowels[context.syllable_of[:, 1]], *context.blocks()]
        return np.concatenate(blocks, axis=1, dtype=np.float32)

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON-able data; :meth:`from_dict` is its inverse."""
        asked = {"prominence": self.prominence} if self.prominence else {}
        return {"version": VERSION, "inventory": self.inventory.to_dict(), **asked, "fingerprint": self.fingerprint}

    @staticmethod
    def from_dict(data: dict[str, Any]) -> ContextFeatures:
        """Rebuild the features of :meth:`to_dict`; :class:`TtsError` if this version of the product makes other ones."""
        features = ContextFeatures(PhoneInventory.from_dict(data["inventory"]), _checked_use(data.get("prominence", False)))
        if features.fingerprint != data["fingerprint"]:
            raise TtsError(
                f"context features of version {data['version']} cannot be remade by this release, which has version {VERSION}: "
                "use the release that trained the voice, or train it anew"
            )
        return features


def _checked_use(value: Any) -> ProminenceUse:
    if value is True or value is False or value in ("word", "shuffled"):
        return cast(ProminenceUse, value)
    raise TtsError(f"context features with prominence {str(value)[:60]!r} are not known; update the package")


class _Context:
    """Tables of a sentence's syllables, words and phrases, and which of them lie before, around and after each segment.

    Every table ends in a row of zeros, which is what index -1 finds: no such syllable, word or phrase.
    """

    def __init__(self, sentence: Sentence, prominence: ProminenceUse) -> None:
        self.sentence = sentence
        words = sentence.words
        self.prosody = word_prosody(sentence, prominence) if prominence else np.zeros((len(words), 0), np.float32)
        form = question_form([word.text for word in words], marked=sentence.kind == "question") if prominence else ""
        self.forms = [form == kind for kind in _FORMS] if prominence else []
        syllables = [(w, s) for w, word in enumerate(words) for s in range(len(word.syllables))]
        number = {place: index for index, place in enumerate(syllables)}
        ends = [w for w, word in enumerate(words) if word.pause_after or w + 1 == len(words)]
        phrase_of_word = np.searchsorted(ends, np.arange(len(words))).tolist()
        self.word_of_syllable = [w for w, _ in syllables]
        self.phrases = [[w for w in range(len(words)) if phrase_of_word[w] == p] for p in range(len(ends))]
        self.phrase_syllables = [
            [i for i, w in enumerate(self.word_of_syllable) if phrase_of_word[w] == p] for p in range(len(ends))
        ]
        self.syllables = [words[w].syllables[s] for w, s in syllables]
        self.nuclei = [next((p for p in syllable.phones if is_nucleus(p)), "") for syllable in self.syllables]
        segments = sentence.segments
        self.syllable_of = _around([-1 if x.silent else number[x.word, x.syllable] for x in segments], len(syllables))
        self.word_of = _around([x.word for x in segments], len(words))
        self.phrase_of = _around([-1 if x.silent else phrase_of_word[x.word] for x in segments], len(ends))

    def blocks(self) -> list[np.ndarray]:
        """Return the columns after the vowels, in the order of :attr:`ContextFeatures.names`."""
        words, breaks = (
            self.sentence.words,
            [(word.break_after == "minor", word.break_after == "major") for word in self.sentence.words],
        )
        functions = [is_function_word(word.text, self.sentence.language) for word in words]
        lengths = [sum(len(syllable.phones) for syllable in word.syllables) for word in words]
        syllable = [(s.stress == 1, s.stress == 2, _share(len(s.phones), "phones_in_syllable")) for s in self.syllables]
        word = [
            (
                _share(len(word.syllables), "syllables_in_word"),
                _share(lengths[w], "phones_in_word"),
                functions[w],
                *breaks[w],
                *own,
            )
            for w, (word, own) in enumerate(zip(words, self.prosody, strict=True))
        ]
        phrase = [
            (
                _share(len(members), "words_in_phrase"),
                _share(len(self.phrase_syllables[p]), "syllables_in_phrase"),
                *breaks[members[-1]],
            )
            for p, members in enumerate(self.phrases)
        ]
        shared = [
            _table(rows, width)[index].reshape(len(index), -1)
            for rows, width, index in (
                (syllable, len(_SYLLABLE), self.syllable_of),
                (word, len(_WORD) + self.prosody.shape[1], self.word_of),
                (phrase, len(_PHRASE), self.phrase_of),
            )
        ]
        places = [
            _table(self._syllable_places(), len(_SYLLABLE_PLACE))[self.syllable_of[:, 1]],
            _table(self._word_places(), len(_WORD_PLACE))[self.word_of[:, 1]],
            _table([_both(p, len(self.phrases), "phrases_in_sentence") for p in range(len(self.phrases))], 2)[
                self.phrase_of[:, 1]
            ],
            np.array(self._phone_places(lengths), np.float32),
        ]
        kind = self.sentence.kind
        whole = (
            _share(len(words), "words_in_sentence"),
            _share(len(self.syllables), "syllables_in_sentence"),
            _share(len(self.phrases), "phrases_in_sentence"),
            *(kind == "question", kind == "exclamation"),
            *self.forms,
        )
        return [*shared, *places, np.tile(np.array(whole, np.float32), (len(self.sentence.segments), 1))]

    def _syllable_places(self) -> list[tuple[float, ...]]:
        rows: list[tuple[float, ...]] = []
        for members in self.phrase_syllables:
            stressed = [i for i in members if self.syllables[i].stress == 1]
            for place, i in enumerate(members):
                w = self.word_of_syllable[i]
                first = self.word_of_syllable.index(w)
                before, after = [s for s in stressed if s < i], [s for s in stressed if s > i]
                rows.append(
                    (
                        *_both(i - first, len(self.sentence.words[w].syllables), "syllables_in_word"),
                        *_both(place, len(members), "syllables_in_phrase"),
                        *(_share(len(before), "stresses_in_phrase"), _share(len(after), "stresses_in_phrase")),
                        *(_share(i - before[-1], "syllables_in_word") if before else 1.0,),
                        *(_share(after[0] - i, "syllables_in_word") if after else 1.0,),
                    )
                )
        return rows

    def _word_places(self) -> list[tuple[float, ...]]:
        count = len(self.sentence.words)
        return [
            (*_both(place, len(members), "words_in_phrase"), *_both(w, count, "words_in_sentence"), w == 0, w + 1 == count)
            for members in self.phrases
            for place, w in enumerate(members)
        ]

    def _phone_places(self, lengths: Sequence[int]) -> list[tuple[float, ...]]:
        segments = self.sentence.segments
        silences = [i for i, segment in enumerate(segments) if segment.silent]
        rows: list[tuple[float, ...]] = []
        pause = 0  # which silence came last
        within = 0  # place in the word
        for i, segment in enumerate(segments):
            if segment.silent:
                pause += i > 0
                rows.append((0.0,) * len(_PHONE_PLACE))
                continue
            within = within + 1 if segments[i - 1].word == segment.word else 0
            phones = self.sentence.words[segment.word].syllables[segment.syllable].phones
            nucleus = next((n for n, phone in enumerate(phones) if is_nucleus(phone)), 0)
            rows.append(
                (
                    *_both(segment.position, len(phones), "phones_in_syllable"),
                    *_both(within, lengths[segment.word], "phones_in_word"),
                    *_both(i - silences[pause] - 1, silences[pause + 1] - silences[pause] - 1, "phones_in_phrase"),
                    *(segment.position < nucleus, segment.position == nucleus, segment.position > nucleus),
                )
            )
        return rows


def _share(count: int, kind: str) -> float:
    return min(count, CAPS[kind]) / CAPS[kind]


def _both(place: int, count: int, kind: str) -> tuple[float, float]:
    """A place (from 0) among ``count``, counted from 1 from the front and from the back."""
    return _share(place + 1, kind), _share(count - place, kind)


def _table(rows: Sequence[Sequence[float]], width: int) -> np.ndarray:
    return np.array([*rows, (0.0,) * width], np.float32)


def _around(own: Sequence[int], count: int) -> np.ndarray:
    """Indices before, around and after every segment, int64 of shape (segments, 3); -1 where there is none.

    ``own`` is -1 at silences, which lie between the last one before and the first one after them.
    """
    found = np.full((len(own), 3), -1)
    last = -1
    for i, index in enumerate(own):
        last = index if index >= 0 else last
        following = last + 1 if last + 1 < count else -1
        found[i] = (index - 1, index, following) if index >= 0 else (last, -1, following)
    return found
