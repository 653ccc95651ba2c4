"""JSON that people read and version control compares: indented, yet with lists of numbers packed into lines."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from typing import Any

WIDTH = 120
_ENCODE = json.JSONEncoder(ensure_ascii=False, allow_nan=False).encode


def json_pieces(value: Any) -> Iterator[str]:
    """Yield ``value``, in pieces, as JSON that ``json.loads`` reads back equal.

    It has two spaces of indentation, and non-ASCII letters as they are. A list without lists or objects in it stands on one
    line where it fits into 120 characters; one of numbers that does not is filled into such lines. Raises :class:`ValueError`
    for NaN and infinities, :class:`TypeError` for what JSON does not have.
    """
    return _pieces(value, "\n", 0)


def _pieces(value: Any, break_: str, used: int) -> Iterator[str]:
    """Yield the text of ``value`` in pieces.

    ``break_`` is a line end and the indentation of the line that it stands on, ``used`` how many characters are on that line.
    """
    inner = break_ + "  "
    if isinstance(value, dict) and value:
        for number, (key, item) in enumerate(value.items()):
            start = f"{inner}{_key(key)}: "
            yield f"{',' if number else '{'}{start}"
            yield from _pieces(item, inner, len(start))
        yield f"{break_}}}"
    elif isinstance(value, list | tuple) and value:
        if any(isinstance(item, dict | list | tuple) for item in value):
            for number, item in enumerate(value):
                yield f"{',' if number else '['}{inner}"
                yield from _pieces(item, inner, len(inner))
            yield f"{break_}]"
        else:
            yield _flat(value, break_, used)
    else:
        yield _ENCODE(value)


def _flat(items: list[Any] | tuple[Any, ...], break_: str, used: int) -> str:
    line = _ENCODE(items)
    if used + len(line) <= WIDTH:
        return line
    inner = break_ + "  "
    if any(isinstance(item, str) for item in items):
        return f"[{inner}{(',' + inner).join(map(_ENCODE, items))}{break_}]"
    lines: list[str] = []
    start, room = 1, WIDTH - len(inner)
    while len(line) - 1 - start > room:  # cut behind the last comma that there is room for
        end = line.rfind(", ", start, start + room + 1)
        end = end if end > 0 else line.find(", ", start)  # a number that is wider by itself
        if end < 0:
            break
        lines.append(line[start:end])
        start = end + 2
    return f"[{inner}{(',' + inner).join([*lines, line[start:-1]])}{break_}]"


def _key(key: Any) -> str:
    """Return a key as the standard library writes it: numbers, booleans and None become strings."""
    return _ENCODE(key) if isinstance(key, str) else _ENCODE({key: 0})[1:-4]


def not_finite(value: Any) -> tuple[str, float] | None:
    """Return where in ``value`` the first NaN or infinity stands (as in ``systems.main.scores[3]``) and which it is."""
    if isinstance(value, dict):
        parts = ((f".{key}", item) for key, item in value.items())
    elif isinstance(value, list | tuple):
        parts = ((f"[{number}]", item) for number, item in enumerate(value))
    else:
        return ("the value", value) if isinstance(value, float) and not math.isfinite(value) else None
    for name, item in parts:
        inside = not_finite(item)
        if inside is not None:
            place = name if inside[0] == "the value" else name + ("" if inside[0][0] == "[" else ".") + inside[0]
            return place.removeprefix("."), inside[1]
    return None
