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
from tts.analysis.f0 import MAX_F0, MIN_F0, track_on
from tts.analysis.periodicity import PitchEvidence
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
    evidence = PitchEvidence(signal, grid, low, high)
    f0 = track_on(tracker, evidence)
    return np.where(voiced_on(evidence), interpolate_f0(f0), 0.0)


def voiced(signal: np.ndarray, grid: FrameGrid, low: float, high: float) -> np.ndarray:
    """Decide which frames of ``signal`` (samples,) are voiced, bool (frames,), by a speaker of ``low`` to ``high`` Hz."""
    return voiced_on(PitchEvidence(signal, grid, low, high))


def voiced_on(evidence: PitchEvidence) -> np.ndarray:
    """Return what :func:`voiced` does, on evidence that others use too."""
    grid, strength = evidence.grid, evidence.periodic.strongest(evidence.low, evidence.high)
    weight = np.minimum(
        (strength - PERIODICITY_THRESHOLD) / PERIODICITY_SCALE, (evidence.level - LEVEL_THRESHOLD) / LEVEL_SCALE
    )
    weight = np.clip(weight, -MAX_EVIDENCE, MAX_EVIDENCE) * (grid.shift_ms / 5.0)
    decision = two_state_path(weight, SWITCH_COST)
    decision = without_short_runs(decision, False, round(MIN_UNVOICED_MS / grid.shift_ms))
    return without_short_runs(decision, True, round(MIN_VOICED_MS / grid.shift_ms))


def two_state_path(evidence: np.ndarray, switch: float) -> np.ndarray:
    """Return the bool path (frames,) that maximises the sum of +-``evidence`` / 2 less ``switch`` a change of state."""
    # Only the difference of the two states' scores matters: a step limits it to what a change of state would bring.
    lead, leads = 0.0, []
    for value in evidence.tolist():
        leads.append(lead)
        lead = min(max(lead, -switch), switch) + value
    state, path = lead > 0.0, []
    for lead in reversed(leads):
        path.append(state)
        state = lead >= -switch if state else lead > switch
    return np.array(path[::-1], dtype=bool)


def without_short_runs(decision: np.ndarray, value: bool, shortest: int) -> np.ndarray:
    """Turn runs of ``value`` shorter than ``shortest`` frames into their opposite, except at the two ends."""
    edges = np.flatnonzero(np.diff(decision)) + 1
    result = decision.copy()
    for start, end in pairwise(edges):
        if decision[start] == value and end - start < shortest:
            result[start:end] = not value
    return result
