"""Mel-frequency cepstral coefficients with their slopes and curvatures: what the aligner listens to."""

from __future__ import annotations

import numpy as np
import scipy.fft

from tts.core.grid import FrameGrid

_BLOCK = 2048  # frames at a time: memory stays flat however long the recording is
_FLOOR = 1e-10  # power of the quantisation noise of 16-bit audio, about: digital silence stays near quiet frames
_TOP = 8_000.0  # Hz: what lies above says little about phones, and differs between recording rates


def mfcc(
    signal: np.ndarray,
    grid: FrameGrid,
    *,
    coefficients: int = 13,
    bands: int = 30,
    window: float = 0.025,
    reach: float = 0.015,
    normalise: bool = True,
) -> np.ndarray:
    """Return cepstra, deltas and accelerations at the grid's frame centres, float32 of shape (frames, 3 * coefficients).

    ``signal`` is mono in -1..1. A frame is a Hamming window of ``window`` seconds, its power spectrum through ``bands``
    triangular mel filters up to 8 kHz, the logarithm, and the first ``coefficients`` of the orthonormal cosine transform,
    the zeroth (loudness) included (Davis and Mermelstein 1980). A delta is the slope of the straight line fitted over
    ``reach`` seconds either side, an acceleration the delta of deltas. ``normalise`` gives every column mean 0 and
    deviation 1 over the utterance.
    """
    length = 2 * round((window * grid.sample_rate - 1.0) / 2.0) + 1
    shape = np.hamming(length).astype(np.float32)
    fft_size = 1 << (length - 1).bit_length()
    filters = mel_filters(grid.sample_rate, fft_size, bands)
    frames = grid.frames(len(signal))
    half = length // 2
    starts = grid.centres(frames) + 1
    padded = np.pad(np.asarray(signal, dtype=np.float32), half + 1)
    views = np.lib.stride_tricks.sliding_window_view(padded, length)
    cepstra = np.empty((frames, coefficients), dtype=np.float32)
    for first in range(0, frames, _BLOCK):
        spectrum = scipy.fft.rfft(views[starts[first : first + _BLOCK]] * shape, fft_size, axis=1)
        power = (spectrum.real**2 + spectrum.imag**2) / np.sum(shape**2)
        bands_db = np.log(np.maximum(power @ filters, _FLOOR))
        cepstra[first : first + _BLOCK] = scipy.fft.dct(bands_db, axis=1, norm="ortho")[:, :coefficients]
    width = max(1, round(reach / grid.shift))
    delta = slope(cepstra, width)
    features = np.concatenate([cepstra, delta, slope(delta, width)], axis=1)
    if normalise:
        features -= features.mean(axis=0)
        features /= np.maximum(features.std(axis=0), 1e-3)
    return features


def slope(values: np.ndarray, width: int) -> np.ndarray:
    """Return the least-squares slope a frame over ``width`` frames either side; ends repeat. Same shape as ``values``."""
    padded = np.pad(values, ((width, width), (0, 0)), mode="edge")
    count = len(values)
    total = sum(
        k * (padded[width + k : width + k + count] - padded[width - k : width - k + count]) for k in range(1, width + 1)
    )
    return np.asarray(total / (2.0 * sum(k * k for k in range(1, width + 1))), dtype=values.dtype)


def mel_filters(rate: int, fft_size: int, bands: int) -> np.ndarray:
    """Return triangular filters equally spaced in mel ``2595 log10(1 + f / 700)`` from 50 Hz to 8 kHz.

    Float32 of shape (fft_size // 2 + 1, bands); every filter sums to 1, so that white noise is flat.
    """
    top = min(_TOP, rate / 2.0)
    mels = np.linspace(2595.0 * np.log10(1.0 + 50.0 / 700.0), 2595.0 * np.log10(1.0 + top / 700.0), bands + 2)
    edges = 700.0 * (10.0 ** (mels / 2595.0) - 1.0)
    bins = np.arange(fft_size // 2 + 1)[:, None] * (rate / fft_size)
    rising = (bins - edges[:-2]) / (edges[1:-1] - edges[:-2])
    falling = (edges[2:] - bins) / (edges[2:] - edges[1:-1])
    filters = np.maximum(0.0, np.minimum(rising, falling))
    return np.asarray(filters / filters.sum(axis=0), dtype=np.float32)
