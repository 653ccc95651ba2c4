"""Recipes: one YAML file says what is read, how it is analysed, which networks are trained. Unknown keys are errors.

A recipe names things that exist (tasks, trunks, trackers); it never names Python objects and never evaluates anything.
"""

from __future__ import annotations

import difflib
import os
from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator

from tts.errors import UsageError
from tts.frames import MAX_RATE, MIN_RATE, FrameGrid
from tts.sharing_parts import HardSharing, SharingPart, Unrelated, check_heads, check_sharing, check_unrelated

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


class TrunkPart(Part):
    """The shared hidden layers of a stage."""

    kind: Literal["feedforward", "convolution", "lstm", "attention"] = "feedforward"
    layers: tuple[int, ...] = Field(min_length=1)
    activation: Literal["relu", "gelu", "silu", "tanh"] = "relu"
    dropout: float = Field(0.0, ge=0.0, lt=1.0)
    normalise: bool = False  # layer normalisation before every layer's activation
    residual: bool = False  # add a layer's input to its output where the widths agree
    kernel: int = Field(5, ge=1)  # convolution: frames seen by a layer
    heads: int = Field(4, ge=1)  # attention: heads a layer

    @model_validator(mode="after")
    def _sizes(self) -> TrunkPart:
        if min(self.layers) < 1:
            raise ValueError("layers: every width must be at least 1")
        if self.kind == "convolution" and self.kernel % 2 == 0:
            raise ValueError("kernel: must be odd, so that a layer sees as much past as future")
        ignored = {"lstm": ("normalise", "kernel"), "attention": ("normalise", "residual", "activation", "kernel")}
        other = {"kernel": self.kind != "convolution", "heads": self.kind != "attention"}
        for key in (*ignored.get(self.kind, ()), *(k for k, no in other.items() if no)):
            if getattr(self, key) != type(self).model_fields[key].default:
                raise ValueError(f"{key}: a trunk of kind {self.kind} does not have it; leave it out")
        if self.kind == "attention" and any(width % self.heads or width % 2 for width in self.layers):
            raise ValueError("layers: an attention layer's width must be even and a multiple of heads")
        return self


class TaskUse(Part):
    """How a stage learns one task. A bare number in YAML is the weight."""

    weight: float = Field(1.0, ge=0.0)  # 0: not learnt, as if the task were not there
    emphasis: float = Field(0.0, ge=0.0, le=1.0)  # 0: all dimensions weigh alike; 1: by their size, as the MCD counts them
    private: tuple[int, ...] = ()  # hidden layers between the trunk and this head alone
    depth: int | None = Field(None, ge=1)  # the trunk layer that the head reads, the first is 1; default: the top
    reads: str | None = None  # eavesdropping: also reads this task's private layers, without changing them


class StagePart(Part):
    """One network of the stack."""

    trunk: TrunkPart
    bottleneck: int | None = Field(None, ge=1)  # width of the hidden layer that feeds the next stage
    context: int = Field(0, ge=0)  # frames either side of the previous stage's bottleneck that are read
    tasks: dict[str, Annotated[TaskUse, BeforeValidator(lambda v: {"weight": v} if isinstance(v, int | float) else v)]]
    sharing: SharingPart = HardSharing()  # how the groups of tasks share the trunk
    unrelated: Unrelated | None = None  # groups of tasks that a penalty keeps apart

    @property
    def groups(self) -> dict[str, tuple[str, ...]]:
        """The groups that ways of sharing tell apart, main first: the main streams together, every other task alone."""
        main = tuple(name for name in MAIN_STREAMS if name in self.tasks)
        groups = {"main": main} if main else {}
        for name in sorted(self.tasks):
            if name not in main:
                groups[name] = (*groups.get(name, ()), name)
        return groups

    @model_validator(mode="after")
    def _fits(self) -> StagePart:
        check_heads(self)
        check_sharing(self)
        check_unrelated(self)
        return self


class WeightingPart(Part):
    """How the losses of several tasks become one update of the shared layers; see ``docs/weighting.md``."""

    method: str = "sum"
    options: dict[str, Any] = {}
    start: dict[str, int] = {}  # auxiliary task: first step it is learnt
    stop: dict[str, int] = {}  # auxiliary task: first step it is no longer learnt
    main_only_from: int | None = Field(None, ge=0)  # from this step on, only the main tasks are learnt
    measure_every: int = Field(0, ge=0)  # steps between measurements of the tasks' gradients against main's; 0: never


