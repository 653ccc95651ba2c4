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

from functools import lru_cache
from typing import Literal

import numpy as np
import scipy.fft
import scipy.signal

from tts.analysis.framing import decibels, hann, map_frames, odd_length, power_spectrum
from tts.core.errors import UsageError
from tts.core.grid import FrameGrid

ORDER = 4
_REACH = 5.0  # a filter is computed within this many bandwidths of its centre; it is 57 dB down there
_ENVELOPE_RATE = 2000.0  # samples a second of an envelope, at least: ten for a frame of 5 ms
_TAIL = 0.2  # seconds until the slowest filter has died out


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
    fft_size = max(grid.fft_size, 1 << (len(shape) - 1).bit_length())
    weights = _power_weights(grid.sample_rate, fft_size, bands, low, high)
    return decibels(map_frames(signal, grid, shape, lambda frames: power_spectrum(frames, shape, fft_size) @ weights))


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
    # An FFT is circular: silence is added for the filters to ring out before they come round.
    size = scipy.fft.next_fast_len(len(signal) + int(_TAIL * rate))
    spectrum = scipy.fft.fft(np.asarray(signal, dtype=np.float64), size)
    edges = (np.arange(frames + 1) - 0.5) * grid.shift
    pattern = np.empty((frames, bands))
    for band, (centre, width) in enumerate(zip(centres, widths, strict=True)):
        envelope, envelope_rate = _envelope(spectrum, size, rate, centre, width)
        leak = np.exp(-1.0 / (envelope_rate * time_constant))
        smooth = scipy.signal.lfilter([1.0 - leak], [1.0, -leak], envelope)
        total = np.concatenate([[0.0], np.cumsum(smooth)])
        # Sample i of the envelope holds from i - 1/2 to i + 1/2, so the integral up to time t is total at t * rate + 1/2.
        delay = ORDER / (2.0 * np.pi * width) * envelope_rate + leak / (1.0 - leak)
        at = np.interp(edges * envelope_rate + delay + 0.5, np.arange(len(total)), total)
        pattern[:, band] = np.diff(at) / (grid.shift * envelope_rate)
    np.maximum(pattern, 0.0, out=pattern)
    return decibels(pattern**2) if compression == "decibel" else np.asarray(pattern**0.3, dtype=np.float32)


def _envelope(spectrum: np.ndarray, size: int, rate: int, centre: float, width: float) -> tuple[np.ndarray, float]:
    """Return the envelope of one filter's output and its sample rate, from the spectrum of the whole signal.

    Only the bins about the centre are filtered and transformed back, as a complex signal about 0 Hz, so the cost follows
    the bandwidth. The magnitude of that signal is the envelope.
    """
    reach = max(_REACH * width, _ENVELOPE_RATE / 2.0)
    middle, half = round(centre * size / rate), int(reach * size / rate)
    bins = np.arange(middle - half, middle + half + 1)
    square = (1.0 + 1j * (bins * (rate / size) - centre) / width) ** 2
    count = scipy.fft.next_fast_len(len(bins))
    shifted = np.zeros(count, dtype=np.complex128)
    shifted[: len(bins)] = spectrum[bins % size] * (2.0 / (square * square))  # twice: the other half is at -centre
    output = scipy.fft.ifft(shifted, overwrite_x=True)
    return np.sqrt(output.real**2 + output.imag**2) * (count / size), count * rate / size
