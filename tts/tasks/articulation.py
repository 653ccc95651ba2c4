"""Articulatory attributes (several labels at once): voiced or not, nasal, front, round, ... of the phone being spoken."""

from __future__ import annotations

import numpy as np

from tts.core.stream import Stream
from tts.tasks.base import TextFamily
from tts.text.phones import ATTRIBUTES, PhoneInventory
from tts.text.sentence import Sentence


def label(sentence: Sentence, inventory: PhoneInventory) -> np.ndarray:
    """Return which attributes every segment's phone has, 0 or 1, float32 (segments, attributes)."""
    return np.asarray(inventory.matrix[[inventory.index(phone) for phone in sentence.phones]], dtype=np.float32)


FAMILY = TextFamily(
    label,
    lambda name, inventory: Stream(name, len(ATTRIBUTES), kind="binary"),
    labels=lambda inventory, options: ATTRIBUTES,
)
