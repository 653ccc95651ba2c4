"""The rows of several utterances one after the other, for networks that are computed without torch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from tts.network.inputs import NetworkInput


@dataclass(frozen=True)
class Rows:
    """Utterances one after the other: which rows belong together, and the linguistic input of each row.

    ``first`` and ``last`` (rows,) are the first and last row of each row's utterance; ``segment`` (rows,) counts through
    ``vectors`` (segments, features); ``positions`` (rows, width).
    """

    vectors: np.ndarray
    segment: np.ndarray
    positions: np.ndarray
    first: np.ndarray
    last: np.ndarray

    @classmethod
    def of(cls, inputs: Sequence[NetworkInput]) -> Rows:
        """Put utterances one after the other."""
        lengths = [len(each) for each in inputs]
        starts = np.cumsum([0, *lengths])
        segments = np.cumsum([0, *(len(each.vectors) for each in inputs)])
        own = [np.arange(len(each)) if each.segment_of_row is None else each.segment_of_row for each in inputs]
        positions = [np.zeros((len(each), 0), np.float32) if each.positions is None else each.positions for each in inputs]
        return cls(
            np.concatenate([each.vectors for each in inputs]).astype(np.float32, copy=False),
            np.concatenate([rows + start for rows, start in zip(own, segments, strict=False)]),
            np.concatenate(positions).astype(np.float32, copy=False),
            np.repeat(starts[:-1], lengths),
            np.repeat(starts[1:] - 1, lengths),
        )

    def linguistic(self, rows: np.ndarray) -> np.ndarray:
        """Return the linguistic input of some rows, (rows, features and positions)."""
        return np.concatenate([self.vectors[self.segment[rows]], self.positions[rows]], axis=1)

    def around(self, rows: np.ndarray, context: int, dilation: int) -> np.ndarray:
        """Return which rows are ``context`` either side of ``rows``, (rows, 2 context + 1); beyond the ends the ends."""
        offsets = dilation * np.arange(-context, context + 1)
        return np.clip(rows[:, None] + offsets, self.first[rows, None], self.last[rows, None])
