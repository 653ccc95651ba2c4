"""Gammatone spectrum (regression): the power in auditory bands, one of the 2015 paper's four secondary tasks."""

from __future__ import annotations

from tts.analysis.gammatone import filterbank, gammatone_spectrum
from tts.tasks.base import AudioFamily

FAMILY = AudioFamily(
    gammatone_spectrum,
    lambda options: int(options["bands"]),
    {"bands": 64, "low": 80.0, "window": 0.025},
    unit="dB",
    hertz=lambda options, rate: filterbank(rate, options["bands"], options["low"], None)[0],
)
