"""The page about recipes and the schema for editors are made from the models, and are current."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from command import tts
from jsonschema import Draft202012Validator
from pydantic import BaseModel, create_model

from tts.recipe import load_recipe
from tts.recipe.describe import field_slot, models_in
from tts.recipe.document import FIRST, recipe_page
from tts.recipe.recipe import Recipe
from tts.recipe.schema import recipe_schema


def test_the_page_is_current() -> None:
    page = Path("docs/recipe.md").read_text(encoding="utf-8")
    assert page == recipe_page(), "run: python -m tts recipe docs > docs/recipe.md"
    assert tts("recipe", "docs") == page


def models() -> list[type[BaseModel]]:
    found: list[type[BaseModel]] = [Recipe]
    for model in found:
        for info in model.model_fields.values():
            found += [part for part in models_in(field_slot(info)) if part not in found]
    return found


def test_every_key_is_described_with_an_example_that_is_right() -> None:
    assert len(models()) > 25
    for model in models():
        assert model.__doc__
        for name, info in model.model_fields.items():
            if name == "kind" and info.default not in (None, "feedforward"):
                continue  # of a way of sharing
            assert info.description, f"{model.__name__}.{name}"
            parts = bool(list(models_in(field_slot(info))))
            assert info.examples or parts, f"{model.__name__}.{name}"
            for example in info.examples or ():
                create_model("One", key=(info.annotation, info)).model_validate({"key": example})


def test_every_model_has_its_keys_on_the_page() -> None:
    page = recipe_page()
    for model in models():
        for name in model.model_fields:
            assert f"| `{name}` |" in page or name == "kind"


def errors(data: Any) -> list[str]:
    return [error.json_path for error in Draft202012Validator(recipe_schema()).iter_errors(data)]


def test_the_schema_is_a_schema() -> None:
    Draft202012Validator.check_schema(recipe_schema())
    assert json.loads(tts("recipe", "schema")) == recipe_schema()


@pytest.mark.parametrize("path", [*sorted(Path("recipes").glob("*/*.yaml")), "first"], ids=str)
def test_good_recipes_fit_the_schema(path: Path | str) -> None:
    text = FIRST if path == "first" else Path(path).read_text(encoding="utf-8")
    assert errors(yaml.safe_load(text)) == []


@pytest.mark.parametrize(
    ("line", "place"),
    [
        ("trainig: {}", "$"),
        ("training: {steps: 0}", "$.training.steps"),
        ("training: {stepz: 5}", "$.training"),
        ("split: {test: 12}", "$.split.test"),
        ("split: {test: {count: -1}}", "$.split.test"),
        ("generation: {post_filter: nope}", "$.generation.post_filter"),
        ("systems: {a: {stages: []}}", "$.systems.a.stages"),
        ("systems: {a: {stages: [{tasks: {mcep: heavy}}]}}", "$.systems.a.stages[0].tasks.mcep"),
        ("systems: {a: {stages: [{sharing: softly}]}}", "$.systems.a.stages[0].sharing"),
    ],
)
def test_bad_recipes_do_not_fit_the_schema(line: str, place: str) -> None:
    assert errors(yaml.safe_load(FIRST + line)) == [place]


@pytest.mark.parametrize(
    "line",
    [
        "split: {test: [a, b], validation: {prefix: b}, train: {file: train.txt}}",
        "systems: {a: {stages: [{sharing: mmoe, bottleneck: 8}, {sharing: {kind: ple, own: 2}, unrelated: [[main, mel]]}]}}",
        "comparison: {controls: [single]}",
        "comparison: {controls: {single: all}}",
    ],
)
def test_short_forms_fit_the_schema(line: str) -> None:
    assert errors(yaml.safe_load(FIRST + line)) == []


def test_a_recipe_is_shown_with_its_defaults(tmp_path: Path) -> None:
    path = tmp_path / "anna.yaml"
    path.write_text(FIRST, encoding="utf-8")
    shown = tts("recipe", "show", path, "--minutes", "5", "--set", "training.batch=99")
    (tmp_path / "all.yaml").write_text(shown, encoding="utf-8")
    training = load_recipe(tmp_path / "all.yaml").training
    assert (training.steps, training.batch) == (1600, 99)
    assert "--prepared says how much" in tts("recipe", "show", path, "--minutes", "5", "--prepared", tmp_path, code=2)


def test_the_pages_first_recipe_is_the_one_that_is_tested() -> None:
    blocks = re.findall(r"```yaml\n(.*?)```", recipe_page(), re.DOTALL)
    assert blocks[0] == FIRST
    assert f"```yaml\n{FIRST}```" in Path("README.md").read_text(encoding="utf-8")
