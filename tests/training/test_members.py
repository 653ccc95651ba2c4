"""Trainings that run as one batched model against the same trainings by themselves."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from shared_training import largest, make_part, make_table, make_trainer

import tts.training.members
from tts.network.masks import using
from tts.network.stack import Stage
from tts.recipe import TrainingPart
from tts.training.criterion import Objective, TrainingData
from tts.training.members import (
    Member,
    StepOfOne,
    current_member,
    learn_together,
    own_seconds,
    run_together,
    stage_problems,
)
from tts.training.trainer import Trainer, TrainingResult

WIDTHS = {"mcep": 6, "formants": 2, "phone": 3}


def trainer_of(folder: Path, seed: int, width: int = 16, **more: Any) -> Trainer:
    """A training of one seed, with every number that it draws its own."""
    trunk = {"layers": [width, width], "dropout": 0.2, "normalise": True, "residual": True}
    part = make_part(trunk=trunk, bottleneck=4, **more.pop("stage", {}))
    torch.manual_seed(seed)
    model = Stage(3, part, WIDTHS)
    settings = TrainingPart.model_validate(
        {"steps": 24, "batch": 33, "learning_rate": 0.003, "validate_every": 6, "warmup": 0, "average": 0.9, "seed": seed}
        | {"precision": "float32", "input_dropout": 0.1}
        | more
    )
    torch.manual_seed(seed)
    data = TrainingData(make_table(20, 1), make_table(5, 2))
    return Trainer(model, data, settings, folder, label=f"seed {seed}", objective=Objective(("mcep",)))


def work(folder: Path, seed: int, **more: Any) -> Callable[[], tuple[Trainer, TrainingResult]]:
    def train() -> tuple[Trainer, TrainingResult]:
        trainer = trainer_of(folder / f"seed-{seed}", seed, **more)
        return trainer, trainer.run()

    return train


def alike(alone: TrainingResult, together: TrainingResult) -> None:
    for ours, theirs in zip(alone.history, together.history, strict=True):
        expected = {key: value for key, value in ours.items() if not key.startswith("speed/")}
        assert {key: theirs[key] for key in expected} == pytest.approx(expected, rel=1e-4)


@pytest.mark.parametrize(
    "more",
    [
        {},
        {"weighting": {"method": "sum", "measure_every": 5, "main_only_from": 12}},  # some steps by themselves; a task ends
        {"stage": {"tasks": {"mcep": 1, "phone": {"weight": 0.2, "private": [4]}}}},
        {"width": 256, "batch": 256},  # wide enough for the pass over memory, whose masks are drawn otherwise
        {"precision": "bfloat16"},
    ],
)
def test_seeds_together_are_the_seeds_alone(tmp_path: Path, more: dict[str, Any]) -> None:
    alone = [work(tmp_path / "alone", seed, **more)() for seed in (1, 2, 3)]
    members = run_together([work(tmp_path / "together", seed, **more) for seed in (1, 2, 3)])
    for (single, expected), member in zip(alone, members, strict=True):
        assert member.result is not None and member.error is None
        trainer, result = member.result
        if more.get("precision") != "bfloat16":  # whose rounding is a thousand times coarser
            alike(expected, result)
            assert largest(single.learner.state(), trainer.learner.state()) < (5e-5 if "width" not in more else 6e-3)
        else:
            assert result.loss == pytest.approx(expected.loss, rel=0.02)
        # Not one random number more or less, on the way to not one mask that differs.
        assert torch.equal(single.learner.state()["random.cpu"], trainer.learner.state()["random.cpu"])
        names = {path.name for path in single.folder.iterdir()}
        assert {path.name for path in trainer.folder.iterdir()} == names
    assert current_member() is None


def test_gradients_are_those_of_every_model_by_itself(tmp_path: Path) -> None:
    trainers = [trainer_of(tmp_path, seed, stage={"tasks": {"mcep": 1, "phone": 0.2 * seed}}) for seed in (1, 2)]
    steps = []
    for trainer in trainers:
        learner = trainer.learner
        batch = learner.batches(0)
        rows = learner.data.train.gather(batch.index, learner.criterion.names)
        learner.model.train()
        steps.append(StepOfOne.of(learner, batch, rows.inputs, rows.targets))
    losses = learn_together(steps)
    for step, own in zip(steps, losses, strict=True):
        learner = step.learner
        joined = {name: p.grad for name, p in learner.model.named_parameters()}
        learner.optimiser.zero_grad()
        with using(step.masks):
            alone = learner._learn(step.batch, step.inputs, step.targets, None)
        for name, parameter in learner.model.named_parameters():
            torch.testing.assert_close(joined[name], parameter.grad, atol=1e-6, rtol=1e-5)
        assert {name: float(loss) for name, loss in own.items()} == pytest.approx(
            {name: float(loss.detach()) for name, loss in alone.items()}, rel=1e-5
        )


def test_members_stop_early_and_go_on_each_by_itself(tmp_path: Path) -> None:
    """One stops for want of improvement, one is of other shape, one goes on from a checkpoint: each as it would alone."""
    cases: dict[int, dict[str, Any]] = {1: {"patience": 1, "validate_every": 1, "learning_rate": 0.1}, 2: {"width": 8}, 3: {}}
    work(tmp_path / "together", 3, steps=12, decay="none")()
    cases[3] = {"decay": "none"}
    alone = [work(tmp_path / "alone", seed, **more)() for seed, more in cases.items()]
    members = run_together([work(tmp_path / "together", seed, **more) for seed, more in cases.items()])
    for (_, expected), member in zip(alone, members, strict=True):
        assert member.result is not None
        alike(expected, member.result[1])
    assert len(alone[0][1].history) < 20


def test_an_error_is_its_members_alone(tmp_path: Path) -> None:
    def fails() -> None:
        raise ValueError("of this member")

    members: list[Member[Any]] = run_together([fails, work(tmp_path, 2)])
    assert str(members[0].error) == "of this member"
    assert members[1].error is None


def test_a_members_seconds_are_its_own_and_its_share_of_steps_together(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the histories tell of steps and speed adds up to the time that went by, not to three times that."""
    clock = [100.0]
    monkeypatch.setattr(time, "monotonic", lambda: clock[0])

    def slow(steps: list[StepOfOne]) -> list[dict[str, torch.Tensor]]:
        clock[0] += 3.0
        return learn_together(steps)

    def spend(seconds: float) -> Callable[[], float]:
        def work() -> float:
            started = own_seconds()
            clock[0] += seconds
            return own_seconds() - started

        return work

    monkeypatch.setattr(tts.training.members, "learn_together", slow)
    members = run_together([work(tmp_path, seed, steps=12) for seed in (1, 2, 3)])
    histories = [member.result[1].history for member in members if member.result is not None]
    assert [[entry["speed/steps_per_second"] for entry in history] for history in histories] == [[1.0, 1.0]] * 3
    slept: list[Member[Any]] = run_together([spend(1.0), spend(2.0)])
    assert [(member.result, member.seconds) for member in slept] == [(1.0, 1.0), (2.0, 2.0)]


