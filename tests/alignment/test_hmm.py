"""The aligner on features drawn from known models: it must find the states that made them."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from tts.alignment import passes
from tts.alignment.fit_report import report_alignment
from tts.alignment.hmm import Aligner, train_aligner
from tts.alignment.models import AlignerSettings, PhoneModels
from tts.alignment.types import Aligned
from tts.core.errors import TtsError, UsageError
from tts.core.grid import FrameGrid
from tts.core.processes import Failure
from tts.text.sentence import Sentence, Syllable, Word

STATES, WIDTH = 3, 10
PHONES = "abdeiklmnost"
SETTINGS = AlignerSettings(states=STATES, shortest_pause=6, soft_passes=10, hard_passes=3, context_passes=2)


def sentence(*words: str, paused: tuple[int, ...] = ()) -> Sentence:
    return Sentence(" ".join(words), "en", tuple(Word(w, (Syllable(tuple(w)),)) for w in words)).with_pauses(paused)


def spoken(count: int, seed: int) -> tuple[list[np.ndarray], list[Sentence], list[np.ndarray]]:
    """Draw utterances; return features, sentences with the true pauses, true durations."""
    symbols = [*PHONES, "sil"]
    means = dict(zip(symbols, np.random.default_rng(0).normal(0.0, 1.0, (len(symbols), STATES, WIDTH)), strict=True))
    means["pau"] = means["sil"]
    draw = np.random.default_rng(seed)
    features, sentences, truths = [], [], []
    for _ in range(count):
        words = ["".join(draw.choice(list(PHONES), draw.integers(2, 5))) for _ in range(draw.integers(3, 7))]
        s = sentence(*words, paused=tuple(w for w in range(len(words) - 1) if draw.random() < 0.3))
        durations = np.array(
            [draw.integers(4, 9, STATES) if p in ("sil", "pau") else draw.integers(2, 7, STATES) for p in s.phones]
        )
        track = np.repeat(np.concatenate([means[p] for p in s.phones]), durations.ravel(), axis=0)
        features.append((track + draw.normal(0.0, 0.5, track.shape)).astype(np.float32))
        sentences.append(s)
        truths.append(durations)
    return features, sentences, truths


@pytest.fixture(scope="module")
def trained() -> tuple[Aligner, list[np.ndarray], list[Sentence], list[np.ndarray]]:
    features, sentences, truths = spoken(60, seed=1)
    plain = [s.with_pauses(()) for s in sentences]
    return train_aligner(features, plain, SETTINGS, progress=False), features, sentences, truths


@pytest.mark.slow
def test_it_finds_the_states_and_pauses_of_recordings_it_never_saw(trained) -> None:
    aligner = trained[0]
    features, sentences, truths = spoken(20, seed=2)
    answers = aligner.align(features, [s.with_pauses(()) for s in sentences], progress=False)
    errors = []
    for x, s, truth, answer in zip(features, sentences, truths, answers, strict=True):
        assert isinstance(answer, Aligned)
        assert answer.sentence == s
        assert answer.alignment.phones == s.phones
        assert answer.alignment.frames == len(x)
        errors.append(np.abs(np.cumsum(answer.alignment.durations) - np.cumsum(truth)))
    assert np.mean(np.concatenate(errors) <= 1) > 0.97
    # the mean log likelihood a frame of Gaussians of deviation 0.5 in ten dimensions
    expected = -WIDTH * (0.5 * np.log(2 * np.pi * 0.25) + 0.5)
    assert np.mean([a.alignment.score for a in answers if isinstance(a, Aligned)]) == pytest.approx(expected, abs=0.6)


def test_texts_of_others_match_worst(trained) -> None:
    """Also where an utterance fits all models badly, as a noisy one does: that is not its text's fault."""
    aligner, features, sentences, _ = trained
    texts, wrong = list(sentences), [3, 14, 15, 41, 52]
    for number, other in zip(wrong, wrong[1:] + wrong[:1], strict=True):
        texts[number] = sentences[other]
    noisy = {7, 21, 33}
    draw = np.random.default_rng(5)
    heard = [x + draw.normal(0.0, 0.8, x.shape).astype(np.float32) * (n in noisy) for n, x in enumerate(features)]
    answers = aligner.align(heard, texts, progress=False)
    done = {str(n): answer for n, answer in enumerate(answers) if isinstance(answer, Aligned)}
    assert len(done) == len(answers) and all(answer.alignment.match <= 0.0 for answer in done.values())
    by_score = sorted(done, key=lambda key: done[key].alignment.score)
    assert {*by_score[:5]} != {str(n) for n in wrong}  # the likelihood alone is deceived by the noise
    report = report_alignment(done, FrameGrid(16_000))
    assert {fit.id for fit in report.suspicious[:5]} == {fit.id for fit in report.worst(8.0)} == {str(n) for n in wrong}


