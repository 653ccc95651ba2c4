"""Tasks that are known once an utterance is aligned: where in the phone, and where F0 goes."""

import numpy as np
import pytest

from tts.core.errors import UsageError
from tts.core.grid import FrameGrid
from tts.tasks import f0_class, phone_energy, phone_f0, phone_noise, phone_prosody, position, prominence, word_prominence
from tts.tasks.base import TimedUtterance
from tts.text.english.prominence import word_prosody
from tts.text.phones import PhoneInventory
from tts.text.sentence import Sentence, Syllable, Word

GRID = FrameGrid(16000)
SENTENCE = Sentence("a", "en-us", (Word("a", (Syllable(("a",)),)),))
SEMITONE = np.log(2.0) / 12.0


def spoken(f0: np.ndarray, vuv: np.ndarray | None = None, durations: np.ndarray | None = None) -> TimedUtterance:
    vuv = np.ones(len(f0)) if vuv is None else vuv
    streams = {"lf0": np.log(f0)[:, None].astype(np.float32), "vuv": vuv[:, None].astype(np.float32)}
    streams["mcep"] = np.arange(len(f0) * 2, dtype=np.float32).reshape(-1, 2)
    return TimedUtterance(SENTENCE, np.array([[1, 1], [1, 1], [1, 1]]) if durations is None else durations, streams, GRID)


def ramp(semitones_a_second: float, frames: int = 60) -> np.ndarray:
    return 120.0 * np.exp(SEMITONE * semitones_a_second * np.arange(frames) * GRID.shift)


def names(values: np.ndarray) -> set[str]:
    return {f0_class.CLASSES[int(n)] for n in values[:, 0]}


def test_position_counts_the_frames_of_every_phone() -> None:
    durations = np.array([[1, 1], [3, 1], [1, 4]])
    values = position.label(spoken(np.full(11, 100.0), durations=durations))
    np.testing.assert_allclose(values[:, 0], [0.25, 0.75, *np.arange(0.125, 1, 0.25), *np.arange(0.1, 1, 0.2)], rtol=1e-6)


@pytest.mark.parametrize(("slope", "name"), [(15, "level"), (17, "rising"), (-15, "level"), (-17, "falling"), (0, "level")])
def test_a_straight_slope_has_one_class_to_its_ends(slope: float, name: str) -> None:
    assert names(f0_class.label(spoken(ramp(slope)))) == {name}


def test_the_slope_is_that_of_the_line_through_the_window() -> None:
    generator = np.random.default_rng(0)
    values = generator.normal(size=40)
    slopes = f0_class.slopes(values, 4)
    for n in range(40):
        a, b = max(0, n - 4), min(40, n + 5)
        assert np.isclose(slopes[n], np.polyfit(np.arange(a, b), values[a:b], 1)[0])
    assert f0_class.slopes(np.array([3.0]), 4).tolist() == [0.0]


def test_unvoiced_frames_part_what_is_voiced() -> None:
    up, down = ramp(40.0, 30), ramp(-40.0, 30)
    f0 = np.concatenate([up, np.full(5, 90.0), down])
    vuv = np.concatenate([np.ones(30), np.zeros(5), np.ones(30)])
    values = f0_class.label(spoken(f0, vuv))
    assert names(values[:30]) == {"rising"}
    assert names(values[30:35]) == {"unvoiced"}
    assert names(values[35:]) == {"falling"}


def test_classes_know_no_pitch_and_turn_round_with_time() -> None:
    steps = np.cumsum(np.random.default_rng(1).normal(0.0, 0.02, 200))
    vuv = np.arange(200) % 50 > 8
    values = f0_class.label(spoken(np.exp(5.0 + steps), vuv))
    assert len(names(values)) == 4
    np.testing.assert_array_equal(values, f0_class.label(spoken(np.exp(5.7 + steps), vuv)))
    back = f0_class.label(spoken(np.exp(5.0 + steps)[::-1], vuv[::-1]))[::-1]
    np.testing.assert_array_equal(values, np.array([0, 3, 2, 1])[back.astype(int)])


def test_jitter_is_not_a_movement() -> None:
    f0 = 120.0 * np.exp(0.3 * SEMITONE * (-1.0) ** np.arange(80))  # 120 semitones a second from frame to frame
    assert names(f0_class.label(spoken(f0))[5:-5]) == {"level"}


def test_impossible_options_are_refused() -> None:
    with pytest.raises(UsageError, match="threshold 0 and window"):
        f0_class.label(spoken(ramp(1.0)), threshold=0.0)


