"""Fork and merge: the arithmetic of a merge, what a toy problem must show, and resume to the bit."""

import itertools
from collections.abc import Collection
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from tts.comparison.pool import steps_in
from tts.core.errors import UsageError
from tts.core.stream import Stream
from tts.dataset.statistics import StatisticsSum
from tts.dataset.table import Table, Target
from tts.generation.summary import NetworkSummary
from tts.network.stack import Stage
from tts.recipe import DurationPart, ForkMergePart, StagePart, TrainingPart
from tts.training.checks import require, weighting_problems
from tts.training.criterion import Objective, TrainingData
from tts.training.fork_merge import branches_now, make_branches, merge, search_shares
from tts.training.greedy import summary_of
from tts.training.trainer import Trainer, TrainingResult
from tts.training.weighting import Schedule

WIDTHS = {"mcep": 4, "helpful": 12, "noise": 12}


def make_table(utterances: int, seed: int, main_noise: float) -> Table:
    """Main and helpful task read the same hidden features, main with noise; the noise task has nothing to learn."""
    teacher, generator = np.random.default_rng(0), np.random.default_rng(seed)
    mixing, readout = teacher.standard_normal((12, 6)) / 2.0, teacher.standard_normal((6, 16))
    inputs = generator.standard_normal((utterances * 20, 12))
    features = np.tanh(inputs @ mixing) @ readout
    values = {"mcep": features[:, :4] + main_noise * generator.standard_normal((len(inputs), 4)), "helpful": features[:, 4:]}
    values["noise"] = generator.standard_normal((len(inputs), 12))
    starts = 20 * np.arange(utterances + 1)
    targets = {}
    for name, width in WIDTHS.items():
        total = StatisticsSum(width, dynamic=False)
        for a, b in itertools.pairwise(starts):
            total.add(values[name][a:b].astype(np.float32), np.ones(20, dtype=bool))
        targets[name] = Target(Stream(name, width), values[name].astype(np.float32), total.result())
    return Table(starts, inputs.astype(np.float32), None, None, np.ones(len(inputs), dtype=bool), targets, torch.device("cpu"))


def make_trainer(folder: Path, tasks: dict[str, Any], steps: int, main_noise: float = 2.0, **more: Any) -> Trainer:
    part = StagePart.model_validate({"trunk": {"layers": [24], "dropout": 0.1}, "tasks": {"mcep": 1, **tasks}})
    torch.manual_seed(0)
    stage = Stage(12, part, WIDTHS)
    settings = TrainingPart.model_validate(
        {"steps": steps, "batch": 60, "learning_rate": 0.01, "validate_every": 30, "warmup": 0, "precision": "float32"}
        | {"fork_merge": {"every": 30}}
        | more
    )
    torch.manual_seed(0)
    data = TrainingData(make_table(9, 1, main_noise), make_table(20, 2, main_noise))
    return Trainer(stage, data, settings, folder, label="test", objective=Objective(("mcep",)))


def test_a_helpful_task_is_merged_in(tmp_path: Path) -> None:
    trainer = make_trainer(tmp_path / "stage1", {"helpful": 1}, 120, average=0.8)
    result = trainer.run()
    assert [entry["step"] for entry in result.history] == [30, 60, 90, 120]
    assert all(entry["valid/main"] <= entry["fork/main_alone"] for entry in result.history)
    assert np.mean([entry["merge/helpful"] for entry in result.history]) > 0.4
    assert result.history[-1]["fork/steps"] == 2 * 120 == steps_in(tmp_path, 1)  # which a comparison shows
    # What the report draws.
    assert [(entry["step"], entry["weight/helpful"]) for entry in trainer.learner.diagnostics] == [
        (entry["step"], entry["merge/helpful"]) for entry in result.history
    ]


