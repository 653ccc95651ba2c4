"""Losses, one a kind of stream, all on one scale: about 1 for a predictor that knows nothing but the overall mean.

So a weight of 1 means the same for every task, whatever its width, unit or number of classes: continuous streams are
normalised to unit variance and averaged over dimensions; binary and class losses are divided by the entropy of a guess
among equals.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor
from torch.nn import functional

from tts.analysis.streams import Stream


def task_loss(stream: Stream, prediction: Tensor, target: Tensor, counted: Tensor) -> Tensor:
    """Return the mean loss over the frames that count, a float32 scalar; 0 where none counts.

    ``prediction`` is (batch, time, stream.width), ``target`` the same for continuous and binary streams and (batch, time, 1)
    labels for class streams, ``counted`` (batch, time) 0 or 1. The target of a masked stream has its mask as last column.
    """
    prediction = prediction.float()
    weights = counted.float()
    if stream.masked:
        target, valid = target[..., :-1], target[..., -1]
        weights = weights * valid
    if stream.kind == "continuous":
        each = (prediction - target).square().mean(dim=-1)
    elif stream.kind == "binary":
        each = functional.binary_cross_entropy_with_logits(prediction, target, reduction="none").mean(dim=-1) / math.log(2.0)
    else:
        labels = target.squeeze(-1).long()
        each = functional.cross_entropy(prediction.transpose(1, 2), labels, reduction="none") / math.log(stream.classes)
    return (each * weights).sum() / torch.clamp(weights.sum(), min=1.0)
