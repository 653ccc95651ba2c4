"""The average of weights and the learning rate, against their formulas."""

import math

import pytest
import torch
from torch import nn

from tts.recipe import TrainingPart
from tts.training.optimiser import WeightAverage, clip_gradient, rate_at


def test_the_average_forgets_the_start_quickly_and_then_as_slowly_as_asked() -> None:
    model = nn.Linear(1, 1, bias=False)
    with torch.no_grad():
        model.weight.fill_(100.0)  # the random start
    average = WeightAverage(model, decay=0.9)
    expected = 100.0
    for step in range(120):
        with torch.no_grad():
            model.weight.fill_(float(step))
        average.after_step(step)
        decay = min(0.9, (1 + step) / (10 + step))
        expected = decay * expected + (1.0 - decay) * step
        assert average.values["weight"].item() == pytest.approx(expected, rel=1e-5)
        if step == 9:
            assert average.values["weight"].item() < 9.0  # a decay of 0.9 from the start would still have a third of 100


@pytest.mark.parametrize(
    ("decay", "warmup", "step", "factor"),
    [
        ("none", 0, 99, 1.0),
        ("none", 10, 4, 0.5),
        ("none", 10, 9, 1.0),
        ("linear", 0, 25, 0.75),
        ("linear", 50, 24, 0.5 * 0.76),
        ("cosine", 0, 50, 0.5),
        ("cosine", 0, 75, 0.5 * (1.0 + math.cos(0.75 * math.pi))),
    ],
)
def test_the_rate_warms_up_and_decays(decay: str, warmup: int, step: int, factor: float) -> None:
    settings = TrainingPart.model_validate({"steps": 100, "decay": decay, "warmup": warmup})
    assert rate_at(step, settings) == pytest.approx(factor)


def test_gradients_are_scaled_together_to_the_largest_norm() -> None:
    parameters = [nn.Parameter(torch.zeros(2)), nn.Parameter(torch.zeros(1))]
    for largest, expected in ((10.0, 5.0), (1.0, 1.0)):
        parameters[0].grad, parameters[1].grad = torch.tensor([3.0, 0.0]), torch.tensor([4.0])
        assert clip_gradient(parameters, largest).item() == pytest.approx(5.0)
        gradient = torch.cat([parameter.grad for parameter in parameters if parameter.grad is not None])
        assert gradient.norm().item() == pytest.approx(expected, rel=1e-4)
        assert (gradient[0] / gradient[2]).item() == pytest.approx(0.75)
