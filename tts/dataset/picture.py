"""One picture of an utterance: every stream in a panel of its own, all under one time axis.

How a stream is drawn follows from what it is, so a user's own looks as well as those of this package: a class as coloured
strips, binary values as rows of bars, few or ordered values as curves, many as an image. What is in Hz and narrow (formants)
lies on the spectrogram.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from tts.core.errors import UsageError
from tts.core.files import replacing
from tts.core.pictures import require_pictures, spectrogram
from tts.dataset.inspect import Inspection, Span, Track

CURVES = 6  # streams of at most so many dimensions are drawn as curves
DEPTH = 70.0  # dB from the loudest to the darkest colour
INK, SOFT, ACCENT = "#1d2733", "#8a97a6", "#0b7a75"
COLOURS = ("#d1495b", "#00798c", "#edae49", "#66a182", "#8d5a97", "#2e4057")
# Light enough to be written on.
PASTELS = ("#cfe3f5", "#fbd5c0", "#d5ecd0", "#e5d8ef", "#fdebb4", "#cdeceb", "#f6cfdc", "#dfe3c6", "#d8dbe6", "#f3dfc9")
MARGINS = {"left": 1.8, "right": 0.75, "top": 0.55, "bottom": 0.5}  # inches
GAP = 0.1
SOUND_HEIGHT = 2.4  # of the spectrogram, inches
TICKS = (100, 200, 500, 1000, 2000, 4000, 8000, 16000)


@dataclass(frozen=True)
class Panel:
    """A row of the picture: its label, its height in inches, and what draws it on an axis and a narrow one for a colour bar."""

    label: str
    height: float
    draw: Callable[[Any, Any], None]
    indent: float = 0.42  # inches between axis and label, where tick labels have room


def draw_inspection(inspection: Inspection, path: Path) -> None:
    """Write the picture as ``path`` (.png); raises :class:`UsageError` without matplotlib or for another suffix."""
    require_pictures()
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    if path.suffix != ".png":
        raise UsageError(f"{path}: pictures are written as .png")
    panels = list(_panels(inspection))
    seconds = len(inspection.signal) / inspection.rate
    wide = MARGINS["left"] + MARGINS["right"] + min(max(3.2 * seconds, 8.0), 28.0)
    heights = [panel.height for panel in panels]
    tall = sum(heights) + GAP * (len(panels) - 1) + MARGINS["top"] + MARGINS["bottom"]
    figure = Figure(figsize=(wide, tall), dpi=110, facecolor="white")
    FigureCanvasAgg(figure)
    grid = figure.add_gridspec(
        len(panels),
        2,
        width_ratios=[wide - MARGINS["left"] - MARGINS["right"] - 0.18, 0.1],
        height_ratios=heights,
        left=MARGINS["left"] / wide,
        right=1.0 - MARGINS["right"] / wide,
        top=1.0 - MARGINS["top"] / tall,
        bottom=MARGINS["bottom"] / tall,
        hspace=GAP * len(panels) / sum(heights),
        wspace=0.02,
    )
    first: Any = None
    for number, panel in enumerate(panels):
        axis = figure.add_subplot(grid[number, 0], sharex=first)
        side = figure.add_subplot(grid[number, 1])
        first = first or axis
        axis.set_xlim(0.0, seconds)
        side.set_visible(False)
        axis.set_facecolor("#fbfbfc")
        panel.draw(axis, side)
        axis.set_ylabel(panel.label, rotation=0, ha="right", va="center", fontsize=8.5, color=INK, labelpad=6)
        axis.yaxis.set_label_coords(-panel.indent / (wide - MARGINS["left"] - MARGINS["right"]), 0.5)
        axis.tick_params(labelsize=7, colors=INK, length=2, labelbottom=number == len(panels) - 1)
        axis.spines[["top", "right"]].set_visible(False)
        axis.spines[["left", "bottom"]].set_color(SOFT)
        if number:
            for phone in inspection.phones[1:]:
                axis.axvline(phone.start, color=INK, linewidth=0.4, alpha=0.22)
    axis.set_xlabel("seconds", fontsize=8.5, color=INK)
    title = f"{inspection.id}   {inspection.text}"
    figure.text(MARGINS["left"] / wide, 1.0 - 0.3 / tall, title, fontsize=12, color=INK, va="center", weight="bold")
    with replacing(path) as temporary:
        figure.savefig(temporary, format="png")


def _panels(inspection: Inspection) -> Iterator[Panel]:
    lf0, vuv = inspection.track("lf0"), inspection.track("vuv")
    assert lf0 is not None and vuv is not None
    pitch, voicing = lf0, vuv
    over = [t for t in inspection.tracks if t.unit == "Hz" and t.stream.dimension <= CURVES]
    yield Panel("words\nphones", 0.62, lambda axis, side: _speech(axis, inspection))
    yield Panel("waveform", 0.75, lambda axis, side: _waveform(axis, inspection))
    names = ", ".join(track.stream.name for track in over)
    yield Panel(
        f"spectrogram\n{names}\nkHz" if over else "spectrogram\nkHz",
        SOUND_HEIGHT,
        lambda axis, side: _sound(axis, side, inspection, over),
    )
    yield Panel("F0, voicing\nHz", 1.0, lambda axis, side: _f0(axis, pitch, voicing, inspection.shift))
    rest = [t for t in inspection.tracks if t not in (pitch, voicing, *over)]
    # Images first, then curves, then what is said: classes and rows.
    for track in sorted(rest, key=lambda t: (_rank(t), t.stream.name not in ("mcep", "bap"))):
        yield _panel(track, inspection.shift)


def _rank(track: Track) -> int:
    if track.stream.normalised:
        return 0 if track.stream.dimension > CURVES else 1
    return 2 if track.stream.kind == "class" else 3


def _panel(track: Track, shift: float) -> Panel:
    stream, size = track.stream, f"{track.stream.dimension} values"
    if stream.kind == "class":
        return Panel(stream.name, 0.3, lambda axis, side: _strip(axis, track, shift))
    if stream.kind == "binary":
        rows = [n for n in range(stream.dimension) if track.values[:, n].any()]
        note = f"\n{len(rows)} of {stream.dimension}" if stream.dimension > 1 else ""
        draw = partial(_bars, track=track, rows=rows, shift=shift)
        return Panel(stream.name + note, 0.3 + 0.125 * len(rows), lambda axis, side: draw(axis), 1.0)
    if stream.dimension <= CURVES or _ordered(track):
        height = 0.8 if stream.dimension <= CURVES else 1.5
        label = "\n".join(part for part in (stream.name, size if stream.dimension > 1 else "", track.unit) if part)
        return Panel(label, height, lambda axis, side: _curves(axis, track, shift))
    scaled = not track.unit
    label = "\n".join((stream.name, size, "each scaled" if scaled else track.unit))
    return Panel(label, 1.35, lambda axis, side: _image(axis, side, track, shift, scaled))


def _ordered(track: Track) -> bool:
    """Whether the dimensions rise in every frame, as line spectral frequencies do: they are tracks then, not an image."""
    data = track.data[track.valid]
    return len(data) > 0 and bool((np.diff(data, axis=1) > 0.0).all())


def _speech(axis: Any, inspection: Inspection) -> None:
    """Draw words above phones, each in its cell."""
    for spans, bottom, colours in ((inspection.words, 1.0, ("#dbe3ec", "#e9eef4")), (inspection.phones, 0.0, PASTELS[:2])):
        for number, span in enumerate(spans):
            _cell(axis, span, bottom, colours[number % 2], 9.0)
    axis.set(ylim=(0.0, 2.0), yticks=[])


def _cell(axis: Any, span: Span, bottom: float, colour: str, size: float) -> None:
    """Fill a span's cell, 1 high, and write its label where it fits."""
    from matplotlib.patches import Rectangle

    width = span.end - span.start
    axis.add_patch(Rectangle((span.start, bottom + 0.04), width, 0.92, facecolor=colour, edgecolor="white", linewidth=0.6))
    left, right = axis.get_xlim()
    inches = width / (right - left) * axis.get_position().width * axis.figure.get_figwidth()
    if inches > len(span.label) * size * 0.6 / 72.0:
        middle = 0.5 * (span.start + span.end)
        axis.text(middle, bottom + 0.47, span.label, ha="center", va="center", fontsize=size, color=INK, clip_on=True)


