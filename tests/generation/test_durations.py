from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from tts.core.errors import TtsError
from tts.generation.durations import speech_frames, stretch_pauses, whole_durations
from tts.text.sentence import Sentence, Syllable, Word

lengths = arrays(np.float64, array_shapes(min_dims=2, max_dims=2, max_side=12), elements=st.floats(0, 60))


@settings(max_examples=200, deadline=None)
@given(lengths, st.floats(0.25, 4))
def test_states_last_and_the_total_is_kept(predicted: np.ndarray, speed: float) -> None:
    durations = whole_durations(predicted, speed)
    assert durations.shape == predicted.shape
    assert durations.dtype == np.int32
    assert durations.min() >= 1
    assert abs(durations.sum() - max(predicted.sum() / speed, predicted.size)) <= 0.5 + 1e-6


@settings(max_examples=100, deadline=None)
@given(arrays(np.float64, (20, 5), elements=st.floats(1, 40)))
def test_no_boundary_moves_by_more_than_half_a_frame(predicted: np.ndarray) -> None:
    moved = np.cumsum(whole_durations(predicted)) - np.cumsum(predicted)
    assert np.abs(moved).max() <= 0.5 + 1e-6


def test_whole_predictions_stay() -> None:
    predicted = np.random.default_rng(0).integers(1, 30, size=(50, 5))
    np.testing.assert_array_equal(whole_durations(predicted.astype(float)), predicted)


def test_short_states_take_their_frame_from_the_long_ones() -> None:
    np.testing.assert_array_equal(whole_durations(np.array([[0.0, 9.0, 3.0]])), [[1, 8, 3]])
    np.testing.assert_array_equal(whole_durations(np.array([[2.0, 2.0, 2.0]]), 4.0), [[1, 1, 1]])


@pytest.mark.parametrize("speed", [0.2, 4.1, 0.0, -1.0, float("nan")])
def test_speed_out_of_range(speed: float) -> None:
    with pytest.raises(TtsError, match="outside"):
        whole_durations(np.ones((1, 1)), speed)


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_broken_predictions(value: float) -> None:
    with pytest.raises(TtsError, match="finite"):
        whole_durations(np.array([[1.0, value]]))


def test_pauses_and_edges() -> None:
    word = Word("a", (Syllable(("ə",)),), pause_after=True)
    sentence = Sentence("a, a", "en", (word, word))
    predicted = np.full((5, 2), 10.0)
    stretched = stretch_pauses(predicted, sentence, scale=2.0, first=5, last=40)
    np.testing.assert_allclose(stretched.sum(axis=1), [5, 20, 40, 20, 40])
    np.testing.assert_allclose(stretch_pauses(predicted, sentence), predicted)


@pytest.mark.parametrize("pause", [1, 30, 200, 2000])
def test_a_long_pause_counts_no_more_than_recordings_have(pause: int) -> None:
    first, second = Word("no", (Syllable(("n", "o")),), pause_after=True), Word("no", (Syllable(("n", "o")),))
    sentence = Sentence("no, no", "en", (first, second))
    durations = np.array([[40], [30], [30], [pause], [30], [30], [50]])
    speech = speech_frames(sentence, durations)
    assert len(speech) == durations.sum()
    assert np.flatnonzero(speech)[[0, -1]].tolist() == [40, 40 + 120 + pause - 1]
    assert speech[40:100].all()
    assert speech[100 + pause : 160 + pause].all()
    assert speech[100 : 100 + pause].sum() == min(pause, 20)
    assert not speech[:40].any()
    assert not speech[-50:].any()