def test_a_harmful_task_is_merged_out_and_still_learnt(tmp_path: Path) -> None:
    # A main task with little noise gains nothing from what makes its network forget.
    trainer = make_trainer(tmp_path, {"noise": 100}, 90, main_noise=0.2)
    head = trainer.learner.state()["weights.heads.noise.output.weight"]
    result = trainer.run()
    assert [entry["merge/noise"] for entry in result.history[1:]] == [0.0, 0.0]
    assert not torch.equal(head, trainer.learner.state()["weights.heads.noise.output.weight"])
    plain = make_trainer(tmp_path / "plain", {"noise": 100}, 90, main_noise=0.2, fork_merge=None).run()
    assert result.loss < 0.8 * plain.loss


@pytest.mark.slow
@pytest.mark.parametrize("average", [0.0, 0.9])
def test_stopped_within_a_round_it_continues_bit_for_bit(tmp_path: Path, average: float) -> None:
    def make(folder: str) -> Trainer:
        measured = {"measure_every": 20}
        return make_trainer(tmp_path / folder, {"helpful": 1}, 90, average=average, weighting=measured)

    whole = make("whole")
    whole.run()
    parts = make("parts")
    step = parts.learner.step

    def stopped(tasks: Collection[str] | None = None) -> dict[str, torch.Tensor]:
        if parts.learner.steps_done == 45 and tasks is not None and "helpful" in tasks:
            raise KeyboardInterrupt
        return step(tasks)

    parts.learner.step = stopped  # type: ignore[method-assign]
    with pytest.raises(KeyboardInterrupt):
        parts.run()
    parts = make("parts")
    torch.manual_seed(98)  # a new process has drawn other numbers before it resumes
    parts.run()
    for name, tensor in whole.learner.state().items():
        assert torch.equal(tensor, parts.learner.state()[name]), name
    assert whole.learner.diagnostics == parts.learner.diagnostics
    assert {"cosine/helpful", "ratio/helpful"} == whole.learner.diagnostics[0].keys() - {"step"}
    for one, other in zip(whole.history, parts.history, strict=True):
        assert {k: v for k, v in one.items() if "speed" not in k} == {k: v for k, v in other.items() if "speed" not in k}


def test_without_an_auxiliary_task_or_in_a_main_only_tail_nothing_is_forked(tmp_path: Path) -> None:
    forked = make_trainer(tmp_path / "forked", {}, 30)
    forked.run()
    plain = make_trainer(tmp_path / "plain", {}, 30, fork_merge=None)
    plain.run()
    assert all(torch.equal(a, b) for a, b in zip(forked.learner.state().values(), plain.learner.state().values(), strict=True))
    tail = make_trainer(tmp_path / "tail", {"helpful": 1}, 60, weighting={"main_only_from": 0.5}).run()
    assert tail.history[-1]["fork/steps"] == 2 * 30 + 30


def test_search_finds_the_best_mixture_and_never_a_worse_one() -> None:
    # Weights of three branches on a plane, loss the squared distance from a point: the grid holds its foot, (0.5, 0.5, 0).
    points, goal = np.array([[0.0, 0.0], [1.0, 0.0], [0.0, -5.0]]), np.array([0.5, 1.0])

    def loss(shares: Any) -> float:
        return float(((np.asarray(shares) @ points - goal) ** 2).sum())

    alone = [loss(row) for row in np.eye(3)]
    shares, best = search_shares(alone, (0.25, 0.5, 0.75, 1.0), loss)
    assert shares == [0.5, 0.5, 0.0]
    assert best == pytest.approx(1.0)
    assert search_shares([1.0, float("nan"), 2.0], (1.0,), loss) == ([1.0, 0.0, 0.0], 1.0)
    assert search_shares([1.0, 0.25, 2.0], (1.0,), loss)[0] == [0.0, 1.0, 0.0]


