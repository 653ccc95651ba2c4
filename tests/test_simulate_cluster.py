"""The simulated cluster, against what can be worked out by hand."""

import sys
from dataclasses import replace
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "tools"))

import simulate_cluster
from simulate_cluster import Machines, Overhead, Work, simulate

FREE = Overhead(0.0, 0.0, 0.0)
WORK = Work("equal items", 4000, 0.1, 0.001, 0.0)
AT_ONCE = Machines(1, ready=0.0, storage=1e15)


@pytest.mark.parametrize("workers", [1, 4, 50])
def test_where_nothing_is_in_the_way_all_workers_are_busy(workers: int) -> None:
    """A list that is long against a group: a short one ends unevenly."""
    outcome = simulate(replace(WORK, items=40_000), replace(AT_ONCE, workers=workers), FREE)
    assert outcome.makespan == pytest.approx(4000.0 / workers, rel=0.02)
    assert outcome.utilisation == pytest.approx(1.0, abs=0.02)


def test_a_scheduler_that_is_too_slow_decides() -> None:
    outcome = simulate(WORK, replace(AT_ONCE, workers=100), Overhead(0.01, 0.0, 0.0), group_seconds=0.1)
    assert outcome.makespan == pytest.approx(4000 * 0.01, rel=0.02)
    assert outcome.scheduler == pytest.approx(1.0, abs=0.02)


def test_storage_that_is_too_slow_decides() -> None:
    outcome = simulate(replace(WORK, bytes=1e6), replace(AT_ONCE, workers=100, storage=1e8), FREE)
    assert outcome.makespan == pytest.approx(4000 * 1e6 / 1e8, rel=0.05)


def test_deaths_lose_nothing_and_cost_what_was_in_hand() -> None:
    calm, deadly = (simulate(WORK, replace(AT_ONCE, workers=8, deaths=deaths, replaced=1.0), FREE) for deaths in (0.0, 300.0))
    assert deadly.makespan > calm.makespan
    assert calm.repeated == 0.0 < deadly.repeated < 0.4


def test_a_known_death(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of two workers one dies early and stays away: the other does it all."""
    monkeypatch.setattr(simulate_cluster, "RESTART", 1e6)
    taken = simulate_cluster._predicted_with_a_death(WORK, replace(AT_ONCE, workers=2), FREE, 0.05)
    assert taken == pytest.approx(400.0, rel=0.02)
