"""Reading a recipe: finding its file, applying changes, and one clear sentence for everything that is wrong."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from tts.core.errors import UsageError
from tts.core.remote import Remote, is_address, place_of
from tts.core.shipped import shipped_folder
from tts.recipe.explain import Problem, explain
from tts.recipe.overrides import split_change
from tts.recipe.recipe import Recipe
from tts.recipe.training import TrainingPart
from tts.recipe.yaml_file import parse_yaml

MOST_PROBLEMS = 20  # in one message


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
    raise UsageError(
        f"{where}: no recipe there (a YAML file, a folder holding recipe.yaml, or a name under recipes/){there}; "
        "eight lines are enough for a new one: tts recipe docs"
    )


def load_recipe(where: str | Path, changes: Sequence[str] | None = None) -> Recipe:
    """Load and check a recipe; ``changes`` are ``key.sub=value`` strings applied on top, values read as YAML.

    Keys that are left out are filled for 50 minutes of speech; :meth:`Recipe.for_speech` takes another amount. All that
    is wrong is told by one :class:`UsageError`: the file and line or the change, the key, what was expected, what was there.
    """
    path = find_recipe(str(where))
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError:
        raise UsageError(f"{path}: not valid YAML (not UTF-8)") from None
    document = parse_yaml(text, str(path))
    if not isinstance(document.data, dict):
        raise UsageError(f"{path}: a recipe is a mapping of keys to values, for example name: anna")

    def in_file(problem: Problem) -> str:
        line = document.line(problem.place)
        return f"{path}:{line}" if line and problem.place else str(path)

    return _validated(document.data, list(changes or []), in_file)


def check_recipe(data: Mapping[str, Any], where: str) -> Recipe:
    """Return the recipe that plain data describe; all that is wrong is told by one :class:`UsageError` naming ``where``."""
    return _validated(data, [], lambda _: where)


def _validated(data: Mapping[str, Any], changes: list[str], in_file: Callable[[Problem], str]) -> Recipe:
    """Check the file, then it with every change in turn; what a change brings is its fault, and only what is left counts."""
    recipe, problems = _check(data, [])
    blame = {problem: in_file(problem) for problem in problems}
    for number, change in enumerate(changes, 1):
        keys, _ = split_change(change)
        sound = not blame
        recipe, problems = _check(data, changes[:number])
        # A change that mends one fault of the file and so brings another one of it to light is not to blame for it.
        source = {p: f"--set {change}" if sound or _within(p, keys) else in_file(p) for p in problems}
        blame = {problem: blame.get(problem, source[problem]) for problem in problems}
    if recipe is not None:
        return recipe
    lines = [f"{source}: {problem}" for problem, source in blame.items()]
    more = [f"and {len(lines) - MOST_PROBLEMS} more"] if len(lines) > MOST_PROBLEMS else []
    raise UsageError("\n".join([*lines[:MOST_PROBLEMS], *more]))


def _within(problem: Problem, keys: list[str]) -> bool:
    return [str(part) for part in problem.place][: len(keys)] == keys


def _check(data: Mapping[str, Any], changes: list[str]) -> tuple[Recipe | None, list[Problem]]:
    """Return the recipe that data describe, or all that is wrong with them."""
    try:
        recipe = Recipe.model_validate(data, context={"changes": changes})
    except ValidationError as error:
        return None, explain(error, Recipe)
    problems = []
    for name, system in recipe.systems.items():
        try:
            recipe.training_of(system)
        except ValidationError as error:
            problems += explain(error, TrainingPart, ("systems", name, "training"))
    return (None, problems) if problems else (recipe, [])


def corpus_root(recipe: Recipe, recipe_path: Path, given: str | Path | None) -> Path | Remote:
    """Return the folder of recordings: ``--corpus-root``, ``TTS_CORPUS_ROOT``, the recipe's root, or ``data/NAME``.

    All but the last may be addresses.
    """
    if given is not None:
        return place_of(str(given))
    if os.environ.get("TTS_CORPUS_ROOT"):
        return place_of(os.environ["TTS_CORPUS_ROOT"])
    if recipe.corpus.root is not None:
        return (
            Remote(recipe.corpus.root)
            if is_address(recipe.corpus.root)
            else (recipe_path.parent / recipe.corpus.root).resolve()
        )
    return Path("data") / recipe.name
