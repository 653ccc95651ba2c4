"""Sentences of a text put one after the other on one frame grid."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from tts.core.grid import FrameGrid

if TYPE_CHECKING:
    from tts.generation.synthesiser import SpokenSentence


class SentenceJoiner:
    """Puts sentences on one frame grid, one after the other, holding no more than the last one's last frame.

    The vocoder makes ``grid.samples(frames)`` samples of a sentence, one past the centre of its last frame; the next sentence
    begins where its first frame is centred, less than a frame later. After the last one the rest of its frame follows too, so
    that all pieces and the rest, put together, last as long as their frames do and end where labels end.
    """

    def __init__(self, grid: FrameGrid) -> None:
        self.grid = grid
        self.frames = 0
        self.samples = 0  # handed out

    def add(self, spoken: SpokenSentence) -> np.ndarray:
        """Return what follows the pieces so far: the gap before this sentence, then its samples."""
        start = self.grid.centre(self.frames)
        self.frames += spoken.alignment.frames
        signal = spoken.signal[: self.grid.centre(self.frames) - start]
        piece = np.concatenate([np.zeros(start - self.samples, np.float32), signal])
        self.samples += len(piece)
        return piece

    def rest(self) -> np.ndarray:
        """Return what is left of the last sentence's last frame."""
        missing = max(0, self.grid.centre(self.frames) - self.samples)
        self.samples += missing
        return np.zeros(missing, np.float32)
