"""Whether a system of a recipe can be trained on a prepared corpus: every problem is found, and all are told at once.

Each function returns sentences that name the key or folder concerned and say what to do; none where all is well.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence

from tts.core.errors import UsageError
from tts.dataset.prepared import DURATION, Prepared
from tts.recipe import MAIN_STREAMS, CorpusPart, EditPart, Recipe, StagePart, TrainingPart
from tts.recipe.base import Part
from tts.training.cross_fitting import fold_utterances
from tts.training.fork_merge import make_branches
from tts.training.phases import trains_jointly
from tts.training.weighting import Schedule, make_weighting


def check(recipe: Recipe, system_name: str, prepared: Prepared) -> list[str]:
    """Return everything that keeps a system of a recipe from being trained on a prepared corpus.

    What a transfer freezes is known once its voice is read, so stages that learn nothing are looked for without one.
    """
    system = recipe.system(system_name)
    settings = recipe.training_of(system)
    problems = preparation_problems(recipe, system_name, prepared)
    problems += weighting_problems(system.networks, settings)
    duration = recipe.duration_of(system)
    problems += weighting_problems((duration.stage,), duration.training, main=(DURATION,), at="duration.training")
    problems += stacking_problems(system.networks, settings, len(prepared.packed("train").ids))
    if system.transfer is None:
        problems += learning_problems(system.networks, settings)
    return list(dict.fromkeys(problems))


def require(problems: Sequence[str]) -> None:
    """Raise one :class:`UsageError` that tells all of the problems, a line each, where there are any."""
    if problems:
        raise UsageError("\n".join(problems))


def _read_alike(part: Part, stored: Part) -> bool:
    """Return whether a part of a recipe reads the same recordings as the one that a corpus was prepared with.

    Another ``format`` names another way to list the same utterances; whichever channel is asked for, recordings that had one
    only (``channel: only`` takes no others) have no other.
    """
    if isinstance(part, CorpusPart) and isinstance(stored, CorpusPart):
        channel = part.channel if stored.channel == "only" else stored.channel
        stored = stored.model_copy(update={"format": part.format, "channel": channel})
    return part == stored


def preparation_problems(recipe: Recipe, system_name: str, prepared: Prepared) -> list[str]:
    """Find where the recipe asks for what the corpus was not prepared with."""
    again = "run tts prepare again with this recipe, or leave the change out"
    stored = prepared.recipe
    problems = [
        f"{prepared.folder}: was prepared with another {part} part than the recipe has now; {again}"
        for part in ("corpus", "split", "text", "frames", "alignment", "analysis")
        if not _read_alike(getattr(recipe, part), getattr(stored, part))
    ]
    system = recipe.system(system_name)
    stages = (*system.networks, recipe.duration_of(system).stage)
    used = {task for stage in stages for task in stage.tasks}
    for task in sorted(used - set(MAIN_STREAMS) - {DURATION}):
        if task not in prepared.streams or stored.tasks.get(task) != recipe.tasks[task]:
            problems.append(f"{prepared.folder}: the task {task} is not in it, or with other options; {again}")
    for task in system.prosody:
        stream = prepared.streams.get(task)
        if stream is not None and (stream.kind != "continuous" or stream.masked or task not in prepared.statistics):
            problems.append(
                f"systems.{system_name}.prosody: {task} is not measured a phone; expected tasks such as phone_f0, phone_energy"
            )
    uses = [(name, use) for stage in stages for name, use in stage.tasks.items()]
    problems += [
        f"tasks.{name}.emphasis: only continuous streams have dimensions to weigh; leave it out"
        for name, use in uses
        if use.emphasis and name in prepared.streams and prepared.streams[name].kind != "continuous"
    ]
    return problems + distribution_problems(recipe, system_name, prepared)


def distribution_problems(recipe: Recipe, system_name: str, prepared: Prepared) -> list[str]:
    """Find weightings that need losses above 0 where a distribution is learnt, whose loss may be below."""
    system, duration = recipe.system(system_name), recipe.duration_of(recipe.system(system_name))
    problems = []
    for at, stages, training in (
        (f"systems.{system_name}", system.networks, recipe.training_of(system)),
        ("duration", (duration.stage,), duration.training),
    ):
        names = {name for stage in stages for name in stage.tasks if name in prepared.streams}
        method = training.weighting.method
        if method != "sum" and any(prepared.streams[name].kind == "distribution" for name in names):
            problems.append(
                f"{at}.training.weighting: the loss of a distribution may be below 0, so weigh by sum, not {method}"
            )
    return problems


def weighting_problems(
    stages: Sequence[StagePart], settings: TrainingPart, *, main: Sequence[str] = MAIN_STREAMS, at: str = "training"
) -> list[str]:
    """Find weightings that do not exist, times and branches of tasks that nobody learns, and methods that lack a main task."""
    part, forks = settings.weighting, settings.fork_merge
    tasks = list(dict.fromkeys(name for stage in stages for name in stage.tasks))
    branches = () if forks is None or isinstance(forks.branches, str) else forks.branches
    named = {f"{at}.fork_merge.branches": [name for branch in branches for name in branch]}
    named[f"{at}.weighting"] = [*part.start, *part.stop]
    problems = [
        f"{key}: {name} is not a task of this system; its tasks are {', '.join(tasks)}"
        for key, names in named.items()
        for name in dict.fromkeys(names)
        if name not in tasks
    ]
    problems += [
        f"{at}.weighting.start: {name} starts at step {step} of {settings.steps}, so it is never learnt"
        for name, step in part.start.items()
        if step >= settings.steps
    ]
    for stage in stages:
        mains = tuple(name for name in main if name in stage.tasks)
        start, stop = (_of(stage, times) for times in (part.start, part.stop))
        weights = {name: use.weight for name, use in stage.tasks.items()}
        try:
            make_weighting(part.method, part.options, tuple(stage.tasks), mains, weights, schedule=Schedule(start, stop))
            if forks is not None:
                make_branches(forks, stage, mains)
        except UsageError as error:
            problems.append(str(error))
    return problems


def stacking_problems(parts: Sequence[StagePart], settings: TrainingPart, utterances: int) -> list[str]:
    """Find weights of stages that do not fit a stack, folds that do not fit a corpus, trajectories that nobody learns.

    ``utterances`` are those of the training split.
    """
    problems = []
    if len(parts) > 1 and settings.cross_fit:
        try:
            fold_utterances(utterances, settings.cross_fit, settings.seed)
        except UsageError as error:
            problems.append(str(error))
    given = len(settings.stage_weights)
    if trains_jointly(parts, settings) and given not in (0, len(parts)):
        problems.append(f"training.stage_weights: there are {given}; the system has {len(parts)} stages, give one weight each")
    for name in settings.trajectory.streams if settings.trajectory is not None else ():
        if name not in parts[-1].tasks:
            problems.append(f"training.trajectory.streams: the last stage does not learn {name}; leave it out")
    return problems


def learning_problems(stages: Sequence[StagePart], settings: TrainingPart, frozen: Collection[int] = ()) -> list[str]:
    """Find stages that at some step of their own training learn nothing.

    Trained together with the last one, which always learns, a stage need not learn by itself; nor where it is ``frozen``
    (numbers from 1).
    """
    if settings.stacking == "joint" and len(stages) > 1:
        return []
    weighting = settings.weighting
    main_only = weighting.main_only_step(settings.steps)
    schedule = Schedule(weighting.start, weighting.stop, main_only)
    ends = sorted({0, *weighting.stop.values(), *([] if main_only is None else [main_only])})
    problems = []
    for number, part in enumerate(stages, 1):
        if part.main or number in frozen:
            continue
        learnt = [name for name, use in part.tasks.items() if use.weight and name not in MAIN_STREAMS]
        idle = [step for step in ends if step < settings.steps and not _any_active(schedule, learnt, step)]
        if idle:
            problems.append(
                f"stage {number} learns no task at step {idle[0]} of its training; give one a weight above 0 there, or change "
                "training.weighting (main_only_from, start, stop)"
            )
    return problems


def longer_problems(
    stages: Sequence[StagePart | EditPart], settings: TrainingPart, steps: int, at: str = "training"
) -> list[str]:
    """Find what keeps a training of ``steps`` from going on to ``settings.steps`` as one that long from the start would."""
    changed = f"{at}.steps was {steps} and is {settings.steps}"
    if settings.steps < steps:
        return [f"{changed}: a training cannot be made shorter"]
    reasons = {
        f"its learning rate falls to zero over {at}.steps ({at}.decay is {settings.decay})": settings.decay != "none",
        f"{at}.weighting.main_only_from is a share of them": isinstance(settings.weighting.main_only_from, float),
        "later stages have learnt from the earlier ones as they are": len(stages) > 1,
        "its trajectory phase began at its last step": settings.trajectory is not None,
        f"its last fork was merged at step {steps}": settings.fork_merge is not None
        and bool(steps % settings.fork_merge.every),
    }
    again = "a longer one would be another training from the start"
    return [f"{changed}: {reason}, so {again}" for reason, holds in reasons.items() if holds]


def _of(stage: StagePart, times: Mapping[str, int]) -> dict[str, int]:
    return {name: at for name, at in times.items() if name in stage.tasks}


def _any_active(schedule: Schedule, names: Iterable[str], step: int) -> bool:
    return any(schedule.active(name, step) for name in names)
