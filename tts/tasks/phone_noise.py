"""Noise of a phone (regression, random numbers a phone): the control of what is measured a phone.

Networks that read ``phone_f0`` and ``phone_energy`` of the duration model have more inputs, and a duration model that learns
more; what they gain from noise in place of these is not what the phones' prosody tells.
"""

from __future__ import annotations

import hashlib

import numpy as np

from tts.core.stream import Stream
from tts.tasks.base import TimedFamily, TimedUtterance


def label(spoken: TimedUtterance, *, dimension: int = 3, seed: int = 0) -> np.ndarray:
    """Return standard normal numbers, float32 (segments, dimension), the same whenever recording and ``seed`` are the same."""
    level = np.ascontiguousarray(spoken.streams["mcep"][:, 0], dtype=np.float64)
    digest = hashlib.sha256(level.tobytes() + str(seed).encode()).digest()
    generator = np.random.default_rng(np.frombuffer(digest, dtype=np.uint32))
    return generator.standard_normal((len(spoken.durations), dimension), dtype=np.float32)


FAMILY = TimedFamily(
    label,
    lambda name, options: Stream(name, int(options["dimension"])),
    {"dimension": 3, "seed": 0},
    by_segment=True,
)
