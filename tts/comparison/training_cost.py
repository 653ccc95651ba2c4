"""What training a system takes: the trainings it is made of, their steps, and the time that a few steps of each take here."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from statistics import median

import torch

from tts.dataset.prepared import Prepared
from tts.dataset.speakers import speaker_input
from tts.generation.voice import stack_widths
from tts.network.joint import Joint
from tts.network.layout import input_width
from tts.network.stack import Stack, Stage
from tts.recipe import MAIN_STREAMS, Recipe, StagePart, SystemPart, TrainingPart
from tts.recipe.transfer import borrows
from tts.training.criterion import Model, Objective, TrainingData
from tts.training.fork_merge import branches_now, make_branches
from tts.training.learner import Learner
from tts.training.phases import fine_tuning, make_trajectories, trains_jointly
from tts.training.train import make_stack
from tts.training.transfer import all_stages, open_source
from tts.training.weighting import Schedule

LONGEST = 1.0  # seconds that one training's steps are timed
MOST = 8  # steps timed


@dataclass(frozen=True)
class Phase:
    """Training one stage (``stage``, from 0) or, where it is None, all together: ``steps`` of the optimiser in all.

    These are the steps of every branch of a fork and of every fold's copy too. ``settings`` are those of the phase itself.
    """

    stage: int | None
    steps: int
    settings: TrainingPart
    trajectory: bool = False


def phases(parts: tuple[StagePart, ...], settings: TrainingPart) -> Iterator[Phase]:
    """Yield the trainings of a system in order; the duration model, which arms share, is not among them."""
    jointly = trains_jointly(parts, settings)
    if not jointly or settings.stacking == "greedy_then_joint":
        for number, part in enumerate(parts):
            last = number == len(parts) - 1
            # K copies of (K - 1) / K of the steps each, beside the network that speaks.
            copies = max(1, settings.cross_fit) if not last else 1
            yield Phase(number, copies * _forked_steps(part, settings), settings)
    if jointly:
        then = settings
        if settings.joint_steps is not None:
            then = fine_tuning(settings, settings.joint_steps, settings.joint_learning_rate)
        yield Phase(None, then.steps, then)
    if settings.trajectory is not None:
        then = fine_tuning(settings, settings.trajectory.steps, settings.trajectory.learning_rate, settings.trajectory.batch)
        yield Phase(None if jointly else len(parts) - 1, then.steps, then, trajectory=True)


def total_steps(recipe: Recipe, system: SystemPart) -> int:
    """Return the training steps of a system as its summary counts them: one for each stage where all are trained together."""
    stages = system.networks
    networks = sum(p.steps * (len(stages) if p.stage is None else 1) for p in phases(stages, recipe.training_of(system)))
    return networks + (system.edit.steps if system.edit is not None and system.edit.trained else 0)


def seconds_of(
    recipe: Recipe, system: SystemPart, prepared: Prepared, device: torch.device, *, threads: int | None = None
) -> float:
    """Return about how long a system trains on this machine as it is now, by timing some real steps of every phase.

    ``threads`` are those of a step, by default PyTorch's. Steps draw the validation split, which is read in a moment. Not
    counted are validations, the duration model, the edit and the frozen first stage that ``features_from`` adds; parts that
    ``freeze`` names count as if trained.

    Steps are timed and not computed from the number of weights: most of a step goes by in passing over memory
    (normalisation, dropout, optimiser, average), so that the speed of matrix products foretells 5 to 7 ms of 27 measured
    (1.7 million weights, 512 rows, bfloat16, one thread).
    """
    settings, borrowed = recipe.training_of(system), borrows(system.transfer)
    stages = all_stages(system, open_source(system.transfer, prepared) if borrowed else None)
    speakers = speaker_input(recipe.speakers_of(system), len(prepared.speakers))
    found: dict[tuple[int | None, bool], float] = {}
    total, before = 0.0, torch.get_num_threads()
    torch.set_num_threads(threads or before)
    try:
        for phase in phases(stages, settings):
            key = phase.stage, phase.trajectory
            if borrowed and phase.stage == 0:  # frozen
                continue
            if key not in found:
                stack = make_stack(prepared, stages, settings.seed, speakers, system.prosody).to(device)
                found[key] = _seconds_a_step(stack, phase, prepared, device, system.prosody)
            total += phase.steps * found[key]
    finally:
        torch.set_num_threads(before)
    return total


def _forked_steps(part: StagePart, settings: TrainingPart) -> int:
    """Return the steps of a stage, those of every branch where training forks."""
    forks = settings.fork_merge
    if forks is None:
        return settings.steps
    branches = make_branches(forks, part, tuple(name for name in MAIN_STREAMS if name in part.tasks))
    weighting = settings.weighting
    schedule = Schedule(weighting.start, weighting.stop, weighting.main_only_step(settings.steps))
    total = 0
    for begin in range(0, settings.steps, forks.every):
        end = min(begin + forks.every, settings.steps)
        total += (end - begin) * len(branches_now(branches, schedule, begin, end))
    return total


def _seconds_a_step(stack: Stack, phase: Phase, prepared: Prepared, device: torch.device, prosody: Sequence[str]) -> float:
    """Return the median time of steps of a phase, after one that is not counted."""
    model: Model
    if phase.stage is None:
        model = Joint(stack, phase.settings.stage_weights)
        tasks = list(dict.fromkeys(name for part in model.parts for name in part.tasks))
    else:
        stage = stack.stages[phase.stage]
        assert isinstance(stage, Stage)
        model, tasks = stage, list(stage.tasks)
    table = prepared.frame_table("validation", tasks, device, codes=stack.speakers is not None, prosody=prosody)
    if phase.stage:
        parts = stack.parts[: phase.stage + 1]
        hidden = input_width(0, parts, stack_widths(prepared.streams)) // (2 * parts[-1].context + 1)
        table.read(parts[-1], torch.zeros(table.rows, hidden, dtype=torch.bfloat16, device=device) if hidden else None)
    elif phase.stage == 0:
        table.read(stack.parts[0], None)
    settings = phase.settings.model_copy(update={"learning_rate": 1e-12})  # so that nothing diverges here
    trajectory = settings.trajectory if phase.trajectory else None
    objective = Objective(trajectories=make_trajectories(model, table, trajectory) if trajectory is not None else None)
    learner = Learner(model, TrainingData(table, table), settings, objective)
    learner.step()
    times: list[float] = []
    while len(times) < MOST and sum(times) < LONGEST:
        started = time.perf_counter()
        learner.step()
        if device.type == "cuda":
            torch.cuda.synchronize(device)
        times.append(time.perf_counter() - started)
    return median(times)