class TrainingPart(Part):
    """How a network is trained."""

    steps: int = Field(5000, ge=1)
    batch: int = Field(256, ge=1)  # frames a step for frame-wise trunks; utterances a step for the others
    utterances: bool = False  # batches of whole utterances even for frame-wise trunks
    learning_rate: float = Field(3e-3, gt=0.0)
    warmup: int = Field(100, ge=0)
    decay: Literal["linear", "cosine", "none"] = "linear"
    weight_decay: float = Field(0.0, ge=0.0)
    clip: float = Field(1.0, gt=0.0)  # largest gradient norm
    average: float = Field(0.0, ge=0.0, lt=1.0)  # decay of the moving average of the weights that is validated and kept
    input_dropout: float = Field(0.0, ge=0.0, lt=1.0)  # share of linguistic inputs hidden in training
    weighting: WeightingPart = WeightingPart()
    validate_every: int = Field(500, ge=1)
    patience: int = Field(0, ge=0)  # validations without improvement before stopping; 0 never stops early
    precision: Literal["auto", "float32", "bfloat16"] = "auto"
    seed: int = 1


class DurationPart(Part):
    """The duration model: state durations from phone-level features."""

    trunk: TrunkPart
    tasks: dict[str, Annotated[TaskUse, BeforeValidator(lambda v: {"weight": v} if isinstance(v, int | float) else v)]] = {
        "duration": TaskUse()
    }
    training: TrainingPart

    @model_validator(mode="after")
    def _learns_durations(self) -> DurationPart:
        if "duration" not in self.tasks or self.tasks["duration"].weight == 0.0:
            raise ValueError("tasks: duration must be among them, with a weight above 0")
        _ = self.stage  # its own checks
        return self

    @property
    def stage(self) -> StagePart:
        """The duration model as a stage."""
        return StagePart(trunk=self.trunk, tasks=self.tasks)


class SystemPart(Part):
    """A named system: its stages, first to last, and what differs from the recipe's training."""

    description: str = ""
    stages: tuple[StagePart, ...] = Field(min_length=1)
    training: dict[str, Any] = {}


class GenerationPart(Part):
    """Defaults of the voice when it speaks."""

    post_filter: Literal["none", "cepstral", "variance"] = "cepstral"
    strength: float = Field(0.4, ge=0.0, le=1.0)


class Recipe(Part):
    """Everything that decides what a voice becomes."""

    name: str = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$")
    description: str = ""
    corpus: CorpusPart
    split: SplitPart
    text: TextPart = TextPart()
    frames: FramesPart
    alignment: AlignmentPart = AlignmentPart()
    analysis: AnalysisPart = AnalysisPart()
    tasks: dict[str, dict[str, Any]] = {}  # auxiliary streams to compute in prepare, with their options
    training: TrainingPart
    duration: DurationPart
    generation: GenerationPart = GenerationPart()
    systems: dict[str, SystemPart] = Field(min_length=1)
    samples: tuple[str, ...] = ()  # sentences spoken at every validation

    @model_validator(mode="after")
    def _tasks_exist(self) -> Recipe:
        known = {*MAIN_STREAMS, *self.tasks}
        for name, system in self.systems.items():
            for number, stage in enumerate(system.stages, 1):
                for task in stage.tasks:
                    if task not in known:
                        raise ValueError(f"systems.{name}: stage {number} learns {task}, which {_missing(task, known)}")
                if "vuv" in stage.tasks and stage.tasks["vuv"].emphasis:
                    raise ValueError(f"systems.{name}: stage {number}: vuv has one dimension, so no emphasis")
                if number < len(system.stages) and stage.bottleneck is None:
                    raise ValueError(f"systems.{name}: stage {number} needs a bottleneck, stage {number + 1} reads it")
            if system.stages[0].context:
                raise ValueError(f"systems.{name}: stage 1 has no stage before it whose context it could read")
            last = system.stages[-1].tasks
            missing = [stream for stream in MAIN_STREAMS if stream not in last or last[stream].weight == 0.0]
            if missing:
                raise ValueError(f"systems.{name}: the last stage must learn {', '.join(missing)}, it is what speaks")
        for task in self.duration.tasks:
            if task != "duration" and task not in self.tasks:
                raise ValueError(f"duration.tasks: {task} {_missing(task, {'duration', *self.tasks})}")
        return self

    def system(self, name: str) -> SystemPart:
        """Return the system called ``name``; an unknown name raises :class:`UsageError` listing those there are."""
        if name not in self.systems:
            raise UsageError(f"recipe {self.name} has no system {name!r}; it has {', '.join(self.systems)}")
        return self.systems[name]

    def training_of(self, system: SystemPart) -> TrainingPart:
        """Return the recipe's training settings with the system's own on top."""
        return TrainingPart.model_validate({**self.training.model_dump(), **system.training})


def _missing(word: str, known: set[str] | list[str]) -> str:
    return f"is not there; {_close(word, known)}"


def _close(word: str, known: set[str] | list[str]) -> str:
    close = difflib.get_close_matches(word, sorted(known), n=1)
    return f"did you mean {close[0]}?" if close else f"there are {', '.join(sorted(known))}"


