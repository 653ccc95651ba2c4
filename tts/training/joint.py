"""A stack trained end to end, from the start or after its stages were trained one after the other."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

import torch

from tts.core.errors import UsageError
from tts.generation.voice import Voice
from tts.network.joint import Joint
from tts.network.stack import Stage
from tts.recipe import MAIN_STREAMS, StagePart, TrainingPart
from tts.training.cross_fitting import fold_utterances
from tts.training.greedy import SPLITS, StackTraining, ValidationHook, scores_of, summary_of, train_stages
from tts.training.phases import fine_tuning, learn_trajectories, trains_jointly
from tts.training.trainer import Trainer, TrainingResult, judges
from tts.training.weighting import Schedule


def check_stacking(parts: tuple[StagePart, ...], settings: TrainingPart, utterances: int) -> None:
    """Raise :class:`UsageError`, before anything is trained, where weights of stages do not fit a stack, or folds the corpus.

    ``utterances`` are those of the training split.
    """
    if len(parts) > 1 and settings.cross_fit:
        fold_utterances(utterances, settings.cross_fit, settings.seed)
    given = len(settings.stage_weights)
    if trains_jointly(parts, settings) and given not in (0, len(parts)):
        raise UsageError(f"training.stage_weights: there are {given}; the system has {len(parts)} stages, give one weight each")


def check_learning(stages: Sequence[StagePart], settings: TrainingPart, frozen: Collection[int] = ()) -> None:
    """Raise :class:`UsageError`, before anything is trained, for a stage that at some step of its own training learns nothing.

    Trained together with the last one, which always learns, it need not learn by itself; nor where it is ``frozen`` (numbers
    from 1).
    """
    if settings.stacking == "joint" and len(stages) > 1:
        return
    weighting = settings.weighting
    main_only = weighting.main_only_step(settings.steps)
    schedule = Schedule(weighting.start, weighting.stop, main_only)
    ends = sorted({0, *weighting.stop.values(), *([] if main_only is None else [main_only])})
    for number, part in enumerate(stages, 1):
        if part.main or number in frozen:
            continue
        learnt = [name for name, use in part.tasks.items() if use.weight and name not in MAIN_STREAMS]
        idle = [step for step in ends if step < settings.steps and not any(schedule.active(name, step) for name in learnt)]
        if idle:
            raise UsageError(
                f"stage {number} learns no task at step {idle[0]} of its training; give one a weight above 0 there, or change "
                "training.weighting (main_only_from, start, stop)"
            )


def train_stack(work: StackTraining) -> list[dict[str, Any]]:
    """Train the voice's stack as ``settings.stacking`` says, best weights left in it; return a summary of every stage."""
    if not trains_jointly(work.parts, work.settings):
        return _with_grouping(train_stages(work), work.voice)
    first: list[dict[str, Any]] = [{"steps": 0} for _ in work.parts]
    if work.settings.stacking == "greedy_then_joint":
        first = train_stages(work)
    then = train_jointly(work)
    # Scores of the weights before are none of those that are kept.
    before = [{name: value for name, value in summary.items() if not name.startswith("valid/")} for summary in first]
    return _with_grouping([a | b | {"steps": a["steps"] + b["steps"]} for a, b in zip(before, then, strict=True)], work.voice)


def _with_grouping(summaries: list[dict[str, Any]], voice: Voice) -> list[dict[str, Any]]:
    """Add to the summaries of stages the grouping of tasks that was found, where a way of sharing finds one (go_mtl)."""
    groupings = [stage.grouping() if isinstance(stage, Stage) else {} for stage in voice.stack.stages]
    return [a | ({"grouping": found} if found else {}) for a, found in zip(summaries, groupings, strict=True)]


def train_jointly(work: StackTraining) -> list[dict[str, Any]]:
    """Train all stages of the voice's stack together; return a summary of every stage. Checkpoints lie in ``folder/joint``.

    With ``greedy_then_joint`` the stack holds trained stages, whose weights are kept where training them together finds none
    better. The trajectory phase, where there is one, is for the whole stack too.
    """
    settings, folder, writer = work.settings, work.folder, work.writer
    model = Joint(work.voice.stack, settings.stage_weights)
    tasks = list(dict.fromkeys(name for part in model.parts for name in part.tasks))
    train, valid = (work.table(split, tasks) for split in SPLITS)
    after = settings.stacking == "greedy_then_joint"
    phase = settings
    if after:
        assert settings.joint_steps is not None
        phase = fine_tuning(settings, settings.joint_steps, settings.joint_learning_rate)

    def hook(name: str) -> ValidationHook:
        # Samples of later phases lie with them, so that none of an earlier phase is overwritten.
        place = folder / name / "samples" if name == "trajectory" or after else folder / "samples"
        return ValidationHook(work, valid, place)

    torch.manual_seed(settings.seed)
    result = Trainer(
        model,
        train,
        valid,
        phase,
        MAIN_STREAMS,
        folder / "joint",
        label="joint",
        hook=hook("joint"),
        writer=writer,
        tuning=work.tuning,
        baseline=after,
    ).run()
    summaries = summaries_of(model, result, before=after)
    if settings.trajectory is not None:
        place = folder / "trajectory"
        then = learn_trajectories(
            model, train, valid, settings, place, hook=hook("trajectory"), writer=writer, tuning=work.tuning
        )
        for summary, later in zip(summaries, summaries_of(model, then, before=True), strict=True):
            summary |= later | {"steps": summary["steps"] + later["steps"]}
    return summaries


def summaries_of(model: Joint, result: TrainingResult, *, before: bool) -> list[dict[str, Any]]:
    """Return for every stage what :func:`~tts.training.greedy.summary_of` tells of one trained alone.

    ``before`` adds, to the last, the scores of the weights that training started from.
    """
    whole = summary_of(result)
    earlier = tuple(f"valid/{prefix}" for prefix in model.prefixes[:-1])
    own = {name: value for name, value in whole.items() if not name.startswith(earlier)}
    found = []
    for prefix, part in zip(model.prefixes[:-1], model.parts, strict=False):
        start = f"valid/{prefix}"
        scores = {f"valid/{n.removeprefix(start)}": v for n, v in whole.items() if n.startswith(start)}
        loss = sum(part.tasks[name].weight * scores[f"valid/{name}"] for name in judges(part.tasks, MAIN_STREAMS))
        found.append({"step": whole["step"], "steps": whole["steps"], "main_loss": loss, **scores, "valid/main": loss})
    return [*found, own | ({"before": scores_of(result.history[0])} if before else {})]
