"""F0 contour class (classification): whether F0 falls, stays level or rises, or is not there.

The slope of log F0 is that of the straight line through the voiced frames around a frame (least squares), so it is smooth
where F0 jitters; stretches of voicing are looked at one by one. ``threshold`` is in semitones a second. Its default of 16 is
the glissando threshold 0.16 / T^2 of 't Hart (1976) for movements of T = 0.1 s, the default ``window``: slower ones are not
heard as movements.
"""

from __future__ import annotations

import numpy as np
import scipy.ndimage

from tts.core.errors import UsageError
from tts.core.stream import Stream
from tts.tasks.base import TimedFamily, TimedUtterance

CLASSES = ("unvoiced", "falling", "level", "rising")
SEMITONES = 12.0 / np.log(2.0)  # in a log F0 of 1


def label(spoken: TimedUtterance, *, threshold: float = 16.0, window: float = 0.1) -> np.ndarray:
    """Return the index in :data:`CLASSES` of every frame, float32 (frames, 1).

    ``threshold`` (semitones a second) and ``window`` (seconds) must be above 0, else :class:`UsageError`.
    """
    if threshold <= 0.0 or window <= 0.0:
        raise UsageError(f"tasks.f0_class: threshold {threshold:g} and window {window:g} must be above 0")
    voiced = spoken.streams["vuv"][:, 0] > 0.5
    pitch = SEMITONES * spoken.streams["lf0"][:, 0].astype(np.float64)
    reach = max(1, round(0.5 * window / spoken.grid.shift))
    labels = np.zeros((len(voiced), 1), dtype=np.float32)
    edges = np.flatnonzero(np.diff(np.concatenate([[False], voiced, [False]]).astype(np.int8)))
    for start, end in edges.reshape(-1, 2):
        slope = slopes(pitch[start:end], reach) / spoken.grid.shift
        labels[start:end, 0] = 2 + (slope > threshold).astype(np.int8) - (slope < -threshold)
    return labels


def slopes(values: np.ndarray, reach: int) -> np.ndarray:
    """Return the slope a step of the least-squares line through up to ``reach`` values either side of each of (steps,).

    A single value has slope 0.
    """
    steps = np.arange(len(values), dtype=np.float64)
    steps, values = steps - steps.mean(), values - values.mean()

    def around(x: np.ndarray) -> np.ndarray:
        return np.asarray(scipy.ndimage.convolve1d(x, np.ones(2 * reach + 1), mode="constant"))

    count, mean = around(np.ones(len(values))), around(steps)
    spread = count * around(steps**2) - mean**2
    along = count * around(steps * values) - mean * around(values)
    return np.where(spread > 1e-9, along / np.maximum(spread, 1e-9), 0.0)


FAMILY = TimedFamily(
    label,
    lambda name, options: Stream(name, 1, kind="class", classes=len(CLASSES)),
    {"threshold": 16.0, "window": 0.1},
    labels=lambda inventory, options: CLASSES,
)
