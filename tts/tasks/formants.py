"""Formants F1 to F4 (regression where they exist): one of the 2015 paper's four secondary tasks.

Frames without formants (silence, obstruents) are not learnt. ``maximum`` is the highest formant looked for, in Hz: about 5000
for men and 5500 for women.
"""

from __future__ import annotations

from tts.analysis.formants import formant_features
from tts.tasks.base import AudioFamily

FAMILY = AudioFamily(
    formant_features,
    lambda options: 4,
    {"maximum": 5000.0},
    masked=True,
    unit="Hz",
    labels=lambda inventory, options: ("F1", "F2", "F3", "F4"),
)