def test_a_match_is_the_mean_log_ratio_to_the_best_model() -> None:
    """Two phones of one state, Gaussians of variance 1 around 0 and 2: between x's two log likelihoods lies 2 (1 - x)."""
    models = PhoneModels.flat(["a", "b"], 1, np.zeros(1), np.ones(1))
    assert models.keys == (("a", 0), ("b", 0), ("sil", 0))
    means = np.array([[0.0], [2.0], [-50.0]])
    models = replace(models, means=means)
    x = np.array([[0.0], [2.0], [1.5], [-50.0]], np.float32)
    assert models.match(x, np.array([0, 1, 0, 2])) == pytest.approx((0.0 + 0.0 - 1.0) / 3.0)  # silence does not count
    assert np.isnan(models.match(x[3:], np.array([2])))


@pytest.mark.slow
def test_answers_do_not_depend_on_company(trained) -> None:
    aligner, features, sentences, _ = trained
    together = aligner.align(features[:6], sentences[:6], progress=False)
    for x, s, before in zip(features, sentences, together, strict=False):
        (alone,) = aligner.align([x], [s], progress=False)
        assert isinstance(alone, Aligned) and isinstance(before, Aligned)
        np.testing.assert_array_equal(alone.alignment.durations, before.alignment.durations)


@pytest.mark.slow
def test_training_is_repeatable_and_models_survive_storage(trained, tmp_path: Path) -> None:
    aligner, features, sentences, _ = trained
    again = train_aligner(features, [s.with_pauses(()) for s in sentences], SETTINGS, progress=False)
    np.testing.assert_array_equal(again.models.means, aligner.models.means)
    aligner.save(tmp_path / "aligner.safetensors")
    loaded = Aligner.load(tmp_path / "aligner.safetensors")
    assert loaded.settings == aligner.settings
    first, second = (a.align(features[:3], sentences[:3], progress=False) for a in (aligner, loaded))
    for a, b in zip(first, second, strict=True):
        assert isinstance(a, Aligned) and isinstance(b, Aligned)
        np.testing.assert_array_equal(a.alignment.durations, b.alignment.durations)


def test_what_cannot_be_aligned_is_said_and_the_rest_is_aligned(trained) -> None:
    aligner, features, sentences, _ = trained
    odd = [sentence("zap"), sentences[0], sentences[1], sentence(), sentences[2], sentences[3]]
    broken = features[3].copy()
    broken[5, 1] = np.nan
    inputs = [features[0], features[0][:10], features[1], features[2], features[2][:, :4], broken]
    answers = aligner.align(inputs, odd, progress=False)
    messages = [a.message if isinstance(a, Failure) else "" for a in answers]
    assert "the phones p, z" in messages[0]
    assert "10 frames, too few" in messages[1]
    assert isinstance(answers[2], Aligned)
    assert "no words" in messages[3]
    assert "shape" in messages[4]
    assert "finite" in messages[5]


def test_as_short_as_can_be_is_still_aligned(trained) -> None:
    aligner, features, _, _ = trained
    s = sentence("ab")
    (answer,) = aligner.align([features[0][: 4 * STATES]], [s], progress=False)
    assert isinstance(answer, Aligned)
    np.testing.assert_array_equal(answer.alignment.durations, np.ones((4, STATES)))


def test_training_on_nothing_usable_is_refused() -> None:
    with pytest.raises(TtsError, match="as many, and some"):
        train_aligner([], [])
    with pytest.raises(TtsError, match="none of 1 utterances"):
        train_aligner([np.zeros((5, 3), dtype=np.float32)], [sentence("ab")])


def test_constant_features_are_aligned_somehow() -> None:
    features, sentences, _ = spoken(8, seed=3)
    constant = [np.ones_like(x) for x in features]  # digital silence, normalised
    answers = train_aligner(constant, sentences, SETTINGS, progress=False).align(constant, sentences, progress=False)
    assert all(isinstance(a, Aligned) for a in answers)


def sums_of(x: np.ndarray) -> np.ndarray:
    return np.concatenate([x.sum(axis=0), (x**2).sum(axis=0), [len(x)]])