def _waveform(axis: Any, inspection: Inspection) -> None:
    """Draw the envelope of the samples: least and greatest of every few."""
    count = max(1, len(inspection.signal) // 4000)
    cut = inspection.signal[: len(inspection.signal) // count * count].reshape(-1, count)
    time = (np.arange(len(cut)) + 0.5) * count / inspection.rate
    axis.fill_between(time, cut.min(axis=1), cut.max(axis=1), color=ACCENT, linewidth=0.4)
    top = float(np.abs(inspection.signal).max()) or 1.0
    axis.set(ylim=(-1.05 * top, 1.05 * top), yticks=[0.0])


def _sound(axis: Any, side: Any, inspection: Inspection, over: Sequence[Track]) -> None:
    level, (left, right, low, high) = spectrogram(inspection.signal, inspection.rate)
    loudest = float(level.max())
    box = (left, right, low / 1000.0, high / 1000.0)
    image = axis.imshow(level, origin="lower", aspect="auto", extent=box, cmap="magma", vmin=loudest - DEPTH, vmax=loudest)
    top = inspection.rate / 2000.0
    for track in over:
        if track.valid.any():
            top = min(top, max(8.0, 1.2 * float(np.nanmax(track.data)) / 1000.0))
    ends: list[tuple[float, float, str]] = []  # of every track that has a label: kHz, seconds, label
    for track in over:
        data, time = track.data / 1000.0, np.arange(len(track.values)) * inspection.shift
        axis.plot(time, data, color="#35e0d0", linewidth=1.1)
        if track.labels and track.valid.any():
            last = np.flatnonzero(track.valid)[-1]
            ends += [(place, time[last], label) for place, label in zip(data[last], track.labels, strict=True)]
    ends.sort()
    line = 7.0 * 1.15 / 72.0 / SOUND_HEIGHT * top  # the height of a line of text, kHz
    places = spread(np.array([place for place, *_ in ends]), line, line / 2.0, top - line / 2.0)
    for place, (_, seconds, label) in zip(places, ends, strict=True):
        axis.text(seconds, place, f" {label}", color="#35e0d0", fontsize=7, va="center")
    axis.set_ylim(0.0, top)
    _bar(side, image, "dB")


def spread(places: np.ndarray, least: float, low: float = -np.inf, high: float = np.inf) -> np.ndarray:
    """Return rising places (count,), moved as little as keeps neighbours ``least`` apart, in order (least squares).

    They stay between ``low`` and ``high`` where there is room for all; the bounded regression is the other one, clipped.
    """
    from scipy.optimize import isotonic_regression

    if len(places) < 2:
        return np.asarray(np.clip(places, low, high))
    steps = least * np.arange(len(places))
    return np.asarray(np.clip(isotonic_regression(places - steps).x, low, high - steps[-1]) + steps)


def _f0(axis: Any, lf0: Track, vuv: Track, shift: float) -> None:
    f0, voiced = np.exp(lf0.values[:, 0]), vuv.values[:, 0] > 0.5
    time = np.arange(len(f0)) * shift
    for start, end in _runs(~voiced):
        axis.axvspan((start - 0.5) * shift, (end - 0.5) * shift, color="#e3e7ec", linewidth=0)
    axis.plot(time, f0, color=SOFT, linewidth=0.7, linestyle=":")
    axis.plot(time, np.where(voiced, f0, np.nan), color="#b3202c", linewidth=1.5)
    low, high = np.percentile(f0[voiced] if voiced.any() else f0, [0.0, 100.0])
    axis.set_ylim(0.85 * low, 1.1 * high)


def _image(axis: Any, side: Any, track: Track, shift: float, scaled: bool) -> None:
    data = track.data.T
    if scaled:
        spread = np.nanstd(data, axis=1, keepdims=True)
        data = (data - np.nanmean(data, axis=1, keepdims=True)) / np.where(spread > 0.0, spread, 1.0)
    low, high = (-2.5, 2.5) if scaled else (float(np.nanmax(data)) - DEPTH, float(np.nanmax(data)))
    frames, dimension = track.values.shape[0], track.stream.dimension
    box = (-0.5 * shift, (frames - 0.5) * shift, -0.5, dimension - 0.5)
    colours = "RdBu_r" if scaled else "magma"
    image = axis.imshow(
        data, origin="lower", aspect="auto", extent=box, cmap=colours, vmin=low, vmax=high, interpolation="nearest"
    )
    if track.hertz:
        ticks: dict[float, str] = {}
        for f in TICKS[::-1]:
            place = float(np.interp(f, track.hertz, np.arange(dimension)))
            if track.hertz[0] <= f <= track.hertz[-1] and place < min(ticks, default=dimension) - 0.08 * dimension:
                ticks[place] = f"{f // 1000}k" if f >= 1000 else str(f)
        axis.set_yticks(list(ticks), list(ticks.values()))
    _bar(side, image, "deviations" if scaled else track.unit)


def _bar(side: Any, image: Any, unit: str) -> None:
    side.set_visible(True)
    bar = side.figure.colorbar(image, cax=side)
    bar.outline.set_visible(False)
    side.tick_params(labelsize=6.5, colors=INK, length=2)
    side.set_ylabel(unit, fontsize=7, color=INK)


def _curves(axis: Any, track: Track, shift: float) -> None:
    data, time = track.data, np.arange(len(track.values)) * shift
    many = track.stream.dimension > CURVES
    for n in range(track.stream.dimension):
        colour = ACCENT if many else COLOURS[n % len(COLOURS)]
        axis.plot(
            time,
            data[:, n],
            color=colour,
            linewidth=0.6 if many else 1.2,
            label=track.labels[n] if track.labels else str(n + 1),
        )
    axis.margins(y=0.08)
    if 1 < track.stream.dimension <= CURVES:
        axis.legend(loc="center left", bbox_to_anchor=(1.0, 0.5), fontsize=6.5, frameon=False, handlelength=1.0)


def _strip(axis: Any, track: Track, shift: float) -> None:
    labels = track.values[:, 0].astype(int)
    for start, end in _runs_of(labels):
        value = int(labels[start])
        span = Span(track.labels[value] if track.labels else str(value), (start - 0.5) * shift, (end - 0.5) * shift)
        _cell(axis, span, 0.0, PASTELS[value % len(PASTELS)], 7.5)
    axis.set(ylim=(0.0, 1.0), yticks=[])


def _bars(axis: Any, track: Track, rows: Sequence[int], shift: float) -> None:
    for place, n in enumerate(rows):
        runs = [((start - 0.5) * shift, (end - start) * shift) for start, end in _runs(track.values[:, n] > 0.5)]
        axis.broken_barh(runs, (place + 0.1, 0.8), facecolors=COLOURS[place % len(COLOURS)])
    names = [track.labels[n] if track.labels else str(n + 1) for n in rows]
    axis.set(ylim=(len(rows), 0.0), yticks=np.arange(len(rows)) + 0.5, yticklabels=names if len(names) > 1 else [""])


def _runs(on: np.ndarray) -> list[tuple[int, int]]:
    """Return start and end of every stretch of ``True``."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], on, [False]]).astype(np.int8)))
    return [(int(a), int(b)) for a, b in edges.reshape(-1, 2)]


def _runs_of(labels: np.ndarray) -> list[tuple[int, int]]:
    """Return start and end of every stretch of one value."""
    edges = [0, *(np.flatnonzero(np.diff(labels)) + 1).tolist(), len(labels)]
    return list(itertools.pairwise(edges))
