"""Runs that are trained as one batched model leave what each would leave alone."""

from __future__ import annotations

import logging
from pathlib import Path
from unittest import mock

import pytest
import torch

import tts.training.members
from tts.comparison import pool, worker
from tts.comparison.gathering import batching_problems, gathered
from tts.comparison.pool import run_jobs
from tts.comparison.records import JobRecord, read_record, write_record
from tts.comparison.training_cost import seconds_of
from tts.comparison.worker import TrainingJob, do_job, is_done, job_identity
from tts.core.errors import Diverged, TtsError, UsageError
from tts.dataset.prepared import Prepared
from tts.recipe import Recipe, load_recipe

FIXTURE = Path(__file__).parent.parent / "fixtures" / "format-2"
CHANGES = ["training.steps=20", "training.validate_every=10", "training.precision=float32", "samples=[]"]


def recipe(seed: int, *changes: str) -> Recipe:
    return load_recipe(FIXTURE / "recipe.yaml", [*CHANGES, f"training.seed={seed}", *changes])


def job(folder: Path, seed: int, system: str, *changes: str) -> TrainingJob:
    own, prepared = recipe(seed, *changes), FIXTURE / "prepared"
    identity = job_identity(own, Prepared(prepared), system)
    asked = {"folder": folder, "prepared": prepared, "system": system, "run": f"seed-{seed}", "seed": seed, "recipe": own}
    return TrainingJob(**asked, steps=20, identity=identity, device="cpu", precision="float32")


def test_runs_together_leave_what_runs_alone_leave(tmp_path: Path) -> None:
    """Folders, records and scores, with dropout in the second stage."""
    dropout = "systems.stacked.stages.1.trunk.dropout=0.1"
    single, both = ([job(tmp_path / name, seed, "stacked", dropout) for seed in (1, 2)] for name in ("alone", "together"))
    run_jobs(single, workers=0, device="cpu", done=lambda _: None)
    joined, alone = gathered(both, 4)
    assert not alone
    assert [len(each.each) for each in joined] == [2]
    done: list[TrainingJob] = []
    run_jobs(joined, workers=0, device="cpu", done=done.append)
    assert [each.name for each in done] == ["stacked seed-1", "stacked seed-2"]
    for ours, theirs in zip(single, both, strict=True):
        assert is_done(theirs)
        mine, other = (read_record(each.record, JobRecord) for each in (ours, theirs))
        assert mine is not None and other is not None
        assert other.main_loss == pytest.approx(mine.main_loss, rel=1e-5)
        known = {name: value for name, value in mine.test.items() if value is not None}
        assert {name: other.test[name] for name in known} == pytest.approx(known, rel=1e-3)
        names = [sorted(_files(each.voice)) for each in (ours, theirs)]
        assert names[0] == names[1]


def _files(voice: Path) -> list[str]:
    return [str(path.relative_to(voice)) for path in voice.rglob("*") if "tensorboard" not in path.parts]


def test_like_networks_are_gathered_and_others_named(tmp_path: Path) -> None:
    weighed = "training.weighting.method=gradnorm"
    jobs = [job(tmp_path, seed, system) for seed in (1, 2, 3) for system in ("single", "stacked")]
    joined, alone = gathered([*jobs, job(tmp_path, 4, "stacked", weighed)], 2)
    assert [[each.name for each in one.each] for one in joined] == [
        ["single seed-1", "single seed-2"],
        ["stacked seed-1", "stacked seed-2"],
        ["single seed-3"],
        ["stacked seed-3"],
        ["stacked seed-4"],
    ]
    assert alone == {"stacked": "its losses are weighed by gradnorm, not by fixed weights (sum)"}
    assert batching_problems(recipe(1, "training.stacking=joint"), "stacked") == [
        "its stages are trained as one network (stacking)"
    ]


REASONS: dict[int, Exception] = {
    1: ZeroDivisionError("of the first"),
    2: Diverged("the loss is not a number"),
    3: OSError("of the third"),
    4: TtsError("of the fourth"),
}


def fail(job: TrainingJob, prepared: Prepared) -> None:
    raise REASONS[job.seed]


def ended(group: TrainingJob, code: int = 1) -> None:
    """Do a group in which every run meets its own error, and end its process as a crash does."""
    running = begin(group)
    with mock.patch.object(worker, "_run", fail), pytest.raises(ZeroDivisionError, match="of the first"):
        do_job(group)
    end(running, code)


def begin(group: TrainingJob) -> pool._Running:
    log = group.folder / "log"
    group.folder.mkdir(exist_ok=True)
    log.write_text("the last line\n", encoding="utf-8")
    return pool._Running(group, mock.Mock(), log)


def end(running: pool._Running, code: int) -> None:
    running.process.exit_code = code  # type: ignore[misc]
    running.finish()


def told(group: TrainingJob) -> list[tuple[str, str | None]]:
    records = [read_record(each.record, JobRecord) for each in group.each]
    return [(record.status, record.message) for record in records if record is not None]


def group_of(folder: Path, *seeds: int) -> TrainingJob:
    (group,), _ = gathered([job(folder, seed, "single") for seed in seeds], len(seeds))
    return group


def test_every_run_of_a_group_keeps_its_own_reason(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    group = group_of(tmp_path, *REASONS)
    with caplog.at_level(logging.ERROR):
        ended(group)
    assert told(group) == [
        ("failed", "ZeroDivisionError: of the first"),
        ("diverged", "the loss is not a number"),
        ("failed", "OSError: of the third"),
        ("failed", "of the fourth"),
    ]
    assert [entry.getMessage() for entry in caplog.records] == ["single seed-1", "single seed-3"]
    assert [entry.exc_info is not None for entry in caplog.records] == [True, True]
    assert [is_done(each) for each in group.each] == [False, True, False, False]


def test_the_end_of_a_group_is_told_of_runs_that_left_nothing(tmp_path: Path) -> None:
    """A divergence stays, whoever wrote it; a failure of an earlier process, and what other settings left, do not."""
    group = group_of(tmp_path, 1, 2, 3, 4)
    first, second, third, _ = group.each
    write_record(first.record, first.outcome("diverged", "of before"), {})
    write_record(second.record, second.outcome("failed", "of before"), {})
    write_record(third.record, third.outcome("diverged", "of before").model_copy(update={"identity": "another"}), {})
    end(begin(group), -9)
    messages = [message for _, message in told(group)]
    assert messages[0] == "of before"
    assert [message is not None and message.startswith("its process ended with code -9") for message in messages[1:]] == [
        True
    ] * 3


def test_wrong_usage_in_a_group_ends_it_whatever_else_failed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(REASONS, 2, UsageError("asked wrongly"))
    group = group_of(tmp_path, 1, 2)
    monkeypatch.setattr(worker, "_run", fail)
    with pytest.raises(UsageError, match="asked wrongly"):
        do_job(group)
    assert told(group) == [("failed", "ZeroDivisionError: of the first")]


def test_steps_taken_together_are_timed(monkeypatch: pytest.MonkeyPatch) -> None:
    sizes: list[int] = []
    learn = tts.training.members.learn_together
    monkeypatch.setattr(tts.training.members, "learn_together", lambda steps: (sizes.append(len(steps)), learn(steps))[1])
    own = recipe(1)
    assert seconds_of(own, own.system("single"), Prepared(FIXTURE / "prepared"), torch.device("cpu"), together=3) > 0.0
    assert set(sizes) == {3}
