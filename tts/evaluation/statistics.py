"""How sure one may be of a score and of a difference: bootstrap over utterances and seeds, Wilcoxon, Holm.

Resampling redraws utterances and recomputes the pooled score from their sums, so an interval is of the very number that is
printed. Two systems are always compared on the same utterances (and seeds): what is hard for both cancels.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from tts.core.errors import TtsError
from tts.evaluation.scores import Metric, Scores, find_metric, pool

Utterances = Mapping[str, Scores]  # by utterance id
Runs = Mapping[int, Utterances]  # by training seed


@dataclass(frozen=True)
class ConfidenceInterval:
    """An estimate and its bootstrap percentile interval; ``None`` where the score is undefined."""

    estimate: float | None
    low: float | None
    high: float | None
    level: float = 0.95


@dataclass(frozen=True)
class Difference:
    """A paired comparison of systems A and B on one metric.

    ``interval`` is of A's score minus B's, averaged over seeds. ``gain`` is of how much better A is, positive where better: B's
    loss minus A's (:meth:`Metric.loss`), which for a score that is best at one is another number than the difference.
    ``probability_better`` is P(A > B): how often A is better than B for a seed drawn at random and a redrawn test set
    (Bouthillier et al., MLSys 2021, ask for more than 0.75); ties count half. ``p_value`` is two-sided and of the gain; with
    one seed, from how often the resampled gain falls on the other side of zero, and never below 2 / (resamples + 1).
    """

    metric: str
    interval: ConfidenceInterval
    gain: ConfidenceInterval
    probability_better: float | None
    p_value: float | None
    seeds: int
    utterances: int

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON-able data."""
        return {**vars(self), "interval": vars(self.interval), "gain": vars(self.gain)}


class _Resampled(Mapping[str, np.ndarray]):
    """Sums of resampled utterances, shape (resamples, ...) each, computed when asked for: a metric needs only a few."""

    def __init__(self, scores: Sequence[Scores], counts: np.ndarray) -> None:
        self.scores, self.counts = scores, counts
        self.shapes = {name: np.shape(value) for each in scores for name, value in each.sums.items()}

    def __getitem__(self, name: str) -> np.ndarray:
        nothing = np.zeros(self.shapes[name])  # an utterance in which nothing was counted
        return np.tensordot(self.counts, np.stack([each.sums.get(name, nothing) for each in self.scores]), axes=1)

    def __iter__(self) -> Iterator[str]:
        return iter(self.shapes)

    def __len__(self) -> int:
        return len(self.shapes)


def score_interval(
    scores: Utterances, metric: str, *, level: float = 0.95, resamples: int = 2000, seed: int = 0
) -> ConfidenceInterval:
    """Return a pooled score with its bootstrap interval over utterances (Efron's percentile method)."""
    if not scores:
        raise TtsError("an interval needs at least one scored utterance")
    ordered = [scores[name] for name in sorted(scores)]
    counts = _redraw(np.random.default_rng(seed), len(ordered), resamples)
    values = find_metric(metric).function(_Resampled(ordered, counts))
    return _interval(pool(ordered)[metric], values, level)


def paired_bootstrap(a: Runs, b: Runs, metric: str, *, level: float = 0.95, resamples: int = 2000, seed: int = 0) -> Difference:
    """Compare systems A and B, each given as scores by training seed and utterance id.

    With one seed the interval is the percentile bootstrap over utterances and knows nothing of other trainings. With several it
    is :func:`crossed_interval`: seeds and utterances are crossed, since all seeds share one test set. Raises
    :class:`TtsError` unless A and B have the same seeds and all of them the same utterances. Utterances on which the metric is
    undefined in some run (no voiced frame, say) are none that it was measured on, and do not count.
    """
    seeds, names = _paired(a, b)
    measured = _measured((*a.values(), *b.values()), names, metric)
    rule, rng = find_metric(metric), np.random.default_rng(seed)
    drawn_utterances = _redraw(rng, len(names), resamples)
    one_seed = rng.integers(len(seeds), size=resamples)

    values_a, values_b = (_resampled(runs, seeds, names, drawn_utterances, rule) for runs in (a, b))
    pooled_a, pooled_b = (np.array([rule.function(pool(run[s][name] for name in names).sums) for s in seeds]) for run in (a, b))
    interval, p_value = _paired_interval(pooled_a - pooled_b, values_a - values_b, measured, level)
    if interval.estimate is None:
        return Difference(metric, interval, interval, None, None, len(seeds), measured)
    with np.errstate(invalid="ignore"):  # infinite losses on both sides: no gain, which is left out
        losses = rule.loss(values_a), rule.loss(values_b)
        if rule.best == "one":
            gaps = rule.loss(pooled_b) - rule.loss(pooled_a)
            gain, p_value = _paired_interval(gaps, losses[1] - losses[0], measured, level)
        else:
            gain = interval if rule.best == "high" else _mirrored(interval)
    loss_a, loss_b = (loss[one_seed, np.arange(resamples)] for loss in losses)
    valid = ~np.isnan(loss_a) & ~np.isnan(loss_b)
    wins = ((loss_a < loss_b) + 0.5 * (loss_a == loss_b))[valid]
    return Difference(metric, interval, gain, float(wins.mean()), p_value, len(seeds), measured)


