"""Time warping against exhaustive search and on sequences whose alignment is known."""

from functools import cache

import numpy as np
import pytest

from tts.core.errors import TtsError
from tts.evaluation.dtw import aligned_scores, warp
from tts.evaluation.scores import score_utterance


def cheapest(distances):
    """Cost of the best path by plain recursion from the definition."""

    @cache
    def cost(i, j):
        if i == 0 and j == 0:
            return distances[0, 0]
        before = [(i - 1, j - 1), (i - 1, j), (i, j - 1)]
        return distances[i, j] + min(cost(a, b) for a, b in before if a >= 0 and b >= 0)

    return cost(distances.shape[0] - 1, distances.shape[1] - 1)


def streams(seed, frames=60):
    rng = np.random.default_rng(seed)
    return {
        "mcep": np.cumsum(rng.normal(size=(frames, 8)), axis=0),
        "lf0": np.log(150 + 30 * np.sin(np.arange(frames) / 9 + seed))[:, None],
        "vuv": (np.arange(frames) % 20 < 14).astype(float)[:, None],
        "bap": rng.normal(size=(frames, 3)),
    }


def test_the_path_is_the_cheapest_and_its_steps_are_allowed():
    rng = np.random.default_rng(0)
    a, b = rng.normal(size=(17, 4)), rng.normal(size=(23, 4))
    i, j = warp(a, b)
    distances = np.linalg.norm(a[:, None, 1:] - b[None, :, 1:], axis=2)
    assert distances[i, j].sum() == pytest.approx(cheapest(distances))
    assert (i[0], j[0], i[-1], j[-1]) == (0, 0, 16, 22)
    assert {(int(x), int(y)) for x, y in zip(np.diff(i), np.diff(j), strict=True)} <= {(1, 1), (1, 0), (0, 1)}


def test_speech_slowed_down_by_repeating_frames_is_matched_exactly():
    natural = streams(1)
    repeats = np.random.default_rng(2).integers(1, 4, size=60)
    slow = {name: np.repeat(values, repeats, axis=0) for name, values in natural.items()}
    scores = aligned_scores(natural, slow)
    assert scores["mcd"] == scores["bap"] == scores["f0_rmse"] == scores["vuv_error"] == 0.0
    assert scores.counted("frames") == repeats.sum()


def test_at_equal_lengths_warping_never_raises_the_distortion():
    natural, other = streams(3), streams(4)
    assert aligned_scores(natural, other)["mcd"] <= score_utterance(natural, other, None, 0.005)["mcd"]


def test_silence_is_removed_before_warping():
    natural = streams(5)
    padded = {name: np.concatenate([np.zeros_like(values[:15]), values]) for name, values in natural.items()}
    assert aligned_scores(natural, padded, None, np.arange(75) >= 15)["mcd"] == 0.0
    with pytest.raises(TtsError, match="at least one frame"):
        aligned_scores(natural, natural, np.zeros(60, bool))
