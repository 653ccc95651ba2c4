"""Print scores that a comparison's tables leave out, with intervals, beside those of another system.

    python tools/score_differences.py OUT --scores f0_correlation gv_lf0 duration_correlation [--against single] [--systems A B]

OUT is what ``tts compare`` left; every finished run's scores of the test split are there (tts.evaluation.scores.METRICS). Means
over seeds and utterances, and differences paired by both, are as in docs/comparing.md, without a correction for their number.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from tts.comparison.records import JobRecord, read_record, read_sums
from tts.core.errors import TtsError, UsageError
from tts.evaluation.scores import Scores, find_metric, pool
from tts.evaluation.statistics import paired_bootstrap

Runs = dict[int, dict[str, Scores]]
RESAMPLES = 500  # of the utterances: their spread alone is taken from these


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the table; return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("comparison", type=Path)
    parser.add_argument("--scores", nargs="+", required=True)
    parser.add_argument("--against", default="single")
    parser.add_argument("--systems", nargs="+", default=[])
    asked = parser.parse_args(arguments)
    try:
        print("\n".join(table(asked.comparison, asked.scores, asked.against, asked.systems)))
    except TtsError as error:
        print(error, file=sys.stderr)
        return 2 if isinstance(error, UsageError) else 1
    return 0


def table(out: Path, scores: Sequence[str], against: str, systems: Sequence[str] = ()) -> list[str]:
    """Return the lines of a Markdown table: scores over the seeds that are there, differences over those that both have."""
    metrics = [find_metric(name) for name in scores]
    names = systems or sorted(path.name for path in (out / "scores").iterdir() if path.is_dir())
    base = finished(out, against)
    heads = [f"{metric.heading}{f', {metric.unit}' if metric.unit else ''} | difference" for metric in metrics]
    lines = [f"| system | seeds | {' | '.join(heads)} |", f"| --- | ---: |{' ---: |' * (2 * len(metrics))}"]
    for name in [against, *(name for name in names if name != against)]:
        runs = finished(out, name)
        both = sorted(set(runs) & set(base))
        cells = []
        for metric in metrics:
            mean = _mean(runs, metric.name)
            cells.append("-" if mean is None else f"{mean:.{metric.decimals}f}")
            cells.append("" if name == against or not both else _difference(runs, base, both, metric.name, metric.decimals))
        lines.append(f"| {name} | {len(runs)} | {' | '.join(cells)} |")
    return lines


def finished(out: Path, system: str) -> Runs:
    """Return the test scores of a system's finished runs, by seed and utterance."""
    runs: Runs = {}
    for path in sorted((out / "scores" / system).glob("seed-*.json")):
        record = read_record(path, JobRecord)
        if record is not None and record.finished:
            runs[record.seed] = read_sums(path, "test")
    return runs


def _mean(runs: Runs, metric: str) -> float | None:
    """Return a pooled score, averaged over seeds; None where it is undefined or nothing was scored."""
    values = [pool(run.values())[metric] for run in runs.values()]
    known = [value for value in values if value is not None]
    return sum(known) / len(known) if known and len(known) == len(values) else None


def _difference(runs: Runs, base: Runs, seeds: Sequence[int], metric: str, decimals: int) -> str:
    found = paired_bootstrap(
        {seed: runs[seed] for seed in seeds}, {seed: base[seed] for seed in seeds}, metric, resamples=RESAMPLES
    ).interval
    if found.estimate is None:
        return "-"
    return f"{found.estimate:+.{decimals}f} [{found.low:+.{decimals}f}, {found.high:+.{decimals}f}]"


if __name__ == "__main__":
    sys.exit(main())