def find_recipe(where: str) -> Path:
    """Return the YAML file of a recipe given as a file, a folder holding ``recipe.yaml``, or a name.

    A name is looked up under ``recipes/`` in the current folder, then beside the package, where a clone has it.
    """
    shelves = (Path("recipes"), Path(__file__).parent.parent / "recipes")
    for candidate in (Path(where), Path(where) / "recipe.yaml", *(shelf / where / "recipe.yaml" for shelf in shelves)):
        if candidate.is_file():
            return candidate
    known = sorted({path.parent.name for shelf in shelves for path in shelf.glob("*/recipe.yaml")})
    there = f"; recipes here: {', '.join(known)}" if known else ""
    raise UsageError(f"{where}: no recipe there (a YAML file, a folder holding recipe.yaml, or a name under recipes/){there}")


def load_recipe(where: str | Path, changes: list[str] | None = None) -> Recipe:
    """Load and check a recipe; ``changes`` are ``key.sub=value`` strings applied on top, values read as YAML.

    Anything wrong raises :class:`UsageError` with the file, the key and what was expected.
    """
    path = find_recipe(str(where))
    try:
        data = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise UsageError(f"{path}: not valid YAML ({' '.join(str(error).split())})") from None
    if not isinstance(data, dict):
        raise UsageError(f"{path}: a recipe is a mapping of keys to values")
    data = _unshared(data)
    for change in changes or []:
        _apply(data, change)
    try:
        recipe = Recipe.model_validate(data)
    except ValidationError as error:
        raise UsageError(f"{path}: {_explain(error)}") from None
    for name, system in recipe.systems.items():
        try:
            recipe.training_of(system)
        except ValidationError as error:
            raise UsageError(f"{path}: {_explain(error, ('systems', name, 'training'))}") from None
    return recipe


def _unshared(data: Any) -> Any:
    """Return YAML data in which what an alias stands for is a copy, so that a change in one place changes one place."""
    if isinstance(data, dict):
        return {key: _unshared(value) for key, value in data.items()}
    return [_unshared(value) for value in data] if isinstance(data, list) else data


def _apply(data: dict[str, Any], change: str) -> None:
    key, equals, value = change.partition("=")
    if not equals or not all(key.split(".")):
        raise UsageError(f"--set {change}: expected key.sub=value, for example training.steps=2000")
    *parents, last = key.split(".")
    place: Any = data
    for parent in parents:
        if isinstance(place, list) and parent.isdigit() and int(parent) < len(place):
            place = place[int(parent)]
        elif isinstance(place, dict):
            place = place.setdefault(parent, {})
        else:
            raise UsageError(f"--set {change}: {parent} is not a group of keys")
    try:
        new = yaml.safe_load(value)
    except yaml.YAMLError:
        raise UsageError(f"--set {change}: the value is not valid YAML") from None
    if isinstance(place, list) and last.isdigit() and int(last) < len(place):
        place[int(last)] = new
    elif isinstance(place, dict):
        place[last] = new
    else:
        raise UsageError(f"--set {change}: {last} is not a key there")


def _explain(error: ValidationError, prefix: tuple[str, ...] = ()) -> str:
    first = error.errors()[0]
    place = ".".join(str(part) for part in (*prefix, *first["loc"]))
    if first["type"] == "extra_forbidden":
        siblings = _fields_at(first["loc"][:-1]) if not prefix else list(TrainingPart.model_fields)
        return f"{place}: unknown key, {_close(str(first['loc'][-1]), siblings)}"
    if first["type"] == "missing":
        return f"{place}: this key is required"
    message = first["msg"].removeprefix("Value error, ")
    return f"{place}: {message[0].lower() + message[1:]}" if place else message


def _fields_at(location: tuple[int | str, ...]) -> list[str]:
    """Names of the keys allowed at a place in a recipe."""
    model: Any = Recipe
    for part in location:
        if isinstance(part, int):
            continue
        annotation = model.model_fields[part].annotation if part in getattr(model, "model_fields", {}) else None
        found = _model_in(annotation)
        model = found or model
    return list(model.model_fields)


def _model_in(annotation: Any) -> Any:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    for inner in getattr(annotation, "__args__", ()):
        found = _model_in(inner)
        if found:
            return found
    return None


def corpus_root(recipe: Recipe, recipe_path: Path, given: Path | None) -> Path:
    """Return the folder of recordings: ``--corpus-root``, ``TTS_CORPUS_ROOT``, the recipe's root, or ``data/NAME``."""
    if given is not None:
        return given
    if os.environ.get("TTS_CORPUS_ROOT"):
        return Path(os.environ["TTS_CORPUS_ROOT"])
    if recipe.corpus.root is not None:
        return (recipe_path.parent / recipe.corpus.root).resolve()
    return Path("data") / recipe.name
