"""Reading a recipe: finding its file, applying changes, and one clear sentence for whatever is wrong."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import yaml
from pydantic import BaseModel, ValidationError

from tts.core.errors import UsageError
from tts.core.shipped import shipped_folder
from tts.recipe.recipe import Recipe, close_names


def find_recipe(where: str) -> Path:
    """Return the YAML file of a recipe given as a file, a folder holding ``recipe.yaml``, or a name.

    A name is looked up under ``recipes/`` in the current folder, then among those that travel with the package.
    """
    shelves = (Path("recipes"), shipped_folder("recipes"))
    for candidate in (Path(where), Path(where) / "recipe.yaml", *(shelf / where / "recipe.yaml" for shelf in shelves)):
        if candidate.is_file():
            return candidate
    known = sorted({path.parent.name for shelf in shelves for path in shelf.glob("*/recipe.yaml")})
    there = f"; recipes here: {', '.join(known)}" if known else ""
    raise UsageError(f"{where}: no recipe there (a YAML file, a folder holding recipe.yaml, or a name under recipes/){there}")


def load_recipe(where: str | Path, changes: list[str] | None = None) -> Recipe:
    """Load and check a recipe; ``changes`` are ``key.sub=value`` strings applied on top, values read as YAML.

    Anything wrong raises :class:`UsageError` with the file or the change, the key and what was expected.
    """
    path = find_recipe(str(where))
    try:
        data = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise UsageError(f"{path}: not valid YAML ({' '.join(str(error).split())})") from None
    if not isinstance(data, dict):
        raise UsageError(f"{path}: a recipe is a mapping of keys to values")
    steps = [_unshared(data)]  # the recipe after every change
    for change in changes or []:
        steps.append(_unshared(steps[-1]))
        _apply(steps[-1], change)
    found = _check(steps[-1])
    if isinstance(found, Recipe):
        return found
    blamed = len(steps) - 1  # the change that brought this fault; 0: the file
    while blamed and _check(steps[blamed - 1]) == found:
        blamed -= 1
    change = (changes or [])[blamed - 1] if blamed else ""
    key, place = change.partition("=")[0], found.partition(":")[0]
    # A change that mends one fault of the file and so brings another one of it to light is not to blame.
    own = bool(change) and (isinstance(_check(steps[blamed - 1]), Recipe) or f"{place}.".startswith(f"{key}."))
    raise UsageError(f"{f'--set {change}' if own else path}: {found}")


def _check(data: dict[str, Any]) -> Recipe | str:
    """Return the recipe that data describe, or what is wrong with them."""
    try:
        recipe = Recipe.model_validate(data)
    except ValidationError as error:
        return explain(error)
    for name, system in recipe.systems.items():
        try:
            recipe.training_of(system)
        except ValidationError as error:
            return explain(error, ("systems", name, "training"))
    return recipe


def _unshared(data: Any) -> Any:
    """Return YAML data in which what an alias stands for is a copy, so that a change in one place changes one place."""
    if isinstance(data, dict):
        return {key: _unshared(value) for key, value in data.items()}
    return [_unshared(value) for value in data] if isinstance(data, list) else data


def _apply(data: dict[str, Any], change: str) -> None:
    key, equals, value = change.partition("=")
    if not equals or not all(key.split(".")):
        raise UsageError(f"--set {change}: expected key.sub=value, for example training.steps=2000")
    *parents, last = key.split(".")
    place: Any = data
    for parent in parents:
        if isinstance(place, list) and parent.isdigit() and int(parent) < len(place):
            place = place[int(parent)]
        elif isinstance(place, dict):
            place = place.setdefault(parent, {})
        else:
            raise UsageError(f"--set {change}: {parent} is not a group of keys")
    try:
        new = yaml.safe_load(value)
    except yaml.YAMLError:
        raise UsageError(f"--set {change}: the value is not valid YAML") from None
    if isinstance(place, list) and last.isdigit() and int(last) < len(place):
        place[int(last)] = new
    elif isinstance(place, dict):
        place[last] = new
    else:
        raise UsageError(f"--set {change}: {last} is not a key there")


WORDS = {  # where pydantic would speak of its own types
    "missing": "this key is required",
    "tuple_type": "expected a list, for example [1, 2]",
    "dict_type": "expected keys with values",
    "model_type": "expected keys with values",
    "too_short": "expected at least {min_length}, found {actual_length}",
}


def explain(error: ValidationError, prefix: tuple[str, ...] = ()) -> str:
    """Return one sentence on the first fault: its key, that of what was checked in front of it, and what was expected."""
    first = error.errors()[0]
    place = ".".join(str(part) for part in (*prefix, *first["loc"]))
    if first["type"] == "extra_forbidden":
        above = (*prefix, *first["loc"][:-1])
        # A system's own training is a mapping to pydantic; its keys are those of the recipe's.
        siblings = _fields_at(("training", *above[3:])) if above[2:3] == ("training",) else _fields_at(above)
        return f"{place}: unknown key, {close_names(str(first['loc'][-1]), siblings)}"
    if first["type"] in WORDS:
        return f"{place}: {WORDS[first['type']].format(**first.get('ctx', {}))}"
    message = first["msg"].removeprefix("Value error, ")
    return f"{place}: {message[0].lower() + message[1:]}" if place else message


def _fields_at(location: tuple[int | str, ...]) -> list[str]:
    """Names of the keys allowed at a place in a recipe."""
    model: Any = Recipe
    for part in location:
        if isinstance(part, int):
            continue
        annotation = model.model_fields[part].annotation if part in getattr(model, "model_fields", {}) else None
        found = _model_in(annotation)
        model = found or model
    return list(model.model_fields)


def _model_in(annotation: Any) -> Any:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    for inner in getattr(annotation, "__args__", ()):
        found = _model_in(inner)
        if found:
            return found
    return None


def corpus_root(recipe: Recipe, recipe_path: Path, given: Path | None) -> Path:
    """Return the folder of recordings: ``--corpus-root``, ``TTS_CORPUS_ROOT``, the recipe's root, or ``data/NAME``."""
    if given is not None:
        return given
    if os.environ.get("TTS_CORPUS_ROOT"):
        return Path(os.environ["TTS_CORPUS_ROOT"])
    if recipe.corpus.root is not None:
        return (recipe_path.parent / recipe.corpus.root).resolve()
    return Path("data") / recipe.name
