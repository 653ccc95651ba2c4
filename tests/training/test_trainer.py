"""The loop against what must hold: learning a known function, exact resume, same seed same result."""

import itertools
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from tts.core.errors import TtsError
from tts.core.stream import Stream
from tts.dataset.statistics import StatisticsSum
from tts.dataset.table import Table, Target
from tts.network.stack import Stage
from tts.recipe import StagePart, TrainingPart
from tts.training.callbacks import Callback
from tts.training.criterion import Model, Objective, TrainingData
from tts.training.passes import predict
from tts.training.trainer import Trainer

DEVICE = torch.device("cpu")
STREAM = Stream("mcep", 2, dynamic=True)
CLASS = Stream("phone", 1, kind="class", classes=3)


def make_table(utterances: int, seed: int) -> Table:
    """Segments of random features; the target is a fixed linear function of the segment, the class its largest feature."""
    generator = np.random.default_rng(seed)
    lengths = generator.integers(20, 40, utterances)
    segments = generator.random((utterances * 5, 3)).astype(np.float32)
    rows = np.concatenate([np.sort(generator.integers(0, 5, n)) + 5 * u for u, n in enumerate(lengths)])
    values = (segments @ np.array([[1.0, -2.0], [0.5, 1.0], [0.0, 3.0]]))[rows].astype(np.float32)
    starts = np.concatenate([[0], np.cumsum(lengths)])
    total = StatisticsSum(2, dynamic=True)
    for a, b in itertools.pairwise(starts):
        total.add(values[a:b], np.ones(b - a, dtype=bool))
    targets = {
        "mcep": Target(STREAM, values, total.result()),
        "phone": Target(CLASS, segments.argmax(axis=1)[:, None].astype(np.float32), by_segment=True),
    }
    counted = np.ones(len(rows), dtype=bool)
    return Table(starts, segments, rows, None, counted, targets, DEVICE)


def make_trainer(folder: Path, steps: int, kind: str = "feedforward", utterances: int = 20, **more: object) -> Trainer:
    torch.manual_seed(0)
    stage = {key: more.pop(key) for key in ("tasks", "unrelated", "trunk") if key in more}
    part = StagePart.model_validate(
        {"trunk": {"kind": kind, "layers": [16, 16], "dropout": 0.1}, "tasks": {"mcep": 1, "phone": 0.2}} | stage
    )
    network = Stage(3, part, {"mcep": 6, "phone": 3})
    settings = TrainingPart.model_validate(
        {"steps": steps, "batch": 32 if kind == "feedforward" else 4, "learning_rate": 0.01, "validate_every": 20}
        | {"decay": "none", "warmup": 0, "average": 0.9, "precision": "float32", "clip": 10.0}
        | more
    )
    data = TrainingData(make_table(utterances, 1), make_table(5, 2))
    return Trainer(network, data, settings, folder, label="test", objective=Objective(("mcep",)))


class Interrupt(Callback):
    """Interrupts a training while it validates after a step, before the checkpoint is written."""

    def __init__(self, step: int) -> None:
        self.step = step

    def scores(self, model: Model, step: int) -> dict[str, float]:
        if step == self.step:
            raise KeyboardInterrupt
        return {}


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["feedforward", "convolution", "lstm", "attention"])
def test_learns_a_function_of_the_segment(tmp_path: Path, kind: str) -> None:
    # Attention begins slowly and learns twenty utterances by heart; of a hundred it learns the function, whatever the seed.
    trainer = make_trainer(tmp_path, 700, kind, utterances=100) if kind == "attention" else make_trainer(tmp_path, 300, kind)
    result = trainer.run()
    first = result.history[0]
    assert result.loss < 0.75 * first["valid/main"]
    assert trainer.learner.losses_on(trainer.learner.data.valid)["phone"] < 0.5  # 1 is a guess among equals


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["feedforward", "lstm"])
def test_an_interrupted_run_continues_bit_for_bit(tmp_path: Path, kind: str) -> None:
    whole = make_trainer(tmp_path / "whole", 80, kind, decay="linear")
    whole.run()

    parts = make_trainer(tmp_path / "parts", 80, kind, decay="linear")
    parts.callbacks.append(Interrupt(60))
    with pytest.raises(KeyboardInterrupt):
        parts.run()
    parts = make_trainer(tmp_path / "parts", 80, kind, decay="linear")
    torch.manual_seed(98)  # a new process has drawn other numbers before it resumes
    parts.run()
    for a, b in zip(whole.model.state_dict().values(), parts.model.state_dict().values(), strict=True):
        assert torch.equal(a, b)
    assert [e["valid/main"] for e in whole.history] == [e["valid/main"] for e in parts.history]


def test_a_finished_run_is_not_trained_again(tmp_path: Path) -> None:
    make_trainer(tmp_path, 40).run()
    before = (tmp_path / "last.safetensors").stat().st_mtime_ns
    make_trainer(tmp_path, 40).run()
    assert (tmp_path / "last.safetensors").stat().st_mtime_ns == before


