"""Packing: what never changes in training, and the usual silence."""

from pathlib import Path

import numpy as np

from tts.alignment.types import Aligned, Alignment
from tts.analysis.extract import Features
from tts.dataset.describe import LONGEST_SILENCE, constant_features, usual_silence
from tts.dataset.layout import ReadyUtterance
from tts.text.sentence import Sentence, Syllable, Word


def test_columns_that_never_change_are_found_with_their_value() -> None:
    vectors = np.array([[0.0, 0.5, 1.0, 0.2], [1.0, 0.5, 1.0, 0.3]], dtype=np.float32)
    assert constant_features([vectors[:1], vectors[1:]]) == {1: 0.5, 2: 1.0}


def ready(first: list[int], last: list[int]) -> ReadyUtterance:
    sentence = Sentence("a", "en-us", (Word("a", (Syllable(("a",)),)),))
    alignment = Alignment(sentence.phones, np.array([first, [1, 1], last]))
    return ReadyUtterance.of("x", Aligned(sentence, alignment), Features("x", alignment.frames, {"world": Path("x")}))


def test_the_usual_silence_is_the_median_cut_to_a_natural_length() -> None:
    items = [ready([2, 4], [100, 20]), ready([4, 4], [200, 40]), ready([90, 8], [300, 60])]
    before, after = usual_silence(items)
    assert before == (4.0, 4.0)
    assert sum(after) == LONGEST_SILENCE
    assert np.isclose(after[0] / after[1], 5.0)
