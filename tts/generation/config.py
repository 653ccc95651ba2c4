"""The configuration of a voice, ``config.json``: its one type, its one reader and its one writer.

A voice may come from a stranger. Every number has bounds, every string is one line of text, and only the files that a voice
can have may be named: what a configuration asks for is refused before anything is allocated. How old formats are read is in
:mod:`tts.generation.migration`.
"""

from __future__ import annotations

import unicodedata
from pathlib import Path
from typing import Annotated, Any, Final, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, JsonValue, ValidationError, model_validator

import tts
from tts.core.errors import TtsError, UsageError
from tts.core.files import read_json, write_json
from tts.core.grid import FrameGrid
from tts.core.stream import DURATION, Stream
from tts.dataset.subphone import WIDTHS
from tts.generation.migration import migrated
from tts.recipe import MAIN_STREAMS, EditPart, GenerationPart, StagePart, SubphoneKind
from tts.recipe.names import EngineName, ProminenceUse
from tts.recipe.network import check_stages
from tts.text.features import ContextFeatures
from tts.text.phones import PhoneInventory
from tts.text.question_features import LinguisticFeatures, QuestionFeatures
from tts.text.questions import LONGEST_PATTERN, MOST_PATTERNS, MOST_QUESTIONS

KIND: Final = "stacked-tts voice"
FORMAT: Final = 2
CONFIG: Final = "config.json"
MODEL, DURATION_MODEL, STATISTICS, LEXICON, EDIT = FILES = (
    "model.safetensors",
    "duration.safetensors",
    "statistics.safetensors",
    "lexicon.txt",
    "edit.safetensors",
)

# What a network may ask for is bounded by the parts of a recipe that describe it.
MAX_WIDTH, MAX_STAGES, MAX_STREAMS = 65_536, 64, 200
PHONE_PROSODY: Final = "phone_prosody"  # the task that says a distribution
MAX_STATE = 1_000.0  # frames, of silence or of a predicted duration


def _one_line(text: str) -> str:
    if any(unicodedata.category(character) in ("Cc", "Cs", "Zl", "Zp") for character in text):
        raise ValueError("a line of text without control characters is expected")
    return text


Line = Annotated[str, Field(max_length=1000), AfterValidator(_one_line)]
Digest = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
Frames = Annotated[float, Field(ge=0.0, le=MAX_STATE)]
Silences = tuple[tuple[Frames, ...], tuple[Frames, ...]]
"""Frames a state of the silence before and after speech, (2, states)."""


class _Facts(BaseModel):
    """Base of every part of a voice's configuration: frozen, strict about keys, without infinities."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class FrontEndConfig(_Facts):
    """What turns text into phones. ``identity`` is the engine's own (:meth:`tts.text.engine.Engine.identity`)."""

    engine: EngineName
    language: Annotated[str, Field(pattern=r"^[A-Za-z0-9]+([-_][A-Za-z0-9]+)*$", max_length=50)]
    identity: dict[Line, Line | int | None]


class QuestionsConfig(_Facts):
    """The question file that a voice's network reads the answers of, and how they are scaled (``QuestionFeatures``)."""

    version: int
    questions: list[Annotated[list[Annotated[str, Field(max_length=LONGEST_PATTERN)]], Field(max_length=MOST_PATTERNS + 2)]] = (
        Field(min_length=1, max_length=MOST_QUESTIONS)
    )
    low: list[float] = Field(max_length=MOST_QUESTIONS)
    high: list[float] = Field(max_length=MOST_QUESTIONS)
    subphone: SubphoneKind
    subphone_low: list[float] = Field(max_length=20)
    subphone_high: list[float] = Field(max_length=20)
    phone_names: dict[Line, Line] = Field(max_length=5_000)


