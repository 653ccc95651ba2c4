"""Prosody of a phone as a distribution: its length, the mean and slope of its log F0, its energy, and how much they may vary.

A sentence can be said in many ways, and a network that learns values learns their mean. The head of this task says a normal
distribution of the four together (:mod:`tts.core.normal_head`), so that a voice whose duration model learns it can be asked for
a take that varies (``temperature`` of a request, :mod:`tts.generation.variation`).
"""

from __future__ import annotations

import numpy as np

from tts.core.stream import Stream
from tts.tasks import phone_energy, phone_f0
from tts.tasks.base import TimedFamily, TimedUtterance

COLUMNS = ("log duration, log s", "mean F0, log Hz", "slope of F0, 60 semitones a second", "energy, nepers")


def label(spoken: TimedUtterance) -> np.ndarray:
    """Return the four values of every segment, as :data:`COLUMNS` names them, float32 (segments, 4)."""
    seconds = spoken.durations.sum(axis=1, keepdims=True) * spoken.grid.shift
    return np.concatenate([np.log(seconds), phone_f0.label(spoken), phone_energy.label(spoken)], axis=1, dtype=np.float32)


FAMILY = TimedFamily(
    label,
    lambda name, options: Stream(name, len(COLUMNS), kind="distribution"),
    labels=lambda inventory, options: COLUMNS,
    by_segment=True,
)
