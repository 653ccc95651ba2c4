"""What a recipe says of a network: its trunk, the tasks it learns, how they share it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, model_validator

from tts.recipe.parts import MAIN_STREAMS, Part
from tts.recipe.sharing import HardSharingPart, SharingPart, Unrelated, check_heads, check_sharing, check_unrelated


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


class TrunkLayer(Part):
    """A layer of the trunk that is handed on as it is."""

    layer: int = Field(ge=1)  # the first is 1


# What a stage can read: the linguistic input; of the stage before its bottleneck, of all before theirs, of the stage before
# the outputs of its main tasks, normalised.
Source = Literal["linguistic", "bottleneck", "bottlenecks", "outputs"]


class StagePart(Part):
    """One network of the stack."""

    trunk: TrunkPart
    # What later stages read: a hidden layer of this width between trunk and heads, or the trunk's own layer {layer: N}.
    bottleneck: Annotated[int, Field(ge=1)] | TrunkLayer | None = None
    inputs: tuple[Source, ...] | None = None  # what is read; default: linguistic and, after the first stage, bottleneck
    context: int = Field(0, ge=0)  # frames either side of what earlier stages hand on that are read
    linguistic_context: int = Field(0, ge=0)  # frames either side of the linguistic input that are read
    dilation: int = Field(1, ge=1)  # the frames of both contexts are so many frames apart
    tasks: dict[str, Annotated[TaskUse, BeforeValidator(lambda v: {"weight": v} if isinstance(v, int | float) else v)]]
    sharing: SharingPart = HardSharingPart()  # how the groups of tasks share the trunk
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

    @property
    def main(self) -> tuple[str, ...]:
        """The main streams that are learnt, in their usual order: what ``outputs`` are."""
        return tuple(name for name in MAIN_STREAMS if name in self.tasks and self.tasks[name].weight)

    def sources(self, first: bool) -> tuple[Source, ...]:
        """What the stage reads, being the first of its stack or not."""
        if self.inputs is not None:
            return self.inputs
        return ("linguistic",) if first else ("linguistic", "bottleneck")

    @model_validator(mode="after")
    def _fits(self) -> StagePart:
        check_inputs(self)
        check_heads(self)
        check_sharing(self)
        check_unrelated(self)
        return self


def check_inputs(stage: StagePart) -> None:
    """Check that a stage reads something, nothing twice, and no window of what it does not read; raises :class:`ValueError`."""
    inputs = stage.inputs
    if inputs is not None and not inputs:
        raise ValueError("inputs: the list is empty; name what the stage reads, or leave it out for the default")
    if inputs is not None and (len(set(inputs)) < len(inputs) or {"bottleneck", "bottlenecks"} <= set(inputs)):
        raise ValueError(f"inputs: [{', '.join(inputs)}] reads something twice (bottlenecks are those of all earlier stages)")
    if inputs is not None and stage.linguistic_context and "linguistic" not in inputs:
        raise ValueError("linguistic_context: the stage does not read linguistic; add it to inputs or leave the context out")
    if stage.dilation != 1 and not stage.context and not stage.linguistic_context:
        raise ValueError("dilation: there is no context whose frames could be apart; give context or linguistic_context too")


def check_stages(stages: Sequence[StagePart]) -> None:
    """Check that every stage of a stack can read what it asks for, and is read; raises :class:`ValueError`."""
    first = stages[0]
    before = [source for source in first.sources(first=True) if source != "linguistic"]
    if before or first.context:
        what = before[0] if before else "context"
        raise ValueError(f"stage 1 has no stage before it whose {what} it could read; it reads linguistic alone")
    for number, stage in enumerate(stages[1:], 2):
        sources = stage.sources(first=False)
        if set(sources) == {"linguistic"}:
            raise ValueError(f"stage {number} reads nothing of the stages before it; add bottleneck or outputs to its inputs")
        if "bottleneck" in sources and stages[number - 2].bottleneck is None:
            raise ValueError(f"stage {number - 1} needs a bottleneck, stage {number} reads it")
        for earlier, other in enumerate(stages[: number - 1], 1):
            if "bottlenecks" in sources and other.bottleneck is None:
                raise ValueError(f"stage {earlier} needs a bottleneck, stage {number} reads those of all earlier stages")
        if "outputs" in sources and not stages[number - 2].main:
            raise ValueError(f"stage {number - 1} learns no main task whose outputs stage {number} could read")
    for number, stage in enumerate(stages, 1):
        if isinstance(stage.bottleneck, TrunkLayer) and not bottleneck_read(stages, number - 1):
            raise ValueError(f"stage {number} hands on layer {stage.bottleneck.layer}, which no stage reads; leave it out")


def bottleneck_read(stages: Sequence[StagePart], number: int) -> bool:
    """Return whether a later stage reads the bottleneck of stage ``number``, counted from 0."""
    later = [stage.sources(first=False) for stage in stages[number + 1 :]]
    return any("bottlenecks" in sources for sources in later) or ("bottleneck" in later[0] if later else False)
