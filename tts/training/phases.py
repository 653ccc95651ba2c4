"""Phases of training that start from trained weights, and keep those where nothing better is found."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch

from tts.dataset.table import Table
from tts.recipe import StagePart, TrainingPart, WeightingPart
from tts.recipe.training import TrajectoryPart
from tts.training.callbacks import Callback
from tts.training.criterion import Model, Objective, TrainingData
from tts.training.parameter_groups import Tuning
from tts.training.trainer import Trainer, TrainingResult
from tts.training.trajectory import Trajectories
from tts.training.weighting import Schedule


def trains_jointly(parts: Sequence[StagePart], settings: TrainingPart) -> bool:
    """Return whether stages are trained together at any time; a single stage never is."""
    return len(parts) > 1 and settings.stacking != "greedy"


def fine_tuning(settings: TrainingPart, steps: int, learning_rate: float | None, batch: int | None = None) -> TrainingPart:
    """Return the settings of a phase after the training that ``settings`` describe.

    Its rate is by default a tenth. Auxiliary tasks that were not learnt at the end of the training are not learnt in it.
    """
    weighting = settings.weighting
    main_only_from = weighting.main_only_step(settings.steps)
    schedule = Schedule(weighting.start, weighting.stop, main_only_from)
    over = [name for name in {*weighting.start, *weighting.stop} if not schedule.active(name, settings.steps - 1)]
    main_only = main_only_from is not None and main_only_from < settings.steps
    ended: dict[str, Any] = {"start": {}, "stop": dict.fromkeys(sorted(over), 0), "main_only_from": 0 if main_only else None}
    return settings.model_copy(
        update={
            "steps": steps,
            "learning_rate": learning_rate or 0.1 * settings.learning_rate,
            "batch": batch or settings.batch,
            "weighting": WeightingPart.model_validate({**weighting.model_dump(), **ended}),
        }
    )


def learn_trajectories(
    model: Model,
    data: TrainingData,
    settings: TrainingPart,
    folder: Path,
    *,
    tuning: Tuning | None = None,
    callbacks: Sequence[Callback] = (),
) -> TrainingResult:
    """Go on training on the trajectories of streams (``settings.trajectory``), in ``folder``; leave the better weights.

    The losses of these streams, in training, validation and history, are then those of their trajectories; the validation
    loss made of them says which weights are kept, those at the start (step 0) among them.
    """
    part = settings.trajectory
    assert part is not None
    phase = fine_tuning(settings, part.steps, part.learning_rate, part.batch)
    objective = Objective(trajectories=make_trajectories(model, data.train, part), baseline=True)
    torch.manual_seed(settings.seed)
    return Trainer(model, data, phase, folder, label=folder.name, objective=objective, tuning=tuning, callbacks=callbacks).run()


def make_trajectories(model: Model, table: Table, part: TrajectoryPart) -> Trajectories:
    """Return the losses of the streams whose trajectories a model is to learn, on a table that has them."""
    emphasis = {str(name): model.tasks[name].emphasis for name in part.streams}
    return Trajectories({name: table.targets[name] for name in part.streams}, emphasis, part.weight)
