"""The utterances that an aligner passes over again and again: their trellises in two flat arrays, their features on disk."""

from __future__ import annotations

from array import array
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from tts.alignment.trellis import Trellis

_CELLS = 3_000_000  # frames x utterances x places of a batch: 12 MB a tensor


@dataclass(frozen=True)
class Job:
    """One utterance to pass over: its place in the caller's list, how long it is, and its trellis.

    The features are read from ``source`` each time they are wanted: a long corpus need not lie in memory.
    """

    number: int
    source: Sequence[np.ndarray]
    frames: int
    trellis: Trellis

    @property
    def cells(self) -> int:
        """Places times frames."""
        return self.trellis.places * self.frames

    @property
    def features(self) -> np.ndarray:
        """Float32 (frames, dimension)."""
        return self.source[self.number]


class Jobs:
    """Utterances to pass over. What is held grows by five bytes a place of the trellises, and 20 an utterance."""

    def __init__(self, source: Sequence[np.ndarray]) -> None:
        self._source = source
        self._numbers, self._frames, self._ends = array("i"), array("i"), array("q", [0])
        self._units, self._hops = array("i"), bytearray()

    def add(self, number: int, frames: int, trellis: Trellis) -> None:
        """Add an utterance: its place in the source, its length in frames."""
        self._numbers.append(number)
        self._frames.append(frames)
        self._units.frombytes(trellis.units.astype(np.intc).tobytes())
        self._hops += trellis.hops.tobytes()
        self._ends.append(len(self._units))

    def __len__(self) -> int:
        return len(self._numbers)

    def _job(self, place: int) -> Job:
        start, end = self._ends[place], self._ends[place + 1]
        trellis = Trellis(np.array(self._units[start:end]), np.frombuffer(self._hops[start:end], dtype=bool))
        return Job(self._numbers[place], self._source, self._frames[place], trellis)

    def __iter__(self) -> Iterator[Job]:
        return map(self._job, range(len(self)))

    def groups(self) -> Iterator[list[Job]]:
        """Yield utterances of like length together, in batches of at most about ``_CELLS`` cells."""
        group: list[Job] = []
        width = 0
        for place in np.argsort(self._frames, kind="stable").tolist():
            job = self._job(place)
            width = max(width, job.trellis.places)
            if group and (len(group) + 1) * width * job.frames > _CELLS:
                yield group
                group, width = [], job.trellis.places
            group.append(job)
        if group:
            yield group

    def sample(self, frames: int, seed: int) -> Jobs:
        """Return some of the utterances: a seeded choice of at least so many frames in all, where there are as many."""
        order = np.random.default_rng(seed).permutation(len(self))
        before = np.cumsum(np.concatenate([[0], np.array(self._frames)[order]]))[:-1]
        chosen = Jobs(self._source)
        for place in sorted(order[before < frames].tolist()):
            job = self._job(place)
            chosen.add(job.number, job.frames, job.trellis)
        return chosen
