"""Noise (regression on random numbers): the control that no auxiliary task should lose against.

A system that gains as much from noise as from a real task gained from regularisation, not from what the task knows.
"""

from __future__ import annotations

import hashlib

import numpy as np

from tts.core.grid import FrameGrid
from tts.tasks.base import AudioFamily


def noise(signal: np.ndarray, grid: FrameGrid, *, dimension: int = 40, seed: int = 0) -> np.ndarray:
    """Return standard normal numbers, float32 (frames, dimension), the same whenever recording and ``seed`` are the same."""
    digest = hashlib.sha256(np.ascontiguousarray(signal, dtype=np.float64).tobytes() + str(seed).encode()).digest()
    generator = np.random.default_rng(np.frombuffer(digest, dtype=np.uint32))
    return generator.standard_normal((grid.frames(len(signal)), dimension), dtype=np.float32)


FAMILY = AudioFamily(noise, lambda options: int(options["dimension"]), {"dimension": 40, "seed": 0})
