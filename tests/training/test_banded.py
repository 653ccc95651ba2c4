"""Pentadiagonal systems against dense algebra, LAPACK's band against dissection, and numerical derivatives."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from tts.training.banded import BandedCholesky, Dissection, factorise, solve
from tts.training.trajectory import trajectory

SIZES = [1, 2, 3, 5, 6, 7, 12, 13, 40, 333]


def example(systems: int, size: int, seed: int = 0) -> tuple[Tensor, Tensor]:
    """Return bands and the dense matrices, positive definite by a dominant diagonal."""
    generator = torch.Generator().manual_seed(seed)
    bands = torch.randn(3, systems, size, generator=generator, dtype=torch.float64)
    bands[0, :, :2], bands[1, :, :1] = 0.0, 0.0
    dense = torch.zeros(systems, size, size, dtype=torch.float64)
    for t in range(size):
        for place, back in ((0, 2), (1, 1)):
            if t >= back:
                dense[:, t - back, t] = dense[:, t, t - back] = bands[place, :, t]
    bands[2] = dense.abs().sum(dim=1) + 0.01 + bands[2].abs()
    return bands, dense + torch.diag_embed(bands[2])


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("kind", [BandedCholesky, Dissection])
def test_solutions_are_those_of_the_dense_matrices(kind: type, size: int) -> None:
    bands, dense = example(4, size)
    right = torch.randn(4, size, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    expected = torch.linalg.solve(dense, right)
    torch.testing.assert_close(kind(bands.clone()).solve(right), expected, rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("kind", [BandedCholesky, Dissection])
def test_the_gradient_is_the_numerical_one(kind: type) -> None:
    factor = kind(example(2, 17)[0])
    right = torch.randn(2, 17, generator=torch.Generator().manual_seed(1), dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(lambda x: solve(x, factor), (right,))


def test_the_cpu_takes_the_band_and_other_devices_the_dissection() -> None:
    assert isinstance(factorise(example(2, 9)[0]), BandedCholesky)
    factor = factorise(example(2, 9)[0].to("meta"))
    assert isinstance(factor, Dissection)
    assert factor.solve(torch.empty(2, 9, device="meta")).shape == (2, 9)


def test_trajectories_and_their_gradients_are_the_same_by_either(monkeypatch: pytest.MonkeyPatch) -> None:
    generator = torch.Generator().manual_seed(2)
    means = torch.randn(5, 70, 9, generator=generator, dtype=torch.float64)
    mask = torch.arange(70) < torch.tensor([70, 1, 2, 33, 69])[:, None]
    ratios = 1.0 + 9.0 * torch.rand(2, 3, generator=generator, dtype=torch.float64)
    results = []
    for kind in (BandedCholesky, Dissection):
        monkeypatch.setattr("tts.training.trajectory.factorise", kind)
        x = means.clone().requires_grad_()
        made = trajectory(x, mask, ratios)
        ((made * mask[..., None]).square().sum()).backward()
        results.append((made.detach()[mask], x.grad))
    for a, b in zip(*results, strict=True):
        torch.testing.assert_close(a, b, rtol=1e-11, atol=1e-12)


def test_a_type_of_fewer_digits_is_given_back() -> None:
    bands, dense = example(3, 20)
    right = torch.randn(3, 20, generator=torch.Generator().manual_seed(1))
    for kind in (BandedCholesky, Dissection):
        answer = kind(bands.clone()).solve(right)
        assert answer.dtype == torch.float32
        torch.testing.assert_close(answer, torch.linalg.solve(dense, right.double()).float())
