"""What a comparison will take, before it is begun: arms, runs, steps, and a rough time."""

from __future__ import annotations

import math
import time
from dataclasses import dataclass
from pathlib import Path

import torch

from tts.build import make_stack
from tts.comparison.plan import Plan, recipe_for, total_steps
from tts.comparison.pool import default_workers
from tts.comparison.records import read_record, record_path
from tts.comparison.search import runs_at_most
from tts.evaluation.report import format_table
from tts.files import read_json
from tts.prepared import Prepared
from tts.progress import clock
from tts.training.trainer import choose_device, choose_precision

PASSES = 6.0  # floating-point operations a weight and row: two forwards, four backwards
UTTERANCE_ROWS = 600  # frames, roughly, where batches are whole utterances


@dataclass(frozen=True)
class Cost:
    """What an arm takes: ``runs`` at most, those of a search included, of which ``there`` are done; ``seconds`` a run."""

    name: str
    role: str
    runs: int
    there: int
    steps: int
    seconds: float


def costs(plan: Plan, prepared: Prepared, folder: Path, device: str = "auto") -> list[Cost]:
    """Return the cost of every arm of a plan.

    Seconds are those of finished runs of the arm, or else guessed from the size of its network and from the speed of this
    machine at a matrix product. Runs of a system that only an ensemble needs are counted for the ensemble.
    """
    where = choose_device(device)
    speed = 0.0
    found = []
    for arm in plan.arms:
        paths = [record_path(folder, arm.name, f"seed-{seed}") for seed in plan.seeds]
        done = [record for path in paths if (record := read_record(path)) is not None and record["status"] == "finished"]
        voices = [folder / "voices" / arm.name / path.stem / "training" / "summary.json" for path in paths]
        done = done or [read_json(path) for path in voices if path.is_file()]  # trained, but not scored yet
        system = plan.arm(arm.of).system if arm.members > 1 and arm.of else arm.system
        assert system is not None
        recipe = recipe_for(plan.recipe, arm.name, system, 1)
        settings = recipe.training_of(system)
        steps = total_steps(recipe, system)
        if done:
            seconds = sum(record["seconds"] for record in done) / len(done) / arm.members
        else:
            speed = speed or _speed(where)
            with torch.device("meta"):
                weights = sum(p.numel() for p in make_stack(prepared, system.stages, 1).parameters()) / len(system.stages)
            framewise = not settings.utterances and all(stage.trunk.kind == "feedforward" for stage in system.stages)
            rows = settings.batch * (1 if framewise else UTTERANCE_ROWS)
            seconds = steps * rows * weights * PASSES / speed
        extra = runs_at_most(arm.search) if arm.search else 0
        runs = len(plan.seeds) * (arm.members - 1 if arm.members > 1 else 1) + extra
        found.append(Cost(arm.name, arm.role, runs, len(done), steps, seconds))
    return found


def _speed(device: torch.device) -> float:
    """Return floating-point operations a second of this device at a product as a step has it, in the precision of training."""
    kind = torch.bfloat16 if choose_precision("auto", device) == "bfloat16" else torch.float32
    a, b = (torch.ones((512, 512), dtype=kind, device=device) for _ in range(2))
    started, count = time.perf_counter(), 0
    while time.perf_counter() - started < 0.2:
        float((a @ b)[0, 0])
        count += 1
    return count * 2.0 * 512**3 / (time.perf_counter() - started)


def describe(plan: Plan, prepared: Prepared, folder: Path, *, workers: int | None, device: str = "auto") -> str:
    """Return the plan as text: a table of arms and what all of it will take."""
    rows = costs(plan, prepared, folder, device)
    side = max(1, default_workers(device) if workers is None else workers)
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
