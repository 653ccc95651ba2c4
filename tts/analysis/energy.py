"""Energy: the level of each frame in decibels."""

from __future__ import annotations

import numpy as np

from tts.analysis.framing import decibels, hann, map_frames, odd_length
from tts.core.grid import FrameGrid


def energy(signal: np.ndarray, grid: FrameGrid, *, window: float = 0.025) -> np.ndarray:
    """Return the mean power of each frame in dB of full scale, float32 of shape (frames, 1), at least -100.

    ``signal`` is mono in -1..1; ``window`` is the length of the Hann window in seconds. A sine of amplitude 1 reads -3 dB.
    """
    shape = hann(odd_length(grid, window))
    power = map_frames(signal, grid, np.sqrt(shape), lambda frames: np.einsum("ti,ti->t", frames, frames))
    return decibels(power / shape.sum())[:, None]
