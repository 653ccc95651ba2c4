"""The phones of other people's labels in place of the front end's: a sentence whose words are said as its labels say."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from tts.alignment.intervals import SILENCES, TimeInterval
from tts.alignment.labels import Labels
from tts.core.errors import TtsError
from tts.text.phones import is_nucleus
from tts.text.sentence import Sentence, Word
from tts.text.syllables import syllabify

_MARKS = {1: "ˈ", 2: "ˌ"}
_MOST = 0.5  # share of phones that may differ; more, and it is another text


def adopt(sentence: Sentence, labels: Labels, where: str) -> Sentence:
    """Return the sentence with the phones of its labels, word by word.

    Which phones are a word's follows from the labels' words where there are as many as the sentence has; otherwise from the
    cheapest way to turn the front end's phones into the labels'. Raises :class:`TtsError` beginning with ``where`` for a word
    without phones (the Montreal Forced Aligner writes ``spn`` for one that it does not know) and for another text.
    """
    phones = [(p, s) for p, s in zip(labels.phones, labels.stresses, strict=True) if not _silent(p)]
    words = [word for word in labels.words if not _silent(word)]
    if len(words) == len(sentence.words):
        owners = [next((n for n, w in enumerate(words) if w.start <= _middle(p) < w.end), -1) for p, _ in phones]
        if -1 in owners:
            raise TtsError(f"{where}: the phone {phones[owners.index(-1)][0].name!r} lies in none of its words")
    else:
        owners = _owners(sentence, [p.name for p, _ in phones], where)
    said: list[Word] = []
    for number, word in enumerate(sentence.words):
        own = [(p.name, s) for (p, s), owner in zip(phones, owners, strict=True) if owner == number]
        if not own:
            unknown = "; it has spn, so the aligner that made it did not know a word: add it to that aligner's dictionary"
            hint = unknown if any(p.name == "spn" for p in labels.phones) else ""
            raise TtsError(f"{where}: has no phones for the word {word.text!r}{hint}")
        said.append(_said(word, own, sentence.language))
    return replace(sentence, words=tuple(said))


def _silent(interval: TimeInterval) -> bool:
    return interval.name.strip().lower() in SILENCES


def _middle(interval: TimeInterval) -> float:
    return 0.5 * (interval.start + interval.end)


def _said(word: Word, phones: Sequence[tuple[str, int | None]], language: str) -> Word:
    """Return a word with these phones and stresses; where the labels tell no stress, the front end's syllable has it."""
    names = [name for name, _ in phones]
    if names == [phone for syllable in word.syllables for phone in syllable.phones] and all(s is None for _, s in phones):
        return word
    syllables = syllabify([_MARKS.get(stress or 0, "") + name for name, stress in phones], language)
    if all(stress is None for _, stress in phones):
        stresses = [syllable.stress for syllable in word.syllables]
        fitted = [stresses[min(n, len(stresses) - 1)] for n in range(len(syllables))]
        if len(syllables) > len(stresses):
            fitted[len(stresses) :] = [0] * (len(syllables) - len(stresses))
        syllables = tuple(replace(s, stress=stress) for s, stress in zip(syllables, fitted, strict=True))
    return replace(word, syllables=syllables)


def _owners(sentence: Sentence, names: Sequence[str], where: str) -> list[int]:
    """Return the number of the word of each of the labels' phones, by the least edit distance to the front end's."""
    own = [(s.phone, s.word) for s in sentence.with_pauses(()).segments[1:-1]]
    costs = np.zeros((len(own) + 1, len(names) + 1))
    costs[:, 0], costs[0] = np.arange(len(own) + 1), np.arange(len(names) + 1)
    for a, (phone, _) in enumerate(own, 1):
        for b, name in enumerate(names, 1):
            other = 0.0 if phone == name else 1.0 if is_nucleus(phone) == is_nucleus(name) else 1.9
            costs[a, b] = min(costs[a - 1, b - 1] + other, costs[a - 1, b] + 1.0, costs[a, b - 1] + 1.0)
    if costs[-1, -1] > _MOST * max(len(own), len(names)):
        raise TtsError(f"{where}: its phones are far from the text's ({len(names)} and {len(own)}); is it the same text?")
    owners = [0] * len(names)
    a, b = len(own), len(names)
    while b:
        here = costs[a, b]
        if a and here == costs[a - 1, b] + 1.0:
            a -= 1
        elif here == costs[a, b - 1] + 1.0:  # a phone more: it is that of the phone before it
            owners[b - 1] = own[max(a - 1, 0)][1]
            b -= 1
        else:
            owners[b - 1] = own[a - 1][1]
            a, b = a - 1, b - 1
    return owners
