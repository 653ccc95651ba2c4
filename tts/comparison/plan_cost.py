"""What a comparison will take, before it is begun: arms, runs, steps, and a rough time."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path

from tts.comparison.plan import ComparisonPlan, recipe_for
from tts.comparison.pool import default_workers
from tts.comparison.records import JobRecord, read_record, record_path, search_path
from tts.comparison.search import runs_at_most, start_of
from tts.comparison.training_cost import seconds_of, total_steps
from tts.core.device import choose_device
from tts.core.progress import clock
from tts.dataset.prepared import Prepared
from tts.evaluation.tables import format_table
from tts.generation.summary import read_summary


@dataclass(frozen=True)
class Cost:
    """What an arm takes: ``runs`` at most, those of a search included, of which ``there`` are done; ``seconds`` a run."""

    name: str
    role: str
    runs: int
    there: int
    steps: int
    seconds: float


def costs(plan: ComparisonPlan, prepared: Prepared, folder: Path, device: str = "auto", *, workers: int = 1) -> list[Cost]:
    """Return the cost of every arm of a plan.

    Seconds are those of finished runs of the arm, or else reckoned from a few real steps of its training on this machine,
    on one thread where several ``workers`` train side by side, as they do then.
    Runs of a system that only an ensemble needs are counted for the ensemble.
    """
    where = choose_device(device)
    timed: dict[str, float] = {}
    costs = []
    for arm in plan.arms:
        done = [spent for seed in plan.seeds if (spent := _seconds_of(folder, arm.name, f"seed-{seed}")) is not None]
        system = plan.arm(arm.of).system if arm.members > 1 and arm.of else arm.system
        assert system is not None
        recipe = recipe_for(plan.recipe, arm.name, system, 1)
        if done:
            seconds = sum(done) / len(done) / arm.members
        else:
            settings = recipe.training_of(system)
            same = repr((system.stages, system.transfer, system.prosody, settings, recipe.speakers_of(system)))
            if same not in timed:  # such as an ensemble and the system of its members
                timed[same] = seconds_of(recipe, system, prepared, where, threads=1 if workers > 1 else None)
            seconds = timed[same]
        each, extra = max(1, arm.members - 1), 0
        if arm.search is not None:
            extra = runs_at_most(arm.search, start_of(arm.search, system, arm.name, recipe.training_of(system)))
        there = each * len(done) + (extra if search_path(folder, arm.name).is_file() else 0)
        runs = each * len(plan.seeds) + extra
        costs.append(Cost(arm.name, arm.role, runs, there, total_steps(recipe, system, prepared), seconds))
    return costs


def _seconds_of(folder: Path, system: str, run: str) -> float | None:
    """Return the seconds of a finished run, or of one that is trained and not yet scored; None where it is open."""
    record = read_record(record_path(folder, system, run), JobRecord)
    if record is not None and record.finished:
        return record.seconds
    training = folder / "voices" / system / run / "training"
    return read_summary(training).seconds if (training / "summary.json").is_file() else None


def describe(plan: ComparisonPlan, prepared: Prepared, folder: Path, *, workers: int | None, device: str = "auto") -> str:
    """Return the plan as text: a table of arms and what all of it will take."""
    side = max(1, default_workers(device) if workers is None else workers)
    rows = costs(plan, prepared, folder, device, workers=side)
    table = format_table(
        ["system", "role", "runs", "done", "steps a run", "time a run"],
        [[c.name, c.role, str(c.runs), str(c.there), f"{c.steps:,}", f"about {clock(c.seconds)}"] for c in rows],
        "text",
    )
    left = sum(max(0, c.runs - c.there) * c.seconds for c in rows)
    runs = sum(max(0, c.runs - c.there) for c in rows)
    steps = sum(max(0, c.runs - c.there) * c.steps for c in rows)
    effect = f"{plan.primary} decides, baseline {plan.baseline}, smallest effect {plan.smallest_effect:g}"
    total = (
        f"{runs} runs to train, {steps:,} steps, roughly {clock(math.ceil(left / side))} with {side} side by side; "
        f"seeds {', '.join(map(str, plan.seeds))}; {effect}"
    )
    return f"{table}\n\n{total}"
