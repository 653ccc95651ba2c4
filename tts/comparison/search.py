"""Settings chosen on validation, at a cost that is counted.

A search over task weights has zero in its grid, so it may find that a task is best left out (tuned fixed weights match or
beat the adaptive methods: Xin et al. 2022, Kurin et al. 2022).
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

from tts.core.errors import TtsError, UsageError
from tts.recipe import SystemPart, TrainingPart
from tts.recipe.comparison import SearchPart, task_of_weight
from tts.recipe.explain import explain

Point = dict[str, Any]  # a value for every key searched


@dataclass(frozen=True)
class Outcome:
    """What was tried, in order, each with its validation loss (None: diverged), and what was chosen."""

    tried: list[tuple[Point, float | None]]
    chosen: Point


def search(part: SearchPart, start: Point, losses: Callable[[Sequence[Point]], list[float | None]]) -> Outcome:
    """Return the best of all points tried: the smallest of what ``losses`` returns for points, the first one among equals.

    ``losses`` is asked for several points at once, so that they can be trained side by side, and never twice for one. The
    search by coordinate begins at ``start``, which is tried too, and goes on from the best point so far. Raises
    :class:`TtsError` where nothing could be trained.
    """
    known: dict[tuple[Any, ...], tuple[Point, float | None]] = {}

    def best_with(points: list[Point]) -> Point:
        fresh = {_key(point): point for point in points[::-1] if _key(point) not in known}  # the first of equal ones
        asked = [point for point in points if fresh.get(_key(point)) is point]
        for point, loss in zip(asked, losses(asked), strict=True):
            known[_key(point)] = point, loss
        ranked = [(loss, point) for point, loss in known.values() if loss is not None]
        if not ranked:
            raise TtsError("the search found nothing: every run diverged or failed; lower learning_rate")
        return min(ranked, key=lambda entry: entry[0])[1]

    if part.method == "grid":
        best = best_with([dict(zip(part.keys, values, strict=True)) for values in itertools.product(*part.keys.values())])
    else:
        best = {key: start[key] for key in part.keys}
        for number, (key, values) in enumerate(part.keys.items()):
            best = best_with([*([best] if number == 0 else []), *({**best, key: value} for value in values)])
    return Outcome(list(known.values()), best)


def _key(point: Point) -> tuple[Any, ...]:
    """Return what is equal for equal points: 0 is 0.0, but not False."""
    return tuple(
        (name, isinstance(value, bool), value if isinstance(value, int | float | str) else repr(value))
        for name, value in point.items()
    )


def start_of(part: SearchPart, system: SystemPart, name: str, training: TrainingPart) -> Point:
    """Return where a search begins: the values of the recipe, as the grid writes them where they are in it.

    ``training`` are the settings that the system trains with, its own and the recipe's.
    """
    start: Point = {}
    settings = training.model_dump(mode="json")
    for key, grid in part.keys.items():
        value = value_at(system, key, name)
        if value is None and key.startswith("training."):
            value = settings
            for place in key.split(".")[1:]:
                value = value.get(place) if isinstance(value, Mapping) else None
        start[key] = next(
            (listed for listed in grid if listed == value and isinstance(listed, bool) == isinstance(value, bool)), value
        )
    return start


def runs_at_most(part: SearchPart, start: Point) -> int:
    """Return how many runs a search takes at most, that of the start included."""
    if part.method == "grid":
        return math.prod(len(values) for values in part.keys.values())
    return 1 + sum(len(values) - (start[key] in values) for key, values in part.keys.items())


def edges(part: SearchPart, chosen: Point) -> list[str]:
    """Say of which keys the chosen value is the end of its grid, where a better one may lie beyond.

    The zero of a task's weight is an end of another kind: there is nothing beyond it.
    """
    sentences = []
    for key, values in part.keys.items():
        numbers = [value for value in values if isinstance(value, int | float) and not isinstance(value, bool)]
        value = chosen[key]
        if len(numbers) == len(values) and value in (min(numbers), max(numbers)):
            if value == 0 and value == min(numbers) and task_of_weight(key):
                continue
            sentences.append(f"{key} = {value:g} is the {'largest' if value == max(numbers) else 'smallest'} value tried")
    return sentences


def value_at(system: SystemPart, key: str, name: str) -> Any:
    """Return the value of a key such as ``stages.0.trunk.dropout``; one that is not there raises :class:`UsageError`.

    A key of ``training`` that the system does not set itself reads as None: it has the recipe's.
    """
    place: Any = system.model_dump(mode="json")
    for number, part in enumerate(key.split(".")):
        if isinstance(place, list) and part.isdigit() and int(part) < len(place):
            place = place[int(part)]
        elif isinstance(place, dict) and part in place:
            place = place[part]
        elif key.startswith("training.") and number > 0:
            return None
        else:
            there = (
                ", ".join(place) if isinstance(place, dict) else f"0..{len(place) - 1}" if isinstance(place, list) else "none"
            )
            raise UsageError(f"comparison.search.{name}: {key}: {part} is not there; there are {there}")
    return place


def with_settings(system: SystemPart, settings: Point, name: str) -> SystemPart:
    """Return a system with values put at keys; a value that a recipe could not have raises :class:`UsageError`."""
    data = system.model_dump(mode="json")
    for key, value in settings.items():
        if value is None and key.startswith("training."):
            continue  # a setting that the recipe leaves out
        value_at(system, key, name)
        *parents, last = key.split(".")
        place: Any = data
        for parent in parents:
            place = place[int(parent)] if isinstance(place, list) else place.setdefault(parent, {})
        if isinstance(place, list):
            place[int(last)] = value
        else:
            place[last] = value
    try:
        return SystemPart.model_validate(data)
    except ValidationError as error:
        tried = ", ".join(f"{key} = {value}" for key, value in settings.items())
        raise UsageError(
            f"comparison.search.{name}: with {tried}, {explain(error, SystemPart, ('systems', name))[0]}"
        ) from None
