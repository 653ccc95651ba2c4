"""Whole optimisations whose answers are known: quadratics with an analytic front, a toy, a teacher of several tasks."""

from __future__ import annotations

import importlib.util
import math
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import torch
from torch import Tensor

from tts.training.weighting import make_weighting


def optimise(
    name: str, matrices: list[Tensor], centres: list[Tensor], start: Tensor, rate: float, steps: int, **options: Any
) -> Tensor:
    """Gradient descent on f_i = (x - u_i)' A_i (x - u_i), the first being main."""
    names = [f"f{number}" for number in range(len(matrices))]
    weighting = make_weighting(name, options, names, names[:1], {})
    x = start.clone()
    for step in range(steps):
        jacobian = torch.stack([2.0 * a @ (x - u) for a, u in zip(matrices, centres, strict=True)])
        losses = torch.stack([(x - u) @ a @ (x - u) for a, u in zip(matrices, centres, strict=True)])
        x = x - rate * weighting.combine(step, losses, jacobian, [len(x)])[0]
    return x


CONVEX = (
    [torch.tensor([[1.0, 0.2], [0.2, 0.05]]).double(), torch.tensor([[3.0, -0.6], [-0.6, 0.2]]).double()],
    [torch.tensor([1.0, 0.0]).double(), torch.tensor([-1.0, 0.0]).double()],
)


def front(matrices: list[Tensor], centres: list[Tensor]) -> Tensor:
    """Points of the Pareto front, x(w) = (sum w A)^-1 sum w A u."""
    w = torch.sigmoid(torch.linspace(-14.0, 14.0, 4001, dtype=torch.float64))[:, None]
    both = (1.0 - w[:, :, None]) * matrices[0] + w[:, :, None] * matrices[1]
    return torch.linalg.solve(both, (1.0 - w) * (matrices[0] @ centres[0]) + w * (matrices[1] @ centres[1]))


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "low", "high"),
    [("gate", 0.0, 0.01), ("projection", 0.0, 0.1), ("mgda", 0.0, 0.3), ("upgrad", 0.05, 0.7), ("sum", 0.49, 0.5)],
)
def test_all_reach_the_front_but_not_all_mains_optimum(name: str, low: float, high: float) -> None:
    matrices, centres = CONVEX
    points = front(matrices, centres)
    options = {"clip": False} if name == "projection" else {}
    x = optimise(name, matrices, centres, torch.tensor([0.0, 0.5]).double(), 0.125, 1000, **options)
    assert float((points - x).norm(dim=1).min()) <= 0.03
    assert low <= float((x - centres[0]) @ matrices[0] @ (x - centres[0])) <= high


@pytest.mark.parametrize("name", ["sum", "upgrad", "dualproj", "pcgrad", "aligned-mtl", "imtl-g", "mgda", "gate"])
def test_element_wise_quadratic(name: str) -> None:
    """f_i = x_i^2: independent tasks, all of which can be solved; the gate never trains an orthogonal task."""
    matrices = [torch.diag(torch.eye(2, dtype=torch.float64)[number]) for number in range(2)]
    x = optimise(name, matrices, [torch.zeros(2).double()] * 2, torch.tensor([3.0, 4.0]).double(), 0.125, 200)
    expected = [0.0, 16.0] if name == "gate" else [0.0, 0.0]
    torch.testing.assert_close(x.square(), torch.tensor(expected, dtype=torch.float64), atol=1e-4, rtol=0)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["upgrad", "mgda"])
def test_unequal_scales(name: str) -> None:
    a = torch.tensor([[2.0, -1.0], [-1.0, 2.0]], dtype=torch.float64)
    matrices, centres = [a, 10.0 * a], [torch.tensor([1.0, 0.0]).double(), torch.tensor([-10.0, 0.0]).double()]
    x = optimise(name, matrices, centres, torch.tensor([5.0, 8.0]).double(), 0.02, 800)
    assert float((front(matrices, centres) - x).norm(dim=1).min()) <= 0.02


def toy_losses(one: float, two: float) -> list[float]:
    """Two losses over a plane with a valley on the way to the front (Liu et al. 2021, CAGrad, appendix)."""
    high, low = max(math.tanh(0.5 * two), 0.0), max(math.tanh(-0.5 * two), 0.0)
    steep = [abs(0.5 * (-one - 7) + math.tanh(two)), abs(0.5 * (-one + 3) + math.tanh(two) + 2)]
    bowls = [((-one + 7) ** 2 + 0.1 * (two + 8) ** 2) / 10 - 20, ((-one - 7) ** 2 + 0.1 * (two + 8) ** 2) / 10 - 20]
    return [(math.log(max(s, 5e-6)) + 6) * high + bowl * low for s, bowl in zip(steep, bowls, strict=True)]


def toy(name: str, scale: float) -> tuple[float, float]:
    """Adam on the toy with the first loss scaled; gradients by central differences."""
    weighting = make_weighting(name, {}, ["one", "two"], [], {})
    x = torch.tensor([-7.5, -0.5], dtype=torch.float64, requires_grad=True)
    optimiser = torch.optim.Adam([x], lr=2e-2)
    factors = torch.tensor([scale, 1.0], dtype=torch.float64)
    for step in range(1000):
        one, two = x.tolist()
        by_one = torch.tensor([toy_losses(one + 1e-6, two), toy_losses(one - 1e-6, two)], dtype=torch.float64)
        by_two = torch.tensor([toy_losses(one, two + 1e-6), toy_losses(one, two - 1e-6)], dtype=torch.float64)
        jacobian = factors[:, None] * torch.stack([by_one[0] - by_one[1], by_two[0] - by_two[1]], dim=1) / 2e-6
        x.grad = weighting.combine(step, torch.ones(2), jacobian, [2])[0]
        optimiser.step()
    one, two = x.tolist()
    return one, two


@pytest.mark.slow
def test_toy_scale_of_a_loss_does_not_move_nash() -> None:
    """Nash-MTL ends at the same point of the front whatever the scale of the first loss; the sum runs to the other's end."""
    ends = [toy("fairgrad", scale) for scale in (1.0, 0.1)]
    assert ends[0] == pytest.approx(ends[1], abs=1e-3)
    assert ends[0][1] == pytest.approx(-8.36, abs=0.1)
    assert -5.0 < ends[0][0] < 5.0
    assert toy("sum", 0.1)[0] < -5.0


@pytest.fixture(scope="module")
def bench() -> ModuleType:
    path = Path(__file__).parents[3] / "tools" / "measure_weighting.py"
    spec = importlib.util.spec_from_file_location("measure_weighting", path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["measure_weighting"] = module
    spec.loader.exec_module(module)
    return module


@pytest.mark.slow
def test_main_and_auxiliary_tasks_of_one_teacher(bench: ModuleType) -> None:
    """The findings that decide the default, on one seed: what a helpful task gains, what a large useless one costs."""
    data = bench.make_data(1)
    single = bench.run_arm(data, (), bench.ARMS["sum"], 1)

    def change(arm: Any, column: str) -> float:
        return 100.0 * (bench.run_arm(data, bench.COLUMNS[column], arm, 1) / single - 1.0)

    assert change(bench.ARMS["sum"], "helpful") <= -5.0
    assert change(bench.ARMS["sum"], "unrelated x10") >= 50.0
    assert change(bench.Arm("sum", {}, grid=(0.0, 0.1)), "unrelated x10") <= 0.5
    assert change(bench.ARMS["gate"], "unrelated x10") <= 2.0
    assert change(bench.ARMS["ol-aux"], "mixed") <= -4.0
