"""The part of a recipe that says how recordings are cleaned; nothing is done that is not asked for."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from tts.core.loudness import PEAK_LIMIT, TARGET
from tts.recipe.base import Part


class CleaningPart(Part):
    """Cleaning of the recordings: into files of their own in the prepared folder, never in place. All of it is off."""

    high_pass_hz: Annotated[float, Field(ge=10.0, le=200.0)] | None = Field(
        None,
        description="Takes away a constant part and hum below this frequency in Hz (-6 dB there, no delay). Take it well below "
        "the lowest F0. Default: off.",
        examples=[60],
    )
    trim_ms: Annotated[float, Field(ge=20.0, le=5000.0)] | None = Field(
        None,
        description="Silence before and after speech is cut to this many milliseconds where it is longer. Default: off.",
        examples=[200],
    )
    loudness: Literal["off", "file", "speaker"] = Field(
        "off",
        description="Evens levels out: `file` brings every recording to `loudness_target`, `speaker` all of a speaker's "
        "recordings by one gain, so that they differ as they did.",
        examples=["speaker"],
    )
    loudness_target: float = Field(
        TARGET, ge=-40.0, le=-10.0, description="Loudness in LUFS (ITU-R BS.1770-4) that `loudness` goes to.", examples=[-20]
    )
    peak_limit: float = Field(
        PEAK_LIMIT,
        ge=-20.0,
        le=0.0,
        description="True peak in dB of full scale that `loudness` does not go beyond: a gain is as much smaller as is needed.",
        examples=[-3],
    )

    @property
    def changes_anything(self) -> bool:
        """Whether any recording is changed."""
        return self.high_pass_hz is not None or self.trim_ms is not None or self.loudness != "off"
