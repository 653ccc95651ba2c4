"""What a recipe says of training: steps and rates, how tasks are weighed, the duration model."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, field_validator, model_validator

from tts.recipe.network import StagePart, TaskUse, TrunkPart
from tts.recipe.parts import Part


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
    cross_fit: int = Field(0, ge=0)  # folds whose bottlenecks come from networks that never saw them; 0: none
    patience: int = Field(0, ge=0)  # validations without improvement before stopping; 0 never stops early
    precision: Literal["auto", "float32", "bfloat16"] = "auto"
    seed: int = 1

    @field_validator("cross_fit")
    @classmethod
    def _folds(cls, value: int) -> int:
        if value == 1:
            raise ValueError("expected 0 (off) or at least 2 folds")
        return value


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
        if self.training.cross_fit:
            raise ValueError("training.cross_fit: the duration model is one network that hands nothing on; leave it out")
        _ = self.stage  # its own checks
        return self

    @property
    def stage(self) -> StagePart:
        """The duration model as a stage."""
        return StagePart(trunk=self.trunk, tasks=self.tasks)
