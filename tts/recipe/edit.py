"""The part of a recipe about the edit: a last acoustic stage that learns against discriminators what averaging took away."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field, SerializerFunctionWrapHandler, model_serializer, model_validator

from tts.recipe.base import Part
from tts.recipe.names import MOST_LAYERS, Steps, Width

_Widths = Annotated[tuple[Width, ...], Field(min_length=1, max_length=8)]


class EditPart(Part):
    """A last acoustic stage that edits trajectories, `kind: edit`, as an entry of `stages` after the networks.

    It reads what the networks and the variance scaling made of a sentence (all streams and the last hidden layer) and adds to
    the mel-cepstrum what two discriminators miss in it; a leash holds the edit small. See docs/stacks.md.
    """

    kind: Literal["edit"] = Field("edit", description="An edit of the scaled trajectories.")
    frames: int = Field(2, ge=1, le=16, description="Frames that are read and written as one token.", examples=[2])
    blocks: int = Field(6, ge=1, le=MOST_LAYERS, description="Residual blocks of one convolution each.", examples=[6])
    width: Width = Field(256, description="Channels of every block.", examples=[256])
    kernel: int = Field(5, ge=1, le=63, description="Tokens that a convolution reads, odd.", examples=[5])
    trajectory_discriminator: _Widths = Field(
        (128, 128, 128),
        description="Channels of the layers of the discriminator over trajectories, which reads what the edit reads too.",
        examples=[[128, 128, 128]],
    )
    plane_discriminator: _Widths = Field(
        (16, 32, 64, 64),
        description="Channels of the layers of the discriminator over the plane of time and cepstrum.",
        examples=[[16, 32, 64, 64]],
    )
    leash: float = Field(
        10.0,
        ge=0.0,
        le=1000.0,
        description="Weight of the edit's mean square, in units of each coefficient's error in training; 0 lets it run free.",
        examples=[10.0],
    )
    feature_matching: float = Field(
        1.0, ge=0.0, le=1000.0, description="Weight of the distance between the discriminators' hidden layers.", examples=[1.0]
    )
    steps: Steps = Field(600, description="Steps of its training.", examples=[600])
    batch: int = Field(512, ge=1, le=1_000_000, description="Tokens a step.", examples=[512])
    crop: int = Field(64, ge=4, le=10_000, description="Tokens a training example.", examples=[64])
    learning_rate: float = Field(
        0.0005, gt=0.0, le=1.0, description="Rate of AdamW at the first step; it falls to 0 linearly.", examples=[0.0005]
    )
    average: float = Field(
        0.999,
        ge=0.0,
        lt=1.0,
        description="Decay of the moving average of the weights that is validated and kept.",
        examples=[0.999],
    )
    clip: float = Field(1.0, gt=0.0, description="Largest norm of a gradient.", examples=[1.0])
    validate_every: Steps = Field(150, description="Steps between validations.", examples=[150])
    largest_variance: float = Field(
        1.3,
        ge=1.0,
        le=100.0,
        description="What the mel-cepstrum's global variance on validation, as a ratio to natural, may rise to: the edit is "
        "made smaller until it does not.",
        examples=[1.3],
    )
    control: Literal["none", "overscaled", "reversed"] = Field(
        "none",
        description="A control for comparisons in the edit's place: deviations scaled by `factor` (nothing is trained), or the "
        "trained edit of the sentence played backwards: as large and as lively, at the wrong places.",
        examples=["reversed"],
    )
    factor: float = Field(
        1.3, gt=0.0, le=5.0, description="`overscaled`: factor on the deviations of c3 and up.", examples=[1.3]
    )

    @model_validator(mode="after")
    def _fits(self) -> EditPart:
        if self.kernel % 2 == 0:
            raise ValueError("kernel: must be odd, so that a convolution sees as much past as future")
        if self.batch < self.crop:
            raise ValueError(f"batch: must be at least one crop of {self.crop} tokens")
        if self.control != "overscaled" and self.factor != type(self).model_fields["factor"].default:
            raise ValueError("factor: is for control: overscaled; leave it out")
        return self

    @model_serializer(mode="wrap")
    def _with_kind(self, dump: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """Write the kind also where defaults are left out: it tells an edit from a network when it is read again."""
        return {"kind": self.kind, **dump(self)}

    @property
    def trained(self) -> bool:
        """Whether there is a network to be trained."""
        return self.control != "overscaled"
