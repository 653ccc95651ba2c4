"""Energy of a phone (regression, a value a phone): the mean of its log energy, mel-cepstral coefficient 0."""

from __future__ import annotations

import numpy as np

from tts.core.stream import Stream
from tts.tasks.base import TimedFamily, TimedUtterance


def label(spoken: TimedUtterance) -> np.ndarray:
    """Return the mean of c0 over the frames of every segment, float32 (segments, 1)."""
    totals = spoken.durations.sum(axis=1, dtype=np.int64)
    level = spoken.streams["mcep"][:, 0].astype(np.float64)
    return np.asarray(np.bincount(spoken.segment_of_frame, level) / totals, dtype=np.float32)[:, None]


FAMILY = TimedFamily(label, lambda name, options: Stream(name, 1), unit="nepers", by_segment=True)
