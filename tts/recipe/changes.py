"""What changed between the recipe that a voice was trained with and the recipe of now."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tts.recipe.recipe import Recipe, with_own


def changed_keys(before: Mapping[str, Any], after: Recipe, system: str) -> list[str]:
    """Return the settings in which a voice's recorded recipe (``run.json``) differs from what it is now: key, was, is."""
    then = before["recipe"]
    now = after.model_dump(mode="json")
    was, of = then["systems"][before["system"]], now["systems"][system]
    pairs = [
        ("training", with_own(then["training"], was["training"]), with_own(now["training"], of["training"])),
        ("duration", then["duration"], now["duration"]),
        ("generation", then["generation"], now["generation"]),
        *((f"systems.{system}.{key}", was.get(key), of.get(key)) for key in ("speakers", "transfer", "stages")),
    ]
    return [text for key, a, b in pairs for text in _differences(key, a, b)]


def _differences(key: str, a: Any, b: Any) -> list[str]:
    if isinstance(a, dict) and isinstance(b, dict):
        # A key that only one side has was added to the recipes since, or is a task.
        names = [name for name in {**a, **b} if (name in a and name in b) or key.endswith("tasks")]
        return [text for name in names for text in _differences(f"{key}.{name}", a.get(name), b.get(name))]
    if isinstance(a, list) and isinstance(b, list) and len(a) == len(b):
        return [text for number, (x, y) in enumerate(zip(a, b, strict=True)) for text in _differences(f"{key}.{number}", x, y)]
    return [] if a == b else [f"{key} was {_short(a)} and is {_short(b)}"]


def _short(value: Any) -> str:
    return "absent" if value is None else text if len(text := str(value)) <= 40 else "other"