def test_a_phone_has_the_mean_and_the_slope_of_its_f0() -> None:
    rise = ramp(30.0, 20)
    f0 = np.concatenate([rise, np.full(10, 80.0), np.full(6, 100.0)])
    vuv = np.concatenate([np.ones(20), np.zeros(10), np.ones(6)])
    vuv[:8], f0[:8] = 0.0, 50.0  # what is unvoiced of a phone that is voiced enough does not count
    values = phone_f0.label(spoken(f0, vuv, np.array([[20], [10], [6]])))
    np.testing.assert_allclose(values[:, 0], [np.log(rise[8:]).mean(), np.log(80.0), np.log(100.0)], rtol=1e-5)
    np.testing.assert_allclose(values[:, 1], [30.0 / 60.0, 0.0, 0.0], atol=1e-4)


def test_the_distribution_of_a_phone_is_of_its_length_f0_and_energy() -> None:
    durations = np.array([[20], [10], [6]])
    here = spoken(np.concatenate([ramp(30.0, 20), np.full(10, 80.0), np.full(6, 100.0)]), durations=durations)
    values = phone_prosody.label(here)
    np.testing.assert_allclose(np.exp(values[:, 0]), 0.005 * durations[:, 0], rtol=1e-6)
    np.testing.assert_array_equal(values[:, 1:3], phone_f0.label(here))
    np.testing.assert_array_equal(values[:, 3:], phone_energy.label(here))


def test_noise_of_phones_is_noise_and_always_the_same() -> None:
    here = spoken(np.full(6000, 100.0), durations=np.full((2000, 1), 3))
    values = phone_noise.label(here)
    assert values.shape == (2000, 3) and np.array_equal(values, phone_noise.label(here))
    np.testing.assert_allclose(np.cov(values.T), np.eye(3), atol=0.1)
    assert (values != phone_noise.label(here, seed=1)).all()


def test_slopes_of_octave_errors_are_cut() -> None:
    f0 = np.concatenate([np.full(5, 100.0), np.full(5, 200.0)])
    assert phone_f0.label(spoken(f0, durations=np.array([[10]])))[0, 1] == 1.0
    assert phone_f0.label(spoken(np.full(3, 100.0), durations=np.array([[1], [2]])))[:, 1].tolist() == [0.0, 0.0]


def test_a_phone_has_the_mean_of_its_energy() -> None:
    mcep = np.array([[1.0, 9.0], [3.0, 9.0], [-2.0, 9.0]], np.float32)
    utterance = TimedUtterance(SENTENCE, np.array([[1, 1], [1, 0]]), {"mcep": mcep}, GRID)
    assert phone_energy.label(utterance).tolist() == [[2.0], [-2.0]]


WORDS = Sentence(
    "the old man", "en-us", tuple(Word(w, (Syllable(("a", "n")),), pause_after=w == "old") for w in ("the", "old", "man"))
)


def test_the_word_that_is_higher_louder_and_longer_is_the_prominent_one() -> None:
    durations = np.array([[4], [2], [2], [6], [6], [5], [3], [3], [4]])  # sil, the, old, pau, man, sil
    frames = np.repeat(np.array([segment.word for segment in WORDS.segments]), durations[:, 0])
    streams = {
        "lf0": np.where(frames == 1, 5.3, 5.0)[:, None].astype(np.float32),
        "vuv": ((frames == 0) | (frames == 1)).astype(np.float32)[:, None],
        "mcep": np.where(frames == 1, -2.0, -4.0)[:, None].astype(np.float32),
    }
    values = word_prominence.label(TimedUtterance(WORDS, durations, streams, GRID))[:, 0]
    words = [segment.word for segment in WORDS.segments]
    by_word = [values[words.index(word)] for word in range(3)]
    assert by_word[1] > by_word[2] > by_word[0]
    np.testing.assert_allclose(np.sum(by_word), 0.0, atol=1e-5)
    assert all(value == (by_word[word] if word >= 0 else 0.0) for word, value in zip(words, values, strict=True))
    np.testing.assert_array_equal(word_prominence.label(single()), 0.0)


def single() -> TimedUtterance:
    streams = {name: np.ones((6, 1), np.float32) for name in ("lf0", "vuv", "mcep")}
    return TimedUtterance(SENTENCE, np.array([[2], [2], [2]]), streams, GRID)


def test_prominence_from_the_text_is_that_of_the_word() -> None:
    values = prominence.label(WORDS, PhoneInventory(("a", "n")))
    words = word_prosody(WORDS)
    for segment, value in zip(WORDS.segments, values, strict=True):
        np.testing.assert_array_equal(value, words[segment.word] if not segment.silent else [0.0, 0.0])
    with pytest.raises(UsageError, match="known of English words"):
        prominence.label(Sentence("de", "nl", WORDS.words), PhoneInventory(("a", "n")))
