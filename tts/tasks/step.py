"""Spectro-temporal excitation pattern (regression): Cooke's rate map, one of the 2015 paper's four secondary tasks."""

from __future__ import annotations

from tts.analysis.gammatone import excitation_pattern, filterbank
from tts.tasks.base import AudioFamily

FAMILY = AudioFamily(
    excitation_pattern,
    lambda options: int(options["bands"]),
    {"bands": 55, "low": 80.0, "time_constant": 0.008},
    unit="dB",
    version=2,  # 2: envelopes at other rates, in single precision
    hertz=lambda options, rate: filterbank(rate, options["bands"], options["low"], None)[0],
)
