"""Phone class (classification): which phone of the inventory is spoken, silences included."""

from __future__ import annotations

import numpy as np

from tts.core.stream import Stream
from tts.tasks.base import TextFamily
from tts.text.phones import PhoneInventory
from tts.text.sentence import Sentence


def label(sentence: Sentence, inventory: PhoneInventory) -> np.ndarray:
    """Return the index of every segment's phone in the inventory, float32 (segments, 1)."""
    return np.array([[inventory.index(phone)] for phone in sentence.phones], dtype=np.float32)


FAMILY = TextFamily(
    label,
    lambda name, inventory: Stream(name, 1, kind="class", classes=len(inventory)),
    labels=lambda inventory, options: inventory.symbols,
)
