"""The trajectory criterion: the error of what parameter generation makes of a network's outputs, not of the outputs.

Minimum generation error training (Wu and Wang, ICASSP 2006; with neural networks Wu and King, Interspeech 2015, and
Hashimoto, Oura, Nankaku and Tokuda, ICASSP 2015). Generation is linear, ``c = (W' P W)^-1 W' P mu``, and its matrix symmetric
and banded, so the gradient takes one more solve with the same factor (:mod:`tts.training.banded`).
"""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor
from torch.nn import functional

from tts.core.device import wide
from tts.core.errors import UsageError
from tts.core.stream import Stream
from tts.dataset.table import Target
from tts.tasks.losses import dimension_emphasis, task_loss
from tts.training.banded import factorise, solve


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
        self._place(name, prediction.device)
        stream = self.streams[name]
        made = trajectory(prediction.to(wide(prediction.device)), mask, self._ratios[name])
        loss = task_loss(stream, made, target[..., : stream.dimension], counted, self._emphasis[name])
        return self.weight * loss + (1.0 - self.weight) * frames

    def _place(self, name: str, device: torch.device) -> None:
        """Move the constants of a stream to the network's device, once."""
        emphasis = self._emphasis[name]
        self._ratios[name] = self._ratios[name].to(device, wide(device))
        self._emphasis[name] = None if emphasis is None else emphasis.to(device)


def trajectory(means: Tensor, mask: Tensor, ratios: Tensor) -> Tensor:
    """Return the most likely trajectories in the statics' normalised units, differentiably: (batch, time, dimension).

    ``means`` (batch, time, 3 * dimension) are normalised statics, deltas and accelerations (windows [-0.5, 0, 0.5] and
    [1, -2, 1]); ``mask`` (batch, time) is true from the first frame to the last of every utterance; ``ratios``
    (2, dimension) are the statics' standard deviation over the deltas' and over the accelerations'. The same as
    :func:`tts.generation.mlpg.mlpg`: no precision of dynamics at an utterance's first and last frame. Solved in float64 on the
    means' device (on the CPU for Apple's GPUs, which have no float64); the answer has the means' type.
    """
    if means.device.type == "mps":
        return trajectory(means.cpu().double(), mask.cpu(), ratios.cpu()).to(means)
    static, delta, acceleration = means.chunk(3, dim=-1)
    inner = _before(mask) & mask & _after(mask)
    ratio = ratios.to(means)
    delta = ratio[0] * delta * inner[..., None]
    acceleration = ratio[1] * acceleration * inner[..., None]
    right = static + 0.5 * (_before(delta) - _after(delta)) + _before(acceleration) - 2.0 * acceleration + _after(acceleration)
    rows = right.permute(2, 0, 1)
    bands = _bands(inner, ratios.to(torch.float64))
    solution = solve(rows.flatten(0, 1), factorise(bands.flatten(1, 2)))
    return solution.view(rows.shape).permute(1, 2, 0)


def _bands(inner: Tensor, ratios: Tensor) -> Tensor:
    """Return the upper bands of ``W' P W`` over the statics' precision, float64 (3, dimension, batch, time).

    ``inner`` (batch, time) says where dynamics have a precision. The first is A[t-2, t], then A[t-1, t] and A[t, t].
    """
    on = inner.double()
    before, after = _before(on), _after(on)
    delta, acceleration = ratios[:, :, None, None] ** 2
    bands = (
        (acceleration - 0.25 * delta) * before,
        -2.0 * acceleration * (before + on),
        1.0 + 0.25 * delta * (before + after) + acceleration * (before + after + 4.0 * on),
    )
    return torch.stack(bands)


def _before(x: Tensor) -> Tensor:
    """Give every frame (batch, time, ...) the value of the frame before it, the first 0."""
    return functional.pad(x.transpose(0, 1)[:-1], (0, 0) * (x.ndim - 1) + (1, 0)).transpose(0, 1)


def _after(x: Tensor) -> Tensor:
    """Give every frame the value of the frame after it, the last 0."""
    return functional.pad(x.transpose(0, 1)[1:], (0, 0) * (x.ndim - 1) + (0, 1)).transpose(0, 1)