def test_an_interruption_ends_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    calls = iter(range(100))

    def interrupted(steps: list[StepOfOne]) -> list[dict[str, torch.Tensor]]:
        if next(calls) == 3:
            raise KeyboardInterrupt
        return learn_together(steps)

    monkeypatch.setattr(tts.training.members, "learn_together", interrupted)
    others = set(threading.enumerate())  # of libraries that earlier tests used
    with pytest.raises(KeyboardInterrupt):
        run_together([work(tmp_path, seed) for seed in (1, 2)])
    assert set(threading.enumerate()) <= others


@pytest.fixture
def interruptible() -> Iterator[None]:
    """A process that SIGINT interrupts; those that run tests side by side ignore it."""
    earlier = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, earlier)


@pytest.mark.usefixtures("interruptible")
def test_an_interruption_reaches_a_member_at_work(tmp_path: Path) -> None:
    taken: list[int] = []
    others = set(threading.enumerate())

    def interrupted() -> None:
        learner = trainer_of(tmp_path / "a", 1).learner
        for number in range(10):
            if number == 3:
                signal.raise_signal(signal.SIGINT)  # which wakes the main thread, while this one goes on
            learner.step()
            taken.append(number)

    with pytest.raises(KeyboardInterrupt):
        run_together([interrupted, work(tmp_path, 2)])
    assert len(taken) < 10
    assert set(threading.enumerate()) <= others


def test_what_cannot_be_batched_is_named() -> None:
    plain = make_trainer("feedforward", Path("nowhere")).settings
    assert stage_problems(make_part(), plain) == []
    assert stage_problems(make_part("lstm"), plain) == ["its trunk is of kind lstm, not feedforward"]
    assert "cross_stitch" in stage_problems(make_part(sharing="cross_stitch"), plain)[0]
    weighed = plain.model_copy(update={"weighting": plain.weighting.model_copy(update={"method": "gradnorm"})})
    assert "gradnorm" in stage_problems(make_part(), weighed)[0]
