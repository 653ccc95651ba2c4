"""The recipe's JSON schema, for editors that check and complete YAML as it is written."""

from __future__ import annotations

from typing import Any

from tts.recipe.recipe import Recipe

DIALECT = "https://json-schema.org/draft/2020-12/schema"


def recipe_schema() -> dict[str, Any]:
    """Return the JSON schema of a recipe as a user writes it: keys with a default are optional, those that are filled too.

    What depends on several keys at once, such as a stage that reads a bottleneck, is not in it.
    """
    schema = {"$schema": DIALECT, **Recipe.model_json_schema(mode="validation")}
    schema["title"] = "stacked-tts recipe"
    _tidy(schema)
    return schema


def _tidy(node: Any) -> None:
    """Take out what is for ``docs/recipe.md`` alone, and the need for keys that are filled where they are left out."""
    if isinstance(node, list):
        for item in node:
            _tidy(item)
    if not isinstance(node, dict):
        return
    properties = node.get("properties", {})
    if isinstance(properties, dict) and "required" in node:
        needed = [key for key in node["required"] if "filled" not in properties.get(key, {})]
        node["required"] = needed
    for key in ("filled", "form"):
        if isinstance(node.get(key), str):
            del node[key]
    for value in node.values():
        _tidy(value)
