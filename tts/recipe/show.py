"""A recipe as YAML, with every default."""

from __future__ import annotations

from typing import Any

import yaml

from tts.recipe.recipe import Recipe


def as_yaml(recipe: Recipe) -> str:
    """Return the recipe as YAML that loads as the same recipe; keys without a value are left out."""
    return to_yaml(_with_values(recipe.model_dump(mode="json")))


def to_yaml(data: Any) -> str:
    """Return plain data as YAML, keys in their order."""
    return yaml.safe_dump(data, sort_keys=False, default_flow_style=None, width=120, allow_unicode=True)


def _with_values(data: Any) -> Any:
    if isinstance(data, dict):
        return {key: _with_values(value) for key, value in data.items() if value is not None}
    return [_with_values(value) for value in data] if isinstance(data, list) else data
