"""GO-MTL: the parameters of every group are a sparse combination of a shared basis."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.func import functional_call
from torch.nn import functional

from tts.network.sharing import Sharing, prefixed
from tts.network.trunks import Trunk


class SparseBasis(nn.Module):
    r"""Matrices ``W_t = sum_k s_tk L_k`` for every task t (Kumar and Daume 2012, ICML, "grouping and overlap", eq. 2).

    ``bases`` are modules of the same shape, whose matrices are the L_k; vectors (biases, norms) are those of the first, the
    same for all tasks. The objective is the mean loss plus ``sparsity * sum |s|`` and ``shrink * sum ||L_k||_F^2``; both are
    needed, for scaling L up and s down changes nothing else. As parts of the loss the first would never bring a weight to
    zero: :meth:`after_step` follows each of the optimiser's steps with the proximal ones,
    ``s <- sign(s) max(|s| - learning_rate * sparsity, 0)`` and ``L <- L / (1 + 2 learning_rate * shrink)``. Adam divides
    gradients by their root mean square, so under it a weight survives where its mean gradient exceeds the share ``sparsity``,
    0 to 1, of its root mean square. At the start every task has nearly the same weights, of the bases' usual size. Tasks with
    the same zeros form a group.
    """

    def __init__(
        self, bases: Sequence[nn.Module], tasks: Sequence[str], *, sparsity: float = 0.3, shrink: float = 0.05
    ) -> None:
        super().__init__()
        self.sparsity, self.shrink = sparsity, shrink
        self.first = bases[0]
        self.names = [name for name, p in self.first.named_parameters() if p.ndim > 1]
        others = [dict(basis.named_parameters()) for basis in bases[1:]]
        more = {n: torch.stack([basis[n].detach() for basis in others]) for n in self.names} if others else {}
        self.more = nn.ParameterDict({n.replace(".", "/"): nn.Parameter(values) for n, values in more.items()})
        size = len(bases) ** -0.5
        self.tasks = tuple(tasks)  # a ParameterDict sorts what it is given
        self.weights = nn.ParameterDict({t: nn.Parameter(size * (1.0 + 0.1 * torch.randn(len(bases)))) for t in tasks})

    def combined(self) -> dict[str, Tensor]:
        """Return every matrix of every task by name, (tasks, *shape) each."""
        weights = torch.stack([self.weights[task] for task in self.tasks])
        matrices = {}
        for name in self.names:
            first, key = self.first.get_parameter(name), name.replace(".", "/")
            bases = torch.cat([first[None], self.more[key]]) if key in self.more else first[None]
            matrices[name] = (weights @ bases.flatten(1)).view(-1, *first.shape)
        return matrices

    def forward(self, *arguments: Tensor | None) -> list:
        """Return what every task's module returns."""
        names = self.names
        tasks = zip(*(values.unbind() for values in self.combined().values()), strict=True)
        return [functional_call(self.first, dict(zip(names, matrices, strict=True)), arguments) for matrices in tasks]

    @torch.no_grad()
    def after_step(self, learning_rate: float) -> None:
        """Move every weight towards zero by ``learning_rate * sparsity``, and no further; shrink the basis."""
        for s in self.weights.values():
            s.copy_(functional.softshrink(s, learning_rate * self.sparsity))
        if self.shrink:
            for values in (*(self.first.get_parameter(name) for name in self.names), *self.more.values()):
                values.div_(1.0 + 2.0 * learning_rate * self.shrink)

    def grouping(self) -> dict[str, list[float]]:
        """Return the weights of the basis by task."""
        return {task: self.weights[task].detach().tolist() for task in self.tasks}


class SparseTrunks(Sharing):
    """Trunks whose matrices are a group's combination of ``basis`` trunks; see :class:`SparseBasis`."""

    def __init__(
        self,
        trunk: Trunk,
        groups: Sequence[str],
        wanted: Sequence[str] | None = None,
        *,
        basis: int = 2,
        sparsity: float = 0.3,
        shrink: float = 0.05,
    ) -> None:
        super().__init__(trunk, groups, wanted)
        bases = [_EveryLayer(trunk), *(_EveryLayer(trunk.another()) for _ in range(basis - 1))]
        self.basis = SparseBasis(bases, self.wanted, sparsity=sparsity, shrink=shrink)

    def forward(self, x: Tensor, mask: Tensor | None = None) -> list[list[Tensor]]:
        """See :class:`Sharing`."""
        views: list[list[Tensor]] = self.basis(x, mask)
        return views

    def input_axes(self) -> dict[str, int]:
        """See :class:`Sharing`: those of the first basis, and of the others, which lie in one tensor a name."""
        first = self.basis.first
        assert isinstance(first, _EveryLayer)
        axes = prefixed("trunk", first.trunk.input_axes())
        more = {f"basis.more.{name.replace('.', '/')}": axis + 1 for name, axis in axes.items()}
        return prefixed("basis.first", axes) | (more if len(self.basis.more) else {})

    def after_step(self, learning_rate: float) -> None:
        """Take the proximal steps that make the weights sparse and keep the basis small."""
        self.basis.after_step(learning_rate)

    def grouping(self) -> dict[str, list[float]]:
        """Return the weights of the basis by group."""
        return self.basis.grouping()


class _EveryLayer(nn.Module):
    """A trunk that returns all its layers, as a module that can be called with other parameters."""

    def __init__(self, trunk: Trunk) -> None:
        super().__init__()
        self.trunk = trunk

    def forward(self, x: Tensor, mask: Tensor | None) -> list[Tensor]:
        return self.trunk.hidden(x, mask)
