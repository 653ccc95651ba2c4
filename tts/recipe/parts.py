"""What a recipe says of the recordings, their text and their analysis."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from tts.core.grid import MAX_RATE, MIN_RATE, FrameGrid

MAIN_STREAMS = ("mcep", "lf0", "vuv", "bap")


class Part(BaseModel):
    """Base of every part of a recipe: frozen, and strict about keys."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class SpeakerPart(Part):
    """One of several speakers: where the recordings are, and what differs from the corpus's own keys."""

    folder: str | None = None  # within the corpus's root, or absolute; default: the speaker's name
    text_column: Literal["auto", "raw", "normalised"] | None = None
    exclude: str | None = None


SpeakerName = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,49}$")]  # begins file names


class CorpusPart(Part):
    """Which recordings, by whom, and what may be done with them."""

    format: Literal["ljspeech", "ljspeech-speakers", "espeak-demo"] = "ljspeech"
    root: str | None = None  # default: data/NAME; --corpus-root and TTS_CORPUS_ROOT come first
    speaker: str = ""
    speakers: Annotated[
        dict[SpeakerName, SpeakerPart],
        BeforeValidator(lambda v: {name: {} for name in v} if isinstance(v, list | tuple) else v),  # or their names alone
    ] = {}  # instead of ``speaker``: several, each in a folder of its own, or told apart in one metadata.csv
    language: str = "en-us"
    licence: str = Field(min_length=1)
    source: str = ""
    text_column: Literal["auto", "raw", "normalised"] = "auto"
    exclude: str | None = None  # regular expression on utterance ids
    channel: Literal["only", "left", "right", "mix"] = "only"

    @model_validator(mode="after")
    def _one_or_several(self) -> CorpusPart:
        if bool(self.speaker) == bool(self.speakers):
            raise ValueError("name either one speaker or, under speakers, several")
        if self.format == "ljspeech-speakers" and not self.speakers:
            raise ValueError("speakers: the format ljspeech-speakers needs the names of those to use")
        if self.format == "ljspeech-speakers" and any(part.folder for part in self.speakers.values()):
            raise ValueError("speakers: the format ljspeech-speakers keeps all speakers in one folder; leave folder out")
        columns = {self.text_column, *(part.text_column for part in self.speakers.values())}
        if self.format == "ljspeech-speakers" and columns - {"auto", None}:
            raise ValueError("text_column: the format ljspeech-speakers has one text a line; leave it out")
        if self.format == "espeak-demo" and self.speakers:
            raise ValueError("speakers: the demo corpus has one; name it with speaker")
        return self

    @property
    def names(self) -> tuple[str, ...]:
        """The speakers, in order."""
        return tuple(self.speakers) or (self.speaker,)


class SplitPart(Part):
    """Rules for test, validation and train, evaluated in this order; see ``tts.corpora.splits``."""

    test: str | dict[str, Any]
    validation: str | dict[str, Any]
    train: str | dict[str, Any] = "rest"
    seed: int = 0
    limit: dict[str, Annotated[int, Field(ge=1)]] = {}  # speaker: training utterances kept, chosen by the seed


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
