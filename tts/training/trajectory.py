"""The trajectory criterion: the error of what parameter generation makes of a network's outputs, not of the outputs.

Minimum generation error training (Wu and Wang, ICASSP 2006; with neural networks Wu and King, Interspeech 2015, and
Hashimoto, Oura, Nankaku and Tokuda, ICASSP 2015). Generation is linear, ``c = (W' P W)^-1 W' P mu``, and its matrix symmetric
and banded, so the gradient takes one more solve with the same factor; nothing dense is ever made.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.autograd.function import once_differentiable
from torch.nn import functional

from tts.core.errors import UsageError
from tts.core.stream import Stream
from tts.dataset.table import Target
from tts.tasks.losses import dimension_emphasis, task_loss


class Trajectories:
    """The losses of the streams learnt on their trajectories.

    ``targets`` are the streams with their statistics, ``emphasis`` the power of :func:`dimension_emphasis` a stream. The
    trajectory's loss counts ``weight``, the frame-wise one ``1 - weight``. A stream without dynamic features has no
    trajectory and raises :class:`UsageError`.
    """

    def __init__(self, targets: Mapping[str, Target], emphasis: Mapping[str, float], weight: float) -> None:
        self.weight = weight
        self.streams: dict[str, Stream] = {}
        self._ratios: dict[str, Tensor] = {}
        self._emphasis: dict[str, Tensor | None] = {}
        for name, target in targets.items():
            if not target.stream.dynamic or target.statistics is None:
                raise UsageError(f"training.trajectory.streams: {name} has no dynamic features, so no trajectory; leave it out")
            size = target.stream.dimension
            deviation = target.statistics.deviation
            # A static trajectory has the dimension of the stream and none of its dynamics.
            self.streams[name] = Stream(name, size)
            self._ratios[name] = torch.from_numpy(deviation[:size] / deviation[size:].reshape(2, size))
            self._emphasis[name] = dimension_emphasis(self.streams[name], deviation[:size], emphasis.get(name, 0.0))

    def __call__(self, name: str, prediction: Tensor, target: Tensor, mask: Tensor, counted: Tensor, frames: Tensor) -> Tensor:
        """Return the loss of a stream, a scalar, from its frame-wise loss ``frames``.

        ``prediction`` and ``target`` (batch, time, 3 * dimension) are normalised, of whole utterances; ``mask`` (batch, time)
        says where they end, ``counted`` which frames' errors are taken.
        """
        stream, emphasis = self.streams[name], self._emphasis[name]
        made = trajectory(prediction.double(), mask, self._ratios[name])
        natural = target[..., : stream.dimension]
        loss = task_loss(stream, made, natural, counted, None if emphasis is None else emphasis.to(made.device))
        return self.weight * loss + (1.0 - self.weight) * frames


def trajectory(means: Tensor, mask: Tensor, ratios: Tensor) -> Tensor:
    """Return the most likely trajectories in the statics' normalised units, differentiably: (batch, time, dimension).

    ``means`` (batch, time, 3 * dimension) are normalised statics, deltas and accelerations (windows [-0.5, 0, 0.5] and
    [1, -2, 1]); ``mask`` (batch, time) is true from the first frame to the last of every utterance; ``ratios``
    (2, dimension) are the statics' standard deviation over the deltas' and over the accelerations'. The same as
    :func:`tts.generation.mlpg.mlpg`: no precision of dynamics at an utterance's first and last frame. Solved in float64 on the
    CPU; the answer has the means' type and device.
    """
    static, delta, acceleration = means.chunk(3, dim=-1)
    inner = _before(mask) & mask & _after(mask)
    ratio = ratios.to(means)
    delta = ratio[0] * delta * inner[..., None]
    acceleration = ratio[1] * acceleration * inner[..., None]
    right = static + 0.5 * (_before(delta) - _after(delta)) + _before(acceleration) - 2.0 * acceleration + _after(acceleration)
    solution: Tensor = _Solve.apply(right, _factor(inner.cpu().numpy(), ratios.double().cpu().numpy()))  # type: ignore[no-untyped-call]
    return solution


def _factor(inner: np.ndarray, ratios: np.ndarray) -> np.ndarray:
    """Return the banded Cholesky factor of ``W' P W`` over the statics' precision, upper form, (3, dimension * batch * time).

    ``inner`` (batch, time) says where dynamics have a precision; frames that it leaves uncoupled make one long system of all.
    """
    from scipy.linalg import cholesky_banded  # slow to import

    on = inner.ravel().astype(np.float64)
    before, after = np.concatenate([[0.0], on[:-1]]), np.concatenate([on[1:], [0.0]])
    delta, acceleration = ratios[:, :, None] ** 2
    bands = np.empty((3, len(delta), len(on)))  # A[t-2, t], A[t-1, t], A[t, t]
    bands[0] = (acceleration - 0.25 * delta) * before
    bands[1] = -2.0 * acceleration * (before + on)
    bands[2] = 1.0 + 0.25 * delta * (before + after) + acceleration * (before + after + 4.0 * on)
    factor: np.ndarray = cholesky_banded(bands.reshape(3, -1), overwrite_ab=True, check_finite=False)
    return factor


class _Solve(torch.autograd.Function):
    """``A x = b`` for a symmetric banded ``A`` given by its factor; the adjoint is the same solve."""

    @staticmethod
    def forward(ctx: Any, right: Tensor, factor: np.ndarray) -> Tensor:
        ctx.factor = factor
        return _solve(right, factor)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None]:
        return _solve(gradient, ctx.factor), None


def _solve(right: Tensor, factor: np.ndarray) -> Tensor:
    """Solve for (batch, time, dimension)."""
    from scipy.linalg import cho_solve_banded

    rows = right.detach().permute(2, 0, 1)
    values = rows.to("cpu", torch.float64, memory_format=torch.contiguous_format).contiguous().numpy()
    solution = cho_solve_banded((factor, False), values.reshape(-1), check_finite=False).reshape(values.shape)
    return torch.from_numpy(solution).permute(1, 2, 0).to(right)


def _before(x: Tensor) -> Tensor:
    """Give every frame (batch, time, ...) the value of the frame before it, the first 0."""
    return functional.pad(x.transpose(0, 1)[:-1], (0, 0) * (x.ndim - 1) + (1, 0)).transpose(0, 1)


def _after(x: Tensor) -> Tensor:
    """Give every frame the value of the frame after it, the last 0."""
    return functional.pad(x.transpose(0, 1)[1:], (0, 0) * (x.ndim - 1) + (0, 1)).transpose(0, 1)
