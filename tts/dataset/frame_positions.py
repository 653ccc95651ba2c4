"""Position features of the frames of a whole split, made when a batch wants them: two bytes a frame are held, not 56.

They are those of :func:`tts.dataset.positions.frame_positions`, to the bit.
"""

from __future__ import annotations

from functools import cached_property

import numpy as np
import torch
from torch import Tensor

from tts.core.errors import TtsError
from tts.dataset.positions import LOG_FRAMES, frame_positions, position_width


class FramePositions:
    """Position features (frames, :func:`position_width`) of utterances, one after the other.

    ``durations`` (segments, states) are frames a state, ``starts`` (utterances + 1,) the utterances' first segments. Raises
    :class:`TtsError` for more than 2^31 frames.
    """

    def __init__(self, durations: np.ndarray, starts: np.ndarray) -> None:
        self._durations, self._starts = durations, starts
        ends = np.cumsum(durations, axis=1, dtype=np.int32)
        totals = ends[:, -1]
        first = np.cumsum(totals, dtype=np.int64) - totals
        if len(totals) and first[-1] + totals[-1] > np.iinfo(np.int32).max:
            raise TtsError(f"{int(first[-1] + totals[-1])} frames in one split are more than a table can number (2^31)")
        before, after = np.roll(totals, 1), np.roll(totals, -1)
        before[starts[:-1]] = after[starts[1:] - 1] = 0
        self._facts = np.column_stack([first, before, after, ends]).astype(np.int32)
        self.shape = (int(totals.sum()), position_width(durations.shape[1]))

    @property
    def nbytes(self) -> int:
        """Bytes that are held."""
        return int(self._facts.nbytes)

    @cached_property
    def _logarithms(self) -> np.ndarray:
        """The column of logarithms for every number of frames that there is."""
        longest = int(self._facts[:, -1].max(initial=0))
        return (np.log1p(np.arange(longest + 1)) / LOG_FRAMES).astype(np.float32)

    def array(self) -> np.ndarray:
        """Return the features of all frames, float32."""
        pairs = zip(self._starts, self._starts[1:], strict=False)
        return np.concatenate([frame_positions(self._durations[start:end]) for start, end in pairs])

    def rows(self, frames: Tensor, segments: Tensor) -> Tensor:
        """Return the features of ``frames``, which are of ``segments``, int64 tensors of the CPU: float32 (n, width)."""
        from tts.dataset.position_loop import fill  # Numba takes long to import, and not all who open a corpus train on it

        out = np.empty((frames.numel(), self.shape[1]), np.float32)
        fill(frames.flatten().numpy(), segments.flatten().numpy(), self._facts, self._logarithms, out)
        return torch.from_numpy(out)
