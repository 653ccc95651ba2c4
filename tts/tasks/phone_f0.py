"""F0 of a phone (regression, a value a phone): its mean, and how it moves.

Log F0 runs through unvoiced frames, so every phone has both; where enough of it is voiced, they are of its voiced frames alone.
Of silences they mean nothing, and are not learnt.
"""

from __future__ import annotations

import numpy as np

from tts.core.stream import Stream
from tts.tasks.base import TimedFamily, TimedUtterance

ENOUGH = 5  # voiced frames, below which all are looked at
STEEPEST = 60.0  # semitones a second, beyond which a slope is cut: octave errors and creak
SEMITONES = 12.0 / np.log(2.0)  # in a log F0 of 1


def label(spoken: TimedUtterance) -> np.ndarray:
    """Return every segment's mean of log F0 and its slope (least squares) in 60 semitones a second, float32 (segments, 2)."""
    totals = spoken.durations.sum(axis=1, dtype=np.int64)
    segment = spoken.segment_of_frame
    voiced = spoken.streams["vuv"][:, 0] > 0.5
    enough = np.bincount(segment[voiced], minlength=len(totals)) >= ENOUGH
    weight = np.where(enough[segment], voiced, True).astype(np.float64)
    lf0 = spoken.streams["lf0"][:, 0].astype(np.float64)

    def sums(values: np.ndarray) -> np.ndarray:
        return np.bincount(segment, weight * values, minlength=len(totals))

    count = sums(np.ones(len(lf0)))
    mean = sums(lf0) / count
    time = np.arange(len(lf0)) * spoken.grid.shift
    time = time - (sums(time) / count)[segment]
    spread = sums(time**2)
    slope = SEMITONES * sums(time * (lf0 - mean[segment])) / np.maximum(spread, 1e-9)
    return np.stack([mean, np.clip(slope, -STEEPEST, STEEPEST) / STEEPEST], axis=1).astype(np.float32)


FAMILY = TimedFamily(
    label,
    lambda name, options: Stream(name, 2),
    labels=lambda inventory, options: ("mean, log Hz", "slope, 60 semitones a second"),
    by_segment=True,
)
