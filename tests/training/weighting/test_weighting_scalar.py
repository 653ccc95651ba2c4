"""Methods on losses alone: against autograd and torch's own Adam, and cases worked by hand."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import Tensor

from tts.training.weighting import Weighting, make_weighting


def make(name: str, rows: int = 3, kinds: dict[str, Any] | None = None, **options: Any) -> Weighting:
    return make_weighting(name, options, [f"task{n}" for n in range(rows)], ["task0"], {}, kinds=kinds)


def losses_at(step: int) -> Tensor:
    return torch.tensor([2.0, 0.5, 7.0], dtype=torch.float64) * torch.exp(torch.tensor([-0.01, -0.03, 0.0]) * step).double()


def test_uncertainty_against_autograd() -> None:
    weighting = make("uncertainty", kinds={"task2": "class"}, rate=0.05)
    s = torch.zeros(3, dtype=torch.float64, requires_grad=True)
    optimiser = torch.optim.Adam([s], lr=0.05)
    for step in range(50):
        losses = losses_at(step).requires_grad_()
        total = (torch.exp(-s[:2]) * losses[:2] / 2 + s[:2] / 2).sum() + torch.exp(-s[2]) * losses[2] + s[2] / 2
        optimiser.zero_grad()
        total.backward()
        torch.testing.assert_close(weighting.weights(step, losses, None), losses.grad)
        optimiser.step()


def test_uncertainty_evens_out_scales() -> None:
    weighting = make("uncertainty", kinds={"task2": "class"}, rate=0.05)
    losses = torch.tensor([2.0, 0.1, 5.0])
    for step in range(2000):
        weights = weighting.weights(step, losses, None)
    torch.testing.assert_close(weights, (0.5 / losses).double(), rtol=1e-3, atol=0)


def test_dynamic_average_by_hand() -> None:
    weighting = make("dynamic-average", rows=2, period=2, temperature=1.0)
    ones = torch.ones(2, dtype=torch.float64)
    series = [[4.0, 1.0], [2.0, 1.0], [2.0, 1.0], [1.0, 1.0], [9.0, 9.0], [9.0, 9.0]]
    seen = [weighting.weights(step, torch.tensor(losses), None) for step, losses in enumerate(series)]
    for early in seen[:4]:
        torch.testing.assert_close(early, ones)
    # Means (3, 1) then (1.5, 1): ratios 0.5 and 1.
    expected = 2.0 * torch.softmax(torch.tensor([0.5, 1.0], dtype=torch.float64), dim=0)
    torch.testing.assert_close(seen[4], expected)
    torch.testing.assert_close(seen[5], expected)


def test_geometric_mean_against_autograd() -> None:
    losses = torch.tensor([2.0, 0.5, 7.0], dtype=torch.float64, requires_grad=True)
    (losses.prod() ** (1.0 / 3.0)).backward()
    torch.testing.assert_close(make("geometric-mean").weights(0, losses, None), losses.grad)


def test_random_weights() -> None:
    weighting = make("random", seed=3)
    drawn = torch.stack([weighting.weights(step, torch.ones(3), None) for step in range(4000)])
    torch.testing.assert_close(drawn.mean(dim=0), torch.ones(3, dtype=torch.float64), atol=0.05, rtol=0)
    torch.testing.assert_close(drawn.sum(dim=1), torch.full((4000,), 3.0, dtype=torch.float64))
    torch.testing.assert_close(make("random", seed=3).weights(17, torch.ones(3), None), drawn[17], rtol=0, atol=0)


def test_famo_against_autograd() -> None:
    weighting = make("famo", rate=0.1, decay=0.01)
    w = torch.zeros(3, dtype=torch.float64, requires_grad=True)
    optimiser = torch.optim.Adam([w], lr=0.1, weight_decay=0.01)
    for step in range(30):
        losses = losses_at(step).requires_grad_()
        z = torch.softmax(w.detach(), dim=0)
        ((z * losses.log()).sum() / (z / losses.detach()).sum()).backward()
        found = weighting.weights(step, losses, None)
        torch.testing.assert_close(found, losses.grad, rtol=1e-6, atol=0)
        assert float(found.sum()) == pytest.approx(1.0)
        after = losses_at(step + 3)
        weighting.after_step(after)
        optimiser.zero_grad()
        (torch.softmax(w, dim=0) * (losses.detach().log() - after.log())).sum().backward()
        optimiser.step()


def test_famo_must_be_told_the_losses_after() -> None:
    weighting = make("famo")
    weighting.weights(0, torch.ones(3), None)
    with pytest.raises(RuntimeError, match="after_step was not called"):
        weighting.weights(1, torch.ones(3), None)
    with pytest.raises(NotImplementedError, match="sum does not look"):
        make("sum").after_step(torch.ones(3))


def test_gradnorm_against_autograd() -> None:
    weighting = make("gradnorm", alpha=1.5, rate=0.01)
    norms = torch.tensor([1.0, 3.0, 0.2], dtype=torch.float64)
    w = torch.ones(3, dtype=torch.float64, requires_grad=True)
    optimiser = torch.optim.Adam([w], lr=0.01)
    for step in range(40):
        losses = losses_at(step)
        torch.testing.assert_close(weighting.weights(step, losses, torch.diag(norms.square())), w.detach().clone())
        progress = losses / losses_at(0)
        lengths = w * norms
        wanted = lengths.detach().mean() * (progress / progress.mean()) ** 1.5
        optimiser.zero_grad()
        (lengths - wanted).abs().sum().backward()
        optimiser.step()
        with torch.no_grad():
            w *= 3.0 / w.sum()


def test_gradnorm_evens_out_norms() -> None:
    weighting = make("gradnorm", alpha=0.0, rate=0.01)
    norms = torch.tensor([1.0, 3.0, 0.5], dtype=torch.float64)
    for step in range(1500):
        weights = weighting.weights(step, torch.ones(3), torch.diag(norms.square()))
    torch.testing.assert_close(weights * norms, (weights * norms).mean().expand(3), rtol=0.1, atol=0)


@pytest.mark.parametrize("name", ["uncertainty", "dynamic-average", "geometric-mean", "famo", "gradnorm"])
def test_missing_row_leaves_its_memory(name: str) -> None:
    """What is remembered of a row does not change while its loss is 0, and nothing becomes infinite."""
    weighting = make(name, **({"period": 1} if name == "dynamic-average" else {}))
    gramian = torch.eye(3, dtype=torch.float64)
    for step in range(4):
        weighting.weights(step, losses_at(step), gramian)
        if weighting.needs_losses_after:
            weighting.after_step(losses_at(step + 1))
    before = weighting.state()
    gone = torch.tensor([1.0, 1.0, 0.0], dtype=torch.float64)
    gramian[2, 2] = 0.0
    for step in range(4, 6):
        weights = weighting.weights(step, gone, gramian)
        assert bool(torch.isfinite(weights).all())
        if weighting.needs_losses_after:
            weighting.after_step(0.9 * gone)
    for key in {"first_losses", "last"} & set(before):
        torch.testing.assert_close(weighting.memory[key][2], before[key][2])
    for key, value in weighting.memory.items():
        assert bool(torch.isfinite(value).all()), key
