"""What adapting gave: ``results.json`` of ``tts adapt``, its tables and its picture."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict

from tts.comparison.results import Judges
from tts.comparison.tables import judges_table
from tts.comparison.verdicts import Contrast
from tts.core.errors import UsageError
from tts.core.files import write_json
from tts.core.provenance import Environment
from tts.evaluation.pictures import Curve, draw_curves
from tts.evaluation.scores import find_metric
from tts.evaluation.statistics import ConfidenceInterval
from tts.evaluation.tables import format_interval, format_table

log = logging.getLogger(__name__)

METRICS = ("mcd", "f0_rmse", "vuv_error", "duration_rmse")


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True)


class CurvePoint(_Part):
    """The scores of a method with so many training utterances, each with its interval over seeds and test utterances."""

    utterances: int
    mcd: ConfidenceInterval
    f0_rmse: ConfidenceInterval
    vuv_error: ConfidenceInterval
    duration_rmse: ConfidenceInterval

    def score(self, name: str) -> ConfidenceInterval:
        """Return one of :data:`METRICS`."""
        return {"mcd": self.mcd, "f0_rmse": self.f0_rmse, "vuv_error": self.vuv_error, "duration_rmse": self.duration_rmse}[
            name
        ]


class Against(_Part):
    """The MCD of a method minus that of training from scratch on the same ``utterances``."""

    utterances: int
    metric: str
    interval: ConfidenceInterval
    probability_better: float | None = None
    p_value: float | None = None
    seeds: int = 0


class AdaptationResults(_Part):
    """All points: ``curves`` by method, small ones first; ``seconds`` is the mean length of so many training utterances.

    ``contrasts`` are the differences in MCD that were asked for, by the number of training utterances, as one family of tests;
    ``judges`` what models of listeners say, by the same.
    """

    source: str
    target: str
    system: str
    seeds: tuple[int, ...]
    validation_utterances: int
    seconds: dict[int, float]
    settings: str
    test_utterances: int
    methods: dict[str, dict[str, Any] | None]  # what each loads, as recipes write it; None: nothing
    unadapted: dict[str, ConfidenceInterval]
    curves: dict[str, tuple[CurvePoint, ...]]
    against_scratch: dict[str, tuple[Against, ...]] = {}
    contrasts: dict[int, tuple[Contrast, ...]] = {}
    judges: dict[int, Judges] = {}
    command: str = ""
    made_with: Environment = Environment()


def write_adaptation(path: Path, results: AdaptationResults) -> None:
    """Write results as JSON."""
    write_json(path, results.model_dump(mode="json"))


def markdown(results: AdaptationResults) -> str:
    """Return the results as tables: one a score, a row for every number of utterances, a column for every method."""
    curves, number = results.curves, len(results.seeds)
    over = f"Mean over {number} seeds, each with utterances of its own choice, with 95 % intervals over seeds and"
    if number == 1:
        over = "One seed, with 95 % intervals over"
    lines = [
        f"# {results.source}, adapted to {results.target}",
        "",
        f"{over} the {results.test_utterances} test utterances. {results.settings}. Beside its training utterances, "
        f"every voice used {results.validation_utterances} validation utterances to know when to stop, and the phones' "
        "times come from an aligner that heard the whole training split.",
    ]
    sizes = [point.utterances for point in next(iter(curves.values()))]
    for name in METRICS:
        metric = find_metric(name)
        rows = [
            [_size(size, results.seconds), *(_shown(name, points[place].score(name)) for points in curves.values())]
            for place, size in enumerate(sizes)
        ]
        lines += ["", format_table([f"{metric.heading} ({metric.unit})", *curves], rows, "markdown"), ""]
        lines += [f"The unadapted voice: {_shown(name, results.unadapted[name])} {metric.unit}."]
    others = results.against_scratch
    if others:
        rows = [
            [_size(size, results.seconds), *(_shown("mcd", points[place].interval, signed=True) for points in others.values())]
            for place, size in enumerate(sizes)
        ]
        lines += ["", format_table(["MCD minus that from scratch (dB)", *others], rows, "markdown")]
    lines += _contrast_lines(results)
    for size, judges in results.judges.items():
        lines += ["", f"## What independent judges say: {_size(size, results.seconds)}", "", judges_table(judges)]
    return "\n".join(lines) + "\n"


def _contrast_lines(results: AdaptationResults) -> list[str]:
    """Return a table of verdicts for every method that the others are compared with."""
    lines: list[str] = []
    every = [contrast for contrasts in results.contrasts.values() for contrast in contrasts]
    for base in dict.fromkeys(contrast.against for contrast in every):
        methods = dict.fromkeys(contrast.system for contrast in every if contrast.against == base)
        rows = []
        for size, contrasts in results.contrasts.items():
            shown = {contrast.system: contrast for contrast in contrasts if contrast.against == base}
            rows.append([_size(size, results.seconds), *(_judged(shown[name]) if name in shown else "" for name in methods)])
        lines += ["", format_table([f"MCD minus that of {base} (dB)", *methods], rows, "markdown")]
    if lines:
        tests = (
            "Verdicts as in a comparison: p corrected by Holm over all differences of these tables; differences of less than"
        )
        lines += ["", f"{tests} 0.05 dB are too small to matter."]
    return lines


def _judged(contrast: Contrast) -> str:
    interval = f"{contrast.estimate:+.3f} [{contrast.low:+.3f}, {contrast.high:+.3f}]"
    return f"{interval} {contrast.percent or 0.0:+.1f} %, {contrast.verdict}"


def _size(utterances: int, seconds: Mapping[int, float]) -> str:
    return f"{utterances} ({seconds[utterances] / 60:.1f} min)"


def _shown(metric: str, interval: ConfidenceInterval, *, signed: bool = False) -> str:
    return format_interval(metric, interval, signed=signed).removesuffix(f" {find_metric(metric).unit}")


def draw(results: AdaptationResults, path: Path) -> None:
    """Draw the curve of the MCD, where matplotlib is installed."""

    def known(points: Sequence[CurvePoint]) -> Iterator[tuple[float, float, float, float]]:
        for point in points:
            if point.mcd.estimate is not None and point.mcd.low is not None and point.mcd.high is not None:
                yield point.utterances, point.mcd.estimate, point.mcd.low, point.mcd.high

    curves = [Curve(method, list(known(points))) for method, points in results.curves.items()]
    unadapted = results.unadapted["mcd"].estimate
    levels = {} if unadapted is None else {"unadapted": unadapted}
    try:
        draw_curves(path, curves, levels, x="training utterances", y="MCD (dB)")
    except UsageError as error:
        log.warning("no picture: %s", error)
