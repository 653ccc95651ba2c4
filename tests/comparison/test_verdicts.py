"""Differences of systems: synthetic scores with a known difference, and what is said of it."""

import numpy as np
import pytest
from scipy import stats

from tts.comparison.records import ScoreRecord, read_record, read_sums, write_record
from tts.comparison.verdicts import Contrast, Verdict, compare_two, contrast, correct, judge, undertrained_systems, verdict_of
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
    one = contrast(other, base, "mcd", resamples=2000)
    assert one.estimate == pytest.approx(-0.2, abs=0.02)
    assert one.low < -0.2 < one.high < 0.0
    assert one.percent == pytest.approx(100 * one.estimate / mean_interval(base, "mcd").estimate)
    assert (one.seeds, one.utterances) == (5, 40)
    assert one.wilcoxon < 1e-6
    # Cohen's d of paired values: both systems' noise over 5 seeds is left in an utterance's difference.
    assert one.effect_size == pytest.approx(-0.2 / (0.02 * np.sqrt(2 / 5)), rel=0.5)
    (one,) = correct([one])
    assert verdict_of(one, 0.05) == "better"
    assert verdict_of(one, 0.5) == "too small to matter"
    assert one.gain == pytest.approx(0.2, abs=0.02)
    back = contrast(base, other, "mcd", resamples=2000)
    (back,) = correct([back])
    assert verdict_of(back, 0.05) == "worse"


def test_no_difference_is_not_called_one():
    rng = np.random.default_rng(2)
    one = contrast(system(rng, 5, 40, 0.0), system(rng, 5, 40, 0.0), "mcd", resamples=2000)
    (one,) = correct([one])
    assert verdict_of(one, None) == "no difference shown"
    assert verdict_of(one, 0.05) == "too small to matter"


def test_only_common_seeds_count():
    rng = np.random.default_rng(3)
    base, other = system(rng, 5, 20, 0.0), system(rng, 5, 20, -0.2)
    del other[2], base[4]
    assert contrast(other, base, "mcd", resamples=200).seeds == 3
    assert contrast({1: other[1]}, {3: base[3]}, "mcd", resamples=200) is None
    assert contrast(other, base, "wer", resamples=200) is None


def test_a_few_utterances_are_never_significant():
    rng = np.random.default_rng(4)
    one = contrast(system(rng, 5, 3, -1.0), system(rng, 5, 3, 0.0), "mcd", resamples=2000)
    assert one.p_value == 0.25  # three out of three: 2 / 2^3
    assert verdict_of(one, 0.05) == "no difference shown"


def test_what_cannot_differ_is_no_test():
    rng = np.random.default_rng(5)
    base, other = system(rng, 3, 30, 0.0), system(rng, 3, 30, -0.01)
    family = [contrast(other, base, "mcd", resamples=500) for _ in range(2)] + [contrast(base, base, "mcd", resamples=500)]
    family = correct([one.model_copy(update={"p_value": p}) for one, p in zip(family, (0.01, 0.04, 1.0), strict=True)])
    assert [one.p_holm for one in family] == [0.02, 0.04, 1.0]
    assert family[2].same and family[2].wilcoxon == 1.0 and family[2].effect_size is None
    assert verdict_of(family[2], None) == "no difference shown"


@pytest.mark.slow
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
        one = contrast(runs(high), runs(low), "gv_mcep", resamples=500)
        assert one.estimate > 0.0
        assert one.percent is None
        assert verdict_of(one, None) == expected


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
    write_record(path, ScoreRecord(identity="a"), {"test": scores})
    again = read_sums(path, "test")
    assert list(again) == list(scores)
    before, after = (pool(found.values()).to_dict() for found in (scores, again))
    known = [name for name, value in before.items() if value is not None and name != "utterances"]
    assert [after[name] for name in known] == pytest.approx([before[name] for name in known], rel=1e-12)
    record = read_record(path, ScoreRecord)
    assert record.test["mcd"] == pytest.approx(before["mcd"])
    assert record.utterances["u1"]["modulation"] == pytest.approx(scores["u1"]["modulation"])
    assert record.utterances["short"]["modulation"] is None
    assert read_sums(path, "validation") == {}


def known(low: float, high: float, **more: object) -> Contrast:
    data = {"metric": "mcd", "seeds": 5, "utterances": 40, "p_holm": 0.01, "probability_better": 0.99, **more}
    return Contrast.model_validate({**data, "estimate": (low + high) / 2.0, "low": low, "high": high})


@pytest.mark.parametrize(
    ("one", "smallest", "said"),
    [
        (known(-0.12, -0.06), 0.05, Verdict.BETTER),
        (known(-0.12, -0.04), 0.05, Verdict.PERHAPS_BETTER),
        (known(0.02, 0.12), 0.05, Verdict.PERHAPS_WORSE),
        (known(-0.04, -0.02), 0.05, Verdict.TOO_SMALL),
        (known(-0.12, -0.04), None, Verdict.BETTER),
        (known(-0.12, -0.06, p_holm=0.06), 0.05, Verdict.NOT_SHOWN),
        (known(0.02, 0.12, metric="f0_correlation"), None, Verdict.BETTER),
        (known(-0.12, -0.06, seeds=1), 0.05, Verdict.ONE_SEED),
        (known(-0.12, -0.06, utterances=1), 0.05, Verdict.ONE_UTTERANCE),
        (known(-0.01, 0.01, utterances=1), 0.05, Verdict.ONE_UTTERANCE),  # not: too small to matter
    ],
)
def test_a_verdict_says_how_much_is_known(one: Contrast, smallest: float | None, said: Verdict) -> None:
    assert verdict_of(one, smallest) is said


