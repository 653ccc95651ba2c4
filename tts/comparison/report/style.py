"""How a system looks, the same in every chart: colours that colour-blind readers tell apart, and never colour alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from tts.comparison.results import SystemInfo
from tts.core.html import Html, tag

HUES = 6  # in style.css: .c1 to .c6, from dark to light by luminance too
DASHES = (None, "7 3", "2 3", "9 3 2 3")
MARKERS = {
    "circle": "M-5 0a5 5 0 1 0 10 0a5 5 0 1 0-10 0z",
    "square": "M-4.5-4.5h9v9h-9z",
    "diamond": "M0-6L6 0L0 6L-6 0z",
    "triangle": "M0-6L6 4.5H-6z",
}


@dataclass(frozen=True)
class Look:
    """A colour (a class of the style sheet), a dash pattern of lines and the path of a marker around the origin."""

    colour: str
    dash: str | None = None
    marker: str = "circle"


BASELINE = Look("base", marker="square")
NATURAL = Look("natural")


def looks(systems: Sequence[SystemInfo]) -> dict[str, Look]:
    """Return the look of every system: ink for the baseline, a hue for each candidate, greys for controls and ablations.

    Beyond six candidates hues repeat with another dash.
    """
    chosen: dict[str, Look] = {}
    candidates = others = 0
    for system in systems:
        role, name = system.role, system.name
        if role == "baseline":
            chosen[name] = BASELINE
        elif role in ("control", "ablation"):
            marker = "diamond" if role == "control" else "triangle"
            chosen[name] = Look("grey", DASHES[(others + 1) % len(DASHES)], marker)
            others += 1
        else:
            dash = DASHES[candidates // HUES % len(DASHES)]
            chosen[name] = Look(f"c{candidates % HUES + 1}", dash)
            candidates += 1
    return chosen


def task_look(place: int) -> Look:
    """Return the look of a task's curve, by its place among the tasks."""
    return Look(f"c{place % HUES + 1}", DASHES[place // HUES % len(DASHES)])


def swatch(look: Look) -> Html:
    """Return a short line with the marker: the key of a look, silent for screen readers."""
    line = tag("line", x1=1, x2=27, y1=8, y2=8, class_="line", stroke_dasharray=look.dash)
    marker = tag("path", d=MARKERS[look.marker], class_="dot", transform="translate(14 8)")
    return tag(
        "svg", line, marker, class_=f"swatch {look.colour}", viewBox="0 0 28 16", width=28, height=16, aria_hidden="true"
    )


def named(name: str, look: Look) -> Html:
    """Return a system's name behind its swatch."""
    return tag("span", swatch(look), " ", name, class_="named")
