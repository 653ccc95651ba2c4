"""Heads: from the shared layers to one task."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional


class Head(nn.Module):
    """Optional private hidden layers, then a linear layer.

    ``side`` is the width of another task's private layer that is read beside the shared ones; the weights for it start at
    zero. Without ``outputs`` the private layers are there for others to read.
    """

    def __init__(self, inputs: int, outputs: int | None, private: tuple[int, ...] = (), side: int = 0) -> None:
        super().__init__()
        widths = (inputs, *private)
        self.private = nn.ModuleList(nn.Linear(a, b) for a, b in zip(widths, private, strict=False))
        self.output = nn.Linear(widths[-1], outputs) if outputs else None
        # The matrix of the side input; the files of voices name it so.
        self.ear = nn.Parameter(torch.zeros(self.first.out_features, side)) if side else None

    @property
    def first(self) -> nn.Linear:
        """The layer that reads the shared ones."""
        layer = self.private[0] if len(self.private) else self.output
        assert isinstance(layer, nn.Linear)
        return layer

    def hidden(self, x: Tensor, side: Tensor | None = None) -> Tensor:
        """Map (..., inputs) to what the output layer reads: the last private layer, or ``x`` where there are none."""
        for number, layer in enumerate(self.private):
            y = layer(x)
            x = functional.relu(y if number or side is None else y + self.side_term(side))
        return x

    def forward(self, x: Tensor, side: Tensor | None = None) -> Tensor:
        """Map (..., inputs) and, where another task is read, (..., side) to (..., outputs)."""
        return self.read_out(self.hidden(x, side), side)

    def read_out(self, hidden: Tensor, side: Tensor | None = None) -> Tensor:
        """Map what :meth:`hidden` returned to (..., outputs)."""
        assert self.output is not None
        y: Tensor = self.output(hidden)
        return y if side is None or len(self.private) else y + self.side_term(side)

    def side_term(self, side: Tensor) -> Tensor:
        """Map (..., side) to what is added to the first layer."""
        assert self.ear is not None
        return functional.linear(side, self.ear)
