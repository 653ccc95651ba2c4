"""Low-rank adapters: one trunk, to whose layers every group adds a small matrix of its own."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional

from tts.network.sharing import Sharing, prefixed
from tts.network.trunks import Trunk


class LowRank(nn.Module):
    """``x A^T B^T`` with A (rank, inputs) drawn as a linear layer's and B (outputs, rank) zero: it starts adding nothing."""

    def __init__(self, inputs: int, outputs: int, rank: int) -> None:
        super().__init__()
        self.down = nn.Linear(inputs, rank, bias=False)
        self.up = nn.Parameter(torch.zeros(outputs, rank))

    def forward(self, x: Tensor) -> Tensor:
        """Map (..., inputs) to (..., outputs)."""
        return functional.linear(self.down(x), self.up)


class LowRankAdapters(Sharing):
    """``W_t = W + B_t A_t`` in every layer, B_t zero at the start, so that it starts as hard sharing (Hu et al. 2022, LoRA).

    Added before the activation of a feed-forward or convolutional layer (to a convolution's middle frame), and to the
    output of an LSTM or attention layer.
    """

    def __init__(self, trunk: Trunk, groups: Sequence[str], wanted: Sequence[str] | None = None, *, rank: int = 16) -> None:
        super().__init__(trunk, groups, wanted)
        self.trunk = trunk
        widths = list(zip((trunk.inputs, *trunk.part.layers), trunk.part.layers, strict=False))
        self.adapters = nn.ModuleDict({g: nn.ModuleList(LowRank(a, b, rank) for a, b in widths) for g in self.wanted})

    def forward(self, x: Tensor, mask: Tensor | None = None) -> list[list[Tensor]]:
        """See :class:`Sharing`."""
        padding = self.trunk.padding(mask)
        views = []
        for adapters in self.adapters.values():
            assert isinstance(adapters, nn.ModuleList)
            h, view = x, []
            for number, adapter in enumerate(adapters):
                h = self.trunk.step(number, h, padding, adapter(h))
                view.append(h)
            views.append(view)
        return views

    def input_axes(self) -> dict[str, int]:
        """See :class:`Sharing`: the trunk's, and the first adapter of every group."""
        first = {f"adapters.{group}.0.down.weight": 1 for group in self.wanted}
        return prefixed("trunk", self.trunk.input_axes()) | first
