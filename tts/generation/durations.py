"""Predicted state durations made whole: speaking rate, pauses, and rounding that keeps the totals."""

from __future__ import annotations

import numpy as np

from tts.core.errors import TtsError
from tts.text.sentence import PAUSE, SILENCE, Sentence

MIN_SPEED, MAX_SPEED = 0.25, 4.0
MOST_PAUSES = 1 / 6  # of the frames of phones: more than recordings have, so that only pauses asked for are cut down


def whole_durations(predicted: np.ndarray, speed: float = 1.0) -> np.ndarray:
    """Return whole frames a state, int32 (segments, states), every entry at least 1, ``speed`` times as fast as predicted.

    ``predicted`` (segments, states) holds frames, finite; ``speed`` lies in 0.25..4, above 1 is faster. The total is that of
    ``predicted / speed`` to within half a frame, unless there are more states than that: states that would fall below one
    frame get one, and the others give it up in proportion. The end of every state is rounded rather than its length, so no
    boundary moves by more than half a frame.
    """
    if not MIN_SPEED <= speed <= MAX_SPEED:
        raise TtsError(f"speed {speed:g} is outside {MIN_SPEED:g}..{MAX_SPEED:g}; 1 is the voice's own, 2 twice as fast")
    if predicted.size == 0 or not np.isfinite(predicted).all():
        raise TtsError("the duration model predicted no finite durations; the voice is damaged or its training diverged")
    wanted = np.maximum(predicted.ravel().astype(np.float64), 0.0) / speed
    extra = _at_least_one(wanted, wanted.sum()) - 1.0
    ends = np.floor(np.cumsum(extra) + 0.5)  # of what every state has beyond its one frame: never decreasing
    return (1 + np.diff(ends, prepend=0.0)).astype(np.int32).reshape(predicted.shape)


def _at_least_one(x: np.ndarray, total: float) -> np.ndarray:
    """Return ``max(1, s * x)`` with the ``s`` <= 1 that makes the sum ``total``; all ones where ``total`` is too little."""
    if total <= len(x):
        return np.ones_like(x)
    small = x < 1.0
    while True:
        scale = (total - small.sum()) / x[~small].sum()
        grown = small | (scale * x < 1.0)
        if (grown == small).all():
            return np.where(small, 1.0, scale * x)
        small = grown


def stretch_pauses(
    predicted: np.ndarray, sentence: Sentence, *, scale: float = 1.0, first: float | None = None, last: float | None = None
) -> np.ndarray:
    """Return ``predicted`` (segments, states) with pauses between words ``scale`` times as long.

    ``first`` and ``last``, where given, are the frames that the leading and the final silence shall last instead of what was
    predicted.
    """
    result = predicted.astype(np.float64)
    result[np.array(sentence.phones) == PAUSE] *= scale
    for row, frames in ((0, first), (-1, last)):
        if frames is not None:
            result[row] *= frames / max(result[row].sum(), 1e-9)
    return result


def speech_frames(sentence: Sentence, durations: np.ndarray) -> np.ndarray:
    """Return which frames count as speech, bool (frames,), for whole ``durations`` (segments, states).

    The first and the last marked frame are those of the first and the last phone. Pauses between them count as they do in
    recordings, whose means and variances are within phones and pauses; but where pauses are longer than a sixth of the phones,
    since a break of a second was asked for, each counts in its first part alone: else the mean of the sentence would be that of
    silence, and what scales deviations from it would make the words roar.
    """
    phones, frames = np.array(sentence.phones), durations.sum(axis=1)
    pauses = np.where(phones == PAUSE, frames, 0)
    most = int(MOST_PAUSES * frames[(phones != PAUSE) & (phones != SILENCE)].sum())
    if pauses.sum() > most:
        pauses = pauses * most // pauses.sum()
    counted = np.where(phones == SILENCE, 0, np.where(phones == PAUSE, pauses, frames))
    return np.repeat(np.tile([True, False], len(frames)), np.stack([counted, frames - counted], axis=1).ravel())
