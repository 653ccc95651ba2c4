"""Subtitles of spoken text: SubRip (.srt) and WebVTT (.vtt), a cue a sentence, shown while it is spoken.

A sentence of more than two lines of 42 characters, the usual limit of broadcasters, is cut into several cues at words, each of
which lasts as long as its share of the letters.
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from tts.core.grid import FrameGrid
from tts.generation.synthesiser import Speech
from tts.text.sentence import SILENCE

LINE, LINES = 42, 2


@dataclass(frozen=True)
class Cue:
    """A text on screen, from ``start`` to ``end`` in seconds."""

    start: float
    end: float
    text: str


def cues(spoken: Speech, grid: FrameGrid) -> list[Cue]:
    """Return the cues of a spoken text, in order and without overlaps."""
    shown: list[Cue] = []
    frames = 0
    for sentence, alignment in zip(spoken.sentences, spoken.alignments, strict=True):
        lengths = alignment.durations.sum(axis=1)
        ends = np.cumsum(lengths)
        speech = [number for number, phone in enumerate(alignment.phones) if phone != SILENCE]
        if speech:
            first, last = (frames + int(ends[speech[0]] - lengths[speech[0]])), frames + int(ends[speech[-1]])
            shown += _parts(" ".join(sentence.text.split()), first * grid.shift, last * grid.shift)
        frames += int(ends[-1])
    return shown


def _parts(text: str, start: float, end: float) -> Iterator[Cue]:
    """Cut a sentence into what fits on the screen; each part lasts as long as its share of the letters."""
    lines = textwrap.wrap(text, LINE) or [text]
    parts = [lines[n : n + LINES] for n in range(0, len(lines), LINES)]
    sizes = np.cumsum([0, *(sum(map(len, part)) for part in parts)])
    times = start + (end - start) * sizes / sizes[-1]
    for part, begins, stops in zip(parts, times, times[1:], strict=False):
        yield Cue(float(begins), float(stops), "\n".join(part))


def srt_text(shown: list[Cue]) -> str:
    """Return cues in SubRip's form."""
    blocks = [f"{n}\n{_clock(cue.start, ',')} --> {_clock(cue.end, ',')}\n{cue.text}\n" for n, cue in enumerate(shown, 1)]
    return "\n".join(blocks)


def vtt_text(shown: list[Cue]) -> str:
    """Return cues in WebVTT's form (W3C, "WebVTT: The Web Video Text Tracks Format"), in which &, < and > are escaped."""
    blocks = ["WEBVTT\n"]
    for cue in shown:
        text = cue.text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
        blocks.append(f"{_clock(cue.start, '.')} --> {_clock(cue.end, '.')}\n{text}\n")
    return "\n".join(blocks)


def _clock(seconds: float, point: str) -> str:
    thousandths = round(seconds * 1000.0)
    minutes, rest = divmod(thousandths, 60_000)
    return f"{minutes // 60:02d}:{minutes % 60:02d}:{rest // 1000:02d}{point}{rest % 1000:03d}"
