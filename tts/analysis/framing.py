"""Short-time frames on a :class:`~tts.core.grid.FrameGrid`, shared by the extractors that look through a window."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import lru_cache

import numpy as np
import scipy.fft

from tts.core.errors import UsageError
from tts.core.grid import FrameGrid

_BLOCK = 64  # frames taken at a time: they stay in cache, and memory stays flat however long the recording is
_MOST_SHARED = 4096  # frames of a recording whose spectra are remembered: 17 MB where there are 513 bins

Spectra = dict[tuple[int, FrameGrid, bytes, int], tuple[np.ndarray, np.ndarray]]  # with the signal, so that no other has its id
_shared: ContextVar[Spectra | None] = ContextVar("_shared", default=None)

# Nothing is measured below this power, relative to full scale: -100 dB, about the quantisation noise of 16-bit audio. Digital
# silence stays near the quietest real frames, instead of becoming an outlier that ruins means and variances.
POWER_FLOOR = 1e-10


def hann(length: int) -> np.ndarray:
    """Return a Hann window of odd ``length`` whose middle sample is 1, without the two zeros at the ends."""
    return 0.5 - 0.5 * np.cos(2.0 * np.pi * np.arange(1, length + 1) / (length + 1))


def odd_length(grid: FrameGrid, seconds: float) -> int:
    """Return the odd number of samples nearest to ``seconds``: a window with a middle sample can be centred exactly.

    Raises :class:`UsageError` for windows outside 0.002 to 0.2 s.
    """
    if not 0.002 <= seconds <= 0.2:
        raise UsageError(f"window {seconds:g} s is outside 0.002..0.2 s")
    return 2 * round((seconds * grid.sample_rate - 1.0) / 2.0) + 1


def map_frames(
    signal: np.ndarray, grid: FrameGrid, window: np.ndarray, function: Callable[[np.ndarray], np.ndarray]
) -> np.ndarray:
    """Apply ``function`` to the windowed frames of ``signal`` and return its results, one row a frame.

    The frames are centred at ``grid.centres``; the signal is zero beyond its ends. ``function`` gets float64 of shape
    (block, window) and returns an array of shape (block, ...).
    """
    half = len(window) // 2
    padded = np.pad(np.asarray(signal, dtype=np.float64), half + 1)
    frames = np.lib.stride_tricks.sliding_window_view(padded, len(window))
    # The last centre may be one rounding beyond the last sample, which the extra sample of padding covers.
    starts = grid.centres(grid.frames(len(signal))) + 1
    return np.concatenate([function(frames[starts[i : i + _BLOCK]] * window) for i in range(0, len(starts), _BLOCK)])


def power_spectrum(frames: np.ndarray, window: np.ndarray, fft_size: int) -> np.ndarray:
    """Return the power spectrum of windowed frames, (frames, fft_size // 2 + 1), at bins ``k * rate / fft_size``.

    It is scaled so that white noise of variance v gives v in every bin, whatever the window (a sine of power p gives
    about ``p / 1.5`` times the window's length in its bin).
    """
    spectrum = scipy.fft.rfft(frames, fft_size, axis=1)
    power: np.ndarray = spectrum.real**2
    power += spectrum.imag**2
    power /= np.sum(window**2)
    return power


@contextmanager
def shared_spectra() -> Iterator[None]:
    """Let extractors that look at one signal through the same window share its spectra; the signal must stay as it is."""
    token = _shared.set({})
    try:
        yield
    finally:
        _shared.reset(token)


def map_spectra(
    signal: np.ndarray, grid: FrameGrid, window: np.ndarray, fft_size: int, function: Callable[[np.ndarray], np.ndarray]
) -> np.ndarray:
    """Apply ``function`` to the :func:`power_spectrum` of the frames of ``signal``, as :func:`map_frames` does to frames.

    ``function`` must leave its argument as it is: within :func:`shared_spectra` the next extractor gets it too.
    """
    known = _shared.get()
    if known is None or grid.frames(len(signal)) > _MOST_SHARED:
        return map_frames(signal, grid, window, lambda frames: function(power_spectrum(frames, window, fft_size)))
    key = id(signal), grid, window.tobytes(), fft_size
    if key not in known:
        known[key] = signal, map_frames(signal, grid, window, lambda frames: power_spectrum(frames, window, fft_size))
    power = known[key][1]
    return np.concatenate([function(power[start : start + _BLOCK]) for start in range(0, len(power), _BLOCK)])


@lru_cache(maxsize=16)
def correlation_matrix(bins: int, lags: int, size: int) -> np.ndarray:
    """Return what a power spectrum is multiplied with to give its autocorrelation at lags 0, 1, ... ``lags`` - 1.

    Read-only float64 of shape (bins, lags). ``size`` is the length of the spectrum's FFT, of which the first ``bins`` are not
    0. Of few lags or bins the product costs a fraction of the inverse FFT that it stands for.
    """
    angle = np.outer(np.arange(bins), np.arange(lags)) % size * (2.0 * np.pi / size)
    matrix: np.ndarray = np.cos(angle) * (2.0 / size)
    matrix[0] *= 0.5
    if size % 2 == 0 and bins == size // 2 + 1:
        matrix[-1] *= 0.5
    matrix.setflags(write=False)
    return matrix


def usual_fft_size(grid: FrameGrid, window: int, more: int = 0) -> int:
    """Return WORLD's FFT size or, where ``window`` samples and ``more`` zeros have no room in it, the next power of two."""
    return max(grid.fft_size, 1 << (window + more - 1).bit_length())


def decibels(power: np.ndarray) -> np.ndarray:
    """Return power as dB of full scale, float32, no lower than :data:`POWER_FLOOR`."""
    return np.asarray(10.0 * np.log10(np.maximum(power, POWER_FLOOR)), dtype=np.float32)
