"""Everything that was prepared of one utterance, and a table of it."""

from __future__ import annotations

import difflib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np

from tts.core.audio import read_audio
from tts.core.errors import UsageError
from tts.core.stream import Stream
from tts.corpora.derived import read_journal
from tts.dataset.facts import ShownStream
from tts.dataset.prepared import RECORDINGS, SPLITS, Packed, Prepared
from tts.tasks.base import built_in_names
from tts.tasks.registry import get_family
from tts.text.sentence import Sentence

MAIN_UNITS: Final = {"lf0": "log Hz", "bap": "dB"}


@dataclass(frozen=True)
class Track:
    """A stream of one utterance: ``values`` float32 (frames, columns), a segment's value repeated over its frames.

    ``labels`` name the classes of a class stream, or else the dimensions; ``hertz`` are the dimensions' frequencies. Both
    are empty where the stream has none.
    """

    stream: Stream
    values: np.ndarray
    unit: str = ""
    labels: tuple[str, ...] = ()
    hertz: tuple[float, ...] = ()

    @property
    def valid(self) -> np.ndarray:
        """Which frames have a value, bool (frames,)."""
        return self.values[:, -1] > 0.5 if self.stream.masked else np.ones(len(self.values), dtype=bool)

    @property
    def data(self) -> np.ndarray:
        """The values without the mask, NaN in frames that have none: (frames, dimension)."""
        return np.where(self.valid[:, None], self.values[:, : self.stream.dimension], np.nan)


@dataclass(frozen=True)
class Span:
    """A phone or a word: its label and when it is spoken, in seconds."""

    label: str
    start: float
    end: float


@dataclass(frozen=True)
class Inspection:
    """All that is known of one utterance. ``signal`` is mono at ``rate`` Hz, ``shift`` the frame shift in seconds."""

    id: str
    split: str
    text: str
    signal: np.ndarray
    rate: int
    shift: float
    phones: tuple[Span, ...]
    words: tuple[Span, ...]
    tracks: tuple[Track, ...]
    counted: np.ndarray  # (frames,) bool: all but the silence before and after speech
    made_of: str = ""  # what the recording was made of and what was done, where it is no original

    def track(self, name: str) -> Track | None:
        """Return a stream by name, or None where the corpus was prepared without it."""
        return next((track for track in self.tracks if track.stream.name == name), None)


def inspect_utterance(prepared: Prepared, key: str) -> Inspection:
    """Return everything that was prepared of the utterance ``key``.

    Raises :class:`UsageError` for an utterance that is not there, and :class:`TtsError` where its recording cannot be read.
    """
    split, packed, number = _find(prepared, key)
    durations, grid, sentence = packed.durations_of(number), prepared.grid, prepared.sentences[key]
    totals = durations.sum(axis=1)
    a, b = packed.segment_starts[number : number + 2]
    frames = packed.utterance(number)
    rows = {name: np.repeat(np.asarray(values[a:b]), totals, axis=0) for name, values in packed.segment_streams.items()}
    tracks = []
    for name, stream in prepared.streams.items():
        shown = _shown(prepared, name)
        values = np.asarray(frames[name] if name in frames else rows[name])
        tracks.append(Track(stream, values, shown.unit, shown.labels, shown.hertz))
    signal, rate = read_audio(prepared.audio_path(key), grid.sample_rate, prepared.facts.channel)
    phones, words = spans(sentence, totals, grid.shift)
    return Inspection(
        key,
        split,
        prepared.text_of(key),
        signal,
        rate,
        grid.shift,
        phones,
        words,
        tuple(tracks),
        packed.counted_frames(number),
        _made_of(prepared, key),
    )


def spans(sentence: Sentence, totals: np.ndarray, shift: float) -> tuple[tuple[Span, ...], tuple[Span, ...]]:
    """Return the phones and the words of a sentence whose segments last ``totals`` (segments,) frames of ``shift`` seconds."""
    # A frame stands for the time around its centre; boundaries lie halfway between two centres.
    times = np.concatenate([[0], np.cumsum(totals) - 0.5]) * shift
    phones = [Span(s.phone, times[n], times[n + 1]) for n, s in enumerate(sentence.segments)]
    words: dict[int, Span] = {}
    for segment, phone in zip(sentence.segments, phones, strict=True):
        if not segment.silent:
            start = words[segment.word].start if segment.word in words else phone.start
            words[segment.word] = Span(sentence.words[segment.word].text, start, phone.end)
    return tuple(phones), tuple(words.values())


