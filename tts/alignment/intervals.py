"""Times in seconds: from other people's label files onto the frame grid, and from alignments to people.

Frames are labelled as the HTS tools do: frame ``i`` takes the time from ``i * shift`` to ``(i + 1) * shift``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from tts.alignment.types import Aligned, Alignment
from tts.core.errors import TtsError
from tts.core.grid import FrameGrid
from tts.text.sentence import PAUSE, SILENCE, Sentence

SILENCES = frozenset(
    {"", "sil", "pau", "sp", "spn", "#", "<sil>", "<p:>", "<eps>", "_", "h#", "silence", "pause", "ssil", "brth"}
)
TOLERANCE = 0.05  # seconds by which labels may end before or after their recording


@dataclass(frozen=True)
class TimeInterval:
    """A labelled stretch of time in seconds; ``inner`` are the boundaries of its states, where they are known.

    ``context`` is the full-context label that the name stands in, where there is one.
    """

    start: float
    end: float
    name: str
    inner: tuple[float, ...] = ()
    context: str = ""


def to_alignment(intervals: Sequence[TimeInterval], grid: FrameGrid, frames: int, states: int, where: str) -> Alignment:
    """Snap phone intervals to the frame grid and return an :class:`Alignment` of exactly ``frames`` frames.

    Silence by any of its usual names becomes ``sil`` at the ends (added where missing) and ``pau`` inside; gaps are silence.
    Phones without ``states - 1`` inner boundaries are divided evenly; a state that snapping left without a frame takes one
    from its neighbours. The last segment is stretched or trimmed where the labels end up to :data:`TOLERANCE` from the end of
    the recording; more than that, overlaps, or too few frames raise :class:`TtsError` beginning with ``where``.
    """
    segments = _with_silences(intervals, grid, where)
    end = grid.frame_of(segments[-1].end)
    if abs(end - frames) * grid.shift > TOLERANCE + 1e-9:
        raise TtsError(
            f"{where}: the labels last {end * grid.shift:.3f} s but the recording {frames * grid.shift:.3f} s; "
            "are they of another recording, or were its ends cut off?"
        )
    if len(segments) * states > frames:
        raise TtsError(
            f"{where}: {len(segments)} segments of {states} states need more frames than the recording's {frames}; "
            "use fewer states or a smaller shift_ms"
        )
    bounds = [0]
    for segment in segments:
        inner = segment.inner if len(segment.inner) == states - 1 else np.linspace(segment.start, segment.end, states + 1)[1:-1]
        bounds += [grid.frame_of(time) for time in (*inner, segment.end)]
    bounds[-1] = frames
    durations = np.diff(_apart(np.array(bounds), frames)).reshape(len(segments), states)
    return Alignment(tuple(segment.name for segment in segments), durations)


def attach(sentence: Sentence, alignment: Alignment, where: str) -> Aligned:
    """Return the sentence with pauses where a label file has silence; other phones than its own raise :class:`TtsError`."""
    plain = sentence.with_pauses(()).segments[1:-1]
    spoken = [phone for phone in alignment.phones if phone not in (SILENCE, PAUSE)]
    for place, (segment, phone) in enumerate(zip(plain, spoken, strict=False)):
        if segment.phone != phone:
            word = sentence.words[segment.word].text
            raise TtsError(
                f"{where}: phone {place + 1} is {phone!r}, but the front end says {segment.phone!r} (in {word!r}); "
                "use the labels' pronunciations as a lexicon, or leave the labels out"
            )
    if len(plain) != len(spoken):
        raise TtsError(f"{where}: has {len(spoken)} phones, but the front end says {len(plain)}; is it the same text?")
    paused = set()
    number = 0
    for phone in alignment.phones[1:-1]:
        if phone == PAUSE:
            before, after = plain[number - 1], plain[number]
            if before.word == after.word:
                raise TtsError(f"{where}: has a silence inside the word {sentence.words[before.word].text!r}; remove it")
            paused.add(before.word)
        else:
            number += 1
    return Aligned(sentence.with_pauses(paused), alignment)


def _word_edges(sentence: Sentence, alignment: Alignment, grid: FrameGrid) -> dict[int, tuple[float, float]]:
    """Return start and end in seconds of every word by its number."""
    starts, ends = _edges(alignment, grid)
    spans: dict[int, tuple[float, float]] = {}
    for segment, start, end in zip(sentence.segments, starts, ends, strict=True):
        if not segment.silent:
            spans[segment.word] = (spans.get(segment.word, (start, end))[0], end)
    return spans


def phone_times(alignment: Alignment, grid: FrameGrid) -> list[tuple[str, float, float]]:
    """Return symbol, start and end in seconds of every segment, silences included."""
    return list(zip(alignment.phones, *_edges(alignment, grid), strict=True))


def times_dict(sentence: Sentence, alignment: Alignment, grid: FrameGrid) -> dict[str, Any]:
    """Return word and phone times as plain JSON-able data, a word's place in the source where it is known."""
    edges = _word_edges(sentence, alignment, grid)
    words = [(sentence.words[number], start, end) for number, (start, end) in edges.items()]
    return {
        "words": [
            {"text": word.text, "start": start, "end": end, **({"source": list(word.source)} if word.source else {})}
            for word, start, end in words
        ],
        "phones": [{"phone": phone, "start": start, "end": end} for phone, start, end in phone_times(alignment, grid)],
    }


