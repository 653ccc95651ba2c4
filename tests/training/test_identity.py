"""The identity of a voice tells everything apart that its numbers depend on."""

from speech import RECIPE

from tts.recipe import load_recipe
from tts.training.identity import identity_of


def test_data_source_settings_and_generation_are_told_apart() -> None:
    recipe = load_recipe(RECIPE)
    usual = identity_of(recipe, "single", "data", "")
    assert identity_of(load_recipe(RECIPE), "single", "data", "") == usual
    others = {
        "data": identity_of(recipe, "single", "other data", ""),
        "source": identity_of(recipe, "single", "data", "another voice"),
        "system": identity_of(recipe, "stacked", "data", ""),
        "batch": identity_of(load_recipe(RECIPE, ["training.batch=32"]), "single", "data", ""),
        "seed": identity_of(load_recipe(RECIPE, ["training.seed=5"]), "single", "data", ""),
        "duration": identity_of(load_recipe(RECIPE, ["duration.training.batch=16"]), "single", "data", ""),
    }
    assert all(other.trained_from != usual.trained_from for other in others.values())
    assert len({other.trained_from for other in others.values()}) == len(others)
    longer = identity_of(load_recipe(RECIPE, ["training.steps=50"]), "single", "data", "")
    assert (longer.trained_from, longer.steps) == (usual.trained_from, (50, usual.steps[1]))
    filtered = identity_of(load_recipe(RECIPE, ["generation.post_filter=none"]), "single", "data", "")
    assert filtered.trained_from == usual.trained_from
    assert filtered.speaks_with != usual.speaks_with
    assert len({usual.whole, longer.whole, filtered.whole}) == 3
