"""The steps and the time foreseen for a system, against what a summary counts and what a sum says."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any
from unittest import mock

import pytest
import torch

from tts.comparison import pool
from tts.comparison import training_cost as effort
from tts.comparison.pool import run_jobs
from tts.comparison.training_cost import phases, seconds_of, total_steps
from tts.comparison.worker import TrainingJob
from tts.dataset.prepared import Prepared
from tts.recipe import MAIN_STREAMS, EditPart, Recipe, StagePart, TrainingPart
from tts.training.edit_data import EditCrops

OLD = Path(__file__).parents[1] / "fixtures" / "format-2" / "prepared"
MAIN = {"mcep": 1, "lf0": 0.1, "vuv": 0.2, "bap": 0.05}
STAGES = (
    StagePart.model_validate({"trunk": {"layers": [8]}, "bottleneck": 2, "tasks": {**MAIN, "mel": 0.2, "lsf": 0.1}}),
    StagePart.model_validate({"trunk": {"layers": [8]}, "context": 1, "tasks": {**MAIN, "mel": 0.2}}),
)
FORK = {"every": 10}


@pytest.mark.parametrize(
    ("keys", "expected"),
    [
        ({}, [(0, 60), (1, 60)]),
        ({"cross_fit": 3}, [(0, 180), (1, 60)]),  # a network of 60 steps and three copies of 40; nothing reads the last stage
        ({"stacking": "joint"}, [(None, 60)]),
        ({"stacking": "greedy_then_joint", "joint_steps": 25}, [(0, 60), (1, 60), (None, 25)]),
        ({"trajectory": {"steps": 7}}, [(0, 60), (1, 60), (1, 7)]),
        ({"stacking": "joint", "trajectory": {"steps": 7}}, [(None, 60), (None, 7)]),
        ({"fork_merge": FORK, "validate_every": 20}, [(0, 180), (1, 120)]),  # main alone, and one branch a task
        ({"fork_merge": FORK, "validate_every": 20, "weighting": {"main_only_from": 30}}, [(0, 120), (1, 90)]),
    ],
)
def test_every_training_is_counted(keys: dict[str, Any], expected: list[tuple[int | None, int]]) -> None:
    settings = TrainingPart.model_validate({"steps": 60} | keys)
    assert [(phase.stage, phase.steps) for phase in phases(STAGES, settings)] == expected


def job(folder: Path, steps: int, run: str = "seed-1", stages: int = 2) -> TrainingJob:
    system: Any = SimpleNamespace(networks=STAGES[:stages])
    recipe: Any = SimpleNamespace(system=lambda name: system)
    asked = {"folder": folder, "prepared": folder, "system": "a", "run": run, "seed": 1, "recipe": recipe, "steps": steps}
    return TrainingJob.model_construct(**asked, identity="")


def write_down(one: TrainingJob, place: str, *steps: int) -> None:
    folder = one.voice / "training" / place
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "history.tsv").write_text("\n".join(["step", *map(str, steps)]) + "\n", encoding="utf-8")


def test_steps_of_a_run_are_counted_once_and_never_back(tmp_path: Path) -> None:
    one = job(tmp_path, 200)
    running = pool._Running(one, mock.Mock(), tmp_path / "log")
    fresh = []
    for place, steps in (
        ("duration", 90),
        ("stage1", 20),
        ("stage1", 60),
        ("stage1/fold-1", 30),
        ("stage1", 10),
        ("stage1", 80),
    ):
        write_down(one, place, 0, steps)
        fresh.append(running.fresh_steps())
    assert fresh == [0, 20, 40, 30, 0, 20]  # begun again, it is not counted again before it is where it was
    for place, steps in (("joint", 10), ("joint", 20), ("trajectory", 10), ("trajectory", 90)):
        write_down(one, place, 0, steps)
        fresh.append(running.fresh_steps())
    assert fresh[6:] == [20, 20, 20, 30]  # each step is one for both stages, up to what is foreseen
    assert sum(fresh) == one.steps


def test_progress_goes_on_from_where_a_comparison_stopped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    jobs = [job(tmp_path, 100), job(tmp_path, 100, "seed-2"), job(tmp_path, 0, "seed-3")]
    write_down(jobs[0], "stage1", 30)
    shown: list[tuple[int, int]] = []  # steps of before, which tell nothing of the time left, and of all
    real = pool.Progress.advance
    monkeypatch.setattr(pool, "do_job", lambda one: write_down(one, "stage1", one.steps))
    monkeypatch.setattr(
        pool.Progress, "advance", lambda self, *a, **k: (real(self, *a, **k), shown.append((self.first, self.done)))
    )
    run_jobs(jobs, workers=0, device="cpu", done=lambda one: None)
    assert shown == [(30, 100), (30, 200), (30, 200)]


def test_a_single_stage_is_trained_once_whatever_the_stacking() -> None:
    settings = TrainingPart.model_validate({"steps": 60, "stacking": "joint", "trajectory": {"steps": 7}})
    assert [(phase.stage, phase.steps) for phase in phases(STAGES[1:], settings)] == [(0, 60), (0, 7)]


def test_time_is_that_of_a_step_of_every_phase_times_its_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = TrainingPart.model_validate({"steps": 60, "trajectory": {"steps": 7}})
    recipe: Any = SimpleNamespace(training_of=lambda system: settings, speakers_of=lambda system: "none")
    system: Any = SimpleNamespace(networks=STAGES, prosody=(), transfer=None, edit=None)
    prepared: Any = SimpleNamespace(speakers=["one"])
    costs = {(0, False): 0.5, (1, False): 1.0, (1, True): 10.0}
    monkeypatch.setattr(effort, "make_stack", mock.Mock())
    monkeypatch.setattr(effort, "_seconds_a_step", lambda stack, phase, *more: costs[phase.stage, phase.trajectory])
    before = torch.get_num_threads()
    assert seconds_of(recipe, system, prepared, torch.device("cpu"), threads=2) == 30.0 + 60.0 + 70.0
    assert torch.get_num_threads() == before


EDIT = EditPart(
    blocks=1, width=8, kernel=3, trajectory_discriminator=(6,), plane_discriminator=(3,), batch=32, crop=8, steps=9
)  # fmt: skip


def edited_recipe(freeze: list[str]) -> Recipe:
    """The fixture's stack with an edit behind it, whose first network is another voice's."""
    data = Prepared(OLD).facts.recipe
    stages = data["systems"]["stacked"]["stages"]
    system = {"stages": [*stages, EDIT.model_dump(mode="json")], "transfer": {"init_from": "elsewhere", "freeze": freeze}}
    scaled = {"post_filter": "variance", "strength": 1.0, "f0_variance": 1.0}
    return Recipe.model_validate({**data, "systems": {"edited": system}, "generation": scaled, "comparison": None})


@pytest.mark.parametrize(
    ("freeze", "trained"),
    [([], [0, 1]), (["stages.0"], [1]), (["stages.1.trunk"], [0, 1]), (["stages.0", "stages.1", "duration"], [])],
)
def test_frozen_networks_take_no_steps_and_an_edit_takes_its_own(
    freeze: list[str], trained: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    prepared, recipe = Prepared(OLD), edited_recipe(freeze)
    system, steps = recipe.systems["edited"], 40
    timed: list[int | None] = []
    monkeypatch.setattr(effort, "_seconds_a_step", lambda stack, phase, *more: timed.append(phase.stage) or 1.0)
    monkeypatch.setattr(effort, "_median_time", lambda step, device: step() and 0.5)
    assert total_steps(recipe, system, prepared) == len(trained) * steps + 9
    assert seconds_of(recipe, system, prepared, torch.device("cpu")) == len(trained) * steps + 4.5
    assert timed == trained


def test_a_step_of_an_edit_is_timed_on_what_it_will_read(monkeypatch: pytest.MonkeyPatch) -> None:
    """Crops of the size and number that training has, and a real step."""
    prepared, recipe = Prepared(OLD), edited_recipe(["stages.0", "stages.1"])
    seen: list[tuple[int, ...]] = []
    crops = EditCrops.__call__
    monkeypatch.setattr(
        EditCrops, "__call__", lambda self, *more: (drawn := crops(self, *more), seen.append(tuple(drawn[0].shape)))[0]
    )
    assert 0.0 < seconds_of(recipe, recipe.systems["edited"], prepared, torch.device("cpu")) < 9 * 5.0
    width = EDIT.frames * sum(prepared.streams[name].dimension for name in MAIN_STREAMS)
    assert len(seen) >= 2 and set(seen) == {(32 // 8, 8, width)}