class CorpusConfig(_Facts):
    """Which recordings made the voice, and what may be done with it; ``consent`` is the speaker's agreement, in words."""

    name: Line
    licence: Line
    source: Line = ""
    speaker: Line
    utterances: int = Field(ge=0)
    seconds: float = Field(ge=0.0)
    consent: Line = ""


class SpeakersConfig(_Facts):
    """What a voice of several speakers knows of them.

    ``use`` and ``duration`` say how the acoustic and the duration model get the speaker
    (:func:`tts.dataset.speakers.speaker_input`); ``silences`` are the usual silences of each.
    """

    use: Literal["code", "heads", "code_and_heads", "none"]
    duration: Literal["code", "heads", "code_and_heads", "none"]
    names: tuple[Line, ...] = Field(min_length=2, max_length=10_000)
    silences: tuple[Silences, ...]


FARTHEST = 4.0  # whitened units that a phone may depart from its mean: as far as one in 16,000 of a normal distribution does
Row = Annotated[tuple[Annotated[float, Field(ge=-(FARTHEST**2), le=FARTHEST**2)], ...], Field(min_length=4, max_length=4)]
TransitionRow = Annotated[tuple[Annotated[float, Field(ge=-1e9, le=1e9)], ...], Field(min_length=4, max_length=4)]


class VariationConfig(_Facts):
    """How deviations of phones from their means go together (:mod:`tts.generation.variation`), in whitened units.

    ``covariance`` (values, values) is theirs, ``shares`` (values,) the part of each variance that a whole sentence has in
    common, ``transition`` (values, values) says how the rest goes on from phone to phone. What is measured and what is drawn is
    held within :data:`FARTHEST`, so no covariance is above its square.
    """

    covariance: Annotated[tuple[Row, ...], Field(min_length=4, max_length=4)]
    shares: Row
    transition: Annotated[tuple[TransitionRow, ...], Field(min_length=4, max_length=4)]


class TransferConfig(_Facts):
    """What a voice was initialised from; ``base`` is what that one was initialised from.

    ``origin`` names the voice, ``model`` begins the digest of its weights, ``tensors`` counts how its tensors were used,
    ``inputs`` lists the input features that are ``new``, ``left out`` or ``held in the voice's training``.
    """

    origin: Line
    how: Literal["init_from", "features_from"]
    speaker: Line
    corpus: Line
    licence: Line
    model: Line
    settings: dict[Line, JsonValue] = {}
    frozen: tuple[Line, ...] = ()
    tensors: dict[Line, int] = {}
    inputs: dict[Line, tuple[Line, ...]] = {}
    differences: tuple[Line, ...] = ()
    base: TransferConfig | None = None

    @property
    def lineage(self) -> tuple[TransferConfig, ...]:
        """Itself, what that one was initialised from, and so on, nearest first: their licences hold for the voice too."""
        return (self, *(self.base.lineage if self.base else ()))


