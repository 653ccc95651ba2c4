"""What was settled before the first run of a comparison: ``plan.json``, which later commands in its folder must agree with."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from tts.comparison.plan import Arm, ComparisonPlan
from tts.core.errors import UsageError
from tts.core.files import read_json, write_json
from tts.dataset.prepared import Prepared

FORMAT = 1
NAMED = ("recipe", "prepared", "primary", "smallest_effect", "baseline")  # before the first run


@dataclass(frozen=True)
class SettledPlan:
    """The contents of ``plan.json``. ``prepared`` identifies the data; ``precision`` is that of all runs (None: not said)."""

    recipe: str
    prepared: str
    primary: str
    smallest_effect: float
    baseline: str
    seeds: tuple[int, ...]
    arms: tuple[Arm, ...]
    precision: str | None = None

    @classmethod
    def of(cls, plan: ComparisonPlan, prepared: Prepared) -> SettledPlan:
        """Return what a plan settles."""
        return cls(
            plan.recipe.name,
            prepared.basis,
            plan.primary,
            plan.smallest_effect,
            plan.baseline,
            plan.seeds,
            plan.arms,
            plan.precision,
        )


def read_plan(path: Path) -> SettledPlan | None:
    """Return what a ``plan.json`` holds, None where there is none; one that is no plan of ours raises :class:`UsageError`."""
    if not path.is_file():
        return None
    data: Any = read_json(path)
    try:
        if data["format"] == FORMAT:
            return SettledPlan(
                **{key: data[key] for key in NAMED},
                seeds=tuple(data["seeds"]),
                arms=tuple(Arm.from_dict(arm) for arm in data["arms"]),
                precision=data.get("precision"),
            )
    except (KeyError, TypeError, ValueError):  # a system that this version cannot have, too
        pass
    raise UsageError(f"{path}: not the plan of a comparison that this version reads; choose another --out")


def write_plan(path: Path, settled: SettledPlan) -> None:
    """Write ``plan.json``."""
    named = {key: getattr(settled, key) for key in (*NAMED, "precision")}
    write_json(path, {"format": FORMAT, **named, "seeds": settled.seeds, "arms": [arm.to_dict() for arm in settled.arms]})


def settle_plan(folder: Path, plan: ComparisonPlan, prepared: Prepared, scored: Collection[str]) -> ComparisonPlan:
    """Write ``plan.json`` and return the plan to report: with the arms of earlier plans that have scores (``scored``) too.

    What was named before the first run (primary score, smallest effect, baseline, data) may not change once there are scores,
    nor may the role of an arm that has some: that raises :class:`UsageError`, as does a folder that holds something else. The
    precision stays that of the first command, on whatever machine a later one runs.
    """
    path = folder / "plan.json"
    settled, earlier = SettledPlan.of(plan, prepared), read_plan(path)
    if earlier is not None:
        _check_named(path, earlier, settled, scored)
        _check_roles(path, earlier, settled, scored)
        names = {arm.name for arm in plan.arms}
        more = tuple(arm for arm in earlier.arms if arm.name in scored and arm.name not in names)
        seeds = tuple(sorted({*plan.seeds, *earlier.seeds}))
        settled = replace(settled, seeds=seeds, arms=(*plan.arms, *more), precision=earlier.precision or settled.precision)
    else:
        settled = replace(settled, seeds=tuple(sorted(settled.seeds)))
    write_plan(path, settled)
    return replace(plan, arms=settled.arms, seeds=settled.seeds, precision=settled.precision or plan.precision)


def _check_named(path: Path, earlier: SettledPlan, now: SettledPlan, scored: Collection[str]) -> None:
    changed = [key for key in NAMED if getattr(earlier, key) != getattr(now, key)]
    if changed and scored:
        was, is_now = (getattr(settled, changed[0]) for settled in (earlier, now))
        raise UsageError(
            f"{path}: {changed[0]} was {was} when this comparison began and is now {is_now}; it is named before the first run, "
            "so choose another --out"
        )


def _check_roles(path: Path, earlier: SettledPlan, now: SettledPlan, scored: Collection[str]) -> None:
    known = {arm.name: arm for arm in earlier.arms if arm.name in scored}
    for arm in now.arms:
        was = known.get(arm.name, arm)
        if was.role != arm.role:
            raise UsageError(
                f"{path}: {arm.name} was a {was.role} when it was scored and is now a {arm.role}; what explains a gain is "
                "named before the run, so choose another --out"
            )
        if set(was.controls) != set(arm.controls):
            then, of = (", ".join(each.controls) or "all" for each in (was, arm))
            raise UsageError(
                f"{path}: {arm.name} was a control for {then} when it was scored and is now one for {of}; what explains a gain "
                "is named before the run, so choose another --out"
            )
