"""What is wrong with a recipe, in words: the key, what may stand there with an example, and what was there."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from tts.recipe.describe import Slot, allowed, example, field_slot, inner_slots, models_in, shown
from tts.recipe.recipe import Recipe
from tts.recipe.words import close_names


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong: where it is by the keys and indices that lead to it, and the sentence about it."""

    place: tuple[str | int, ...]
    message: str

    def __str__(self) -> str:
        where = ".".join(str(part) for part in self.place)
        return f"{where}: {self.message}" if where else self.message


def explain(error: ValidationError, model: type[BaseModel], prefix: tuple[str | int, ...] = ()) -> list[Problem]:
    """Return what is wrong, each thing once, in the order of the keys.

    ``model`` is what was validated, and ``prefix`` are the keys of the recipe that lead to it.
    """
    problems: dict[Problem, None] = {}
    located = [(_locate(model, details), details) for details in _without_echoes(error.errors())]
    unions: dict[tuple[str | int, ...], list[tuple[_Located, ErrorDetails]]] = {}
    for where, details in located:
        if where.union is None:
            for sentence in _sentence(where, details).split("\n"):
                problems[_problem(prefix, where.place, sentence, details)] = None
        else:
            unions.setdefault(where.union, []).append((where, details))
    for place, members in unions.items():
        for where, details in _best(members):
            at = where.place if details["type"] == "extra_forbidden" or len(where.place) > len(place) else place
            problems[_problem(prefix, at, _sentence(where, details), details)] = None
    return list(problems)


def _without_echoes(errors: list[ErrorDetails]) -> Iterator[ErrorDetails]:
    """Yield errors but those that say a list is too short because what is in it is wrong."""
    places = [details["loc"] for details in errors]
    for details in errors:
        at = details["loc"]
        if details["type"] != "too_short" or not any(len(loc) > len(at) and loc[: len(at)] == at for loc in places):
            yield details


_KEYS_FIRST = re.compile(r"([A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+)*): (.+)", re.DOTALL)


def _problem(prefix: tuple[str | int, ...], place: tuple[str | int, ...], message: str, details: ErrorDetails) -> Problem:
    """Return a problem; where a model's own check begins its message with one of its keys, that is where the problem is."""
    split = _KEYS_FIRST.fullmatch(message) if details["type"] == "value_error" else None
    given = details.get("input")
    if split is not None and isinstance(given, Mapping) and split.group(1).split(".")[0] in given:
        return Problem((*prefix, *place, *split.group(1).split(".")), split.group(2))
    return Problem((*prefix, *place), message)


@dataclass(frozen=True)
class _Located:
    """Where an error is: the user's keys, what may stand there, the place of its union, the model it is a key of."""

    place: tuple[str | int, ...]
    slot: Slot | None
    union: tuple[str | int, ...] | None
    model: type[BaseModel] | None


def _locate(model: type[BaseModel], details: ErrorDetails) -> _Located:
    """Follow pydantic's location, which has a name of its own for every member of a union, through the models."""
    place: list[str | int] = []
    union: tuple[str | int, ...] | None = None
    slot: Slot | None = Slot(model)
    owner: type[BaseModel] | None = None
    outer: Slot | None = None
    above: Slot | None = None
    for part in details["loc"]:
        step = _step(slot, part) if slot is not None else None
        if step is None:  # the tag of a union's member, or a key that is not known
            if details["type"] == "extra_forbidden" and part == details["loc"][-1]:
                place.append(part)
                owner = _model(slot)
                continue
            if union is None and not _told_apart(slot):
                union, outer = tuple(place), slot
            slot = _member(slot, str(part))
            continue
        owner, above, slot = _model(slot), slot, step
        place.append(part)
    if union is not None and len(place) == len(union):
        slot = outer
    if details["type"] == "missing" and place and isinstance(place[-1], int):  # a list of two that has one
        del place[-1]
        slot = above
    return _Located(tuple(place), slot, union, owner)