def _paired_interval(
    gaps: np.ndarray, redrawn: np.ndarray, utterances: int, level: float
) -> tuple[ConfidenceInterval, float | None]:
    """Return the interval and two-sided p-value of ``gaps`` (seeds,), of which ``redrawn`` (seeds, resamples) are resamples."""
    differences = redrawn.mean(axis=0)
    interval, p_value = _interval(float(np.mean(gaps)), differences, level), _two_sided(differences)
    if len(gaps) > 1 and interval.estimate is not None:
        return crossed_interval(gaps.tolist(), differences, utterances, level)
    return interval, p_value if interval.estimate is not None else None


def _mirrored(interval: ConfidenceInterval) -> ConfidenceInterval:
    estimate, low, high = (None if value is None else -value for value in (interval.estimate, interval.high, interval.low))
    return ConfidenceInterval(estimate, low, high, interval.level)


def mean_interval(runs: Runs, metric: str, *, level: float = 0.95, resamples: int = 2000, seed: int = 0) -> ConfidenceInterval:
    """Return a system's pooled score, averaged over its seeds, with its interval over seeds and utterances.

    Made as in :func:`paired_bootstrap`. Raises :class:`TtsError` unless all seeds have the same utterances.
    """
    seeds, names = _paired(runs, runs)
    rule, rng = find_metric(metric), np.random.default_rng(seed)
    values = _resampled(runs, seeds, names, _redraw(rng, len(names), resamples), rule).mean(axis=0)
    pooled = [float(rule.function(pool(runs[s][name] for name in names).sums)) for s in seeds]
    interval = _interval(float(np.mean(pooled)), values, level)
    if len(seeds) > 1 and interval.estimate is not None:
        interval, _ = crossed_interval(pooled, values, _measured(list(runs.values()), names, metric), level)
    return interval


def crossed_interval(
    by_seed: Sequence[float], redrawn: np.ndarray, utterances: int, level: float = 0.95
) -> tuple[ConfidenceInterval, float]:
    """Return the interval of a mean over seeds that share a test set, and the two-sided p-value of its being zero.

    ``by_seed`` (two or more) are the pooled values of the seeds, ``redrawn`` (resamples,) the mean over seeds with utterances
    redrawn. Redrawing two or five seeds too would make the interval far too narrow, so each source gets the margin of its own
    t-distribution, and the squares of the two are added (recovery of variances: Zou and Donner, Stat. Med. 27, 2008):

        margin^2 = (t[S - 1] sd(by_seed) / sqrt(S))^2 + (t[U - 1] sd(redrawn) sqrt(U / (U - 1)))^2

    A seed's value holds the noise of its utterances too, so this errs on the safe side. The p-value is the level at which
    the interval ends at zero.
    """
    from scipy import stats

    seeds, estimate = len(by_seed), float(np.mean(by_seed))
    parts = [(float(np.std(by_seed, ddof=1)) / math.sqrt(seeds), seeds - 1)]
    if utterances > 1:
        spread = float(np.std(redrawn[np.isfinite(redrawn)]))
        parts.append((spread * math.sqrt(utterances / (utterances - 1)), utterances - 1))

    def margin(alpha: float) -> float:
        return math.hypot(*(size * float(stats.t.isf(alpha / 2.0, degrees)) for size, degrees in parts))

    half = margin(1.0 - level)
    low, high = 1e-12, 1.0
    for _ in range(60):  # the margin falls as alpha grows
        middle = math.sqrt(low * high)
        low, high = (middle, high) if margin(middle) > abs(estimate) else (low, middle)
    return ConfidenceInterval(estimate, estimate - half, estimate + half, level), high if estimate else 1.0


