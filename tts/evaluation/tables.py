"""Scores for people (Markdown and plain text) and for machines (plain JSON-able data), always with their settings."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

import numpy as np

from tts.core.errors import UsageError
from tts.evaluation.scores import METRICS, Metric, Scores, find_metric, pool
from tts.evaluation.statistics import ConfidenceInterval, Utterances, score_interval

Style = Literal["markdown", "text"]


@dataclass(frozen=True)
class ScoreSettings:
    """What a score depends on beside the speech: at another rate, order or warping an MCD is on another scale.

    ``order`` is the highest mel-cepstral coefficient; ``durations`` says whose times the speech has, ``warped`` meaning
    that frames were paired by time warping; ``post_filter`` is ``none`` or what was applied before scoring.
    """

    sample_rate: int
    shift_ms: float
    order: int
    alpha: float
    silence: Literal["removed", "kept"] = "removed"
    durations: Literal["natural", "predicted", "warped"] = "natural"
    post_filter: str = "none"

    def line(self) -> str:
        """Return the settings as one line."""
        filtered = "no post-filter" if self.post_filter == "none" else f"{self.post_filter} post-filter"
        return (
            f"{self.sample_rate} Hz, {self.shift_ms:g} ms frames, mel-cepstrum 1-{self.order} at warping {self.alpha:g}, "
            f"silence {self.silence}, {self.durations} durations, {filtered}"
        )


def score_table(
    rows: Sequence[tuple[str, Scores]], settings: ScoreSettings, *, metrics: Sequence[str] | None = None, style: Style = "text"
) -> str:
    """Return a table of labelled scores, one row each, followed by the settings line.

    ``metrics`` are names from :data:`tts.evaluation.scores.METRICS`, by default all that any row has; a score that is undefined
    shows as ``-``. No newline at the end.
    """
    if metrics is None:
        metrics = [name for name in METRICS if any(scores[name] is not None for _, scores in rows)]
    columns = [find_metric(name) for name in metrics]
    head = ["", *(f"{column.heading}{f' ({column.unit})' if column.unit else ''}" for column in columns)]
    body = [[label, *(_shown(column, scores[column.name]) for column in columns)] for label, scores in rows]
    counts = {(scores.utterances, scores.counted("frames")): None for _, scores in rows}
    sizes = " / ".join(f"{_count(utterances, 'utterance')}, {_count(frames, 'frame')}" for utterances, frames in counts)
    return f"{format_table(head, body, style)}\n\n{settings.line()}; {sizes}"


def markdown_text(text: str) -> str:
    """Return a stranger's text as Markdown that shows it as it is: no markup, no HTML, no line of its own.

    Underscores within words stay, since they mean nothing there; bars are left to :func:`format_table`.
    """
    plain = "".join(char if char.isprintable() else " " for char in text)
    plain = plain.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    plain = re.sub(r"([\\`*~\[\]!#$])", r"\\\1", plain)
    return re.sub(r"(?<!\w)_|_(?!\w)", r"\\_", plain)


def format_table(head: Sequence[str], body: Sequence[Sequence[str]], style: Style) -> str:
    """Return a table of text cells, the first column aligned left and the others right, in Markdown or plain text."""
    if style not in ("markdown", "text"):
        raise UsageError(f"table style {style!r} is neither markdown nor text")
    markdown = style == "markdown"
    grid = [[cell.replace("|", "\\|") if markdown else cell for cell in row] for row in (head, *body)]
    widths = [max(3, *(len(cell) for cell in column)) for column in zip(*grid, strict=True)]
    sides = [str.ljust] + [str.rjust] * (len(head) - 1)
    lines = [[side(cell, width) for side, cell, width in zip(sides, row, widths, strict=True)] for row in grid]
    if not markdown:
        return "\n".join("  ".join(line).rstrip() for line in lines)
    lines.insert(1, ["-" * width if place == 0 else "-" * (width - 1) + ":" for place, width in enumerate(widths)])
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _count(number: int, what: str) -> str:
    return f"{number:,} {what}{'' if number == 1 else 's'}"


def _shown(metric: Metric, value: float | None) -> str:
    return "-" if value is None else f"{value:.{metric.decimals}f}"


def format_interval(metric: str, interval: ConfidenceInterval, *, signed: bool = False) -> str:
    """Return an interval as ``5.284 [5.240, 5.329] dB``, with explicit signs for a difference, ``-`` where undefined."""
    if interval.estimate is None or interval.low is None or interval.high is None:
        return "-"
    rule, sign = find_metric(metric), "+" if signed else ""
    numbers = [f"{value:{sign}.{rule.decimals}f}" for value in (interval.estimate, interval.low, interval.high)]
    return f"{numbers[0]} [{numbers[1]}, {numbers[2]}] {rule.unit}".rstrip()


def worst_utterances(scores: Utterances, metric: str = "mcd", count: int = 5) -> list[tuple[str, float]]:
    """Return the ``count`` utterances with the worst ``metric``, worst first, as (id, value); undefined ones are left out."""
    rule = find_metric(metric)
    known = [(name, value) for name, own in scores.items() if (value := own[metric]) is not None]
    return sorted(known, key=lambda item: (-float(rule.loss(np.asarray(item[1]))), item[0]))[:count]


def report_dict(
    systems: Mapping[str, Utterances], settings: ScoreSettings, *, intervals: Sequence[str] = ("mcd",)
) -> dict[str, Any]:
    """Return everything as plain JSON-able data: settings, and for each system its pooled and per-utterance scores.

    ``intervals`` names the metrics that also get a 95 % bootstrap interval over utterances. Undefined scores are ``None``.
    """
    return {
        "settings": {**asdict(settings), "description": settings.line()},
        "units": {name: metric.unit for name, metric in METRICS.items()},
        "systems": {
            label: {
                "pooled": pool(scores.values()).to_dict(),
                "intervals": {name: asdict(score_interval(scores, name)) for name in intervals},
                "utterances": {name: own.to_dict() for name, own in scores.items()},
            }
            for label, scores in systems.items()
        },
    }
