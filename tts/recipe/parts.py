"""What a recipe says of the recordings, their text and their analysis."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from tts.frames import MAX_RATE, MIN_RATE, FrameGrid

MAIN_STREAMS = ("mcep", "lf0", "vuv", "bap")


class Part(BaseModel):
    """Base of every part of a recipe: frozen, and strict about keys."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class CorpusPart(Part):
    """Which recordings, and what may be done with them."""

    format: Literal["ljspeech", "espeak-demo"] = "ljspeech"
    root: str | None = None  # default: data/NAME; --corpus-root and TTS_CORPUS_ROOT come first
    speaker: str
    language: str = "en-us"
    licence: str = Field(min_length=1)
    source: str = ""
    text_column: Literal["auto", "raw", "normalised"] = "auto"
    exclude: str | None = None  # regular expression on utterance ids
    channel: Literal["only", "left", "right", "mix"] = "only"


class SplitPart(Part):
    """Rules for test, validation and train, evaluated in this order; see ``tts.corpora.splits``."""

    test: str | dict[str, Any]
    validation: str | dict[str, Any]
    train: str | dict[str, Any] = "rest"
    seed: int = 0


class TextPart(Part):
    """The front end."""

    engine: Literal["gruut", "espeak", "phones"] = "gruut"
    lexicon: str | None = None  # path relative to the recipe


class FramesPart(Part):
    """The frame grid; FFT size, warping and band count follow from it."""

    sample_rate: int = Field(ge=MIN_RATE, le=MAX_RATE)
    shift_ms: float = Field(5.0, ge=1.0, le=20.0)
    mcep_order: int = Field(59, ge=10, le=99)

    @property
    def grid(self) -> FrameGrid:
        """The grid these numbers describe."""
        return FrameGrid(self.sample_rate, self.shift_ms)


class AlignmentPart(Part):
    """How phone times are found. ``labels`` names a folder of label files (.lab or .TextGrid) to read instead."""

    states: int = Field(5, ge=1, le=9)
    train_on: Literal["train", "all"] = "train"  # train: the aligner never sees validation and test recordings
    labels: str | None = None


class AnalysisPart(Part):
    """F0 tracker and, where the automatic first pass is not wanted, its range in Hz."""

    f0_tracker: Literal["combined", "dio", "harvest"] = "combined"
    f0_range: tuple[float, float] | None = None

    @model_validator(mode="after")
    def _range(self) -> AnalysisPart:
        if self.f0_range is not None and not 50.0 <= self.f0_range[0] < self.f0_range[1] / 1.41 <= 800.0 / 1.41:
            raise ValueError("f0_range: expected [low, high] within 50..800 Hz, half an octave apart or more")
        return self


class GenerationPart(Part):
    """Defaults of the voice when it speaks."""

    post_filter: Literal["none", "cepstral", "variance"] = "cepstral"
    strength: float = Field(0.4, ge=0.0, le=1.0)
