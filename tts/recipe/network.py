"""The parts of a recipe about a network: its trunk, the tasks it learns, how they share it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, model_validator

from tts.recipe.base import MAIN_STREAMS, Part, filled
from tts.recipe.names import MOST_LAYERS, Name, Width
from tts.recipe.sharing import (
    SHARING_FORM,
    HardSharingPart,
    SharingPart,
    Unrelated,
    check_heads,
    check_sharing,
    check_unrelated,
)


class TrunkPart(Part):
    """The shared hidden layers of a stage."""

    kind: Literal["feedforward", "convolution", "lstm", "attention"] = Field(
        "feedforward", description="What the layers are.", examples=["lstm"]
    )
    layers: tuple[Width, ...] = Field(
        min_length=1, max_length=MOST_LAYERS, description="Units of every layer.", examples=[[512, 512, 512]]
    )
    activation: Literal["relu", "gelu", "silu", "tanh"] = Field(
        "relu", description="Activation after every layer.", examples=["gelu"]
    )
    dropout: float = Field(
        0.0, ge=0.0, lt=1.0, description="Share of a layer's units that are dropped in training.", examples=[0.2]
    )
    normalise: bool = Field(False, description="Layer normalisation before every activation.", examples=[True])
    residual: bool = Field(False, description="Add a layer's input to its output where their widths agree.", examples=[True])
    kernel: int = Field(5, ge=1, le=255, description="`convolution`: frames that a layer reads, odd.", examples=[5])
    heads: int = Field(4, ge=1, le=128, description="`attention`: heads a layer.", examples=[4])

    @model_validator(mode="after")
    def _sizes(self) -> TrunkPart:
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

    weight: float = Field(
        1.0, ge=0.0, description="Weight of the task's loss; 0: not learnt, as if the task were not there.", examples=[0.2]
    )
    emphasis: float = Field(
        0.0,
        ge=0.0,
        le=1.0,
        description="0: all dimensions of the stream weigh alike; 1: by their size, as the MCD counts them.",
        examples=[0.5],
    )
    private: tuple[Width, ...] = Field(
        (), max_length=MOST_LAYERS, description="Hidden layers between the trunk and this task's output alone.", examples=[[64]]
    )
    depth: int | None = Field(
        None,
        ge=1,
        le=MOST_LAYERS,
        description="Layer of the trunk that the task reads, the first is 1. Default: the last.",
        examples=[2],
    )
    reads: str | None = Field(
        None, description="Task whose private layers this one reads too, without changing them.", examples=["phone_class"]
    )


Weight = Annotated[float, Field(ge=0.0)]


def _weight_alone(value: Any) -> Any:
    """Return the use of a task, which may come as its weight alone."""
    return {"weight": value} if isinstance(value, int | float) and not isinstance(value, bool) else value


USE = "a weight, or a mapping of weight, emphasis, private, depth, reads"
_Use = Annotated[
    TaskUse,
    BeforeValidator(_weight_alone, json_schema_input_type=Weight | TaskUse),
    Field(examples=[0.2], json_schema_extra={"form": USE}),
]
USES = "a mapping of tasks, each to its weight or to a mapping of weight, emphasis, private, depth, reads"
TaskUses = Annotated[dict[Name, _Use], Field(max_length=200, json_schema_extra={"form": USES})]


class TrunkLayer(Part):
    """A layer of the trunk that later stages read as it is."""

    layer: int = Field(ge=1, le=MOST_LAYERS, description="Number of the layer, the first is 1.", examples=[3])


# What a stage can read: the linguistic input; of the stage before its bottleneck, of all before theirs, of the stage before
# the outputs of its main tasks, normalised.
Source = Literal["linguistic", "bottleneck", "bottlenecks", "outputs"]
Context = Annotated[int, Field(ge=0, le=500)]  # frames


class StagePart(Part):
    """One network of the stack."""

    trunk: TrunkPart = Field(
        description="The shared hidden layers.",
        json_schema_extra=filled("six layers of 512, normalised and residual, with dropout by the amount of speech"),
    )
    bottleneck: Width | TrunkLayer | None = Field(
        None,
        description="What later stages read: a hidden layer of this width between trunk and outputs, or layer N of the trunk.",
        examples=[128, {"layer": 3}],
    )
    inputs: tuple[Source, ...] | None = Field(
        None,
        description="What is read: `linguistic` features, the `bottleneck` of the stage before, the `bottlenecks` of all "
        "before, the `outputs` of the stage before. Default: linguistic and, after the first stage, bottleneck.",
        examples=[["linguistic", "bottlenecks"]],
    )
    context: Context = Field(
        0, description="Frames on either side that are read of earlier stages' bottlenecks and outputs.", examples=[8]
    )
    linguistic_context: Context = Field(
        0, description="Frames on either side that are read of the linguistic features.", examples=[4]
    )
    dilation: int = Field(1, ge=1, le=500, description="The frames of both contexts are so many frames apart.", examples=[2])
    tasks: TaskUses = Field(
        description="What is learnt, by stream or task: a weight, or a mapping.",
        examples=[{"mcep": 1, "lf0": 0.02, "vuv": 0.02, "bap": 0.05, "gammatone": 0.2}],
        json_schema_extra=filled("the four streams of the vocoder, with kathleen's weights"),
    )
    sharing: SharingPart = Field(
        HardSharingPart(),
        description="How groups of tasks share the trunk: `hard`, `cross_stitch`, `sluice`, `mmoe`, `ple`, `adapters` or "
        "`go_mtl`, alone or as the `kind` of a mapping with its options.",
        examples=["hard", {"kind": "mmoe", "experts": 4}],
        json_schema_extra={"form": SHARING_FORM},
    )
    unrelated: Unrelated | None = Field(
        None,
        description="Pairs of tasks that a penalty keeps on different units.",
        examples=[[["phone_class", "speaker"]]],
        json_schema_extra={"form": "a list of pairs of tasks, or a mapping of pairs, weight, form"},
    )

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
    earlier = [source for source in first.sources(first=True) if source != "linguistic"]
    if earlier or first.context:
        what = earlier[0] if earlier else "context"
        raise ValueError(f"stage 1 has no stage before it whose {what} it could read; it reads linguistic alone")
    for number, stage in enumerate(stages[1:], 2):
        sources = stage.sources(first=False)
        if set(sources) == {"linguistic"}:
            raise ValueError(f"stage {number} reads nothing of the stages before it; add bottleneck or outputs to its inputs")
        if "bottleneck" in sources and stages[number - 2].bottleneck is None:
            raise ValueError(f"stage {number - 1} needs a bottleneck, stage {number} reads it")
        for place, other in enumerate(stages[: number - 1], 1):
            if "bottlenecks" in sources and other.bottleneck is None:
                raise ValueError(f"stage {place} needs a bottleneck, stage {number} reads those of all earlier stages")
        if "outputs" in sources and not stages[number - 2].main:
            raise ValueError(f"stage {number - 1} learns no main task whose outputs stage {number} could read")
    for number, stage in enumerate(stages, 1):
        if isinstance(stage.bottleneck, TrunkLayer) and not bottleneck_read(stages, number - 1):
            raise ValueError(
                f"stage {number}: its bottleneck, layer {stage.bottleneck.layer}, is read by no stage; leave it out"
            )


def bottleneck_read(stages: Sequence[StagePart], number: int) -> bool:
    """Return whether a later stage reads the bottleneck of stage ``number``, counted from 0."""
    later = [stage.sources(first=False) for stage in stages[number + 1 :]]
    return any("bottlenecks" in sources for sources in later) or ("bottleneck" in later[0] if later else False)
