"""Whole ways of training a stack, on made-up tables in place of a prepared corpus."""

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

import tts.training.greedy
import tts.training.joint
from tts.comparison.pool import steps_in
from tts.comparison.training_cost import phases
from tts.core.stream import Stream
from tts.dataset.statistics import StatisticsSum
from tts.dataset.table import Table, Target
from tts.generation.card import voice_card
from tts.generation.config import read_config
from tts.generation.summary import NetworkSummary, read_summary
from tts.network.joint import Joint
from tts.network.stack import Stack
from tts.recipe import StagePart, TrainingPart
from tts.training.callbacks import Callback
from tts.training.checks import learning_problems, stacking_problems
from tts.training.greedy import StackTraining
from tts.training.joint import summaries_of, train_stack
from tts.training.trainer import TrainingResult

STREAM = Stream("mcep", 1, dynamic=True)
PARTS = (
    StagePart.model_validate({"trunk": {"layers": [8]}, "bottleneck": 2, "tasks": {"mcep": 1}}),
    StagePart.model_validate({"trunk": {"layers": [8]}, "context": 1, "tasks": {"mcep": 1}}),
)


class MadeUp:
    """Stands for a prepared corpus: a smooth target that two inputs tell with noise."""

    def frame_table(self, split: str, tasks: list[str], device: torch.device, **more: object) -> Table:
        generator = np.random.default_rng(len(split))
        starts = np.arange(0, 601, 50)
        smooth = np.sin(np.arange(600)[:, None] / 3.0 + generator.random(12).repeat(50)[:, None] * 6.0).astype(np.float32)
        inputs = smooth + generator.normal(0.0, 0.5, (600, 2)).astype(np.float32)
        total = StatisticsSum(1, dynamic=True)
        total.add(smooth, np.ones(600, dtype=bool))
        target = Target(STREAM, smooth, total.result())
        return Table(starts, inputs, None, None, np.ones(600, dtype=bool), {"mcep": target}, device)


class StepAsDistortion(Callback):
    """Stands for the validation's further scores."""

    def __init__(self, *arguments: object) -> None:
        pass

    def scores(self, model: object, step: int) -> dict[str, float]:
        return {"valid/mcd": float(step)}


@pytest.fixture(autouse=True)
def _without_mcd(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tts.training.greedy, "Distortion", StepAsDistortion)


def train(folder: Path, parts: tuple[StagePart, ...] = PARTS, **keys: object) -> tuple[list[NetworkSummary], dict[str, Tensor]]:
    settings = TrainingPart.model_validate(
        {"steps": 60, "batch": 64, "learning_rate": 0.02, "validate_every": 20, "warmup": 0, "precision": "float32"} | keys
    )
    voice: Any = SimpleNamespace(stack=Stack(2, parts, {"mcep": 3}, seed=1), device=torch.device("cpu"))
    prepared: Any = MadeUp()
    summaries = train_stack(StackTraining(voice, prepared, parts, settings, folder))
    return summaries, {name: value.clone() for name, value in voice.stack.state_dict().items()}


def test_joint_training_summarises_every_stage(tmp_path: Path) -> None:
    (first, last), _ = train(tmp_path, stacking="joint")
    assert first.to_dict().keys() == {"step", "steps", "main_loss", "valid/mcep", "valid/main"}
    assert last.to_dict().keys() == first.to_dict().keys() | {"valid/mcd"}
    assert (last.steps, last.scores["valid/main"]) == (60, last.scores["valid/mcep"])
    assert {path.name for path in tmp_path.iterdir()} == {"joint"}
    assert (
        first.main_loss and last.main_loss and last.main_loss < first.main_loss
    )  # of three noisy frames more is known than of one


