"""Metrics against a slow implementation written from the definitions, and against cases with a known answer."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tts.core.errors import TtsError, UsageError
from tts.evaluation.metrics import MCD_FACTOR, duration_sums, frame_mcd
from tts.evaluation.scores import METRICS, Scores, pool, score_utterance

SHIFT = 0.005


def streams(seed, frames=120, order=24):
    rng = np.random.default_rng(seed)
    return {
        "mcep": rng.normal(size=(frames, order + 1)).astype(np.float32),
        "lf0": np.log(rng.uniform(80, 300, size=(frames, 1))).astype(np.float32),
        "vuv": (rng.random((frames, 1)) < 0.7).astype(np.float32),
        "bap": rng.normal(-10, 3, size=(frames, 3)).astype(np.float32),
    }


def changed(source, **values):
    return {**{name: array.copy() for name, array in source.items()}, **values}


def by_the_book(utterances):
    """Merlin's definitions as explicit loops over (natural, generated, keep) triples."""
    frames = mcd = bap = mismatches = 0
    f0s = []
    for natural, generated, keep in utterances:
        for t in range(len(keep)):
            if not keep[t]:
                continue
            frames += 1
            c, d = ([float(value) for value in side["mcep"][t]] for side in (natural, generated))
            error = sum((c[k] - d[k]) ** 2 for k in range(1, len(c)))
            mcd += 10 / math.log(10) * math.sqrt(2 * error)
            error = sum((float(x) - float(y)) ** 2 for x, y in zip(natural["bap"][t], generated["bap"][t], strict=True))
            bap += math.sqrt(error) / 10
            v, w = natural["vuv"][t][0] >= 0.5, generated["vuv"][t][0] >= 0.5
            mismatches += v != w
            if v and w:
                f0s.append((math.exp(float(natural["lf0"][t][0])), math.exp(float(generated["lf0"][t][0]))))
    mean_x, mean_y = (sum(pair[side] for pair in f0s) / len(f0s) for side in (0, 1))
    covariance = sum((x - mean_x) * (y - mean_y) for x, y in f0s)
    spread = math.sqrt(sum((x - mean_x) ** 2 for x, _ in f0s) * sum((y - mean_y) ** 2 for _, y in f0s))
    return {
        "mcd": mcd / frames,
        "bap": bap / frames,
        "vuv_error": 100 * mismatches / frames,
        "f0_rmse": math.sqrt(sum((x - y) ** 2 for x, y in f0s) / len(f0s)),
        "f0_correlation": covariance / spread,
        "f0_gross": 100 * sum(abs(x - y) > 60 for x, y in f0s) / len(f0s),
    }


def test_pooled_scores_equal_the_definitions():
    sizes = (40, 170, 90)  # unequal, so that a mean of utterance means would differ
    utterances = []
    for seed, frames in enumerate(sizes):
        natural, generated = streams(seed, frames), streams(seed + 100, frames)
        generated["lf0"] = 0.5 * generated["lf0"] + 0.5 * natural["lf0"]
        utterances.append((natural, generated, np.random.default_rng(seed).random(frames) < 0.8))
    pooled = pool(score_utterance(*utterance, SHIFT) for utterance in utterances)
    for name, expected in by_the_book(utterances).items():
        assert pooled[name] == pytest.approx(expected, rel=1e-9), name
    assert pooled.utterances == 3
    assert pooled.counted("frames") == sum(keep.sum() for _, _, keep in utterances)


def test_f0_scores_equal_numpy():
    natural, generated = streams(1), streams(2)
    both = (natural["vuv"] >= 0.5)[:, 0] & (generated["vuv"] >= 0.5)[:, 0]
    x, y = (np.exp(s["lf0"][both, 0].astype(float)) for s in (natural, generated))
    scores = score_utterance(natural, generated, None, SHIFT)
    assert scores["f0_correlation"] == pytest.approx(np.corrcoef(x, y)[0, 1], rel=1e-9)


def test_one_coefficient_off_by_one_is_6_1418_db():
    natural = streams(3)
    generated = changed(natural)
    generated["mcep"][:, 5] += 1.0
    assert score_utterance(natural, generated, None, SHIFT)["mcd"] == pytest.approx(6.1418, abs=1e-4)
    assert pytest.approx(6.141851463713754) == MCD_FACTOR


def test_energy_is_left_out_of_mcd():
    natural = streams(3)
    generated = changed(natural)
    generated["mcep"][:, 0] += 7.0
    assert score_utterance(natural, generated, None, SHIFT)["mcd"] == 0.0


def test_bap_voicing_and_f0_of_known_changes():
    natural = streams(4, frames=100)
    natural["vuv"][:] = 1.0
    generated = changed(natural, bap=natural["bap"] + np.float32([3.0, 0.0, 4.0]))
    generated["vuv"][:25] = 0.0
    generated["lf0"] = np.log(np.exp(natural["lf0"]) + 10.0)
    generated["lf0"][40:55] = np.log(np.exp(natural["lf0"][40:55]) + 61.0)
    scores = score_utterance(natural, generated, None, SHIFT)
    assert scores["bap"] == pytest.approx(0.5, rel=1e-5)
    assert scores["vuv_error"] == 25.0
    assert scores["f0_gross"] == pytest.approx(100 * 15 / 75)
    assert scores["f0_rmse"] == pytest.approx(math.sqrt((60 * 100 + 15 * 61**2) / 75), rel=1e-4)


