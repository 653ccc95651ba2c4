"""Reading the results of a comparison: what a section needs, in the order in which it is shown."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from tts.comparison.report.style import Look, looks
from tts.comparison.results import MetricInfo, RankingRow, Results, SystemInfo
from tts.comparison.verdicts import Contrast
from tts.core.html import figure, known, span

DIRECTIONS = {"low": "lower", "high": "higher", "one": "nearer one"}


@dataclass(frozen=True)
class MetricFormat:
    """A score as the report shows it; ``better`` says in words which way is better."""

    name: str
    heading: str
    unit: str
    decimals: int
    better: str

    @classmethod
    def of(cls, metric: MetricInfo) -> MetricFormat:
        """Return how a metric of the results is shown."""
        better = DIRECTIONS.get(metric.better, metric.better)
        return cls(metric.name, metric.heading or metric.name, metric.unit, metric.decimals, better)

    @property
    def title(self) -> str:
        """The heading with its unit."""
        return f"{self.heading} ({self.unit})" if self.unit else self.heading

    def value(self, value: object, *, signed: bool = False) -> str:
        """Return a value of this score as text."""
        return figure(value, self.decimals, signed=signed)

    def gain(self, value: float) -> float:
        """Return what is larger the better a value is."""
        if self.better == "nearer one":
            return -abs(math.log(value)) if value > 0.0 else -math.inf
        return value if self.better == "higher" else -value

    def interval(self, row: RankingRow | Contrast, *, signed: bool = False) -> str:
        """Return the interval of a row as text."""
        return span(row.low, row.high, self.decimals, signed=signed)


class ReportData:
    """The results of a comparison with what every section asks for."""

    def __init__(self, results: Results) -> None:
        self.results = results
        self.systems = results.by_name
        self.looks: dict[str, Look] = looks(results.systems)
        self.baseline = results.baseline
        self.metrics = [MetricFormat.of(metric) for metric in results.scores]
        self.primary = MetricFormat.of(results.primary_metric)

    def order(self) -> Sequence[str]:
        """Return the systems best first; those without a rank follow."""
        ranked = [row.system for row in self.results.ranking]
        return [*(name for name in ranked if name in self.systems), *(name for name in self.systems if name not in ranked)]

    def system(self, name: str) -> SystemInfo:
        """Return a system, an empty one for a name that is not listed."""
        return self.systems.get(name, SystemInfo(name=name))

    def look(self, system: str) -> Look:
        """Return the look of a system, grey for one that is not listed."""
        return self.looks.get(system, Look("grey"))

    def number(self, system: str) -> int:
        """Return the number by which the switches of the page know a system."""
        return list(self.systems).index(system)

    def mean_test(self, system: str, metric: str) -> tuple[float | None, float | None]:
        """Return mean and standard deviation over seeds of a test score; the deviation needs two."""
        runs = self.results.runs_of(system)
        return mean_and_deviation([value for run in runs if (value := known(run.test.get(metric))) is not None])

    def utterances(self, system: str, metric: str) -> dict[str, float]:
        """Return the mean over seeds of every test utterance's score."""
        values: dict[str, list[float]] = {}
        for run in self.results.runs_of(system):
            for name, scores in run.utterances.items():
                value = known(scores.get(metric))
                if value is not None:
                    values.setdefault(name, []).append(value)
        return {name: sum(own) / len(own) for name, own in values.items()}


def mean_and_deviation(values: Sequence[float]) -> tuple[float | None, float | None]:
    """Return the mean and the sample standard deviation, ``None`` where undefined."""
    if not values:
        return None, None
    mean = sum(values) / len(values)
    if len(values) < 2:
        return mean, None
    return mean, (sum((value - mean) ** 2 for value in values) / (len(values) - 1)) ** 0.5
