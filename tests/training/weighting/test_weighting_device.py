"""Weightings on a device that has no values to look at: none waits for it but those that say so, and these once a step."""

from __future__ import annotations

import pytest
import torch
from strict_device import META, Strict, watch_host
from torch import Tensor

from tts.core import device as device_module
from tts.training.weighting import METHODS, Schedule, Weighting, after_step, backward, make_weighting

ON_HOST = {"pcgrad", "upgrad", "dualproj", "mgda", "cagrad", "imtl-g", "aligned-mtl", "fairgrad", "config", "torchjd"}


def make(name: str, **options: object) -> Weighting:
    if name == "torchjd":
        pytest.importorskip("torchjd", reason="TorchJD is not installed")
    return make_weighting(name, options, "abc", "a", {"b": 0.5}, schedule=Schedule({"c": 1}))


def take_steps(weighting: Weighting, steps: int = 2, every: int = 0) -> list[Tensor]:
    """Go backward and, where it is asked for, look at the losses after; return the gradients of the shared layers."""
    shared = torch.nn.Sequential(torch.nn.Linear(4, 5), torch.nn.Linear(5, 3)).to(META)
    heads = torch.nn.ModuleDict({name: torch.nn.Linear(3, 2) for name in "abc"}).to(META)
    x = torch.empty(6, 4, device=META)
    for step in range(steps):
        hidden = shared(x)
        losses = {name: head(hidden).square().mean() for name, head in heads.items()}
        backward(losses, list(shared.parameters()), list(heads.parameters()), weighting, step, every=every)
        if weighting.needs_losses_after:
            after_step({name: loss.detach() for name, loss in losses.items()}, weighting, step)
    assert all(p.grad is not None for p in heads.parameters())
    return [p.grad for p in shared.parameters() if p.grad is not None]


@pytest.mark.slow
@pytest.mark.parametrize("name", METHODS)
def test_a_step_waits_for_the_device_only_where_the_method_solves_on_the_host(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    weighting, shapes = make(name), watch_host(monkeypatch)
    with Strict():
        gradients = take_steps(weighting)
    assert len(gradients) == 4 and {g.device for g in gradients} == {META}
    rows = len(weighting.tasks.rows)
    assert weighting.solves_on_host is (name in ON_HOST)
    assert shapes == ([(rows, rows)] * 2 if name in ON_HOST else [])


def test_the_last_layers_gramian_is_all_that_comes_to_the_host(monkeypatch: pytest.MonkeyPatch) -> None:
    weighting, shapes = make("upgrad", on="last layer"), watch_host(monkeypatch)
    with Strict():
        take_steps(weighting)
    assert shapes == [(3, 3)] * 2


@pytest.mark.parametrize("name", ["sum", "uncertainty", "gate"])
def test_a_measurement_comes_to_the_host_in_one_piece_and_no_oftener_than_asked(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    weighting, shapes = make(name), watch_host(monkeypatch)
    with Strict():
        take_steps(weighting, steps=4, every=2)
    assert shapes == [(3 + 2 + 2,)] * 2  # weights, cosines and ratios of norms


@pytest.mark.parametrize("name", [name for name in METHODS if name not in ON_HOST])
def test_a_resumed_weighting_goes_on_on_the_device(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A checkpoint's tensors come from the disk, on the CPU."""
    watch_host(monkeypatch)
    first, second = make(name), make(name)
    take_steps(first)
    second.load_state({key: torch.zeros(value.shape, dtype=value.dtype) for key, value in first.state().items()})
    with Strict():
        take_steps(second)
    assert {value.device for value in second.state().values()} <= {META}


def test_on_the_cpu_the_one_way_to_the_host_changes_nothing() -> None:
    values = torch.randn(3, requires_grad=True)
    there = device_module.to_host(values)
    assert torch.equal(there, values) and not there.requires_grad
