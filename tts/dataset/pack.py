"""Packing: analysed and aligned utterances of a split joined into the arrays that training and evaluation read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path

import numpy as np

from tts.core.errors import TtsError
from tts.core.progress import Progress
from tts.dataset.arrays import STATISTICS
from tts.dataset.layout import Layout, ReadyUtterance, Splits
from tts.dataset.new_array import NewArray
from tts.dataset.prepared import DURATION, end_silences, read_utterances, write_utterances
from tts.dataset.statistics import StatisticsSum, StreamStatistics, load_statistics, pool_speakers, save_statistics


def pack(splits: Splits, layout: Layout, folder: Path) -> None:
    """Write every split's arrays and the statistics of ``train`` into ``folder``, which is empty.

    Raises :class:`TtsError` where a task gives values that its stream does not promise, and where no training frame of a
    speaker counts.
    """
    sums = TrainingSums(layout, next(iter(splits.values()))[0].alignment.states)
    with Progress("packing", sum(len(items) for items in splits.values())) as progress:
        for split, items in splits.items():
            _pack_split(items, layout, folder / split, sums if split == "train" else None, progress)
    save_statistics(folder / STATISTICS, sums.result())


def is_whole(folder: Path, splits: Splits, layout: Layout) -> bool:
    """Return whether ``folder`` holds arrays and statistics of these splits, as far as their shapes tell."""
    try:
        load_statistics(folder / STATISTICS)
        for split, items in splits.items():
            frames, segments = sum(item.frames for item in items), sum(item.segments for item in items)
            shapes = {stream.name: (frames, stream.columns) for stream in layout.frame_streams}
            shapes |= {stream.name: (segments, stream.columns) for stream in layout.segment_streams}
            shapes |= {"vectors": (segments, layout.features.dimension)}
            for name, shape in shapes.items():
                if np.load(folder / split / f"{name}.npy", mmap_mode="r", allow_pickle=False).shape != shape:
                    return False
            if read_utterances(folder / split)[0] != tuple(item.id for item in items):
                return False
    except (TtsError, OSError, ValueError):
        return False
    return True


class TrainingSums:
    """Sums over the training utterances of each stream and speaker, from which their statistics are made."""

    def __init__(self, layout: Layout, states: int) -> None:
        speakers = range(len(layout.speakers) or 1)
        self.frames = [stream for stream in layout.frame_streams if stream.normalised]
        self.phones = [stream for stream in layout.phone_streams if stream.normalised]
        self.sums = {
            stream.name: [StatisticsSum(stream.dimension, stream.dynamic) for _ in speakers]
            for stream in (*self.frames, *self.phones)
        }
        self.durations = [StatisticsSum(states, dynamic=False) for _ in speakers]

    def add(self, item: ReadyUtterance, values: Mapping[str, np.ndarray], silent: np.ndarray) -> None:
        """Add an utterance: its streams and durations without the ``silent`` segments, bool (segments,)."""
        counted = np.repeat(~silent, item.alignment.phone_durations)
        for streams, here in ((self.frames, counted), (self.phones, ~silent)):
            for stream in streams:
                rows = values[stream.name]
                valid = here & (rows[:, -1] > 0.5) if stream.masked else here
                self.sums[stream.name][item.speaker].add(rows[:, : stream.dimension], valid)
        self.durations[item.speaker].add(item.alignment.durations.astype(np.float64), ~silent)

    def result(self) -> dict[str, StreamStatistics]:
        """Return the statistics of all streams that have them and of the durations, by name."""
        return {name: pool_speakers(sums) for name, sums in {**self.sums, DURATION: self.durations}.items()}


def _pack_split(
    items: Sequence[ReadyUtterance], layout: Layout, folder: Path, sums: TrainingSums | None, progress: Progress
) -> None:
    folder.mkdir()
    segments = np.array([item.segments for item in items], dtype=np.int64)
    rows, frames = int(segments.sum()), sum(item.frames for item in items)
    states = items[0].alignment.states
    with ExitStack() as stack:

        def new(name: str, rows: int, *width: int, dtype: type[np.generic] = np.float32) -> NewArray:
            return stack.enter_context(NewArray(folder / f"{name}.npy", (rows, *width), dtype))

        by_frame = {stream.name: new(stream.name, frames, stream.columns) for stream in layout.frame_streams}
        by_segment = {stream.name: new(stream.name, rows, stream.columns) for stream in layout.segment_streams}
        vectors = new("vectors", rows, layout.features.dimension)
        durations, silent = new("durations", rows, states, dtype=np.int32), new("silent", rows, dtype=np.bool_)
        for item in items:
            values, quiet = layout.frame_values(item), end_silences(item.sentence)
            for name, array in by_frame.items():
                array.add(values[name])
            phones = layout.segment_values(item, values)
            for name, labels in phones.items():
                by_segment[name].add(labels)
            vectors.add(layout.features.vectors(item.sentence))
            durations.add(item.alignment.durations)
            silent.add(quiet)
            if sums is not None:
                sums.add(item, {**values, **phones}, quiet)
            progress.advance()
    write_utterances(folder, [item.id for item in items], np.concatenate([[0], np.cumsum(segments)]))
