"""A stack trained end to end, from the start or after its stages were trained one after the other."""

from __future__ import annotations

from dataclasses import replace

import torch

from tts.generation.summary import SCORES, NetworkSummary
from tts.generation.voice import Voice
from tts.network.joint import Joint
from tts.network.stack import Stage
from tts.recipe import MAIN_STREAMS
from tts.training.criterion import Objective, judges
from tts.training.greedy import StackTraining, scores_of, summary_of, train_stages
from tts.training.phases import fine_tuning, learn_trajectories, trains_jointly
from tts.training.trainer import Trainer, TrainingResult


def train_stack(work: StackTraining) -> list[NetworkSummary]:
    """Train the voice's stack as ``settings.stacking`` says, best weights left in it; return a summary of every stage."""
    if not trains_jointly(work.parts, work.settings):
        return _with_grouping(train_stages(work), work.voice)
    first = [NetworkSummary(0, 0) for _ in work.parts]
    if work.settings.stacking == "greedy_then_joint":
        first = train_stages(work)
    then = train_jointly(work)
    return _with_grouping([later.after(earlier) for later, earlier in zip(then, first, strict=True)], work.voice)


def _with_grouping(summaries: list[NetworkSummary], voice: Voice) -> list[NetworkSummary]:
    """Add to the summaries of stages the grouping of tasks that was found, where a way of sharing finds one (go_mtl)."""
    groupings = [stage.grouping() if isinstance(stage, Stage) else {} for stage in voice.stack.stages]
    return [replace(summary, grouping=grouping) for summary, grouping in zip(summaries, groupings, strict=True)]


def train_jointly(work: StackTraining) -> list[NetworkSummary]:
    """Train all stages of the voice's stack together; return a summary of every stage. Checkpoints lie in ``folder/joint``.

    With ``greedy_then_joint`` the stack holds trained stages, whose weights are kept where training them together finds none
    better. The trajectory phase, where there is one, is for the whole stack too.
    """
    settings, folder = work.settings, work.folder
    model = Joint(work.voice.stack, settings.stage_weights)
    data = work.data(dict.fromkeys(name for part in model.parts for name in part.tasks))
    after = settings.stacking == "greedy_then_joint"
    phase = settings
    if after:
        assert settings.joint_steps is not None
        phase = fine_tuning(settings, settings.joint_steps, settings.joint_learning_rate)
    # Samples of later phases lie with them, so that none of an earlier phase is overwritten.
    callbacks = work.callbacks("joint", (folder / "joint" if after else folder) / "samples")
    objective = Objective(baseline=after)
    torch.manual_seed(settings.seed)
    trainer = Trainer(
        model, data, phase, folder / "joint", label="joint", objective=objective, tuning=work.tuning, callbacks=callbacks
    )
    summaries = summaries_of(model, trainer.run(), before=after)
    if settings.trajectory is None:
        return summaries
    place = folder / "trajectory"
    callbacks = work.callbacks("trajectory", place / "samples")
    then = learn_trajectories(model, data, settings, place, tuning=work.tuning, callbacks=callbacks)
    both = zip(summaries, summaries_of(model, then, before=True), strict=True)
    return [later.after(earlier) for earlier, later in both]


def summaries_of(model: Joint, result: TrainingResult, *, before: bool) -> list[NetworkSummary]:
    """Return for every stage what :func:`~tts.training.greedy.summary_of` tells of one trained alone.

    ``before`` adds, to the last, the scores of the weights that training started from.
    """
    whole = summary_of(result)
    earlier = tuple(f"{SCORES}{prefix}" for prefix in model.prefixes[:-1])
    summaries = []
    for prefix, part in zip(model.prefixes[:-1], model.parts, strict=False):
        start = f"{SCORES}{prefix}"
        scores = {SCORES + name.removeprefix(start): value for name, value in whole.scores.items() if name.startswith(start)}
        loss = sum(part.tasks[name].weight * scores[SCORES + name] for name in judges(part.tasks, MAIN_STREAMS))
        summaries.append(NetworkSummary(whole.step, whole.steps, loss, {**scores, f"{SCORES}main": loss}))
    own = {name: value for name, value in whole.scores.items() if not name.startswith(earlier)}
    return [*summaries, replace(whole, scores=own, before=scores_of(result.history[0]) if before else {})]
