"""Weightings that treat all rows as equals, from the inner products of their gradients alone.

None of them protects the main task: a point where no row can gain without loss to another stops them, and that is not where
the main task is best. Weights have their published scale: most sum to about 1, where the plain sum's sum to K. The Gramian is
divided by its trace first, so that small gradients are no special case. With ``on: last layer`` only the last shared layer's
gradients are compared, at a cost of 1.3 to 1.5, and what is said about conflict holds there alone.
"""

from __future__ import annotations

from abc import abstractmethod
from typing import Annotated, Literal

import torch
from pydantic import Field
from torch import Tensor

from tts.training.weighting.base import Needs, NotNegative, Positive, Tasks, Weighting, adam, precise, start_adam, unless
from tts.training.weighting.solvers import conflict_averse, dual_cone, rational, shortest

NOISE = 1e-6  # eigenvalues of a Gramian of float32 gradients are rounding errors below this share of its trace
Where = Literal["shared layers", "last layer"]


class Balancing(Weighting):
    """Base of the methods that are a function of the Gramian: :meth:`solve` gets the rows that are there, trace 1."""

    needs: Needs = "gradients"
    solves_on_host = True

    def __init__(self, tasks: Tasks, *, on: Where = "shared layers") -> None:
        super().__init__(tasks)
        if on == "last layer":
            self.needs = "last layer"

    def weights(self, step: int, losses: Tensor, gramian: Tensor | None) -> Tensor:
        """Return the weights of the rows that are there; ones where no gradient is left or one is not finite."""
        assert gramian is not None
        squares = gramian.diagonal()
        there = squares > 1e-24 * squares.max()
        if not bool(there.any()) or not bool(torch.isfinite(gramian).all()):
            return torch.ones(self.rows, dtype=torch.float64)
        trace = squares[there].sum()
        result = torch.zeros(self.rows, dtype=torch.float64)
        result[there] = self.solve(gramian[there][:, there] / trace, step) * self.scale(float(trace))
        return result

    def scale(self, trace: float) -> float:
        """Return the factor on the weights that makes up for the division by the trace."""
        return 1.0

    @abstractmethod
    def solve(self, gramian: Tensor, step: int) -> Tensor:
        """Return the weights (rows,) for a Gramian (rows, rows) of trace 1 without zero rows."""


class PcGrad(Balancing):
    """Projecting conflicting gradients (Yu et al. 2020): from each g_i take, in random order, what opposes each other g_j.

    Main task: no guarantee with more than two rows; with two, J d >= 0 and d is twice UPGrad's. The order is a function of
    ``seed`` and step. Cost: K, one backward pass a row.
    """

    name = "pcgrad"

    def __init__(self, tasks: Tasks, *, seed: int = 0, on: Where = "shared layers") -> None:
        super().__init__(tasks, on=on)
        self.seed = seed

    def solve(self, gramian: Tensor, step: int) -> Tensor:
        """Return the sum over i of the weights that make the projected g_i."""
        generator = torch.Generator().manual_seed((self.seed << 32) + step)
        projected = torch.eye(len(gramian), dtype=gramian.dtype)
        for i, weights in enumerate(projected):
            for j in torch.randperm(len(gramian), generator=generator).tolist():
                product = float(gramian[j] @ weights)
                if j != i and product < 0.0:
                    weights[j] -= product / float(gramian[j, j])
        return projected.sum(dim=0)


class UpGrad(Balancing):
    """The mean of the gradients, each projected onto the cone of updates that harm no row (Quinton and Rey 2024).

    Main task: J d >= 0 for every row, main too; Pareto-stationary in the end, which may be far from main's optimum.
    Cost: K, one backward pass a row.
    """

    name = "upgrad"

    def solve(self, gramian: Tensor, step: int) -> Tensor:
        """Return the mean of the projections' weights."""
        each = [dual_cone(gramian, row) for row in torch.eye(len(gramian), dtype=gramian.dtype)]
        return torch.stack(each).mean(dim=0)


