"""Which frames are voiced: one decision, the same for every tracker, from periodicity and the level of the fundamental's band.

A tracker alone cannot be trusted: in the middle of voiceless obstruents DIO finds F0 in a fifth of the frames, Harvest in most.
Here a frame is voiced where it is periodic *and* its low band is loud. The second is what tells voice from friction, the first
keeps loud noise out. A two-state Viterbi search turns the evidence into runs, and runs too short to be spoken are
removed: the result is smooth, so that a network can learn it.
"""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from tts.analysis.dynamics import interpolate_f0
from tts.analysis.f0 import MAX_F0, MIN_F0, track
from tts.analysis.periodicity import autocorrelation, low_band_level
from tts.core.grid import FrameGrid

LEVEL_THRESHOLD, LEVEL_SCALE = -20.0, 5.0  # dB below loud speech; dB a unit of evidence
PERIODICITY_THRESHOLD, PERIODICITY_SCALE = 0.33, 0.08  # white noise reaches 0.3 in one frame of twenty
MAX_EVIDENCE = 2.0  # a unit is about one nat; one frame never outweighs its neighbours
SWITCH_COST = 3.0
MIN_UNVOICED_MS, MIN_VOICED_MS = 15.0, 25.0


def pitch(
    signal: np.ndarray, grid: FrameGrid, low: float = MIN_F0, high: float = MAX_F0, tracker: str = "combined"
) -> np.ndarray:
    """Return the F0 of every frame in Hz, float64 (frames,), 0 where unvoiced.

    :func:`voiced` decides; where the tracker found nothing in a voiced frame, its neighbours are interpolated.
    """
    f0 = track(tracker, signal, grid, low, high)
    return np.where(voiced(signal, grid, low, high), interpolate_f0(f0), 0.0)


def voiced(signal: np.ndarray, grid: FrameGrid, low: float, high: float) -> np.ndarray:
    """Decide which frames of ``signal`` (samples,) are voiced, bool (frames,), by a speaker of ``low`` to ``high`` Hz."""
    strength = autocorrelation(signal, grid, low).strongest(low, high)
    level = low_band_level(signal, grid, low, high)
    evidence = np.minimum((strength - PERIODICITY_THRESHOLD) / PERIODICITY_SCALE, (level - LEVEL_THRESHOLD) / LEVEL_SCALE)
    evidence = np.clip(evidence, -MAX_EVIDENCE, MAX_EVIDENCE) * (grid.shift_ms / 5.0)
    decision = two_state_path(evidence, SWITCH_COST)
    decision = without_short_runs(decision, False, round(MIN_UNVOICED_MS / grid.shift_ms))
    return without_short_runs(decision, True, round(MIN_VOICED_MS / grid.shift_ms))


def two_state_path(evidence: np.ndarray, switch: float) -> np.ndarray:
    """Return the bool path (frames,) that maximises the sum of +-``evidence`` / 2 less ``switch`` a change of state."""
    score, half = np.zeros(2), np.array([-0.5, 0.5])
    stay = np.zeros((len(evidence), 2), dtype=bool)
    for t, value in enumerate(evidence):
        stay[t] = score >= score[::-1] - switch
        score = np.maximum(score, score[::-1] - switch) + value * half
    path = np.zeros(len(evidence), dtype=bool)
    state = int(score[1] > score[0])
    for t in range(len(evidence) - 1, -1, -1):
        path[t] = bool(state)
        state = state if stay[t, state] else 1 - state
    return path


def without_short_runs(decision: np.ndarray, value: bool, shortest: int) -> np.ndarray:
    """Turn runs of ``value`` shorter than ``shortest`` frames into their opposite, except at the two ends."""
    edges = np.flatnonzero(np.diff(decision)) + 1
    result = decision.copy()
    for start, end in pairwise(edges):
        if decision[start] == value and end - start < shortest:
            result[start:end] = not value
    return result
