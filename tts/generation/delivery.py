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
_FADE = 8  # frames at either end of an exact pause in which what the voice makes of the pause falls silent, and rises again


@dataclass(frozen=True)
class End:
    """The silence at one end of a sentence: its own frames of what it shares with its neighbour, and whether they are exact."""

    frames: float
    exact: bool = False


@dataclass(frozen=True)
class Mark:
    """A named place: where the word numbered ``word`` starts, or the sentence's last word ends where there is no such word.

    With ``offset`` it is so many frames into the silence before that word, at the beginning of which the word before ends.
    """

    name: str
    word: int
    offset: int | None = None


@dataclass(frozen=True)
class Part:
    """A sentence to speak.

    ``ends`` are the silences before and after it, None for the voice's usual; ``deliveries`` how each of its words is spoken,
    empty where all are as the voice has them; ``pauses`` exact frames of silence by the number of the word before; ``marks``
    are in the order of the text.
    """

    sentence: Sentence
    ends: tuple[End | None, End | None] = (None, None)
    speaker: str = ""
    deliveries: tuple[Delivery, ...] = ()
    pauses: Mapping[int, int] = field(default_factory=dict)
    marks: tuple[Mark, ...] = ()

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
        """Return the amplitude of every frame, 0 in exact pauses; None where all are as the voice has them.

        What a word ends in, and what the next one begins with, reaches some frames into a pause: the sound falls and rises over
        these, of a short pause over a third of it at either end.
        """
        exact = self._exact()
        if not self.deliveries and not exact:
            return None
        own = np.ones(len(durations))
        if self.deliveries:
            own = self._by_segment([math.pow(10.0, delivery.volume / 20.0) for delivery in self.deliveries])
        lengths = durations.sum(axis=1)
        gain = _smoothed(np.repeat(own, lengths))
        ends = np.cumsum(lengths)
        for row in exact:
            level = _pause_level(int(lengths[row]), speech_before=row > 0, speech_after=row + 1 < len(lengths))
            gain[ends[row] - lengths[row] : ends[row]] *= level
        return np.asarray(gain, np.float32)

    def mark_frames(self, durations: np.ndarray) -> tuple[tuple[str, int], ...]:
        """Return the marks and the frames at which they are reached."""
        if not self.marks:
            return ()
        starts: dict[int, int] = {}
        ends = {-1: 0}  # before the first word there is only silence
        frame = 0
        for segment, frames in zip(self.sentence.segments, durations.sum(axis=1), strict=True):
            if not segment.silent:
                starts.setdefault(segment.word, frame)
            frame += int(frames)
            if not segment.silent:
                ends[segment.word] = frame
        reached = []
        for mark in self.marks:
            at_word = mark.offset is None and mark.word in starts
            reached.append((mark.name, starts[mark.word] if at_word else ends[mark.word - 1] + (mark.offset or 0)))
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


def _pause_level(frames: int, *, speech_before: bool, speech_after: bool) -> np.ndarray:
    """Return the amplitude of the frames of an exact pause, which is 0 but for what fades beside speech."""
    fade = min(_FADE, frames // 3)
    falling = np.cos(np.arange(1, fade + 1) * (np.pi / 2.0 / (fade + 1))) ** 2
    level = np.zeros(frames)
    if speech_before:
        level[:fade] = falling
    if speech_after:
        level[frames - fade :] = falling[::-1]
    return level


def _smoothed(values: np.ndarray) -> np.ndarray:
    """Return values a frame as means over their neighbours, so that nothing jumps."""
    if len(values) < 2 or (values == values[0]).all():
        return values.astype(np.float64)
    padded = np.pad(values.astype(np.float64), _SMOOTH // 2, mode="edge")
    return np.convolve(padded, np.full(_SMOOTH, 1.0 / _SMOOTH), mode="valid")
