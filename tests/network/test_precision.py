"""What ``auto`` becomes: the faster one by a given clock, nothing else changed, and float32 where there is no choice."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import torch

from tts.network import precision
from tts.network.joint import Joint
from tts.network.precision import BFLOAT16, FLOAT32, choose_precision, faster, stack_precision
from tts.network.stack import Stack, Stage
from tts.recipe import StagePart

CPU = torch.device("cpu")
WIDTHS = {"mcep": 6, "mel": 4}


@pytest.fixture
def native(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(precision, "multiplies_bfloat16", lambda device: True)
    monkeypatch.setattr(precision, "WORTH", 0)


def stage(kind: str = "feedforward", inputs: int = 5) -> Stage:
    trunk = {"kind": kind, "layers": [8, 8], "dropout": 0.5} | ({"heads": 2} if kind == "attention" else {})
    return Stage(inputs, StagePart.model_validate({"trunk": trunk, "tasks": {"mcep": 1, "mel": 1}}), WIDTHS)


def clock_of(monkeypatch: pytest.MonkeyPatch, float32: list[float], bfloat16: list[float]) -> None:
    """Let the works take these seconds, a round each; the round before them is the warm-up."""

    def ticks() -> Iterator[float]:
        now = 0.0
        yield from (now, now)
        for pair in zip(float32, bfloat16, strict=True):
            for seconds in pair:
                yield now
                now += seconds
                yield now

    clock = ticks()
    monkeypatch.setattr(precision.time, "process_time", lambda: next(clock))


@pytest.mark.parametrize(
    ("float32", "bfloat16", "expected"),
    [
        ([3.0, 3.0, 3.0], [1.0, 1.0, 1.0], BFLOAT16),
        ([1.0, 1.0, 1.0], [1.8, 1.8, 1.8], FLOAT32),
        ([1.1, 1.1, 1.1], [1.0, 1.0, 1.0], FLOAT32),  # too little to be sure of
        ([3.0, 3.0, 3.0], [1.0, 1.0, 90.0], BFLOAT16),  # one round was disturbed
    ],
)
def test_the_faster_one_is_taken(
    monkeypatch: pytest.MonkeyPatch, float32: list[float], bfloat16: list[float], expected: str
) -> None:
    clock_of(monkeypatch, float32, bfloat16)
    assert faster({FLOAT32: lambda: None, BFLOAT16: lambda: None}, CPU) == expected


@pytest.mark.usefixtures("native")
@pytest.mark.parametrize("kind", ["feedforward", "lstm", "attention", "convolution"])
def test_a_look_changes_nothing(kind: str) -> None:
    network = stage(kind)
    network.eval()
    weights = {name: value.clone() for name, value in network.state_dict().items()}
    torch.manual_seed(3)
    expected = torch.rand(4)
    torch.manual_seed(3)
    assert choose_precision("auto", network, 5, CPU, framewise=network.framewise) in (FLOAT32, BFLOAT16)
    assert torch.equal(torch.rand(4), expected)
    assert not network.training
    assert all(parameter.grad is None for parameter in network.parameters())
    assert all(torch.equal(value, weights[name]) for name, value in network.state_dict().items())


def test_without_a_choice_nothing_is_timed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(precision, "faster", lambda *_: pytest.fail("timed"))
    assert choose_precision("bfloat16", stage(), 5, CPU) == BFLOAT16
    assert choose_precision("auto", stage(), 5, CPU) == FLOAT32  # small
    monkeypatch.setattr(precision, "WORTH", 0)
    monkeypatch.setattr(precision, "multiplies_bfloat16", lambda device: False)
    assert choose_precision("auto", stage(), 5, CPU) == FLOAT32


@pytest.mark.usefixtures("native")
def test_a_stack_is_judged_by_its_largest_stage(monkeypatch: pytest.MonkeyPatch) -> None:
    small = StagePart.model_validate({"trunk": {"layers": [4]}, "bottleneck": 3, "tasks": {"mcep": 1}})
    large = StagePart.model_validate({"trunk": {"layers": [32, 32]}, "tasks": {"mcep": 1}})
    stack, seen = Stack(5, (small, large), WIDTHS), []
    monkeypatch.setattr(precision, "choose_precision", lambda wanted, network, *_, **__: seen.append(network) or FLOAT32)
    assert stack_precision("auto", stack, CPU) == FLOAT32
    assert seen == [stack.stages[1]]
    assert Joint(stack).inputs == 5
