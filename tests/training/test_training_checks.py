"""Which changes of a recipe a prepared corpus still fits."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from speech import FIXTURES, RECIPE

from tts.core.stream import Stream
from tts.dataset.prepared import Prepared
from tts.recipe import TaskUse, load_recipe
from tts.training.checks import distribution_problems, preparation_problems


@pytest.mark.parametrize(
    ("change", "fits"),
    [
        ("corpus.format=rhasspy", True),  # the same utterances, listed in another way
        ("corpus.channel=left", True),  # of recordings that had one channel
        ("corpus.exclude=x$", False),
        ("corpus.root=elsewhere", False),
        ("corpus.licence=MIT", False),
        ("frames.mcep_order=30", False),
    ],
)
def test_a_preparation_fits_what_would_read_the_same(change: str, fits: bool) -> None:
    prepared = Prepared(FIXTURES / "format-2" / "prepared")
    assert not preparation_problems(load_recipe(RECIPE), "single", prepared)
    problems = preparation_problems(load_recipe(RECIPE, [change]), "single", prepared)
    assert (not problems) == fits, problems


@pytest.mark.parametrize("learner", ["systems.single", "duration"])
def test_a_loss_that_may_be_below_zero_is_weighed_by_sum(learner: str) -> None:
    """A distribution's: other methods take logarithms or ratios of losses. Whoever does not learn it may weigh as it likes."""
    stream = Stream("phone_prosody", 4, kind="distribution")
    prepared = SimpleNamespace(streams={**Prepared(FIXTURES / "format-2" / "prepared").streams, stream.name: stream})

    def problems(learns: str, method: str) -> list[str]:
        recipe = load_recipe(RECIPE, ["tasks.phone_prosody={}", f"{learner}.training.weighting.method={method}"])
        part = recipe.system("single")
        stage = part.networks[0] if learns == "systems.single" else recipe.duration.stage
        added = {"tasks": {**stage.tasks, stream.name: TaskUse(weight=0.1)}}
        if learns == "systems.single":
            changes = {"systems": {"single": part.model_copy(update={"stages": (stage.model_copy(update=added),)})}}
        else:
            changes = {"duration": recipe.duration.model_copy(update=added)}
        return distribution_problems(recipe.model_copy(update=changes), "single", prepared)

    other = "duration" if learner == "systems.single" else "systems.single"
    assert problems(learner, "sum") == problems(other, "uncertainty") == []
    (problem,) = problems(learner, "uncertainty")
    assert problem.startswith(f"{learner}.training.weighting: ") and "weigh by sum, not uncertainty" in problem
