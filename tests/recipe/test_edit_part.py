"""The edit in a recipe: what it may be, where it may stand, and that recipes without one mean what they did."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from tts.core.errors import UsageError
from tts.recipe import EditPart, Recipe, StagePart
from tts.recipe.load import check_recipe

NETWORK: dict[str, Any] = {"trunk": {"layers": [8]}, "tasks": {"mcep": 1, "lf0": 1, "vuv": 1, "bap": 1}}
EDIT: dict[str, Any] = {"kind": "edit"}


def data(*stages: dict[str, Any], **more: Any) -> dict[str, Any]:
    corpus = {"root": ".", "speaker": "anna", "language": "de", "licence": "CC0-1.0"}
    return {
        "name": "anna",
        "corpus": corpus,
        "frames": {"sample_rate": 16000},
        "systems": {"one": {"stages": [*stages]}},
        **more,
    }


def recipe(*stages: dict[str, Any], **more: Any) -> Recipe:
    return check_recipe(data(*stages, **more), "anna.yaml")


def test_an_edit_is_a_stage_of_its_own_kind_and_the_others_are_networks() -> None:
    system = recipe(NETWORK, {**EDIT, "leash": 2, "steps": 30}).systems["one"]
    assert [type(stage) for stage in system.stages] == [StagePart, EditPart]
    assert system.networks == system.stages[:1]
    assert system.edit is not None and (system.edit.leash, system.edit.steps) == (2.0, 30)


def test_a_system_without_an_edit_has_none_and_its_stages_say_nothing_of_kinds() -> None:
    system = recipe(NETWORK).systems["one"]
    assert system.edit is None
    assert system.networks == system.stages
    assert "kind" not in system.stages[0].model_dump()  # which the identities of finished voices are made of


def test_a_recipe_with_an_edit_is_read_back_from_its_own_data() -> None:
    made = recipe(NETWORK, {**EDIT, "width": 32})
    assert Recipe.model_validate(made.model_dump(mode="json")).systems == made.systems


def test_keys_that_are_left_out_are_filled_in_networks_alone() -> None:
    system = recipe({}, EDIT).systems["one"]
    alone = recipe({}).systems["one"]
    assert system.networks == alone.networks  # the dropout of one network, not of a stack


@pytest.mark.parametrize(
    ("stages", "more", "said"),
    [
        ([EDIT, NETWORK], {}, "stage 1 is an edit, which reads what the networks made"),
        ([NETWORK, EDIT, EDIT], {}, "stages 2 and 3 are edits"),
        ([EDIT], {}, "there is no network that an edit could read"),
        ([NETWORK, EDIT], {"generation": {"post_filter": "cepstral"}}, "generation.post_filter: is cepstral"),
        ([NETWORK, EDIT], {"generation": {"strength": 0}}, "a strength above 0"),
        ([NETWORK, {**EDIT, "kernel": 4}], {}, "stages.1.kernel: must be odd"),
        ([NETWORK, {**EDIT, "leash": -1}], {}, "stages.1.leash: expected a number from 0 to 1000"),
        ([NETWORK, {**EDIT, "batch": 8}], {}, "stages.1.batch: must be at least one crop"),
        ([NETWORK, {**EDIT, "control": "reversed", "factor": 2}], {}, "stages.1.factor: is for control: overscaled"),
        ([NETWORK, {**EDIT, "leesh": 2}], {}, "stages.1.leesh: unknown key, did you mean leash"),
        ([NETWORK, {"kind": "edti"}], {}, "stages.1: expected a network (keys below, no kind), or a stage of another kind"),
    ],
)
def test_nonsense_is_refused_with_its_place(stages: list[dict[str, Any]], more: dict[str, Any], said: str) -> None:
    with pytest.raises(UsageError) as caught:
        recipe(*stages, **more)
    assert said in str(caught.value)


def test_a_generation_strength_of_the_edit_is_bounded() -> None:
    with pytest.raises(ValidationError):
        Recipe.model_validate(data(NETWORK, generation={"edit_strength": 3}))
