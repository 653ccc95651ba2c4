"""The stages of a system: networks that predict frames, and stages of other kinds after them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Annotated, Any

from pydantic import Discriminator, Field, GetJsonSchemaHandler, Tag
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema

from tts.recipe.edit import EditPart
from tts.recipe.network import StagePart

NETWORK = "StagePart"  # the tag of an entry without kind


def _kind(value: Any) -> str:
    """Return which part an entry of ``stages`` is read as: that of its ``kind``, a network where it has none."""
    given = value.get("kind", NETWORK) if isinstance(value, dict) else getattr(value, "kind", NETWORK)
    return str(given)


class _ToldApart:
    """Makes the JSON schema tell entries apart by whether they have a kind, so that an editor looks into the right one."""

    @classmethod
    def __get_pydantic_json_schema__(cls, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        network, *others = handler(schema)["oneOf"]
        return {
            "if": {"type": "object", "required": ["kind"]},
            "then": others[0] if len(others) == 1 else {"oneOf": others},
            "else": network,
        }


AnyStage = Annotated[
    Annotated[StagePart, Tag(NETWORK)] | Annotated[EditPart, Tag("edit")],
    Discriminator(_kind),
    _ToldApart,
    Field(json_schema_extra={"form": "a network (keys below, no kind), or a stage of another kind (kind: edit)"}),
]


def networks_of(stages: Sequence[StagePart | EditPart]) -> tuple[StagePart, ...]:
    """Return the stages that are networks, first to last."""
    return tuple(stage for stage in stages if isinstance(stage, StagePart))


def edit_of(stages: Sequence[StagePart | EditPart]) -> EditPart | None:
    """Return the edit, where there is one."""
    return next((stage for stage in stages if isinstance(stage, EditPart)), None)


def order_faults(stages: Sequence[StagePart | EditPart]) -> Iterator[str]:
    """Yield what is wrong with the order of stages: networks come first, then one edit at most."""
    edits = [number for number, stage in enumerate(stages, 1) if isinstance(stage, EditPart)]
    if not networks_of(stages):
        yield "stages: there is no network that an edit could read; put one before it"
    elif edits and edits[0] < len(networks_of(stages)) + 1:
        yield f"stages: stage {edits[0]} is an edit, which reads what the networks made; put it after the last of them"
    if len(edits) > 1:
        yield f"stages: stages {' and '.join(map(str, edits))} are edits; a system has one at most"
