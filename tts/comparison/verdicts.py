"""Two systems on the same seeds and utterances: the difference of every score, how sure it is, and whether it matters."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from enum import StrEnum
from typing import Any

import numpy as np
from pydantic import BaseModel, ConfigDict, model_validator

from tts.evaluation.scores import METRICS, find_metric, pool
from tts.evaluation.statistics import Runs, holm, paired_bootstrap, wilcoxon

LEVEL = 0.05  # largest corrected p-value that counts
ALIKE = "the same in every utterance, no verdict"
PHYSICAL = ("dB", "Hz", "frames")  # units of which a percentage can be told apart from the score's own


class Verdict(StrEnum):
    """What a difference says; the values are the words of tables and ``results.json``."""

    BETTER = "better"
    WORSE = "worse"
    PERHAPS_BETTER = "better, perhaps too little to matter"
    PERHAPS_WORSE = "worse, perhaps too little to matter"
    TOO_SMALL = "too small to matter"
    NOT_SHOWN = "no difference shown"
    ONE_SEED = "one seed, no verdict"
    ONE_UTTERANCE = "one utterance, no verdict"
    UNDERTRAINED = "not compared: trained too little"

    @property
    def is_better(self) -> bool:
        """Whether an improvement is shown, of whatever size."""
        return self in (Verdict.BETTER, Verdict.PERHAPS_BETTER)

    @property
    def is_worse(self) -> bool:
        """Whether a deterioration is shown, of whatever size."""
        return self in (Verdict.WORSE, Verdict.PERHAPS_WORSE)

    @property
    def is_plain(self) -> bool:
        """Whether it is better or worse without reserve."""
        return self in (Verdict.BETTER, Verdict.WORSE)


class Contrast(BaseModel):
    """System A (``system``) minus system B (``against``) on one score, paired by seed and utterance.

    B is the baseline, the ``control`` where that is named, or A without ``task``. ``estimate``, ``low`` and ``high`` (95 %) are
    in the score's unit, averaged over seeds; ``percent`` is the estimate as a share of B's score, for dB, Hz and frames.
    ``gain``, ``gain_low`` and ``gain_high`` say how much better A is, positive where better: the estimate with its sign turned
    where low is good, and for scores that are best at one the difference of the distances ``|log score|``. ``p_value`` is that
    of the gain's being zero, never below that of a sign test in which all utterances agree: redrawing few utterances knows too
    little of others. ``p_holm`` is the same until :func:`correct` sees the whole family. ``wilcoxon`` is the p-value over
    utterances, each averaged over seeds; ``effect_size`` is Cohen's d of paired values: the mean difference of the utterances,
    averaged over seeds, over its standard deviation. ``same`` says that not one utterance differs.
    """

    model_config = ConfigDict(frozen=True)

    system: str = ""
    against: str = ""
    control: str | None = None
    task: str | None = None
    metric: str
    estimate: float
    low: float
    high: float
    percent: float | None = None
    gain: float | None = None
    gain_low: float | None = None
    gain_high: float | None = None
    probability_better: float | None = None
    p_value: float | None = None
    p_holm: float | None = None
    wilcoxon: float | None = None
    effect_size: float | None = None
    same: bool = False
    seeds: int = 0
    utterances: int = 0
    verdict: Verdict | None = None

    @model_validator(mode="before")
    @classmethod
    def _gain_of_older_results(cls, data: Any) -> Any:
        """Fill in the gain, which results of earlier versions lack."""
        if not isinstance(data, Mapping) or data.get("gain") is not None:
            return data
        metric, estimate, low, high = (data.get(key) for key in ("metric", "estimate", "low", "high"))
        rule = METRICS.get(str(metric))
        if rule is None or rule.best == "one" or estimate is None or low is None or high is None:
            return data
        mirrored = (-estimate, -high, -low) if rule.best == "low" else (estimate, low, high)
        return {**data, **dict(zip(("gain", "gain_low", "gain_high"), mirrored, strict=True))}

    @property
    def excludes_zero(self) -> bool:
        """Whether the interval of the difference leaves out zero."""
        return self.low * self.high > 0.0

    @property
    def is_alike(self) -> bool:
        """Whether the score cannot tell the systems apart: they differ in no utterance, perhaps behind what it measures."""
        return self.same and self.verdict in (Verdict.TOO_SMALL, Verdict.NOT_SHOWN)

    @property
    def judgement(self) -> str:
        """The verdict in words; of systems that are alike in every utterance that, for it is no measured result. Else empty."""
        return ALIKE if self.is_alike else str(self.verdict or "")


def contrast(a: Runs, b: Runs, metric: str, *, resamples: int, system: str = "", against: str = "") -> Contrast | None:
    """Compare system A with B on the seeds that both have and on which the metric is defined; None where there are none.

    ``system`` and ``against`` are their names.
    """
    rule = find_metric(metric)
    names = sorted({name for runs in (a, b) for scores in runs.values() for name in scores})
    seeds = [s for s in sorted(set(a) & set(b)) if all(_defined(runs[s], names, metric) for runs in (a, b))]
    if not seeds:
        return None
    a, b = ({s: runs[s] for s in seeds} for runs in (a, b))
    bootstrap = paired_bootstrap(a, b, metric, resamples=resamples)
    interval, gain = bootstrap.interval, bootstrap.gain
    if interval.estimate is None or interval.low is None or interval.high is None:
        return None
    x, y = (np.array([[_number(runs[s][name][metric]) for name in names] for s in seeds]) for runs in (a, b))
    known = np.isfinite(x).all(axis=0) & np.isfinite(y).all(axis=0)
    gaps = x[:, known].mean(axis=0) - y[:, known].mean(axis=0)
    losses = tuple(rule.loss(values[:, known]).mean(axis=0) for values in (x, y))
    same = bool(np.array_equal(x[:, known], y[:, known]))
    spread = float(gaps.std(ddof=1)) if len(gaps) > 1 else 0.0
    base = _pooled(b, metric)
    p_value = 1.0 if same or bootstrap.p_value is None else max(bootstrap.p_value, 2.0 ** (1 - bootstrap.utterances))
    return Contrast(
        system=system,
        against=against,
        metric=metric,
        estimate=interval.estimate,
        low=interval.low,
        high=interval.high,
        percent=100.0 * interval.estimate / abs(base) if base and rule.unit in PHYSICAL else None,
        gain=gain.estimate,
        gain_low=gain.low,
        gain_high=gain.high,
        probability_better=bootstrap.probability_better,
        p_value=p_value,
        p_holm=p_value,
        wilcoxon=wilcoxon(*losses) if len(gaps) else None,
        effect_size=float(gaps.mean()) / spread if spread > 0.0 else None,
        same=same,
        seeds=bootstrap.seeds,
        utterances=bootstrap.utterances,
    )


def _pooled(runs: Runs, metric: str) -> float:
    return float(np.mean([_number(pool(scores.values())[metric]) for scores in runs.values()]))


def _defined(scores: Mapping[str, Any], names: Sequence[str], metric: str) -> bool:
    return len(scores) == len(names) and any(pooled[metric] is not None for pooled in scores.values())


def _number(value: float | None) -> float:
    return np.nan if value is None else value


def correct(contrasts: Sequence[Contrast]) -> list[Contrast]:
    """Return contrasts with ``p_holm`` corrected over the whole family by Holm's procedure.

    Comparisons in which nothing differs (the durations of systems that share a duration model) are no tests and are left out.
    """
    tests = {
        str(n): difference.p_value
        for n, difference in enumerate(contrasts)
        if not difference.same and difference.p_value is not None
    }
    corrected = holm(tests)
    return [
        difference.model_copy(update={"p_holm": corrected.get(str(n), difference.p_holm)})
        for n, difference in enumerate(contrasts)
    ]


def verdict_of(difference: Contrast, smallest: float | None) -> Verdict:
    """Return what a difference says. ``smallest`` is the smallest effect that matters, for the primary score alone.

    One seed or one utterance gets no verdict: its interval knows nothing of another training, or of another sentence. Of
    the rest the gain decides, so that significance and direction are of the same number. TOO_SMALL: its whole interval lies
    within plus or minus the smallest effect. BETTER or WORSE: the interval leaves out zero and the corrected p-value is below
    5 %; of the primary score all of it must lie beyond the smallest effect, or it is perhaps too little to matter. Otherwise
    no difference is shown, which is not the same as none. For a score that is best at one, ``smallest`` is of ``|log score|``:
    0.05 is about 5 %.
    """
    if difference.utterances < 2:
        return Verdict.ONE_UTTERANCE
    if difference.seeds < 2 and not difference.same:
        return Verdict.ONE_SEED
    low, high = difference.gain_low, difference.gain_high
    if low is None or high is None:
        return Verdict.NOT_SHOWN
    if smallest is not None and -smallest <= low and high <= smallest:
        return Verdict.TOO_SMALL
    if difference.same or low <= 0.0 <= high or difference.p_holm is None or difference.p_holm >= LEVEL:
        return Verdict.NOT_SHOWN
    if smallest is not None and min(abs(low), abs(high)) < smallest:
        return Verdict.PERHAPS_BETTER if low > 0.0 else Verdict.PERHAPS_WORSE
    return Verdict.BETTER if low > 0.0 else Verdict.WORSE


def judge(contrasts: Sequence[Contrast], smallest: float | None, undertrained: Collection[str] = ()) -> list[Contrast]:
    """Return one family of contrasts, corrected by Holm, each with its verdict: none where a system is ``undertrained``."""
    return [
        difference.model_copy(
            update={
                "verdict": Verdict.UNDERTRAINED
                if difference.system in undertrained or difference.against in undertrained
                else verdict_of(difference, smallest)
            }
        )
        for difference in correct(contrasts)
    ]


def judge_scores(
    contrasts: Sequence[Contrast], primary: str, smallest: float | None, undertrained: Collection[str] = ()
) -> list[Contrast]:
    """Return contrasts on several scores, judged, in the same order.

    The primary score was named before the run and is a family of its own: the other scores do not weaken it.
    """
    first = iter(judge([difference for difference in contrasts if difference.metric == primary], smallest, undertrained))
    others = iter(judge([difference for difference in contrasts if difference.metric != primary], None, undertrained))
    return [next(first) if difference.metric == primary else next(others) for difference in contrasts]


def compare_two(
    base: Runs, other: Runs, names: tuple[str, str], metrics: Sequence[str], *, floor: float | None, smallest: float
) -> list[Contrast]:
    """Return the differences of a system (``names[1]``) to a baseline (``names[0]``) on several scores, judged.

    The first of ``metrics`` decides; ``smallest`` is the smallest difference of it that matters. ``floor`` is the MCD in dB of
    the mean of each phone.
    """
    made = [contrast(other, base, metric, resamples=10_000, system=names[1], against=names[0]) for metric in metrics]
    mcd = {name: _pooled(runs, "mcd") for name, runs in zip(names, (base, other), strict=True)}
    known = [difference for difference in made if difference is not None]
    return judge_scores(known, metrics[0], smallest, undertrained_systems(mcd, floor))


def undertrained_systems(mcd: Mapping[str, float | None], floor: float | None) -> list[str]:
    """Return the systems whose ``mcd`` (dB, on the test split) is above ``floor``: worse than the mean of each phone."""
    return [name for name, value in mcd.items() if floor is not None and value is not None and value > floor]
