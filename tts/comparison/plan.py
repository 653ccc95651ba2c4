"""What is compared: the arms and their seeds."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from pydantic import ValidationError

from tts.comparison.results import DIAGNOSTICS
from tts.comparison.search import with_settings
from tts.core.errors import UsageError
from tts.evaluation.scores import find_metric
from tts.evaluation.speech import JUDGED
from tts.recipe import MAIN_STREAMS, Recipe, SystemPart, TrainingPart
from tts.recipe.comparison import ComparisonPart, SearchPart
from tts.recipe.explain import explain
from tts.recipe.names import MOST_SEED

SEED_STEP = 100  # between the seeds of an ensemble's members
Role = Literal["baseline", "candidate", "control", "ablation"]


@dataclass(frozen=True)
class Arm:
    """One row of the comparison.

    A plain arm is a system of the recipe. An ensemble (``members`` > 1) averages networks of the arm ``of``; an ablation is
    the arm ``of`` without ``task``. ``search`` is done before the seeds are trained. A control is one for the candidates
    that ``controls`` names, or for all.
    """

    name: str
    role: Role
    description: str
    system: SystemPart | None = None
    of: str | None = None
    members: int = 1
    task: str | None = None
    search: SearchPart | None = None
    controls: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON-able data."""
        system = self.system.model_dump(mode="json", exclude_defaults=True) if self.system else None
        search = self.search.model_dump(mode="json") if self.search else None
        return {**vars(self), "system": system, "search": search}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Arm:
        """Return what :meth:`to_dict` described."""
        system = SystemPart.model_validate(data["system"]) if data["system"] else None
        search = SearchPart.model_validate(data["search"]) if data["search"] else None
        return cls(**{**data, "system": system, "search": search, "controls": tuple(data.get("controls", ()))})


@dataclass(frozen=True)
class ComparisonPlan:
    """The arms, baseline first, and what a comparison of them depends on. ``seeds`` are those asked for now."""

    recipe: Recipe
    arms: tuple[Arm, ...]
    seeds: tuple[int, ...]
    baseline: str
    primary: str
    smallest_effect: float
    wer: bool
    judges: bool
    precision: str = "float32"  # what ``auto`` stands for in all runs, settled when the comparison begins

    def arm(self, name: str) -> Arm:
        """Return an arm by name."""
        return next(arm for arm in self.arms if arm.name == name)

    def controlled(self, names: Collection[str]) -> list[tuple[str, str]]:
        """Return which candidate is compared with which control, of the arms named."""
        arms = [arm for arm in self.arms if arm.name in names]
        controls = [arm for arm in arms if arm.role == "control"]
        candidates = [arm.name for arm in arms if arm.role == "candidate"]
        return [
            (name, control.name)
            for name in candidates
            for control in controls
            if not control.controls or name in control.controls
        ]


def make_plan(
    recipe: Recipe,
    *,
    systems: Sequence[str] = (),
    seeds: Sequence[int] = (),
    wer: bool | None = None,
    judges: bool | None = None,
) -> ComparisonPlan:
    """Return what a recipe's ``comparison`` says, narrowed to ``systems`` and ``seeds`` where these are given.

    Asked for some systems, ensembles and ablations come along when named or when all they are made of is named. Raises
    :class:`UsageError` for names that are not there, scores that do not exist and systems that bring a seed of their own.
    """
    part = recipe.comparison
    _require_deciding(part.primary)
    baseline = part.baseline_of(recipe.systems)
    every = [*recipe.systems, *part.ensembles]
    for name in systems:
        if name not in every:
            raise UsageError(f"--systems: recipe {recipe.name} has no system {name!r}; it has {', '.join(every)}")
    wanted = set(systems) or set(part.systems or recipe.systems) | set(part.controls) | set(part.ensembles)
    wanted.add(baseline)
    for name, ensemble in part.ensembles.items():
        if name in wanted:
            wanted.add(ensemble.system)  # its members are runs of that system
    arms = []
    for name in sorted((name for name in recipe.systems if name in wanted), key=lambda name: name != baseline):
        system = recipe.systems[name]
        if "seed" in system.training:
            raise UsageError(f"systems.{name}.training.seed: a comparison sets the seeds; take it out of the system")
        role: Role = "baseline" if name == baseline else "control" if name in part.controls else "candidate"
        of = part.controls.get(name, ())
        arms.append(Arm(name, role, system.description, system, search=part.search.get(name), controls=of))
    for name, ensemble in part.ensembles.items():
        if name in wanted:
            text = f"the mean of {ensemble.members} networks of {ensemble.system} that differ in their seed"
            of = part.controls.get(name, ())
            arms.append(Arm(name, "control", text, of=ensemble.system, members=ensemble.members, controls=of))
    whole = part.leave_one_out
    if whole is not None and whole in wanted:
        for task in auxiliary_tasks(recipe.systems[whole]):
            name = f"{whole}-without-{task}"
            text = f"{whole} without the task {task}"
            arms.append(Arm(name, "ablation", text, without(recipe.systems[whole], task, whole), of=whole, task=task))
    chosen = tuple(seeds or part.seeds)
    if len(set(chosen)) < len(chosen) or not 0 <= min(chosen) <= max(chosen) <= MOST_SEED:
        raise UsageError(f"seeds {', '.join(map(str, chosen))}: expected different numbers from 0 to {MOST_SEED:,}")
    if any(arm.members > 1 for arm in arms) and len({seed % SEED_STEP for seed in chosen}) < len(chosen):
        raise UsageError(f"seeds: an ensemble's members have seeds {SEED_STEP} apart, so no two seeds may be; choose others")
    asked = part.wer if wer is None else wer, part.judges if judges is None else judges
    for arm in arms:
        if arm.search is not None and arm.system is not None:
            _check_search(recipe, arm.name, arm.system, arm.search)
    return ComparisonPlan(recipe, tuple(arms), chosen, baseline, part.primary, part.threshold, *asked)


