"""Dropout: the share that is zeroed, the scale of the rest, the gradient, and that a seed decides."""

from __future__ import annotations

import pytest
import torch

from tts.network.trunks import dropout


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
@pytest.mark.parametrize("rate", [0.1, 0.5, 0.9])
def test_share_scale_and_gradient(rate: float, dtype: torch.dtype) -> None:
    torch.manual_seed(0)
    x = torch.full((499, 401), 2.0, dtype=dtype, requires_grad=True)
    y = dropout(x, rate, True)
    zeroed = (y == 0.0).float().mean()
    assert y.shape == x.shape and y.dtype == dtype
    assert abs(float(zeroed) - rate) < 5.0 * (rate * (1.0 - rate) / x.numel()) ** 0.5
    torch.testing.assert_close(y[y != 0.0].float().unique(), torch.tensor([2.0 / (1.0 - rate)]), rtol=0.01, atol=0.0)
    y.sum().backward()
    assert x.grad is not None and torch.equal(x.grad == 0.0, y == 0.0)


def test_nothing_is_dropped_at_rest_or_at_rate_zero() -> None:
    x = torch.randn(7, 3)
    assert dropout(x, 0.5, False) is x and dropout(x, 0.0, True) is x


def test_the_seed_decides_and_neighbours_are_independent() -> None:
    drawn = []
    for _ in range(2):
        torch.manual_seed(3)
        drawn.append(dropout(torch.ones(200, 200), 0.5, True))
    assert torch.equal(drawn[0], drawn[1])
    zeroed = (drawn[0] == 0.0).float() - 0.5
    assert all(abs(float((zeroed[:, :-n] * zeroed[:, n:]).mean())) < 0.01 for n in (1, 2, 3, 4))


@pytest.mark.parametrize("rate", [0.05, 0.1, 0.3])
def test_what_is_left_in_bfloat16_is_what_pytorch_makes_of_it(rate: float) -> None:
    x = 1.0 + torch.rand(400_000, generator=torch.Generator().manual_seed(1)).bfloat16()
    torch.manual_seed(0)
    ours, theirs = dropout(x, rate, True), torch.nn.functional.dropout(x, rate, True)
    both = (ours != 0.0) & (theirs != 0.0)
    assert int(both.sum()) > 100_000
    assert torch.equal(ours[both], theirs[both])
