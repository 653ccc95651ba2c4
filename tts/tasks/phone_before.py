"""Class of the phone before (classification): what the articulators come from."""

from __future__ import annotations

import numpy as np

from tts.core.stream import Stream
from tts.tasks.base import TextFamily
from tts.tasks.phone_class import label as own
from tts.text.phones import PhoneInventory
from tts.text.sentence import Sentence


def label(sentence: Sentence, inventory: PhoneInventory) -> np.ndarray:
    """Return the index of the phone before every segment, float32 (segments, 1); the first segment's is its own."""
    labels = own(sentence, inventory)
    return np.concatenate([labels[:1], labels[:-1]])


FAMILY = TextFamily(
    label,
    lambda name, inventory: Stream(name, 1, kind="class", classes=len(inventory)),
    labels=lambda inventory, options: inventory.symbols,
)
