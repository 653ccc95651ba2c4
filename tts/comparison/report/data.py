"""Reading the results of a comparison: what a section needs, in the order in which it is shown."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tts.comparison.report.html import figure, known, span
from tts.comparison.report.style import Look, looks


@dataclass(frozen=True)
class MetricFormat:
    """A score as tables show it."""

    name: str
    heading: str
    unit: str
    decimals: int
    better: str

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

    def interval(self, row: Mapping[str, Any], *, signed: bool = False) -> str:
        """Return the interval of a row as text."""
        return span(row.get("low"), row.get("high"), self.decimals, signed=signed)


class Results:
    """The results of a comparison with what every section asks for; missing parts read as empty."""

    def __init__(self, data: Mapping[str, Any]) -> None:
        self.data = data
        self.systems: dict[str, Mapping[str, Any]] = {str(system["name"]): system for system in self.rows("systems")}
        self.runs: list[Mapping[str, Any]] = self.rows("runs")
        self.looks: dict[str, Look] = looks(list(self.systems.values()))
        self.baseline = str(data.get("baseline", ""))
        self.metrics = [_metric(entry) for entry in self.rows("metrics")]
        self.primary = next(
            (metric for metric in self.metrics if metric.name == data.get("primary")),
            _metric({"name": data.get("primary", "mcd")}),
        )

    def rows(self, key: str) -> list[Any]:
        """Return what the results list under a key, nothing where it is missing or null."""
        return list(self.data.get(key) or [])

    def ranking(self) -> list[Mapping[str, Any]]:
        """Return the ranking on the primary score, best first."""
        return [row for row in self.rows("ranking") if row.get("metric", self.primary.name) == self.primary.name]

    def differences(self, metric: str) -> list[Mapping[str, Any]]:
        """Return the differences to the baseline on a score, in the order of the ranking."""
        order = [row["system"] for row in self.ranking()]
        rows = [row for row in self.rows("differences") if row["metric"] == metric]
        return sorted(rows, key=lambda row: order.index(row["system"]) if row["system"] in order else len(order))

    def order(self) -> Sequence[str]:
        """Return the systems best first; those without a rank follow."""
        ranked = [str(row["system"]) for row in self.ranking()]
        return [*(name for name in ranked if name in self.systems), *(name for name in self.systems if name not in ranked)]

    def runs_of(self, system: str, *, finished: bool = True) -> list[Mapping[str, Any]]:
        """Return the runs of a system, by default those that finished."""
        return [run for run in self.runs if run["system"] == system and (not finished or run["status"] == "finished")]

    def look(self, system: str) -> Look:
        """Return the look of a system, grey for one that is not listed."""
        return self.looks.get(system, Look("grey"))

    def number(self, system: str) -> int:
        """Return the number by which the switches of the page know a system."""
        return list(self.systems).index(system)

    def mean_test(self, system: str, metric: str) -> tuple[float | None, float | None]:
        """Return mean and standard deviation over seeds of a test score; the deviation needs two."""
        values = [value for run in self.runs_of(system) if (value := known((run.get("test") or {}).get(metric))) is not None]
        return mean_and_deviation(values)

    def utterances(self, system: str, metric: str) -> dict[str, float]:
        """Return the mean over seeds of every test utterance's score."""
        found: dict[str, list[float]] = {}
        for run in self.runs_of(system):
            for name, scores in (run.get("utterances") or {}).items():
                value = known((scores or {}).get(metric))
                if value is not None:
                    found.setdefault(str(name), []).append(value)
        return {name: sum(values) / len(values) for name, values in found.items()}


def mean_and_deviation(values: Sequence[float]) -> tuple[float | None, float | None]:
    """Return the mean and the sample standard deviation, ``None`` where undefined."""
    if not values:
        return None, None
    mean = sum(values) / len(values)
    if len(values) < 2:
        return mean, None
    return mean, (sum((value - mean) ** 2 for value in values) / (len(values) - 1)) ** 0.5


def _metric(entry: Mapping[str, Any]) -> MetricFormat:
    name = str(entry["name"])
    return MetricFormat(
        name,
        str(entry.get("heading") or name),
        str(entry.get("unit") or ""),
        int(entry.get("decimals", 3)),
        {"low": "lower", "high": "higher", "one": "nearer one"}.get(str(entry.get("better")), str(entry.get("better") or "")),
    )
