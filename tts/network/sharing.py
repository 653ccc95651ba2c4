"""Ways of sharing hidden layers between groups of tasks: what they have in common, and which there are.

Hard sharing is a plain :class:`~tts.network.trunks.Trunk`. Every other way is a :class:`Sharing`: it takes a trunk (which
becomes its first column, expert or basis, so that it starts from the weights that hard sharing starts from), and returns the
hidden layers of each group. All work on plain tensors (..., inputs), with any trunk.
"""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor, nn

from tts.network.trunks import Trunk


class Sharing(nn.Module):
    """Base of the ways of sharing. ``groups`` are all that are trained; ``wanted`` those that are computed, by default all.

    ``width`` is that of the top layer; ``framewise`` as for trunks.
    """

    def __init__(self, trunk: Trunk, groups: Sequence[str], wanted: Sequence[str] | None = None) -> None:
        super().__init__()
        self.groups = tuple(groups)
        self.wanted = self.groups if wanted is None else tuple(group for group in self.groups if group in wanted)
        self.framewise, self.width = trunk.framewise, trunk.width

    def forward(self, x: Tensor, mask: Tensor | None = None) -> list[list[Tensor]]:
        """Map (batch, time, inputs) to the hidden layers of every wanted group, bottom to top: (batch, time, width) each.

        What heads read by default comes last.
        """
        raise NotImplementedError

    def input_axes(self) -> dict[str, int]:
        """Return the tensors that read the input, by their name in :meth:`state_dict`, with the axis of the inputs."""
        raise NotImplementedError

    def penalties(self) -> dict[str, Tensor]:
        """Return what is added to the loss, weighted, by name."""
        return {}

    def after_step(self, learning_rate: float) -> None:
        """Do what follows an optimiser's step of this learning rate."""

    def grouping(self) -> dict[str, list[float]]:
        """Return the weights that say which groups belong together, or nothing where there are none."""
        return {}


def prefixed(prefix: str, axes: dict[str, int]) -> dict[str, int]:
    """Return what :meth:`Sharing.input_axes` says of a part, by the names that its tensors have in the whole."""
    return {f"{prefix}.{name}": axis for name, axis in axes.items()}