def _step(slot: Slot, part: str | int) -> Slot | None:
    model = _model(slot)
    if model is not None:
        info = model.model_fields.get(str(part))
        return field_slot(info) if info is not None else None
    return next((inner for inner in inner_slots(slot, part)), None)


def _model(slot: Slot | None) -> type[BaseModel] | None:
    kind = slot.type if slot is not None else None
    return kind if isinstance(kind, type) and issubclass(kind, BaseModel) else None


def _told_apart(slot: Slot | None) -> bool:
    """Return whether the members of a union are parts told apart by their ``kind``, so that errors are of one of them alone."""
    members = slot.members if slot is not None else ()
    models = [model for member in members if (model := _model(member)) is not None]
    return len(models) == len(members) > 1 and sum("kind" not in model.model_fields for model in models) <= 1


def _member(slot: Slot | None, tag: str) -> Slot | None:
    """Return the member of a union that pydantic calls ``tag``, where it is a model."""
    for member in models_in(slot) if slot is not None else ():
        kind = member.model_fields.get("kind")
        if member.__name__ == tag or (kind is not None and kind.default == tag):
            return Slot(member)
    return None


def _best(members: list[tuple[_Located, ErrorDetails]]) -> Iterator[tuple[_Located, ErrorDetails]]:
    """Yield of a union's errors those within the member that was meant: the one that got further in; or the first alone."""
    place = members[0][0].union or ()
    deeper = [item for item in members if len(item[0].place) > len(place)]
    yield from deeper or members[:1]


_OWN_WORDS = {"value_error", "assertion_error"}


def _sentence(where: _Located, details: ErrorDetails) -> str:
    kind, got = details["type"], details.get("input")
    if kind == "extra_forbidden":
        return _unknown(where)
    if kind == "missing" and not isinstance(details["loc"][-1], int):
        return f"this key is required{_wanted(where.slot, ': expected ')}"
    if kind in _OWN_WORDS:
        message = details["msg"].removeprefix("Value error, ")
        if not message.startswith("expected"):
            return message
        return f"{message}{_as_in(where.slot, message)}; got {shown(got)}"
    if kind == "finite_number":
        return f"expected a finite number; got {shown(got)}"
    if kind in ("too_long", "string_too_long"):
        context = details.get("ctx", {})
        what = "characters" if kind == "string_too_long" else "values"
        return f"expected at most {context.get('max_length')} {what}; got {context.get('actual_length') or len(got)}"
    if where.slot is None:
        message = details["msg"]
        return f"{message[0].lower()}{message[1:]}; got {shown(got)}"
    close = ""
    choices = where.slot.choices
    if isinstance(got, str) and choices:
        near = difflib.get_close_matches(got, choices, n=1)
        close = f"; did you mean {near[0]}?" if near else ""
    return f"{_wanted(where.slot, 'expected ')}; got {shown(got)}{close}"


def _wanted(slot: Slot | None, lead: str) -> str:
    return f"{lead}{allowed(slot)}{_as_in(slot, '')}" if slot is not None else ""


def _as_in(slot: Slot | None, message: str) -> str:
    text = example(slot) if slot is not None else ""
    return f", for example {text}" if text and "for example" not in message else ""


def _unknown(where: _Located) -> str:
    name = str(where.place[-1])
    homes = [home for home in _homes(name) if home.split(".")[:-1] != [str(part) for part in where.place[:-1]]]
    siblings = list(where.model.model_fields) if where.model is not None else []
    if homes:
        return f"unknown key here; did you mean {homes[0]}?"
    return f"unknown key, {close_names(name, siblings)}"


def _homes(name: str) -> list[str]:
    """Return where in a recipe a key of this name belongs, no deeper than two levels."""
    homes = [name] if name in Recipe.model_fields else []
    for part, info in Recipe.model_fields.items():
        model = _model(field_slot(info))
        if model is not None and name in model.model_fields:
            homes.append(f"{part}.{name}")
    return homes