def test_fine_tuning_starts_from_the_greedy_weights(tmp_path: Path) -> None:
    greedy, weights = train(tmp_path / "greedy")
    both, tuned = train(tmp_path / "both", stacking="greedy_then_joint", joint_steps=20)
    assert both[-1].before["valid/main"] == pytest.approx(greedy[-1].main_loss, rel=0.02)  # handed on in 16 bits
    assert both[-1].main_loss is not None and both[-1].main_loss <= both[-1].before["valid/main"]
    assert [summary.steps for summary in both] == [80, 80]
    assert "valid/mcd" in greedy[0].scores and "valid/mcd" not in both[0].scores  # it was that of the weights before
    moved = max(float((tuned[name] - weights[name]).abs().max()) for name in weights)
    assert 0.0 < moved < 0.1


@pytest.mark.parametrize("stacking", ["greedy", "joint"])
def test_the_trajectory_phase_comes_last_and_says_what_was_before(tmp_path: Path, stacking: str) -> None:
    keys: dict[str, Any] = {"stacking": stacking, "trajectory": {"steps": 40, "batch": 4, "learning_rate": 0.02}}
    summaries, weights = train(tmp_path, **keys)
    last = summaries[-1]
    assert (last.step, last.steps) == (40, 100)
    assert last.main_loss is not None and last.main_loss < 0.95 * last.before["valid/main"]
    assert last.before["valid/mcd"] == 0.0
    again, same = train(tmp_path, **keys)  # finished, so nothing is trained
    assert again == summaries
    assert all(torch.equal(weights[name], same[name]) for name in weights)


@pytest.mark.slow
@pytest.mark.parametrize(
    "keys",
    [
        {},
        {"cross_fit": 2},
        {"stacking": "joint"},
        {"stacking": "greedy_then_joint", "joint_steps": 20, "trajectory": {"steps": 20, "batch": 4}},
        {"trajectory": {"steps": 20, "batch": 4}},
    ],
)
def test_progress_reaches_the_steps_that_were_foreseen(tmp_path: Path, keys: dict[str, Any]) -> None:
    train(tmp_path, **keys)
    settings = TrainingPart.model_validate({"steps": 60} | keys)
    foreseen = sum(phase.steps * (2 if phase.stage is None else 1) for phase in phases(PARTS, settings))
    assert steps_in(tmp_path, 2) == foreseen


def test_progress_counts_every_branch_of_a_fork(tmp_path: Path) -> None:
    (tmp_path / "stage1").mkdir()
    (tmp_path / "stage1" / "history.tsv").write_text("step\tfork/steps\tvalid/main\n10\t20\t0.5\n20\t40\t0.4\n")
    assert steps_in(tmp_path, 1) == 40


def test_one_stage_is_trained_alone_whatever_the_stacking(tmp_path: Path) -> None:
    alone, weights = train(tmp_path / "a", PARTS[:1])
    same, others = train(tmp_path / "b", PARTS[:1], stacking="joint")
    assert alone == same
    assert all(torch.equal(weights[name], others[name]) for name in weights)


def test_summary_and_card_tell_the_grouping_of_tasks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    part = StagePart.model_validate({"trunk": {"layers": [8]}, "sharing": "go_mtl", "tasks": {"mcep": 1, "mel": 1}})
    voice: Any = SimpleNamespace(stack=Stack(2, (PARTS[0], part), {"mcep": 3, "mel": 2}, seed=1))
    monkeypatch.setattr(tts.training.joint, "train_stages", lambda *arguments: [NetworkSummary(1, 1)] * 2)
    settings = TrainingPart.model_validate({"steps": 1})
    first, last = train_stack(StackTraining(voice, voice, (PARTS[0], part), settings, tmp_path))
    assert first == NetworkSummary(1, 1)
    assert last.grouping == voice.stack.stages[1].grouping()
    fixture = Path(__file__).parents[1] / "fixtures" / "format-2" / "single"
    config = read_config(fixture).model_copy(update={"stages": (PARTS[0], part)})
    grouped = replace(last, grouping={"main": [1.0, 0.0], "mel": [0.25, -1.0]})
    summary = replace(read_summary(fixture / "training"), stages=(first, grouped))
    card = voice_card(config, summary)
    assert "; weights of the shared basis: main (1.00, 0.00), mel (0.25, -1.00)" in card


