"""Energy (regression): the level of the frame in decibels."""

from __future__ import annotations

from tts.analysis.energy import energy
from tts.tasks.base import AudioFamily

FAMILY = AudioFamily(energy, lambda options: 1, {"window": 0.025}, unit="dB")