def variance(ratio: float, seed: int, spread: float = 0.08) -> dict[str, Scores]:
    rng = np.random.default_rng(seed)
    return {
        f"u{n}": Scores({"gv_mcep_natural": np.ones(3), "gv_mcep_generated": ratio * np.exp(spread * rng.standard_normal(3))})
        for n in range(30)
    }


@pytest.mark.parametrize("ratio", [1.0 / 0.85, 1.17, 1.18])
def test_two_sides_of_one_at_the_same_distance_are_not_told_apart(ratio: float) -> None:
    """The ratios 1.17 and 0.85 differ for certain, but not in how far they are from 1, which is what counts."""
    a, b = ({s: variance(r, s + first) for s in (1, 2, 3)} for r, first in ((ratio, 0), (0.85, 10)))
    one = contrast(a, b, "gv_mcep", resamples=2000)
    assert one.low > 0.25 and one.excludes_zero  # the difference itself is certain
    assert one.gain == pytest.approx(abs(np.log(0.85)) - abs(np.log(ratio)), abs=0.02)
    assert one.gain_low < 0.0 < one.gain_high
    assert one.p_value > 0.05
    assert verdict_of(one, None) is Verdict.NOT_SHOWN


def test_across_one_the_nearer_is_better_whichever_side() -> None:
    for near, far in ((1.05, 0.6), (0.95, 1.6)):
        a, b = ({s: variance(r, s + first) for s in (1, 2, 3)} for r, first in ((near, 0), (far, 10)))
        assert verdict_of(contrast(a, b, "gv_mcep", resamples=2000), None) is Verdict.BETTER
        assert verdict_of(contrast(b, a, "gv_mcep", resamples=2000), None) is Verdict.WORSE
        assert contrast(a, b, "gv_mcep", resamples=2000).p_value < 0.01


def test_a_gain_is_the_difference_mirrored_where_low_is_good() -> None:
    rng = np.random.default_rng(8)
    one = contrast(system(rng, 3, 20, -0.2), system(rng, 3, 20, 0.0), "mcd", resamples=500)
    assert (one.gain, one.gain_low, one.gain_high) == (-one.estimate, -one.high, -one.low)
    older = {key: value for key, value in one.model_dump().items() if not key.startswith("gain")}
    assert Contrast.model_validate(older) == one  # results of earlier versions lack the gain


def test_two_trainings_of_one_system_get_no_verdict() -> None:
    """One seed of each: an interval over utterances tells nearly every pair of trainings apart."""
    for trial in range(40):
        rng = np.random.default_rng(1000 + trial)
        base, other = (system(rng, 1, 8, 0.03 * rng.standard_normal()) for _ in range(2))
        judged = compare_two(base, other, ("x", "y"), ("mcd",), floor=None, smallest=0.0)
        assert [one.verdict for one in judged] == [Verdict.ONE_SEED]
        assert (judged[0].system, judged[0].against) == ("y", "x")


def test_what_was_trained_too_little_gets_no_verdict() -> None:
    rng = np.random.default_rng(9)
    base, poor = system(rng, 3, 30, 0.0), system(rng, 3, 30, 2.0)
    assert undertrained_systems({"base": 5.0, "poor": 7.0, "lost": None}, 6.0) == ["poor"]
    for a, b, names in ((base, poor, ("base", "poor")), (poor, base, ("poor", "base"))):
        (one,) = compare_two(a, b, names, ("mcd",), floor=6.0, smallest=0.05)
        assert one.verdict is Verdict.UNDERTRAINED
        (one,) = compare_two(a, b, names, ("mcd",), floor=None, smallest=0.05)
        assert one.verdict in (Verdict.BETTER, Verdict.WORSE)
    assert [one.verdict for one in judge([known(-0.2, -0.1, system="a", against="b")], 0.05, ["b"])] == [Verdict.UNDERTRAINED]


@pytest.mark.parametrize(("defined", "verdict"), [(1, Verdict.ONE_UTTERANCE), (2, Verdict.NOT_SHOWN), (20, Verdict.BETTER)])
def test_only_utterances_on_which_a_score_is_defined_count(defined: int, verdict: Verdict) -> None:
    """MCD stands for any score: an utterance with no counted frame has none."""

    def runs(value, gain):
        return {
            seed: {
                f"u{n:02d}": Scores(
                    {
                        "mcd": np.asarray((value + 0.01 * seed + gain * (n % 5)) * frames),
                        "frames": np.asarray(frames),
                    }
                )
                for n in range(20)
                for frames in [100.0 if n < defined else 0.0]
            }
            for seed in (1, 2, 3)
        }

    found = contrast(runs(4.0, 0.01), runs(5.0, 0.0), "mcd", resamples=500)
    assert found.utterances == defined
    (corrected,) = correct([found])
    assert verdict_of(corrected, 0.5) == verdict
    assert found.p_value >= 2.0 ** (1 - defined)
