"""Mel-frequency cepstral coefficients with their slopes and curvatures: what the aligner reads."""

from __future__ import annotations

import numpy as np
import scipy.fft

from tts.analysis.mel import mel_filters
from tts.core.grid import FrameGrid

_BLOCK = 2048  # frames at a time: memory stays flat however long the recording is
_FLOOR = 1e-10  # power of the quantisation noise of 16-bit audio, about: digital silence stays near quiet frames
_LOW, _TOP = 50.0, 8_000.0  # Hz: what lies above says little about phones, and differs between recording rates

QUIET = 30.0  # dB below loud speech: only closures, weak friction and silence are quieter
SPARED = 0.2  # seconds of silence on either side that are kept: a closure or a weak fricative is shorter


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
    deviation 1 over the utterance, its long silences (:func:`long_silences`) left out.
    """
    features, level = _with_slopes(signal, grid, coefficients, bands, window, reach)
    return _normalised(features, long_silences(level, grid)) if normalise else features


def aligner_features(signal: np.ndarray, grid: FrameGrid) -> np.ndarray:
    """Return :func:`mfcc` and, in one more column, 1 where a long silence is passed over and 0 elsewhere.

    Silence of seconds is no speech that any model of a phone has seen: digital zeros, or a room quieter than the pauses that
    it was trained on, fit no model better than another, and the likeliest path gives them to a phone. So the aligner never
    reads them (:mod:`tts.alignment.silence`). Float32 of shape (frames, 40).
    """
    features, level = _with_slopes(signal, grid, 13, 30, 0.025, 0.015)
    silent = long_silences(level, grid)
    return np.concatenate([_normalised(features, silent), silent[:, None].astype(np.float32)], axis=1)


def long_silences(level: np.ndarray, grid: FrameGrid) -> np.ndarray:
    """Return which frames lie in long silences, bool (frames,), from their ``level`` in dB (frames,).

    That are runs of frames ``QUIET`` dB below the loud ones, without ``SPARED`` seconds at both ends; so runs up to twice that
    are short. Loud is the 95th percentile of the frames within 40 dB of the loudest: however much silence there is, it does
    not count.
    """
    loud = np.percentile(level[level >= level.max() - 40.0], 95)
    quiet = np.concatenate([[False], level < loud - QUIET, [False]])
    spared = round(SPARED / grid.shift)
    long = np.zeros(len(level), dtype=bool)
    edges = np.flatnonzero(quiet[1:] != quiet[:-1])
    for start, end in zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True):
        long[start + spared : max(end - spared, start + spared)] = True
    return long


def slope(values: np.ndarray, width: int) -> np.ndarray:
    """Return the least-squares slope a frame over ``width`` frames either side; ends repeat. Same shape as ``values``."""
    padded = np.pad(values, ((width, width), (0, 0)), mode="edge")
    count = len(values)
    total = sum(
        k * (padded[width + k : width + k + count] - padded[width - k : width - k + count]) for k in range(1, width + 1)
    )
    return np.asarray(total / (2.0 * sum(k * k for k in range(1, width + 1))), dtype=values.dtype)


def _with_slopes(
    signal: np.ndarray, grid: FrameGrid, coefficients: int, bands: int, window: float, reach: float
) -> tuple[np.ndarray, np.ndarray]:
    """Return cepstra with deltas and accelerations, (frames, 3 * coefficients), and the level of every frame in dB."""
    cepstra, level = _cepstra(signal, grid, coefficients, bands, window)
    width = max(1, round(reach / grid.shift))
    delta = slope(cepstra, width)
    return np.concatenate([cepstra, delta, slope(delta, width)], axis=1), level


def _normalised(features: np.ndarray, left_out: np.ndarray) -> np.ndarray:
    """Return features of mean 0 and deviation 1 a column over the frames that are not ``left_out``, bool (frames,)."""
    counted = features[~left_out]
    result: np.ndarray = (features - counted.mean(axis=0)) / np.maximum(counted.std(axis=0), 1e-3)
    return result


def _cepstra(
    signal: np.ndarray, grid: FrameGrid, coefficients: int, bands: int, window: float
) -> tuple[np.ndarray, np.ndarray]:
    """Return cepstra, float32 (frames, coefficients), and the level of every frame in dB of full scale, (frames,)."""
    length = 2 * round((window * grid.sample_rate - 1.0) / 2.0) + 1
    shape = np.hamming(length).astype(np.float32)
    fft_size = 1 << (length - 1).bit_length()
    filters = mel_filters(grid.sample_rate, fft_size, bands, _LOW, min(_TOP, grid.sample_rate / 2.0))
    filters = (filters / filters.sum(axis=0)).astype(np.float32)  # white noise is flat
    frames = grid.frames(len(signal))
    starts = grid.centres(frames) + 1
    padded = np.pad(np.asarray(signal, dtype=np.float32), length // 2 + 1)
    views = np.lib.stride_tricks.sliding_window_view(padded, length)
    cepstra = np.empty((frames, coefficients), dtype=np.float32)
    level = np.empty(frames)
    for first in range(0, frames, _BLOCK):
        block = slice(first, first + _BLOCK)
        spectrum = scipy.fft.rfft(views[starts[block]] * shape, fft_size, axis=1)
        power = (spectrum.real**2 + spectrum.imag**2) / np.sum(shape**2)
        level[block] = 10.0 * np.log10(np.maximum(power.mean(axis=1), 1e-14))
        logs = np.log(np.maximum(power @ filters, _FLOOR))
        cepstra[block] = scipy.fft.dct(logs, axis=1, norm="ortho")[:, :coefficients]
    return cepstra, level
