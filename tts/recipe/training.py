"""The parts of a recipe about training: steps and rates, how tasks are weighed, the duration model."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field, field_validator, model_validator

from tts.recipe.base import Part, filled
from tts.recipe.names import MOST_STEPS, Seed, Steps
from tts.recipe.network import StagePart, TaskUse, TaskUses, TrunkPart

Start = Annotated[int, Field(ge=0, le=MOST_STEPS)]


class WeightingPart(Part):
    """How the losses of several tasks become one update of the shared layers; see ``docs/weighting.md``."""

    method: str = Field("sum", description="How losses or gradients are weighed.", examples=["cagrad"])
    options: dict[str, Any] = Field({}, description="Options of the method.", examples=[{"radius": 0.3}])
    start: dict[str, Start] = Field(
        {}, description="By auxiliary task: first step in which it is learnt.", examples=[{"gammatone": 500}]
    )
    stop: dict[str, Start] = Field(
        {}, description="By auxiliary task: first step in which it is no longer learnt.", examples=[{"gammatone": 4000}]
    )
    main_only_from: int | float | None = Field(
        None,
        ge=0,
        le=MOST_STEPS,
        description="First step in which only the main tasks are learnt; below 1: a share of the steps.",
        examples=[0.9, 4000],
    )
    measure_every: int = Field(
        0,
        ge=0,
        le=MOST_STEPS,
        description="Steps between measurements of the tasks' gradients against main's; 0: never.",
        examples=[250],
    )

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

    every: Steps = Field(description="Steps from fork to merge.", examples=[100])
    branches: Literal["one_each", "all"] | tuple[tuple[str, ...], ...] = Field(
        "one_each",
        description="The auxiliary tasks of every branch: one each, all in one, or a list of lists. There is always one "
        "branch with none.",
        examples=["one_each", [["mel"], ["lsf", "phone_class"]]],
    )
    grid: tuple[Annotated[float, Field(gt=0.0, le=1.0)], ...] = Field(
        (0.25, 0.5, 0.75, 1.0),
        min_length=1,
        max_length=100,
        description="Shares of a branch that are tried when merging; 0 is always tried.",
        examples=[[0.5, 1.0]],
    )


class TrajectoryPart(Part):
    """A last phase that learns the trajectories of streams, after parameter generation, on whole utterances."""

    steps: Steps = Field(description="Steps of the phase.", examples=[250])
    streams: tuple[Literal["mcep", "lf0", "bap"], ...] = Field(
        ("mcep",), min_length=1, description="Streams whose trajectories are learnt.", examples=[["mcep", "lf0"]]
    )
    weight: float = Field(
        1.0,
        gt=0.0,
        le=1.0,
        description="Share of a stream's loss that its trajectory has; the rest is frame-wise.",
        examples=[0.5],
    )
    batch: int = Field(8, ge=1, le=10_000, description="Utterances a step.", examples=[4])
    learning_rate: float | None = Field(
        None, gt=0.0, description="Learning rate of the phase. Default: a tenth of the training's.", examples=[0.0003]
    )

    @field_validator("streams")
    @classmethod
    def _once(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        if len(set(value)) < len(value):
            raise ValueError("a stream is named twice")
        return value


class TrainingPart(Part):
    """How a network is trained."""

    steps: Steps = Field(
        5000, description="Steps of every stage.", examples=[5000], json_schema_extra=filled("by the amount of speech")
    )
    batch: int = Field(
        256,
        ge=1,
        le=1_000_000,
        description="Frames a step for frame-wise trunks, utterances a step for the others.",
        examples=[512],
        json_schema_extra=filled("512; 256 in `duration`"),
    )
    utterances: bool = Field(False, description="Batches of whole utterances for frame-wise trunks too.", examples=[True])
    learning_rate: float = Field(
        3e-3,
        gt=0.0,
        description="Highest learning rate.",
        examples=[0.003],
        json_schema_extra=filled("0.003; 0.001 in `duration`"),
    )
    warmup: int = Field(100, ge=0, le=MOST_STEPS, description="Steps in which the learning rate rises.", examples=[100])
    decay: Literal["linear", "cosine", "none"] = Field(
        "linear", description="How the learning rate falls after the warm-up.", examples=["cosine"]
    )
    weight_decay: float = Field(
        0.0,
        ge=0.0,
        description="Decoupled weight decay (AdamW).",
        examples=[0.3],
        json_schema_extra=filled("0.3; 0.1 in `duration`"),
    )
    clip: float = Field(1.0, gt=0.0, description="Largest norm of the gradient.", examples=[1.0])
    average: float = Field(
        0.0,
        ge=0.0,
        lt=1.0,
        description="Decay of the moving average of the weights that is validated and kept.",
        examples=[0.998],
        json_schema_extra=filled("1 - 10 / steps, at most 0.998; at most 0.99 in `duration`"),
    )
    input_dropout: float = Field(
        0.0, ge=0.0, lt=1.0, description="Share of the linguistic features hidden in training.", examples=[0.1]
    )
    weighting: WeightingPart = Field(WeightingPart(), description="How the losses of several tasks are weighed.")
    fork_merge: ForkMergePart | None = Field(None, description="Training in branches that are merged.")
    validate_every: Steps = Field(
        500,
        description="Steps between validations.",
        examples=[500],
        json_schema_extra=filled("a tenth of the steps, at least 50"),
    )
    stacking: Literal["greedy", "joint", "greedy_then_joint"] = Field(
        "greedy",
        description="Stages one after the other, all together end to end, or the one and then the other.",
        examples=["joint"],
    )
    stage_weights: tuple[Annotated[float, Field(ge=0.0)], ...] = Field(
        (),
        max_length=100,
        description="`joint`: weight of every stage's loss, relative to the last. Default: 1 each.",
        examples=[[0.5, 1.0]],
    )
    joint_steps: Steps | None = Field(
        None, description="`greedy_then_joint`: steps together after those of every stage.", examples=[1000]
    )
    joint_learning_rate: float | None = Field(
        None,
        gt=0.0,
        description="`greedy_then_joint`: its learning rate. Default: a tenth of learning_rate.",
        examples=[0.0003],
    )
    trajectory: TrajectoryPart | None = Field(None, description="A last phase on the trajectories of streams.")
    cross_fit: int = Field(
        0,
        ge=0,
        le=100,
        description="Folds whose bottlenecks come from networks that were not trained on them; 0: none, otherwise 2 or more.",
        examples=[5],
    )
    patience: int = Field(
        0,
        ge=0,
        le=MOST_STEPS,
        description="Validations without improvement before training stops; 0: it never stops early.",
        examples=[5],
    )
    precision: Literal["auto", "float32", "bfloat16"] = Field(
        "auto", description="Arithmetic of the networks; auto: what they are measured to learn faster in.", examples=["float32"]
    )
    seed: Seed = Field(1, description="Seed of the weights and of the order of the data.", examples=[1])

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
            raise ValueError(
                "cross_fit: joint training has no bottlenecks from other networks; use greedy or greedy_then_joint"
            )
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

    trunk: TrunkPart = Field(description="Its hidden layers.", json_schema_extra=filled("two layers of 256, dropout 0.3"))
    tasks: TaskUses = Field(
        {"duration": TaskUse()},
        description="What it learns: `duration`, tasks known from the text, and what is measured of a phone (`phone_f0`, "
        "`phone_energy`).",
        examples=[{"duration": 1, "phone_class": 0.05}],
        json_schema_extra=filled("duration, and phone_class with weight 0.05 where the corpus has it"),
    )
    training: TrainingPart = Field(
        description="Its training, with the keys of `training`; it has the seed of the system and neither stages nor "
        "trajectories.",
        json_schema_extra=filled("by the amount of speech"),
    )

    @model_validator(mode="after")
    def _learns_durations(self) -> DurationPart:
        if "duration" not in self.tasks or self.tasks["duration"].weight == 0.0:
            raise ValueError("tasks: duration must be among them, with a weight above 0")
        if self.training.cross_fit:
            raise ValueError("training.cross_fit: the duration model is one network without a bottleneck; leave it out")
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
