"""Losses, one a kind of stream, all on one scale: about 1 for a predictor that knows nothing but the overall mean.

So a weight of 1 means the same for every task, whatever its width, unit or number of classes: continuous streams are
normalised to unit variance and averaged over dimensions, the surprise of distributions likewise; binary and class losses are
divided by the entropy of a guess among equals.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from tts.core.normal_head import LEAST
from tts.core.stream import Stream


@dataclass(frozen=True)
class TaskLoss:
    """The loss of some frames: its sum over those that count and have a value, and how many these are (float32 scalars).

    Of several groups of frames, the sum of the totals over the sum of the counts is exactly the mean of all their frames.
    """

    total: Tensor
    count: Tensor

    @property
    def mean(self) -> Tensor:
        """The mean over the frames that count, a scalar; 0 where none counts."""
        return self.total / torch.clamp(self.count, min=1.0)


def task_loss(stream: Stream, prediction: Tensor, target: Tensor, counted: Tensor, emphasis: Tensor | None = None) -> Tensor:
    """Return the mean loss over the frames that count, a float32 scalar; 0 where none counts. See :func:`task_loss_sum`."""
    return task_loss_sum(stream, prediction, target, counted, emphasis).mean


def task_loss_sum(
    stream: Stream, prediction: Tensor, target: Tensor, counted: Tensor, emphasis: Tensor | None = None
) -> TaskLoss:
    """Return the loss summed over the frames that count, and their number.

    ``prediction`` is (batch, time, stream.width), ``target`` the same for continuous and binary streams, (batch, time,
    stream.dimension) for distributions and (batch, time, 1) labels for class streams, ``counted`` (batch, time) 0 or 1. The
    target of a masked stream has its mask as last column. ``emphasis`` (stream.width,) weighs the dimensions of a continuous
    stream (see :func:`dimension_emphasis`).
    """
    prediction = prediction.float()
    weights = counted.float()
    if stream.masked:
        target, valid = target[..., :-1], target[..., -1]
        weights = weights * valid
    if stream.kind == "continuous":
        squared = (prediction - target).square()
        each = (squared if emphasis is None else squared * emphasis).mean(dim=-1)
    elif stream.kind == "distribution":
        each = _surprise(prediction, target)
    elif stream.kind == "binary":
        each = functional.binary_cross_entropy_with_logits(prediction, target, reduction="none").mean(dim=-1) / math.log(2.0)
    else:
        labels = target.squeeze(-1).long()
        each = functional.cross_entropy(prediction.transpose(1, 2), labels, reduction="none") / math.log(stream.classes)
    return TaskLoss((each * weights).sum(), weights.sum())


def _surprise(prediction: Tensor, target: Tensor) -> Tensor:
    """Return twice the negative log density a dimension, without its constant, (batch, time): 1 for a standard normal.

    The form of ``prediction`` is that of :mod:`tts.core.normal_head`.
    """
    dimension = target.shape[-1]
    sizes = [dimension, dimension, prediction.shape[-1] - 2 * dimension]
    mean, a, below = torch.split(prediction, sizes, dim=-1)
    a = a.clamp(min=LEAST)
    deviation = target - mean
    by_row = torch.split(below, list(range(dimension)), dim=-1)
    z = [a[..., n].exp() * deviation[..., n] + (row * deviation[..., :n]).sum(dim=-1) for n, row in enumerate(by_row)]
    return (torch.stack(z, dim=-1).square() - 2.0 * a).mean(dim=-1)


def dimension_emphasis(stream: Stream, deviation: np.ndarray, power: float) -> Tensor | None:
    """Return the weight of every output of a continuous stream, float32 (width,) with mean 1; None where all weigh the same.

    ``deviation`` (width,) holds standard deviations of the training frames. A dimension weighs its static deviation to the
    power of ``2 * power``: 0 treats all dimensions alike, 1 counts errors in the stream's own unit, as the mel-cepstral
    distortion does; dynamics weigh as much as their static.
    """
    if power == 0.0 or stream.kind != "continuous":
        return None
    weights = np.tile(deviation[: stream.dimension] ** (2.0 * power), len(deviation) // stream.dimension)
    return torch.from_numpy(weights / weights.mean()).float()
