"""Two systems on the same utterances: the difference of every score with its interval, and a verdict in a sentence."""

from __future__ import annotations

from collections.abc import Mapping

from tts.evaluation.scores import Scores, find_metric
from tts.evaluation.statistics import Difference, paired_bootstrap
from tts.evaluation.tables import format_interval, format_table

METRICS = ("mcd", "f0_rmse", "f0_correlation", "vuv_error", "bap", "gv_mcep", "modulation")


def compare_scores(
    baseline: Mapping[str, Scores], other: Mapping[str, Scores], names: tuple[str, str], metrics: tuple[str, ...] = METRICS
) -> tuple[str, list[Difference]]:
    """Return a Markdown table of differences (other minus baseline), paired by utterance, and the differences themselves."""
    differences = [paired_bootstrap({1: dict(other)}, {1: dict(baseline)}, metric) for metric in metrics]
    rows = []
    for difference in differences:
        rule = find_metric(difference.metric)
        rows.append(
            [
                f"{rule.heading}{f' ({rule.unit})' if rule.unit else ''}",
                format_interval(difference.metric, difference.interval, signed=True),
                _verdict(difference),
            ]
        )
    return format_table(["score", f"{names[1]} minus {names[0]}, 95 % interval", "verdict"], rows, "markdown"), differences


def _verdict(difference: Difference) -> str:
    low, high = difference.interval.low, difference.interval.high
    if low is None or high is None or low <= 0.0 <= high:
        return "no difference shown"
    return "better" if (difference.probability_better or 0.0) > 0.5 else "worse"


def sentence(primary: Difference, names: tuple[str, str]) -> str:
    """Say in one sentence whether the other system helped on the primary score."""
    rule, verdict = find_metric(primary.metric), _verdict(primary)
    span = format_interval(primary.metric, primary.interval, signed=True)
    if verdict == "no difference shown":
        return f"On {rule.heading}, {names[1]} does not differ from {names[0]} beyond chance: {span}."
    return f"On {rule.heading}, {names[1]} is {verdict} than {names[0]}: {span}."
