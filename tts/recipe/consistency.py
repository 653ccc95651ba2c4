"""What is wrong between the keys of a recipe, all of it: names that are not there, systems that cannot be."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from pydantic import ValidationError

from tts.recipe.base import MAIN_STREAMS
from tts.recipe.comparison import comparison_faults
from tts.recipe.network import check_stages
from tts.recipe.stages import order_faults
from tts.recipe.transfer import BORROWED, borrows
from tts.recipe.words import not_there

if TYPE_CHECKING:
    from tts.recipe.parts import GenerationPart
    from tts.recipe.recipe import Recipe, SystemPart
    from tts.recipe.training import DurationPart


def faults(recipe: Recipe) -> Iterator[str]:
    """Yield a sentence for every fault; it begins with the key where that is known."""
    yield from _speaker_faults(recipe)
    if recipe.text.source == "labels" and recipe.alignment.labels is None:
        yield "text.source: labels are read from the folder alignment.labels, which is not named"
    if not _is_english(recipe):
        for key, used in (("text.prominence", recipe.text.prominence), ("tasks.prominence", "prominence" in recipe.tasks)):
            if used:
                yield f"{key}: is known of English words, and the corpus's language is {recipe.corpus.language}; leave it out"
    if recipe.alignment.phone_names != "ipa" and recipe.alignment.labels is None:
        yield "alignment.phone_names: there are no label files (alignment.labels) whose phones could have names; leave it out"
    for name, system in recipe.systems.items():
        yield from _system_faults(name, system, {*MAIN_STREAMS, *recipe.tasks})
        yield from _edit_faults(name, system, recipe.generation)
        yield from _duration_faults(name, recipe, system)
        yield from _prominence_faults(name, recipe, system)
    learnt = {task for system in recipe.systems.values() for stage in system.networks for task in stage.tasks}
    for task in {**recipe.training.weighting.start, **recipe.training.weighting.stop}:
        if task not in learnt:
            yield f"training.weighting: no system learns {task}, which {not_there(task, learnt)}"
    yield from _unknown_tasks("duration.tasks", recipe.duration, recipe)
    yield from comparison_faults(recipe.comparison, recipe.systems)


def _speaker_faults(recipe: Recipe) -> Iterator[str]:
    names = recipe.corpus.names
    for speaker in recipe.split.limit:
        if names and speaker not in names:
            yield f"split.limit: {speaker} {not_there(speaker, [*names])}"
    if recipe.corpus.several:
        return
    for name, system in recipe.systems.items():
        if system.speakers is not None:
            yield f"systems.{name}.speakers: the corpus has one speaker; leave it out"
    if "speaker" in recipe.tasks:
        yield "tasks.speaker: the corpus has one speaker, there is nothing to tell apart; leave it out"


def _system_faults(name: str, system: SystemPart, known: set[str]) -> Iterator[str]:
    place, networks = f"systems.{name}", system.networks
    wrong = list(order_faults(system.stages))
    yield from (f"{place}: {fault}" for fault in wrong)
    if wrong:
        return
    for number, stage in enumerate(networks, 1):
        for task in stage.tasks:
            if task not in known:
                yield f"{place}: stage {number} learns {task}, which {not_there(task, known)}"
        if "vuv" in stage.tasks and stage.tasks["vuv"].emphasis:
            yield f"{place}: stage {number}: vuv has one dimension, so no emphasis"
    try:
        check_stages(networks if not borrows(system.transfer) else (BORROWED, *networks))
    except ValueError as error:
        yield f"{place}: {error}"
    if len(networks) == 1 and system.training.get("cross_fit"):
        yield f"{place}.training.cross_fit: one stage has no bottleneck that another reads; leave it out"
    if len(networks) == 1 and system.training.get("stacking", "greedy") != "greedy":
        yield f"{place}.training.stacking: one stage has none to be trained with; leave it out"
    last = networks[-1].tasks
    missing = [stream for stream in MAIN_STREAMS if stream not in last or last[stream].weight == 0.0]
    if missing:
        yield f"{place}: the last stage must learn {', '.join(missing)}, it is what speaks"


def _unknown_tasks(place: str, part: DurationPart, recipe: Recipe) -> Iterator[str]:
    """Yield the tasks of a duration model that the recipe does not have."""
    for task in part.tasks:
        if task != "duration" and task not in recipe.tasks:
            yield f"{place}: {task} {not_there(task, {'duration', *recipe.tasks})}"


def _duration_faults(name: str, recipe: Recipe, system: SystemPart) -> Iterator[str]:
    """Yield what is wrong with a system's duration model where it has keys of its own, and with what is read of it."""
    place = f"systems.{name}.duration"
    try:
        part = recipe.duration_of(system)
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join((place, *map(str, first["loc"])))
        yield f"{key}: {first['msg'].removeprefix('Value error, ')}"
        return
    if system.duration:
        yield from _unknown_tasks(f"{place}.tasks", part, recipe)
    yield from _prosody_faults(name, system, {*part.tasks} - {"duration"})


def _prominence_faults(name: str, recipe: Recipe, system: SystemPart) -> Iterator[str]:
    """Yield why a system cannot read prominence that the corpus was not prepared with."""
    if not system.prominence:
        return
    place, text = f"systems.{name}.prominence", recipe.text
    if not _is_english(recipe):
        yield f"{place}: is known of English words, and the corpus's language is {recipe.corpus.language}; leave it out"
    for key, value in (("questions", text.questions), ("engine", text.engine == "phones"), ("source", text.source == "labels")):
        if value:
            yield f"{place}: is predicted from the words of a text, so not with text.{key}: {getattr(text, key)}"


def _is_english(recipe: Recipe) -> bool:
    return recipe.corpus.language.lower().replace("_", "-").split("-")[0] == "en"


def _prosody_faults(name: str, system: SystemPart, learnt: set[str]) -> Iterator[str]:
    """Yield what of a system's prosody the duration model, which learns these tasks beside durations, cannot tell it."""
    if len(set(system.prosody)) < len(system.prosody):
        yield f"systems.{name}.prosody: names a task twice"
    for task in system.prosody:
        if task not in learnt:
            yield f"systems.{name}.prosody: {task} {not_there(task, learnt)}; the duration model learns it by duration.tasks"


def _edit_faults(name: str, system: SystemPart, generation: GenerationPart) -> Iterator[str]:
    """Yield what keeps an edit from reading what it learns from: trajectories whose variance was scaled."""
    if system.edit is None:
        return
    if generation.post_filter != "variance" or generation.strength == 0.0:
        yield (
            f"generation.post_filter: is {generation.post_filter} at strength {generation.strength:g}, and systems.{name} has "
            "an edit of trajectories whose variance was scaled; use variance with a strength above 0"
        )
