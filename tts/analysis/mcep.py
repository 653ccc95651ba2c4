"""Log power envelope to mel-cepstrum and back, each by one exact matrix product.

Both ways are linear in the log spectrum: an inverse cosine transform followed by the frequency warping of the cepstrum
(Oppenheim and Johnson 1972, "Discrete representation of signals"; the recursion is that of SPTK's ``freqt``), and a cosine
series at warped frequencies. What is lost is the detail that ``order`` coefficients cannot hold, nothing else.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from tts.core.errors import UsageError
from tts.core.grid import FrameGrid


def to_mcep(log_power: np.ndarray, grid: FrameGrid, order: int = 59) -> np.ndarray:
    """Return the mel-cepstrum (frames, order + 1) of a natural-log power envelope (frames, fft_size / 2 + 1)."""
    _check_width(log_power, grid.fft_size // 2 + 1)
    mcep: np.ndarray = log_power @ analysis_matrix(grid.fft_size, grid.alpha, order)
    return mcep


def to_log_power(mcep: np.ndarray, grid: FrameGrid) -> np.ndarray:
    """Return the natural-log power envelope (frames, fft_size / 2 + 1) of a mel-cepstrum (frames, order + 1)."""
    log_power: np.ndarray = mcep @ synthesis_matrix(grid.fft_size, grid.alpha, mcep.shape[-1] - 1)
    return log_power


@lru_cache(maxsize=8)
def analysis_matrix(fft_size: int, alpha: float, order: int) -> np.ndarray:
    """Return the read-only float64 matrix (fft_size / 2 + 1, order + 1) that :func:`to_mcep` applies."""
    _check_order(fft_size, order)
    half = fft_size // 2
    # Cepstrum of a log power spectrum: c[m] = 1/N sum_k w[k] log P[k] cos(2 pi k m / N); the log *amplitude* series
    # c[0] + sum c[m] e^{-jmw}, 1 <= m <= N/2, then takes c[0] / 2 and c[N/2] / 2.
    angle = np.outer(np.arange(half + 1), np.arange(half + 1)) % fft_size * (2.0 * np.pi / fft_size)
    cepstrum = np.cos(angle) * (2.0 / fft_size)
    cepstrum[[0, -1]] /= 2.0
    cepstrum[:, [0, -1]] /= 2.0  # the Nyquist quefrency too stands once in a period, not twice
    matrix: np.ndarray = cepstrum @ warping_matrix(half + 1, order + 1, alpha).T
    matrix.setflags(write=False)
    return matrix


@lru_cache(maxsize=8)
def synthesis_matrix(fft_size: int, alpha: float, order: int) -> np.ndarray:
    """Return the read-only float64 matrix (order + 1, fft_size / 2 + 1) that :func:`to_log_power` applies.

    log P(w) = 2 sum_m mc[m] cos(m w~), with w~ = w + 2 atan(alpha sin w / (1 - alpha cos w)).
    """
    _check_order(fft_size, order)
    matrix = 2.0 * np.cos(np.outer(np.arange(order + 1), _warped(fft_size, alpha)))
    matrix.setflags(write=False)
    return matrix


@lru_cache(maxsize=8)
def synthesis_phase(fft_size: int, alpha: float, order: int) -> np.ndarray:
    """Return the read-only float64 matrix (order + 1, fft_size / 2 + 1) from a mel-cepstrum to the phase of its filter.

    In radians: arg H(w) = - sum_m mc[m] sin(m w~). The filter is minimum-phase, since the all-pass is stable and causal.
    """
    _check_order(fft_size, order)
    matrix = -np.sin(np.outer(np.arange(order + 1), _warped(fft_size, alpha)))
    matrix.setflags(write=False)
    return matrix


def warping_matrix(inputs: int, outputs: int, alpha: float) -> np.ndarray:
    """Return the matrix (outputs, inputs) that warps a cepstrum by the all-pass ``alpha`` (-1 < alpha < 1)."""
    warp = np.zeros((outputs, inputs))
    warp[0] = alpha ** np.arange(inputs)
    if outputs > 1:
        for m in range(1, inputs):
            warp[1, m] = (1.0 - alpha**2) * warp[0, m - 1] + alpha * warp[1, m - 1]
            for k in range(2, outputs):
                warp[k, m] = warp[k - 1, m - 1] + alpha * (warp[k, m - 1] - warp[k - 1, m])
    return warp


def _warped(fft_size: int, alpha: float) -> np.ndarray:
    """Return the warped frequency w~ in radians of every bin, (fft_size / 2 + 1,)."""
    omega = np.arange(fft_size // 2 + 1) * (2.0 * np.pi / fft_size)
    return np.asarray(omega + 2.0 * np.arctan(alpha * np.sin(omega) / (1.0 - alpha * np.cos(omega))))


def _check_order(fft_size: int, order: int) -> None:
    if not 1 <= order <= fft_size // 2:
        raise UsageError(f"mcep_order {order} must lie within 1..{fft_size // 2} for an FFT of {fft_size} points")


def _check_width(log_power: np.ndarray, width: int) -> None:
    if log_power.ndim != 2 or log_power.shape[1] != width:
        raise UsageError(f"an envelope on this grid has shape (frames, {width}), not {log_power.shape}")
