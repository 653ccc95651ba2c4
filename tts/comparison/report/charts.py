"""Charts as inline SVG: rows of dots with whiskers that stretch with their table, line charts and scatter plots.

Every mark has a ``title``, which browsers show on hovering without any script.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from tts.comparison.report.style import MARKERS, Look
from tts.comparison.results import RankingRow
from tts.comparison.verdicts import Contrast
from tts.core.html import Html, figure, known, tag

WIDTH, HEIGHT = 350.0, 230.0  # about the pixels that a panel gets, so that text keeps its size
WIDE = 480.0
LEFT, RIGHT, TOP, BOTTOM = 46.0, 20.0, 10.0, 38.0


@dataclass(frozen=True)
class Scale:
    """A linear axis from ``low`` to ``high`` with its ticks."""

    low: float
    high: float
    ticks: tuple[float, ...]

    @classmethod
    def around(
        cls, values: Iterable[float | None], *, include: Sequence[float] = (), count: int = 5, air: float = 0.05
    ) -> Scale:
        """Return an axis of all values and those to ``include``, a share of ``air`` around them, with about ``count`` ticks."""
        there = [value for value in (*values, *include) if value is not None and math.isfinite(value)]
        low, high = (min(there), max(there)) if there else (0.0, 1.0)
        if high - low < 1e-9 * max(1.0, abs(high)):
            low, high = low - 0.5 * (abs(low) or 1.0), high + 0.5 * (abs(high) or 1.0)
        low, high = low - air * (high - low), high + air * (high - low)
        rough = (high - low) / count
        power = 10.0 ** math.floor(math.log10(rough))
        step = next(power * factor for factor in (1.0, 2.0, 2.5, 5.0, 10.0) if power * factor >= rough * 0.999)
        first = math.ceil(low / step - 1e-9)
        return cls(low, high, tuple(n * step for n in range(first, math.floor(high / step + 1e-9) + 1)))

    def at(self, value: float) -> float:
        """Return the place of a value, 0 at the low end and 1 at the high end."""
        return (value - self.low) / (self.high - self.low)

    def label(self, value: float) -> str:
        """Return a tick's text, with as many decimals as the ticks need to differ."""
        step = self.ticks[1] - self.ticks[0] if len(self.ticks) > 1 else self.high - self.low
        decimals = next((n for n in range(6) if abs(round(step, n) - step) < 1e-3 * step), 6)
        return figure(0.0 if abs(value) < 1e-9 * step else value, decimals)


def _percent(scale: Scale, value: float) -> str:
    """Whiskers stretch with their cell, so their places are shares of it; 3 % stay free on either side for markers."""
    return f"{3.0 + 94.0 * min(1.0, max(0.0, scale.at(value))):.2f}%"


def _grid(scale: Scale, zero: bool) -> list[Html]:
    lines = [tag("line", x1=_percent(scale, t), x2=_percent(scale, t), y1=0, y2="100%", class_="grid") for t in scale.ticks]
    if zero:
        lines.append(tag("line", x1=_percent(scale, 0.0), x2=_percent(scale, 0.0), y1=0, y2="100%", class_="zero"))
    return lines


def whisker(scale: Scale, row: RankingRow | Contrast, look: Look, text: str, *, smallest: float | None = None) -> Html:
    """Return the cell of a dot with its interval. ``text`` says the same in words.

    With ``smallest`` the row is a difference: zero is drawn, and differences too small to matter are shaded.
    """
    marks = []
    if smallest is not None:
        share = 94.0 * 2.0 * smallest / (scale.high - scale.low)
        marks.append(tag("rect", x=_percent(scale, -smallest), width=f"{share:.2f}%", y=0, height="100%", class_="band"))
    marks += _grid(scale, zero=smallest is not None)
    estimate, low, high = (known(value) for value in (row.estimate, row.low, row.high))
    if low is not None and high is not None:
        ends = _percent(scale, low), _percent(scale, high)
        marks.append(tag("line", x1=ends[0], x2=ends[1], y1="50%", y2="50%", class_="line"))
        for end in ends:
            marks.append(tag("svg", tag("line", x1=0, x2=0, y1=-5, y2=5, class_="line"), x=end, y="50%", class_="free"))
    if estimate is not None:
        dot = tag("path", d=MARKERS[look.marker], class_="dot")
        marks.append(tag("svg", dot, x=_percent(scale, estimate), y="50%", class_="free"))
    drawing = tag("svg", tag("title", text), *marks, class_=f"whiskers {look.colour}", role="img", aria_label=text)
    return tag("td", drawing, class_="chart")


def whisker_axis(scale: Scale, before: int, after: int, label: str) -> Html:
    """Return the last row of a table of whiskers: its axis, between ``before`` cells and ``after`` cells."""
    texts = [tag("text", scale.label(t), x=_percent(scale, t), y=14, text_anchor="middle", class_="tick") for t in scale.ticks]
    drawing = tag("svg", *texts, class_="whisker-axis", aria_hidden="true")
    cells = [tag("td", colspan=before), tag("td", drawing, tag("div", label, class_="axis-label"), class_="chart")]
    return tag("tfoot", tag("tr", *cells, tag("td", colspan=after) if after else None))


