"""Runs that are trained as one batched model leave what each would leave alone."""

from __future__ import annotations

from pathlib import Path

import pytest

from tts.comparison.gathering import batching_problems, gathered
from tts.comparison.pool import run_jobs
from tts.comparison.records import JobRecord, read_record
from tts.comparison.worker import TrainingJob, is_done, job_identity
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
