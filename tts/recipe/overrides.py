"""Changes from the command line: ``key.sub=value`` on top of a recipe's data."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from tts.core.errors import UsageError
from tts.recipe.yaml_file import parse_yaml


def copy_data(data: Any) -> Any:
    """Return YAML data without shared parts, so that a change in one place changes one place."""
    if isinstance(data, dict):
        return {key: copy_data(value) for key, value in data.items()}
    return [copy_data(value) for value in data] if isinstance(data, list | tuple) else data


def apply_changes(data: dict[str, Any], changes: Iterable[str]) -> None:
    """Set keys of ``data`` in place, values read as YAML; raises :class:`UsageError` naming a change that cannot be applied."""
    for change in changes:
        _apply(data, change)


def split_change(change: str) -> tuple[list[str], str]:
    """Return the keys of a change from the outermost on, and its value's text; raises :class:`UsageError`."""
    key, equals, value = change.partition("=")
    keys = [part.strip() for part in key.split(".")]
    if not equals or not all(keys):
        raise UsageError(f"--set {change}: expected key.sub=value, for example training.steps=2000")
    return keys, value


def _apply(data: dict[str, Any], change: str) -> None:
    (*parents, last), text = split_change(change)
    value = parse_yaml(text, f"--set {change}").data
    place: Any = data
    for parent in parents:
        if isinstance(place, list) and parent.isdecimal() and int(parent) < len(place):
            place = place[int(parent)]
        elif isinstance(place, dict):
            place = place.setdefault(parent, {})
        else:
            raise UsageError(f"--set {change}: {parent} is not a group of keys")
    if isinstance(place, list) and last.isdecimal() and int(last) < len(place):
        place[int(last)] = value
    elif isinstance(place, dict):
        place[last] = value
    else:
        raise UsageError(f"--set {change}: {last} is not a key there")
