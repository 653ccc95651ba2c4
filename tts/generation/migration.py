"""Configurations of voices made by earlier versions, brought to the present format one number at a time."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def migrated(data: Mapping[str, Any], number: int) -> Mapping[str, Any]:
    """Return the content of a ``config.json`` of format ``number`` in the present format.

    What is broken stays so, for the reader to name, or raises ``KeyError``, ``TypeError`` or ``AttributeError``.
    """
    current = _from_format_1(data) if number == 1 else data
    generation = current["generation"]
    if not isinstance(generation, Mapping):
        return current
    # Voices did not scale F0 before they said so, and all of them spoke through WORLD.
    return {**current, "generation": {"f0_variance": 0.0, "vocoder": "world", **generation}}


def _from_format_1(data: Mapping[str, Any]) -> Mapping[str, Any]:
    """Format 1 held the inventory twice, the corpus's folder on the trainer's machine, and no empty parts."""
    if data["features"]["inventory"] != data["inventory"]:
        raise ValueError("the inventory is not that of the features")
    speakers = data.get("speakers") or None
    return {
        **data,
        "features": data["features"]["fingerprint"],
        "corpus": {key: value for key, value in data["corpus"].items() if key != "root"},
        "speakers": speakers and {"duration": "code", **speakers},  # the first voices of several speakers did not say
        "transfer": _transfer_from_format_1(data.get("transfer")),
    }


def _transfer_from_format_1(data: Mapping[str, Any] | None) -> dict[str, Any] | None:
    if data is None:
        return None
    rest = {key: value for key, value in data.items() if key != "from"}
    base = _transfer_from_format_1(data.get("base"))
    return {**rest, "origin": data["from"], "frozen": data["settings"].get("freeze", ()), "base": base}
