"""Subtitles of spoken text: SubRip (.srt) and WebVTT (.vtt), a cue a sentence, shown while it is spoken.

A sentence of more than two lines of 42 characters, the usual limit of broadcasters, is cut into several cues at words; each
begins with its first word. The text is that which was written, without its tags.
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from tts.core.grid import FrameGrid
from tts.generation.synthesiser import Speech
from tts.text.normalisation.markup import strip_markup
from tts.text.sentence import SILENCE, Sentence

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
            text = " ".join(strip_markup(sentence.text).split())
            spans = _word_spans(spoken.request.text, sentence, frames + ends - lengths)
            shown += [
                Cue(begin * grid.shift, end * grid.shift, lines) for begin, end, lines in _parts(text, first, last, spans)
            ]
        frames += int(ends[-1])
    return shown


def _word_spans(source: str, sentence: Sentence, starts: np.ndarray) -> list[tuple[int, int]]:
    """Return, for every word that begins something written, how many letters of ``source`` stand before it and its first frame.

    ``starts`` are the first frames of the sentence's segments. Words that do not know their places are left out.
    """
    spans: list[tuple[int, int]] = []
    letters, last = 0, -1
    for row, segment in enumerate(sentence.segments):
        place = None if segment.silent else sentence.words[segment.word].source
        if place is None or place[0] < last or segment.syllable or segment.position:
            continue
        spans.append((letters, int(starts[row])))
        letters += sum(map(str.isalnum, source[slice(*place)]))
        last = place[1]
    return spans


def _parts(text: str, start: int, end: int, spans: list[tuple[int, int]]) -> Iterator[tuple[float, float, str]]:
    """Cut a sentence into what fits on the screen, from frame to frame; each part begins with its first word.

    Where the words' places are not known, each part lasts as long as its share of the letters.
    """
    lines = textwrap.wrap(text, LINE) or [text]
    parts = ["\n".join(lines[n : n + LINES]) for n in range(0, len(lines), LINES)]
    sizes = np.cumsum([0, *(sum(map(str.isalnum, part)) for part in parts)])
    times = start + (end - start) * sizes / max(sizes[-1], 1)
    if spans:
        letters, frames = np.array(spans).T
        times[1:-1] = [frames[np.abs(letters - size).argmin()] for size in sizes[1:-1]]
        times = np.maximum.accumulate(times)
    yield from zip(times.tolist(), times[1:].tolist(), parts, strict=False)


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
