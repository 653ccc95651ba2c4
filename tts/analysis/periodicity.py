"""How periodic every frame is, and how strong its fundamental: the evidence that F0 and voicing are decided on.

The autocorrelation follows Boersma (1993), "Accurate short-term analysis of the fundamental frequency and the
harmonics-to-noise ratio of a sampled sound": a window's autocorrelation divided by that of the window itself, so that the
peak at the period of a perfectly periodic frame is 1, at any lag.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from tts.core.grid import FrameGrid

TARGET_RATE = 8000.0  # Hz; harmonics above 4 kHz are too noisy to tell the period
PERIODS = 3.0  # of the lowest F0 in a window
LEVEL_WINDOW = 0.030  # seconds
_BLOCK = 128  # frames transformed at once: they stay in cache, and the memory of long recordings is bounded


@dataclass(frozen=True)
class Autocorrelation:
    """Normalised autocorrelation, float64 (frames, lags), at lags of 0, 1, 2, ... samples at ``rate`` Hz."""

    values: np.ndarray
    rate: float

    def at(self, f0: np.ndarray, tolerance: float = 0.05) -> np.ndarray:
        """Return the largest value within ``tolerance`` of the period of ``f0`` in Hz (frames,); 0 where ``f0`` is 0."""
        voiced = f0 > 0
        lag = self.rate / np.where(voiced, f0, self.rate)
        best = np.full(len(f0), -1.0)
        for scale in np.linspace(1.0 - tolerance, 1.0 + tolerance, 9):
            best = np.maximum(best, self._interpolate(lag * scale))
        return np.where(voiced, best, 0.0)

    def strongest(self, low: float, high: float) -> np.ndarray:
        """Return the largest value at a period of ``low`` to ``high`` Hz (frames,)."""
        return np.asarray(self.values[:, int(self.rate / high) : int(self.rate / low) + 2].max(axis=1))

    def _interpolate(self, lag: np.ndarray) -> np.ndarray:
        lag = np.clip(lag, 0.0, self.values.shape[1] - 1.001)
        left = lag.astype(np.int64)
        row = np.arange(len(lag))
        share = lag - left
        value: np.ndarray = (1.0 - share) * self.values[row, left] + share * self.values[row, left + 1]
        return value


class PitchEvidence:
    """What F0 and voicing of a recording are decided on; each part is computed once, when it is first asked for.

    ``signal`` is float64 (samples,); F0 is looked for from ``low`` to ``high`` Hz.
    """

    def __init__(self, signal: np.ndarray, grid: FrameGrid, low: float, high: float) -> None:
        self.signal = np.ascontiguousarray(signal, dtype=np.float64)
        self.grid, self.low, self.high = grid, low, high

    @cached_property
    def periodic(self) -> Autocorrelation:
        """How periodic every frame is (:func:`autocorrelation`)."""
        return autocorrelation(self.signal, self.grid, self.low)

    @cached_property
    def level(self) -> np.ndarray:
        """How loud the band of the fundamental is (:func:`low_band_level`)."""
        return low_band_level(self.signal, self.grid, self.low, self.high)


def autocorrelation(signal: np.ndarray, grid: FrameGrid, low: float) -> Autocorrelation:
    """Return the normalised autocorrelation of every frame of ``signal`` for lags up to the period of ``low`` Hz.

    The signal is taken down to about 8 kHz first; a frame is a Hann window of three periods of ``low``.
    """
    from scipy.signal import resample_poly  # slow to import, and speaking, which shares what this module imports, needs none

    down = max(1, round(grid.sample_rate / TARGET_RATE))
    rate = grid.sample_rate / down
    frames = grid.frames(len(signal))
    half = round(PERIODS * rate / low / 2)
    size = 2 * half + 1
    lags = int(rate / low) + 3
    fft = 1 << (size + lags - 1).bit_length()

    window = np.hanning(size + 2)[1:-1]
    envelope = np.fft.irfft(np.abs(np.fft.rfft(window, fft)) ** 2, fft)[:lags]
    envelope /= envelope[0]

    centres = np.round(np.arange(frames) * (grid.shift * rate)).astype(np.int64)
    quiet = resample_poly(signal, 1, down) if down > 1 else signal
    padded = np.zeros(max(len(quiet), centres[-1] + 1) + 2 * half)
    padded[half : half + len(quiet)] = quiet
    padded = _filtered(padded, rate, 0.7 * low, None)
    view = np.lib.stride_tricks.sliding_window_view(padded, size)

    values = np.zeros((frames, lags))
    for start in range(0, frames, _BLOCK):
        part = view[centres[start : start + _BLOCK]]
        spectrum = np.fft.rfft((part - part.mean(axis=1, keepdims=True)) * window, fft)
        raw = np.fft.irfft(spectrum.real**2 + spectrum.imag**2, fft)[:, :lags]
        power = raw[:, :1]
        np.divide(raw, power * envelope, out=values[start : start + _BLOCK], where=power > 1e-12)
    return Autocorrelation(values, rate)


def low_band_level(signal: np.ndarray, grid: FrameGrid, low: float, high: float) -> np.ndarray:
    """Return the level in dB of the band that holds the fundamental, relative to loud speech in the recording (frames,).

    Vocal folds fill the band from ``low`` to 1.5 ``high`` Hz (at least 600), friction and bursts hardly do. The reference,
    0 dB, is the 95th percentile of the frames within 40 dB of the loudest. Digital silence is -100 throughout.
    """
    frames = grid.frames(len(signal))
    half = round(LEVEL_WINDOW * grid.sample_rate / 2)
    window = np.hanning(2 * half + 3)[1:-1]
    centres = grid.centres(frames)
    padded = np.zeros(max(len(signal), centres[-1] + 1) + 2 * half)
    padded[half : half + len(signal)] = signal
    band = _filtered(padded, grid.sample_rate, 0.8 * low, max(600.0, 1.5 * high))
    frames_of_band = np.lib.stride_tricks.sliding_window_view(band, len(window))
    weights = window / window.sum()
    energy = np.concatenate([frames_of_band[at] ** 2 @ weights for at in np.array_split(centres, -(-frames // _BLOCK))])
    level = 10.0 * np.log10(np.maximum(energy, 1e-14))
    if level.max() <= -139.0:
        return np.full(frames, -100.0)
    relative: np.ndarray = level - np.percentile(level[level >= level.max() - 40.0], 95)
    return relative


def _filtered(signal: np.ndarray, rate: float, low: float, high: float | None) -> np.ndarray:
    """Keep ``low`` to ``high`` Hz without delay (second order Butterworth, run both ways)."""
    from scipy.signal import butter, sosfiltfilt

    if high is None:
        sections = butter(2, low, "highpass", fs=rate, output="sos")
    else:
        sections = butter(2, (low, high), "bandpass", fs=rate, output="sos")
    filtered: np.ndarray = sosfiltfilt(sections, signal, padlen=min(len(signal) - 1, 3 * (2 * len(sections) + 1)))
    return filtered
