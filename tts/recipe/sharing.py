"""The recipe's keys for ways of sharing the hidden layers of a stage, and for tasks declared unrelated.

Formulas, sources and costs are in ``docs/sharing.md``; the layers themselves in ``tts.network``.
"""

from __future__ import annotations

from graphlib import CycleError, TopologicalSorter
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

if TYPE_CHECKING:
    from tts.recipe import StagePart


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class HardSharingPart(_Part):
    """One trunk for all tasks."""

    kind: Literal["hard"] = "hard"


class CrossStitchPart(_Part):
    """A trunk for every group of tasks, mixed after each layer."""

    kind: Literal["cross_stitch"] = "cross_stitch"
    keep: float = Field(
        0.9,
        ge=0.0,
        le=1.0,
        description="Weight of a group's own trunk at the start; the others share the rest.",
        examples=[0.9],
    )
    speed: float = Field(
        10.0, gt=0.0, le=10_000.0, description="The mixing weights learn so much faster than the layers.", examples=[10]
    )


class SluicePart(_Part):
    """Cross-stitch between subspaces of every layer, with a learnt mixture over the layers on top where wanted."""

    kind: Literal["sluice"] = "sluice"
    subspaces: int = Field(2, ge=2, le=64, description="Parts that every layer is cut into.", examples=[2])
    keep: float = Field(
        0.9, ge=0.0, le=1.0, description="Weight of a subspace itself at the start; the others share the rest.", examples=[0.9]
    )
    speed: float = Field(
        10.0, gt=0.0, le=10_000.0, description="The mixing weights learn so much faster than the layers.", examples=[10]
    )
    mixture: bool = Field(
        False, description="Outputs read a learnt mixture of all layers in place of the last one.", examples=[True]
    )
    orthogonality: float = Field(
        0.0, ge=0.0, description="Weight of the penalty on the overlap of a layer's subspaces.", examples=[0.01]
    )


class MmoePart(_Part):
    """Several trunks ("experts"), mixed on top by a softmax gate for every group."""

    kind: Literal["mmoe"] = "mmoe"
    experts: int = Field(4, ge=1, le=64, description="Trunks.", examples=[4])
    gate_dropout: float = Field(
        0.0, ge=0.0, lt=1.0, description="Share of experts hidden from a gate in training, frame by frame.", examples=[0.1]
    )


class PlePart(_Part):
    """Shared experts and experts of every group's own, gated anew at every layer."""

    kind: Literal["ple"] = "ple"
    shared: int = Field(1, ge=1, le=64, description="Experts that all groups share.", examples=[1])
    own: int = Field(1, ge=0, le=64, description="Experts of every group's own.", examples=[1])
    gate_dropout: float = Field(
        0.0, ge=0.0, lt=1.0, description="Share of experts hidden from a gate in training, frame by frame.", examples=[0.1]
    )


class AdaptersPart(_Part):
    """One trunk; every group adds a low-rank matrix to each of its layers."""

    kind: Literal["adapters"] = "adapters"
    rank: int = Field(16, ge=1, le=4096, description="Rank of the matrices.", examples=[16])


class GoMtlPart(_Part):
    """Every group's layers are a sparse combination of a few basis trunks."""

    kind: Literal["go_mtl"] = "go_mtl"
    basis: int = Field(2, ge=1, le=64, description="Basis trunks.", examples=[2])
    sparsity: float = Field(
        0.3, ge=0.0, description="Soft threshold on the combination's weights a step, in learning rates.", examples=[0.3]
    )
    shrink: float = Field(
        0.05,
        ge=0.0,
        description="Weight of the basis's squared norm; half a weight decay, which adds to it.",
        examples=[0.05],
    )


SharingKind = Literal["hard", "cross_stitch", "sluice", "mmoe", "ple", "adapters", "go_mtl"]
_KINDS: dict[str, type[_Part]] = {
    "hard": HardSharingPart,
    "cross_stitch": CrossStitchPart,
    "sluice": SluicePart,
    "mmoe": MmoePart,
    "ple": PlePart,
    "adapters": AdaptersPart,
    "go_mtl": GoMtlPart,
}


SHARING_FORM = f"one of {', '.join(_KINDS)}, or a mapping of kind and its options"


def _sharing(value: Any) -> Any:
    """Accept a bare kind, and name the options there are where a key is unknown."""
    if isinstance(value, str):
        value = {"kind": value}
    if not isinstance(value, dict):
        return value
    kind = value.get("kind")
    if kind not in _KINDS:
        raise ValueError(f"expected {SHARING_FORM}")
    known = [name for name in _KINDS[kind].model_fields if name != "kind"]
    for key in value:
        if key != "kind" and key not in known:
            raise ValueError(f"{kind} has no option {key}; it has {', '.join(known) or 'none'}")
    return value


_AnyKind = Annotated[
    HardSharingPart | CrossStitchPart | SluicePart | MmoePart | PlePart | AdaptersPart | GoMtlPart,
    Field(discriminator="kind"),
]
SharingPart = Annotated[
    _AnyKind,
    BeforeValidator(_sharing, json_schema_input_type=SharingKind | _AnyKind),
]