class DualProjection(Balancing):
    """The mean gradient projected onto the cone of updates that harm no row (Lopez-Paz and Ranzato 2017, GEM).

    Main task: J d >= 0 for every row; Pareto-stationary in the end. Cost: K, one backward pass a row.
    """

    name = "dualproj"

    def solve(self, gramian: Tensor, step: int) -> Tensor:
        """Return the projection's weights."""
        return dual_cone(gramian, torch.full((len(gramian),), 1.0 / len(gramian), dtype=gramian.dtype))


class Mgda(Balancing):
    """Multiple-gradient descent (Désidéri 2012, Sener and Koltun 2018): the shortest convex combination of the gradients.

    Main task: J d >= |d|^2 for every row; the smallest gradient decides, so a large harmful loss does little, and
    training can stop at points that are good for nothing but one row. Cost: K, one backward pass a row.
    """

    name = "mgda"

    def solve(self, gramian: Tensor, step: int) -> Tensor:
        """Return the convex combination."""
        return shortest(gramian)


class CaGrad(Balancing):
    """Conflict-averse gradient (Liu et al. 2021): the update within ``radius`` |g0| of the mean gradient g0 that is best for
    the row it serves worst. ``radius`` 0 is the mean.

    Main task: no guarantee below radius 1: <m, d> can be negative. Cost: K, one backward pass a row.
    """

    name = "cagrad"

    def __init__(
        self, tasks: Tasks, *, radius: Annotated[float, Field(ge=0.0, lt=1.0)] = 0.5, on: Where = "shared layers"
    ) -> None:
        super().__init__(tasks, on=on)
        self.radius = radius

    def solve(self, gramian: Tensor, step: int) -> Tensor:
        """Return the weights of the mean and of the combination added to it."""
        return conflict_averse(gramian, self.radius)


class ImtlG(Balancing):
    """Impartial multi-task learning on gradients (Liu et al. 2021): the combination, weights summing to 1, whose projections
    on all normalised gradients are equal. Weights can be negative; with two rows d bisects them.

    Main task: no guarantee with more than two rows; the scale of a loss does not turn d. Cost: K, one backward pass a row.
    """

    name = "imtl-g"

    def solve(self, gramian: Tensor, step: int) -> Tensor:
        """Return the weights w with equal (G w)_i / |g_i| and sum 1, the smallest where many do."""
        norms = gramian.diagonal().sqrt()
        size = len(gramian)
        # Unknowns: weights of unit gradients, and the common projection.
        system = torch.zeros(size + 1, size + 1, dtype=gramian.dtype)
        system[:size, :size] = gramian / norms / norms[:, None]
        system[:size, size] = -1.0
        system[size, :size] = norms.min() / norms
        target = torch.zeros(size + 1, dtype=gramian.dtype)
        target[size] = 1.0
        unit: Tensor = torch.linalg.lstsq(system, target, rcond=NOISE, driver="gelsd").solution[:size]
        return unit * norms.min() / norms


class AlignedMtl(Balancing):
    """Aligned-MTL (Senushkin et al. 2023): the mean of the gradients after they are made orthogonal and of equal length, that
    of the smallest singular value of J.

    Main task: no guarantee of a step; dominance and conflict of the original rows are gone. Cost: K, one backward pass a row.
    """

    name = "aligned-mtl"

    def solve(self, gramian: Tensor, step: int) -> Tensor:
        """Return sqrt(smallest) G^(-1/2) 1/K, over the eigenvalues that are not zero."""
        values, vectors = torch.linalg.eigh(gramian)
        positive = values > NOISE
        values, vectors = values[positive], vectors[:, positive]
        balanced: Tensor = (vectors * (values.min() / values).sqrt()) @ vectors.T
        return balanced.mean(dim=1)


