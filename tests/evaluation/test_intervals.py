"""Intervals and tests against closed forms, textbook examples and invariances."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from tts.core.errors import TtsError
from tts.evaluation.metrics import MCD_FACTOR
from tts.evaluation.scores import Scores
from tts.evaluation.statistics import crossed_interval, holm, paired_bootstrap, score_interval, wilcoxon


def utterances(values, frames=None):
    """Scores whose MCD is ``values`` dB."""
    frames = np.full(len(values), 100.0) if frames is None else frames
    return {
        f"u{k:03d}": Scores({"mcd": np.asarray(value / MCD_FACTOR * MCD_FACTOR * n), "frames": np.asarray(float(n))})
        for k, (value, n) in enumerate(zip(values, frames, strict=True))
    }


def test_the_interval_equals_the_normal_one_on_normal_data():
    values = np.random.default_rng(1).normal(5.0, 0.5, size=80)
    found = score_interval(utterances(values), "mcd", resamples=20000)
    half = 1.96 * values.std() / np.sqrt(80)
    assert found.estimate == pytest.approx(values.mean())
    assert (found.low, found.high) == pytest.approx((values.mean() - half, values.mean() + half), abs=0.01)


def test_coverage_is_nearly_nominal():
    rng = np.random.default_rng(2)
    hits = 0
    for trial in range(300):
        found = score_interval(utterances(rng.normal(5.0, 0.5, size=66)), "mcd", resamples=400, seed=trial)
        hits += found.low <= 5.0 <= found.high
    assert 0.90 <= hits / 300 <= 0.98


def test_the_estimate_is_the_pooled_score_not_a_mean_of_means():
    found = score_interval(utterances([4.0, 8.0], frames=[300, 100]), "mcd")
    assert found.estimate == pytest.approx(5.0)


def test_seeded_and_order_free():
    values = np.random.default_rng(3).normal(size=30)
    one = utterances(values)
    assert score_interval(one, "mcd", seed=4) == score_interval(one, "mcd", seed=4)
    assert score_interval(one, "mcd", seed=4) != score_interval(one, "mcd", seed=5)
    a, b = {1: one}, {1: utterances(values + 0.1)}
    shuffled = {1: dict(reversed(one.items()))}
    assert score_interval(shuffled[1], "mcd", seed=4) == score_interval(one, "mcd", seed=4)
    assert paired_bootstrap(a, b, "mcd") == paired_bootstrap(shuffled, b, "mcd")


def test_undefined_scores_have_no_interval():
    found = score_interval(utterances([1.0, 2.0]), "f0_rmse")
    assert found.estimate is None and found.low is None
    difference = paired_bootstrap({1: utterances([1.0])}, {1: utterances([2.0])}, "wer")
    assert difference.interval.estimate is None and difference.p_value is None and difference.probability_better is None


def test_a_constant_difference_is_certain_however_hard_the_utterances():
    hardness = np.random.default_rng(5).uniform(2.0, 20.0, size=40)
    a = {s: utterances(hardness + s) for s in (1, 2, 3)}
    b = {s: utterances(hardness + s + 0.05) for s in (1, 2, 3)}
    found = paired_bootstrap(a, b, "mcd")
    assert (found.interval.estimate, found.interval.low, found.interval.high) == pytest.approx((-0.05,) * 3)
    assert found.probability_better == 1.0
    assert found.p_value < 0.002
    assert (found.seeds, found.utterances) == (3, 40)


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 10_000))
def test_swapping_the_systems_mirrors_everything(seed):
    rng = np.random.default_rng(seed)
    a, b = ({s: utterances(rng.normal(5, 1, size=12)) for s in (1, 2)} for _ in range(2))
    there, back = paired_bootstrap(a, b, "mcd", resamples=300), paired_bootstrap(b, a, "mcd", resamples=300)
    assert there.interval.estimate == pytest.approx(-back.interval.estimate)
    assert there.interval.low == pytest.approx(-back.interval.high)
    assert there.probability_better == pytest.approx(1 - back.probability_better)
    assert there.p_value == back.p_value


def test_seeds_that_disagree_widen_the_interval():
    noise = np.random.default_rng(6).normal(0, 0.01, size=50)
    base = {s: utterances(5.0 + 0 * noise) for s in (1, 2, 3, 4)}
    agree = {s: utterances(5.0 + noise) for s in (1, 2, 3, 4)}
    disagree = {s: utterances(5.0 + noise + offset) for s, offset in zip((1, 2, 3, 4), (-0.3, -0.1, 0.1, 0.3), strict=True)}
    narrow, wide = (paired_bootstrap(x, base, "mcd").interval for x in (agree, disagree))
    assert wide.high - wide.low > 10 * (narrow.high - narrow.low)
    spread = np.std([-0.3, -0.1, 0.1, 0.3]) / 2  # of a mean of four
    spread *= np.sqrt(4 / 3)  # of a sample
    assert wide.high - wide.low == pytest.approx(2 * stats.t.ppf(0.975, 3) * spread, rel=0.02)


def test_the_shared_test_set_is_redrawn_once_for_all_seeds():
    gaps = np.random.default_rng(7).normal(0.0, 1.0, size=40)
    zero = {s: utterances(np.zeros(40)) for s in range(10)}
    interval = paired_bootstrap({s: utterances(gaps) for s in range(10)}, zero, "mcd").interval
    alone = paired_bootstrap({0: utterances(gaps)}, {0: zero[0]}, "mcd").interval
    assert interval.high - interval.low == pytest.approx(alone.high - alone.low, rel=0.1)  # ten equal seeds know no more


def test_false_alarms_stay_near_five_per_cent():
    rng = np.random.default_rng(8)
    alarms = 0
    for trial in range(200):
        a, b = ({1: utterances(rng.normal(5, 1, size=50))} for _ in range(2))
        alarms += paired_bootstrap(a, b, "mcd", resamples=300, seed=trial).p_value < 0.05
    assert alarms / 200 < 0.11


def test_which_way_is_better_follows_the_metric():
    def correlated(noise):
        rng = np.random.default_rng(9)
        x = rng.normal(150, 30, size=200)
        from tts.evaluation.metrics import pair_sums

        return {f"u{k}": Scores(pair_sums("f0", x, x + noise * rng.normal(size=200))) for k in range(5)}

    good, bad = {1: correlated(5.0)}, {1: correlated(60.0)}
    assert paired_bootstrap(good, bad, "f0_correlation").probability_better == 1.0
    assert paired_bootstrap(good, bad, "f0_rmse").probability_better == 1.0
    assert paired_bootstrap(good, bad, "f0_correlation").interval.estimate > 0

    def varied(ratio):
        return {1: {"u": Scores({"gv_mcep_natural": np.ones(4), "gv_mcep_generated": np.full(4, ratio)})}}

    assert paired_bootstrap(varied(0.8), varied(1.5), "gv_mcep").probability_better == 1.0  # nearer to one


def test_runs_that_are_not_paired_are_refused():
    with pytest.raises(TtsError, match="same seeds"):
        paired_bootstrap({1: utterances([1.0])}, {2: utterances([1.0])}, "mcd")
    with pytest.raises(TtsError, match="not in all are u001"):
        paired_bootstrap({1: utterances([1.0])}, {1: utterances([1.0, 2.0])}, "mcd")
    with pytest.raises(TtsError, match="at least one"):
        score_interval({}, "mcd")


def test_wilcoxon_on_a_small_case_counted_by_hand():
    a, b = [1.1, 2.3, 2.9, 4.4, 5.5], [1.0, 2.0, 2.5, 3.9, 4.8]  # all larger: p = 2 / 2^5
    assert wilcoxon(a, b) == pytest.approx(2 / 32)
    assert wilcoxon(a, a) == 1.0
    assert wilcoxon([*a, 9.0], [*b, 9.0]) == pytest.approx(wilcoxon(a, b))
    with pytest.raises(TtsError, match="as many values"):
        wilcoxon([1.0], [1.0, 2.0])


def test_holm_on_a_known_example():
    found = holm({"a": 0.01, "b": 0.04, "c": 0.03, "d": 0.005})
    assert found == pytest.approx({"a": 0.03, "b": 0.06, "c": 0.06, "d": 0.02})
    assert list(found) == ["a", "b", "c", "d"]
    assert holm({}) == {}


@given(st.lists(st.floats(0.0, 1.0), min_size=1, max_size=8))
def test_holm_lies_between_the_raw_values_and_bonferroni(values):
    raw = {str(k): value for k, value in enumerate(values)}
    found = holm(raw)
    for name, value in raw.items():
        assert value <= found[name] <= min(1.0, len(raw) * value) + 1e-12
    order = sorted(raw, key=raw.__getitem__)
    assert [found[name] for name in order] == sorted(found.values())
    assert found[order[0]] == pytest.approx(min(1.0, len(raw) * raw[order[0]]))


def test_the_paired_interval_agrees_with_the_t_interval():
    gaps = np.random.default_rng(10).normal(0.1, 0.3, size=66)
    found = paired_bootstrap({1: utterances(5 + gaps)}, {1: utterances(np.full(66, 5.0))}, "mcd", resamples=5000).interval
    low, high = stats.t.interval(0.95, 65, gaps.mean(), stats.sem(gaps))
    assert (found.low, found.high) == pytest.approx((low, high), abs=0.012)


@pytest.mark.slow
@pytest.mark.parametrize("seeds", [2, 3, 5])
def test_equal_systems_are_seldom_told_apart_however_few_the_seeds(seeds):
    """Seeds that differ by half as much as utterances do: redrawing them would call a third of the pairs different."""
    rng = np.random.default_rng(11)
    alarms = 0
    for trial in range(150):
        a, b = (
            {s: utterances(5.0 + rng.normal(0, 0.006) + rng.normal(0, 0.01, size=40)) for s in range(seeds)} for _ in range(2)
        )
        found = paired_bootstrap(a, b, "mcd", resamples=200, seed=trial)
        assert (found.p_value < 0.05) == (not found.interval.low <= 0.0 <= found.interval.high)
        alarms += found.p_value < 0.05
    assert alarms <= 15  # 5 % are 7.5; more than 15 in 150 happen once in 200 times


def test_the_crossed_interval_on_a_case_by_hand():
    redrawn = np.array([-1.0, 1.0] * 50)  # standard deviation 1
    found, p_value = crossed_interval([4.0, 6.0], redrawn, 11)
    half = np.hypot(stats.t.ppf(0.975, 1) * 1.0, stats.t.ppf(0.975, 10) * np.sqrt(1.1))
    assert (found.estimate, found.low, found.high) == pytest.approx((5.0, 5.0 - half, 5.0 + half))
    alone, p_alone = crossed_interval([4.0, 6.0, 8.0], redrawn, 1)
    assert p_alone == pytest.approx(stats.ttest_1samp([4.0, 6.0, 8.0], 0.0).pvalue, rel=1e-6)
    assert (alone.low, alone.high) == pytest.approx(stats.t.interval(0.95, 2, 6.0, stats.sem([4.0, 6.0, 8.0])))
    assert 0.05 < p_value < 1.0