class UnrelatedPart(_Part):
    """Groups of tasks declared unrelated, which a penalty keeps apart. A bare list in YAML is ``pairs``."""

    pairs: tuple[tuple[str, str], ...] = Field(
        min_length=1,
        max_length=1000,
        description="Pairs of `main` or names of auxiliary tasks.",
        examples=[[["phone_class", "speaker"]]],
    )
    weight: float = Field(0.1, gt=0.0, description="Weight of the penalty.", examples=[0.1])
    form: Literal["readout", "activation"] = Field(
        "readout",
        description="Kept apart are the weights that read the hidden layer, or the activations of private layers.",
        examples=["activation"],
    )


Pairs = Annotated[tuple[tuple[str, str], ...], Field(min_length=1)]


def _pairs_alone(value: Any) -> Any:
    """Return what keeps tasks apart, which may come as its pairs alone."""
    return {"pairs": value} if isinstance(value, list | tuple) else value


Unrelated = Annotated[UnrelatedPart, BeforeValidator(_pairs_alone, json_schema_input_type=Pairs | UnrelatedPart)]


def check_heads(stage: StagePart) -> None:
    """Check that every head has something to read and every layer a reader; raises :class:`ValueError`."""
    tasks, layers = stage.tasks, len(stage.trunk.layers)
    for name, use in tasks.items():
        if use.depth is not None and use.depth > layers:
            raise ValueError(f"tasks.{name}: depth {use.depth} is not there, the trunk has {layers} layers")
        if use.depth is not None and stage.sharing.kind == "mmoe":
            raise ValueError(f"tasks.{name}: depth cannot be chosen under mmoe, which mixes on top alone; take ple instead")
        if use.reads is not None and use.reads not in tasks:
            raise ValueError(f"tasks.{name}: reads {use.reads}, which this stage does not learn; it learns {', '.join(tasks)}")
        if use.reads is not None and not tasks[use.reads].private:
            raise ValueError(f"tasks.{name}: reads {use.reads}, which has no private layers to read; give it private: [64]")
    try:
        TopologicalSorter({name: [use.reads] if use.reads else [] for name, use in tasks.items()}).prepare()
    except CycleError as error:
        raise ValueError(
            f"tasks: {', '.join(error.args[1][1:])} read in a circle; one of them must read the trunk alone"
        ) from None
    if "main" in tasks and len(stage.groups["main"]) > 1:
        raise ValueError("tasks: main is what the vocoder's streams are called together; give this task another name")
    place = getattr(stage.bottleneck, "layer", None)
    if place is not None and place > layers:
        raise ValueError(f"bottleneck: layer {place} is not there, the trunk has {layers} layers")
    if place is not None and place < layers and stage.sharing.kind == "mmoe":
        raise ValueError("bottleneck: mmoe mixes on top alone, so only its top layer can be the bottleneck; take ple instead")
    deepest = max((use.depth or layers for use in tasks.values()), default=layers)
    if not isinstance(stage.bottleneck, int) and max(deepest, place or 0) < layers:
        raise ValueError(f"trunk.layers: no task reads the layers above the one at depth {deepest}; remove them")


def check_sharing(stage: StagePart) -> None:
    """Check that the way of sharing fits the trunk and the tasks; raises :class:`ValueError`."""
    sharing, layers = stage.sharing, stage.trunk.layers
    if sharing.kind == "cross_stitch" and len(stage.groups) < 2:
        raise ValueError("sharing: cross_stitch needs an auxiliary task whose column it can mix with the main one")
    if isinstance(sharing, SluicePart):
        if any(width % sharing.subspaces for width in layers):
            raise ValueError(f"trunk.layers: every width must be a multiple of sluice's {sharing.subspaces} subspaces")
        if sharing.mixture and len(set(layers)) > 1:
            raise ValueError("sharing: mixture adds up all layers, which must have the same width")
        if sharing.orthogonality and stage.trunk.kind not in ("feedforward", "convolution"):
            raise ValueError(f"sharing: orthogonality compares rows of one matrix a layer, which {stage.trunk.kind} has not")


def check_unrelated(stage: StagePart) -> None:
    """Check that the groups declared unrelated exist and can be told apart; raises :class:`ValueError`."""
    if stage.unrelated is None:
        return
    for pair in stage.unrelated.pairs:
        for group in pair:
            if group not in stage.groups:
                raise ValueError(f"unrelated: there is no group {group}; there are {', '.join(stage.groups)}")
        if pair[0] == pair[1]:
            raise ValueError(f"unrelated: {pair[0]} cannot be unrelated to itself")
        first, second = ([stage.tasks[name] for name in stage.groups[group]] for group in pair)
        if stage.unrelated.form == "readout" and len({use.depth for use in (*first, *second)}) > 1:
            raise ValueError(f"unrelated: {pair[0]} and {pair[1]} read different depths, their readouts cannot be compared")
        same = stage.sharing.kind == "hard" and not all(u.private for u in first) and not all(u.private for u in second)
        if stage.unrelated.form == "activation" and same:
            raise ValueError(f"unrelated: activation compares hidden layers; give {pair[0]} or {pair[1]} private layers")