class FairGrad(Balancing):
    """Fair resource allocation (Ban and Ji 2024): G w = w^(-1/alpha). ``alpha`` 1, the default, is Nash-MTL (Navon et al.
    2022), proportional fairness: multiplying a loss by a constant changes nothing, the length of d neither.

    Main task: every (G w)_i > 0, main too; Pareto-stationary in the end. Cost: K, one backward pass a row.
    """

    name = "fairgrad"

    def __init__(self, tasks: Tasks, *, alpha: Positive = 1.0, on: Where = "shared layers") -> None:
        super().__init__(tasks, on=on)
        self.alpha = alpha

    def scale(self, trace: float) -> float:
        """G w = w^(-1/alpha) for trace G: w falls as trace^(-alpha / (1 + alpha))."""
        return float(trace ** (-self.alpha / (1.0 + self.alpha)))

    def solve(self, gramian: Tensor, step: int) -> Tensor:
        """Return the weights."""
        return rational(gramian, self.alpha)


class ConFig(Balancing):
    """Conflict-free inverse gradients (Liu et al. 2025): the direction with equal cosines to all gradients, as long as the sum
    of the gradients' projections on it.

    Main task: <m, d> >= 0 where the gradients are linearly independent; the scale of a loss changes d's length only.
    Cost: K, one backward pass a row.
    """

    name = "config"

    def solve(self, gramian: Tensor, step: int) -> Tensor:
        """Return the weights: U'(U U')^+ 1 for unit rows U, rescaled."""
        norms = gramian.diagonal().sqrt()
        unit = gramian / norms / norms[:, None]
        direction: Tensor = torch.linalg.pinv(unit, hermitian=True, rtol=NOISE) @ torch.ones_like(norms)
        along = unit @ direction
        square = float(direction @ along)
        length = float((norms * along).sum()) / square if square > 1e-12 else 0.0
        return length * direction / norms


class GradNorm(Weighting):
    """Gradient normalisation (Chen et al. 2018): weights learnt so that all rows train at similar rates.

    G_i = w_i |g_i| on the last shared layer, r_i = (L_i / L_i(0)) / mean; Adam at ``rate`` lowers
    sum_i |G_i - constant(mean(G) r_i^alpha)|, then the weights are scaled to sum to the number of rows. ``alpha`` says how
    strongly slow rows are pushed; 0 evens out the norms.

    Main task: no guarantee. Cost: 1.3 to 1.5, a pass through the heads and that layer a row.
    """

    name = "gradnorm"
    needs = "last layer"

    def __init__(self, tasks: Tasks, *, alpha: NotNegative = 1.5, rate: Positive = 0.025) -> None:
        super().__init__(tasks)
        self.alpha, self.rate = alpha, rate
        start_adam(self.memory, "weights", torch.ones(self.rows))
        self.memory["first_losses"] = torch.zeros(self.rows, dtype=torch.float64)

    def weights(self, step: int, losses: Tensor, gramian: Tensor | None) -> Tensor:
        """Return the weights, then take a step on them."""
        assert gramian is not None
        values, norms, weights = precise(losses), gramian.diagonal().sqrt(), self.memory["weights"]
        first = torch.where(self.memory["first_losses"] == 0.0, values, self.memory["first_losses"])
        self.memory["first_losses"] = first
        there = (values != 0.0) & torch.isfinite(norms)
        before = dict(self.memory)
        progress = torch.where(there, values / torch.where(there, first, 1.0), 0.0).clamp(min=0.0)
        count = there.sum().clamp(min=1)
        rate = progress / (progress.sum() / count).clamp(min=1e-300)
        lengths = torch.where(there, weights * norms, 0.0)
        wanted = lengths.sum() / count * rate**self.alpha
        adam(self.memory, "weights", torch.where(there, torch.sign(lengths - wanted) * norms, 0.0), self.rate)
        positive = self.memory["weights"].clamp(min=1e-3)
        self.memory["weights"] = positive * self.rows / positive.sum()
        self.memory = unless(~there.any(), before, self.memory)
        return weights
