"""Packing: analysed and aligned utterances of a split joined into the arrays that training and evaluation read."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from tts.alignment.types import Alignment
from tts.analysis.extract import MAIN, Features
from tts.core.files import fingerprint
from tts.core.grid import FrameGrid
from tts.core.progress import Progress
from tts.core.stream import Stream
from tts.dataset.facts import ShownStream, Silence, SplitLength
from tts.dataset.prepared import DURATION, end_silences, write_utterances
from tts.dataset.statistics import StatisticsSum, StreamStatistics, pool_speakers, save_statistics
from tts.recipe import MAIN_STREAMS
from tts.tasks.base import Options, SpeakerFamily, TextFamily, TimedFamily, TimedUtterance, check_values, get_family, source_of
from tts.text.features import ContextFeatures
from tts.text.phones import PhoneInventory
from tts.text.sentence import Sentence

MFCC = "mfcc"  # what the aligner listens to, kept by the analysis under this name
IDENTITY_VERSION = 2  # raise it when the same files are packed into other numbers
LONGEST_SILENCE = 30  # frames of silence before or after speech that a voice makes at most


@dataclass(frozen=True)
class Ready:
    """One utterance with everything known about it."""

    id: str
    sentence: Sentence
    alignment: Alignment
    features: Features
    speaker: int = 0  # the speaker's number


@dataclass(frozen=True)
class Layout:
    """Which streams are packed and how text becomes vectors.

    ``frame_streams`` come from the analysis, ``timed_streams`` are made here from what is known of an utterance.
    """

    frame_streams: tuple[Stream, ...]
    timed_streams: tuple[Stream, ...]
    segment_streams: tuple[Stream, ...]
    inventory: PhoneInventory
    features: ContextFeatures
    grid: FrameGrid
    options: Mapping[str, Options]  # of every auxiliary task
    speakers: tuple[str, ...] = ()  # where there are several

    @property
    def streams(self) -> tuple[Stream, ...]:
        """All streams with a row a frame."""
        return (*self.frame_streams, *self.timed_streams)


def pack(splits: Mapping[str, Sequence[Ready]], plan: Layout, folder: Path) -> None:
    """Write every split's arrays and the statistics of ``train`` into ``folder``, replacing what is there only when done."""
    fresh = folder.with_name(f".{folder.name}.new")
    shutil.rmtree(fresh, ignore_errors=True)
    people = range(len(plan.speakers) or 1)
    sums = {stream.name: [StatisticsSum(stream.dimension, stream.dynamic) for _ in people] for stream in plan.streams}
    states = next(iter(splits.values()))[0].alignment.states
    durations = [StatisticsSum(states, dynamic=False) for _ in people]
    with Progress("packing", sum(len(items) for items in splits.values())) as progress:
        for split, items in splits.items():
            _pack_split(items, plan, fresh / split, sums if split == "train" else None, progress)
    for item in splits["train"]:
        durations[item.speaker].add(item.alignment.durations.astype(np.float64), ~end_silences(item.sentence))
    statistics: dict[str, StreamStatistics] = {
        stream.name: pool_speakers(sums[stream.name]) for stream in plan.streams if stream.kind == "continuous"
    }
    statistics[DURATION] = pool_speakers(durations)
    save_statistics(fresh / "statistics.safetensors", statistics)
    shutil.rmtree(folder, ignore_errors=True)
    fresh.rename(folder)


def _pack_split(
    items: Sequence[Ready], plan: Layout, folder: Path, sums: Mapping[str, Sequence[StatisticsSum]] | None, progress: Progress
) -> None:
    folder.mkdir(parents=True)
    segments = [len(item.alignment.phones) for item in items]
    frames = sum(item.alignment.frames for item in items)

    def array(name: str, rows: int, width: int) -> np.ndarray:
        return np.lib.format.open_memmap(folder / f"{name}.npy", mode="w+", dtype=np.float32, shape=(rows, width))

    packed = {stream.name: array(stream.name, frames, stream.columns) for stream in plan.streams}
    labels = {stream.name: array(stream.name, sum(segments), stream.columns) for stream in plan.segment_streams}
    vectors = array("vectors", sum(segments), plan.features.dimension)
    frame, segment = 0, 0
    for item, count in zip(items, segments, strict=True):
        values = _frame_values(item, plan)
        counted = np.repeat(~end_silences(item.sentence), item.alignment.phone_durations)
        for stream in plan.streams:
            packed[stream.name][frame : frame + item.alignment.frames] = values[stream.name]
            if sums is not None:
                valid = counted & (values[stream.name][:, -1] > 0.5) if stream.masked else counted
                sums[stream.name][item.speaker].add(values[stream.name][:, : stream.dimension], valid)
        for stream in plan.segment_streams:
            family = get_family(stream.name)
            if isinstance(family, SpeakerFamily):
                made = family.label(item.speaker, count)
            else:
                assert isinstance(family, TextFamily)
                made = family.label(item.sentence, plan.inventory, **plan.options[stream.name])
            labels[stream.name][segment : segment + count] = check_values(stream, made, count, item.id)
        vectors[segment : segment + count] = plan.features.vectors(item.sentence)
        frame, segment = frame + item.alignment.frames, segment + count
        progress.advance()
    np.save(folder / "durations.npy", np.concatenate([item.alignment.durations for item in items]))
    np.save(folder / "silent.npy", np.concatenate([end_silences(item.sentence) for item in items]))
    write_utterances(folder, [item.id for item in items], np.concatenate([[0], np.cumsum(segments)]))


