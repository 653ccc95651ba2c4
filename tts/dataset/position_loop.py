"""The loop that makes position features of frames (:mod:`tts.dataset.frame_positions`), compiled."""

from __future__ import annotations

from typing import Any

from tts.core.kernels import compiled_exactly

Array = Any  # np.ndarray; arithmetic on its elements is Numba's


@compiled_exactly
def fill(frames: Array, segments: Array, facts: Array, logarithms: Array, out: Array) -> None:
    """Write into ``out`` the features of frames of segments; ``facts`` are those of ``FramePositions``."""
    states = facts.shape[1] - 3
    for row in range(frames.size):
        segment = segments[row]
        place = frames[row] - facts[segment, 0]
        state = 0
        while place >= facts[segment, 3 + state]:
            state += 1
        start = facts[segment, 2 + state] if state else 0
        length, total = facts[segment, 3 + state] - start, facts[segment, 2 + states]
        out[row, :states] = 0.0
        out[row, state] = 1.0
        out[row, states] = (place - start + 0.5) / length
        out[row, states + 1] = (place + 0.5) / total
        out[row, states + 2] = length / total
        out[row, states + 3] = logarithms[length]
        out[row, states + 4] = logarithms[total]
        out[row, states + 5] = logarithms[place]
        out[row, states + 6] = logarithms[total - 1 - place]
        out[row, states + 7] = logarithms[facts[segment, 1]]
        out[row, states + 8] = logarithms[facts[segment, 2]]
