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
    start: dict[str, Annotated[int, Field(ge=0)]] = {}  # auxiliary task: first step it is learnt
    stop: dict[str, Annotated[int, Field(ge=0)]] = {}  # auxiliary task: first step it is no longer learnt
    main_only_from: int | float | None = Field(None, ge=0)  # first step that only main tasks are learnt; below 1: a share
    measure_every: int = Field(0, ge=0)  # steps between measurements of the tasks' gradients against main's; 0: never

    @field_validator("main_only_from")
    @classmethod
    def _step_or_share(cls, value: int | float | None) -> int | float | None:
        if isinstance(value, float) and value >= 1.0:
            raise ValueError(f"expected a whole number of steps, or a share of them below 1, not {value}")
        return value

    @model_validator(mode="after")
    def _starts_before_it_stops(self) -> WeightingPart:
        for name, start in self.start.items():
            if start >= self.stop.get(name, start + 1):
                raise ValueError(f"{name} starts at step {start} and stops at {self.stop[name]}, so it is never learnt")
        return self

    def main_only_step(self, steps: int) -> int | None:
        """Return the first of ``steps`` in which only the main tasks are learnt, or None."""
        start = self.main_only_from
        return round(start * steps) if isinstance(start, float) else start


class ForkMergePart(Part):
    """Fork the weights every so often into branches with other tasks, and merge those that help; see ``docs/weighting.md``."""

    every: int = Field(ge=1)  # steps from fork to merge
    # The auxiliary tasks of every branch. There is always one with none.
    branches: Literal["one_each", "all"] | tuple[tuple[str, ...], ...] = "one_each"
    grid: tuple[Annotated[float, Field(gt=0.0, le=1.0)], ...] = Field((0.25, 0.5, 0.75, 1.0), min_length=1)  # 0 is always tried


class TrajectoryPart(Part):
    """A last phase that learns the trajectories of streams, after parameter generation, on whole utterances."""

    steps: int = Field(ge=1)
    streams: tuple[Literal["mcep", "lf0", "bap"], ...] = Field(("mcep",), min_length=1)
    weight: float = Field(1.0, gt=0.0, le=1.0)  # share of a stream's loss that its trajectory has, the rest is frame-wise
    batch: int = Field(8, ge=1)  # utterances a step
    learning_rate: float | None = Field(None, gt=0.0)  # default: a tenth of the training's

    @field_validator("streams")
    @classmethod
    def _once(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        if len(set(value)) < len(value):
            raise ValueError("a stream is named twice")
        return value


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
    fork_merge: ForkMergePart | None = None
    validate_every: int = Field(500, ge=1)
    # Stages one after the other, all together end to end, or the one and then the other; a single stage is not stacked.
    stacking: Literal["greedy", "joint", "greedy_then_joint"] = "greedy"
    stage_weights: tuple[Annotated[float, Field(ge=0.0)], ...] = ()  # joint: one a stage, relative to the last; default: 1 each
    joint_steps: int | None = Field(None, ge=1)  # greedy_then_joint: steps together after those of every stage
    joint_learning_rate: float | None = Field(None, gt=0.0)  # greedy_then_joint; default: a tenth of learning_rate
    trajectory: TrajectoryPart | None = None
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

    @model_validator(mode="after")
    def _stacks(self) -> TrainingPart:
        if self.stacking == "greedy_then_joint" and self.joint_steps is None:
            raise ValueError("joint_steps: greedy_then_joint needs it, the steps that all stages are trained together")
        for key in ("joint_steps", "joint_learning_rate"):
            if self.stacking != "greedy_then_joint" and getattr(self, key) is not None:
                raise ValueError(f"{key}: is for greedy_then_joint, and stacking is {self.stacking}; leave it out")
        if self.stacking == "greedy" and self.stage_weights:
            raise ValueError("stage_weights: stages trained one after the other have no common loss; leave them out")
        if self.stage_weights and self.stage_weights[-1] == 0.0:
            raise ValueError("stage_weights: the last stage is the one that speaks, its weight must be above 0")
        if self.stacking == "joint" and self.cross_fit:
            raise ValueError("cross_fit: what a stage hands on in joint training is its own; use greedy or greedy_then_joint")
        return self

    @model_validator(mode="after")
    def _forks(self) -> TrainingPart:
        if self.fork_merge is None:
            return self
        for key in ("stacking", "trajectory", "cross_fit"):
            if getattr(self, key) != type(self).model_fields[key].default:
                raise ValueError(f"fork_merge: is for stages trained one after the other, without {key}; leave one of them out")
        if self.weighting.method != "sum":
            raise ValueError(f"fork_merge: chooses tasks by its branches; weigh them by sum, not by {self.weighting.method}")
        every = self.fork_merge.every
        if self.validate_every % every:
            raise ValueError(
                f"validate_every: is {self.validate_every}; only merged networks are validated, so choose a multiple of "
                f"fork_merge.every ({every})"
            )
        return self


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
        for key in ("stacking", "trajectory"):
            if getattr(self.training, key) != TrainingPart.model_fields[key].default:
                raise ValueError(f"training.{key}: the duration model is one network without trajectories; leave it out")
        if self.training.seed != TrainingPart.model_fields["seed"].default:
            raise ValueError("training.seed: the duration model has the seed of the system it belongs to; leave it out")
        forks = self.training.fork_merge
        if forks is not None and not isinstance(forks.branches, str):
            unknown = sorted({name for branch in forks.branches for name in branch} - set(self.tasks))
            if unknown:
                raise ValueError(f"training.fork_merge.branches: {unknown[0]} is not a task of the duration model")
        _ = self.stage  # its own checks
        return self

    @property
    def stage(self) -> StagePart:
        """The duration model as a stage."""
        return StagePart(trunk=self.trunk, tasks=self.tasks)
