"""What follows the gradients of a step: they are clipped, AdamW moves the weights, and the average follows them.

On a CPU all of it is one pass over memory (:func:`tts.core.kernels.adamw`); elsewhere, for small networks and where there are
more threads than one pass is worth, PyTorch's operations, which come to the same but for rounding. The optimiser's state is
PyTorch's in either case.
"""

from __future__ import annotations

from dataclasses import dataclass

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
        self._parameters = parameters = list(model.parameters())
        self._places: dict[nn.Parameter, _Place] = {}
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
        norm = torch.nn.utils.get_total_norm([p.grad for p in self._parameters if p.grad is not None])
        clip = np.float32(torch.clamp(self.clip / (norm + 1e-6), max=1.0))
        forget = np.float32(self.average.forget(step) if self.average is not None and self.joined else 0.0)
        loops = kernels()
        assert loops is not None
        moved = set()
        for group in self.optimiser.param_groups:
            rate, (beta, beta_square) = group["lr"], group["betas"]
            betas, epsilon = (np.float32(beta), np.float32(beta_square)), np.float32(group["eps"])
            shrink = np.float32(1.0 - rate * group["weight_decay"])
            for parameter in group["params"]:
                if parameter.grad is None:
                    continue
                place = self._place(parameter)
                place.state["step"] += 1
                taken = float(place.state["step"])
                first, root = np.float32(rate / (1.0 - beta**taken)), np.float32(1.0 / (1.0 - beta_square**taken) ** 0.5)
                weights, mean, square, average = place.arrays
                loops.adamw(
                    weights, _flat(parameter.grad), mean, square, average, clip, betas, first, root, epsilon, shrink,
                    forget if place.averaged else np.float32(0.0),
                )  # fmt: skip
                moved.add(place.tensors[0].data_ptr())
        if self.average is not None and self.joined:
            self.average.after_step(step, moved)
        return norm

    def _place(self, parameter: nn.Parameter) -> _Place:
        """Return where the numbers of a parameter lie, looked up anew where any has moved."""
        state = self._state(parameter)
        place = self._places.get(parameter)
        if place is None or place.state is not state or not place.holds(parameter):
            averages = self.average.by_weight if self.average is not None and self.joined else {}
            place = self._places[parameter] = _Place.of(parameter, state, averages.get(parameter.data_ptr()))
        return place

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


@dataclass(frozen=True)
class _Place:
    """A parameter, its moments and its average (itself where it is not ``averaged``), and the same memory as flat arrays."""

    state: dict[str, Tensor]
    tensors: tuple[Tensor, ...]
    arrays: tuple[np.ndarray, ...]
    averaged: bool

    @staticmethod
    def of(parameter: Tensor, state: dict[str, Tensor], average: Tensor | None) -> _Place:
        """Look up where all of it lies."""
        values = parameter.detach()
        tensors = (values, state["exp_avg"], state["exp_avg_sq"], values if average is None else average)
        return _Place(state, tensors, tuple(map(_flat, tensors)), average is not None)

    def holds(self, parameter: Tensor) -> bool:
        """Return whether parameter and moments are those that were looked up."""
        return (
            parameter.data_ptr() == self.tensors[0].data_ptr()
            and self.state["exp_avg"] is self.tensors[1]
            and self.state["exp_avg_sq"] is self.tensors[2]
        )


def _is_plain(model: Model) -> bool:
    """Return whether nothing but the optimiser changes weights, each of which has one name."""
    stages = model.stages if isinstance(model, Joint) else [model]
    names = len(model.state_dict()) == sum(1 for _ in model.parameters())
    return names and all(isinstance(stage, Stage) and isinstance(stage.trunk, Trunk) for stage in stages)


def _flat(values: Tensor) -> np.ndarray:
    array: np.ndarray = values.detach().contiguous().view(-1).numpy()
    return array
