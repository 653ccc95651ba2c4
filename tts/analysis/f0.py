"""F0 trackers behind one interface, and the range of a speaker's F0.

Every tracker is ``track(signal, grid, low, high)`` and returns the F0 of every frame in Hz, 0 where it finds none. What it
calls unvoiced is only its opinion: :mod:`tts.analysis.voicing` decides.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pyworld

from tts.analysis.periodicity import Autocorrelation, autocorrelation, low_band_level
from tts.core.errors import TtsError, UsageError
from tts.core.grid import FrameGrid

MIN_F0, MAX_F0 = 50.0, 800.0
Tracker = Callable[[np.ndarray, FrameGrid, float, float], np.ndarray]

CANDIDATES = 8  # a frame
OCTAVE_COST = 0.02  # a candidate an octave lower must be this much more periodic: halved F0 is always as periodic
JUMP_COST = 0.7  # of one octave between neighbouring frames, at 5 ms
CLEAR = 0.55  # autocorrelation of a peak that is believed
SILENCE_LEVEL = -40.0  # dB below loud speech


def track(name: str, signal: np.ndarray, grid: FrameGrid, low: float = MIN_F0, high: float = MAX_F0) -> np.ndarray:
    """Track the F0 of ``signal`` (samples,) between ``low`` and ``high`` Hz with the tracker of that name.

    Returns float64 (frames,), 0 where no F0 is found. Raises :class:`UsageError` for an unknown name or a bad range.
    """
    if name not in TRACKERS:
        raise UsageError(f"f0_tracker {name!r} is not known; choose one of {', '.join(TRACKERS)}")
    check_range(low, high)
    return TRACKERS[name](np.ascontiguousarray(signal, dtype=np.float64), grid, low, high)


def check_range(low: float, high: float) -> None:
    """Raise :class:`UsageError` unless 50 <= ``low`` < ``high`` <= 800 Hz and they are half an octave apart."""
    if not (MIN_F0 <= low < high <= MAX_F0 and high >= 1.41 * low):
        raise UsageError(
            f"f0_range ({low:g}, {high:g}) must lie within {MIN_F0:g}..{MAX_F0:g} Hz and span half an octave or more"
        )


def dio(signal: np.ndarray, grid: FrameGrid, low: float, high: float) -> np.ndarray:
    """DIO (Morise et al. 2009) refined by StoneMask: fast, misses weak voicing."""
    f0, times = pyworld.dio(signal, grid.sample_rate, f0_floor=low, f0_ceil=high, frame_period=grid.shift_ms)
    return pyworld.stonemask(signal, f0, times, grid.sample_rate)


def harvest(signal: np.ndarray, grid: FrameGrid, low: float, high: float) -> np.ndarray:
    """Harvest (Morise 2017) refined by StoneMask: smooth, slow, voices nearly everything."""
    f0, times = pyworld.harvest(signal, grid.sample_rate, f0_floor=low, f0_ceil=high, frame_period=grid.shift_ms)
    return pyworld.stonemask(signal, f0, times, grid.sample_rate)


def combined(signal: np.ndarray, grid: FrameGrid, low: float, high: float) -> np.ndarray:
    """The best path through the peaks of the normalised autocorrelation, refined by StoneMask; 0 where it is no clear peak.

    Peaks and path are those of Boersma (1993), with two changes: there is no unvoiced state (voicing is decided elsewhere), and
    the cost of a jump fades with the level, so that the path starts afresh after a silence. Weak peaks, as at onsets and in
    voiced friction, are a quarter of an octave off too often; F0 there is better interpolated.
    """
    periodic = autocorrelation(signal, grid, low)
    level = low_band_level(signal, grid, low, high)
    f0, strength = candidates(periodic, low, high)
    weight = np.clip((level - SILENCE_LEVEL) / 20.0, 0.0, 1.0)
    path = best_path(f0, strength * weight[:, None], weight * JUMP_COST * (5.0 / grid.shift_ms))
    rough = f0[np.arange(len(f0)), path]
    rough[(level < SILENCE_LEVEL) | (periodic.at(rough) < CLEAR)] = 0.0
    times = np.arange(len(rough)) * grid.shift
    fine = pyworld.stonemask(signal, rough, times, grid.sample_rate)
    # StoneMask follows the strongest partial near its start; beyond a semitone it has found something else
    trusted = (fine > 0) & (np.abs(fine - rough) < 0.06 * rough)
    return np.asarray(np.where(trusted, np.clip(fine, low, high), rough))


TRACKERS: dict[str, Tracker] = {"combined": combined, "dio": dio, "harvest": harvest}


def candidates(periodic: Autocorrelation, low: float, high: float) -> tuple[np.ndarray, np.ndarray]:
    """Return F0 in Hz and strength of the best peaks of every frame, both (frames, CANDIDATES).

    A peak's place and height are those of the parabola through it and its neighbours. Frames with fewer peaks are filled
    with candidates of strength -1.
    """
    values, rate = periodic.values, periodic.rate
    first, last = max(1, int(np.ceil(rate / high))), min(int(rate / low), values.shape[1] - 2)
    left, middle, right = values[:, first - 1 : last], values[:, first : last + 1], values[:, first + 1 : last + 2]
    curvature = left - 2.0 * middle + right
    peak = (middle > left) & (middle >= right) & (middle > 0.0)
    shift = np.divide(0.5 * (left - right), curvature, out=np.zeros_like(middle), where=peak)
    height = middle - 0.25 * (left - right) * shift
    f0 = np.clip(rate / (np.arange(first, last + 1) + shift), low, high)
    strength = np.where(peak, np.minimum(height, 1.0) - OCTAVE_COST * np.log2(high / f0), -1.0)
    best = np.argsort(-strength, axis=1, kind="stable")[:, :CANDIDATES]
    return np.take_along_axis(f0, best, 1), np.take_along_axis(strength, best, 1)


def best_path(f0: np.ndarray, strength: np.ndarray, jump: np.ndarray) -> np.ndarray:
    """Return the candidate of every frame, int64 (frames,), that maximises strength less ``jump`` (frames,) an octave moved."""
    octave = np.log2(f0)
    score = strength[0].copy()
    back = np.zeros(f0.shape, dtype=np.int64)
    columns = np.arange(f0.shape[1])
    for t in range(1, len(f0)):
        moved = score[:, None] - min(jump[t - 1], jump[t]) * np.abs(octave[t - 1][:, None] - octave[t])
        back[t] = moved.argmax(axis=0)
        score = moved[back[t], columns] + strength[t]
    path = np.zeros(len(f0), dtype=np.int64)
    path[-1] = int(score.argmax())
    for t in range(len(f0) - 1, 0, -1):
        path[t - 1] = back[t, path[t]]
    return path


def reliable_f0(signal: np.ndarray, grid: FrameGrid) -> np.ndarray:
    """Return the F0 in Hz of the frames of ``signal`` that are loud and clearly periodic, float64 (n,), n may be 0.

    The first pass over a speaker whose range is unknown: everything from 50 to 800 Hz is searched.
    """
    f0 = track("combined", signal, grid)
    strength = autocorrelation(signal, grid, MIN_F0).at(f0)
    level = low_band_level(signal, grid, MIN_F0, MAX_F0)
    return f0[(f0 > 0) & (strength > 0.85) & (level > -15.0)]


def find_f0_range(f0: np.ndarray) -> tuple[float, float]:
    """Return the range in whole Hz to search for a speaker, from reliable F0 values (n,) of many utterances.

    0.6 of the first quartile to twice the third, within 50..800 Hz. Quartiles, because the tails of a first pass hold its
    octave errors (after De Looze and Hirst 2008, with wider margins that leave room for creak and for emphasis). Raises
    :class:`TtsError` for fewer than 100 values.
    """
    if len(f0) < 100:
        raise TtsError(f"only {len(f0)} voiced frames were found, too few for an F0 range; give f0_range in the recipe")
    lower, upper = np.percentile(f0, [25, 75])
    low, high = max(MIN_F0, float(np.floor(0.6 * lower))), min(MAX_F0, float(np.ceil(2.0 * upper)))
    return low, high
