"""Features that never changed in training: a network knows nothing of their other values, so it is never shown one."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np


def hold_constant(vectors: np.ndarray, constant: Mapping[int, float]) -> np.ndarray:
    """Return linguistic vectors (segments, features) with every feature of ``constant`` at the one value it had in training.

    ``constant`` says the value by column, as ``constant_features`` of a prepared corpus and of a voice do. What a network reads
    comes through here in training, in its validation and when it speaks. The vectors themselves are returned where nothing
    differs, a copy otherwise.
    """
    other = {column: value for column, value in constant.items() if (vectors[:, column] != np.float32(value)).any()}
    if not other:
        return vectors
    held = np.array(vectors)
    for column, value in other.items():
        held[:, column] = value
    return held