class VoiceConfig(_Facts):
    """Everything about a voice but its numbers. ``prepared`` identifies the corpus that it was trained on."""

    version: Line  # of the product that trained it
    recipe: Line
    system: Line
    grid: FrameGrid
    states: int = Field(ge=1, le=9)
    text: FrontEndConfig
    inventory: PhoneInventory
    features: Annotated[str, Field(pattern=r"^[0-9a-f]{16}$")]  # fingerprint of the linguistic features
    prominence: ProminenceUse = False  # whether predicted prominence, or a control of it, is among these
    questions: QuestionsConfig | None = None  # where these are answers to a question file
    streams: tuple[Stream, ...] = Field(min_length=len(MAIN_STREAMS), max_length=MAX_STREAMS)
    silence: Silences
    constant_features: dict[Annotated[int, Field(ge=0)], float]  # columns that had one value in training, and that value
    stages: tuple[StagePart, ...] = Field(min_length=1, max_length=MAX_STAGES)
    edit: EditPart | None = None  # the last acoustic stage, which edits what these make
    duration: StagePart
    prosody: tuple[Line, ...] = Field((), max_length=16)  # what the stages read of the duration model's outputs
    variation: VariationConfig | None = None  # of what the duration model says as a distribution
    generation: GenerationPart
    corpus: CorpusConfig
    prepared: Line
    precision: Literal["float32", "bfloat16"] | None = None  # that it was trained in; None: not recorded by version 0.1.0
    speakers: SpeakersConfig | None = None
    transfer: TransferConfig | None = None
    files: dict[str, Digest] = {}  # sha256 of every file of the voice, once it is saved

    @model_validator(mode="after")
    def _fits(self) -> VoiceConfig:
        _check_streams(self.streams)
        check_stages(self.stages)
        if self.edit is not None and self.generation.post_filter != "variance":
            raise ValueError(f"edit: reads trajectories whose variance was scaled, not {self.generation.post_filter}")
        lacking = [name for name in MAIN_STREAMS if name not in self.stages[-1].tasks]
        if lacking:
            raise ValueError(f"stages: the last one does not predict {lacking[0]}")
        unknown = {task for part in self.stages for task in part.tasks} - {stream.name for stream in self.streams}
        if unknown:
            raise ValueError(f"stages: there is no stream {min(unknown)}")
        continuous = {stream.name for stream in self.streams if stream.kind == "continuous" and not stream.dynamic}
        wrong = {name for name in self.prosody if name not in continuous or name not in self.duration.tasks}
        if wrong or len(set(self.prosody)) < len(self.prosody):
            raise ValueError("prosody: expected tasks of the duration model, each once")
        if self.variation is not None and self.distribution is None:
            raise ValueError("variation: the duration model says no distribution of four values")
        if len(self.inventory) > 5_000 or any(len(symbol) > 50 for symbol in self.inventory.symbols):
            raise ValueError("inventory: more than 5,000 phones, or one of more than 50 characters")
        for silence in (self.silence, *(self.speakers.silences if self.speakers else ())):
            if any(len(frames) != self.states for frames in silence):
                raise ValueError(f"silence: expected {self.states} numbers of frames before and after speech")
        if self.speakers and len(self.speakers.silences) != len(self.speakers.names):
            raise ValueError("speakers: expected a silence for every name")
        return self

    @property
    def distribution(self) -> Stream | None:
        """The distribution that the duration model says, where it does; its values are those of ``phone_prosody``."""
        here = (stream for stream in self.streams if stream.name == PHONE_PROSODY and stream.name in self.duration.tasks)
        return next((stream for stream in here if stream.kind == "distribution" and stream.dimension == 4), None)

    @property
    def phone_tasks(self) -> tuple[str, ...]:
        """What is asked of the duration model when the voice speaks."""
        return (DURATION, *self.prosody, *([PHONE_PROSODY] if self.variation is not None else []))

    @property
    def label(self) -> str:
        """The voice's name for people: recipe and system."""
        return f"{self.recipe} {self.system}"

    @property
    def speaker_names(self) -> tuple[str, ...]:
        """The speakers, by number; at least one."""
        return self.speakers.names if self.speakers else (self.corpus.speaker,)

    @property
    def lineage(self) -> tuple[TransferConfig, ...]:
        """What the voice was initialised from, nearest first; nothing for a voice trained from random weights."""
        return self.transfer.lineage if self.transfer else ()

    def context_features(self) -> LinguisticFeatures:
        """Return the input features; :class:`TtsError` if this version of the product makes other ones of the inventory."""
        features: LinguisticFeatures = ContextFeatures(self.inventory, self.prominence)
        if self.questions is not None:
            content = {**self.questions.model_dump(), "inventory": self.inventory.to_dict(), "fingerprint": self.features}
            features = QuestionFeatures.from_dict(content)
            if len(features.subphone.range.low) != WIDTHS[features.subphone.kind]:
                raise TtsError(
                    f"questions: the range of {features.subphone.kind} has {len(features.subphone.range.low)} columns"
                )
        if features.fingerprint != self.features:
            raise TtsError(
                f"the voice's context features cannot be remade by version {tts.__version__}: use {self.version}, which "
                "trained it, or train it anew"
            )
        outside = [column for column in self.constant_features if column >= features.dimension]
        if outside:
            raise TtsError(f"constant_features: there is no column {outside[0]}, the features have {features.dimension}")
        return features


