"""Mel spectrum: the power spectrum through triangular filters on the mel scale, in decibels."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from tts.analysis.framing import decibels, hann, map_spectra, odd_length, usual_fft_size
from tts.core.errors import UsageError
from tts.core.grid import FrameGrid


def mel_spectrum(
    signal: np.ndarray,
    grid: FrameGrid,
    *,
    bands: int = 60,
    low: float = 50.0,
    high: float | None = None,
    window: float = 0.025,
) -> np.ndarray:
    """Return the log mel spectrum in dB, float32 of shape (frames, bands), at least -100.

    ``signal`` is mono in -1..1. The filters (see :func:`mel_filters`) lie between ``low`` and ``high`` Hz, by default half the
    rate; ``window`` is the length of the Hann window in seconds.
    """
    shape = hann(odd_length(grid, window))
    fft_size = usual_fft_size(grid, len(shape))
    filters = mel_filters(grid.sample_rate, fft_size, bands, low, high)
    return decibels(map_spectra(signal, grid, shape, fft_size, lambda power: power @ filters))


@lru_cache(maxsize=8)
def mel_filters(rate: int, fft_size: int, bands: int, low: float, high: float | None) -> np.ndarray:
    """Return triangular filters of peak 1, equally spaced in HTK's mel ``2595 log10(1 + f / 700)``.

    Float64 of shape (fft_size // 2 + 1, bands). Raises :class:`UsageError` for edges out of order or beyond half the rate,
    and for so many bands that one holds no FFT bin.
    """
    top = rate / 2.0 if high is None else high
    if not 0.0 <= low < top <= rate / 2.0:
        raise UsageError(f"mel spectrum: low {low:g} and high {top:g} Hz must satisfy 0 <= low < high <= {rate / 2:g}")
    if bands < 1:
        raise UsageError(f"mel spectrum: bands {bands} must be at least 1")
    bins = np.linspace(0.0, rate / 2.0, fft_size // 2 + 1)
    edges = _hertz(np.linspace(_mel(low), _mel(top), bands + 2))
    inside = np.searchsorted(bins, edges[2:]) - np.searchsorted(bins, edges[:-2], side="right")
    if inside.min() < 1:
        raise UsageError(f"mel spectrum: {bands} bands are too many for {rate} Hz: some hold no FFT bin; ask for fewer")
    rising = (bins[:, None] - edges[:-2]) / (edges[1:-1] - edges[:-2])
    falling = (edges[2:] - bins[:, None]) / (edges[2:] - edges[1:-1])
    filters: np.ndarray = np.maximum(0.0, np.minimum(rising, falling))
    filters.setflags(write=False)
    return filters


def mel_centres(bands: int, low: float, high: float) -> np.ndarray:
    """Return the frequency in Hz at which each filter between ``low`` and ``high`` Hz peaks, (bands,)."""
    return _hertz(np.linspace(_mel(low), _mel(high), bands + 2))[1:-1]


def _mel(hertz: float) -> float:
    return float(2595.0 * np.log10(1.0 + hertz / 700.0))


def _hertz(mel: np.ndarray) -> np.ndarray:
    return np.asarray(700.0 * (10.0 ** (mel / 2595.0) - 1.0))