def test_a_merge_mixes_what_several_branches_trained() -> None:
    def state(trunk: float, head: float, steps: float) -> dict[str, torch.Tensor]:
        return {
            "weights.trunk": torch.tensor([trunk]),
            "weights.head": torch.tensor([head]),
            "average.head": torch.tensor([head + trunk / 8]),  # follows the head even where that stands still
            "optimiser.0.exp_avg": torch.tensor([2.0 * trunk]),
            "optimiser.0.step": torch.tensor(steps),
            "random.cpu": torch.tensor([int(trunk)], dtype=torch.uint8),
        }

    ends = [state(1.0, 7.0, 10.0), state(2.0, 8.0, 10.0), state(3.0, 9.0, 10.0)]
    made = merge(state(0.0, 7.0, 0.0), ends, [0.5, 0.5, 0.0])
    assert {name: tensor.item() for name, tensor in made.items()} == {
        "weights.trunk": 1.5,
        "weights.head": 8.0,  # the first branch did not train it
        "average.head": 8.25,
        "optimiser.0.exp_avg": 3.0,
        "optimiser.0.step": 10.0,
        "random.cpu": 1,
    }
    assert merge(state(0.0, 7.0, 0.0), ends, [1.0, 0.0, 0.0])["weights.head"].item() == 8.5  # no share: their mean
    assert merge(state(0.0, 7.0, 0.0), ends, [0.0, 0.0, 1.0])["weights.trunk"].item() == 3.0
    # A head that the first branch does not learn has as many steps of Adam as those that do have taken.
    late = merge(state(0.0, 7.0, 5.0), [state(1.0, 7.0, 5.0), state(2.0, 8.0, 10.0)], [1.0, 0.0])
    assert late["optimiser.0.step"].item() == 10.0
    assert late["weights.head"].item() == 8.0
    lost = {**state(2.0, 7.0, 5.0), "weights.trunk": torch.tensor([float("nan")])}  # a branch without a share spoils nothing
    assert merge(state(0.0, 7.0, 5.0), [state(1.0, 7.0, 5.0), lost], [1.0, 0.0])["weights.trunk"].item() == 1.0


def test_branches_of_a_stage() -> None:
    stage = StagePart.model_validate({"trunk": {"layers": [4]}, "tasks": {"mcep": 1, "lf0": 1, "mel": 1, "phone": 1}})
    main = ("mcep", "lf0")

    def branches(*given: Any) -> Any:
        return make_branches(
            ForkMergePart.model_validate({"every": 5, **({"branches": given[0]} if given else {})}), stage, main
        )

    assert branches() == ((), ("mel",), ("phone",))
    assert branches("all") == ((), ("mel", "phone"))
    assert branches([["mel"], ["phone", "mel", "elsewhere"]]) == ((), ("mel",), ("mel", "phone"))
    with pytest.raises(UsageError, match="none learns phone"):
        branches([[], ["mel"]])
    with pytest.raises(UsageError, match="needs a main task"):
        make_branches(ForkMergePart(every=5), stage, ())
    assert make_branches(ForkMergePart(every=5), stage, tuple(stage.tasks)) == ((),)
    ears = {"mcep": {"reads": "mel"}, "mel": {"private": [4]}}
    with pytest.raises(UsageError, match=r"tasks\.mcep\.reads"):
        make_branches(ForkMergePart(every=5), StagePart.model_validate({"trunk": {"layers": [4]}, "tasks": ears}), ("mcep",))
    schedule = Schedule({"phone": 12}, {"mel": 3}, 20)
    assert branches_now(branches(), schedule, 0, 10) == [(), ("mel",)]
    assert branches_now(branches("all"), schedule, 10, 20) == [(), ("phone",)]
    assert branches_now(branches(), schedule, 20, 30) == [()]
    off = StagePart.model_validate({"trunk": {"layers": [4]}, "tasks": {"mcep": 1, "mel": 0, "phone": 1}})  # mel is not learnt
    assert make_branches(ForkMergePart(every=5), off, ("mcep",)) == ((), ("phone",))
    assert make_branches(ForkMergePart(every=5, branches=(("phone",),)), off, ("mcep",)) == ((), ("phone",))


