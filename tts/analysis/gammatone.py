"""Two pictures of speech through gammatone filters, the usual model of the cochlea.

A gammatone filter of order 4 centred at f has the impulse response ``t^3 exp(-2 pi b t) cos(2 pi f t)`` with bandwidth
``b = 1.019 ERB(f)``; but for its mirror image at -f, its frequency response is ``(1 + j (nu - f) / b)^-4`` (Patterson et
al. 1992). Centres are equally spaced on the ERB-rate scale ``21.4 log10(0.00437 f + 1)``, where
``ERB(f) = 24.7 (0.00437 f + 1)`` is the width of an auditory filter in Hz (Glasberg and Moore 1990).

* :func:`gammatone_spectrum`: power of each filter's output in a frame, from the frame's power spectrum.
* :func:`excitation_pattern`: how the excitation of each filter runs over time, smoothed as by a hair cell: Cooke's rate map,
  called spectro-temporal excitation pattern (STEP) by those who use it as a secondary target in synthesis.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from typing import Literal

import numpy as np
import scipy.fft
import scipy.signal

from tts.analysis.framing import decibels, hann, map_spectra, odd_length, usual_fft_size
from tts.core.errors import UsageError
from tts.core.grid import FrameGrid

ORDER = 4
_REACH = 5.0  # a filter is computed within this many bandwidths of its centre; it is 57 dB down there
_ENVELOPE_RATE = 2000.0  # samples a second of an envelope, at least: ten for a frame of 5 ms
_TAIL = 0.2  # seconds until the slowest filter has died out
_MOST_TOGETHER = 64  # frames that are a whole number of samples
_TOGETHER = 1 << 16  # samples of envelopes that are computed at once: they stay in cache


def erb(hertz: np.ndarray) -> np.ndarray:
    """Return the equivalent rectangular bandwidth in Hz of the auditory filter at ``hertz``."""
    return np.asarray(24.7 * (0.00437 * hertz + 1.0))


def erb_centres(bands: int, low: float, high: float) -> np.ndarray:
    """Return ``bands`` frequencies in Hz from ``low`` to ``high``, equally spaced in ERB-rate."""
    ends = 21.4 * np.log10(0.00437 * np.array([low, high]) + 1.0)
    return np.asarray((10.0 ** (np.linspace(ends[0], ends[1], bands) / 21.4) - 1.0) / 0.00437)


def filterbank(rate: int, bands: int, low: float, high: float | None) -> tuple[np.ndarray, np.ndarray]:
    """Return centres and bandwidths ``b`` in Hz; ``high`` is 0.9 of half the rate by default.

    Raises :class:`UsageError` for fewer than two bands or centres that are out of order or beyond half the rate.
    """
    top = 0.45 * rate if high is None else high
    if bands < 2:
        raise UsageError(f"gammatone filters: bands {bands} must be at least 2")
    if not 20.0 <= low < top < rate / 2.0:
        raise UsageError(f"gammatone filters: low {low:g} and high {top:g} Hz must satisfy 20 <= low < high < {rate / 2:g}")
    centres = erb_centres(bands, low, top)
    return centres, 1.019 * erb(centres)


def gammatone_spectrum(
    signal: np.ndarray,
    grid: FrameGrid,
    *,
    bands: int = 64,
    low: float = 80.0,
    high: float | None = None,
    window: float = 0.025,
) -> np.ndarray:
    """Return the power of each gammatone band in dB of full scale, float32 of shape (frames, bands), at least -100.

    ``signal`` is mono in -1..1; centres go from ``low`` to ``high`` Hz (see :func:`filterbank`); ``window`` is the length of
    the Hann window in seconds. A sine of amplitude 1 at a band's centre reads about -3 dB.
    """
    shape = hann(odd_length(grid, window))
    fft_size = usual_fft_size(grid, len(shape))
    weights = _power_weights(grid.sample_rate, fft_size, bands, low, high)
    return decibels(map_spectra(signal, grid, shape, fft_size, lambda power: power @ weights))


@lru_cache(maxsize=8)
def _power_weights(rate: int, fft_size: int, bands: int, low: float, high: float | None) -> np.ndarray:
    """Return (fft_size // 2 + 1, bands): by Parseval, the power behind each filter is this weighted sum over bins."""
    centres, widths = filterbank(rate, bands, low, high)
    bins = np.linspace(0.0, rate / 2.0, fft_size // 2 + 1)
    weights = (1.0 + ((bins[:, None] - centres) / widths) ** 2) ** -ORDER
    weights[1:-1] *= 2.0  # negative frequencies
    return np.asarray(weights / fft_size)


def excitation_pattern(
    signal: np.ndarray,
    grid: FrameGrid,
    *,
    bands: int = 55,
    low: float = 80.0,
    high: float | None = None,
    time_constant: float = 0.008,
    compression: Literal["decibel", "root"] = "decibel",
) -> np.ndarray:
    """Return the spectro-temporal excitation pattern (STEP, rate map), float32 of shape (frames, bands).

    ``signal`` is mono in -1..1; centres go from ``low`` to ``high`` Hz (see :func:`filterbank`). The envelope of each filter's
    output is smoothed by a leaky integrator of ``time_constant`` seconds and averaged over one frame shift around the frame's
    centre, giving an amplitude x, 1 for a sine of amplitude 1. ``compression`` is ``decibel``, ``20 log10 x`` floored at -100,
    or ``root``, ``x ** 0.3``. The delays of filter and integrator are taken out, so that a click is centred on its own frame
    in every band. Source: Cooke 1993; Brown and Cooke 1994.
    """
    if compression not in ("decibel", "root"):
        raise UsageError(f"excitation pattern: compression {compression!r} is neither 'decibel' nor 'root'")
    if not 0.0 < time_constant <= 0.1:
        raise UsageError(f"excitation pattern: time_constant {time_constant:g} is outside 0..0.1 s")
    rate, frames = grid.sample_rate, grid.frames(len(signal))
    centres, widths = filterbank(rate, bands, low, high)
    blocks, size = _circle(grid, len(signal))
    around = np.tile(scipy.fft.fft(np.asarray(signal, dtype=np.float64), size).astype(np.complex64), 3)
    reach = np.maximum(_REACH * widths, _ENVELOPE_RATE / 2.0)
    steps = np.array([_steps(2.0 * each * grid.shift) for each in reach])
    pattern = np.empty((bands, frames))
    for count in np.unique(steps).tolist():
        alike = np.flatnonzero(steps == count)
        for own in np.array_split(alike, -(-len(alike) // max(2, _TOGETHER // (blocks * count)))):
            filters = _Filters(centres[own], widths[own], reach[own])
            envelopes = _envelopes(around, rate, filters, blocks * count).reshape(len(own), blocks, count)
            pattern[own] = _leaky_means(envelopes, filters, grid, time_constant, frames)
    pattern = np.maximum(pattern.T, 0.0)
    return decibels(pattern**2) if compression == "decibel" else np.asarray(pattern**0.3, dtype=np.float32)


@dataclass(frozen=True)
class _Filters:
    """Some filters: their centres, bandwidths, and how far from the centre they are computed, in Hz, each (n,)."""

    centres: np.ndarray
    widths: np.ndarray
    reach: np.ndarray


def _circle(grid: FrameGrid, samples: int) -> tuple[int, int]:
    """Return a number of frames and one of samples, equally long, in which a signal has room, with silence to ring out behind.

    An FFT is circular. Where a frame is no whole number of samples, so many frames are taken that they are, or nearly: half a
    sample in the whole recording moves no frame.
    """
    hop = Fraction(grid.sample_rate) * Fraction(str(grid.shift_ms)) / 1000
    together = hop.denominator if hop.denominator <= _MOST_TOGETHER else 1
    least = samples + int(_TAIL * grid.sample_rate) + 2 * math.ceil(hop)
    blocks = together * scipy.fft.next_fast_len(math.ceil(least / (hop * together)))
    return blocks, round(blocks * hop)


def _steps(least: float) -> int:
    """Return how many samples of an envelope a frame has: at least so many, of few numbers, so that filters share it."""
    unit = 1 << max(0, math.ceil(math.log2(least)) - 3)
    return math.ceil(least / unit) * unit


def _envelopes(around: np.ndarray, rate: int, filters: _Filters, count: int) -> np.ndarray:
    """Return the envelopes of some filters' outputs, float32 (n, count), from the spectrum of the whole signal.

    The spectrum comes three times, one after the other, as complex64, so that bins beyond its ends are there too.
    Only the bins about the centres are filtered and transformed back, as complex signals about 0 Hz, so the cost follows
    the bandwidth. The magnitude of such a signal is the envelope. Single precision leaves a noise of some -135 dB of the
    loudest moment.
    """
    size = len(around) // 3
    first = np.round(filters.centres * size / rate).astype(np.int64) - (filters.reach * size / rate).astype(np.int64)
    step = rate / size / filters.widths
    away = np.multiply.outer(step.astype(np.float32), np.arange(count, dtype=np.float32))
    away += (step * first - filters.centres / filters.widths).astype(np.float32)[:, None]
    # 1 / (1 + j x) is (1 - j x) / (1 + x^2); twice squared it is the filter of order 4. Twice: the other half is mirrored.
    square = away * away
    scale = 1.0 + square
    np.divide(1.0, scale, out=scale)
    scale *= scale
    scale *= math.sqrt(2.0 * count / size)
    np.subtract(1.0, square, out=square)
    square *= scale
    away *= scale
    away *= 2.0
    response = np.empty(away.shape, dtype=np.complex64)
    np.multiply(square, away, out=response.imag)
    response.imag *= -2.0
    square *= square
    away *= away
    np.subtract(square, away, out=response.real)
    for row, start, reach in zip(response, (first + size).tolist(), filters.reach, strict=True):
        row *= around[start : start + count]
        row[2 * int(reach * size / rate) + 1 :] = 0.0
    output = scipy.fft.ifft(response, axis=1, overwrite_x=True)
    power = np.square(output.real)
    power += np.square(output.imag)
    return np.asarray(np.sqrt(power, out=power))


def _leaky_means(envelopes: np.ndarray, filters: _Filters, grid: FrameGrid, time_constant: float, frames: int) -> np.ndarray:
    """Return envelopes (n, blocks, samples) through a leaky integrator, averaged over every frame: (n, frames).

    A frame reaches from half a shift before its centre to half a shift behind it; the delays of filter and integrator are
    taken out. Sample i of an envelope holds from i - 1/2 to i + 1/2.
    """
    steps = envelopes.shape[2]
    rate = steps / grid.shift
    leak = math.exp(-1.0 / (rate * time_constant))
    delay = ORDER / (2.0 * np.pi * filters.widths) * rate + leak / (1.0 - leak)
    # The first frame begins at this sample; so frames are blocks of samples that begin within blocks of the envelope.
    begin = delay + 0.5 - 0.5 * steps
    whole = np.floor(begin)
    share, block = (begin - whole)[:, None], np.floor(whole / steps).astype(np.int64)
    offset = whole.astype(np.int64) - block * steps
    sums = envelopes @ _leaky_weights(tuple(offset.tolist()), steps, leak)
    here, ahead, here_leaked, ahead_leaked = np.moveaxis(sums.astype(np.float64), 2, 0)
    total, leaked = ahead.copy(), ahead_leaked.copy()
    total[:, 1:] += here[:, :-1]
    leaked[:, 1:] += here_leaked[:, :-1]
    last = scipy.signal.lfilter([1.0], [1.0, -(leak**steps)], leaked, axis=1)
    first = np.take_along_axis(envelopes, offset[:, None, None], axis=2)[:, :, 0]
    risen, changed = np.diff(last, axis=1, prepend=0.0), np.diff(first, axis=1, prepend=0.0)
    means = total - leak / (1.0 - leak) * risen + share * (leak * risen + (1.0 - leak) * changed)
    return np.asarray(np.take_along_axis(means, block[:, None] + 1 + np.arange(frames), axis=1) / steps)


@lru_cache(maxsize=64)
def _leaky_weights(offsets: tuple[int, ...], steps: int, leak: float) -> np.ndarray:
    """Return what a block of an envelope's samples is multiplied with, float32 (n, steps, 4).

    With y the integrator's output, the sum of y is the sum of its input less y leak / (1 - leak). So of a frame only the sum of
    the input, the last y, and the first sample of the next (for the share of it that belongs here) are needed. Frames begin
    ``offsets`` into the blocks: the first two columns sum what belongs to the frame that begins here and to the one before,
    the others do so with what is left of each sample at the end of the frame.
    """
    at, start = np.arange(steps), np.array(offsets)[:, None]
    behind = at >= start
    weights = np.stack(
        [
            np.where(behind, 1.0, 0.0),
            np.where(behind, 0.0, 1.0),
            np.where(behind, (1.0 - leak) * leak ** (steps - 1 - at + start), 0.0),
            np.where(behind, 0.0, (1.0 - leak) * leak ** np.maximum(start - 1 - at, 0)),
        ],
        axis=2,
    ).astype(np.float32)
    weights.setflags(write=False)
    return weights
