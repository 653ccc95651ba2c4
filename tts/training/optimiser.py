"""The optimiser of a step: AdamW, its rate at every step, the average of the weights, and whether a step was finite."""

from __future__ import annotations

import math
from collections.abc import Container, Iterable, Mapping
from typing import Any

import torch
from torch import Tensor, nn

from tts.core.device import to_host
from tts.core.errors import Diverged
from tts.recipe import TrainingPart

FUSED = ("cpu", "cuda")  # devices for which PyTorch has AdamW in one kernel
_NEVER = torch.iinfo(torch.int64).max


def make_optimiser(groups: list[dict[str, Any]], settings: TrainingPart, device: torch.device) -> torch.optim.AdamW:
    """Return AdamW (Loshchilov and Hutter 2019, ICLR) for groups of :func:`~tts.training.parameter_groups.parameter_groups`."""
    fused = True if device.type in FUSED else None
    return torch.optim.AdamW(groups, lr=settings.learning_rate, betas=(0.9, 0.98), fused=fused)


def set_rate(optimiser: torch.optim.Optimizer, step: int, settings: TrainingPart) -> None:
    """Set every group's learning rate for a step."""
    for group in optimiser.param_groups:
        group["lr"] = settings.learning_rate * rate_at(step, settings) * group["scale"]


def rate_at(step: int, settings: TrainingPart) -> float:
    """Return the factor on the learning rate at a step: linear warm-up, then linear or cosine decay to 0, or none."""
    warm = min(1.0, (step + 1) / settings.warmup) if settings.warmup else 1.0
    done = step / settings.steps
    if settings.decay == "linear":
        return warm * (1.0 - done)
    if settings.decay == "cosine":
        return warm * 0.5 * (1.0 + math.cos(math.pi * done))
    return warm


class WeightAverage:
    """An exponential moving average of a model's weights, which is validated and kept in their place.

    ``decay`` in (0, 1) is its memory; it is shorter at first, ``(1 + step) / (10 + step)``, so that the average forgets the
    random start.
    """

    def __init__(self, model: nn.Module, decay: float) -> None:
        self.decay = decay
        self._weights = dict(model.state_dict())  # the model's own tensors, which change in place
        self.values = {name: value.detach().clone() for name, value in self._weights.items()}

    @property
    def by_weight(self) -> dict[int, Tensor]:
        """The averages by where in memory their weights lie."""
        return {weight.data_ptr(): self.values[name] for name, weight in self._weights.items()}

    @torch.no_grad()
    def after_step(self, step: int, done: Container[int] = ()) -> None:
        """Take in the weights as they are after a step, counted from 0, but for those that lie at ``done`` in memory."""
        names = [name for name, weight in self._weights.items() if weight.data_ptr() not in done]
        if names:
            values, weights = [self.values[name] for name in names], [self._weights[name] for name in names]
            torch._foreach_lerp_(values, weights, self.forget(step))

    def forget(self, step: int) -> float:
        """Return the share by which the average moves towards the weights after a step."""
        return 1.0 - min(self.decay, (1.0 + step) / (10.0 + step))

    def load(self, values: Mapping[str, Tensor]) -> None:
        """Go on from other values."""
        for name, value in self.values.items():
            value.copy_(values[name])


class FiniteCheck:
    """Remembers on the device the first step whose gradient was not finite, so that no step waits for the answer."""

    EVERY = 20  # steps between two looks

    def __init__(self, device: torch.device) -> None:
        self._first_bad = torch.full((), _NEVER, dtype=torch.int64, device=device)

    def note(self, norm: Tensor, step: int) -> None:
        """Take note of a step's gradient norm, a scalar."""
        if norm.device.type == "cpu" and math.isfinite(float(norm)):
            return
        self._first_bad = torch.minimum(self._first_bad, torch.where(torch.isfinite(norm), _NEVER, step))

    def require(self, label: str) -> None:
        """Raise :class:`Diverged`, naming the step, where any so far was not finite; waits for the device."""
        step = int(to_host(self._first_bad))
        if step != _NEVER:
            raise Diverged(f"{label}: training diverged at step {step} (the loss is not finite); lower learning_rate")


def clip_gradient(parameters: Iterable[nn.Parameter], largest: float) -> Tensor:
    """Scale all gradients together so that their norm is at most ``largest``; return the norm before, a scalar."""
    return torch.nn.utils.clip_grad_norm_(parameters, largest)
