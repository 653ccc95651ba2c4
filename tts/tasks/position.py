"""Position (regression): how much of the phone has passed, from 0 to 1, in the middle of the frame.

The acoustic networks are given this among their inputs, so they learn it within a few steps: a target that costs next to
nothing and shows whether a trunk keeps time. It is known only when the durations are.
"""

from __future__ import annotations

import numpy as np

from tts.core.stream import Stream
from tts.tasks.base import TimedFamily, TimedUtterance


def label(spoken: TimedUtterance) -> np.ndarray:
    """Return ``(i + 1/2) / n`` for frame i of a phone of n frames, float32 (frames, 1)."""
    totals = spoken.durations.sum(axis=1, dtype=np.int64)
    segment = spoken.segment_of_frame
    passed = np.arange(len(segment)) - (np.cumsum(totals) - totals)[segment]
    return np.asarray((passed + 0.5) / totals[segment], dtype=np.float32)[:, None]


FAMILY = TimedFamily(label, lambda name, options: Stream(name, 1), unit="share of the phone")
