"""What may stand at a key of a recipe, in words: for messages, ``docs/recipe.md`` and ``tts recipe show``."""

from __future__ import annotations

import types
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Annotated, Any, Literal, Union, get_args, get_origin

import yaml
from pydantic import BaseModel
from pydantic.fields import FieldInfo

_UNIONS = (Union, types.UnionType)


@dataclass(frozen=True)
class Slot:
    """A type with its bounds (``ge``, ``le``, ``gt``, ``lt``, ``min_length``), examples, and words of its own for its form."""

    type: Any
    bounds: tuple[tuple[str, float], ...] = ()
    examples: tuple[Any, ...] = ()
    form: str = ""

    @property
    def members(self) -> tuple[Slot, ...]:
        """The types that a union allows, without None; the type itself where it is no union."""
        if get_origin(self.type) in _UNIONS:
            return tuple(member for kind in get_args(self.type) if kind is not type(None) for member in slot_of(kind).members)
        return (self,)

    @property
    def choices(self) -> list[str]:
        """The words that a choice allows, those of all members of a union."""
        words = [get_args(member.type) for member in self.members if get_origin(member.type) is Literal]
        return [str(word) for group in words for word in group]


def slot_of(annotation: Any, info: FieldInfo | None = None) -> Slot:
    """Return the slot of a type, what is written beside it (``Annotated``) taken apart."""
    metadata: list[Any] = list(info.metadata) if info is not None else []
    extra: list[FieldInfo] = [info] if info is not None else []
    while get_origin(annotation) is Annotated:
        annotation, *more = get_args(annotation)
        extra += [item for item in more if isinstance(item, FieldInfo)]
        metadata += [part for item in more for part in (item.metadata if isinstance(item, FieldInfo) else [item])]
    bounds = {
        key: getattr(item, key)
        for item in reversed(metadata)
        for key in ("ge", "le", "gt", "lt", "min_length", "max_length")
        if getattr(item, key, None) is not None
    }
    forms = [
        str(item.json_schema_extra["form"])
        for item in extra
        if isinstance(item.json_schema_extra, Mapping) and "form" in item.json_schema_extra
    ]
    examples = next((tuple(item.examples) for item in extra if item.examples), ())
    inner = [kind for kind in get_args(annotation) if kind is not type(None)]
    if get_origin(annotation) in _UNIONS and len(inner) == 1:
        within = slot_of(inner[0])
        return Slot(
            within.type, (*within.bounds, *bounds.items()), examples or within.examples, forms[0] if forms else within.form
        )
    return Slot(annotation, tuple(bounds.items()), examples, forms[0] if forms else "")


def field_slot(info: FieldInfo) -> Slot:
    """Return the slot of a model's field."""
    return slot_of(info.annotation, info)


def inner_slots(slot: Slot, part: str | int) -> Iterator[Slot]:
    """Yield what may stand at a key of a mapping or an index of a list, those of all members of a union that fit."""
    for member in slot.members:
        origin, arguments = get_origin(member.type), get_args(member.type)
        if origin is dict and isinstance(part, str):
            yield slot_of(arguments[1])
        elif origin in (tuple, list) and isinstance(part, int):
            several = len(arguments) == 1 or arguments[-1] is Ellipsis
            if several or part < len(arguments):
                yield slot_of(arguments[0 if several else part])


def models_in(slot: Slot) -> Iterator[type[BaseModel]]:
    """Yield the models that may stand in a slot, within lists and mappings too."""
    for member in slot.members:
        if isinstance(member.type, type) and issubclass(member.type, BaseModel):
            yield member.type
        else:
            for kind in get_args(member.type) if get_origin(member.type) in (dict, tuple, list) else ():
                if kind is not Ellipsis:
                    yield from models_in(slot_of(kind))


