"""Runs of like networks put together, to be trained as one batched model."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tts.comparison.worker import TrainingJob
from tts.recipe import Recipe
from tts.training.members import stage_problems, structure
from tts.training.phases import trains_jointly


def gathered(jobs: Sequence[TrainingJob], most: int) -> tuple[list[TrainingJob], dict[str, str]]:
    """Put up to ``most`` jobs whose networks are alike beside one another; the answer is in the order of the first of each.

    The second answer says of systems whose runs stay alone why they do.
    """
    alone: dict[str, str] = {}
    groups: dict[Any, list[list[TrainingJob]]] = {}
    order: list[list[TrainingJob]] = []
    for job in jobs:
        problems = [] if job.members else batching_problems(job.recipe, job.system)
        if problems:
            alone[job.system] = problems[0]
        batches = groups.setdefault(object() if job.members or problems else likeness(job.recipe, job.system), [])
        if not batches or len(batches[-1]) == most:
            batches.append([])
            order.append(batches[-1])
        batches[-1].append(job)
    return [first.model_copy(update={"beside": tuple(rest)}) for first, *rest in order], alone


def batching_problems(recipe: Recipe, system_name: str) -> list[str]:
    """Return why a system's runs cannot be trained as one batched model; nothing where they can."""
    system = recipe.system(system_name)
    settings = recipe.training_of(system)
    problems = [problem for stage in system.networks for problem in stage_problems(stage, settings)]
    if trains_jointly(system.networks, settings):
        problems.append("its stages are trained as one network (stacking)")
    if recipe.corpus.several:
        problems.append("it has several speakers")
    return list(dict.fromkeys(problems))


def likeness(recipe: Recipe, system_name: str) -> tuple[Any, ...]:
    """Return what systems have in common whose networks take steps of one shape."""
    system = recipe.system(system_name)
    return (*(structure(stage) for stage in system.networks), recipe.training_of(system).batch)