def _require_deciding(primary: str) -> None:
    """Raise :class:`UsageError` where a score does not exist, or may not decide a comparison."""
    try:
        find_metric(primary)
    except UsageError as error:
        raise UsageError(f"comparison.primary: {error}") from None
    if primary in DIAGNOSTICS:
        raise UsageError(
            f"comparison.primary: {primary} is a diagnostic and decides nothing (the recogniser gets more words of "
            "natural speech wrong than of synthetic speech); name another score, such as mcd"
        )
    if primary in JUDGED:
        raise UsageError(
            f"comparison.primary: {primary} is a judge's and decides nothing (judges stand beside the scores, see "
            "comparison.judges); name another score, such as mcd"
        )


def _check_search(recipe: Recipe, name: str, system: SystemPart, part: SearchPart) -> None:
    """Raise :class:`UsageError`, before anything is trained, for a key or value of a grid that no system could have."""
    for key, values in part.keys.items():
        for value in values:
            changed = with_settings(system, {key: value}, name)
            try:
                recipe.training_of(changed)
            except ValidationError as error:
                why = explain(error, TrainingPart, ("systems", name, "training"))[0]
                raise UsageError(f"comparison.search.{name}: with {key} = {value}, {why}") from None


def auxiliary_tasks(system: SystemPart) -> list[str]:
    """Return the auxiliary tasks that a system learns, in order of their first appearance."""
    used = [name for stage in system.networks for name, use in stage.tasks.items() if use.weight > 0.0]
    return [name for name in dict.fromkeys(used) if name not in MAIN_STREAMS]


def without(system: SystemPart, task: str, name: str) -> SystemPart:
    """Return a system without one of its tasks; one that cannot do without it raises :class:`UsageError`."""
    data = system.model_dump(mode="json")
    for stage in data["stages"]:
        stage.get("tasks", {}).pop(task, None)
    for times in ("start", "stop"):
        data["training"].get("weighting", {}).get(times, {}).pop(task, None)
    try:
        return SystemPart.model_validate(data)
    except ValidationError as error:
        why = error.errors()[0]["msg"].removeprefix("Value error, ")
        raise UsageError(f"comparison.leave_one_out: {name} cannot be built without {task}: {why}") from None


def member_seeds(seed: int, members: int) -> list[int]:
    """Return the seeds of an ensemble's networks.

    The first is the seed itself, so that the ensemble is paired with a single network as every other arm is: it holds that very
    network, and no other run of the comparison.
    """
    return [seed + SEED_STEP * number for number in range(members)]


def recipe_for(recipe: Recipe, name: str, system: SystemPart, seed: int) -> Recipe:
    """Return the recipe with ``system`` under ``name`` and the seed as ``--set training.seed`` sets it; no spoken samples."""
    training = recipe.training.model_copy(update={"seed": seed})
    systems = {**recipe.systems, name: system}
    changes = {"systems": systems, "training": training, "samples": (), "comparison": ComparisonPart()}
    return recipe.model_copy(update=changes)