def test_other_settings_in_the_same_folder_are_refused_by_name(tmp_path: Path) -> None:
    make_trainer(tmp_path, 20).run()
    with pytest.raises(TtsError, match=r"training\.learning_rate"):
        make_trainer(tmp_path, 20, learning_rate=0.02).run()


def test_early_stopping_keeps_the_best(tmp_path: Path) -> None:
    result = make_trainer(tmp_path, 2000, learning_rate=0.5, patience=3).run()
    losses = [entry["valid/main"] for entry in result.history]
    assert len(losses) < 100
    assert result.loss == min(losses)
    assert len(losses) - 1 - losses.index(min(losses)) == 3
    # It stopped for want of improvement, which more steps would not change.
    longer = make_trainer(tmp_path, 3000, learning_rate=0.5, patience=3).run()
    assert longer.history == result.history


def test_divergence_is_reported(tmp_path: Path) -> None:
    trainer = make_trainer(tmp_path, 20)
    with torch.no_grad():
        next(iter(trainer.model.parameters())).fill_(float("nan"))
    with pytest.raises(TtsError, match="diverged at step 0"):
        trainer.run()


def test_predictions_are_the_same_alone_and_padded_in_a_group(tmp_path: Path) -> None:
    trainer = make_trainer(tmp_path, 20, "lstm")
    trainer.run()
    together = predict(trainer.model, trainer.learner.data.valid, ["mcep"])["mcep"]
    for number in range(trainer.learner.data.valid.utterances):
        a, b = trainer.learner.data.valid.starts[number : number + 2]
        alone = trainer.model(trainer.learner.data.valid.inputs(torch.arange(a, b)[None])).heads["mcep"][0]
        torch.testing.assert_close(together[a:b], alone, atol=1e-5, rtol=1e-5)


@pytest.mark.slow
@pytest.mark.parametrize("method", ["ol-aux", "famo", "gate", "bloop"])
def test_a_weighting_with_a_memory_continues_bit_for_bit(tmp_path: Path, method: str) -> None:
    options: dict[str, Any] = {"weighting": {"method": method, "measure_every": 20}}
    whole = make_trainer(tmp_path / "whole", 40, **options)
    whole.run()

    parts = make_trainer(tmp_path / "parts", 40, **options)
    parts.callbacks.append(Interrupt(40))
    with pytest.raises(KeyboardInterrupt):
        parts.run()
    parts = make_trainer(tmp_path / "parts", 40, **options)
    parts.run()
    for a, b in zip(whole.model.state_dict().values(), parts.model.state_dict().values(), strict=True):
        assert torch.equal(a, b)
    assert whole.learner.diagnostics == parts.learner.diagnostics
    assert {"cosine/phone", "ratio/phone", "weight/phone"} <= whole.learner.diagnostics[0].keys()


def test_an_auxiliary_task_that_stops_leaves_its_layers_alone(tmp_path: Path) -> None:
    trainer = make_trainer(tmp_path, 40, weighting={"stop": {"phone": 1}}, weight_decay=0.0)
    trainer.run()
    assert trainer.history[-1]["valid/phone"] > 0.8  # one step taught it next to nothing
    assert trainer.history[-1]["valid/mcep"] < trainer.history[-1]["valid/phone"]


@pytest.mark.parametrize("tasks", [{"phone": 0.5}, {"mcep": 0, "phone": 0.5}])
def test_a_stage_without_main_tasks_keeps_what_is_best_for_all_its_tasks(tmp_path: Path, tasks: dict[str, float]) -> None:
    trainer = make_trainer(tmp_path, 100, tasks=tasks)
    result = trainer.run()
    losses = [entry["valid/phone"] for entry in result.history]
    assert min(losses) < 0.8 * losses[0]
    assert result.loss == pytest.approx(0.5 * min(losses))
    assert result.step == result.history[int(np.argmin(losses))]["step"]


@pytest.mark.parametrize("method", ["sum", "uncertainty", "gradnorm", "projection"])
def test_layers_kept_apart_by_what_they_say_are_learnt_beside_the_tasks(tmp_path: Path, method: str) -> None:
    """The penalty's gradient is added to that of the losses, which come from the same pass through the network."""
    tasks = {name: {"private": [6]} for name in ("mcep", "phone")}
    grads = []
    for weight in (1e-9, 2.0):
        unrelated = {"pairs": [["main", "phone"]], "form": "activation", "weight": weight}
        trainer = make_trainer(tmp_path, 20, tasks=tasks, unrelated=unrelated, clip=1e9, weighting={"method": method})
        batch = trainer.learner.batches(0)
        torch.manual_seed(7)
        output = trainer.model.train()(trainer.learner.data.train.inputs(batch.index), batch.mask)
        penalty = torch.autograd.grad(trainer.model.penalty(output), list(trainer.model.parameters()), allow_unused=True)
        torch.manual_seed(7)  # the same units dropped
        trainer.learner.step()
        grads.append([p.grad for p in trainer.model.parameters()])
    assert any(g is not None and float(g.abs().max()) > 1e-4 for g in penalty)
    for plain, both, more in zip(*grads, penalty, strict=True):
        torch.testing.assert_close(both, plain if more is None else plain + more)
