"""Long silences are taken out of what the aligner reads, and put back into what it answers.

Features come with a last column that is 1 in the middle of a long silence (:func:`tts.analysis.mfcc.aligner_features`). What
is left of such a silence is a short one, like those that the models know.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from tts.alignment.types import Alignment
from tts.core.lazy import LazySequence


def shorten(features: np.ndarray) -> np.ndarray:
    """Return ``features`` (frames, columns + 1) without the frames that their last column marks: (fewer frames, columns)."""
    return features[features[:, -1] < 0.5, :-1]


def lengthen(alignment: Alignment, features: np.ndarray) -> Alignment:
    """Return an alignment of ``shorten(features)`` with the frames that were taken out: it sums to ``len(features)``.

    A frame that was taken out belongs to the state of the frame before it, or of the first where there is none before.
    """
    read = features[:, -1] < 0.5
    flat = alignment.durations.ravel()
    state_of = np.repeat(np.arange(len(flat)), flat)
    nearest = np.maximum(np.cumsum(read) - 1, 0)  # frame of the shortened recording
    durations = np.bincount(state_of[nearest], minlength=len(flat)).reshape(alignment.durations.shape)
    return Alignment(alignment.phones, durations, alignment.score, alignment.match)


class ShortenedFeatures(LazySequence[np.ndarray]):
    """The shortened features of many recordings, each read by ``read(number)`` when it is asked for and not kept."""

    def __init__(self, count: int, read: Callable[[int], np.ndarray]) -> None:
        super().__init__(count, lambda number: shorten(read(number)))
