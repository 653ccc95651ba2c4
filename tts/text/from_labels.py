"""A sentence made of full-context labels by others: its phones as they say, its syllables and words where they tell of them.

Labels in the form of HTS's English demo (:mod:`tts.text.full_context`) say of every phone which it is in its syllable
(``@1_2/A:``), of every syllable which it is in its word (``@1-2&``) and whether it is stressed (``/B:1-``). Of labels in any
other form, and of phones alone, all between two silences is taken as one word and divided at its vowels.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from tts.core.errors import TtsError
from tts.text.phones import STRESS_MARKS
from tts.text.sentence import PAUSE, SILENCE, Sentence, Syllable, Word, kind_of
from tts.text.syllables import syllabify

_PLACE: Final = re.compile(r"@(\d+)_(\d+)/A:.*?/B:(\d+)-.*?@(\d+)-(\d+)&")
_WORD: Final = re.compile(r"[^\W_]+(?:['’.&-][^\W_]+)*")
_MARKS: Final = {stress: mark for mark, stress in STRESS_MARKS.items()}


@dataclass(frozen=True)
class LabelledPhone:
    """A segment that a label stands for: its phone (or ``sil``, ``pau``), its stress where the name says it, and the label."""

    phone: str
    stress: int | None
    context: str

    @property
    def silent(self) -> bool:
        """Whether this is a silence."""
        return self.phone in (SILENCE, PAUSE)


def sentence_of(labels: Sequence[LabelledPhone], text: str, language: str) -> Sentence:
    """Return the sentence of an utterance's labels; ``text`` is what the corpus writes for it.

    Words have the spelling of ``text`` where it has as many, their phones otherwise. Labels that do not begin and end with
    silence, hold no phone, or contradict themselves raise :class:`TtsError`.
    """
    if len(labels) < 2 or not (labels[0].silent and labels[-1].silent):
        raise TtsError("the labels do not begin and end with silence, as full-context labels must")
    runs: list[list[LabelledPhone]] = [[]]
    for label in labels[1:-1]:
        if label.silent:
            runs.append([])
        else:
            runs[-1].append(label)
    if not all(runs):
        raise TtsError("the labels hold no phones" if not any(runs) else "the labels have silences beside each other")
    places = [_PLACE.search(label.context) for label in labels if not label.silent]
    words: list[Word] = []
    for run in runs:
        words += _placed(run) if all(places) else [_divided(run, language)]
        words[-1] = replace(words[-1], break_after="minor", pause_after=True)
    words[-1] = replace(words[-1], break_after="major")
    spelling = _WORD.findall(text)
    if len(spelling) == len(words):
        words = [replace(word, text=spelt) for word, spelt in zip(words, spelling, strict=True)]
    return Sentence(text, language, tuple(words), kind_of(text), tuple(label.context for label in labels))


def _placed(run: Sequence[LabelledPhone]) -> list[Word]:
    """Return the words of a run between silences, by the places that its labels name."""
    words: list[list[tuple[list[str], int]]] = []
    for number, label in enumerate(run, 1):
        match = _PLACE.search(label.context)
        assert match is not None
        in_syllable, _, stress, in_word, _ = map(int, match.groups())
        if in_syllable == 1:
            if in_word == 1:
                words.append([])
            if not words or len(words[-1]) != in_word - 1:
                raise TtsError(
                    f"the label of phone {number} ({label.phone}) says that its syllable is number {in_word} of a word"
                )
            words[-1].append(([], min(stress, 2)))
        if not words or len(words[-1][-1][0]) != in_syllable - 1:
            raise TtsError(f"the label of phone {number} ({label.phone}) says that it is number {in_syllable} of a syllable")
        words[-1][-1][0].append(label.phone)
    return [
        Word("".join("".join(phones) for phones, _ in word), tuple(Syllable(tuple(phones), stress) for phones, stress in word))
        for word in words
    ]


def _divided(run: Sequence[LabelledPhone], language: str) -> Word:
    phones = [_MARKS.get(label.stress or 0, "") + label.phone for label in run]
    return Word("".join(label.phone for label in run), syllabify(phones, language))