def test_branches_and_weightings_are_checked_before_anything_is_trained() -> None:
    def stage(**tasks: int) -> StagePart:
        return StagePart.model_validate({"trunk": {"layers": [4]}, "tasks": tasks})

    def problems(learnt: StagePart, **settings: Any) -> list[str]:
        return weighting_problems((learnt,), TrainingPart.model_validate({"validate_every": 5, **settings}))

    def branches(*names: list[str]) -> dict[str, Any]:
        return {"fork_merge": {"every": 5, "branches": names}}

    both = stage(mcep=1, mel=1)
    assert problems(both, **branches(["mel"])) == []
    (late,) = problems(both, steps=9, weighting={"start": {"mel": 9}})
    assert late == "training.weighting.start: mel starts at step 9 of 9, so it is never learnt"
    (early,) = problems(both, weighting={"start": {"mcep": 5}})
    assert "mcep is a main task, it cannot start late" in early
    (useless,) = problems(stage(mcep=0, mel=1), weighting={"method": "gate"})
    assert "gate: needs a main task, with a weight above 0" in useless
    (unknown,) = problems(both, **branches(["mel", "phone"]))
    assert unknown == "training.fork_merge.branches: phone is not a task of this system; its tasks are mcep, mel"
    (missing,) = problems(stage(mcep=1, mel=1, phone=1), **branches(["mel"]))
    assert "none learns phone" in missing


def test_all_problems_are_told_at_once() -> None:
    learnt = StagePart.model_validate({"trunk": {"layers": [4]}, "tasks": {"mcep": 1, "mel": 1}})
    weighting = {"start": {"mel": 9, "noise": 1}, "stop": {"phone": 3}, "method": "no such"}
    problems = weighting_problems((learnt,), TrainingPart.model_validate({"steps": 9, "weighting": weighting}))
    assert len(problems) == 4
    with pytest.raises(UsageError) as caught:
        require(problems)
    assert str(caught.value).splitlines() == problems


def test_a_summary_counts_the_steps_of_all_branches() -> None:
    history = [{"step": 10.0, "valid/main": 0.5, "fork/steps": 20.0}, {"step": 20.0, "valid/main": 0.6, "fork/steps": 40.0}]
    assert summary_of(TrainingResult(10, 0.5, history)) == NetworkSummary(10, 40, 0.5, {"valid/main": 0.5})


@pytest.mark.parametrize(
    ("keys", "said"),
    [
        ({"stacking": "joint"}, "without stacking"),
        ({"cross_fit": 2}, "without cross_fit"),
        ({"trajectory": {"steps": 5}}, "without trajectory"),
        ({"weighting": {"method": "gate"}}, "weigh them by sum, not by gate"),
        ({"validate_every": 45}, r"multiple of fork_merge.every \(30\)"),
        ({"fork_merge": {"every": 30, "grid": [1.5]}}, "less than or equal to 1"),
        ({"fork_merge": {"every": 30, "branches": "some"}}, "'one_each' or 'all'"),
        ({"weighting": {"main_only_from": 1.5}}, "a share of them below 1"),
    ],
)
def test_what_does_not_fit_together_is_refused(keys: dict[str, Any], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        TrainingPart.model_validate({"validate_every": 30, "fork_merge": {"every": 30}} | keys)


def test_branches_of_the_duration_model_name_its_tasks() -> None:
    training = {"validate_every": 5, "fork_merge": {"every": 5, "branches": [["phone"]]}}
    with pytest.raises(ValueError, match=r"fork_merge\.branches: phone is not a task"):
        DurationPart.model_validate({"trunk": {"layers": [8]}, "training": training})


def test_a_share_of_the_steps_for_the_main_tasks_alone() -> None:
    def step(value: float | int | None, steps: int) -> int | None:
        return TrainingPart.model_validate({"weighting": {"main_only_from": value}}).weighting.main_only_step(steps)

    assert (step(0.8, 1000), step(0.9, 505), step(1, 1000), step(800, 1000), step(None, 9)) == (800, 454, 1, 800, None)
