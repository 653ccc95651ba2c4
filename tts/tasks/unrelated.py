"""Unrelated (4 classes): the number of the word in its sentence, modulo 4: a control that can be learnt but helps nobody.

Where noise shows what a useless target costs, this shows what useless *learning* costs: the inputs hold the answer (the
position of the word), so the shared layers spend units on it, and no sound depends on it. Pauses count to the word before.
"""

from __future__ import annotations

import numpy as np

from tts.core.stream import Stream
from tts.tasks.base import TextFamily
from tts.text.phones import PhoneInventory
from tts.text.sentence import Sentence

CLASSES = 4


def label(sentence: Sentence, inventory: PhoneInventory) -> np.ndarray:
    """Return the word's number modulo 4, 0 before the first word, float32 (segments, 1)."""
    del inventory
    number = np.maximum.accumulate([segment.word for segment in sentence.segments])
    return (np.maximum(number, 0) % CLASSES).astype(np.float32)[:, None]


FAMILY = TextFamily(label, lambda name, inventory: Stream(name, 1, kind="class", classes=CLASSES))
