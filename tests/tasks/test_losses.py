"""Losses against their scale (a guess costs 1), PyTorch's own, and frames that must not count."""

import math

import numpy as np
import torch
from torch.nn import functional

from tts.core.stream import Stream
from tts.tasks.losses import dimension_emphasis, task_loss

ALL = torch.ones(2, 50, dtype=torch.bool)


def test_a_guess_costs_one_in_every_kind() -> None:
    torch.manual_seed(0)
    normal = torch.randn(4, 5000, 3)
    every = torch.ones(4, 5000, dtype=torch.bool)
    assert math.isclose(task_loss(Stream("a", 3), torch.zeros_like(normal), normal, every).item(), 1.0, rel_tol=0.02)
    bits = (torch.rand(4, 5000, 1) < 0.5).float()
    assert math.isclose(task_loss(Stream("a", 1, "binary"), torch.zeros_like(bits), bits, every).item(), 1.0, rel_tol=1e-6)
    labels = torch.randint(0, 7, (4, 5000, 1)).float()
    stream = Stream("a", 1, "class", classes=7)
    assert math.isclose(task_loss(stream, torch.zeros(4, 5000, 7), labels, every).item(), 1.0, rel_tol=1e-6)


def test_class_loss_is_cross_entropy_over_its_chance_level() -> None:
    torch.manual_seed(0)
    logits, labels = torch.randn(2, 50, 5), torch.randint(0, 5, (2, 50, 1))
    wanted = functional.cross_entropy(logits.reshape(-1, 5), labels.reshape(-1)) / math.log(5)
    got = task_loss(Stream("a", 1, "class", classes=5), logits, labels.float(), ALL)
    torch.testing.assert_close(got, wanted)


def test_frames_that_do_not_count_do_not_count() -> None:
    torch.manual_seed(0)
    prediction, target = torch.randn(2, 50, 3), torch.randn(2, 50, 3)
    counted = torch.rand(2, 50) < 0.5
    wanted = (prediction - target)[counted].square().mean()
    torch.testing.assert_close(task_loss(Stream("a", 3), prediction, target, counted), wanted)
    assert task_loss(Stream("a", 3), prediction, target, torch.zeros_like(counted)).item() == 0.0


def test_masked_values_are_learnt_only_where_they_exist() -> None:
    torch.manual_seed(0)
    prediction, target = torch.randn(2, 50, 4), torch.randn(2, 50, 4)
    valid = (torch.rand(2, 50) < 0.3).float()
    got = task_loss(Stream("f", 4, masked=True), prediction, torch.cat([target, valid[..., None]], dim=-1), ALL)
    torch.testing.assert_close(got, (prediction - target)[valid.bool()].square().mean())


def test_emphasis_counts_errors_in_the_streams_unit() -> None:
    torch.manual_seed(0)
    deviation = np.array([3.0, 1.0, 0.5] * 3)
    stream = Stream("a", 3, dynamic=True)
    prediction, target = torch.randn(2, 50, 9), torch.randn(2, 50, 9)
    assert dimension_emphasis(stream, deviation, 0.0) is None
    weights = dimension_emphasis(stream, deviation, 1.0)
    assert weights is not None
    torch.testing.assert_close(weights.mean(), torch.tensor(1.0))
    raw = ((prediction - target) * torch.tensor(deviation).float()).square().mean(dim=-1)  # statics and dynamics alike
    scale = float((deviation**2).mean())
    torch.testing.assert_close(task_loss(stream, prediction, target, ALL, weights), raw.mean() / scale)
