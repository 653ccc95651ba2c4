"""Settings chosen on validation, at a cost that is counted.

A search over task weights has zero in its grid, so it may find that a task is best left out (tuned fixed weights match or
beat the adaptive methods: Xin et al. 2022, Kurin et al. 2022).
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

from tts.core.errors import TtsError, UsageError
from tts.recipe import SystemPart
from tts.recipe.comparison import SearchPart, task_of_weight
from tts.recipe.explain import explain

Point = dict[str, Any]  # a value for every key searched


@dataclass(frozen=True)
class Outcome:
    """What was tried, in order, each with its validation loss (None: diverged), and what was chosen."""

    tried: list[tuple[Point, float | None]]
    chosen: Point


def search(part: SearchPart, start: Point, losses: Callable[[Sequence[Point]], list[float | None]]) -> Outcome:
    """Return the best point of the grid: the smallest of what ``losses`` returns for points, the first one among equals.

    ``losses`` is asked for several points at once, so that they can be trained side by side, and never twice for one. ``start``
    is where the search by coordinate begins. Raises :class:`TtsError` where nothing could be trained.
    """
    known: dict[str, tuple[Point, float | None]] = {}

    def best_of(points: list[Point]) -> Point:
        fresh = [point for point in points if repr(point) not in known]
        for point, loss in zip(fresh, losses(fresh), strict=True):
            known[repr(point)] = point, loss
        ranked = [(loss, point) for point in points if (loss := known[repr(point)][1]) is not None]
        if not ranked:
            raise TtsError("the search found nothing: every run diverged or failed; lower learning_rate")
        return min(ranked, key=lambda entry: entry[0])[1]

    if part.method == "grid":
        best = best_of([dict(zip(part.keys, values, strict=True)) for values in itertools.product(*part.keys.values())])
    else:
        best = {key: start[key] for key in part.keys}
        for key, values in part.keys.items():
            best = best_of([{**best, key: value} for value in values])
    return Outcome(list(known.values()), best)


def runs_at_most(part: SearchPart) -> int:
    """Return how many runs a search takes at most."""
    sizes = [len(values) for values in part.keys.values()]
    if part.method == "coordinate":
        return sum(sizes)
    product = 1
    for size in sizes:
        product *= size
    return product


def edges(part: SearchPart, chosen: Point) -> list[str]:
    """Say of which keys the chosen value is the end of its grid, where a better one may lie beyond.

    The zero of a task's weight is an end of another kind: there is nothing beyond it.
    """
    found = []
    for key, values in part.keys.items():
        numbers = [value for value in values if isinstance(value, int | float) and not isinstance(value, bool)]
        value = chosen[key]
        if len(numbers) == len(values) and value in (min(numbers), max(numbers)):
            if value == 0 and value == min(numbers) and task_of_weight(key):
                continue
            found.append(f"{key} = {value:g} is the {'largest' if value == max(numbers) else 'smallest'} value tried")
    return found


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
            continue  # the start of a search: the recipe's own
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
