"""What follows the gradients of a step: they are clipped, AdamW moves the weights, and the average follows them.

On a CPU all of it is one pass over memory (:func:`tts.core.kernels.adamw`); elsewhere, for small networks and where there are
more threads than one pass is worth, PyTorch's operations, which come to the same but for rounding. The optimiser's state is
PyTorch's in either case.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor, nn

from tts.network.fused import kernels, one_pass_pays
from tts.network.joint import Joint
from tts.network.stack import Stage
from tts.network.trunks import Trunk
from tts.training.criterion import Model
from tts.training.optimiser import WeightAverage, clip_gradient
from tts.training.parameter_groups import Pull

LEAST = 200_000  # parameters, below which calling takes longer than what is spared


class Update:
    """Takes the step of an optimiser with all that goes with it. ``clip`` is the largest norm of the gradient."""

    def __init__(
        self, model: Model, optimiser: torch.optim.AdamW, pull: Pull, clip: float, average: WeightAverage | None
    ) -> None:
        self.model, self.optimiser, self.pull, self.clip, self.average = model, optimiser, pull, clip, average
        parameters = list(model.parameters())
        self.fused = (
            sum(parameter.numel() for parameter in parameters) >= LEAST
            and one_pass_pays()
            and all(p.device.type == "cpu" and p.dtype == torch.float32 and p.is_contiguous() for p in parameters)
            and kernels() is not None
        )
        # What changes weights after the optimiser has comes before they are averaged.
        self.joined = self.fused and average is not None and not pull.groups and _is_plain(model)

    def __call__(self, step: int) -> Tensor:
        """Take a step, counted from 0; return the norm of its gradient, a scalar."""
        norm = self._fused(step) if self.fused else self._separate()
        self.pull.after_step(self.optimiser)
        self.model.after_step(self.optimiser.param_groups[0]["lr"])
        return norm

    def follow(self, step: int) -> None:
        """Let the average follow the weights, where the step has not done it."""
        if self.average is not None and not self.joined:
            self.average.after_step(step)

    def _separate(self) -> Tensor:
        norm = clip_gradient(self.model.parameters(), self.clip)
        self.optimiser.step()
        return norm

    @torch.no_grad()
    def _fused(self, step: int) -> Tensor:
        """See :func:`torch.optim.adamw.adamw` and :func:`torch.nn.utils.clip_grad_norm_`, whose arithmetic this is."""
        moved = [(p, group) for group in self.optimiser.param_groups for p in group["params"] if p.grad is not None]
        norm = torch.nn.utils.get_total_norm([p.grad for p in self.model.parameters() if p.grad is not None])
        clip = float(torch.clamp(self.clip / (norm + 1e-6), max=1.0))
        averages = self.average.by_weight if self.average is not None and self.joined else {}
        forget = self.average.forget(step) if self.average is not None else 0.0
        loops = kernels()
        assert loops is not None
        for parameter, group in moved:
            state = self._state(parameter)
            state["step"] += 1
            taken, (beta, beta_square) = float(state["step"]), group["betas"]
            average = averages.get(parameter.data_ptr())
            arrays = (
                parameter,
                parameter.grad,
                state["exp_avg"],
                state["exp_avg_sq"],
                parameter if average is None else average,
            )
            loops.adamw(
                *map(_flat, arrays),
                np.float32(clip),
                (np.float32(beta), np.float32(beta_square)),
                np.float32(group["lr"] / (1.0 - beta**taken)),
                np.float32(1.0 / (1.0 - beta_square**taken) ** 0.5),
                np.float32(group["eps"]),
                np.float32(1.0 - group["lr"] * group["weight_decay"]),
                np.float32(0.0 if average is None else forget),
            )
        if self.average is not None and self.joined:
            self.average.after_step(step, {parameter.data_ptr() for parameter, _ in moved})
        return norm

    def _state(self, parameter: nn.Parameter) -> dict[str, Tensor]:
        """Return the optimiser's state of a parameter, begun as PyTorch begins it."""
        state: dict[str, Tensor] = self.optimiser.state[parameter]
        if not state:
            state |= {
                "step": torch.zeros(()),
                "exp_avg": torch.zeros_like(parameter),
                "exp_avg_sq": torch.zeros_like(parameter),
            }
        return state


def _is_plain(model: Model) -> bool:
    """Return whether nothing but the optimiser changes weights, each of which has one name."""
    stages = model.stages if isinstance(model, Joint) else [model]
    names = len(model.state_dict()) == sum(1 for _ in model.parameters())
    return names and all(isinstance(stage, Stage) and isinstance(stage.trunk, Trunk) for stage in stages)


def _flat(values: Tensor) -> np.ndarray:
    array: np.ndarray = values.detach().contiguous().view(-1).numpy()
    return array
