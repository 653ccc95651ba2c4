"""Two systems on the same seeds and utterances: the difference of every score, how sure it is, and whether it matters."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

import numpy as np

from tts.evaluation.scores import find_metric, pool
from tts.evaluation.statistics import Runs, holm, paired_bootstrap, wilcoxon

Verdict = Literal[
    "better",
    "worse",
    "better, perhaps too little to matter",
    "worse, perhaps too little to matter",
    "too small to matter",
    "no difference shown",
    "one seed, no verdict",
]
LEVEL = 0.05  # largest corrected p-value that counts
PHYSICAL = ("dB", "Hz", "frames")  # units of which a percentage can be told apart from the score's own


def difference(a: Runs, b: Runs, metric: str, *, resamples: int) -> dict[str, Any] | None:
    """Compare system A with B on the seeds that both have and on which the metric is defined; None where there are none.

    ``estimate``, ``low`` and ``high`` are of A minus B (95 %, bootstrap over seeds and utterances); ``percent`` is the estimate
    as a share of B's score, for dB, Hz and frames. ``wilcoxon`` is the p-value over utterances, each averaged over seeds;
    ``effect_size`` is Cohen's d of paired values: the mean difference of the utterances, averaged over seeds, over its standard
    deviation. ``p_value`` is the bootstrap's, but never below that of a sign test in which all utterances agree: redrawing few
    utterances knows too little of others. ``p_holm`` is the same until :func:`correct` sees the whole family. ``same`` says
    that not one utterance differs.
    """
    rule = find_metric(metric)
    names = sorted({name for runs in (a, b) for scores in runs.values() for name in scores})
    seeds = [s for s in sorted(set(a) & set(b)) if all(_defined(runs[s], names, metric) for runs in (a, b))]
    if not seeds:
        return None
    a, b = ({s: runs[s] for s in seeds} for runs in (a, b))
    found = paired_bootstrap(a, b, metric, resamples=resamples)
    if found.interval.estimate is None:
        return None
    x, y = (np.array([[_number(runs[s][name][metric]) for name in names] for s in seeds]) for runs in (a, b))
    known = np.isfinite(x).all(axis=0) & np.isfinite(y).all(axis=0)
    means = x[:, known].mean(axis=0), y[:, known].mean(axis=0)
    losses = tuple(rule.loss(values[:, known]).mean(axis=0) for values in (x, y))
    gaps = means[0] - means[1]
    same = bool(np.array_equal(x[:, known], y[:, known]))
    spread = float(gaps.std(ddof=1)) if len(gaps) > 1 else 0.0
    base = _pooled(b, metric)
    p_value = 1.0 if same or found.p_value is None else max(found.p_value, 2.0 ** (1 - len(names)))
    return {
        "metric": metric,
        "estimate": found.interval.estimate,
        "low": found.interval.low,
        "high": found.interval.high,
        "percent": 100.0 * found.interval.estimate / abs(base) if base and rule.unit in PHYSICAL else None,
        "probability_better": found.probability_better,
        "p_value": p_value,
        "p_holm": p_value,
        "wilcoxon": wilcoxon(*losses) if len(gaps) else None,
        "effect_size": float(gaps.mean()) / spread if spread > 0.0 else None,
        "same": same,
        "seeds": found.seeds,
        "utterances": found.utterances,
    }


def _pooled(runs: Runs, metric: str) -> float:
    return float(np.mean([_number(pool(scores.values())[metric]) for scores in runs.values()]))


def _defined(scores: Mapping[str, Any], names: Sequence[str], metric: str) -> bool:
    return len(scores) == len(names) and any(one[metric] is not None for one in scores.values())


def _number(value: float | None) -> float:
    return np.nan if value is None else value


def correct(differences: Sequence[dict[str, Any]]) -> None:
    """Replace ``p_holm`` by Holm's correction over the whole family, in place.

    Comparisons in which nothing differs (the durations of systems that share a duration model) are no tests and are left out.
    """
    tests = {str(n): float(one["p_value"]) for n, one in enumerate(differences) if not one["same"]}
    for n, value in holm(tests).items():
        differences[int(n)]["p_holm"] = value


def verdict(one: Mapping[str, Any], smallest: float | None) -> Verdict:
    """Return what a difference says. ``smallest`` is the smallest effect that matters, for the primary score alone.

    One seed gets no verdict: its interval knows nothing of another training. "too small to matter": the whole interval lies
    within plus or minus the smallest effect. "better" or "worse": the interval leaves out zero and the corrected p-value is
    below 5 %; of the primary score all of it must lie beyond the smallest effect, or it is "perhaps too little to matter".
    Otherwise no difference is shown, which is not the same as none.
    """
    low, high = one["low"], one["high"]
    if one["seeds"] < 2 and not one["same"]:
        return "one seed, no verdict"
    if smallest is not None and -smallest <= low and high <= smallest:
        return "too small to matter"
    if one["same"] or low <= 0.0 <= high or one["p_holm"] >= LEVEL:
        return "no difference shown"
    size = min(abs(low), abs(high))
    if smallest is not None and size < smallest:
        better: Verdict = "better, perhaps too little to matter"
        return better if one["probability_better"] > 0.5 else "worse, perhaps too little to matter"
    return "better" if one["probability_better"] > 0.5 else "worse"


def gain(one: Mapping[str, Any]) -> float:
    """Return how much better A is than B, positive where better, whichever way the metric points."""
    size = abs(float(one["estimate"]))
    return size if (one["probability_better"] or 0.0) > 0.5 else -size
