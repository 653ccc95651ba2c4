"""How the words of a sentence are spoken: rates, pitch and volume of each, and pauses of exactly the length asked for."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from tts.core.errors import UsageError
from tts.generation.durations import MAX_SPEED, MIN_SPEED, stretch_pauses, whole_durations
from tts.generation.requests import MAX_PITCH
from tts.text.sentence import PAUSE, Sentence
from tts.text.ssml_values import PLAIN, Delivery

_SMOOTH = 9  # frames over which volume and pitch go from one word's to the next one's


@dataclass(frozen=True)
class End:
    """The silence at one end of a sentence: its own frames of what it shares with its neighbour, and whether they are exact."""

    frames: float
    exact: bool = False


@dataclass(frozen=True)
class Part:
    """A sentence to speak.

    ``ends`` are the silences before and after it, None for the voice's usual; ``deliveries`` how each of its words is spoken,
    empty where all are as the voice has them; ``pauses`` exact frames of silence by the number of the word before; ``marks``
    names and the number of the word that they stand before, or, ``True``, the silence before that word.
    """

    sentence: Sentence
    ends: tuple[End | None, End | None] = (None, None)
    speaker: str = ""
    deliveries: tuple[Delivery, ...] = ()
    pauses: Mapping[int, int] = field(default_factory=dict)
    marks: tuple[tuple[str, int, bool], ...] = ()

    def check(self, speed: float, pitch: float) -> None:
        """Raise :class:`UsageError` if words are to be faster, slower, higher or lower than any voice can speak."""
        for word, delivery in zip(self.sentence.words, self.deliveries, strict=False):
            if not MIN_SPEED <= speed * delivery.rate <= MAX_SPEED:
                speeds = f"{speed * delivery.rate:g} times the usual speed; expected {MIN_SPEED:g} to {MAX_SPEED:g} in all"
                raise UsageError(f"{word.text!r}: {speeds}")
            if abs(pitch + delivery.pitch) > MAX_PITCH:
                raise UsageError(f"{word.text!r}: {pitch + delivery.pitch:+g} semitones; expected at most {MAX_PITCH:g} in all")

    def durations(self, predicted: np.ndarray, pause_scale: float, speed: float) -> np.ndarray:
        """Return whole frames (segments, states) from predicted ones at a ``speed``, exact pauses untouched by it."""
        first, last = (None if end is None else end.frames for end in self.ends)
        stretched = stretch_pauses(predicted, self.sentence, scale=pause_scale, first=first, last=last)
        if self.deliveries:
            stretched = stretched / self._by_segment([delivery.rate for delivery in self.deliveries])[:, None]
        whole = whole_durations(stretched, speed)
        for row, frames in self._exact().items():
            whole[row] = _spread(frames, whole.shape[1])
        return whole

    def pitch(self, durations: np.ndarray, shift: float) -> float | np.ndarray:
        """Return the shift in semitones of every frame, ``shift`` for all where no word has its own."""
        if not self.deliveries:
            return shift
        own = self._by_segment([delivery.pitch for delivery in self.deliveries])
        return np.asarray(shift + _smoothed(np.repeat(own, durations.sum(axis=1))), np.float32)

    def gain(self, durations: np.ndarray) -> np.ndarray | None:
        """Return the amplitude of every frame, 0 in exact pauses; None where all are as the voice has them."""
        exact = self._exact()
        if not self.deliveries and not exact:
            return None
        own = np.ones(len(durations))
        if self.deliveries:
            own = self._by_segment([math.pow(10.0, delivery.volume / 20.0) for delivery in self.deliveries])
        gain = _smoothed(np.repeat(own, durations.sum(axis=1)))
        silent = np.zeros(len(durations), bool)
        silent[list(exact)] = True
        gain[np.repeat(silent, durations.sum(axis=1))] = 0.0
        return np.asarray(gain, np.float32)

    def mark_frames(self, durations: np.ndarray) -> tuple[tuple[str, int], ...]:
        """Return the marks and the frames at which they are reached."""
        ends = np.cumsum(durations.sum(axis=1))
        starts = ends - durations.sum(axis=1)
        words = np.array([segment.word for segment in self.sentence.segments])
        reached = []
        for name, word, before_silence in self.marks:
            rows = np.flatnonzero(words == (word - 1 if before_silence or word == len(self.sentence.words) else word))
            frame = 0 if not len(rows) else ends[rows[-1]] if words[rows[-1]] < word else starts[rows[0]]
            reached.append((name, int(frame)))
        return tuple(reached)

    def _by_segment(self, values: list[float]) -> np.ndarray:
        """Return a value a segment from one a word; silences have that of the word before, the first that of the first word."""
        numbers, word = [], 0
        for segment in self.sentence.segments:
            word = word if segment.silent else segment.word
            numbers.append(word)
        return np.array(values)[numbers]

    def _exact(self) -> dict[int, int]:
        """Return the frames of the segments that are exact pauses."""
        segments = self.sentence.segments
        rows = {}
        for row, segment in enumerate(segments):
            if segment.phone == PAUSE and segments[row - 1].word in self.pauses:
                rows[row] = self.pauses[segments[row - 1].word]
        for row, end in ((0, self.ends[0]), (len(segments) - 1, self.ends[1])):
            if end is not None and end.exact:
                rows[row] = round(end.frames)
        return rows


def plain(deliveries: list[Delivery]) -> bool:
    """Whether all words are spoken as the voice has them."""
    return all(delivery == PLAIN for delivery in deliveries)


def _spread(frames: int, states: int) -> np.ndarray:
    """Return frames divided among states, at least one each."""
    frames = max(frames, states)
    return np.diff(np.arange(states + 1) * frames // states).astype(np.int32)


def _smoothed(values: np.ndarray) -> np.ndarray:
    """Return values a frame as means over their neighbours, so that nothing jumps."""
    if len(values) < 2 or (values == values[0]).all():
        return values.astype(np.float64)
    padded = np.pad(values.astype(np.float64), _SMOOTH // 2, mode="edge")
    return np.convolve(padded, np.full(_SMOOTH, 1.0 / _SMOOTH), mode="valid")