@dataclass(frozen=True)
class Series:
    """What one system or task draws: thin lines, one a seed, and the thick one of their mean, each as (x, y) points."""

    name: str
    look: Look
    lines: list[list[tuple[float, float]]] = field(default_factory=list)
    number: int | None = None  # of the system that a switch of the page shows and hides

    def mean(self) -> list[tuple[float, float]]:
        """Return the mean of the lines at every x that all of them have."""
        tables = [dict(line) for line in self.lines]
        shared = sorted(set.intersection(*(set(table) for table in tables))) if tables else []
        return [(x, sum(table[x] for table in tables) / len(tables)) for x in shared]


def line_chart(title: str, series: Sequence[Series], below: str, *, zero: bool = False, wide: bool = False) -> Html:
    """Return a chart of curves; the title names what goes up, ``below`` what goes right; ``zero`` is drawn where it matters.

    The first tenth of the steps, where a curve falls from a great height, does not set the vertical axis.
    """
    across = Scale.around((x for curve in series for line in curve.lines for x, _ in line), include=(0.0,), air=0.0)
    start = 0.1 * across.high
    late = [y for curve in series for line in curve.lines for x, y in line if x >= start]
    up = Scale.around(late, include=(0.0,) if zero else ())
    box = _Box(across, up, WIDE if wide else WIDTH)
    drawn = []
    for curve in series:
        thin = [box.polyline(line, "line thin") for line in curve.lines] if len(curve.lines) > 1 else []
        thick = box.polyline(curve.mean(), "line thick", dash=curve.look.dash)
        drawn.append(
            tag("g", tag("title", curve.name), *thin, thick, class_=f"series {curve.look.colour}", data_system=curve.number)
        )
    return _chart(title, title, box, (below, ""), drawn, zero=zero)


def scatter(
    title: object, points: Sequence[tuple[str, float, float]], look: Look, labels: tuple[str, str], scale: Scale, decimals: int
) -> Html:
    """Return a scatter plot of (name, x, y) on equal axes with the diagonal, where nothing changed."""
    box = _Box(scale, scale, width=310.0, height=310.0, top=24.0)
    diagonal = box.polyline([(scale.low, scale.low), (scale.high, scale.high)], "diagonal")
    marks = []
    for name, x, y in points:
        tip = f"{name}: {figure(y, decimals)} ({figure(y - x, decimals, signed=True)})"
        marks.append(
            tag("circle", tag("title", tip), cx=box.x(x), cy=box.y(y), r=3.6, class_="point", data_tip=tip, data_key=name)
        )
    reading = f"{labels[1]} against {labels[0]}, {len(points)} utterances"
    return _chart(title, reading, box, labels, [diagonal, tag("g", *marks, class_=look.colour)], points=True)


@dataclass(frozen=True)
class _Box:
    """The plotting area: scales to coordinates of the drawing."""

    across: Scale
    up: Scale
    width: float = WIDTH
    height: float = HEIGHT
    top: float = TOP

    def x(self, value: float) -> float:
        return LEFT + self.across.at(value) * (self.width - LEFT - RIGHT)

    def y(self, value: float) -> float:
        return self.height - BOTTOM - self.up.at(value) * (self.height - self.top - BOTTOM)

    def polyline(self, points: Sequence[tuple[float, float]], kind: str, dash: str | None = None) -> Html:
        places = " ".join(f"{self.x(x):.1f},{self.y(min(max(y, self.up.low), self.up.high)):.1f}" for x, y in points)
        return tag("polyline", points=places, class_=kind, stroke_dasharray=dash)


def _chart(
    title: object,
    reading: str,
    box: _Box,
    labels: tuple[str, str],
    drawn: Sequence[Html],
    *,
    zero: bool = False,
    points: bool = False,
) -> Html:
    right, floor = box.width - RIGHT, box.height - BOTTOM
    parts: list[Html] = []
    for value in box.up.ticks:
        y = box.y(value)
        parts.append(tag("line", x1=LEFT, x2=right, y1=y, y2=y, class_="grid"))
        parts.append(tag("text", box.up.label(value), x=LEFT - 6, y=y + 4, text_anchor="end", class_="tick"))
    for value in box.across.ticks:
        x = box.x(value)
        parts.append(tag("line", x1=x, x2=x, y1=floor, y2=floor + 4, class_="grid"))
        parts.append(tag("text", box.across.label(value), x=x, y=floor + 15, text_anchor="middle", class_="tick"))
    if zero:
        parts.append(tag("line", x1=LEFT, x2=right, y1=box.y(0.0), y2=box.y(0.0), class_="zero"))
    parts.append(tag("text", labels[0], x=right, y=box.height - 5, text_anchor="end", class_="axis"))
    if labels[1]:
        parts.append(tag("text", labels[1], x=4, y=13, class_="axis"))
    size = f"0 0 {box.width:g} {box.height:g}"
    drawing = tag(
        "svg",
        *parts,
        *drawn,
        class_="plot",
        viewBox=size,
        role="group" if points else "img",
        tabindex=0 if points else None,
        data_points=points,
        aria_label=reading,
    )
    return tag("figure", tag("figcaption", title), drawing, class_="panel")
