"""What training a system takes: the trainings it is made of, their steps, and the time that a few steps of each take here."""

from __future__ import annotations

import copy
import time
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from statistics import median

import numpy as np
import torch

from tts.dataset.prepared import Prepared
from tts.dataset.speakers import speaker_input
from tts.generation.editing import FIRST, EditInputs, streams_width
from tts.generation.voice import stack_widths
from tts.network.edit import Edit
from tts.network.joint import Joint
from tts.network.layout import input_width
from tts.network.stack import Stack, Stage
from tts.recipe import MAIN_STREAMS, Recipe, StagePart, SystemPart, TrainingPart
from tts.recipe.edit import EditPart
from tts.recipe.transfer import borrows
from tts.training.criterion import Model, Objective, TrainingData
from tts.training.edit_data import EditCrops, EditUtterance
from tts.training.edit_learner import EditLearner, make_discriminators
from tts.training.fork_merge import branches_now, make_branches
from tts.training.learner import Learner
from tts.training.members import run_together
from tts.training.parameter_groups import freeze, is_frozen
from tts.training.phases import fine_tuning, make_trajectories, trains_jointly
from tts.training.train import make_duration, make_stack
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


def phases(parts: tuple[StagePart, ...], settings: TrainingPart, frozen: Collection[int] = ()) -> Iterator[Phase]:
    """Yield the trainings of a system in order; the duration model, which arms share, is not among them.

    Stages that are ``frozen``, counted from 0, are not trained by themselves.
    """
    jointly = trains_jointly(parts, settings)
    if not jointly or settings.stacking == "greedy_then_joint":
        for number, part in enumerate(parts):
            if number in frozen:
                continue
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


def frozen_stages(recipe: Recipe, system: SystemPart, prepared: Prepared) -> frozenset[int]:
    """Return the stages, counted from 0, of which a transfer leaves nothing to train."""
    if system.transfer is None or not system.transfer.freeze:
        return frozenset()
    with torch.device("meta"):
        stack = _stack(recipe, system, prepared, system.networks)
    return frozenset(number for number, stage in enumerate(stack.stages) if is_frozen(stage))


def total_steps(recipe: Recipe, system: SystemPart, prepared: Prepared) -> int:
    """Return the training steps of a system as its summary counts them: one for each stage where all are trained together."""
    stages = system.networks
    trained = phases(stages, recipe.training_of(system), frozen_stages(recipe, system, prepared))
    networks = sum(p.steps * (len(stages) if p.stage is None else 1) for p in trained)
    return networks + (system.edit.steps if system.edit is not None and system.edit.trained else 0)


def seconds_of(
    recipe: Recipe,
    system: SystemPart,
    prepared: Prepared,
    device: torch.device,
    *,
    threads: int | None = None,
    together: int = 1,
) -> float:
    """Return about how long a system trains on this machine as it is now, by timing some real steps of every phase.

    ``threads`` are those of a step, by default PyTorch's. Where so many trainings take their steps ``together`` as one batched
    model, the time is the share of one of them. Steps draw the validation split, which is read in a moment; those of
    an edit random numbers, since what it reads is there only once the networks are trained. Not counted are validations, the
    duration model, and the frozen first stage that ``features_from`` adds.

    Steps are timed and not computed from the number of weights: most of a step goes by in passing over memory
    (normalisation, dropout, optimiser, average), so that the speed of matrix products foretells 5 to 7 ms of 27 measured
    (1.7 million weights, 512 rows, bfloat16, one thread).
    """
    settings = recipe.training_of(system)
    source = open_source(system.transfer, prepared) if borrows(system.transfer) else None
    stages = all_stages(system, source)
    frozen = frozen_stages(recipe, system, prepared) if source is None else {0}
    timed: dict[tuple[int | None, bool], float] = {}
    total, usual_threads = 0.0, torch.get_num_threads()
    torch.set_num_threads(threads or usual_threads)
    try:
        for phase in phases(stages, settings, frozen):
            key = phase.stage, phase.trajectory
            if key not in timed:
                stack = _stack(recipe, system, prepared, stages).to(device)
                timed[key] = _seconds_a_step(stack, phase, prepared, device, system.prosody, together)
            total += phase.steps * timed[key]
        edit = system.edit
        if edit is not None and edit.trained:
            stack = _stack(recipe, system, prepared, stages)
            total += edit.steps * _seconds_a_step_of_edit(edit, stack, prepared, settings.seed, device)
    finally:
        torch.set_num_threads(usual_threads)
    return total


def _stack(recipe: Recipe, system: SystemPart, prepared: Prepared, stages: tuple[StagePart, ...]) -> Stack:
    """Return a new stack of the ``stages`` of a system, of which what a transfer freezes is frozen."""
    settings = recipe.training_of(system)
    speakers = speaker_input(recipe.speakers_of(system), len(prepared.speakers))
    stack = make_stack(prepared, stages, settings.seed, speakers, system.prosody)
    if system.transfer is not None and system.transfer.freeze:
        duration = make_duration(recipe.duration_of(system), prepared, settings.seed)
        own = {*dict(stack.named_parameters()), *(f"duration.{name}" for name, _ in duration.named_parameters())}
        freeze(stack, duration, system.transfer.freeze, own, edits=system.edit is not None)
    return stack


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


def _seconds_a_step(
    stack: Stack, phase: Phase, prepared: Prepared, device: torch.device, prosody: Sequence[str], together: int = 1
) -> float:
    """Return the median time of steps of a phase after one that is not counted; where taken ``together``, the share of one."""
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
    data = TrainingData(table, table)
    if together == 1:
        return _median_time(Learner(model, data, settings, objective).step, device)
    learners = [Learner(copy.deepcopy(model), data, settings, objective) for _ in range(together)]
    return _median_time(partial(_step_together, learners), device) / together


def _step_together(learners: Sequence[Learner]) -> None:
    for member in run_together([learner.step for learner in learners]):
        if member.error is not None:
            raise member.error


def _seconds_a_step_of_edit(part: EditPart, stack: Stack, prepared: Prepared, seed: int, device: torch.device) -> float:
    """Return the median time of steps of an edit of what ``stack`` makes."""
    last = stack.stages[-1]
    assert isinstance(last, Stage)
    streams, hidden = streams_width(prepared.streams), last.top_width
    edit = Edit(part, streams, hidden, prepared.streams["mcep"].dimension - FIRST)
    longest = int(np.diff(prepared.packed("train").frame_starts).max())
    tokens = max(1, min(part.crop, longest // part.frames))
    draw = np.random.default_rng(0)
    read, layer, natural = (
        draw.standard_normal((tokens, width), np.float32)
        for width in (part.frames * streams, hidden, part.frames * edit.outputs)
    )
    utterance = EditUtterance(0, 0, EditInputs(read, layer, 0, part.frames * tokens), natural)
    crops = EditCrops(iter([utterance]), part.crop, seed, device)
    learner = EditLearner(part, edit, make_discriminators(part, edit, streams, hidden, seed), crops)
    return _median_time(learner.step, device)


def _median_time(step: Callable[[], object], device: torch.device) -> float:
    """Return the median time of steps, after one that is not counted."""
    step()
    times: list[float] = []
    while len(times) < MOST and sum(times) < LONGEST:
        started = time.perf_counter()
        step()
        if device.type == "cuda":
            torch.cuda.synchronize(device)
        times.append(time.perf_counter() - started)
    return median(times)