def allowed(slot: Slot, keys: str = "") -> str:
    """Return what may stand in a slot, as it follows "expected"; ``keys`` are the words for a part with keys of its own."""
    if slot.form:
        return slot.form
    members = slot.members
    if len(members) > 1:
        return _or([word for member in members for word in _alternatives(member, slot, keys)])
    kind, bounds = members[0].type, {**dict(members[0].bounds), **dict(slot.bounds)}
    origin, arguments = get_origin(kind), get_args(kind)
    if members[0].form:
        return members[0].form
    if origin is Literal:
        words = [str(word) for word in arguments]
        return f"one of {_or(words)}" if len(words) > 1 else words[0]
    if origin is dict:
        inner = slot_of(arguments[1])
        return "a mapping" if inner.type is Any else f"a mapping, each value {allowed(inner, keys)}"
    if origin in (tuple, list):
        return _list(arguments, bounds, keys)
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        return keys or f"keys with values: {', '.join(name for name in kind.model_fields)}"
    if kind is bool:
        return "true or false"
    if kind is int:
        return f"a whole number{_range(bounds)}"
    if kind is float:
        return f"a number{_range(bounds)}"
    if kind is str:
        return "text that is not empty" if bounds.get("min_length") else "text"
    return "any value"


def _alternatives(member: Slot, union: Slot, keys: str) -> list[str]:
    """Return what a member of a union allows, the words of a choice one by one."""
    if get_origin(member.type) is Literal:
        return [str(word) for word in get_args(member.type)]
    return [allowed(replace(member, bounds=(*union.bounds, *member.bounds)), keys)]


def _list(arguments: tuple[Any, ...], bounds: Mapping[str, float], keys: str) -> str:
    if arguments[-1] is not Ellipsis and len(arguments) > 1:
        return f"a list of {len(arguments)}: {', '.join(allowed(slot_of(kind), keys) for kind in arguments)}"
    size = " that is not empty" if bounds.get("min_length") else ""
    return f"a list{size}, each {allowed(slot_of(arguments[0]), keys)}"


def _range(bounds: Mapping[str, float]) -> str:
    low, high = bounds.get("ge"), bounds.get("le")
    above, below = bounds.get("gt"), bounds.get("lt")
    if low is not None and high is not None:
        return f" from {number(low)} to {number(high)}"
    words = [
        f"of at least {number(low)}" if low is not None else f"above {number(above)}" if above is not None else "",
        f"at most {number(high)}" if high is not None else f"below {number(below)}" if below is not None else "",
    ]
    return "".join(f" {word}" if place == 0 else f" and {word}" for place, word in enumerate(w for w in words if w))


def number(value: float) -> str:
    """Return a bound as a recipe would write it."""
    return f"{value:,}" if isinstance(value, int) else f"{value:g}"


def _or(words: list[str]) -> str:
    return " or ".join([", ".join(words[:-1]), words[-1]]) if len(words) > 1 else words[0]


def example(slot: Slot) -> str:
    """Return an example of what may stand in a slot, as YAML in one line; empty where it has none."""
    return in_yaml(slot.examples[0]) if slot.examples else ""


def in_yaml(value: Any) -> str:
    """Return a value as YAML in one line."""
    text = yaml.safe_dump(_plain(value), default_flow_style=True, width=10_000, sort_keys=False, allow_unicode=True)
    return text.removesuffix("\n").removesuffix("...").strip()


def shown(value: Any) -> str:
    """Return what a recipe has in place of what was expected, cut short."""
    if isinstance(value, str):
        value, quote = value.replace("\n", " "), "'" if "'" not in value else '"'
        return f"{quote}{value if len(value) <= 80 else value[:77] + '...'}{quote}"
    text = in_yaml(value) if isinstance(value, int | float | list | tuple | dict | None) else str(value)
    return text if len(text) <= 80 else f"{text[:77]}..."


def _plain(value: Any) -> Any:
    if isinstance(value, BaseModel):
        return _plain(value.model_dump(exclude_defaults=True))
    if isinstance(value, Mapping):
        return {key: _plain(item) for key, item in value.items()}
    return [_plain(item) for item in value] if isinstance(value, list | tuple) else value
