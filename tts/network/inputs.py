"""What a network reads of one utterance: vectors of segments, spread over frames where they are needed.

A frame's input is mostly its segment's: a vector of some hundred features, the same for all frames of a phone.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class NetworkInput:
    """The input of one utterance. Rows are its frames, or its segments where ``segment_of_row`` is None.

    ``vectors`` (segments, features), ``positions`` (rows, width) and the speaker's ``code`` (speakers,) are float32;
    ``segment_of_row`` (rows,) is int64. A row's input is its segment's vector, its positions and the code.
    """

    vectors: np.ndarray
    segment_of_row: np.ndarray | None = None
    positions: np.ndarray | None = None
    code: np.ndarray | None = None

    def __len__(self) -> int:
        return len(self.vectors) if self.segment_of_row is None else len(self.segment_of_row)
