"""Losses of a whole table are those of all its frames at once, however they fall into groups."""

import numpy as np
import pytest
import torch

from tts.core.stream import Stream
from tts.dataset.table import Table, Target
from tts.network.stack import Stage
from tts.recipe import StagePart, TrainingPart
from tts.tasks.losses import TaskLoss, task_loss, task_loss_sum
from tts.training.criterion import Objective, TrainingData
from tts.training.learner import Learner


def test_a_masked_task_is_averaged_over_the_frames_that_have_a_value() -> None:
    """Two utterances too long to share a group: ten frames with an error of 1 in the first, 9,000 without one in the second."""
    rows, half = 18_000, 9_000
    values = np.zeros((rows, 2), dtype=np.float32)
    values[:10] = 1.0  # value 1, which the network answers with 0, and mask 1
    values[half:, 1] = 1.0
    target = Target(Stream("formants", 1, masked=True), values)
    inputs, counted = np.zeros((rows, 1), dtype=np.float32), np.ones(rows, dtype=bool)
    table = Table(np.array([0, half, rows]), inputs, None, None, counted, {"formants": target}, torch.device("cpu"))
    stage = Stage(1, StagePart.model_validate({"trunk": {"layers": [2]}, "tasks": {"formants": 1}}), {"formants": 1})
    for parameter in stage.parameters():
        torch.nn.init.zeros_(parameter)
    learner = Learner(stage, TrainingData(table, table), TrainingPart(steps=1), Objective(("formants",)))
    stage.eval()
    assert learner.losses_on(table) == pytest.approx({"formants": 10 / 9_010}, rel=1e-6)


def test_a_step_sees_the_mean_of_its_batch_to_the_bit() -> None:
    """Steps minimise what they always did: the sum over frames, divided by their number or by 1."""
    torch.manual_seed(0)
    stream, prediction = Stream("f", 4, masked=True), torch.randn(3, 7, 4)
    target = torch.cat([torch.randn(3, 7, 4), (torch.rand(3, 7, 1) < 0.5).float()], dim=-1)
    for counted in (torch.rand(3, 7) < 0.7, torch.zeros(3, 7)):
        weights = counted.float() * target[..., -1]
        each = (prediction - target[..., :-1]).square().mean(dim=-1)
        wanted = (each * weights).sum() / torch.clamp(weights.sum(), min=1.0)
        assert torch.equal(task_loss(stream, prediction, target, counted), wanted)
    loss = task_loss_sum(stream, prediction, target, torch.ones(3, 7))
    assert isinstance(loss, TaskLoss)
    assert loss.count == target[..., -1].sum()
