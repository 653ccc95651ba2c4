"""The part of a recipe about ``tts compare``: what is compared with what, on which score, and what counts as a difference.

All of it is written down before the first run, so that nobody chooses the score after seeing the results.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, PlainSerializer, model_validator

from tts.recipe.base import MAIN_STREAMS, Part
from tts.recipe.names import Name, Seed, Steps

SMALLEST_MCD = 0.05  # dB: about 1 %; smaller differences are not known to be heard


class EnsemblePart(Part):
    """A control of equal budget: the mean of the outputs of networks that differ in their seed alone."""

    system: str = Field(description="System whose networks are averaged.", examples=["single"])
    members: int = Field(3, ge=2, le=20, description="Networks.", examples=[3])


class SearchPart(Part):
    """Settings of a system that are chosen on validation; every run of the search is charged to the system.

    ``keys`` maps a key within the system, such as ``stages.0.tasks.gammatone.weight``, to its grid. ``grid`` tries every
    combination; ``coordinate`` one key after the other, each with the best values so far, starting from the recipe's.
    """

    method: Literal["coordinate", "grid"] = Field(
        "coordinate", description="One key after the other, or every combination.", examples=["grid"]
    )
    keys: dict[str, tuple[Any, ...]] = Field(
        min_length=1,
        max_length=100,
        description="By key within the system: the values that are tried.",
        examples=[{"stages.0.tasks.gammatone.weight": [0, 0.1, 0.2]}],
    )
    seed: Seed = Field(1, description="Seed of all runs of the search.", examples=[1])
    steps: Steps | None = Field(None, description="Steps of a stage in the search. Default: the system's.", examples=[1000])

    @model_validator(mode="after")
    def _grids(self) -> SearchPart:
        for key, values in self.keys.items():
            if not re.fullmatch(r"(stages|training)(\.[A-Za-z0-9_-]+)+|stages|training", key) or len(key) > 200:
                raise ValueError(f"keys: {key[:80]}: expected a key within the system, such as stages.0.tasks.gammatone.weight")
            if len(values) < 2 or len({repr(value) for value in values}) < len(values):
                raise ValueError(f"keys: {key}: expected two different values or more")
            if re.fullmatch(r"(stages|training)(\.\d+(\.tasks(\.[^.]+)?)?)?", key):
                raise ValueError(f"keys: {key}: name one setting, such as stages.0.tasks.gammatone.weight")
            if key in ("training.seed", "training.steps"):
                raise ValueError(f"keys: {key} is the same for all runs; leave it out (steps has a key of its own here)")
            task = task_of_weight(key)
            if task is not None and task not in MAIN_STREAMS and 0 not in values:
                raise ValueError(f"keys: {key}: add 0 to its values, so that the search can drop the task")
        return self


class TakesPart(Part):
    """Second takes of the same prompts in the corpus: their distance is what a score is held against."""

    suffix: str = Field(
        "_alt", min_length=1, max_length=50, description="The second take of recording ID is ID + suffix.", examples=["_alt"]
    )
    pairs: int = Field(
        100, ge=1, le=100_000, description="At most so many are compared, about two seconds each.", examples=[100]
    )


def _for_all(value: Any) -> Any:
    """Return controls as a mapping to their candidates, an empty tuple meaning all: a list, or ``all``, names none."""
    if isinstance(value, Mapping):
        for name, of in value.items():
            if not of:
                raise ValueError(f"{name}: name the candidates that it is a control for, or all")
        return {name: () if of == "all" else [of] if isinstance(of, str) else of for name, of in value.items()}
    if isinstance(value, list | tuple) and all(isinstance(name, str) for name in value):
        return dict.fromkeys(value, ())
    raise ValueError("expected a list of systems, or systems each with the candidates that it is a control for, or all")


def _all_in_words(controls: Mapping[str, tuple[str, ...]]) -> dict[str, Any]:
    """Return controls as a recipe would give them."""
    return {name: list(of) or "all" for name, of in controls.items()}


Controls = tuple[str, ...] | dict[str, str | tuple[str, ...]]


class ComparisonPart(Part):
    """What ``tts compare`` does, where its options do not change it."""

    primary: str = Field("mcd", description="The score that decides.", examples=["mcd"])
    smallest_effect: float | None = Field(
        None,
        ge=0.0,
        description="Smaller differences do not matter; in the primary score's unit. Default: 0.05 dB of the MCD; other scores "
        "need it.",
        examples=[0.05],
    )
    baseline: str | None = Field(
        None, description="What the others are compared with. Default: the system `single`, or the first.", examples=["single"]
    )
    seeds: tuple[Seed, ...] = Field(
        (1, 2, 3, 4, 5),
        min_length=1,
        max_length=1000,
        description="Every system is trained once with each.",
        examples=[[1, 2, 3]],
    )
    systems: tuple[str, ...] = Field(
        (), max_length=1000, description="Systems that are compared. Default: all.", examples=[["single", "stacked"]]
    )
    controls: Annotated[
        dict[str, tuple[str, ...]], BeforeValidator(_for_all, json_schema_input_type=Controls), PlainSerializer(_all_in_words)
    ] = Field(
        {},
        description="Systems that show what else could explain a gain: a list, or each with the candidates that it is a "
        "control for (or all).",
        examples=[["wide"], {"wide": ["stacked"]}],
    )
    ensembles: dict[Name, EnsemblePart] = Field(
        {}, description="Controls of equal budget, by name.", examples=[{"single_x2": {"system": "single", "members": 2}}]
    )
    search: dict[str, SearchPart] = Field({}, description="By system: settings that are chosen on validation.")
    leave_one_out: str | None = Field(
        None,
        description="A system that is compared with itself without each of its auxiliary tasks.",
        examples=["stacked"],
    )
    wer: bool = Field(False, description="Count a recogniser's word errors in the speech of the first seed.", examples=[True])
    judges: bool = Field(
        False,
        description="Ask independent judges of the speech of the first seed (needs the extra judges).",
        examples=[True],
    )
    judged_seeds: Literal["first", "all"] = Field(
        "first",
        description="Whose speech the judges are asked of: the first seed's alone, or every seed's, so that intervals hold "
        "other trainings too.",
        examples=["all"],
    )
    takes: TakesPart | None = Field(None, description="Second takes of the same prompts, as a measure of natural variation.")
    examples: int = Field(3, ge=0, le=1000, description="Test utterances that the report plays and draws.", examples=[3])

    @model_validator(mode="after")
    def _fits(self) -> ComparisonPart:
        if self.smallest_effect is None and self.primary != "mcd":
            raise ValueError(f"smallest_effect: name the smallest difference of {self.primary} that matters, in its unit")
        if len(set(self.seeds)) < len(self.seeds):
            raise ValueError("seeds: expected different numbers")
        return self

    @property
    def threshold(self) -> float:
        """The smallest difference that matters, in the unit of the primary score."""
        return SMALLEST_MCD if self.smallest_effect is None else self.smallest_effect

    def baseline_of(self, systems: Collection[str]) -> str:
        """Return the name of the baseline among a recipe's systems."""
        return self.baseline or ("single" if "single" in systems else next(iter(systems)))