def test_weights_of_stages_are_counted_before_training() -> None:
    settings = TrainingPart.model_validate({"stacking": "joint", "stage_weights": [1, 1, 1]})
    (problem,) = stacking_problems(PARTS, settings, 9)
    assert "stage_weights: there are 3; the system has 2 stages" in problem
    assert not stacking_problems(PARTS[:1], settings, 9)


def test_folds_are_counted_before_training() -> None:
    settings = TrainingPart.model_validate({"cross_fit": 4})
    (problem,) = stacking_problems(PARTS, settings, 3)
    assert "4 folds need as many training utterances, there are 3" in problem
    assert not stacking_problems(PARTS, settings, 4)
    assert not stacking_problems(PARTS[:1], settings, 3)  # whose features nobody reads


@pytest.mark.parametrize(
    ("tasks", "weighting", "step"),
    [
        ({"mcep": 0}, {}, 0),
        ({"mel": 0}, {}, 0),
        ({"mel": 1}, {"main_only_from": 0.9}, 90),
        ({"mel": 1}, {"start": {"mel": 5}}, 0),
        ({"mel": 1, "gammatone": 1}, {"stop": {"mel": 10}, "start": {"gammatone": 11}}, 10),
    ],
)
def test_a_stage_with_nothing_to_learn_is_named_before_training(
    tasks: dict[str, float], weighting: dict[str, Any], step: int
) -> None:
    first = StagePart.model_validate({"trunk": {"layers": [8]}, "bottleneck": 2, "tasks": tasks})
    stages = (first, PARTS[1])
    settings = TrainingPart.model_validate({"steps": 100, "weighting": weighting})
    (problem,) = learning_problems(stages, settings)
    assert problem.startswith(f"stage 1 learns no task at step {step} of its training")
    assert not learning_problems(stages, settings.model_copy(update={"stacking": "joint"}))  # it learns through the second
    assert not learning_problems(stages, settings, frozen=[1])


def test_a_stage_with_something_to_learn_at_every_step_is_trained() -> None:
    first = StagePart.model_validate({"trunk": {"layers": [8]}, "bottleneck": 2, "tasks": {"mel": 1, "gammatone": 1}})
    schedule = {"stop": {"mel": 10}, "start": {"gammatone": 10}, "main_only_from": 100}
    assert not learning_problems((first, PARTS[1]), TrainingPart.model_validate({"steps": 100, "weighting": schedule}))


def test_scores_are_those_of_their_stage_whatever_tasks_are_called() -> None:
    """The first stage learns no main task, and a task of the last is called like a stage."""
    first = StagePart.model_validate({"trunk": {"layers": [8]}, "bottleneck": 2, "tasks": {"mel": 0.5, "gammatone": 2}})
    last = StagePart.model_validate({"trunk": {"layers": [8]}, "tasks": {"mcep": 1, "stage_noise": 0.1}})
    model = Joint(Stack(2, (first, last), {"mcep": 3, "mel": 1, "gammatone": 1, "stage_noise": 1}))
    scores = {"mcep": 0.5, "stage_noise": 0.6, "stage1/mel": 0.7, "stage1/gammatone": 0.8, "main": 0.5}
    history = [{"step": 10.0, **{f"valid/{name}": value for name, value in scores.items()}}]
    one, two = summaries_of(model, TrainingResult(10, 0.5, history), before=False)
    assert two.scores.keys() == {"valid/mcep", "valid/stage_noise", "valid/main"}
    assert one.main_loss == one.scores["valid/main"] == pytest.approx(0.5 * 0.7 + 2 * 0.8)
    assert (one.scores["valid/mel"], two.main_loss) == (0.7, 0.5)
