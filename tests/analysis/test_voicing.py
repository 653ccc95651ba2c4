import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from synthetic_voice import glide, harmonics, noise

from tts.analysis.f0 import TRACKERS
from tts.analysis.voicing import pitch, two_state_path, without_short_runs
from tts.core.grid import FrameGrid


def speech(rate: int, low: float, high: float) -> tuple[np.ndarray, np.ndarray]:
    """Silence, voice, friction, voice, friction, silence of 0.2 s each, and which samples are voiced."""
    n = round(0.2 * rate)
    friction = np.diff(noise(0.2, rate, 0.05), prepend=0.0)  # weak in the low band, as [s] is
    parts = [
        np.zeros(n),
        harmonics(glide(low, high, 0.2, rate), rate),
        friction,
        harmonics(glide(high, low, 0.2, rate), rate),
        friction,
        np.zeros(n),
    ]
    signal = np.concatenate(parts) + noise(1.2, rate, 1e-4, seed=5)
    return signal, np.repeat([False, True, False, True, False, False], n)


@pytest.mark.parametrize("rate", [16000, 22050, 24000, 44100, 48000])
@pytest.mark.parametrize(("low", "high"), [(80.0, 130.0), (160.0, 300.0)])
def test_voice_and_friction_are_told_apart(rate, low, high):
    grid = FrameGrid(rate)
    signal, truth = speech(rate, low, high)
    found = pitch(signal, grid, max(50, 0.6 * low), 2 * high) > 0
    expected = truth[np.minimum(grid.centres(len(found)), len(truth) - 1)]
    wrong = np.flatnonzero(found != expected)
    edges = np.flatnonzero(np.diff(expected))
    assert all(np.abs(edges - frame).min() <= 5 for frame in wrong)  # 25 ms around a change is anyone's


@pytest.mark.parametrize("tracker", TRACKERS)
def test_loud_white_noise_is_unvoiced_whatever_the_tracker_says(tracker):
    grid = FrameGrid(16000)
    signal = np.concatenate([harmonics(np.full(8000, 120.0), 16000), noise(0.5, 16000, 0.1)])
    found = pitch(signal, grid, 70, 300, tracker) > 0
    assert found[5:95].mean() > 0.95
    assert found[107:].mean() < 0.05


@pytest.mark.parametrize("tracker", ["dio", "harvest"])
def test_the_decision_is_the_same_for_every_tracker(tracker):
    grid = FrameGrid(24000)
    signal, _ = speech(24000, 110, 180)
    found, expected = pitch(signal, grid, 70, 400, tracker), pitch(signal, grid, 70, 400)
    np.testing.assert_array_equal(found > 0, expected > 0)
    off = np.abs(found[found > 0] / expected[found > 0] - 1)
    assert np.quantile(off, 0.9) < 0.02


def test_a_hole_in_the_tracker_is_filled_where_the_voice_goes_on(monkeypatch):
    grid = FrameGrid(16000)
    hole = np.full(grid.frames(16000), 140.0)
    hole[80:110] = 0
    monkeypatch.setitem(TRACKERS, "hole", lambda *_: hole)
    np.testing.assert_allclose(pitch(harmonics(np.full(16000, 140.0), 16000), grid, 80, 300, "hole")[5:-5], 140.0)


@pytest.mark.parametrize("samples", [1, 30, 500, 8000])
def test_silence_and_scraps(samples):
    grid = FrameGrid(16000)
    assert not pitch(np.zeros(samples), grid, 70, 400).any()
    assert len(pitch(noise(samples / 16000, 16000), grid, 70, 400)) == grid.frames(samples)


def test_loudness_does_not_matter():
    grid = FrameGrid(24000)
    signal, _ = speech(24000, 120, 200)
    np.testing.assert_array_equal(pitch(signal, grid, 70, 400) > 0, pitch(0.01 * signal, grid, 70, 400) > 0)


@given(st.lists(st.floats(-2, 2), min_size=1, max_size=9), st.floats(0, 4))
def test_two_state_path_is_the_best_of_all_paths(evidence, switch):
    values = np.array(evidence)

    def score(path):
        signs = np.where(path, 0.5, -0.5)
        return (signs * values).sum() - switch * np.count_nonzero(np.diff(path))

    best = max(score(np.array(path)) for path in itertools.product([False, True], repeat=len(values)))
    assert score(two_state_path(values, switch)) == pytest.approx(best)


@given(st.lists(st.booleans(), min_size=1, max_size=40), st.booleans(), st.integers(1, 6))
def test_no_short_run_is_left_inside(values, value, shortest):
    result = without_short_runs(np.array(values), value, shortest)
    runs = [(key, len(list(group))) for key, group in itertools.groupby(result.tolist())]
    assert all(length >= shortest for key, length in runs[1:-1] if key == value)
    changed = result != np.array(values)
    assert (np.array(values)[changed] == value).all()
