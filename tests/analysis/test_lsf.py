import numpy as np
import pytest
import scipy.linalg
import scipy.signal
from hypothesis import given, settings
from hypothesis import strategies as st

from tts.analysis.lsf import levinson, line_spectral_frequencies, lpc_to_lsf
from tts.core.errors import UsageError
from tts.core.grid import FrameGrid


def polynomial(poles):
    """Real polynomial with these poles above the real axis and their conjugates."""
    return np.poly(np.concatenate([poles, np.conj(poles)])).real


def roots_on_the_circle(a):
    """Line spectral frequencies as they are defined, from the roots of P and Q by numpy."""
    extended = np.append(a, 0.0)
    angles = [np.angle(np.roots(extended + sign * extended[::-1])) for sign in (1, -1)]
    angles = np.sort(np.concatenate(angles))
    return angles[(angles > 1e-6) & (angles < np.pi - 1e-6)]


def test_order_two_has_a_closed_form():
    a1, a2 = -0.9, 0.5
    expected = [np.arccos((1 - a1 - a2) / 2), np.arccos((-1 - a1 + a2) / 2)]  # from P / (1 + z^-1) and Q / (1 - z^-1)
    np.testing.assert_allclose(lpc_to_lsf(np.array([[1.0, a1, a2]]))[0], np.sort(expected), atol=1e-8)


@pytest.mark.parametrize("order", [3, 8, 17, 40])
def test_equals_the_definition(order):
    correlation = np.exp(-0.1 * np.arange(order + 1)) * np.cos(0.7 * np.arange(order + 1)) + 0.5 * (np.arange(order + 1) == 0)
    a, _ = levinson(correlation[None])
    np.testing.assert_allclose(lpc_to_lsf(a)[0], roots_on_the_circle(a[0]), atol=1e-6)


@settings(max_examples=50, deadline=None)
def multiplied(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    return np.stack([np.convolve(x, y) for x, y in zip(a, b, strict=True)])


def lsf_to_lpc(frequencies: np.ndarray) -> np.ndarray:
    """Return the prediction polynomials (rows, p + 1), first coefficient 1, of frequencies (rows, p) in radians.

    The inverse of :func:`lpc_to_lsf`: the products of the quadratic factors that the frequencies stand for.
    """
    rows, order = frequencies.shape
    cosines = -2.0 * np.cos(np.asarray(frequencies, dtype=np.float64))
    halves = []
    for start in (0, 1):  # P holds the first frequency, Q the second, and so on
        half = np.ones((rows, 1))
        for column in range(start, order, 2):
            half = multiplied(half, np.stack([np.ones(rows), cosines[:, column], np.ones(rows)], axis=1))
        halves.append(half)
    fixed = ([1.0, 1.0], [1.0, -1.0]) if order % 2 == 0 else ([1.0], [1.0, 0.0, -1.0])
    p, q = (multiplied(half, np.tile(factor, (rows, 1))) for half, factor in zip(halves, fixed, strict=True))
    return np.asarray(0.5 * (p + q)[:, : order + 1])


@given(
    st.lists(st.tuples(st.floats(0.0, 0.98), st.floats(0.05, 3.09)), min_size=1, max_size=10),
    st.none() | st.floats(-0.95, 0.95),
)
def test_round_trip(pairs, real_pole):
    a = polynomial(np.array([radius * np.exp(1j * angle) for radius, angle in pairs]))
    if real_pole is not None:  # odd orders
        a = np.convolve(a, [1.0, -real_pole])
    frequencies = lpc_to_lsf(a[None])
    assert (np.diff(frequencies, axis=1) >= 0).all()
    assert frequencies.min() > 0.0
    assert frequencies.max() < np.pi
    np.testing.assert_allclose(lsf_to_lpc(frequencies)[0], a, atol=1e-5 * np.abs(a).max())


def test_pairs_closer_than_the_grid_are_found():
    a = polynomial(np.array([0.9999 * np.exp(0.5j), 0.9999 * np.exp(0.5005j), 0.5 * np.exp(2.0j)]))
    frequencies = lpc_to_lsf(np.stack([a, polynomial(np.array([0.5j, 0.3, 0.2j]))]))
    np.testing.assert_allclose(frequencies[0], roots_on_the_circle(a), atol=1e-5)
    assert np.isfinite(frequencies).all()


def test_levinson_solves_the_normal_equations():
    rng = np.random.default_rng(0)
    signal = rng.standard_normal((5, 200)).cumsum(axis=1)
    correlation = np.array([[row[: 200 - lag] @ row[lag:] for lag in range(13)] for row in signal])
    a, error = levinson(correlation)
    for row in range(5):
        expected = scipy.linalg.solve_toeplitz(correlation[row, :-1], -correlation[row, 1:])
        np.testing.assert_allclose(a[row, 1:], expected, atol=1e-8)
        assert error[row] == pytest.approx(a[row] @ correlation[row])


@pytest.mark.parametrize("rate", [16000, 24000])
def test_known_process_is_recovered(rate):
    poles = 0.93 * np.exp(2j * np.pi * np.array([0.04, 0.15, 0.36]))
    a = polynomial(poles)
    signal = scipy.signal.lfilter([1.0], a, np.random.default_rng(0).standard_normal(2 * rate)) * 0.01
    frequencies = line_spectral_frequencies(signal, FrameGrid(rate), order=6, pre_emphasis=0.0)
    np.testing.assert_allclose(np.median(frequencies[20:-20], axis=0), lpc_to_lsf(a[None])[0], atol=0.02)


def test_frames_are_strictly_increasing_between_zero_and_pi():
    rng = np.random.default_rng(3)
    pulses = np.zeros(24000)
    pulses[::200] = 0.5
    signal = scipy.signal.lfilter([1.0], polynomial(np.array([0.995 * np.exp(0.1j), 0.99 * np.exp(0.3j)])), pulses)
    signal = signal / np.abs(signal).max() + 1e-4 * rng.standard_normal(len(signal))
    for order in (2, 16, 25, 40, 60):
        frequencies = line_spectral_frequencies(signal, FrameGrid(24000), order=order)
        assert (np.diff(frequencies, axis=1) > 0).all()
        assert frequencies.min() > 0
        assert frequencies.max() < np.float32(np.pi)


def test_silence_is_a_flat_spectrum():
    frequencies = line_spectral_frequencies(np.zeros(2000), FrameGrid(16000), order=10)
    np.testing.assert_allclose(frequencies[5], np.pi * np.arange(1, 11) / 11, atol=1e-6)


def test_impossible_options_are_refused():
    for options in ({"order": 1}, {"order": 81}, {"pre_emphasis": 1.0}):
        with pytest.raises(UsageError, match="line spectral frequencies"):
            line_spectral_frequencies(np.zeros(100), FrameGrid(16000), **options)
