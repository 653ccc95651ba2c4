"""Mel spectrum (regression): the smoothed spectrum on the mel scale, without the vocoder's envelope estimation."""

from __future__ import annotations

from tts.analysis.mel import mel_centres, mel_spectrum
from tts.tasks.base import AudioFamily

FAMILY = AudioFamily(
    mel_spectrum,
    lambda options: int(options["bands"]),
    {"bands": 60, "low": 50.0, "window": 0.025},
    unit="dB",
    hertz=lambda options, rate: mel_centres(options["bands"], options["low"], rate / 2.0),
)
