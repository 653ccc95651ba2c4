"""A prepared corpus of which only some training utterances are used: what a voice would be with less speech.

Statistics, the usual silence and the features that never change are those of the chosen utterances alone. Times, the range in
which F0 was searched and the phones are the whole preparation's.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from functools import cached_property
from typing import Any

import numpy as np

from tts.core.errors import UsageError
from tts.core.files import fingerprint
from tts.core.stream import Stream
from tts.dataset.describe import constant_features, natural_silence
from tts.dataset.facts import PreparedFacts, SplitLength
from tts.dataset.prepared import DURATION, Packed, Prepared
from tts.dataset.statistics import StatisticsSum, StreamStatistics


class Subset(Prepared):
    """A prepared corpus with the ids of ``chosen`` in the splits that it names, and all of those that it does not.

    Raises :class:`UsageError` for a corpus of several speakers and for ids that are not in the split.
    """

    def __init__(self, whole: Prepared, chosen: dict[str, Sequence[str]]) -> None:
        if len(whole.speakers) > 1:
            raise UsageError(f"{whole.folder}: has {len(whole.speakers)} speakers; a part is taken of a corpus of one")
        self.whole = whole
        self.chosen = {split: tuple(ids) for split, ids in chosen.items()}
        for split, ids in self.chosen.items():
            unknown = sorted(set(ids) - set(whole.packed(split).ids))
            if unknown or not ids:
                raise UsageError(f"{whole.folder}: the {split} split has no utterance {unknown[0] if unknown else 'chosen'}")
        super().__init__(whole.folder, self._facts())

    def _facts(self) -> PreparedFacts:
        """Return the whole corpus's facts with what is of the chosen utterances alone."""
        whole = self.whole.facts
        identities = {name: fingerprint(identity, self.chosen) for name, identity in whole.identities.items()}
        changes: dict[str, Any] = {"identities": identities, "fingerprint": fingerprint(identities)}
        if "train" in self.chosen:
            packed = self.packed("train")
            # Both ends of every utterance: silence, as prepare has it.
            firsts, lasts = packed.segment_starts[:-1], packed.segment_starts[1:] - 1
            length = SplitLength(
                utterances=len(packed.ids), seconds=round(float(packed.frame_starts[-1]) * whole.grid.shift, 1)
            )
            changes |= {
                "constant_features": constant_features([packed.vectors]),
                "silence": tuple(natural_silence(np.median(packed.durations[rows], axis=0)) for rows in (firsts, lasts)),
                "corpus": whole.corpus.model_copy(update=length.model_dump()),
            }
        return whole.model_copy(update=changes)

    def packed(self, split: str) -> Packed:
        """Return one split's arrays, in memory, of the chosen utterances; as they lie on disk where nothing was chosen."""
        packed = self.whole.packed(split)
        if split not in self.chosen:
            return packed
        wanted = set(self.chosen[split])
        numbers = [number for number, key in enumerate(packed.ids) if key in wanted]
        segments = _rows(packed.segment_starts, numbers)
        frames = _rows(packed.frame_starts, numbers)
        return Packed(
            tuple(packed.ids[number] for number in numbers),
            np.asarray(packed.vectors[segments]),
            packed.durations[segments],
            packed.silent[segments],
            _starts(packed.segment_starts, numbers),
            _starts(packed.frame_starts, numbers),
            {name: np.asarray(values[frames]) for name, values in packed.streams.items()},
            {name: np.asarray(values[segments]) for name, values in packed.segment_streams.items()},
        )

    @cached_property
    def statistics(self) -> dict[str, StreamStatistics]:
        """Statistics of the chosen training frames and phones, by stream."""
        sums = training_sums(self.packed("train"), self.streams.values(), self.states)
        return {name: total.result() for name, total in sums.items()}


def training_sums(packed: Packed, streams: Iterable[Stream], states: int) -> dict[str, StatisticsSum]:
    """Return the sums of every one of ``streams`` that is learnt normalised, and of durations, of one speaker."""
    sums = {DURATION: StatisticsSum(states, dynamic=False)}
    for stream in streams:
        if stream.normalised and (stream.name in packed.streams or stream.name in packed.segment_streams):
            sums[stream.name] = StatisticsSum(stream.dimension, stream.dynamic)
    for number in range(len(packed.ids)):
        a, b = packed.segment_starts[number : number + 2]
        frames, counted_frames = packed.utterance(number), packed.counted_frames(number)
        for stream in streams:
            if stream.name in sums:
                by_frame = stream.name in frames
                values = frames[stream.name] if by_frame else np.asarray(packed.segment_streams[stream.name][a:b])
                counted = counted_frames if by_frame else ~packed.silent[a:b]
                valid = counted & (values[:, -1] > 0.5) if stream.masked else counted
                sums[stream.name].add(values[:, : stream.dimension], valid)
        sums[DURATION].add(packed.durations[a:b].astype(np.float64), ~packed.silent[a:b])
    return sums


def nested(ids: Sequence[str], seed: int) -> list[str]:
    """Return ids in a random order of a seed, of which every beginning is a subset of the longer ones.

    The order goes by the rank of a digest, so it does not depend on the order or the number of the ids given.
    """
    return sorted(ids, key=lambda key: hashlib.sha256(f"{seed}\0{key}".encode()).digest())


def _rows(starts: np.ndarray, numbers: Sequence[int]) -> np.ndarray:
    return np.concatenate([np.arange(starts[number], starts[number + 1]) for number in numbers])


def _starts(starts: np.ndarray, numbers: Sequence[int]) -> np.ndarray:
    return np.concatenate([[0], np.cumsum([starts[number + 1] - starts[number] for number in numbers])])
