"""What a recipe says of knowledge transfer: what a system takes over from a finished voice, and how closely it keeps to it."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, model_validator

from tts.recipe.network import StagePart, TrunkPart
from tts.recipe.parts import Part

# Stands for the network that a system reads features from, until its voice is opened.
BORROWED = StagePart(trunk=TrunkPart(layers=(1,)), bottleneck=1, tasks={})


class TransferPart(Part):
    """What a system takes over from a voice; see ``docs/transfer.md``. Voice folders are named from the current folder."""

    init_from: str | None = None  # start from the weights of this voice
    features_from: str | None = None  # put this voice's first network, frozen, before the system's own
    speaker: str = ""  # whose voice, of one that has several speakers; default: the first
    layer: Literal["bottleneck"] | int = "bottleneck"  # features_from: what is read of it; or a hidden layer, the first is 1
    freeze: tuple[str, ...] = ()  # parts that are not trained: trunk, heads, heads.lf0, stages.0, stages.0.trunk.layers.1
    layer_decay: float = Field(1.0, gt=0.0, le=1.0)  # factor on the learning rate for every layer further from the output
    l2_sp: float = Field(0.0, ge=0.0)  # pull towards the starting point, in place of weight decay, on what was taken over
    outputs: Literal["physical", "normalised"] = "physical"  # what stays the same under the new corpus's statistics
    duration: bool = True  # the duration model too

    @model_validator(mode="after")
    def _one_source(self) -> TransferPart:
        if (self.init_from is None) == (self.features_from is None):
            raise ValueError("give either init_from or features_from, a voice folder made by tts train")
        defaults = {key: field.default for key, field in type(self).model_fields.items()}
        other = ("layer",) if self.init_from else ("freeze", "layer_decay", "l2_sp", "outputs", "duration")
        for key in other:
            if getattr(self, key) != defaults[key]:
                raise ValueError(f"{key}: belongs to {'features_from' if self.init_from else 'init_from'}; leave it out")
        if isinstance(self.layer, int) and self.layer < 1:
            raise ValueError("layer: expected bottleneck, or the number of a hidden layer, of which the first is 1")
        return self

    @property
    def source(self) -> str:
        """The folder of the voice that is taken over."""
        return self.init_from or self.features_from or ""


def borrows(part: TransferPart | None) -> bool:
    """Return whether a system reads the first network of another voice."""
    return part is not None and part.features_from is not None