def _frame_values(item: Ready, plan: Layout) -> dict[str, np.ndarray]:
    """Return all streams of an utterance that have a row a frame, checked."""
    values = item.features.load()
    main = {stream.name: values[stream.name] for stream in plan.frame_streams if stream.name in MAIN_STREAMS}
    spoken = TimedUtterance(item.sentence, item.alignment.durations, main, plan.grid)
    for stream in plan.timed_streams:
        family = get_family(stream.name)
        assert isinstance(family, TimedFamily)
        values[stream.name] = family.label(spoken, **plan.options[stream.name])
    for stream in plan.streams:
        check_values(stream, values[stream.name], item.alignment.frames, item.id)
    return values


def identities(splits: Mapping[str, Sequence[Ready]], plan: Layout) -> dict[str, str]:
    """Return what identifies the numbers of every auxiliary stream, and under ``basis`` those of all else.

    A task added to a corpus leaves the others as they were: voices that do not learn it are still of this preparation.
    """
    everything = [(split, item) for split, items in splits.items() for item in items]
    extras = [stream for stream in plan.frame_streams if stream.name not in MAIN_STREAMS]

    def files(*names: str) -> list[str]:
        """Return the names of the analysis's files of all utterances: they stand for recordings and settings."""
        paths = [item.features.paths[name] for _, item in everything for name in names]
        return [f"{path.parent.name}/{path.name}" for path in paths]

    basis = [
        IDENTITY_VERSION,
        [stream.to_dict() for stream in plan.frame_streams if stream.name in MAIN_STREAMS],
        plan.features.to_dict(),
        [(split, i.id, i.sentence.to_dict(), i.alignment.durations.tolist()) for split, i in everything],
        files(MAIN, MFCC),
        *([[plan.speakers, [i.speaker for _, i in everything]]] if plan.speakers else []),
    ]
    parts = {"basis": fingerprint(basis)}
    parts |= {stream.name: fingerprint(stream.to_dict(), files(stream.name)) for stream in extras}
    for stream in (*plan.timed_streams, *plan.segment_streams):
        family, options, source = get_family(stream.name), plan.options[stream.name], source_of(stream.name)
        version = [family.version] if isinstance(family, TimedFamily) else []
        parts[stream.name] = fingerprint(
            stream.to_dict(), *version, *([options] if options else []), *([source] if source else [])
        )
    return parts


def shown_streams(plan: Layout) -> dict[str, ShownStream]:
    """Return how the values of every auxiliary stream are shown to people (see :class:`tts.tasks.base.Shown`)."""
    rate = plan.grid.sample_rate
    shown = {}
    for name, options in plan.options.items():
        family = get_family(name)
        values = family.shown(plan.inventory, options, rate)
        labels = plan.speakers if isinstance(family, SpeakerFamily) else values["labels"]
        shown[name] = ShownStream(unit=values["unit"], labels=tuple(labels), hertz=tuple(values["hertz"]))
    return shown


def constant_features(vectors: np.ndarray) -> dict[int, float]:
    """Return the linguistic features that never change in training, by column number, with their value.

    A network learns nothing from them; a voice keeps them at that value, or untrained weights would answer to the first
    question in a corpus of statements.
    """
    low, high = np.min(vectors, axis=0), np.max(vectors, axis=0)
    return {int(column): float(low[column]) for column in np.flatnonzero(low == high)}


def usual_silence(items: Sequence[Ready]) -> Silence:
    """Return the median state durations of the silence before and after speech, (2, states), cut to a natural length."""
    ends = (np.stack([item.alignment.durations[end] for item in items]) for end in (0, -1))
    return tuple(natural_silence(np.median(frames, axis=0)) for frames in ends)


def natural_silence(frames: np.ndarray) -> tuple[float, ...]:
    """Return state durations (states,) of a silence scaled so that it lasts ``LONGEST_SILENCE`` frames at most."""
    return tuple((frames * min(1.0, LONGEST_SILENCE / frames.sum())).tolist())


def split_lengths(splits: Mapping[str, Sequence[Ready]], shift: float) -> dict[str, SplitLength]:
    """Return utterances and seconds of every split."""
    return {
        split: SplitLength(utterances=len(items), seconds=round(sum(i.alignment.frames for i in items) * shift, 1))
        for split, items in splits.items()
    }


def ready_utterances(
    ids: Sequence[str],
    sentences: Mapping[str, Sentence],
    alignments: Mapping[str, Alignment],
    features: Mapping[str, Features],
    speakers: Mapping[str, int],
) -> Iterator[Ready]:
    """Yield the utterances of ``ids`` that have everything."""
    for key in ids:
        if key in alignments and key in features:
            yield Ready(key, sentences[key], alignments[key], features[key], speakers[key])
