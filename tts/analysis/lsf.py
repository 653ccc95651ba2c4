"""Line spectral frequencies: the all-pole spectral envelope as an ordered set of frequencies.

Linear prediction of order p gives ``A(z) = 1 + a_1 z^-1 + ... + a_p z^-p``. The symmetric and antisymmetric polynomials
``P, Q = A(z) +- z^-(p+1) A(1/z)`` have all their roots on the unit circle, alternating; the p angles strictly between 0 and
pi are the line spectral frequencies (Itakura 1975; Soong and Juang 1984).
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from tts.analysis.framing import POWER_FLOOR, correlation_matrix, hann, map_spectra, odd_length, usual_fft_size
from tts.core.errors import UsageError
from tts.core.grid import FrameGrid

_GRID = 256  # cells in which sign changes are looked for
_BLOCK = 512  # frames at a time
_SURE = 1e-4  # radians: a root that a step moves by less is known far better after the next
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
    fft_size = usual_fft_size(grid, len(shape), order)
    omega = 2.0 * np.pi / fft_size * np.arange(fft_size // 2 + 1)
    emphasis = 1.0 + pre_emphasis**2 - 2.0 * pre_emphasis * np.cos(omega)
    lags = np.exp(-0.5 * (2.0 * np.pi * _LAG_BANDWIDTH / grid.sample_rate * np.arange(order + 1)) ** 2)

    matrix = emphasis[:, None] * correlation_matrix(len(emphasis), order + 1, fft_size) * lags
    correlation = map_spectra(signal, grid, shape, fft_size, lambda power: power @ matrix)
    correlation[:, 0] += _NOISE * correlation[:, 0] + POWER_FLOOR
    blocks = (correlation[start : start + _BLOCK] for start in range(0, len(correlation), _BLOCK))
    return np.concatenate([lpc_to_lsf(levinson(block)[0]).astype(np.float32) for block in blocks])


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
    result = np.empty((len(polynomial), polynomial.shape[1] - 1))
    series = _cosine_series(polynomial)
    values = [coefficients @ _cosines(coefficients.shape[1]) for coefficients in series]
    cells, complete = [], np.ones(len(polynomial), dtype=bool)
    for coefficients, on_grid in zip(series, values, strict=True):
        above = on_grid[:, 1:-1] > 0.0
        change = above[:, 1:] != above[:, :-1]
        cells.append(change)
        complete &= change.sum(axis=1) == coefficients.shape[1] - 1
    every = bool(complete.all())
    for place, (coefficients, on_grid, change) in enumerate(zip(series, values, cells, strict=True)):
        rows = (coefficients, on_grid, change) if every else (coefficients[complete], on_grid[complete], change[complete])
        cell = (np.flatnonzero(rows[2]) % _GRID).reshape(-1, coefficients.shape[1] - 1)
        result[complete, place::2] = _refine(rows[0], rows[1], cell)  # the roots of the two alternate
    for crowded in np.flatnonzero(~complete):
        result[crowded] = np.sort(np.concatenate([_roots(coefficients[crowded]) for coefficients in series]))
    return result


@lru_cache(maxsize=16)
def _cosines(terms: int) -> np.ndarray:
    """Return the first terms of a cosine series on the grid and one point beyond either end, (terms, _GRID + 3)."""
    return np.asarray(np.cos(np.arange(terms)[:, None] * (np.arange(-1, _GRID + 2) * (np.pi / _GRID))))


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


def _refine(coefficients: np.ndarray, on_grid: np.ndarray, cell: np.ndarray) -> np.ndarray:
    """Return the root in each grid cell (rows, n) as an angle, of series (rows, terms) with values ``on_grid`` (rows, points).

    The cubic through the four grid points around a root says where it is but for a millionth, and how steep the series is
    there; two steps of the secant do the rest. Where they do not settle, as of roots close together, bisection does.
    """
    terms, cells = np.ascontiguousarray(coefficients.T), np.ascontiguousarray(cell.T)  # rows last: the longest runs
    places = cells + np.arange(len(cell)) * on_grid.shape[1]
    flat = np.ascontiguousarray(on_grid).ravel()
    share, steep = _cubic_root(*(flat[places + beyond] for beyond in range(4)))
    first = (cells + share) * (np.pi / _GRID)
    at_first = _series_at(terms, first)
    second = first - at_first / np.where(steep == 0.0, 1.0, steep) * (np.pi / _GRID)
    at_second = _series_at(terms, second)
    rise = at_second - at_first
    step = np.divide(at_second * (second - first), rise, out=np.zeros_like(rise), where=rise != 0.0)
    root = second - step
    inside = (root >= cells * (np.pi / _GRID)) & (root <= (cells + 1) * (np.pi / _GRID))
    unsure = ~inside | (np.abs(second - first) > _SURE)
    if unsure.any():
        rows = np.nonzero(unsure)[1]
        root[unsure] = _bisect(np.ascontiguousarray(terms[:, rows]), cells[unsure])
    return np.asarray(root.T)


def _cubic_root(a: np.ndarray, b: np.ndarray, c: np.ndarray, d: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the root in 0..1 of the cubic with values a, b, c, d at -1, 0, 1, 2, and its slope; b and c differ in sign."""
    third = (d - a) / 6.0 + (b - c) / 2.0
    second = (a + c) / 2.0 - b
    linear = c - b - second - third
    root = b / (b - c)
    for _ in range(2):
        slope = linear + root * (2.0 * second + 3.0 * third * root)
        value = b + root * (linear + root * (second + root * third))
        root = np.clip(root - np.divide(value, slope, out=np.zeros_like(value), where=slope != 0.0), 0.0, 1.0)
    return root, linear + root * (2.0 * second + 3.0 * third * root)


def _series_at(terms: np.ndarray, angle: np.ndarray) -> np.ndarray:
    """Return cosine series, (terms, rows), at angles (..., rows), by Clenshaw's recursion."""
    twice = 2.0 * np.cos(angle)
    value, before, spare = np.broadcast_to(terms[-1], angle.shape).copy(), np.zeros_like(angle), np.empty_like(angle)
    for coefficients in terms[-2:0:-1]:
        np.multiply(twice, value, out=spare)
        spare -= before
        spare += coefficients
        value, before, spare = spare, value, before
    return np.asarray(0.5 * twice * value - before + terms[0])


def _bisect(terms: np.ndarray, cell: np.ndarray) -> np.ndarray:
    """Return the root of each series, (terms, n), within its grid cell (n,)."""
    low, high = cell * (np.pi / _GRID), (cell + 1) * (np.pi / _GRID)
    rising = _series_at(terms, high) > 0.0
    for _ in range(32):
        middle = 0.5 * (low + high)
        above = (_series_at(terms, middle) > 0.0) == rising
        low, high = np.where(above, low, middle), np.where(above, middle, high)
    return np.asarray(0.5 * (low + high))


def _roots(coefficients: np.ndarray) -> np.ndarray:
    """Return the roots of one cosine series as angles, from the eigenvalues of its Chebyshev companion matrix."""
    cosines = np.polynomial.chebyshev.chebroots(coefficients)
    return np.asarray(np.arccos(np.clip(cosines.real, -1.0, 1.0)))
