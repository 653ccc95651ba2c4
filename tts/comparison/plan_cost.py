"""What a comparison will take, before it is begun: arms, runs, steps, and a rough time."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Hashable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from tts.comparison.gathering import batching_problems, likeness
from tts.comparison.plan import Arm, ComparisonPlan, recipe_for
from tts.comparison.pool import default_workers
from tts.comparison.records import JobRecord, read_record, record_path, search_path
from tts.comparison.search import runs_at_most, start_of
from tts.comparison.training_cost import seconds_of, total_steps
from tts.core.device import choose_device
from tts.core.place import Place
from tts.core.progress import clock
from tts.dataset.prepared import Prepared
from tts.evaluation.tables import format_table
from tts.generation.summary import read_summary
from tts.recipe import Recipe, SystemPart


@dataclass(frozen=True)
class Cost:
    """What an arm takes: ``runs`` at most, those of a search included, of which ``there`` are done; ``seconds`` a run.

    Up to ``group`` runs, those of arms of the same ``like`` included, are trained as one batched model; 1 where each is alone.
    """

    name: str
    role: str
    runs: int
    there: int
    steps: int
    seconds: float = 0.0
    like: Hashable = None
    group: int = 1

    @property
    def left(self) -> int:
        """How many runs are to be trained yet."""
        return max(0, self.runs - self.there)


def costs(
    plan: ComparisonPlan, prepared: Prepared, folder: Path, device: str = "auto", *, one_thread: bool = False, together: int = 1
) -> list[Cost]:
    """Return the cost of every arm of a plan.

    Seconds are those of finished runs of the arm, or else reckoned from a few real steps of its training on this machine,
    on ``one_thread`` where so many are trained with. Of runs that are trained as one batched model,
    up to ``together`` of like networks, they are the share of one.
    Runs of a system that only an ensemble needs are counted for the ensemble.
    """
    rows = [_runs_of(plan, arm, prepared, folder) for arm in plan.arms]
    left: Counter[Hashable] = Counter()
    for row in rows:
        left[row.like] += row.left
    where = choose_device(device)
    timed: dict[str, float] = {}
    made = []
    for arm, row in zip(plan.arms, rows, strict=True):
        group = 1 if row.like is None else max(1, min(together, left[row.like]))
        seconds = _seconds_known(plan, arm, folder)
        if seconds is None:
            recipe, system = _trained(plan, arm)
            settings = recipe.training_of(system)
            same = repr((system.stages, system.transfer, system.prosody, settings, recipe.speakers_of(system), group))
            if same not in timed:  # such as an ensemble and the system of its members
                threads = 1 if one_thread else None
                timed[same] = seconds_of(recipe, system, prepared, where, threads=threads, together=group)
            seconds = timed[same]
        made.append(replace(row, seconds=seconds, group=group))
    return made


def _trained(plan: ComparisonPlan, arm: Arm) -> tuple[Recipe, SystemPart]:
    """Return the system that the runs of an arm train, which is an ensemble's member, and a recipe with it."""
    system = plan.arm(arm.of).system if arm.members > 1 and arm.of else arm.system
    assert system is not None
    return recipe_for(plan.recipe, arm.name, system, 1), system


def _runs_of(plan: ComparisonPlan, arm: Arm, prepared: Prepared, folder: Path) -> Cost:
    """Return the runs of an arm and their steps, without their time."""
    recipe, system = _trained(plan, arm)
    done = [seed for seed in plan.seeds if _seconds_of(folder, arm.name, f"seed-{seed}") is not None]
    each, extra = max(1, arm.members - 1), 0
    if arm.search is not None:
        extra = runs_at_most(arm.search, start_of(arm.search, system, arm.name, recipe.training_of(system)))
    there = each * len(done) + (extra if search_path(folder, arm.name).is_file() else 0)
    like = None if batching_problems(recipe, arm.name) else likeness(recipe, arm.name)
    return Cost(arm.name, arm.role, each * len(plan.seeds) + extra, there, total_steps(recipe, system, prepared), like=like)


def _seconds_known(plan: ComparisonPlan, arm: Arm, folder: Path) -> float | None:
    """Return the mean seconds of the runs of an arm that are done, of an ensemble those of a member; None where none is."""
    spent = [_seconds_of(folder, arm.name, f"seed-{seed}") for seed in plan.seeds]
    done = [seconds for seconds in spent if seconds is not None]
    return sum(done) / len(done) / arm.members if done else None


def _side_by_side(rows: Sequence[Cost], workers: int) -> int:
    """Return how many processes at most have something to do at once."""
    left: Counter[tuple[Hashable, int]] = Counter()
    for row in rows:
        left[row.like, row.group] += row.left
    return max(1, min(workers, sum(math.ceil(runs / group) for (_, group), runs in left.items())))


def _seconds_of(folder: Path, system: str, run: str) -> float | None:
    """Return the seconds of a finished run, or of one that is trained and not yet scored; None where it is open."""
    record = read_record(record_path(folder, system, run), JobRecord)
    if record is not None and record.finished:
        return record.seconds
    training = folder / "voices" / system / run / "training"
    return read_summary(training).seconds if (training / "summary.json").is_file() else None


def describe(
    plan: ComparisonPlan, prepared: Prepared, folder: Path, *, workers: Place, together: int = 1, device: str = "auto"
) -> str:
    """Return the plan as text: a table of arms and what all of it will take, up to ``together`` runs as one batched model."""
    here = workers is None or isinstance(workers, int)
    side = max(1, default_workers(device) if workers is None else workers if isinstance(workers, int) else workers.slots())
    rows = costs(plan, prepared, folder, device, one_thread=not here or side > 1, together=together)
    head = ["system", "role", "runs", "done", "steps a run", "time a run"]
    body = [[c.name, c.role, str(c.runs), str(c.there), f"{c.steps:,}", f"about {clock(c.seconds)}"] for c in rows]
    if together > 1:
        head.append("as one model")
        body = [[*cells, "no" if row.group == 1 else f"up to {row.group}"] for cells, row in zip(body, rows, strict=True)]
        side = _side_by_side(rows, side)
    left = sum(c.left * c.seconds for c in rows)
    runs = sum(c.left for c in rows)
    steps = sum(c.left * c.steps for c in rows)
    effect = f"{plan.primary} decides, baseline {plan.baseline}, smallest effect {plan.smallest_effect:g}"
    beside = f"{side} processes side by side" if together > 1 else f"{side} side by side"
    total = (
        f"{runs} runs to train, {steps:,} steps, roughly {clock(math.ceil(left / side))} with {beside}; "
        f"seeds {', '.join(map(str, plan.seeds))}; {effect}"
    )
    whose = "" if here else "\ntimes of runs to come are this machine's; those of the cluster may be faster or slower"
    return f"{format_table(head, body, 'text')}\n\n{total}{whose}"
