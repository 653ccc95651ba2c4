"""A long recording and its text: which words are spoken between two pauses, found without knowing the language.

The recording is cut at its pauses into stretches of speech. First only lengths are known: a dynamic programme gives every
stretch the words that would take as long as it lasts, preferring punctuation at pauses (:func:`by_length`). Models of phones
trained on that guess then find the words by their sound (:func:`by_sound`): a Viterbi search over the whole text, stretch by
stretch, which keeps of every path only with which word its present stretch began, so that memory does not grow with the
recording. A stretch may have no text (a header, a remark), and whole sentences may be skipped.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from tts.alignment.models import PhoneModels
from tts.text.sentence import PAUSE, SILENCE, Word

_NONE = 8.0  # cost of a stretch without words, and the most that a wrong length costs
_PACE = (0.12, 0.45)  # deviation of log seconds a phone: of stretches, and of single phones
_BREAKS = {"major": 0.0, "minor": 0.7}  # cost of a pause at a break of the text ...
_NO_BREAK = 2.5  # ... and where there is none
_MOST_WORDS = 60  # of a stretch, when only lengths are known
_SKIP = 400.0  # log likelihood ratio that skipping sentences costs: about a second of wrong text
_BEAM = 1500.0  # by which a path may be worse than the best at a pause
_AHEAD = 80  # words that may be skipped at once
_WORDS_A_FRAME = 0.04  # 8 words a second at 5 ms: faster than anybody reads


@dataclass(frozen=True)
class Text:
    """The words of a text; ``ends`` are the numbers of words after which a sentence ends (0 and all words included)."""

    words: tuple[Word, ...]
    ends: tuple[int, ...]

    @property
    def phone_counts(self) -> np.ndarray:
        """Phones before every word and at the end, (words + 1,)."""
        return np.cumsum([0, *(sum(len(s.phones) for s in word.syllables) for word in self.words)])


@dataclass(frozen=True)
class Placed:
    """The words ``first`` to before ``last`` of a stretch, and how well they match it a frame (at most 0); None: no words."""

    first: int
    last: int
    match: float


def by_length(frames: np.ndarray, text: Text) -> list[Placed | None]:
    """Return which words each stretch of ``frames`` (stretches,) holds, judged by lengths alone.

    ``match`` is the negative cost. Every word is in some stretch.
    """
    counts, total = text.phone_counts, len(text.words)
    pace = frames.sum() / max(int(counts[-1]), 1)
    pauses = np.array([0.0, *(_BREAKS.get(word.break_after, _NO_BREAK) for word in text.words)])
    pauses[list(text.ends)] = 0.0
    best = np.full(total + 1, np.inf)
    best[0] = 0.0
    taken = np.zeros((len(frames), total + 1), dtype=np.uint8)
    costs = np.zeros((len(frames), total + 1), dtype=np.float32)
    for number, length in enumerate(frames.tolist()):
        now, cost = best + _NONE, np.full(total + 1, _NONE)
        for words in range(1, min(_MOST_WORDS, total) + 1):
            phones = np.maximum(counts[words:] - counts[:-words], 1)
            deviation = np.log(phones * pace / length) ** 2 / (_PACE[0] ** 2 + _PACE[1] ** 2 / phones)
            own = np.minimum(0.5 * deviation, _NONE) + pauses[words:]
            better = best[:-words] + own < now[words:]
            now[words:][better] = (best[:-words] + own)[better]
            cost[words:][better] = own[better]
            taken[number, words:][better] = words
        best, costs[number] = now, cost
    answers: list[Placed | None] = []
    place = total
    for number in range(len(frames) - 1, -1, -1):
        words = int(taken[number, place])
        answers.append(Placed(place - words, place, -float(costs[number, place])) if words else None)
        place -= words
    return answers[::-1]


def by_sound(features: Sequence[np.ndarray], text: Text, models: PhoneModels, reject: float) -> list[Placed | None]:
    """Return which words each stretch holds, found by their sound.

    ``features`` of a stretch are (frames, features), some silence around it included. ``reject`` is the match a frame, below 0,
    under which a stretch rather has no text. Phones that the models do not know match nothing.
    """
    search = _Search(text, models, reject)
    for stretch in features:
        search.step(stretch)
    return search.answer()


class _Search:
    """The state of the search between two stretches: the best log likelihood ratio of having read so many words."""

    def __init__(self, text: Text, models: PhoneModels, reject: float) -> None:
        self.text, self.reject, self.states = text, reject, models.states
        keys = [key for key in models.keys if len(key) == 2]
        self._weights = models.weights(1.0).numpy()[: len(keys)].astype(np.float32)
        index = {key: number for number, key in enumerate(keys)}
        self._silence = [index[SILENCE, state] for state in range(self.states)]
        void = len(keys)  # of phones that are not known
        self._units = [
            np.array(
                [
                    index.get((phone, state), void)
                    for syllable in word.syllables
                    for phone in syllable.phones
                    if phone not in (SILENCE, PAUSE)
                    for state in range(self.states)
                ]
            )
            for word in text.words
        ]
        total = len(text.words)
        self.best = np.full(total + 1, -np.inf)
        self.best[0] = 0.0
        self._jumped: list[np.ndarray] = []  # a stretch: from where each place was reached by skipping
        self._entered: list[np.ndarray] = []  # a stretch: with which word the path to each place began
        self._gains: list[np.ndarray] = []
        self._ends = np.array(text.ends)

    def step(self, features: np.ndarray) -> None:
        """Take in one stretch."""
        jumped = self._skip()
        before = self.best
        scores = self._scores(features)
        after = before + self.reject * len(features)  # no words
        entered = np.arange(len(before), dtype=np.int32)
        alive = np.flatnonzero(before >= before.max() - _BEAM)
        low, high = int(alive[0]), min(int(alive[-1]) + 8 + int(_WORDS_A_FRAME * len(features)), len(self.text.words))
        if high > low:
            reached, origin = self._pass(scores, np.where(before >= before.max() - _BEAM, before, -np.inf)[low : high + 1], low)
            better = reached > after[low : high + 1]
            after[low : high + 1][better] = reached[better]
            entered[low : high + 1][better] = origin[better] + low
        self._jumped.append(jumped)
        self._entered.append(entered)
        gains = np.subtract(after, before[entered], out=np.zeros(len(after)), where=np.isfinite(after))
        self._gains.append((gains / len(features)).astype(np.float32))
        self.best = after

    def answer(self) -> list[Placed | None]:
        """Return the best path's words by stretch; sentences at the end may be skipped."""
        self._jumped.append(self._skip())
        place = int(self._jumped[-1][len(self.text.words)])
        answers: list[Placed | None] = []
        for jumped, entered, gains in zip(self._jumped[-2::-1], self._entered[::-1], self._gains[::-1], strict=True):
            first = int(entered[place])
            answers.append(Placed(first, place, float(gains[place])) if first < place else None)
            place = int(jumped[first])
        return answers[::-1]

    def _skip(self) -> np.ndarray:
        """Let paths go on from the end of one sentence to that of a later one; return where every place was reached from."""
        origin = np.arange(len(self.best), dtype=np.int32)
        reached = self.best.copy()
        for number, end in enumerate(self._ends):
            first = int(np.searchsorted(self._ends, end - _AHEAD))
            earlier = self._ends[first:number]
            if not len(earlier):
                continue
            start = earlier[self.best[earlier].argmax()]
            if self.best[start] - _SKIP > reached[end]:
                reached[end], origin[end] = self.best[start] - _SKIP, start
        self.best = reached
        return origin

    def _scores(self, features: np.ndarray) -> np.ndarray:
        """Return every monophone state's log likelihood less the best one's, (frames, units + 1); the last is unknown."""
        rows = np.concatenate([features, features**2, np.ones((len(features), 1))], axis=1, dtype=np.float32)
        scores = rows @ self._weights.T
        scores -= scores.max(axis=1, keepdims=True)
        return np.concatenate([scores, np.full((len(scores), 1), 2.0 * self.reject)], axis=1)

    def _pass(self, scores: np.ndarray, start: np.ndarray, low: int) -> tuple[np.ndarray, np.ndarray]:
        """Return the best ratio of ending after each of the words from ``low`` on, and with which word that path began.

        ``start`` (words + 1,) is what paths have that begin there. Silence may be before every word.
        """
        words = self._units[low : low + len(start) - 1]
        lengths = np.array([max(len(units), 1) for units in words])
        units = np.concatenate([units if len(units) else np.array([scores.shape[1] - 1]) for units in words])
        firsts = np.cumsum(lengths) - lengths
        lasts = firsts + lengths - 1
        silence = scores[:, self._silence].max(axis=1)
        pause = start + silence[0]  # in silence before each word, and after the last
        place = np.full(len(units), -np.inf)
        place[firsts] = start[:-1] + scores[0, units[firsts]]
        pause_from = np.arange(len(start), dtype=np.int32)
        place_from = np.zeros(len(units), dtype=np.int32)
        place_from[firsts] = pause_from[:-1]
        came, came_from = np.empty_like(place), np.empty_like(place_from)
        for frame in range(1, len(scores)):
            came[1:], came_from[1:] = place[:-1], place_from[:-1]
            came[0] = -np.inf
            into = came[firsts]
            rested = pause[:-1] > into
            came[firsts] = np.where(rested, pause[:-1], into)
            came_from[firsts] = np.where(rested, pause_from[:-1], came_from[firsts])
            ended, ended_from = place[lasts], place_from[lasts]
            rests = ended > pause[1:]
            pause[1:][rests], pause_from[1:][rests] = ended[rests], ended_from[rests]
            pause += silence[frame]
            moves = came > place
            np.copyto(place, came, where=moves)
            np.copyto(place_from, came_from, where=moves)
            place += scores[frame, units]
        ended = place[lasts]
        rests = ended > pause[1:]
        pause[1:][rests], pause_from[1:][rests] = ended[rests], place_from[lasts][rests]
        return pause, pause_from
