"""Which changes of a recipe a prepared corpus still fits."""

from __future__ import annotations

import pytest
from speech import FIXTURES, RECIPE

from tts.dataset.prepared import Prepared
from tts.recipe import load_recipe
from tts.training.checks import preparation_problems


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
