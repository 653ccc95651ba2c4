"""What a recipe may say about sharing, and how it is told what it may not."""

import re
from pathlib import Path

import pytest
import yaml
from pydantic import ValidationError

from tts.recipe import StagePart
from tts.recipe.sharing import GoMtlPart, HardSharingPart, MmoePart, UnrelatedPart

MAIN = {"mcep": 1, "lf0": 1, "vuv": 1, "bap": 1}


def stage(**more: object) -> StagePart:
    return StagePart.model_validate({"trunk": {"layers": [8, 8, 4]}, "tasks": {**MAIN, "mel": 0.2, "speaker": 0.1}} | more)


def test_defaults_and_short_forms() -> None:
    assert stage().sharing == HardSharingPart()
    assert stage(sharing="mmoe").sharing == MmoePart(experts=4)
    assert stage(sharing={"kind": "go_mtl", "basis": 3}).sharing == GoMtlPart(basis=3)
    assert stage(unrelated=[["main", "speaker"]]).unrelated == UnrelatedPart(pairs=(("main", "speaker"),))
    assert stage().groups == {"main": ("mcep", "lf0", "vuv", "bap"), "mel": ("mel",), "speaker": ("speaker",)}
    assert stage(tasks={"b": 1, "a": 1}).groups == {"a": ("a",), "b": ("b",)}


@pytest.mark.parametrize(
    "more", [{"sharing": "ple"}, {"unrelated": [["main", "mel"]]}, {"sharing": {"kind": "adapters", "rank": 3}}]
)
def test_written_and_read_again_it_is_the_same(more: dict) -> None:
    part = stage(**more)
    assert StagePart.model_validate(part.model_dump(mode="json")) == part


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"sharing": "soft"}, "expected one of hard, cross_stitch"),
        ({"sharing": {"experts": 2}}, "expected one of hard, cross_stitch, .*, or a mapping of kind and its options"),
        ({"sharing": {"kind": "mmoe", "rank": 2}}, "mmoe has no option rank; it has experts, gate_dropout"),
        ({"sharing": {"kind": "hard", "rank": 2}}, "hard has no option rank; it has none"),
        ({"sharing": {"kind": "mmoe", "experts": 0}}, "greater than or equal to 1"),
        ({"sharing": {"kind": "sluice", "subspaces": 3}}, "multiple of sluice's 3 subspaces"),
        ({"sharing": {"kind": "sluice", "mixture": True}}, "must have the same width"),
        ({"sharing": "cross_stitch", "tasks": MAIN}, "needs an auxiliary task"),
        (
            {"sharing": {"kind": "sluice", "orthogonality": 1}, "trunk": {"kind": "lstm", "layers": [8, 8]}},
            "which lstm has not",
        ),
        ({"tasks": {**MAIN, "mel": {"depth": 4}}}, "tasks.mel: depth 4 is not there, the trunk has 3 layers"),
        ({"tasks": {**MAIN, "mel": {"depth": 0}}}, "greater than or equal to 1"),
        ({"tasks": {**MAIN, "mel": {"depth": 2}}, "sharing": "mmoe"}, "take ple instead"),
        ({"tasks": {name: {"depth": 2} for name in MAIN}}, "no task reads the layers above the one at depth 2"),
        ({"tasks": {**MAIN, "main": 1}}, "give this task another name"),
        ({"tasks": {**MAIN, "mel": {"reads": "phone"}}}, "reads phone, which this stage does not learn; it learns mcep"),
        ({"tasks": {**MAIN, "mel": {"reads": "mcep"}}}, "reads mcep, which has no private layers"),
        ({"tasks": {**MAIN, "mel": {"reads": "mel", "private": [4]}}}, "read in a circle"),
        (
            {"tasks": {**MAIN, "a": {"reads": "b", "private": [4]}, "b": {"reads": "a", "private": [4]}}},
            "read in a circle; one of them must read the trunk alone",
        ),
        ({"unrelated": [["main", "lf0"]]}, "there is no group lf0; there are main, mel, speaker"),
        ({"unrelated": [["mel", "mel"]]}, "cannot be unrelated to itself"),
        ({"unrelated": []}, "at least 1 item"),
        (
            {"unrelated": [["main", "mel"]], "tasks": {**MAIN, "mel": {"depth": 1}}},
            "main and mel read different depths",
        ),
        ({"unrelated": {"pairs": [["main", "mel"]], "form": "activation"}}, "give main or mel private layers"),
    ],
)
def test_what_cannot_be_is_refused_with_a_reason(more: dict, said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        stage(**more)


def test_heads_below_the_top_are_fine_where_the_bottleneck_reads_it() -> None:
    assert stage(tasks={name: {"depth": 2} for name in MAIN}, bottleneck=4).tasks["mcep"].depth == 2


def test_activations_can_be_compared_where_each_group_has_layers_of_its_own() -> None:
    unrelated = {"pairs": [["main", "mel"]], "form": "activation"}
    assert stage(unrelated=unrelated, sharing="cross_stitch").unrelated
    assert stage(unrelated=unrelated, tasks={**MAIN, "mel": {"private": [4]}}).unrelated


def test_the_documented_example_is_one() -> None:
    text = (Path(__file__).parent.parent.parent / "docs" / "sharing.md").read_text(encoding="utf-8")
    (example,) = re.findall(r"```yaml\n(.*?)```", text, re.DOTALL)
    part = StagePart.model_validate(yaml.safe_load(example)["stages"][0])
    assert part.sharing.kind == "ple" and part.tasks["mel"].depth == 2
