"""One pass over memory against PyTorch's operations, and a run that is interrupted on the way, bit for bit."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from test_trainer import Interrupt, make_table, make_trainer  # tests are imported by name
from torch import Tensor

from tts.network import fused
from tts.network.stack import Stage
from tts.recipe import StagePart, TrainingPart
from tts.training import update
from tts.training.criterion import Objective, TrainingData
from tts.training.learner import Learner
from tts.training.parameter_groups import Tuning


def learner_of(**more: object) -> Learner:
    torch.manual_seed(0)
    tuning = more.pop("tuning", None)
    part = StagePart.model_validate({"trunk": {"layers": [16, 16]}, "tasks": {"mcep": 1, "phone": 0.2}} | more.pop("stage", {}))  # type: ignore[operator]
    settings = {"steps": 100, "batch": 32, "learning_rate": 0.01, "average": 0.9, "precision": "float32", "weight_decay": 0.3}
    data = TrainingData(make_table(20, 1), make_table(5, 2))
    network = Stage(3, part, {"mcep": 6, "phone": 3})
    if tuning is not None:
        start = {name: value.detach().clone() + 0.1 for name, value in network.named_parameters()}
        tuning = Tuning(**tuning, start=start)  # type: ignore[arg-type]
    return Learner(network, data, TrainingPart.model_validate(settings | more), Objective(("mcep",)), tuning)  # type: ignore[arg-type]


def state_of(learner: Learner) -> dict[str, Tensor]:
    return {name: value for name, value in learner.state().items() if not name.startswith("random")}


@pytest.mark.parametrize(
    ("more", "joined"),
    [
        ({}, True),
        ({"clip": 0.05}, True),
        ({"average": 0.0}, False),
        ({"tuning": {"layer_decay": 0.5}}, True),
        ({"tuning": {"l2_sp": 0.1}}, False),
        ({"stage": {"tasks": {"mcep": 1, "phone": 0}}}, True),  # whose head has no gradient
        ({"stage": {"sharing": "cross_stitch"}}, False),
        ({"stage": {"sharing": "go_mtl"}}, False),
    ],
)
def test_one_pass_comes_to_the_same(monkeypatch: pytest.MonkeyPatch, more: dict[str, object], joined: bool) -> None:
    separate = learner_of(**more)
    monkeypatch.setattr(update, "LEAST", 0)
    one = learner_of(**more)
    assert (separate.update.fused, one.update.fused, one.update.joined) == (False, True, joined)
    for _ in range(30):
        separate.step()
        one.step()
    expected, state = state_of(separate), state_of(one)
    assert expected.keys() == state.keys()
    for name, value in expected.items():
        torch.testing.assert_close(state[name], value, rtol=2e-3, atol=2e-5, msg=name)


def test_averages_follow_weights_that_have_no_gradient_any_more(monkeypatch: pytest.MonkeyPatch) -> None:
    """As the head of a task that ended: the average closes in on what it was last."""
    separate = learner_of()
    monkeypatch.setattr(update, "LEAST", 0)
    one = learner_of()
    for learner in (separate, one):
        for _ in range(5):
            learner.step()
        for step in range(5, 40):
            for name, parameter in learner.model.named_parameters():
                parameter.grad = None if "phone" in name else torch.full_like(parameter, 0.1)
            learner.update(step)
            learner.update.follow(step)
    assert one.update.joined
    for name, value in state_of(separate).items():
        torch.testing.assert_close(state_of(one)[name], value, rtol=2e-3, atol=2e-5, msg=name)
    assert one.average is not None
    head = next(name for name, _ in one.model.named_parameters() if "phone" in name)
    torch.testing.assert_close(one.average.values[head], one.model.state_dict()[head], rtol=1e-3, atol=1e-4)


def test_a_run_that_goes_on_with_more_threads_differs_by_rounding(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One pass is on one thread: more get PyTorch's operations, with the same elements dropped."""
    monkeypatch.setattr(update, "LEAST", 0)
    monkeypatch.setattr(fused, "LEAST", 0)
    trunk = {"layers": [16, 16], "dropout": 0.3, "normalise": True, "residual": True}
    stage = {"trunk": trunk, "tasks": {"mcep": 1, "phone": 0.2}}
    count = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        whole = make_trainer(tmp_path / "whole", 40, decay="linear", **stage)
        whole.run()
        parts = make_trainer(tmp_path / "parts", 40, decay="linear", **stage)
        parts.callbacks.append(Interrupt(40))
        with pytest.raises(KeyboardInterrupt):
            parts.run()
        torch.set_num_threads(fused.MOST_THREADS + 1)
        parts = make_trainer(tmp_path / "parts", 40, decay="linear", **stage)
        assert not parts.learner.update.fused
        parts.run()
    finally:
        torch.set_num_threads(count)
    for a, b in zip(whole.model.state_dict().values(), parts.model.state_dict().values(), strict=True):
        torch.testing.assert_close(a, b, rtol=1e-3, atol=1e-4)


def test_either_way_goes_on_from_the_other(monkeypatch: pytest.MonkeyPatch) -> None:
    """A checkpoint says nothing of how it came to be; the steps after it are the same but for rounding."""
    separate = learner_of()
    for _ in range(10):
        separate.step()
    monkeypatch.setattr(update, "LEAST", 0)
    one = learner_of()
    one.load_state(separate.state())
    one.steps_done = separate.steps_done
    for _ in range(10):
        separate.step()
        one.step()
    for name, value in state_of(separate).items():
        torch.testing.assert_close(state_of(one)[name], value, rtol=2e-3, atol=2e-5, msg=name)


def test_a_gradient_that_is_not_finite_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(update, "LEAST", 0)
    one = learner_of()
    with torch.no_grad():
        next(one.model.parameters()).fill_(np.nan)
    one.step()
    with pytest.raises(Exception, match="diverged at step 0"):
        one.finite.require("test")


@pytest.mark.parametrize("rows", [0, 1 << 60])
def test_an_interrupted_run_continues_bit_for_bit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, rows: int) -> None:
    """With layers in one pass, whose dropout draws its own numbers, and without."""
    monkeypatch.setattr(update, "LEAST", 0)
    monkeypatch.setattr(fused, "LEAST", rows)
    trunk = {"layers": [16, 16], "dropout": 0.3, "normalise": True, "residual": True}
    stage = {"trunk": trunk, "tasks": {"mcep": 1, "phone": 0.2}}
    whole = make_trainer(tmp_path / "whole", 40, decay="linear", **stage)
    whole.run()
    parts = make_trainer(tmp_path / "parts", 40, decay="linear", **stage)
    parts.callbacks.append(Interrupt(40))
    with pytest.raises(KeyboardInterrupt):
        parts.run()
    parts = make_trainer(tmp_path / "parts", 40, decay="linear", **stage)
    torch.manual_seed(98)
    parts.run()
    for a, b in zip(whole.model.state_dict().values(), parts.model.state_dict().values(), strict=True):
        assert torch.equal(a, b)
