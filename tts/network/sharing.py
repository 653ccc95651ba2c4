"""Ways of sharing hidden layers between groups of tasks: what they have in common, and which there are.

Hard sharing is a plain :class:`~tts.network.trunks.Trunk`. Every other way is a :class:`Sharing`: it takes a trunk (which
becomes its first column, expert or basis, so that it starts from the weights that hard sharing starts from), and answers with
the hidden layers that each group sees. All work on plain tensors (..., inputs), with any trunk.
"""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor, nn

from tts.network.trunks import Trunk


class Sharing(nn.Module):
    """Base of the ways of sharing. ``groups`` are all that are trained; ``kept`` those that are answered, by default all.

    ``width`` is that of the top layer; ``framewise`` as for trunks.
    """

    def __init__(self, trunk: Trunk, groups: Sequence[str], kept: Sequence[str] | None = None) -> None:
        super().__init__()
        self.groups = tuple(groups)
        self.kept = self.groups if kept is None else tuple(group for group in self.groups if group in kept)
        self.framewise, self.width = trunk.framewise, trunk.width

    def forward(self, x: Tensor, mask: Tensor | None = None) -> list[list[Tensor]]:
        """Map (batch, time, inputs) to the hidden layers of every kept group, bottom to top: (batch, time, width) each.

        What heads read by default comes last.
        """
        raise NotImplementedError

    def penalties(self) -> dict[str, Tensor]:
        """Return what is added to the loss, weighted, by name."""
        return {}

    def after_step(self, learning_rate: float) -> None:
        """Do what follows an optimiser's step of this learning rate."""

    def grouping(self) -> dict[str, list[float]]:
        """Return the weights by which groups were found to belong together, or nothing where there are none."""
        return {}
