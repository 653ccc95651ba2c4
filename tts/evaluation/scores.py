"""Scores of an utterance or a pool, and the table of metrics: what each is called, its unit, which way is better."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Literal

import numpy as np

from tts.core.errors import UsageError
from tts.evaluation import metrics, variance
from tts.evaluation.metrics import Streams, Sums


@dataclass(frozen=True)
class Metric:
    """A score: its name in JSON, its heading and unit in tables, which value is best, and its function of sums."""

    name: str
    heading: str
    unit: str
    decimals: int
    best: Literal["low", "high", "one"]
    function: Callable[[Sums], np.ndarray]

    def loss(self, value: np.ndarray) -> np.ndarray:
        """Return what is to be small: the value, its negative, or its distance to one as ``|log|``."""
        if self.best == "one":
            with np.errstate(divide="ignore"):
                return np.asarray(np.abs(np.log(value)))
        return -value if self.best == "high" else value


def _word_error_rate(sums: Sums) -> np.ndarray:
    return metrics.divide(100.0 * metrics.total(sums, "word_errors"), metrics.total(sums, "words"))


def _mean_rating(sums: Sums, name: str) -> np.ndarray:
    return metrics.divide(metrics.total(sums, name), metrics.total(sums, "judged"))


def _wrong_words(sums: Sums) -> np.ndarray:
    return metrics.divide(100.0 * metrics.total(sums, "wrong_words"), metrics.total(sums, "judged_words"))


METRICS: Mapping[str, Metric] = {
    metric.name: metric
    for metric in (
        Metric("mcd", "MCD", "dB", 3, "low", metrics.mcd),
        Metric("bap", "BAP", "dB", 3, "low", metrics.bap_distortion),
        Metric("f0_rmse", "F0 RMSE", "Hz", 2, "low", partial(metrics.rmse, name="f0")),
        Metric("f0_correlation", "F0 corr", "", 3, "high", partial(metrics.correlation, name="f0")),
        Metric("f0_gross", "F0 >60 Hz", "%", 2, "low", metrics.gross_f0_error),
        Metric("vuv_error", "V/UV", "%", 2, "low", metrics.voicing_error),
        Metric("duration_rmse", "Dur RMSE", "frames", 2, "low", partial(metrics.rmse, name="phones")),
        Metric("duration_correlation", "Dur corr", "", 3, "high", partial(metrics.correlation, name="phones")),
        Metric("state_rmse", "State RMSE", "frames", 2, "low", partial(metrics.rmse, name="states")),
        Metric("state_correlation", "State corr", "", 3, "high", partial(metrics.correlation, name="states")),
        Metric("gv_mcep", "GV mcep", "ratio", 2, "one", partial(variance.gv_ratio, name="mcep")),
        Metric("gv_lf0", "GV lf0", "ratio", 2, "one", partial(variance.gv_ratio, name="lf0")),
        Metric("modulation", "Mod. spec.", "dB", 2, "low", variance.modulation_distance),
        Metric("wer", "WER", "%", 1, "low", _word_error_rate),
        Metric("distillmos", "DistillMOS", "", 2, "high", partial(_mean_rating, name="distillmos")),
        Metric("p808", "P.808", "", 2, "high", partial(_mean_rating, name="p808")),
        Metric("wrong_words", "Words wrong", "%", 1, "low", _wrong_words),
    )
}


def find_metric(name: str) -> Metric:
    """Return a metric by name; an unknown one raises :class:`UsageError` listing those there are."""
    if name not in METRICS:
        raise UsageError(f"there is no metric {name!r}; there are {', '.join(METRICS)}")
    return METRICS[name]


@dataclass(frozen=True)
class Scores:
    """Scores of one utterance or of a pool, kept as sums, so that pooling them is exact.

    ``scores["mcd"]`` is a float, or ``None`` where nothing was counted (no frame voiced in both, durations not given, ...).
    """

    sums: Sums = field(repr=False)
    utterances: int = 1

    def __getitem__(self, name: str) -> float | None:
        value = float(find_metric(name).function(self.sums))
        return value if math.isfinite(value) else None

    def counted(self, name: str) -> int:
        """Return how many ``frames``, ``f0_count`` (frames voiced in both), ``phones_count`` or ``words`` were counted."""
        return int(metrics.total(self.sums, name))

    def with_sums(self, sums: Sums) -> Scores:
        """Return the same utterance's scores with more sums, such as those of durations or recognised words."""
        return Scores({**self.sums, **sums}, self.utterances)

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON-able data: the counts and every metric, ``None`` where nothing was counted."""
        counts = {"utterances": self.utterances, "frames": self.counted("frames"), "phones": self.counted("phones_count")}
        return {**counts, **{name: self[name] for name in METRICS}}


def score_utterance(natural: Streams, generated: Streams, keep: np.ndarray | None, shift: float) -> Scores:
    """Score generated streams against natural ones, frame by frame: distortions, variances and modulation spectra.

    See :func:`tts.evaluation.metrics.acoustic_sums` for the streams and errors; ``keep``, bool of shape (frames,), marks the
    frames that are not silence; ``shift`` is the frame shift in seconds.
    """
    return Scores(
        {
            **metrics.acoustic_sums(natural, generated, keep),
            **variance.variance_sums(natural, generated, keep),
            **variance.modulation_sums(natural, generated, keep, shift),
        }
    )


def pool(scores: Iterable[Scores]) -> Scores:
    """Pool scores over all their frames, phones and words: add the sums, count the utterances."""
    sums: dict[str, np.ndarray] = {}
    utterances = 0
    for each in scores:
        utterances += each.utterances
        for name, value in each.sums.items():
            sums[name] = sums[name] + value if name in sums else np.asarray(value)
    return Scores(sums, utterances)
