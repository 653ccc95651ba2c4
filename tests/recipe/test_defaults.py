"""What a recipe leaves out: eight lines are enough, kathleen's settings are the defaults, and they scale by stated rules."""

from itertools import pairwise
from pathlib import Path

import pytest
import yaml

from tts.core.errors import UsageError
from tts.recipe import Recipe, load_recipe
from tts.recipe.changes import check_changes
from tts.recipe.defaults import average_for, scaled
from tts.recipe.document import FIRST
from tts.recipe.show import as_yaml

KATHLEEN_SECONDS = 3000.3  # of training speech, as its report counts them


@pytest.fixture
def first(tmp_path: Path) -> Path:
    path = tmp_path / "anna.yaml"
    path.write_text(FIRST, encoding="utf-8")
    return path


def test_eight_lines_are_a_recipe(first: Path) -> None:
    assert len(FIRST.splitlines()) == 8
    recipe = load_recipe(first)
    assert [*recipe.systems] == ["single", "stacked"]
    assert [*recipe.tasks] == ["gammatone", "step", "lsf", "phone_class"]
    assert (recipe.split.test, recipe.split.validation, recipe.split.train) == ("auto", "auto", "rest")


def test_the_defaults_are_kathleens_settings(first: Path) -> None:
    kathleen = load_recipe("recipes/kathleen")
    filled = load_recipe(first).for_speech(KATHLEEN_SECONDS)
    assert filled.duration == kathleen.duration.model_copy(
        update={"training": kathleen.duration.training.model_copy(update={"validate_every": 200})}
    )
    for name in ("single", "stacked"):
        assert filled.systems[name].stages == kathleen.systems[name].stages
        assert filled.training_of(filled.systems[name]) == kathleen.training_of(kathleen.systems[name])


def test_what_kathleens_recipe_gives_stays_whatever_the_amount() -> None:
    for path in ("recipes/kathleen", "recipes/kathleen/hundred.yaml", "recipes/kathleen/comparison.yaml", "recipes/demo"):
        recipe = load_recipe(path)
        assert recipe.for_speech(60.0).model_dump() == recipe.model_dump()


@pytest.mark.parametrize(
    ("minutes", "steps", "dropout", "stacked"),
    [(0.1, 200, 0.3, 0.3), (5, 1600, 0.3, 0.3), (15.8, 2800, 0.2, 0.25), (50, 5000, 0.1, 0.2), (300, 12200, 0.1, 0.2)],
)
def test_steps_and_dropout_follow_the_amount_of_speech(minutes: float, steps: int, dropout: float, stacked: float) -> None:
    sizes = scaled(60.0 * minutes)
    assert (sizes.steps, sizes.dropout, sizes.stacked_dropout) == (steps, dropout, stacked)
    assert sizes.duration_steps == steps * 2 // 5


def test_more_speech_never_means_fewer_steps_or_more_dropout() -> None:
    sizes = [scaled(seconds) for seconds in range(1, 100_000, 97)]
    for less, more in pairwise(sizes):
        assert less.steps <= more.steps
        assert less.dropout >= more.dropout
        assert less.stacked_dropout >= more.stacked_dropout
    assert sizes[-1].steps == 20_000


def test_the_average_looks_back_over_a_hundredth_of_the_steps_at_least() -> None:
    assert [average_for(steps) for steps in (5, 10, 100, 5000, 50_000)] == [0.0, 0.0, 0.9, 0.998, 0.998]


def test_keys_that_follow_others_follow_those_that_are_given(first: Path) -> None:
    recipe = load_recipe(first, ["training.steps=1000"])
    assert (recipe.training.validate_every, recipe.training.average, recipe.training.weight_decay) == (100, 0.99, 0.3)
    assert recipe.training_of(recipe.systems["single"]).steps == 2000
    assert recipe.for_speech(300.0).training.steps == 1000
    recipe = load_recipe(first, ["systems.single.training.steps=70", "duration.training.steps=30"])
    assert recipe.training_of(recipe.systems["single"]).steps == 70
    assert (recipe.duration.training.steps, recipe.duration.training.validate_every) == (30, 30)


