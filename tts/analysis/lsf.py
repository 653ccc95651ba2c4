"""Line spectral frequencies: the all-pole spectral envelope as an ordered set of frequencies.

Linear prediction of order p gives ``A(z) = 1 + a_1 z^-1 + ... + a_p z^-p``. The symmetric and antisymmetric polynomials
``P, Q = A(z) +- z^-(p+1) A(1/z)`` have all their roots on the unit circle, alternating; the p angles strictly between 0 and
pi are the line spectral frequencies (Itakura 1975; Soong and Juang 1984).
"""

from __future__ import annotations

import numpy as np
import scipy.fft

from tts.analysis.framing import POWER_FLOOR, hann, map_frames, odd_length, power_spectrum
from tts.core.errors import UsageError
from tts.core.grid import FrameGrid

_GRID = 512  # points on which sign changes are looked for
_LAG_BANDWIDTH = 40.0  # Hz by which every resonance is widened, so that no pair of frequencies meets
_NOISE = 1e-6  # white noise added, relative to the power of the frame (-60 dB)


def line_spectral_frequencies(
    signal: np.ndarray, grid: FrameGrid, *, order: int = 40, window: float = 0.025, pre_emphasis: float = 0.97
) -> np.ndarray:
    """Return the line spectral frequencies of each frame in radians, float32 of shape (frames, order), in (0, pi), increasing.

    ``signal`` is mono in -1..1; ``order`` is 2 to 80; ``window`` is the length of the Hann window in seconds; ``pre_emphasis``
    is the coefficient c of ``1 - c z^-1`` (0 for none), which lets the upper formants be modelled as well as the
    lower. Digital silence gives the frequencies of a flat spectrum, ``pi k / (order + 1)``.
    """
    if not 2 <= order <= 80:
        raise UsageError(f"line spectral frequencies: order {order} is outside 2..80")
    if not 0.0 <= pre_emphasis < 1.0:
        raise UsageError(f"line spectral frequencies: pre_emphasis {pre_emphasis:g} is outside 0..1")
    shape = hann(odd_length(grid, window))
    fft_size = scipy.fft.next_fast_len(len(shape) + order, real=True)
    omega = 2.0 * np.pi / fft_size * np.arange(fft_size // 2 + 1)
    emphasis = 1.0 + pre_emphasis**2 - 2.0 * pre_emphasis * np.cos(omega)
    lags = np.exp(-0.5 * (2.0 * np.pi * _LAG_BANDWIDTH / grid.sample_rate * np.arange(order + 1)) ** 2)

    def analyse(frames: np.ndarray) -> np.ndarray:
        spectrum = power_spectrum(frames, shape, fft_size) * emphasis
        correlation = scipy.fft.irfft(spectrum, fft_size, axis=1)[:, : order + 1] * lags
        correlation[:, 0] += _NOISE * correlation[:, 0] + POWER_FLOOR
        return lpc_to_lsf(levinson(correlation)[0]).astype(np.float32)

    return map_frames(signal, grid, shape, analyse)


def levinson(correlation: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Solve for linear prediction by the Levinson-Durbin recursion, over all rows at once.

    ``correlation`` is (rows, order + 1), lags 0 to order, each row positive definite. Returns the polynomials
    ``1, a_1, ..., a_order`` as (rows, order + 1), minimum phase, and the prediction errors (rows,).
    """
    rows, size = correlation.shape
    polynomial = np.zeros((rows, size))
    polynomial[:, 0] = 1.0
    error = correlation[:, 0].copy()
    for n in range(1, size):
        reflection = -np.einsum("ti,ti->t", polynomial[:, :n], correlation[:, n:0:-1]) / error
        polynomial[:, 1 : n + 1] += reflection[:, None] * polynomial[:, n - 1 :: -1][:, :n]
        error *= 1.0 - reflection**2
    return polynomial, error


def lpc_to_lsf(polynomial: np.ndarray) -> np.ndarray:
    """Return the line spectral frequencies (rows, p) in radians, increasing, of minimum-phase polynomials (rows, p + 1).

    ``P`` and ``Q`` without their fixed roots at 1 and -1 are cosine series on the unit circle. Their sign changes on a grid
    bracket the roots, which are then refined; rows with roots too close for the grid go through eigenvalues instead.
    """
    series = _cosine_series(polynomial)
    order = polynomial.shape[1] - 1
    omega = np.linspace(0.0, np.pi, _GRID + 1)
    found = []
    complete = np.ones(len(polynomial), dtype=bool)
    brackets = []
    for coefficients in series:
        degree = coefficients.shape[1] - 1
        values = coefficients @ np.cos(np.arange(degree + 1)[:, None] * omega)
        changes = (values[:, 1:] > 0.0) != (values[:, :-1] > 0.0)
        complete &= changes.sum(axis=1) == degree
        brackets.append(changes)
    result = np.empty((len(polynomial), order))
    for coefficients, changes in zip(series, brackets, strict=True):
        row, cell = np.nonzero(changes[complete])
        found.append(_refine(coefficients[complete], row, cell).reshape(-1, coefficients.shape[1] - 1))
    result[complete] = np.sort(np.concatenate(found, axis=1), axis=1)
    for crowded in np.flatnonzero(~complete):
        result[crowded] = np.sort(np.concatenate([_roots(coefficients[crowded]) for coefficients in series]))
    return result


def _cosine_series(polynomial: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return P and Q without their fixed roots as cosine series: coefficients c of ``sum_k c_k cos(k omega)``."""
    order = polynomial.shape[1] - 1
    extended = np.pad(polynomial, ((0, 0), (0, 1)))
    p, q = extended + extended[:, ::-1], extended - extended[:, ::-1]
    if order % 2 == 0:
        p, q = _divide(p, -1.0, 1), _divide(q, 1.0, 1)
    else:
        q = _divide(q, 1.0, 2)
    series = []
    for symmetric in (p, q):
        degree = (symmetric.shape[1] - 1) // 2
        coefficients = 2.0 * symmetric[:, degree::-1]
        coefficients[:, 0] *= 0.5
        series.append(coefficients)
    return series[0], series[1]


def _divide(polynomial: np.ndarray, root: float, power: int) -> np.ndarray:
    """Divide by ``1 - root z^-power``, a factor it is known to have."""
    quotient = polynomial[:, :-power].copy()
    for n in range(power, quotient.shape[1]):
        quotient[:, n] += root * quotient[:, n - power]
    return quotient


def _times(left: np.ndarray, right: np.ndarray) -> np.ndarray:
    """Multiply polynomials row by row; ``right`` is the short one."""
    product = np.zeros((len(left), left.shape[1] + right.shape[1] - 1))
    for n in range(right.shape[1]):
        product[:, n : n + left.shape[1]] += right[:, n : n + 1] * left
    return product


def _refine(coefficients: np.ndarray, row: np.ndarray, cell: np.ndarray) -> np.ndarray:
    """Return the root in each grid cell, as an angle, by the Illinois form of false position, which keeps its bracket.

    A cosine series is a Chebyshev series in ``cos(omega)``, where its value costs no cosines.
    """
    chosen = np.ascontiguousarray(coefficients[row].T)

    def value(x: np.ndarray) -> np.ndarray:
        return np.asarray(np.polynomial.chebyshev.chebval(x, chosen, tensor=False))

    left, right = np.cos(cell * (np.pi / _GRID)), np.cos((cell + 1) * (np.pi / _GRID))
    at_left, at_right = value(left), value(right)
    for _ in range(6):
        middle = (left * at_right - right * at_left) / (at_right - at_left)
        at_middle = value(middle)
        same = (at_middle > 0.0) == (at_right > 0.0)
        # The end that stays has its value halved, so that both ends move.
        left, at_left = np.where(same, left, right), np.where(same, 0.5 * at_left, at_right)
        right, at_right = middle, at_middle
    return np.asarray(np.arccos(right))


def _roots(coefficients: np.ndarray) -> np.ndarray:
    """Return the roots of one cosine series as angles, from the eigenvalues of its Chebyshev companion matrix."""
    cosines = np.polynomial.chebyshev.chebroots(coefficients)
    return np.asarray(np.arccos(np.clip(cosines.real, -1.0, 1.0)))
