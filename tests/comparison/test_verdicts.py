"""Differences of systems: synthetic scores with a known difference, and what is said of it."""

import numpy as np
import pytest
from scipy import stats

from tts.comparison.records import read_record, read_sums, write_record
from tts.comparison.verdicts import correct, difference, gain, verdict
from tts.evaluation.scores import Scores, pool, score_utterance
from tts.evaluation.statistics import mean_interval


def system(rng, seeds, utterances, offset, *, noise=0.02, hard=0.5):
    """Runs by seed: an utterance is as hard for all systems, a seed shifts all of it a little, a system by ``offset`` dB."""
    difficulty = np.random.default_rng(0).normal(5.0, hard, utterances)
    runs = {}
    for seed in range(1, seeds + 1):
        values = difficulty + offset + rng.normal(0.0, 0.005) + rng.normal(0.0, noise, utterances)
        runs[seed] = {
            f"u{n:02d}": Scores({"mcd": np.asarray(value * 100.0), "frames": np.asarray(100.0)})
            for n, value in enumerate(values)
        }
    return runs


def test_a_known_difference_is_found_and_judged():
    rng = np.random.default_rng(1)
    base, other = system(rng, 5, 40, 0.0), system(rng, 5, 40, -0.2)
    one = difference(other, base, "mcd", resamples=2000)
    assert one["estimate"] == pytest.approx(-0.2, abs=0.02)
    assert one["low"] < -0.2 < one["high"] < 0.0
    assert one["percent"] == pytest.approx(100 * one["estimate"] / mean_interval(base, "mcd").estimate)
    assert (one["seeds"], one["utterances"]) == (5, 40)
    assert one["wilcoxon"] < 1e-6
    # Cohen's d of paired values: both systems' noise over 5 seeds is left in an utterance's difference.
    assert one["effect_size"] == pytest.approx(-0.2 / (0.02 * np.sqrt(2 / 5)), rel=0.5)
    correct([one])
    assert verdict(one, 0.05) == "better"
    assert verdict(one, 0.5) == "too small to matter"
    assert gain(one) == pytest.approx(0.2, abs=0.02)
    back = difference(base, other, "mcd", resamples=2000)
    correct([back])
    assert verdict(back, 0.05) == "worse"


def test_no_difference_is_not_called_one():
    rng = np.random.default_rng(2)
    one = difference(system(rng, 5, 40, 0.0), system(rng, 5, 40, 0.0), "mcd", resamples=2000)
    correct([one])
    assert verdict(one, None) == "no difference shown"
    assert verdict(one, 0.05) == "too small to matter"


def test_only_common_seeds_count():
    rng = np.random.default_rng(3)
    base, other = system(rng, 5, 20, 0.0), system(rng, 5, 20, -0.2)
    del other[2], base[4]
    assert difference(other, base, "mcd", resamples=200)["seeds"] == 3
    assert difference({1: other[1]}, {3: base[3]}, "mcd", resamples=200) is None
    assert difference(other, base, "wer", resamples=200) is None


def test_a_few_utterances_are_never_significant():
    rng = np.random.default_rng(4)
    one = difference(system(rng, 5, 3, -1.0), system(rng, 5, 3, 0.0), "mcd", resamples=2000)
    assert one["p_value"] == 0.25  # three out of three: 2 / 2^3
    assert verdict(one, 0.05) == "no difference shown"


def test_what_cannot_differ_is_no_test():
    rng = np.random.default_rng(5)
    base, other = system(rng, 3, 30, 0.0), system(rng, 3, 30, -0.01)
    family = [difference(other, base, "mcd", resamples=500) for _ in range(2)] + [difference(base, base, "mcd", resamples=500)]
    family[0]["p_value"], family[1]["p_value"] = 0.01, 0.04
    correct(family)
    assert [one["p_holm"] for one in family] == [0.02, 0.04, 1.0]
    assert family[2]["same"] and family[2]["wilcoxon"] == 1.0 and family[2]["effect_size"] is None
    assert verdict(family[2], None) == "no difference shown"


def test_a_score_that_is_best_at_one_is_better_when_nearer():
    """A variance ratio that grows from .2 to .4 is better, one that grows from 1.1 to 1.4 is worse."""

    def runs(ratio):
        rng = np.random.default_rng(6)
        return {
            seed: {
                f"u{n}": Scores({"gv_mcep_natural": np.ones(3), "gv_mcep_generated": ratio * rng.uniform(0.99, 1.01, 3)})
                for n in range(12)
            }
            for seed in (1, 2, 3)
        }

    for low, high, expected in ((0.2, 0.4, "better"), (1.1, 1.4, "worse")):
        one = difference(runs(high), runs(low), "gv_mcep", resamples=500)
        assert one["estimate"] > 0.0
        assert one["percent"] is None
        assert verdict(one, None) == expected


def test_the_mean_over_seeds_has_an_interval_of_both():
    runs = {seed: {"a": Scores({"mcd": np.asarray(5.0 + seed), "frames": np.asarray(1.0)})} for seed in (0, 1, 2, 3)}
    found = mean_interval(runs, "mcd", resamples=4000)
    assert found.estimate == pytest.approx(6.5)
    half = stats.t.ppf(0.975, 3) * np.std([0, 1, 2, 3], ddof=1) / 2.0  # one utterance: seeds alone
    assert (found.low, found.high) == pytest.approx((6.5 - half, 6.5 + half))


def test_a_record_keeps_every_score(tmp_path):
    rng = np.random.default_rng(7)

    def streams(frames):
        return {
            "mcep": rng.normal(size=(frames, 5)),
            "lf0": rng.normal(5.0, 0.1, (frames, 1)),
            "vuv": (rng.uniform(size=(frames, 1)) > 0.3).astype(float),
            "bap": rng.normal(size=(frames, 2)),
        }

    scores = {f"u{n}": score_utterance(streams(200), streams(200), None, 0.005) for n in range(3)}
    scores["short"] = score_utterance(streams(1), streams(1), None, 0.005)  # no modulation spectrum
    path = tmp_path / "seed-1.json"
    write_record(path, {"status": "finished"}, {"test": scores})
    again = read_sums(path, "test")
    assert list(again) == list(scores)
    before, after = (pool(found.values()).to_dict() for found in (scores, again))
    known = [name for name, value in before.items() if value is not None and name != "utterances"]
    assert [after[name] for name in known] == pytest.approx([before[name] for name in known], rel=1e-12)
    record = read_record(path)
    assert record["test"]["mcd"] == pytest.approx(before["mcd"])
    assert record["utterances"]["u1"]["modulation"] == pytest.approx(scores["u1"]["modulation"])
    assert record["utterances"]["short"]["modulation"] is None
    assert read_sums(path, "validation") == {}


def test_a_verdict_says_how_much_is_known():
    known = {"same": False, "seeds": 5, "p_holm": 0.01, "probability_better": 0.99}
    assert verdict({**known, "low": -0.12, "high": -0.06}, 0.05) == "better"
    assert verdict({**known, "low": -0.12, "high": -0.04}, 0.05) == "better, perhaps too little to matter"
    assert verdict({**known, "low": 0.02, "high": 0.12, "probability_better": 0.0}, 0.05).startswith("worse, perhaps")
    assert verdict({**known, "low": -0.04, "high": -0.02}, 0.05) == "too small to matter"
    assert verdict({**known, "low": -0.12, "high": -0.04}, None) == "better"
    assert verdict({**known, "low": -0.12, "high": -0.06, "seeds": 1}, 0.05) == "one seed, no verdict"