def test_identical_speech_scores_perfectly():
    scores = score_utterance(streams(5), streams(5), None, SHIFT)
    for name in ("mcd", "bap", "f0_rmse", "f0_gross", "vuv_error", "modulation"):
        assert scores[name] == 0.0
    assert scores["f0_correlation"] == pytest.approx(1.0)
    assert scores["gv_mcep"] == pytest.approx(1.0)
    assert scores["gv_lf0"] == pytest.approx(1.0)


def test_nothing_counted_is_none_not_nan():
    natural = streams(6)
    natural["vuv"][:] = 0.0
    scores = score_utterance(natural, natural, None, SHIFT)
    assert scores["f0_rmse"] is None and scores["f0_correlation"] is None and scores["gv_lf0"] is None
    assert scores["duration_rmse"] is None and scores["wer"] is None
    assert scores["vuv_error"] == 0.0
    silent = score_utterance(natural, natural, np.zeros(120, bool), SHIFT)
    assert all(silent[name] is None for name in METRICS)
    assert set(silent.to_dict()) == {"utterances", "frames", "phones", *METRICS}
    assert pool([])["mcd"] is None


def test_constant_f0_has_no_correlation():
    natural, generated = streams(7), streams(8)
    generated["lf0"][:] = np.log(123.4)
    assert score_utterance(natural, generated, None, SHIFT)["f0_correlation"] is None


def test_an_utterance_without_voicing_changes_only_what_it_counts():
    voiced = score_utterance(streams(1), streams(2), None, SHIFT)
    natural = streams(9)
    natural["vuv"][:] = 0.0
    unvoiced = score_utterance(natural, natural, None, SHIFT)
    both = pool([voiced, unvoiced])
    assert both["f0_rmse"] == voiced["f0_rmse"]
    assert both["mcd"] == pytest.approx(voiced["mcd"] / 2)


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 1000), st.integers(1, 119))
def test_pooling_the_parts_of_an_utterance_is_exact(seed, cut):
    natural, generated = streams(seed), streams(seed + 1)
    first = np.arange(120) < cut
    whole = score_utterance(natural, generated, None, SHIFT)
    parts = pool(score_utterance(natural, generated, keep, SHIFT) for keep in (first, ~first))
    for name in ("mcd", "bap", "f0_rmse", "f0_correlation", "f0_gross", "vuv_error"):
        assert parts[name] == pytest.approx(whole[name], rel=1e-9)


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 1000))
def test_symmetry_and_the_triangle(seed):
    a, b, c = (streams(seed + k)["mcep"] for k in range(3))
    assert frame_mcd(a, b) == pytest.approx(frame_mcd(b, a))
    assert (frame_mcd(a, c) <= frame_mcd(a, b) + frame_mcd(b, c) + 1e-9).all()


def test_duration_scores_leave_silence_out_and_count_phones_and_states():
    natural = np.array([[20, 20], [3, 4], [5, 1], [2, 2], [30, 30]])
    predicted = np.array([[1, 1], [4, 4], [5, 4], [1, 3], [1, 1]])
    keep = np.array([False, True, True, True, False])
    scores = Scores(duration_sums(natural, predicted, keep))
    assert scores["duration_rmse"] == pytest.approx(math.sqrt((1 + 9 + 0) / 3))
    assert scores["duration_correlation"] == pytest.approx(np.corrcoef([7, 6, 4], [8, 9, 4])[0, 1])
    assert scores["state_rmse"] == pytest.approx(math.sqrt((1 + 0 + 0 + 9 + 1 + 1) / 6))
    assert scores["state_correlation"] == pytest.approx(np.corrcoef([3, 4, 5, 1, 2, 2], [4, 4, 5, 4, 1, 3])[0, 1])
    assert scores["mcd"] is None and scores.to_dict()["phones"] == 3


def test_what_cannot_be_compared_is_refused():
    natural = streams(1)
    with pytest.raises(TtsError, match="stream mcep"):
        score_utterance(natural, streams(2, frames=121), None, SHIFT)
    broken = changed(natural)
    broken["lf0"][3] = np.nan
    with pytest.raises(TtsError, match="stream lf0: the generated values are not all finite"):
        score_utterance(natural, broken, None, SHIFT)
    with pytest.raises(TtsError, match="frame mask"):
        score_utterance(natural, natural, np.ones(120), SHIFT)
    with pytest.raises(TtsError, match="durations of shapes"):
        duration_sums(np.ones((3, 5)), np.ones((4, 5)))
    with pytest.raises(UsageError, match="no metric 'mdc'"):
        Scores({})["mdc"]
