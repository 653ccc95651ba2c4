"""Weightings that look at losses alone: one backward pass, whatever the number of tasks.

None of them protects the main task: each is a rule for the relative size of the losses, blind to whether a task helps.
"""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor

from tts.training.weighting.base import Count, NotNegative, Positive, Tasks, Weighting, adam, precise, start_adam


class Fixed(Weighting):
    """The weighted sum: d = sum_i g_i, with the base weights of the recipe and nothing else.

    Main task: no guarantee a step. With the weights chosen on the main task's validation loss from a grid that holds zero,
    the validation loss is at most the single-task one: no adaptive method beats that once all are tuned (Xin et al. 2022,
    Kurin et al. 2022). Cost: 1.
    """

    name = "sum"
    needs = "nothing"
    plain = True

    def weights(self, step: int, losses: Tensor, gramian: Tensor | None) -> Tensor:
        """Return ones."""
        return torch.ones_like(precise(losses))


class Uncertainty(Weighting):
    """Weights learnt as homoscedastic uncertainty (Kendall, Gal and Cipolla 2018).

    Minimises sum exp(-s_i) L_i / 2 + s_i / 2 over s for continuous tasks, exp(-s_i) L_i + s_i / 2 for binary and class tasks
    (the main row is taken as continuous), by Adam at ``rate`` without weight decay. At rest the weights are 1 / (2 L_i), so
    it evens out the losses' scales; with exp(-s) L + s it would be the loss balance of IMTL-L.

    Main task: no guarantee. Cost: 1.
    """

    name = "uncertainty"
    needs = "losses"

    def __init__(self, tasks: Tasks, *, rate: Positive = 1e-3) -> None:
        super().__init__(tasks)
        self.rate = rate
        kinds = [tasks.kinds.get(names[0], "continuous") if len(names) == 1 else "continuous" for names in tasks.rows.values()]
        self.factor = torch.tensor([0.5 if kind == "continuous" else 1.0 for kind in kinds], dtype=torch.float64)
        start_adam(self.memory, "log_variance", torch.zeros(self.rows))

    def weights(self, step: int, losses: Tensor, gramian: Tensor | None) -> Tensor:
        """Return factor exp(-s), then take a step on s."""
        values = precise(losses)
        self.factor = self.factor.to(values)
        weights = self.factor * torch.exp(-self.memory["log_variance"])
        gradient = torch.where(values == 0.0, 0.0, 0.5 - weights * values)
        adam(self.memory, "log_variance", gradient, self.rate)
        return weights


class DynamicAverage(Weighting):
    """Dynamic weight averaging (Liu, Johns and Davison 2019): more weight to the losses that fall more slowly.

    w_i = K softmax_i(r_i / temperature), r_i = L_i(t-1) / L_i(t-2), L(t) the mean loss over the t-th ``period`` of steps (the
    paper's is an epoch); 1 until two periods are over.

    Main task: no guarantee. Cost: 1.
    """

    name = "dynamic-average"
    needs = "losses"

    def __init__(self, tasks: Tasks, *, period: Count = 100, temperature: Positive = 2.0) -> None:
        super().__init__(tasks)
        self.period, self.temperature = period, temperature
        for name in ("sum", "count", "last", "before"):
            self.memory[name] = torch.zeros(self.rows, dtype=torch.float64)

    def weights(self, step: int, losses: Tensor, gramian: Tensor | None) -> Tensor:
        """Return the weights of this period and add the losses to its mean."""
        memory = self.memory
        if step > 0 and step % self.period == 0:
            mean = memory["sum"] / memory["count"].clamp(min=1.0)
            memory["before"] = memory["last"]
            memory["last"] = torch.where(memory["count"] > 0, mean, memory["last"])
            memory["sum"], memory["count"] = torch.zeros_like(mean), torch.zeros_like(mean)
        values = precise(losses)
        memory["sum"] = memory["sum"] + values
        memory["count"] = memory["count"] + (values != 0.0)
        ratio = torch.where(memory["before"] > 0, memory["last"] / memory["before"], 1.0)
        return self.rows * torch.softmax(ratio / self.temperature, dim=0)