def _made_of(prepared: Prepared, key: str) -> str:
    path = prepared.audio_path(key)
    entry = read_journal(path.parent).get(path.name) if path.parent == prepared.folder / RECORDINGS else None
    return entry.describe() if entry else ""


def _find(prepared: Prepared, key: str) -> tuple[str, Packed, int]:
    known: list[str] = []
    for split in SPLITS:
        packed = prepared.packed(split)
        if key in packed.ids:
            return split, packed, packed.ids.index(key)
        known += packed.ids
    close = difflib.get_close_matches(key, known, n=1)
    hint = f"did you mean {close[0]}?" if close else f"there are {len(known)}, {min(known)} to {max(known)}"
    raise UsageError(f"{key}: no such utterance in {prepared.folder}; {hint}")


def _shown(prepared: Prepared, name: str) -> ShownStream:
    """Return how a stream is shown: as its family says now, or for a user's own family as it said in ``prepare``."""
    if name == "speaker":
        return ShownStream(labels=prepared.speakers)
    if name not in built_in_names():
        return prepared.facts.shown.get(name, ShownStream(unit=MAIN_UNITS.get(name, "")))
    family = get_family(name)
    options = {**family.options, **prepared.recipe.tasks.get(name, {})}
    return ShownStream(**family.shown(prepared.inventory, options, prepared.grid.sample_rate))


def stream_table(inspection: Inspection) -> str:
    """Return a text table with a line a stream: what it is, and its values in the frames of speech."""
    rows = [("stream", "kind", "dim", "unit", "mean", "deviation", "missing", ""), *map(tuple, _rows(inspection))]
    widths = [max(len(row[column]) for row in rows) for column in range(8)]
    right = {2, 4, 5, 6}
    lines = [
        "  ".join(c.rjust(w) if n in right else c.ljust(w) for n, (c, w) in enumerate(zip(row, widths, strict=True)))
        for row in rows
    ]
    seconds = len(inspection.signal) / inspection.rate
    head = f"{inspection.id} ({inspection.split}, {seconds:.2f} s, {len(inspection.counted)} frames): {inspection.text}"
    made_of = [f"made of {inspection.made_of}"] if inspection.made_of else []
    return "\n".join([head, *made_of, "", *(line.rstrip() for line in lines)])


def _rows(inspection: Inspection) -> Iterator[list[str]]:
    for track in inspection.tracks:
        stream = track.stream
        here = inspection.counted & track.valid
        values = track.values[here, : stream.dimension].astype(np.float64)
        missing = 1.0 - here.sum() / max(inspection.counted.sum(), 1)
        row = [stream.name, stream.kind, str(stream.dimension), track.unit, "", "", f"{missing:.0%}" if stream.masked else ""]
        if not len(values):
            yield [*row, "no frame has a value"]
        elif stream.kind == "class":
            classes, count = np.unique(values[:, 0].astype(int), return_counts=True)
            most = int(classes[count.argmax()])
            name = track.labels[most] if track.labels else str(most)
            row[2] = str(stream.classes)
            yield [*row, f"{len(classes)} of {stream.classes} classes, most often {name} ({count.max() / count.sum():.0%})"]
        else:
            row[4], row[5] = f"{values.mean():.3g}", f"{values.std(axis=0).mean():.3g}"
            on = int(values.any(axis=0).sum())
            yield [*row, f"{on} of {stream.dimension} occur" if stream.kind == "binary" and stream.dimension > 1 else ""]


def find_prepared(output: Path) -> Path:
    """Return the only prepared corpus under ``output``; raises :class:`UsageError` where there is none, or several."""
    folders = sorted(path.parent for path in output.glob("*/prepared/prepared.json"))
    if len(folders) == 1:
        return folders[0]
    there = f"there are {', '.join(map(str, folders))}" if folders else f"there is none under {output}"
    raise UsageError(f"--prepared: name a prepared corpus; {there}")
