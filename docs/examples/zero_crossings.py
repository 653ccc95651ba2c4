"""Zero crossings (regression): how often the signal changes its sign, in thousands a second; high in fricatives."""

import numpy as np

from tts.core.grid import FrameGrid
from tts.tasks.base import AudioFamily


def zero_crossings(signal: np.ndarray, grid: FrameGrid, *, window: float = 0.025) -> np.ndarray:
    """Return thousands of sign changes a second within ``window`` seconds around each frame, float32 (frames, 1)."""
    changes = np.concatenate([[0], np.cumsum(np.diff(signal >= 0.0))])
    half = round(0.5 * window * grid.sample_rate)
    centres = grid.centres(grid.frames(len(signal)))
    start, end = (np.clip(centres + shift, 0, len(signal) - 1) for shift in (-half, half))
    rate = (changes[end] - changes[start]) / np.maximum(end - start, 1) * grid.sample_rate / 1000.0
    return rate.astype(np.float32)[:, None]


FAMILY = AudioFamily(zero_crossings, lambda options: 1, {"window": 0.025}, unit="1000 a second")
