"""A hidden layer in one pass against the separate operations: values, gradients, dropout's share and independence, resuming."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from tts.network import fused
from tts.network.fused import can_fuse, hidden_layer
from tts.network.trunks import make_trunk
from tts.recipe import TrunkPart


def layer_of(inputs: int, width: int) -> tuple[nn.Linear, nn.LayerNorm]:
    torch.manual_seed(1)
    norm = nn.LayerNorm(width)
    with torch.no_grad():
        norm.weight.normal_(1.0, 0.3)
        norm.bias.normal_(0.0, 0.3)
    return nn.Linear(inputs, width), norm


def gradients(y: Tensor, tensors: list[Tensor]) -> list[Tensor]:
    weights = torch.linspace(-1.0, 1.0, y.numel()).view_as(y)
    return list(torch.autograd.grad((y * weights).sum(), tensors))


@pytest.mark.parametrize(("inputs", "width", "residual"), [(24, 24, True), (24, 24, False), (7, 33, False)])
@pytest.mark.parametrize("shape", [(50, 1), (5, 10)])
def test_without_dropout_it_is_the_separate_operations(inputs: int, width: int, residual: bool, shape: tuple[int, int]) -> None:
    layer, norm = layer_of(inputs, width)
    x = torch.randn(*shape, inputs, requires_grad=True)
    tensors = [x, layer.weight, layer.bias, norm.weight, norm.bias]
    ours = hidden_layer(x, layer, norm, 0.0, residual=residual)
    theirs = torch.relu(norm(layer(x))) + (x if residual else 0.0)
    torch.testing.assert_close(ours, theirs, rtol=1e-5, atol=1e-6)
    for own, other in zip(gradients(ours, tensors), gradients(theirs, tensors), strict=True):
        torch.testing.assert_close(own, other, rtol=1e-4, atol=1e-5)


def test_with_dropout_gradients_are_those_of_what_it_kept() -> None:
    layer, norm = layer_of(16, 16)
    x = torch.randn(40, 16, requires_grad=True)
    tensors = [x, layer.weight, layer.bias, norm.weight, norm.bias]
    ours = hidden_layer(x, layer, norm, 0.3, residual=True)
    plain = torch.relu(norm(layer(x)))
    kept = (ours - x).detach() != 0.0
    theirs = x + plain * kept / 0.7
    torch.testing.assert_close(ours, theirs, rtol=1e-5, atol=1e-6)
    for own, other in zip(gradients(ours, tensors), gradients(theirs, tensors), strict=True):
        torch.testing.assert_close(own, other, rtol=1e-4, atol=1e-5)


def masks(rate: float, layers: int, rows: int = 400, width: int = 300) -> np.ndarray:
    """Return which elements layers keep, bool (layers, rows, width): all would be positive."""
    layer, norm = layer_of(8, width)
    with torch.no_grad():
        norm.bias.fill_(100.0)
    x = torch.randn(rows, 8)
    return np.stack([(hidden_layer(x, layer, norm, rate, residual=False) > 0.0).numpy() for _ in range(layers)])


@pytest.mark.parametrize("rate", [0.05, 0.1, 0.5])
def test_dropout_takes_its_share_independently(rate: float) -> None:
    """In rows, columns and layers as a binomial distribution would; neighbours and layers know nothing of each other."""
    torch.manual_seed(5)
    kept = masks(rate, 4)
    deviation = (rate * (1.0 - rate)) ** 0.5
    assert abs(kept.mean() - (1.0 - rate)) < 4.0 * deviation / kept.size**0.5
    for axis, count in ((1, 400), (2, 300)):
        shares = kept.mean(axis=axis)
        spread = shares.std() / (deviation / count**0.5)
        assert 0.9 < spread < 1.1
        assert np.abs(shares - (1.0 - rate)).max() < 5.5 * deviation / count**0.5
    normal = (kept - (1.0 - rate)) / deviation
    limit = 4.0 / kept[0].size ** 0.5
    for a, b in itertools.combinations(normal, 2):
        assert abs((a * b).mean()) < limit
    for by in (1, 2, 7, 64):
        assert abs((normal[0][:, by:] * normal[0][:, :-by]).mean()) < 1.1 * limit
        assert abs((normal[0][by:] * normal[0][:-by]).mean()) < 1.1 * limit


def test_dropout_follows_the_generator() -> None:
    torch.manual_seed(7)
    first, state = masks(0.2, 2), torch.get_rng_state()
    second = masks(0.2, 1)
    torch.manual_seed(7)
    assert np.array_equal(masks(0.2, 2), first)
    torch.set_rng_state(state)
    assert np.array_equal(masks(0.2, 1), second)
    assert not np.array_equal(first[0], first[1])


@pytest.fixture
def many_threads() -> Iterator[None]:
    """More than one pass over memory is worth."""
    count = torch.get_num_threads()
    torch.set_num_threads(fused.MOST_THREADS + 1)
    yield
    torch.set_num_threads(count)


@pytest.mark.parametrize("rate", [0.0, 0.3])
@pytest.mark.parametrize("inputs", [24, 7])
def test_many_threads_share_separate_operations_that_come_to_the_same(many_threads: None, inputs: int, rate: float) -> None:
    """The same elements are dropped, and the generator is left in the same state."""
    layer, norm = layer_of(inputs, 24)
    x = torch.randn(5, 10, inputs, requires_grad=True)
    tensors = [x, layer.weight, layer.bias, norm.weight, norm.bias]
    made = []
    for threads in (fused.MOST_THREADS + 1, 1):
        torch.set_num_threads(threads)
        torch.manual_seed(11)
        y = hidden_layer(x, layer, norm, rate, residual=inputs == 24)
        made.append((y, gradients(y, tensors), torch.get_rng_state(), has_one_pass(y)))
    (ours, our_gradients, state, one_pass), (expected, expected_gradients, expected_state, expected_one_pass) = made
    assert (one_pass, expected_one_pass) == (False, True)
    torch.testing.assert_close(ours, expected, rtol=1e-5, atol=1e-6)
    for own, other in zip(our_gradients, expected_gradients, strict=True):
        torch.testing.assert_close(own, other, rtol=1e-4, atol=1e-5)
    assert torch.equal(state, expected_state)


def has_one_pass(y: Tensor) -> bool:
    return any("HiddenLayer" in type(node).__name__ for node in (y.grad_fn, y.grad_fn.next_functions[0][0]))


def test_what_is_not_a_number_stays_so() -> None:
    """A training that diverges must be seen to."""
    layer, norm = layer_of(8, 8)
    x = torch.randn(20, 8)
    x[3, 2] = torch.nan
    with torch.no_grad():
        layer.weight[1] = torch.inf
    y = hidden_layer(x, layer, norm, 0.0, residual=False)
    assert not torch.isfinite(torch.autograd.grad(y.sum(), layer.weight)[0]).any()
    layer, norm = layer_of(8, 8)
    y = hidden_layer(x, layer, norm, 0.0, residual=False)
    assert y[3].isnan().all() and y[:3].isfinite().all()


def test_a_trunk_takes_it_where_it_serves(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fused, "LEAST", 1000)
    part = TrunkPart.model_validate({"layers": [32, 32, 32], "dropout": 0.0, "normalise": True, "residual": True})
    torch.manual_seed(0)
    trunk, x = make_trunk(20, part), torch.randn(60, 1, 20)
    layer, norm = trunk.layers[0], trunk.norms[0] if trunk.norms is not None else None
    assert norm is not None and can_fuse(x, layer, norm)
    trunk.train()
    ours = trunk(x)
    assert "HiddenLayer" in type(ours.grad_fn.next_functions[0][0]).__name__ or "View" in type(ours.grad_fn).__name__
    trunk.eval()
    torch.testing.assert_close(ours, trunk(x), rtol=1e-5, atol=1e-6)
    assert not can_fuse(x[:2], layer, norm)  # too few rows
    assert not can_fuse(x.double(), layer, norm)
    assert not can_fuse(x.to("meta"), layer, norm)
    with torch.no_grad():
        assert not can_fuse(x, layer, norm)
    with torch.autocast("cpu", torch.bfloat16):
        assert not can_fuse(x, layer, norm)
    monkeypatch.setattr(fused, "kernels", lambda: None)
    assert not can_fuse(x, layer, norm)
