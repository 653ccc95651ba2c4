"""What a recipe may say of a stack: what is wrong is said with the stage, what is right survives."""

from pathlib import Path

import pytest
import yaml
from pydantic import ValidationError

from tts.core.errors import UsageError
from tts.recipe import StagePart, load_recipe

MAIN = {"mcep": 1, "lf0": 0.1, "vuv": 0.2, "bap": 0.05}
NOT_READ = "stage 1: its bottleneck, layer 1, is read by no stage"


def stage(**more: object) -> dict:
    return {"trunk": {"layers": [8, 8]}, "tasks": MAIN, **more}


def write(folder: Path, stages: list[dict], training: dict | None = None, duration: dict | None = None) -> Path:
    data = {
        "name": "tiny",
        "corpus": {"speaker": "a", "licence": "CC0-1.0"},
        "split": {"test": {"count": 1}, "validation": {"count": 1}},
        "frames": {"sample_rate": 16000},
        "tasks": {"mel": {}},
        "training": {"steps": 10},
        "duration": {"trunk": {"layers": [8]}, "training": {"steps": 10, **(duration or {})}},
        "systems": {"some": {"stages": stages, "training": training or {}}},
    }
    path = folder / "recipe.yaml"
    path.write_text(yaml.safe_dump(data), encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("part", "said"),
    [
        ({"dilation": 2}, "dilation: there is no context"),
        ({"inputs": []}, "inputs: the list is empty"),
        ({"inputs": ["words"]}, "'linguistic', 'bottleneck', 'bottlenecks' or 'outputs'"),
        ({"inputs": ["outputs", "outputs"]}, r"inputs: \[outputs, outputs\] reads something twice"),
        ({"inputs": ["bottleneck", "bottlenecks"]}, "reads something twice"),
        ({"inputs": ["outputs"], "linguistic_context": 2}, "linguistic_context: the stage does not read linguistic"),
        ({"bottleneck": 0}, "greater than or equal to 1"),
        ({"bottleneck": {"layer": 3}}, "bottleneck: layer 3 is not there, the trunk has 2 layers"),
        ({"bottleneck": {"layer": 1}, "sharing": "mmoe"}, "bottleneck: mmoe mixes on top alone"),
        (
            {"bottleneck": {"layer": 1}, "tasks": {name: {"depth": 1} for name in MAIN}},
            "no task reads the layers above the one at depth 1",
        ),
    ],
)
def test_a_stage_that_cannot_be(part: dict, said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        StagePart.model_validate(stage() | part)


@pytest.mark.parametrize(
    ("stages", "said"),
    [
        ([stage(inputs=["linguistic", "bottleneck"])], "stage 1 has no stage before it whose bottleneck it could read"),
        ([stage(inputs=["outputs"])], "stage 1 has no stage before it whose outputs it could read"),
        ([stage(context=2)], "stage 1 has no stage before it whose context it could read"),
        ([stage(), stage()], "stage 1 needs a bottleneck, stage 2 reads it"),
        ([stage(), stage(inputs=["bottleneck"])], "stage 1 needs a bottleneck, stage 2 reads it"),
        ([stage(bottleneck=4), stage(inputs=["linguistic"])], "stage 2 reads nothing of the stages before it"),
        (
            [stage(), stage(inputs=["outputs"], bottleneck=4), stage(inputs=["bottlenecks"])],
            "stage 1 needs a bottleneck, stage 3 reads those of all earlier stages",
        ),
        (
            [stage(tasks={"mel": 1, "mcep": 0}), stage(inputs=["outputs"])],
            "stage 1 learns no main task whose outputs stage 2 could read",
        ),
        ([stage(bottleneck={"layer": 1})], NOT_READ),
        (
            [stage(bottleneck={"layer": 1}), stage(inputs=["outputs"])],
            NOT_READ,
        ),
    ],
)
def test_a_stack_that_cannot_be(tmp_path: Path, stages: list[dict], said: str) -> None:
    with pytest.raises(UsageError, match=said) as caught:
        load_recipe(write(tmp_path, stages))
    assert "systems.some" in str(caught.value)


@pytest.mark.parametrize(
    ("count", "training", "duration", "said"),
    [
        (2, {"cross_fit": 1}, {}, r"expected 0 \(off\) or at least 2 folds"),
        (2, {"cross_fit": -1}, {}, "cross_fit: expected a whole number from 0 to 100, for example 5; got -1"),
        (1, {"cross_fit": 4}, {}, r"systems\.some\.training\.cross_fit: one stage has no bottleneck that another reads"),
        (1, {}, {"cross_fit": 4}, "duration\\.training\\.cross_fit: the duration model is one network without a bottleneck"),
    ],
)
def test_cross_fitting_that_cannot_be(tmp_path: Path, count: int, training: dict, duration: dict, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        load_recipe(write(tmp_path, [stage(bottleneck=4)] * count, training, duration))


def test_what_is_right_survives_and_says_what_it_reads(tmp_path: Path) -> None:
    stages = [
        stage(linguistic_context=4, dilation=2, bottleneck={"layer": 1}),
        stage(bottleneck=4, context=3),
        stage(inputs=["bottlenecks", "outputs"], context=2, dilation=5),
    ]
    system = load_recipe(write(tmp_path, stages, {"cross_fit": 4})).systems["some"]
    assert [part.sources(first=not number) for number, part in enumerate(system.stages)] == [
        ("linguistic",),
        ("linguistic", "bottleneck"),
        ("bottlenecks", "outputs"),
    ]
    for part in system.stages:
        assert StagePart.model_validate(part.model_dump(mode="json")) == part
    plain = StagePart.model_validate(stage(bottleneck=4))
    assert plain.model_dump(mode="json", exclude_defaults=True)["bottleneck"] == 4
