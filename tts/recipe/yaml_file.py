"""YAML into plain data, with the line of every key; bounded, whoever wrote the file.

It is YAML 1.1 as PyYAML reads it, aliases and merge keys (``<<: *x``) included, with these differences: what an alias stands
for is a copy, and their number is bounded; a key given twice is an error; ``yes``, ``no``, ``on``, ``off``, dates and numbers
with leading zeros or colons stay text, so that ``language: no`` is Norwegian and the id ``0010`` is not eight; ``1e-3`` is a
number.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import yaml

from tts.core.errors import UsageError

Place = tuple[str | int, ...]

MOST_CHARACTERS = 2_000_000
MOST_VALUES = 100_000
DEEPEST = 40
_MERGE = "tag:yaml.org,2002:merge"
_TEXT_AFTER_ALL = {
    "tag:yaml.org,2002:timestamp": re.compile(r".*", re.DOTALL),
    "tag:yaml.org,2002:bool": re.compile(r"(?!true$|false$).*", re.IGNORECASE),
    "tag:yaml.org,2002:int": re.compile(r"[-+]?(0[0-9_]+|.*:.*)"),
    "tag:yaml.org,2002:float": re.compile(r".*:.*"),
}
_EXPONENT = re.compile(r"[-+]?(\d+\.?\d*|\.\d+)[eE][-+]?\d+")


@dataclass(frozen=True)
class YamlData:
    """What a file holds, and the line, from 1, of every value by the keys and indices that lead to it."""

    data: Any
    lines: dict[Place, int] = field(default_factory=dict)

    def line(self, place: Place) -> int | None:
        """Return the line of a place, or that of the nearest place above it."""
        while place and place not in self.lines:
            place = place[:-1]
        return self.lines.get(place)


def parse_yaml(text: str, source: str) -> YamlData:
    """Read YAML; ``source`` is the file for messages. Raises :class:`UsageError` naming the line for what is not valid."""
    if len(text) > MOST_CHARACTERS:
        raise UsageError(f"{source}: has more than {MOST_CHARACTERS:,} characters; this is not a recipe")
    try:
        loader = yaml.SafeLoader(text)
        try:
            node = loader.get_single_node()
            builder = _Builder(loader, source)
            data = builder.build(node, (), _line(node), 0) if node is not None else None
        finally:
            loader.dispose()
    except RecursionError:
        raise UsageError(f"{source}: not valid YAML (values are nested too deeply)") from None
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        place = f"{source}:{mark.line + 1}" if mark else source
        raise UsageError(f"{place}: not valid YAML ({' '.join(str(error.problem or error.context).split())})") from None
    except yaml.YAMLError as error:
        raise UsageError(f"{source}: not valid YAML ({' '.join(str(error).split())})") from None
    return YamlData(data, builder.lines)


class _Builder:
    def __init__(self, loader: yaml.SafeLoader, source: str) -> None:
        self.loader, self.source = loader, source
        self.lines: dict[Place, int] = {}
        self.count = 0

    def build(self, node: yaml.Node, place: Place, line: int, depth: int) -> Any:
        self._count(node, depth)
        self.lines[place] = line
        if isinstance(node, yaml.MappingNode) and node.tag == "tag:yaml.org,2002:map":
            return self._mapping(node, place, depth)
        if isinstance(node, yaml.SequenceNode) and node.tag == "tag:yaml.org,2002:seq":
            return [self.build(item, (*place, number), _line(item), depth + 1) for number, item in enumerate(node.value)]
        if isinstance(node, yaml.ScalarNode):
            return self._scalar(node)
        raise self._fault(node, f"not valid YAML: {node.tag.replace('tag:yaml.org,2002:', '!!')} is not allowed here")

    def _mapping(self, node: yaml.MappingNode, place: Place, depth: int) -> dict[str, Any]:
        own: dict[str, int] = {}
        data: dict[str, Any] = {}
        for key, value in self._merged(node, depth):
            name = self._key(key)
            if name not in data:
                data[name] = self.build(value, (*place, name), _line(key), depth + 1)
        for key, value in node.value:
            if key.tag == _MERGE:
                continue
            name = self._key(key)
            if name in own:
                raise self._fault(key, f"the key {name} is there twice, first in line {own[name]}")
            own[name] = _line(key)
            data[name] = self.build(value, (*place, name), _line(key), depth + 1)
        return data

    def _merged(self, node: yaml.MappingNode, depth: int) -> Iterator[tuple[yaml.Node, yaml.Node]]:
        """Yield the pairs that merge keys bring; the first of a name counts."""
        self._count(node, depth)
        for key, value in node.value:
            if key.tag != _MERGE:
                continue
            sources = value.value if isinstance(value, yaml.SequenceNode) else [value]
            for source in sources:
                if not isinstance(source, yaml.MappingNode):
                    raise self._fault(value, "not valid YAML: << merges mappings, for example <<: *trunk")
                for pair in source.value:
                    if pair[0].tag != _MERGE:
                        self._count(source, depth)
                        yield pair
                yield from self._merged(source, depth + 1)

    def _key(self, node: yaml.Node) -> str:
        name = self._scalar(node) if isinstance(node, yaml.ScalarNode) else None
        if isinstance(name, bool | int | float):
            name = node.value
        if not isinstance(name, str):
            raise self._fault(node, "not valid YAML: a key must be one word or text in quotes")
        return name

    def _scalar(self, node: yaml.ScalarNode) -> Any:
        text, plain = node.value, node.style is None
        if plain and (form := _TEXT_AFTER_ALL.get(node.tag)) is not None and form.fullmatch(text):
            return text
        if plain and node.tag == "tag:yaml.org,2002:str" and _EXPONENT.fullmatch(text):
            return float(text)
        try:
            return self.loader.construct_object(node)
        except (
            ValueError,
            TypeError,
            KeyError,
            AttributeError,
            OverflowError,
        ):  # a tag that its text does not fit, endless digits
            shown = text if len(text) <= 30 else f"{text[:30]}..."
            raise self._fault(node, f"{shown!r} cannot be read as {node.tag.rpartition(':')[2]}; put text in quotes") from None

    def _count(self, node: yaml.Node, depth: int) -> None:
        self.count += 1
        if self.count > MOST_VALUES:
            raise self._fault(node, f"has more than {MOST_VALUES:,} values, those of its aliases counted; write fewer")
        if depth > DEEPEST:
            raise self._fault(node, f"values are nested more than {DEEPEST} deep, perhaps an alias that holds itself")

    def _fault(self, node: yaml.Node, message: str) -> UsageError:
        return UsageError(f"{self.source}:{_line(node)}: {message}")


def _line(node: yaml.Node) -> int:
    return int(node.start_mark.line) + 1