def _edges(alignment: Alignment, grid: FrameGrid) -> tuple[list[float], list[float]]:
    ends = np.cumsum(alignment.phone_durations)
    starts = ends - alignment.phone_durations
    return [round(float(t) * grid.shift, 6) for t in starts], [round(float(t) * grid.shift, 6) for t in ends]


def _with_silences(intervals: Sequence[TimeInterval], grid: FrameGrid, where: str) -> list[TimeInterval]:
    """Return the intervals with gaps filled, silences joined and named by their place, and silence at both ends."""
    filled: list[TimeInterval] = []
    time = 0.0
    for interval in intervals:
        if interval.end < interval.start or interval.start < time - grid.shift / 2:
            raise TtsError(f"{where}: the interval {interval.name!r} at {interval.start:.3f} s overlaps the one before it")
        silent = interval.name.strip().lower() in SILENCES
        if interval.start > time + grid.shift / 2:
            filled.append(TimeInterval(time, interval.start, PAUSE))
        filled.append(TimeInterval(interval.start, interval.end, PAUSE if silent else interval.name.strip(), interval.inner))
        time = interval.end
    joined: list[TimeInterval] = []
    for interval in filled:
        if joined and interval.name == joined[-1].name == PAUSE:
            joined[-1] = TimeInterval(joined[-1].start, interval.end, PAUSE)
        else:
            joined.append(interval)
    if not any(interval.name != PAUSE for interval in joined):
        raise TtsError(f"{where}: holds no phones")
    first = joined.pop(0) if joined[0].name == PAUSE else TimeInterval(0.0, 0.0, SILENCE)
    last = joined.pop() if joined[-1].name == PAUSE else TimeInterval(time, time, SILENCE)
    return [
        TimeInterval(first.start, first.end, SILENCE, first.inner),
        *joined,
        TimeInterval(last.start, last.end, SILENCE, last.inner),
    ]


def _apart(bounds: np.ndarray, last: int) -> np.ndarray:
    """Return boundaries moved as little as needed to be at least one frame apart, the first 0 and the last ``last``."""
    steps = np.arange(len(bounds))
    later = np.maximum.accumulate(bounds - steps) + steps  # push right what stands too close
    latest = last - steps[::-1]  # and left what has been pushed, or stood, beyond the end
    return np.asarray(np.minimum(later, latest))
