"""Which frames are voiced: one decision for every tracker, from periodicity and the level of the fundamental's band.

A tracker alone cannot be trusted: in the middle of voiceless obstruents DIO finds F0 in a fifth of the frames, Harvest in most.
Here a frame is voiced only where it is periodic *and* its low band is loud; a two-state Viterbi search turns this evidence
into runs, and runs too short to be spoken are removed. The result is smooth, so that a network can learn it.
"""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from tts.analysis.dynamics import interpolate_f0
from tts.analysis.f0 import MAX_F0, MIN_F0, track
from tts.analysis.periodicity import autocorrelation, low_band_level
from tts.frames import FrameGrid

LEVEL_THRESHOLD, LEVEL_SCALE = -20.0, 5.0  # dB below loud speech; dB a unit of evidence
PERIODICITY_THRESHOLD, PERIODICITY_SCALE = 0.33, 0.08
MAX_EVIDENCE = 2.0  # a unit is about one nat; one frame never outweighs its neighbours
SWITCH_COST = 3.0
MIN_UNVOICED_MS, MIN_VOICED_MS = 15.0, 25.0


def pitch(
    signal: np.ndarray, grid: FrameGrid, low: float = MIN_F0, high: float = MAX_F0, tracker: str = "combined"
) -> np.ndarray:
    """Return the F0 of every frame in Hz, float64 (frames,), 0 where :func:`voiced` says unvoiced."""
    f0 = track(tracker, signal, grid, low, high)
    return np.where(voiced(signal, grid, f0, low, high), interpolate_f0(f0), 0.0)


def voiced(signal: np.ndarray, grid: FrameGrid, f0: np.ndarray, low: float, high: float) -> np.ndarray:
    """Decide which frames are voiced, bool (frames,), given a tracker's F0 in Hz (0 where it found none)."""
    if not (f0 > 0).any():
        return np.zeros(len(f0), dtype=bool)
    strength = autocorrelation(signal, grid, low).at(interpolate_f0(f0))
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
