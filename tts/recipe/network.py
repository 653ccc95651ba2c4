"""What a recipe says of a network: its trunk, the tasks it learns, how they share it."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, model_validator

from tts.recipe.parts import MAIN_STREAMS, Part
from tts.recipe.sharing import HardSharing, SharingPart, Unrelated, check_heads, check_sharing, check_unrelated


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
