"""A file of JSON lines as a mapping whose values are read when they are asked for: what is held is where each line begins."""

from __future__ import annotations

import copy
import json
from array import array
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, Self, TypeVar

from tts.core.errors import TtsError
from tts.core.files import replacing

T = TypeVar("T")


class IndexedLines(Mapping[str, T]):
    """What ``parse`` makes of the line of every key; the file must not change meanwhile.

    Iteration is in the order of the file, unless ``keys`` were given, whose lines begin at ``offsets`` in bytes. A line that
    cannot be parsed raises :class:`TtsError` naming it.
    """

    def __init__(self, path: Path, parse: Callable[[dict[str, Any]], T], keys: Iterable[str], offsets: Iterable[int]) -> None:
        self._path = path
        self._parse = parse
        self._offsets = array("q", offsets)
        self._places = {key: place for place, key in enumerate(keys)}

    def __getitem__(self, key: str) -> T:
        offset = self._offsets[self._places[key]]
        with self._path.open("rb") as stream:
            stream.seek(offset)
            line = stream.readline()
        try:
            return self._parse(json.loads(line))
        except (ValueError, KeyError, TypeError) as error:
            raise damaged(self._path, _line_number(self._path, offset), error) from None

    def __len__(self) -> int:
        return len(self._places)

    def __iter__(self) -> Iterator[str]:
        return iter(self._places)

    def __contains__(self, key: object) -> bool:
        return key in self._places

    def place(self, key: str) -> int:
        """Return the number of a key among those that were given."""
        return self._places[key]

    def without(self, dropped: Collection[str]) -> Self:
        """Return the same lines without those of some keys."""
        rest = copy.copy(self)
        rest._places = {key: place for key, place in self._places.items() if key not in dropped}
        return rest


def read_lines(path: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    """Yield of every line of a file where it begins, in bytes, and its object; :class:`TtsError` names a broken line."""
    offset = 0
    with path.open("rb") as stream:
        for number, line in enumerate(stream, 1):
            try:
                data = json.loads(line)
                if not isinstance(data, dict):
                    raise TypeError("no object")
            except (ValueError, TypeError) as error:
                raise damaged(path, number, error) from None
            yield offset, data
            offset += len(line)


def write_lines(path: Path, objects: Iterable[dict[str, Any]]) -> None:
    """Write objects as JSON lines (UTF-8), one after the other and atomically."""
    with replacing(path) as temporary, temporary.open("w", encoding="utf-8", newline="\n") as stream:
        for data in objects:
            stream.write(json.dumps(data, ensure_ascii=False) + "\n")


def damaged(path: Path, number: int, error: Exception) -> TtsError:
    """Return the error that names a broken line, from 1."""
    why = f"the key {error} is missing" if isinstance(error, KeyError) else str(error)
    return TtsError(f"{path}:{number}: damaged ({why}); run tts prepare again")


def _line_number(path: Path, offset: int) -> int:
    with path.open("rb") as stream:
        number = 1
        while stream.tell() < offset and stream.readline():
            number += 1
        return number
