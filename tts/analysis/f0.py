"""F0 trackers behind one interface, and the range of a speaker's F0.

Every tracker is ``track(signal, grid, low, high)`` and returns the F0 of every frame in Hz, 0 where it finds none. What it
calls unvoiced is only its opinion: :mod:`tts.analysis.voicing` decides.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pyworld

from tts.analysis.periodicity import Autocorrelation, PitchEvidence
from tts.core.errors import TtsError, UsageError
from tts.core.grid import FrameGrid

MIN_F0, MAX_F0 = 50.0, 800.0
Tracker = Callable[[PitchEvidence], np.ndarray]

CANDIDATES = 8  # a frame
OCTAVE_COST = 0.02  # a candidate an octave lower must be this much more periodic: halved F0 is always as periodic
JUMP_COST = 0.7  # of one octave between neighbouring frames, at 5 ms
CLEAR = 0.55  # autocorrelation of a peak that is believed
SILENCE_LEVEL = -40.0  # dB below loud speech


def track(name: str, signal: np.ndarray, grid: FrameGrid, low: float = MIN_F0, high: float = MAX_F0) -> np.ndarray:
    """Track the F0 of ``signal`` (samples,) between ``low`` and ``high`` Hz with the tracker of that name.

    Returns float64 (frames,), 0 where no F0 is found. Raises :class:`UsageError` for an unknown name or a bad range.
    """
    return track_on(name, PitchEvidence(signal, grid, low, high))


def track_on(name: str, evidence: PitchEvidence) -> np.ndarray:
    """Return what :func:`track` does, on evidence that others use too."""
    if name not in TRACKERS:
        raise UsageError(f"f0_tracker {name!r} is not known; choose one of {', '.join(TRACKERS)}")
    check_range(evidence.low, evidence.high)
    return TRACKERS[name](evidence)


def check_range(low: float, high: float) -> None:
    """Raise :class:`UsageError` unless 50 <= ``low`` < ``high`` <= 800 Hz and they are half an octave apart."""
    if not (MIN_F0 <= low < high <= MAX_F0 and high >= 1.41 * low):
        raise UsageError(
            f"f0_range ({low:g}, {high:g}) must lie within {MIN_F0:g}..{MAX_F0:g} Hz and span half an octave or more"
        )


def dio(evidence: PitchEvidence) -> np.ndarray:
    """DIO (Morise et al. 2009) refined by StoneMask: fast, misses weak voicing."""
    signal, rate, shift = evidence.signal, evidence.grid.sample_rate, evidence.grid.shift_ms
    f0, times = pyworld.dio(signal, rate, f0_floor=evidence.low, f0_ceil=evidence.high, frame_period=shift)
    return pyworld.stonemask(signal, f0, times, rate)


def harvest(evidence: PitchEvidence) -> np.ndarray:
    """Harvest (Morise 2017) refined by StoneMask: smooth, slow, voices nearly everything."""
    signal, rate, shift = evidence.signal, evidence.grid.sample_rate, evidence.grid.shift_ms
    f0, times = pyworld.harvest(signal, rate, f0_floor=evidence.low, f0_ceil=evidence.high, frame_period=shift)
    return pyworld.stonemask(signal, f0, times, rate)


def combined(evidence: PitchEvidence) -> np.ndarray:
    """The best path through the peaks of the normalised autocorrelation, refined by StoneMask; 0 where it is no clear peak.

    Peaks and path are those of Boersma (1993), with two changes: there is no unvoiced state (voicing is decided elsewhere), and
    the cost of a jump fades with the level, so that the path starts afresh after a silence. Weak peaks, as at onsets and in
    voiced friction, are a quarter of an octave off too often; F0 there is better interpolated.
    """
    grid, low, high = evidence.grid, evidence.low, evidence.high
    periodic, level = evidence.periodic, evidence.level
    f0, strength = candidates(periodic, low, high)
    weight = np.clip((level - SILENCE_LEVEL) / 20.0, 0.0, 1.0)
    path = best_path(f0, strength * weight[:, None], weight * JUMP_COST * (5.0 / grid.shift_ms))
    rough = f0[np.arange(len(f0)), path]
    rough[(level < SILENCE_LEVEL) | (periodic.at(rough) < CLEAR)] = 0.0
    times = np.arange(len(rough)) * grid.shift
    fine = pyworld.stonemask(evidence.signal, rough, times, grid.sample_rate)
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
    cost = np.abs(octave[:-1, :, None] - octave[1:, None, :]) * np.minimum(jump[:-1], jump[1:])[:, None, None]
    score = strength[0]
    back = np.zeros(f0.shape, dtype=np.int64)
    for t, (moving, gain) in enumerate(zip(cost, strength[1:], strict=True), 1):
        moved = score[:, None] - moving
        moved.argmax(axis=0, out=back[t])
        score = moved.max(axis=0) + gain
    path = [int(score.argmax())]
    for before in back[:0:-1].tolist():
        path.append(before[path[-1]])
    return np.array(path[::-1], dtype=np.int64)


def reliable_f0(signal: np.ndarray, grid: FrameGrid) -> np.ndarray:
    """Return the F0 in Hz of the frames of ``signal`` that are loud and clearly periodic, float64 (n,), n may be 0.

    The first pass over a speaker whose range is unknown: everything from 50 to 800 Hz is searched.
    """
    evidence = PitchEvidence(signal, grid, MIN_F0, MAX_F0)
    f0 = track_on("combined", evidence)
    return f0[(f0 > 0) & (evidence.periodic.at(f0) > 0.85) & (evidence.level > -15.0)]


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
