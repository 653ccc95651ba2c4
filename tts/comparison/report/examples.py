"""The same sentence by every system: to listen to, to see as spectrograms and as F0."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from tts.comparison.report.charts import Scale
from tts.comparison.report.data import ReportData
from tts.comparison.report.media import data_address, encode_sound, spectrogram
from tts.comparison.report.style import NATURAL, Look, named
from tts.comparison.results import Example
from tts.core.html import Html, section, tag

BEST = 3  # candidates shown beside the baseline at first
ROOM = 8_000_000  # bytes of sounds and pictures, so that the whole page stays below ten million


def examples(data: ReportData, folder: Path, room: int = ROOM) -> Html | None:
    """Return the examples whose sounds and pictures fit into ``room`` bytes, and say how many were left out.

    Paths in the results are relative to ``folder``; files that are missing are left out.
    """
    listed = data.results.examples
    shown: list[Html] = []
    for number, example in enumerate(listed, 1):
        block = _example(data, folder, example, number)
        if block is None:
            continue
        if len(block) > room:
            break
        room -= len(block)
        shown.append(block)
    if not listed:
        return None
    left_out = len(listed) - len(shown)
    words = (
        f"{left_out} of {len(listed)} examples are left out to keep this file small; the folders wavs and examples hold them."
    )
    cut = tag("p", words, class_="hint") if left_out else None
    hint = (
        "Sounds are spoken from text with each system's own durations and post-filter, by its first seed. They are embedded as "
        "MP3; the lossless ones lie in wavs. Spectrograms and F0 are made with natural durations, so that they line up."
    )
    keys = [
        tag("kbd", "Space"),
        " plays and pauses, ",
        tag("kbd", "1"),
        "–",
        tag("kbd", "9"),
        " or the arrow keys change the voice ",
    ]
    keys += ["at the same place of the sentence, ", tag("kbd", "0"), " goes back to the start."]
    return section("examples", "Listen and look", tag("p", hint, class_="hint"), tag("p", *keys, class_="hint js"), cut, *shown)


def _example(data: ReportData, folder: Path, example: Example, number: int) -> Html | None:
    wavs = example.wavs
    names = [name for name in ("natural", "copy", *data.order()) if name in wavs and (folder / wavs[name]).is_file()]
    sounds = [_sound(data, name, folder / wavs[name]) for name in names]
    drawn = folder / str(example.data)
    arrays: dict[str, np.ndarray] = {}
    if example.data and drawn.is_file():
        with np.load(drawn, allow_pickle=False) as stored:
            arrays = {key: stored[key] for key in stored.files}
    pictures = _spectrograms(data, arrays)
    tracks = _f0(data, arrays)
    if not sounds and pictures is None and tracks is None:
        return None
    text = example.text or example.id
    heading = tag("h3", f"“{text}” ", tag("small", example.id), id=f"example-{number}")
    player = tag("div", *sounds, class_="player", role="group", aria_label=f"Listen: {text}") if sounds else None
    return tag("article", heading, player, pictures, tracks, aria_labelledby=f"example-{number}", class_="example")


def _label(data: ReportData, source: str) -> tuple[str, Look]:
    if source in ("natural", "copy") and source not in data.systems:
        return {"natural": "natural", "copy": "copy synthesis"}[source], NATURAL
    return source, data.look(source)


def _sound(data: ReportData, name: str, path: Path) -> Html:
    label, look = _label(data, name)
    audio = tag("audio", controls=True, preload="none", src=data_address(*encode_sound(path)), aria_label=label)
    return tag("div", named(label, look), audio, class_=f"sound {look.colour}", data_name=label)


def _sources(data: ReportData, arrays: Mapping[str, np.ndarray], kind: str) -> tuple[list[str], list[str]]:
    """What is shown first - the natural speech, the baseline and the best candidates, as ranked - and the others."""
    there = [name for name in data.order() if f"{kind}/{name}" in arrays]
    best = [name for name in there if data.systems[name].role == "candidate"][:BEST]
    first = [name for name in there if name in best or name == data.baseline]
    natural = ["natural"] if f"{kind}/natural" in arrays else []
    return [*natural, *first], [name for name in there if name not in first]


def _spectrograms(data: ReportData, arrays: Mapping[str, np.ndarray]) -> Html | None:
    first, others = _sources(data, arrays, "spectrogram")
    if not first and not others:
        return None
    loudest = float(max(np.nanmax(arrays[f"spectrogram/{name}"]) for name in (*first, *others)))

    def row(name: str) -> Html:
        label, look = _label(data, name)
        address = data_address(spectrogram(arrays[f"spectrogram/{name}"], loudest), "image/png")
        picture = tag("img", src=address, alt=f"Spectrogram of {label}")
        return tag("div", tag("div", named(label, look), class_="row-label"), picture, class_="track")

    caption = tag("figcaption", "Spectrograms: time to the right, frequency upwards, 70 dB from dark to light")
    more = tag("details", tag("summary", f"{len(others)} more"), *map(row, others)) if others else None
    return tag("figure", caption, *map(row, first), more, class_="tracks")


def _f0(data: ReportData, arrays: Mapping[str, np.ndarray]) -> Html | None:
    sources, others = _sources(data, arrays, "f0")
    tracks = {name: np.asarray(arrays[f"f0/{name}"], np.float64) for name in sources}
    voiced = np.concatenate([np.zeros(0), *(track[track > 0.0] for track in tracks.values())])
    if not len(voiced):
        return None
    shift = float(arrays["shift"]) if "shift" in arrays else 0.005
    frames = max(len(track) for track in tracks.values())
    up = Scale.around(np.percentile(voiced, (0.5, 99.5)).tolist(), count=4, air=0.12)  # room for the ends of the broad line
    across = Scale.around((0.0, frames * shift), count=8)
    lines = []
    for name, track in tracks.items():
        label, look = _label(data, name)
        kind = "line f0-natural" if name == "natural" else "line f0"
        path = tag("path", tag("title", label), d=_voiced_path(track, up), class_=kind, stroke_dasharray=look.dash)
        lines.append(tag("g", path, class_=look.colour))
    inner = tag("svg", *lines, viewBox=f"0 0 {frames} 100", preserveAspectRatio="none", width="100%", height="100%")
    grid, texts = [], []
    for tick in up.ticks:
        y = f"{100.0 - 100.0 * up.at(tick):.2f}%"
        grid.append(tag("line", x1=0, x2="100%", y1=y, y2=y, class_="grid"))
        below = up.at(tick) > 0.9  # a text above the line would be cut off
        texts.append(tag("text", f"{up.label(tick)} Hz", x=4, y=y, dy=13 if below else -3, class_="tick halo"))
    for tick in across.ticks:
        if 0.0 < tick < 0.97 * frames * shift:
            x = f"{100.0 * tick / (frames * shift):.2f}%"
            grid.append(tag("line", x1=x, x2=x, y1="97%", y2="100%", class_="axis-tick"))
            texts.append(tag("text", f"{across.label(tick)} s", x=x, y="100%", dx=3, dy=-3, class_="tick halo"))
    title = f"F0 in Hz over {frames * shift:.1f} seconds: {', '.join(_label(data, name)[0] for name in sources)}"
    chart = tag("svg", *grid, inner, *texts, class_="f0-chart", role="img", aria_label=title)
    key = [tag("span", named(*_label(data, name)), " ") for name in sources]
    label = tag("div", tag("span", *key, class_="key lines"), class_="row-label")
    words = f"; drawn are the baseline and the best {BEST} candidates" if others else ""
    caption = tag("figcaption", f"F0 (Hz) where voiced, the broad band being the natural speech{words}")
    return tag("figure", caption, tag("div", label, chart, class_="track"), class_="tracks")


def _voiced_path(track: np.ndarray, up: Scale) -> str:
    """One stroke for every voiced stretch of two frames or more."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], track > 0.0, [False]]).astype(np.int8)))
    strokes = []
    for start, end in zip(edges[::2], edges[1::2], strict=True):
        places = [f"{frame} {100.0 - 100.0 * min(1.0, max(0.0, up.at(track[frame]))):.1f}" for frame in range(start, end)]
        if len(places) > 1:
            strokes.append("M" + "L".join(places))
    return "".join(strokes)
