"""Every format that a recipe may name has a reader, and no reader is without a name."""

from typing import get_args

from tts.corpora.layouts import LAYOUTS
from tts.recipe.corpus import CorpusFormat


def test_recipes_name_every_layout_and_no_other() -> None:
    assert {*get_args(CorpusFormat)} == {*LAYOUTS}