def task_of_weight(key: str) -> str | None:
    """Return the task whose weight a key within a system is, or None: ``stages.0.tasks.mel.weight`` gives ``mel``."""
    match = re.fullmatch(r"stages\.\d+\.tasks\.([^.]+)\.weight", key)
    return match.group(1) if match else None


def comparison_faults(part: ComparisonPart, systems: Mapping[str, Any]) -> Iterator[str]:
    """Yield a sentence for every name of a system that the recipe does not have, or that cannot stand where it does."""
    named = {
        "baseline": (part.baseline,),
        "systems": part.systems,
        "controls": (*(set(part.controls) - set(part.ensembles)), *(name for of in part.controls.values() for name in of)),
        "search": tuple(part.search),
        "leave_one_out": (part.leave_one_out,),
        "ensembles": tuple(ensemble.system for ensemble in part.ensembles.values()),
    }
    for key, names in named.items():
        for name in names:
            if name is not None and name not in systems:
                yield f"comparison.{key}: there is no system {name}; there are {', '.join(systems)}"
    for name in part.ensembles:
        if name in systems:
            yield f"comparison.ensembles: {name}: expected a name that no system has"
    whole = part.leave_one_out
    stages = systems[whole].networks if whole is not None and whole in systems else ()
    if stages and not any(set(stage.tasks) - set(MAIN_STREAMS) for stage in stages):
        yield f"comparison.leave_one_out: {whole} learns no auxiliary task that could be left out"
    trained = {
        part.baseline_of(systems),
        *part.systems,
        *part.controls,
        *(control.system for control in part.ensembles.values()),
    }
    for key, names in (("search", tuple(part.search)), ("leave_one_out", (whole,))):
        for name in names:
            if part.systems and name is not None and name not in trained:
                yield f"comparison.{key}: {name} is not compared; add it to comparison.systems or take it out here"
    if part.baseline_of(systems) in part.controls:
        yield f"comparison.controls: {part.baseline_of(systems)} is the baseline, so it cannot be a control"
    for name, of in part.controls.items():
        for candidate in of:
            if candidate in part.controls or candidate == part.baseline_of(systems):
                yield f"comparison.controls.{name}: {candidate} is no candidate; a control is one for candidates"
            if part.systems and candidate not in part.systems:
                yield f"comparison.controls.{name}: {candidate} is not compared; add it to comparison.systems"
