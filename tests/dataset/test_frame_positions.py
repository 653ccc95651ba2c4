from __future__ import annotations

import itertools

import numpy as np
import torch

from tts.dataset.frame_positions import FramePositions
from tts.dataset.positions import frame_positions


def test_features_of_any_frames_are_those_of_whole_utterances_to_the_bit() -> None:
    """Long and short states, states of no frames, utterances of one phone, frames in any order."""
    generator = np.random.default_rng(1)
    for states in (1, 5):
        starts = np.array([0, 1, 40, 42, 300])
        durations = generator.integers(1, 60, (300, states))
        if states > 1:
            durations[generator.random(durations.shape) < 0.1] = 0
            durations[:, 2] += durations.sum(axis=1) == 0
        durations[7] = 4000
        expected = np.concatenate([frame_positions(durations[a:b]) for a, b in itertools.pairwise(starts)])
        made = FramePositions(durations, starts)
        assert made.shape == expected.shape
        np.testing.assert_array_equal(made.array(), expected)
        order = torch.from_numpy(generator.permutation(len(expected)))
        segments = torch.from_numpy(np.repeat(np.arange(300), durations.sum(axis=1)))[order]
        np.testing.assert_array_equal(
            made.rows(order.view(-1, 1), segments).numpy().view(np.uint32), expected[order].view(np.uint32)
        )
        assert made.nbytes == 300 * 4 * (states + 3)
