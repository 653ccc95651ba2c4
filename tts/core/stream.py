"""Streams: named frame-level parameters. They keep their names all the way; nothing is a column number."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from tts.core.errors import UsageError
from tts.core.normal_head import head_width

Kind = Literal["continuous", "binary", "class", "distribution"]
DURATION = "duration"  # frames a state: what a duration model predicts


@dataclass(frozen=True)
class Stream:
    """A named frame-level parameter.

    An utterance's values are float32 of shape (frames, dimension); for ``binary`` they are 0 or 1, for ``class`` an
    integer label below ``classes`` stored as float32 in one column. ``dynamic`` streams are learnt together with their delta
    and acceleration (windows [-0.5, 0, 0.5] and [1, -2, 1]), so that trajectories can be generated from them. ``masked``
    streams carry one more column, 1 where the frame has a value (formants of voiced frames) and 0 where it has none and is
    not learnt. Of a ``distribution`` the values are as continuous ones, and a head says a normal distribution of them together
    (:mod:`tts.core.normal_head`).
    """

    name: str
    dimension: int
    kind: Kind = "continuous"
    dynamic: bool = False
    classes: int = 0
    masked: bool = False

    def __post_init__(self) -> None:
        if self.dimension < 1:
            raise UsageError(f"stream {self.name}: dimension {self.dimension} must be at least 1")
        if self.kind == "class" and (self.classes < 2 or self.dimension != 1):
            raise UsageError(f"stream {self.name}: a class stream has one column and at least 2 classes")
        if self.dynamic and self.kind != "continuous":
            raise UsageError(f"stream {self.name}: only continuous streams have dynamic features")
        if self.masked and self.kind == "distribution":
            raise UsageError(f"stream {self.name}: a distribution is of all its values, so not masked")
        if self.masked and self.dynamic:
            raise UsageError(f"stream {self.name}: only streams without dynamic features can be masked")

    @property
    def columns(self) -> int:
        """Columns of an utterance's values: the dimension, and the mask where there is one."""
        return self.dimension + self.masked

    @property
    def normalised(self) -> bool:
        """Whether its values are learnt as deviations from their mean, so that they have statistics."""
        return self.kind in ("continuous", "distribution")

    @property
    def width(self) -> int:
        """Width of a head that predicts this stream: statics and dynamics, one logit a class, or what a distribution needs."""
        if self.kind == "class":
            return self.classes
        if self.kind == "distribution":
            return head_width(self.dimension)
        return self.dimension * (3 if self.dynamic else 1)

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON-able data; ``Stream(**data)`` is its inverse."""
        return {
            "name": self.name,
            "dimension": self.dimension,
            "kind": self.kind,
            "dynamic": self.dynamic,
            "classes": self.classes,
            "masked": self.masked,
        }
