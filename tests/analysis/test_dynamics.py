import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tts.analysis.dynamics import interpolate_f0, interpolate_lf0, with_dynamics

WINDOWS = ((0.0, 1.0, 0.0), (-0.5, 0.0, 0.5), (1.0, -2.0, 1.0))  # static, delta, acceleration (HTS)


@given(st.integers(1, 30), st.integers(1, 4), st.integers(0, 99))
def test_equals_the_windows_as_correlations(frames, dimension, seed):
    x = np.random.default_rng(seed).normal(size=(frames, dimension))
    padded = np.pad(x, ((1, 1), (0, 0)), mode="edge")
    expected = [np.stack([np.correlate(column, window, "valid") for column in padded.T], 1) for window in WINDOWS]
    np.testing.assert_allclose(with_dynamics(x), np.concatenate(expected, 1), atol=1e-12)


def test_slope_and_curvature_of_a_parabola():
    t = np.arange(10.0)
    static, delta, acceleration = with_dynamics((3 * t**2)[:, None]).T
    np.testing.assert_allclose(static, 3 * t**2)
    np.testing.assert_allclose(delta[1:-1], 6 * t[1:-1])
    np.testing.assert_allclose(acceleration[1:-1], 6)


def test_gaps_are_filled_in_log_f0_and_ends_held():
    f0 = np.array([0, 100, 0, 400, 0, 0.0])
    np.testing.assert_allclose(interpolate_f0(f0), [100, 100, 200, 400, 400, 400])
    np.testing.assert_allclose(interpolate_lf0(f0, unvoiced=50), np.log([100, 100, 200, 400, 400, 400]))


def test_nothing_voiced():
    np.testing.assert_array_equal(interpolate_f0(np.zeros(3)), np.zeros(3))
    np.testing.assert_allclose(interpolate_lf0(np.zeros(3), unvoiced=150), np.log(150))


@given(st.lists(st.one_of(st.just(0.0), st.floats(50, 800)), min_size=1, max_size=40))
def test_voiced_frames_are_kept_and_the_range_is_not_left(values):
    f0 = np.array(values)
    filled = interpolate_f0(f0)
    known = f0 > 0
    np.testing.assert_allclose(filled[known], f0[known])
    if known.any():
        assert filled.min() >= f0[known].min() * (1 - 1e-12)
        assert filled.max() <= f0[known].max() * (1 + 1e-12)


@pytest.mark.parametrize("window", WINDOWS[1:])
def test_dynamic_windows_ignore_a_constant(window):
    assert sum(window) == 0
