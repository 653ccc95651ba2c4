"""Line spectral frequencies (regression): the poles of linear prediction, one of the 2015 paper's four secondary tasks."""

from __future__ import annotations

from tts.analysis.lsf import line_spectral_frequencies
from tts.tasks.base import AudioFamily

FAMILY = AudioFamily(
    line_spectral_frequencies,
    lambda options: int(options["order"]),
    {"order": 40, "window": 0.025, "pre_emphasis": 0.97},
    unit="radians",
)
