"""Weightings that know which task is main. m is its gradient, a_i those of the auxiliary tasks, d the update.

What they promise about a step, they promise about the gradient of that batch: Adam's scaling can turn a step that agrees
with m into one that does not, and an auxiliary task that never opposes m in training can still make the test score worse.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from tts.training.weighting.base import Count, MainWeighting, NotNegative, Positive, Share, Tasks, gramian_of


class GradientGate(MainWeighting):
    """Let an auxiliary gradient through where it agrees with the main one (Du et al. 2018).

    ``kind: weighted`` d = m + sum_i max(0, cos(m, a_i)) a_i; ``kind: step`` d = m + sum_i [<m, a_i> >= 0] a_i. With ``clip``,
    no a_i is longer than m. With ``together`` there is one gate for the sum of the a_i.

    Main task: <m, d> >= |m|^2. Cost: one backward pass a row; 1.6 with ``together``.
    """

    name = "gate"
    needs = "gradients"

    def __init__(self, tasks: Tasks, *, weighted: bool = True, clip: bool = False, together: bool = False) -> None:
        super().__init__(joined(tasks, together))
        self.weighted, self.clip = weighted, clip

    def weights(self, step: int, losses: Tensor, gramian: Tensor | None) -> Tensor:
        """Return 1 for main, the gates for the others."""
        assert gramian is not None
        cosines = cosines_to_main(gramian)
        gates = cosines.clamp(min=0.0) if self.weighted else (cosines >= 0.0).to(cosines.dtype)
        if self.clip:
            gates = gates * no_longer_than_main(gramian)
        return torch.cat([gates.new_ones(1), gates])


class Projection(MainWeighting):
    """Take from every auxiliary gradient the part that opposes the main one; leave the main gradient alone.

    d = m + sum_i (a_i - min(0, <a_i, m>) / |m|^2 m): PCGrad (Yu et al. 2020) on one side only. With ``clip`` no a_i is longer
    than m; with ``together`` the sum of the a_i is projected.

    Main task: <m, d> >= |m|^2. Cost: one backward pass a row; 1.6 with ``together``.
    """

    name = "projection"
    needs = "gradients"

    def __init__(self, tasks: Tasks, *, clip: bool = True, together: bool = False) -> None:
        super().__init__(joined(tasks, together))
        self.clip = clip

    def weights(self, step: int, losses: Tensor, gramian: Tensor | None) -> Tensor:
        """Return the multipliers; main's own grows by what is taken from the others."""
        assert gramian is not None
        scale = no_longer_than_main(gramian) if self.clip else gramian.new_ones(self.rows - 1)
        against = scale * gramian[0, 1:].clamp(max=0.0)
        main = 1.0 - torch.where(gramian[0, 0] > 0.0, against.sum() / gramian[0, 0], 0.0)
        return torch.cat([main[None], scale])


class OlAux(MainWeighting):
    """Online learning of auxiliary weights (Lin, Baweja, Kantor and Held 2019): raise what has lately gone main's way.

    Every ``every`` steps w_i <- clip(w_i + rate sum <m, a_i>, 0, largest), summed over those steps: a step of descent on the
    main loss after the update, whose derivative by w_i is -(learning rate) <m, a_i>. ``start`` is the first w_i.

    Main task: no guarantee, but a task that opposes it soon weighs nothing. Inner products grow with the square of the
    gradients, hence normalised losses. Cost: one backward pass a row.
    """

    name = "ol-aux"
    needs = "gradients"

    def __init__(
        self, tasks: Tasks, *, start: NotNegative = 0.1, rate: Positive = 1.0, every: Count = 5, largest: Positive = 1.0
    ) -> None:
        super().__init__(tasks)
        self.rate, self.every, self.largest = rate, every, largest
        self.memory = {
            "weights": torch.full((self.rows - 1,), start, dtype=torch.float64),
            "products": torch.zeros(self.rows - 1, dtype=torch.float64),
        }

    def weights(self, step: int, losses: Tensor, gramian: Tensor | None) -> Tensor:
        """Return 1 for main and the learnt weights, then learn."""
        assert gramian is not None
        weights = torch.cat([gramian.new_ones(1), self.memory["weights"]])
        self.memory["products"] = self.memory["products"] + gramian[0, 1:].nan_to_num()
        if (step + 1) % self.every == 0:
            moved = self.memory["weights"] + self.rate * self.memory["products"]
            self.memory["weights"] = moved.clamp(0.0, self.largest)
            self.memory["products"] = torch.zeros_like(moved)
        return weights


