"""Formants: the tracks of the four lowest resonances of the vocal tract.

Each voiced frame gives candidates, the poles of a linear prediction below ``maximum`` (the spectrum above it is left
out, which is selective linear prediction: Makhoul 1975). A Viterbi search over the utterance then says which candidate is
which formant, weighing narrow poles, usual frequencies and continuity (after Talkin 1987).
"""

from __future__ import annotations

import itertools
from functools import lru_cache

import numpy as np
import scipy.fft

from tts.analysis.framing import POWER_FLOOR, correlation_matrix, hann, map_frames, odd_length, power_spectrum
from tts.analysis.lsf import levinson
from tts.core.errors import UsageError
from tts.core.grid import FrameGrid

COUNT = 4
_ORDER = 10  # five poles: the formants below the maximum
_STATES = np.array(list(itertools.combinations(range(_ORDER // 2), COUNT)))  # which candidates are F1 to F4: (5, 4)
_BLOCK = 256  # frames whose moves are known at once
_EMPHASIS_FROM = 50.0  # Hz from which the spectrum is raised by 6 dB an octave
_PITCH_RANGE = (60.0, 500.0)  # Hz
_WINDOW = 0.05  # seconds, three periods of the lowest pitch; a Hann window's effective length is half of that
_PITCH_BAND = 2000.0  # Hz: periodicity is looked for below
_PERIODIC = 0.6  # voiced frames correlate at least so well with themselves one period later
_BELOW_LOUD = 25.0  # dB that voiced frames may lie below the loud frames of the utterance

# What a choice of poles costs: per formant, for a bandwidth of 1 kHz, for lying an octave from the usual frequency, and for
# moving by an octave within 10 ms. A frame may be left out at a price, up to so many in a row.
_WIDE, _UNUSUAL, _JUMP = 1.0, 2.0, 6.0
_SKIP, _REACH = 7.0, 10


def formant_features(signal: np.ndarray, grid: FrameGrid, *, maximum: float = 5000.0) -> np.ndarray:
    """Return float32 of shape (frames, 5): F1 to F4 in Hz and their validity, 0 or 1 (see :func:`formants`)."""
    return np.concatenate(formants(signal, grid, maximum=maximum), axis=1)


def formants(signal: np.ndarray, grid: FrameGrid, *, maximum: float = 5000.0) -> tuple[np.ndarray, np.ndarray]:
    """Return the tracks of F1 to F4 in Hz, float32 (frames, 4), and whether a frame is valid, float32 (frames, 1) of 0 and 1.

    ``signal`` is mono in -1..1. ``maximum`` is the frequency in Hz below which five formants are expected: 5000 for most men,
    5500 for most women, up to 8000 for children. Valid frames are voiced, by a measure of this module's own, and fit a track;
    elsewhere the tracks are interpolated linearly, and held at the ends. Where no frame is valid the tracks are those of a
    neutral vowel. Raises :class:`UsageError` for a maximum outside 3500 to 8000 Hz or beyond half the rate.
    """
    if not 3500.0 <= maximum <= min(8000.0, grid.sample_rate / 2.0):
        raise UsageError(f"formants: maximum {maximum:g} is outside 3500..{min(8000.0, grid.sample_rate / 2):g} Hz")
    correlation, rate, level, periodicity = _analyse(signal, grid, maximum)
    loud = np.percentile(level, 95.0)
    voiced = (periodicity >= _PERIODIC) & (level > loud - _BELOW_LOUD) & (level > 10.0 * np.log10(POWER_FLOOR))
    usual = maximum * (2.0 * np.arange(COUNT) + 1.0) / 10.0  # a tube closed at one end
    frequency, bandwidth = poles(levinson(correlation[voiced])[0], rate)
    enough = np.isfinite(frequency[:, COUNT - 1])
    at = np.flatnonzero(voiced)[enough]
    tracks = np.tile(usual, (len(level), 1))
    if len(at):
        kept, chosen = track(frequency[enough], bandwidth[enough], at * grid.shift, usual)
        at = at[kept]
        for k in range(COUNT):
            tracks[:, k] = np.interp(np.arange(len(level)), at, chosen[:, k])
    mask = np.zeros((len(level), 1), dtype=np.float32)
    mask[at] = 1.0
    return tracks.astype(np.float32), mask


def _analyse(signal: np.ndarray, grid: FrameGrid, maximum: float) -> tuple[np.ndarray, float, np.ndarray, np.ndarray]:
    """Look at every frame below ``maximum``.

    Returns the pre-emphasised autocorrelation (frames, order + 1), the sample rate it is at, the level in dB (frames,) and the
    periodicity, about 1 for a steady vowel and 0 for noise (frames,).
    """
    shape = hann(odd_length(grid, _WINDOW))
    fft_size = scipy.fft.next_fast_len(len(shape) + round(grid.sample_rate / _PITCH_RANGE[0]), real=True)
    bins = round(maximum * fft_size / grid.sample_rate) + 1
    size, rate = 2 * (bins - 1), 2.0 * (bins - 1) * grid.sample_rate / fft_size
    frequency = np.arange(bins) * rate / size
    pole = np.exp(-2.0 * np.pi * _EMPHASIS_FROM / rate)
    emphasis = 1.0 + pole**2 - 2.0 * pole * np.cos(2.0 * np.pi * frequency / rate)
    low = np.cos(0.5 * np.pi * np.minimum(frequency / _PITCH_BAND, 1.0)) ** 2
    low[frequency < 0.5 * _PITCH_RANGE[0]] = 0.0  # rumble
    lags = np.arange(int(rate / _PITCH_RANGE[1]), int(rate / _PITCH_RANGE[0]) + 1)
    to_raised = emphasis[:, None] * correlation_matrix(bins, _ORDER + 1, size)
    audible = np.flatnonzero(low)
    some = slice(int(audible[0]), int(audible[-1]) + 1)
    to_smooth = low[some, None] * correlation_matrix(bins, int(lags[-1]) + 2, size)[some]
    # A windowed period correlates less the longer it is; dividing by the window's own correlation undoes that (Boersma 1993).
    own = scipy.fft.irfft(power_spectrum(shape[None], shape, fft_size)[:, :bins], size, axis=1)[0]
    own = own[lags] / own[0]

    def look(frames: np.ndarray) -> np.ndarray:
        power = power_spectrum(frames, shape, fft_size)[:, :bins]
        raised = power @ to_raised
        raised[:, 0] += 1e-9 * raised[:, 0] + POWER_FLOOR
        smooth = power[:, some] @ to_smooth
        level = np.maximum(smooth[:, 0], POWER_FLOOR)
        peak = (smooth[:, lags] >= smooth[:, lags - 1]) & (smooth[:, lags] >= smooth[:, lags + 1])
        periodicity = np.max(np.where(peak, smooth[:, lags] / own, 0.0), axis=1) / level
        return np.column_stack([raised, 10.0 * np.log10(level), periodicity])

    result = map_frames(signal, grid, shape, look)
    return result[:, :-2], rate, result[:, -2], result[:, -1]


def poles(polynomial: np.ndarray, rate: float) -> tuple[np.ndarray, np.ndarray]:
    """Return frequencies and bandwidths in Hz of the complex poles of ``1 / A(z)``, by rising frequency.

    ``polynomial`` is (rows, p + 1) with first coefficient 1; both results are (rows, p // 2), infinite where a row has fewer.
    """
    order = polynomial.shape[1] - 1
    companion = np.zeros((len(polynomial), order, order))
    companion[:, 0] = -polynomial[:, 1:]
    companion[:, np.arange(1, order), np.arange(order - 1)] = 1.0
    roots = np.linalg.eigvals(companion).astype(np.complex128)
    upper = roots.imag > 0.0
    frequency = np.where(upper, np.angle(roots) * rate / (2.0 * np.pi), np.inf)
    bandwidth = np.where(upper, -np.log(np.maximum(np.abs(roots), 1e-12)) * rate / np.pi, np.inf)
    ranks = np.argsort(frequency, axis=1)[:, : order // 2]
    return np.take_along_axis(frequency, ranks, axis=1), np.take_along_axis(bandwidth, ranks, axis=1)


def track(frequency: np.ndarray, bandwidth: np.ndarray, times: np.ndarray, usual: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Choose F1 to F4 among the poles by the least total cost; frames that fit nowhere are left out.

    ``frequency`` and ``bandwidth`` are (frames, 5) in Hz, infinite for a pole that is missing, at least four a frame; ``times``
    are the frames' times in seconds, ``usual`` the frequencies expected of F1 to F4. The further apart two frames are in time,
    the freer the formants are to have moved. Returns the frames kept, increasing, and their formants (kept, 4) in Hz.
    """
    count = len(frequency)
    options = frequency[:, _STATES]  # (frames, states, 4)
    present = np.isfinite(options)
    logs = np.log2(np.where(present, options, 1.0))
    cost = (_WIDE * bandwidth[:, _STATES] / 1000.0 + _UNUSUAL * np.abs(logs - np.log2(usual))).sum(axis=2)
    states = len(_STATES)
    # Of all paths that end in a state of a frame; before the first lie frames that no path comes from.
    led = np.concatenate([np.full((_REACH, states), np.inf), cost + np.arange(count)[:, None] * _SKIP])
    best, every = led[_REACH:], led.ravel()
    came_from = np.full(cost.shape, -1)  # frame * states + state before it; -1 where the path starts
    through = np.empty((states, _REACH * states))
    for block in range(1, count, _BLOCK):
        moves = _moves(frequency, times, block, min(block + _BLOCK, count))
        for t, (moving, here) in enumerate(zip(moves, cost[block:], strict=False), block):
            np.add(every[t * states : (t + _REACH) * states], moving, out=through)
            total = through.min(axis=1) + here
            better = total < best[t]
            if better.any():
                came_from[t, better] = through.argmin(axis=1)[better] + (t - _REACH) * states
                best[t, better] = total[better]
    at = int((best + (count - 1 - np.arange(count))[:, None] * _SKIP).argmin())
    path = []
    while at >= 0:
        path.append(at)
        at = int(came_from.flat[at])
    kept, state = np.divmod(np.array(path[::-1]), len(_STATES))
    return kept, options[kept, state]


def _moves(frequency: np.ndarray, times: np.ndarray, first: int, last: int) -> np.ndarray:
    """Return what it costs to come to each state of frames ``first`` to ``last``, which is left out, from those before.

    Of shape (frames, states, ``_REACH`` * states), earlier frames first, those between left out at their price. Where there
    are fewer earlier frames, or a pole is missing, what is said has no meaning.
    """
    logs = np.log2(np.where(np.isfinite(frequency), frequency, 1.0))
    at = np.arange(first, last)
    moves = np.empty((len(at), len(_STATES), _REACH, len(_STATES)))
    for back in range(1, _REACH + 1):
        before = np.maximum(at - back, 0)
        apart = np.abs(logs[at][:, :, None] - logs[before][:, None, :]).reshape(len(at), -1)  # of every pair of poles
        firmness = _JUMP * np.minimum(1.0, 0.01 / np.where(at > before, times[at] - times[before], 1.0))
        cost = (apart @ _pairs()).reshape(len(at), len(_STATES), len(_STATES)) * firmness[:, None, None]
        moves[:, :, _REACH - back] = cost + _SKIP * (back - 1)
    return moves.reshape(len(at), len(_STATES), -1)


@lru_cache(maxsize=1)
def _pairs() -> np.ndarray:
    """Return which pairs of poles two states take for the same formant: 0 and 1, (pairs of poles, pairs of states)."""
    poles, states = _ORDER // 2, len(_STATES)
    pairs = np.zeros((poles, poles, states, states))
    for now, before in itertools.product(range(states), repeat=2):
        pairs[_STATES[now], _STATES[before], now, before] = 1.0
    return pairs.reshape(poles**2, states**2)