def test_estimates_are_those_of_the_data_leaning_on_the_broader_model() -> None:
    models = PhoneModels.flat({"a", "b", "t"}, 2, np.zeros(3), np.ones(3)).in_context([sentence("ta"), sentence("ba")])
    heard = {key: np.random.default_rng(n).normal(n % 3, 1.0 + n % 2, (4000, 3)) for n, key in enumerate(models.keys)}
    heard["b", 1, "vowel", "a"] = np.full((1, 3), 2.0)  # heard once
    silent = ("a", 0, "plosive", "b")
    heard[silent] = np.zeros((0, 3))
    estimated = models.estimated(np.array([sums_of(heard[key]) for key in models.keys]), SETTINGS)
    place = {key: n for n, key in enumerate(models.keys)}
    for key in [("a", 0, "plosive", "t"), ("b", 0), ("sil", 1)]:
        np.testing.assert_allclose(estimated.means[place[key]], heard[key].mean(axis=0), atol=0.02)
        np.testing.assert_allclose(estimated.variances[place[key]], heard[key].var(axis=0), rtol=0.03)
    both = np.concatenate([heard[key] for key in models.keys if key[:3] == ("a", 0, "plosive")])
    np.testing.assert_allclose(estimated.means[place["a", 0, "plosive"]], both.mean(axis=0), atol=0.02)
    np.testing.assert_allclose(estimated.means[place[silent]], estimated.means[place[silent[:3]]])
    once, broader = (estimated.means[place[key]] for key in [("b", 1, "vowel", "a"), ("b", 1, "vowel")])
    np.testing.assert_allclose(once, (2.0 + SETTINGS.context_frames * broader) / (1.0 + SETTINGS.context_frames))
    assert (estimated.variances > 0).all()


def test_models_in_context_are_the_narrowest_that_were_heard() -> None:
    models = PhoneModels.flat({"a", "b", "t"}, 3, np.zeros(3), np.ones(3)).in_context([sentence("tab")])
    keys = [models.keys[unit] for unit in models.trellis(sentence("tab", "ab"), optional_pauses=False).units]
    assert keys[0:3] == [("sil", 0), ("sil", 1), ("sil", 2)]
    assert keys[6:9] == [("a", 0, "plosive", "t"), ("a", 1), ("a", 2, "plosive", "b")]
    assert keys[11] == ("b", 2)  # its right neighbour is a vowel, which was never heard after b
    assert keys[12] == ("a", 0, "plosive")  # after a plosive, but never after b
    paused = [models.keys[unit] for unit in models.trellis(sentence("tab", "ab", paused=(0,)), optional_pauses=False).units]
    assert paused[11:13] == [("b", 2), ("sil", 0)]  # silence is nobody's neighbour
    assert ("b", 2, "silence") not in models.keys
    loose = models.trellis(sentence("tab", "ab"), optional_pauses=True)
    assert all(len(models.keys[unit]) == 2 for unit in loose.units)
    assert np.flatnonzero(loose.hops).tolist() == [15]


@pytest.mark.parametrize("wrong", [{"states": 0}, {"first_power": 0.0}, {"last_power": 1.5}, {"shortest_pause": 2}])
def test_settings_out_of_range_are_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(UsageError, match=next(iter(wrong))):
        AlignerSettings(**wrong)  # type: ignore[arg-type]


def test_a_foreign_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "x.safetensors").write_bytes(b"nonsense")
    with pytest.raises(TtsError, match="not the models of an aligner"):
        Aligner.load(tmp_path / "x.safetensors")
    with pytest.raises(TtsError, match="missing"):
        Aligner.load(tmp_path / "y.safetensors")


def test_neither_threads_nor_batches_change_the_alignment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Utterance by utterance, in threads, or in the batches of a graphics card."""
    features, sentences, _ = spoken(12, seed=6)
    plain = [s.with_pauses(()) for s in sentences]
    settings = replace(SETTINGS, soft_passes=4, hard_passes=1, context_passes=1)
    before, results = torch.get_num_threads(), []
    for threads, compiled in ((1, True), (3, True), (1, False)):
        torch.set_num_threads(threads)
        if not compiled:
            monkeypatch.setattr(passes, "_loops", lambda: None)
        try:
            aligner = train_aligner(features, plain, settings, progress=False)
            results.append((aligner, aligner.align(features, plain, progress=False)))
        finally:
            torch.set_num_threads(before)
    (single, answers), (threaded, same), (batched, close) = results
    np.testing.assert_array_equal(single.models.means, threaded.models.means)
    np.testing.assert_allclose(single.models.means, batched.models.means, atol=1e-3)
    for answer, other, third in zip(answers, same, close, strict=True):
        assert isinstance(answer, Aligned) and isinstance(other, Aligned) and isinstance(third, Aligned)
        assert answer.alignment.score == other.alignment.score
        np.testing.assert_array_equal(answer.alignment.durations, other.alignment.durations)
        np.testing.assert_array_equal(answer.alignment.durations, third.alignment.durations)
