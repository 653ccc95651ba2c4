"""The part of a recipe about transfer: what a system loads from a finished voice, and how closely it stays to it."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, model_validator

from tts.recipe.base import Part
from tts.recipe.names import MOST_LAYERS
from tts.recipe.network import StagePart, TrunkPart

# Stands for the network that a system reads features from, until its voice is opened.
BORROWED = StagePart(trunk=TrunkPart(layers=(1,)), bottleneck=1, tasks={})


class TransferPart(Part):
    """What a system loads from a finished voice; see ``docs/transfer.md``. Voice folders are named from the current folder."""

    init_from: str | None = Field(
        None, description="Start from the weights of this voice.", examples=["output/kathleen/stacked"]
    )
    features_from: str | None = Field(
        None,
        description="Put this voice's first network, frozen, before the system's own.",
        examples=["output/kathleen/stacked"],
    )
    speaker: str = Field("", description="Speaker of the voice, where it has several. Default: the first.", examples=["anna"])
    layer: Literal["bottleneck"] | int = Field(
        "bottleneck",
        description="`features_from`: what is read of it, its bottleneck or a hidden layer, of which the first is 1.",
        examples=["bottleneck", 3],
    )
    freeze: tuple[str, ...] = Field(
        (),
        max_length=1000,
        description="Parts that are not trained: trunk, heads, heads.lf0, stages.0, stages.0.trunk.layers.1.",
        examples=[["trunk"]],
    )
    layer_decay: float = Field(
        1.0,
        gt=0.0,
        le=1.0,
        description="Factor on the learning rate for every layer further from the output.",
        examples=[0.8],
    )
    l2_sp: float = Field(
        0.0,
        ge=0.0,
        description="Pull towards the starting point, in place of weight decay, on the weights that were loaded.",
        examples=[0.01],
    )
    outputs: Literal["physical", "normalised"] = Field(
        "physical",
        description="Which outputs stay the same under the new corpus's statistics.",
        examples=["normalised"],
    )
    duration: bool = Field(True, description="Load the duration model too.", examples=[False])

    @model_validator(mode="after")
    def _one_source(self) -> TransferPart:
        if (self.init_from is None) == (self.features_from is None):
            raise ValueError("give either init_from or features_from, a voice folder made by tts train")
        defaults = {key: field.default for key, field in type(self).model_fields.items()}
        other = ("layer",) if self.init_from else ("freeze", "layer_decay", "l2_sp", "outputs", "duration")
        for key in other:
            if getattr(self, key) != defaults[key]:
                raise ValueError(f"{key}: belongs to {'features_from' if self.init_from else 'init_from'}; leave it out")
        if isinstance(self.layer, int) and not 1 <= self.layer <= MOST_LAYERS:
            raise ValueError(
                "layer: expected bottleneck, or the number of a hidden layer, of which the first is 1 (at most 64)"
            )
        return self

    @property
    def source(self) -> str:
        """The folder of the voice that is loaded."""
        return self.init_from or self.features_from or ""


def borrows(part: TransferPart | None) -> bool:
    """Return whether a system reads the first network of another voice."""
    return part is not None and part.features_from is not None