def _resampled(runs: Runs, seeds: list[int], names: list[str], drawn: np.ndarray, rule: Metric) -> np.ndarray:
    """Return the score of every seed for every drawing of utterances (resamples, utterances): (seeds, resamples)."""
    # A thousand at a time: a modulation spectrum takes 15 kB a resample.
    parts = np.array_split(drawn, -(-len(drawn) // 1000))
    rows = []
    for s in seeds:
        scores = [runs[s][name] for name in names]
        rows.append(np.concatenate([np.broadcast_to(rule.function(_Resampled(scores, p)), (len(p),)) for p in parts]))
    return np.stack(rows)


def _paired(a: Runs, b: Runs) -> tuple[list[int], list[str]]:
    seeds, names = sorted(a), sorted(next(iter(a.values()), {}))
    if sorted(b) != seeds or not names:
        raise TtsError(f"a paired comparison needs the same seeds on both sides, not {seeds} and {sorted(b)}")
    for run in (*a.values(), *b.values()):
        odd = sorted(set(run) ^ set(names))
        if odd:
            raise TtsError(f"a paired comparison needs the same utterances in every run; not in all are {', '.join(odd[:5])}")
    return seeds, names


def _measured(runs: Sequence[Utterances], names: Sequence[str], metric: str) -> int:
    """Return the number of utterances on which a metric is defined in every run."""
    return sum(all(run[name][metric] is not None for run in runs) for name in names)


def wilcoxon(a: Sequence[float], b: Sequence[float]) -> float:
    """Return the two-sided p-value of Wilcoxon's signed-rank test on paired values; 1 where no pair differs.

    Pairs that are equal are left out (Wilcoxon's own way). Take one value an utterance, or one a seed.
    """
    from scipy import stats

    x, y = np.asarray(a, np.float64), np.asarray(b, np.float64)
    if x.shape != y.shape or x.ndim != 1:
        raise TtsError(f"Wilcoxon's test needs as many values of A as of B, not {x.shape} and {y.shape}")
    if np.array_equal(x, y):
        return 1.0
    return float(stats.wilcoxon(x, y, zero_method="wilcox").pvalue)


def holm(p_values: Mapping[str, float]) -> dict[str, float]:
    """Return p-values corrected for their number by Holm's step-down procedure (Scand. J. Statist. 6, 1979), by the same names.

    A corrected value under 0.05 is significant at a family-wise error rate of 5 %, whatever the dependence between tests.
    """
    corrected: dict[str, float] = {}
    largest = 0.0
    for rank, name in enumerate(sorted(p_values, key=p_values.__getitem__)):
        largest = max(largest, min(1.0, (len(p_values) - rank) * p_values[name]))
        corrected[name] = largest
    return {name: corrected[name] for name in p_values}


def _redraw(rng: np.random.Generator, size: int, resamples: int) -> np.ndarray:
    """Return how often each of ``size`` things is drawn in every resample, float64 of shape (resamples, size)."""
    return rng.multinomial(size, np.full(size, 1.0 / size), size=resamples).astype(np.float64)


def _interval(estimate: float | None, values: np.ndarray, level: float) -> ConfidenceInterval:
    valid = values[np.isfinite(values)]
    if estimate is None or not math.isfinite(estimate) or len(valid) == 0:
        return ConfidenceInterval(None, None, None, level)
    low, high = np.quantile(valid, [(1.0 - level) / 2.0, (1.0 + level) / 2.0])
    return ConfidenceInterval(estimate, float(low), float(high), level)


def _two_sided(differences: np.ndarray) -> float:
    valid = differences[np.isfinite(differences)]
    tail = min((valid <= 0.0).sum(), (valid >= 0.0).sum())
    return float(min(1.0, 2.0 * (tail + 1) / (len(valid) + 1)))
