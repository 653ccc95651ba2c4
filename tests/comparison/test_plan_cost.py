"""What a plan says is left to do: runs that are there are not planned again, whoever they belong to."""

from pathlib import Path
from typing import Any

import pytest
from test_plan import recipe

from tts.comparison import plan_cost as estimate
from tts.comparison.plan import make_plan
from tts.comparison.plan_cost import Cost, costs, describe
from tts.comparison.records import JobRecord, record_path, search_path, write_record
from tts.core.files import write_json
from tts.core.provenance import environment
from tts.generation.summary import NetworkSummary, TrainingSummary, write_summary

COMPARISON = {
    "seeds": [1, 2],
    "ensembles": {"four": {"system": "single", "members": 4}},
    "search": {"stacked": {"keys": {"training.learning_rate": [0.1, 0.2, 0.3]}}},
}


@pytest.fixture(autouse=True)
def _without_training(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(estimate, "seconds_of", lambda *arguments, **more: 10.0)


def by_name(folder: Path) -> dict[str, Cost]:
    prepared: Any = None
    return {cost.name: cost for cost in costs(make_plan(recipe(COMPARISON)), prepared, folder, "cpu")}


def finish(folder: Path, system: str, seed: int) -> None:
    run = f"seed-{seed}"
    record = JobRecord(identity="", system=system, run=run, seed=seed, status="finished", seconds=60.0)
    write_record(record_path(folder, system, run), record, {})


def test_runs_are_those_of_seeds_searches_and_members(tmp_path: Path) -> None:
    found = {name: (cost.runs, cost.there) for name, cost in by_name(tmp_path).items()}
    # An ensemble's first member is the system's own run; a search by coordinate tries the recipe's own settings too.
    assert found == {"single": (2, 0), "wide": (2, 0), "stacked": (2 + 3 + 1, 0), "four": (2 * 3, 0)}


def test_nothing_is_left_of_a_finished_comparison(tmp_path: Path) -> None:
    for system in ("single", "wide", "stacked", "four"):
        for seed in (1, 2):
            finish(tmp_path, system, seed)
    write_json(search_path(tmp_path, "stacked"), {})
    found = by_name(tmp_path)
    assert all(cost.there == cost.runs for cost in found.values())
    assert found["four"].seconds == 15.0  # of one member
    prepared: Any = None
    assert "0 runs to train, 0 steps" in describe(make_plan(recipe(COMPARISON)), prepared, tmp_path, workers=1, device="cpu")


def test_a_run_that_is_trained_but_not_scored_counts_beside_those_that_are(tmp_path: Path) -> None:
    finish(tmp_path, "single", 1)
    network = NetworkSummary(step=1, steps=1)
    summary = TrainingSummary("r", "single", 2, "", (network,), network, 1, 1, 20.0, "", environment())
    write_summary(tmp_path / "voices" / "single" / "seed-2" / "training", summary)
    single = by_name(tmp_path)["single"]
    assert (single.there, single.seconds) == (2, 40.0)


def test_a_plan_says_what_is_trained_as_one_model(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Like networks of several arms share a model; a lone model keeps but one of the workers at work."""
    asked: list[int] = []
    monkeypatch.setattr(estimate, "seconds_of", lambda *arguments, together, **more: asked.append(together) or 10.0 / together)
    prepared: Any = None
    weighed = {"stages": recipe().systems["single"].stages, "training": {"weighting": {"method": "gradnorm"}}}
    plan = make_plan(recipe({"seeds": [1, 2]}, weighed=weighed), systems=["single", "wide", "weighed"])
    rows = {cost.name: cost for cost in costs(plan, prepared, tmp_path, "cpu", together=8)}
    assert {name: cost.group for name, cost in rows.items()} == {"single": 4, "wide": 4, "weighed": 1}
    assert rows["single"].seconds == 2.5
    assert sorted(set(asked)) == [1, 4]
    text = describe(plan, prepared, tmp_path, workers=8, together=8, device="cpu")
    assert "as one model" in text.splitlines()[0]
    assert "up to 4" in text
    assert "with 3 processes side by side" in text  # one model, and two runs by themselves
    alone = describe(plan, prepared, tmp_path, workers=8, device="cpu")
    assert "as one model" not in alone
    assert "with 8 side by side" in alone


class _Machines:
    def slots(self) -> int:
        return 3


def test_times_of_a_cluster_are_reckoned_here_on_one_thread_and_said_to_be(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    threads: list[int | None] = []
    monkeypatch.setattr(estimate, "seconds_of", lambda *arguments, **more: threads.append(more["threads"]) or 10.0)
    prepared: Any = None
    machines: Any = _Machines()
    plan = make_plan(recipe(COMPARISON))
    text = describe(plan, prepared, tmp_path, workers=machines, device="cpu")
    assert set(threads) == {1}
    assert "with 3 side by side" in text
    assert "times of runs to come are this machine's" in text
    assert "this machine's" not in describe(plan, prepared, tmp_path, workers=3, device="cpu")
