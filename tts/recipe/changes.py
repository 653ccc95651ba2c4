"""Changes: which systems ``--set`` reaches, and what differs from the recipe that a voice was trained with."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from tts.core.errors import UsageError
from tts.recipe.recipe import Recipe, with_own
from tts.recipe.yaml_file import parse_yaml

WHOLE = ("tasks", "options", "start", "stop")  # mappings whose keys are the user's, so that a missing one says something


def check_changes(recipe: Recipe, changes: Iterable[str], systems: Sequence[str], seeds: str = "") -> list[str]:
    """Return what to say of changes (``training.steps=9``) that reach only some of ``systems``: others have their own setting.

    ``recipe`` has the changes applied; ``systems`` are those that are to be trained. ``seeds`` says what sets the seeds where
    that is not the recipe's training. Raises :class:`UsageError` for a change that reaches none of them.
    """
    whole = recipe.training.model_dump()
    notes = []
    for change in changes:
        key, _, value = change.partition("=")
        first, *rest = key.strip().split(".")
        if first != "training":
            continue
        for place in _places(tuple(rest), parse_yaml(value, f"--set {change}").data):
            if seeds and place == ("seed",):
                raise UsageError(f"training.seed: does nothing here; the seeds are {seeds}")
            hidden = [name for name in systems if _hides(recipe, name, place, _at(whole, place))]
            reached = [name for name in systems if name not in hidden]
            setting, which = f"training.{'.'.join(place)}", "has its" if len(hidden) == 1 else "have their"
            if hidden and not reached:
                raise UsageError(
                    f"{setting}: does nothing to {', '.join(hidden)}, which {which} own; change systems.{hidden[0]}.training "
                    "instead"
                )
            if place == ("steps",):
                notes += [
                    f"training.steps: {name} is trained for {2 * _at(whole, place):,} steps, twice as many, since it is one "
                    "network where the recipe's stack is two"
                    for name in reached
                    if recipe.doubles_steps(name)
                ]
            if hidden:
                notes.append(f"{setting}: changes {', '.join(reached)}, not {', '.join(hidden)}, which {which} own")
    return notes


def _hides(recipe: Recipe, name: str, place: tuple[str, ...], asked: Any) -> bool:
    system = recipe.systems[name]
    if place == ("steps",) and recipe.doubles_steps(name):
        return False
    timed = place[2:] and place[:2] in (("weighting", "start"), ("weighting", "stop"))
    if timed and not any(place[2] in stage.tasks for stage in system.networks):
        return False  # the time of a task that it does not learn
    return bool(_at(recipe.training_of(system).model_dump(), place) != asked)


def _places(place: tuple[str, ...], value: Any) -> Iterator[tuple[str, ...]]:
    """Yield where a value goes, key by key where it is a mapping."""
    if isinstance(value, Mapping) and value:
        for key, inner in value.items():
            yield from _places((*place, str(key)), inner)
    else:
        yield place


def _at(data: Any, place: tuple[str, ...]) -> Any:
    for key in place:
        data = data.get(key) if isinstance(data, Mapping) else None
    return data


def changed_keys(before: Mapping[str, Any], after: Recipe, system: str) -> list[str]:
    """Return the settings in which a voice's recorded recipe (``run.json``) differs from what it is now: key, was, is.

    Nothing where the record is one of an earlier version, which may lack anything.
    """
    try:
        return _changed_keys(before, after, system)
    except (KeyError, TypeError, AttributeError):
        return []


def _changed_keys(before: Mapping[str, Any], after: Recipe, system: str) -> list[str]:
    then = before["recipe"]
    now = after.model_dump(mode="json")
    was, of = then["systems"][before["system"]], now["systems"][system]
    pairs = [
        ("training", with_own(then["training"], was["training"]), with_own(now["training"], of["training"])),
        ("duration", then.get("duration"), now["duration"]),
        ("generation", then.get("generation"), now["generation"]),
        *((f"systems.{system}.{key}", was.get(key), of.get(key)) for key in ("speakers", "transfer", "stages")),
    ]
    return [text for key, a, b in pairs for text in _differences(key, a, b)]


def _differences(key: str, a: Any, b: Any) -> list[str]:
    if isinstance(a, Mapping) and isinstance(b, Mapping):
        # A key of the recipe's that only one side has was added to the recipes since.
        names = [name for name in {**a, **b} if (name in a and name in b) or key.rpartition(".")[2] in WHOLE]
        return [text for name in names for text in _differences(f"{key}.{name}", a.get(name), b.get(name))]
    if isinstance(a, list) and isinstance(b, list) and (len(a) == len(b) or key.endswith(".stages")):
        if len(a) != len(b):
            return [f"{key} were {len(a)} and are {len(b)}"]
        return [text for number, (x, y) in enumerate(zip(a, b, strict=True)) for text in _differences(f"{key}.{number}", x, y)]
    return [] if a == b else [f"{key} was {_short(a)} and is {_short(b)}"]


def _short(value: Any) -> str:
    return "absent" if value is None else text if len(text := str(value)) <= 60 else f"{text[:57]}..."
