"""Mixtures of experts: several trunks or layers, of which every group takes its own blend frame by frame."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from tts.network.sharing import Sharing, prefixed
from tts.network.trunks import Trunk


class ExpertGate(nn.Module):
    """Weights of ``experts`` from what a gate reads, ``softmax(W x + b)``; even at the start.

    In training, ``dropout`` hides experts at random, frame by frame, and the others share the weight: no gate can come to
    rely on a single expert (all are back where every one would be hidden).
    """

    def __init__(self, inputs: int, experts: int, dropout: float = 0.0) -> None:
        super().__init__()
        self.dropout = dropout
        self.linear = nn.Linear(inputs, experts)
        nn.init.zeros_(self.linear.weight)
        nn.init.zeros_(self.linear.bias)

    def forward(self, x: Tensor) -> Tensor:
        """Map (..., inputs) to weights (..., experts) that sum to 1."""
        scores: Tensor = self.linear(x).float()
        if self.training and self.dropout:
            hidden = torch.rand_like(scores) < self.dropout
            scores = scores.masked_fill(hidden & ~hidden.all(dim=-1, keepdim=True), -torch.inf)
        return torch.softmax(scores, dim=-1)


def blend(weights: Tensor, outputs: Sequence[Tensor]) -> Tensor:
    """Return ``sum_e weights_e outputs_e`` of (..., experts) and a tensor (..., width) an expert."""
    total = weights[..., :1] * outputs[0]
    for number, expert in enumerate(outputs[1:], 1):
        total = total + weights[..., number : number + 1] * expert
    return total.to(outputs[0].dtype)


class MixtureOfExperts(Sharing):
    """Multi-gate mixture of experts (Ma et al. 2018, KDD, eq. 6-7): ``f_t(x) = sum_e g_te(x) E_e(x)``.

    An expert is a whole trunk; a gate reads the stage's input. There is one hidden layer to read, the blend on top.
    """

    def __init__(
        self,
        trunk: Trunk,
        groups: Sequence[str],
        wanted: Sequence[str] | None = None,
        *,
        experts: int = 4,
        gate_dropout: float = 0.0,
    ) -> None:
        super().__init__(trunk, groups, wanted)
        self.experts = nn.ModuleList([trunk, *(trunk.another() for _ in range(experts - 1))])
        self.gates = nn.ModuleDict({group: ExpertGate(trunk.inputs, experts, gate_dropout) for group in self.wanted})

    def forward(self, x: Tensor, mask: Tensor | None = None) -> list[list[Tensor]]:
        """See :class:`Sharing`; each group has one layer."""
        outputs = [expert(x, mask) for expert in self.experts]
        return [[blend(gate(x), outputs)] for gate in self.gates.values()]

    def input_axes(self) -> dict[str, int]:
        """See :class:`Sharing`: those of every expert, and the gates."""
        return _axes_of("experts", self.experts) | {f"gates.{group}.linear.weight": 1 for group in self.wanted}


class ProgressiveExtraction(Sharing):
    """Progressive layered extraction (Tang et al. 2020, RecSys, eq. 5-8).

    Every layer of the trunk becomes a level: ``shared`` experts and ``own`` ones for each group, an expert being one layer.
    A group's gate blends its own and the shared experts; below the top a further gate blends all of them, for the shared
    experts above. Gates and experts read the output of the level below, the lowest the stage's input.
    """

    def __init__(
        self,
        trunk: Trunk,
        groups: Sequence[str],
        wanted: Sequence[str] | None = None,
        *,
        shared: int = 1,
        own: int = 1,
        gate_dropout: float = 0.0,
    ) -> None:
        super().__init__(trunk, groups, wanted)
        layers = trunk.split()
        top = len(layers) - 1
        # The top level computes the wanted groups alone, so the level below need not blend for the others' experts.
        self.levels = nn.ModuleList(
            _Level(
                layer,
                self.groups if number < top else self.wanted,
                self.groups if number < top - 1 else self.wanted,
                shared,
                own,
                gate_dropout,
                top=number == top,
            )
            for number, layer in enumerate(layers)
        )

    def forward(self, x: Tensor, mask: Tensor | None = None) -> list[list[Tensor]]:
        """See :class:`Sharing`."""
        inputs = dict.fromkeys(self.groups, x)
        common = x
        views: dict[str, list[Tensor]] = {group: [] for group in self.wanted}
        for level in self.levels:
            inputs, common = level(inputs, common, mask)
            for group, view in views.items():
                view.append(inputs[group])
        return list(views.values())

    def input_axes(self) -> dict[str, int]:
        """See :class:`Sharing`: those of the lowest level."""
        level = self.levels[0]
        assert isinstance(level, _Level)
        return prefixed("levels.0", level.input_axes())


class _Level(nn.Module):
    """One level: experts of the groups that have ``owners``, gates of the groups ``gated``, made after one layer."""

    def __init__(
        self, layer: Trunk, owners: Sequence[str], gated: Sequence[str], shared: int, own: int, dropout: float, *, top: bool
    ) -> None:
        super().__init__()
        self.shared = nn.ModuleList([layer, *(layer.another() for _ in range(shared - 1))])
        self.own = nn.ModuleDict({g: nn.ModuleList(layer.another() for _ in range(own)) for g in owners})
        self.gates = nn.ModuleDict({group: ExpertGate(layer.inputs, own + shared, dropout) for group in gated})
        self.shared_gate = None if top else ExpertGate(layer.inputs, len(owners) * own + shared, dropout)

    def forward(self, inputs: dict[str, Tensor], common: Tensor, mask: Tensor | None) -> tuple[dict[str, Tensor], Tensor]:
        shared = [expert(common, mask) for expert in self.shared]
        own = {g: [e(inputs[g], mask) for e in experts.children()] for g, experts in self.own.items()}
        outputs = {group: blend(gate(inputs[group]), [*own[group], *shared]) for group, gate in self.gates.items()}
        if self.shared_gate is not None:
            common = blend(self.shared_gate(common), [*(h for several in own.values() for h in several), *shared])
        return outputs, common

    def input_axes(self) -> dict[str, int]:
        axes = _axes_of("shared", self.shared)
        for group, experts in self.own.items():
            assert isinstance(experts, nn.ModuleList)
            axes |= _axes_of(f"own.{group}", experts)
        axes |= {f"gates.{group}.linear.weight": 1 for group in self.gates}
        return axes | ({} if self.shared_gate is None else {"shared_gate.linear.weight": 1})


def _axes_of(name: str, trunks: nn.ModuleList) -> dict[str, int]:
    axes: dict[str, int] = {}
    for number, trunk in enumerate(trunks):
        assert isinstance(trunk, Trunk)
        axes |= prefixed(f"{name}.{number}", trunk.input_axes())
    return axes