def test_a_change_of_the_steps_reaches_the_single_network_too(first: Path) -> None:
    asked = ["training.steps=1000"]
    recipe = load_recipe(first, asked).for_speech(300.0)
    (said,) = check_changes(recipe, asked, ["single"])
    assert said.startswith("training.steps: single is trained for 2,000 steps, twice as many")
    assert check_changes(recipe, asked, ["stacked"]) == []
    own = [*asked, "systems.single.training.steps=70"]
    with pytest.raises(UsageError, match=r"training\.steps: does nothing to single, which has its own"):
        check_changes(load_recipe(first, own), own, ["single"])


def test_a_change_reaches_into_what_was_filled(first: Path) -> None:
    change = "systems.stacked.stages.1.trunk.layers=[64, 64]"
    for recipe in (load_recipe(first, [change]), load_recipe(first, [change]).for_speech(300.0)):
        assert recipe.systems["stacked"].stages[1].trunk.layers == (64, 64)
        assert recipe.systems["stacked"].stages[1].trunk.normalise
        assert recipe.systems["stacked"].stages[0].trunk.layers == (512,) * 6


def test_a_recipes_own_systems_are_all_it_has(first: Path) -> None:
    first.write_text(FIRST + "systems: {wide: {stages: [{tasks: {mcep: 1, lf0: 1, vuv: 1, bap: 1, mel: 0.1}}]}}\n")
    recipe = load_recipe(first)
    assert [*recipe.systems] == ["wide"]
    assert recipe.tasks == {"mel": {}}
    assert recipe.systems["wide"].stages[0].trunk.layers == (512,) * 6
    assert [*recipe.duration.tasks] == ["duration"]
    assert recipe.training_of(recipe.systems["wide"]).steps == 5000


def test_more_tasks_can_be_computed_than_the_usual_systems_learn(first: Path) -> None:
    first.write_text(FIRST + "tasks: {mel: {}, gammatone: {bands: 20}}\n")
    tasks = load_recipe(first).tasks
    assert tasks == {"gammatone": {"bands": 20}, "step": {}, "lsf": {}, "phone_class": {}, "mel": {}}


def test_filling_settles_a_recipe(first: Path) -> None:
    recipe = load_recipe(first)
    five = recipe.for_speech(300.0)
    assert five.training.steps == 1600
    assert five.for_speech(3000.0) is five
    changed = recipe.model_copy(update={"description": "mine"})
    assert changed.for_speech(300.0) is changed


def test_what_was_filled_is_in_what_is_written_down(first: Path) -> None:
    recipe = load_recipe(first).for_speech(300.0)
    again = Recipe.model_validate(recipe.model_dump(mode="json"))
    assert again.model_dump() == recipe.model_dump()
    assert again.for_speech(3000.0).model_dump() == recipe.model_dump()


@pytest.mark.parametrize("path", ["recipes/kathleen", "recipes/kathleen/comparison.yaml", "recipes/dutch", "first"])
def test_what_is_shown_loads_as_the_same_recipe(first: Path, tmp_path: Path, path: str) -> None:
    recipe = load_recipe(first if path == "first" else path).for_speech(300.0)
    (tmp_path / "shown.yaml").write_text(as_yaml(recipe), encoding="utf-8")
    assert load_recipe(tmp_path / "shown.yaml").model_dump() == recipe.model_dump()


@pytest.mark.parametrize("wrong", ["systems: 3", "systems: {a: 3}", "systems: {a: {stages: 3}}", "training: 3", "duration: []"])
def test_nothing_is_filled_into_what_is_wrong(first: Path, wrong: str) -> None:
    first.write_text(FIRST + wrong + "\n")
    with pytest.raises(UsageError, match=rf"anna\.yaml:9: {wrong.partition(':')[0]}.*: expected "):
        load_recipe(first)


def test_a_key_left_blank_is_a_key_left_out(first: Path) -> None:
    whole = load_recipe(first).model_dump()
    first.write_text(FIRST + "generation:\nsystems:\ntraining:\n")
    assert load_recipe(first).model_dump() == whole


def test_what_is_given_is_not_changed() -> None:
    data = yaml.safe_load(FIRST)
    Recipe.model_validate(data)
    assert data == yaml.safe_load(FIRST)