def _check_streams(streams: tuple[Stream, ...]) -> None:
    names = [stream.name for stream in streams]
    if len(set(names)) < len(names) or not {*MAIN_STREAMS} <= {*names}:
        raise ValueError(f"streams: expected {', '.join(MAIN_STREAMS)} and others, each once")
    for stream in streams:
        _one_line(stream.name)
        if max(stream.dimension, stream.classes) > MAX_WIDTH:
            raise ValueError(f"streams: {stream.name} is wider than {MAX_WIDTH}")
        kind = "binary" if stream.name == "vuv" else "continuous"
        if stream.name in MAIN_STREAMS and (stream.kind != kind or stream.dynamic != (kind == "continuous")):
            raise ValueError(f"streams: {stream.name} is not as a vocoder needs it")


def read_config(folder: Path) -> VoiceConfig:
    """Read the configuration of the voice in ``folder``, of this or an earlier format.

    Raises :class:`UsageError` where there is no voice, :class:`TtsError` for a later format or a damaged configuration.
    """
    path = folder / CONFIG
    if not folder.is_dir():
        raise UsageError(f"{folder}: there is no such folder; a voice is a folder made by tts train")
    if not path.is_file():
        training = "its training has not finished; run the same tts train again"
        raise UsageError(f"{folder}: not a voice ({training if (folder / 'training').is_dir() else 'no config.json'})")
    try:
        data = read_json(path)
    except RecursionError:
        raise TtsError(f"{path}: nested too deeply to be a voice's configuration") from None
    if not isinstance(data, dict) or data.get("kind") != KIND:
        raise UsageError(f"{path}: not the configuration of a voice made by tts train")
    config = parse_config(data, path)
    edit = [EDIT] if config.edit is not None and config.edit.trained else []
    missing = [name for name in (*FILES[:3], *edit) if name not in config.files]
    other = [name for name in config.files if name not in FILES]
    if missing or other:
        wrong = f"{missing[0]} is not in it" if missing else f"{other[0]!r} is no file of a voice"
        raise TtsError(f"{path}: files: {wrong}; copy the whole voice again")
    return config


def parse_config(data: dict[str, Any], path: Path) -> VoiceConfig:
    """Return the configuration that ``data``, the content of ``path`` in any format so far, describes."""
    number = data.get("format")
    if not isinstance(number, int) or not 1 <= number <= FORMAT:
        raise TtsError(f"{path}: a voice of format {number}, this version reads 1 to {FORMAT}; update the package")
    made = f"made by version {str(data.get('version'))[:20]!r}, this is {tts.__version__}"
    try:
        current = migrated(data, number)
        config = VoiceConfig.model_validate({key: value for key, value in current.items() if key not in ("kind", "format")})
        config.context_features()
        return config
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(step)[:50] for step in first["loc"])
        raise TtsError(f"{path}: {place or 'voice'}: {first['msg']} ({made}); copy the voice again") from None
    except TtsError as error:
        raise TtsError(f"{path}: {error} ({made}); copy the voice again") from None
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError, RecursionError) as error:
        raise TtsError(f"{path}: damaged ({type(error).__name__}: {str(error)[:100]}); copy the voice again") from None


def write_config(folder: Path, config: VoiceConfig) -> None:
    """Write ``config`` as the configuration of the voice in ``folder``, which makes the folder a voice."""
    write_json(folder / CONFIG, {"kind": KIND, "format": FORMAT, **config.model_dump(mode="json")})