class Bloop(MainWeighting):
    """Auxiliary gradients made orthogonal to the main gradient's moving average e (Hsieh et al. 2024, arXiv 2402.02998).

    d = m + weight sum_i (a_i - <a_i, e> / |e|^2 e), e <- decay e + (1 - decay) m from e = m. What helps main is taken away as
    well as what harms it: the auxiliary tasks decide only what main leaves open.

    Main task: the auxiliary part is orthogonal to e, to first order no change of the main loss. Cost: one backward pass a
    row (1.6 with ``together``) and one vector as long as the gradient, kept in checkpoints.
    """

    name = "bloop"
    needs = "gradients"

    def __init__(self, tasks: Tasks, *, decay: Share = 0.99, weight: NotNegative = 1.0, together: bool = False) -> None:
        super().__init__(joined(tasks, together))
        self.decay, self.weight = decay, weight
        self.memory["average"] = torch.zeros(0)

    def weights(self, step: int, losses: Tensor, gramian: Tensor | None) -> Tensor:
        """Return the multipliers (rows + 1,): main, the others, e; ``gramian`` has e as its last row and column."""
        assert gramian is not None
        length = gramian[-1, -1]
        along = torch.where(length > 0.0, gramian[1:-1, -1].sum() / length, 0.0)
        ones = gramian.new_ones(gramian.shape[0] - 2)
        return torch.cat([ones.new_ones(1), self.weight * ones, -self.weight * along[None]])

    def combine(self, step: int, losses: Tensor, jacobian: Tensor, sizes: Sequence[int]) -> tuple[Tensor, Tensor]:
        """Move the average, then combine the rows and it."""
        average = self.memory["average"].to(jacobian)
        average = torch.lerp(jacobian[0], average, self.decay) if average.numel() else jacobian[0].clone()
        self.memory["average"] = average
        rows = torch.cat([jacobian, average[None]])
        weights = self.weights(step, losses, gramian_of(rows))
        return weights.to(rows) @ rows, weights[:-1]


class MetaBalance(MainWeighting):
    """Auxiliary gradients brought near the main one's length, layer by layer (He et al. 2022).

    In each tensor of parameters a_i <- relax (|m| / |a_i|) a_i + (1 - relax) a_i, the norms averaged with ``decay``.

    Main task: no guarantee about directions; a task's scale no longer matters at ``relax: 1``. Cost: one backward pass a row.
    """

    name = "metabalance"
    needs = "gradients"

    def __init__(self, tasks: Tasks, *, relax: Share = 0.7, decay: Share = 0.9) -> None:
        super().__init__(tasks)
        self.relax, self.decay = relax, decay
        self.memory["norms"] = torch.zeros(0, self.rows, dtype=torch.float64)

    def weights(self, step: int, losses: Tensor, gramian: Tensor | None) -> Tensor:
        """Return multipliers (layers, rows) for Gramians (layers, rows, rows), or (rows,) for one Gramian."""
        assert gramian is not None
        if gramian.ndim == 2:
            return self.weights(step, losses, gramian[None])[0]
        now = gramian.diagonal(dim1=1, dim2=2).sqrt()
        before = self.memory["norms"] if self.memory["norms"].numel() else now
        # A row that was never there has no average yet; one that is not there now keeps its own.
        self.memory["norms"] = norms = torch.where(now * before > 0, torch.lerp(now, before, self.decay), now + before)
        ratio = torch.where(norms > 0.0, norms[:, :1] / norms.clamp(min=1e-300), 1.0)
        weights = self.relax * ratio + (1.0 - self.relax)
        weights[:, 0] = 1.0
        return weights

    def combine(self, step: int, losses: Tensor, jacobian: Tensor, sizes: Sequence[int]) -> tuple[Tensor, Tensor]:
        """Weigh each layer by itself; the multipliers reported are means over the layers, by squared length."""
        layers = torch.split(jacobian, list(sizes), dim=1)
        gramians = torch.stack([gramian_of(layer) for layer in layers])
        weights = self.weights(step, losses, gramians)
        update = torch.cat([row.to(layer) @ layer for row, layer in zip(weights, layers, strict=True)])
        squares = gramians.diagonal(dim1=1, dim2=2)
        return update, (weights * squares).sum(dim=0) / squares.sum(dim=0).clamp(min=1e-300)


def joined(tasks: Tasks, together: bool) -> Tasks:
    """Return tasks whose auxiliary tasks are one row, if they are to go together."""
    return Tasks(tasks.names, tasks.main, tasks.base, tasks.kinds, tasks.schedule, together)


def cosines_to_main(gramian: Tensor) -> Tensor:
    """Return the cosine of every auxiliary gradient with main's, (rows - 1,); 0 where either is zero."""
    norms = gramian.diagonal().sqrt()
    return torch.where(norms[1:] * norms[0] > 0.0, gramian[0, 1:] / (norms[1:] * norms[0]).clamp(min=1e-300), 0.0)


def no_longer_than_main(gramian: Tensor) -> Tensor:
    """Return the factors, at most 1, that shorten the auxiliary gradients to main's length, (rows - 1,)."""
    norms = gramian.diagonal().sqrt()
    return (norms[0] / norms[1:].clamp(min=1e-300)).clamp(max=1.0)