class GeometricMean(Weighting):
    """The geometric mean of the losses as loss (Chennupati et al. 2019): w_i = (prod_j L_j)^(1/K) / (K L_i).

    Multiplying a loss by a constant changes no direction. Losses must be positive.

    Main task: no guarantee; a task whose loss nears zero takes all the weight. Cost: 1.
    """

    name = "geometric-mean"
    needs = "losses"

    def weights(self, step: int, losses: Tensor, gramian: Tensor | None) -> Tensor:
        """Return the derivatives of the geometric mean of the losses that are there."""
        values = precise(losses)
        there = values > 0.0
        count = there.sum().clamp(min=1)
        logs = torch.where(there, values, 1.0).log()
        return torch.where(there, torch.exp(logs.sum() / count - logs) / count, 0.0)


class Random(Weighting):
    """Random weights, drawn anew at every step (Lin et al. 2022): w = K softmax(n), n standard normal.

    They are 1 on average (the paper's sum to 1), a function of ``seed`` and step alone. A control: a method that does
    not beat it has shown nothing but the effect of noise.

    Main task: no guarantee. Cost: 1.
    """

    name = "random"
    needs = "nothing"

    def __init__(self, tasks: Tasks, *, seed: int = 0) -> None:
        super().__init__(tasks)
        self.seed = seed

    def weights(self, step: int, losses: Tensor, gramian: Tensor | None) -> Tensor:
        """Return the weights of a step."""
        generator = torch.Generator().manual_seed((self.seed << 32) + step)
        shares = torch.softmax(torch.randn(self.rows, generator=generator, dtype=torch.float64), dim=0)
        return (self.rows * shares).to(precise(losses))


class Famo(Weighting):
    """Fast adaptive multitask optimisation (Liu et al. 2023): all losses fall at the same rate, on the log scale.

    z = softmax(w), w_i = (z_i / L_i) / sum_j (z_j / L_j), summing to 1; after the optimiser's step, Adam at ``rate`` with
    L2 ``decay`` moves w along J_softmax' (log L_before - log L_after), so the losses that fell least gain. Losses must be
    positive.

    Main task: no guarantee. Cost: 1.3, for a second forward pass (:meth:`after_step`).
    """

    name = "famo"
    needs = "losses"
    needs_losses_after = True

    def __init__(self, tasks: Tasks, *, rate: Positive = 0.025, decay: NotNegative = 1e-3) -> None:
        super().__init__(tasks)
        self.rate, self.decay = rate, decay
        start_adam(self.memory, "logits", torch.zeros(self.rows))
        self.memory["before"] = torch.zeros(self.rows, dtype=torch.float64)
        self._waits = False  # for the losses after a step

    def weights(self, step: int, losses: Tensor, gramian: Tensor | None) -> Tensor:
        """Return the weights and note the losses before the step."""
        if self._waits:
            raise RuntimeError("famo: after_step was not called with the losses after the last step")
        self._waits = True
        self.memory["before"] = values = precise(losses).clamp(min=0.0)
        share = torch.where(values > 0.0, torch.softmax(self.memory["logits"], dim=0) / (values + 1e-8), 0.0)
        return share / share.sum().clamp(min=1e-300)

    def after_step(self, losses: Tensor) -> None:
        """Move the logits by what the step did to the losses of its batch."""
        self._waits = False
        before, after = self.memory["before"], precise(losses).clamp(min=0.0)
        fall = torch.where(before > 0.0, (before + 1e-8).log() - (after + 1e-8).log(), 0.0)
        z = torch.softmax(self.memory["logits"], dim=0)
        adam(self.memory, "logits", z * (fall - (z * fall).sum()) + self.decay * self.memory["logits"], self.rate)
        self.memory["before"] = torch.zeros_like(before)

    def load_state(self, state: Mapping[str, Tensor]) -> None:
        """See :meth:`Weighting.load_state`; a state is one between two steps."""
        super().load_state(state)
        self._waits = False
