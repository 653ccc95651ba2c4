"""Prominence and boundary of the word (regression, a value a phone), as a model of English predicts them from the text.

Of silences both are 0. :mod:`tts.text.english.prominence` has the model.
"""

from __future__ import annotations

import numpy as np

from tts.core.errors import UsageError
from tts.core.stream import Stream
from tts.tasks.base import TextFamily
from tts.text.english.prominence import VERSION, word_prosody
from tts.text.phones import PhoneInventory
from tts.text.sentence import Sentence
from tts.text.spoken_forms import primary


def label(sentence: Sentence, inventory: PhoneInventory) -> np.ndarray:
    """Return both of every segment's word, float32 (segments, 2); :class:`UsageError` unless the sentence is English."""
    del inventory
    if primary(sentence.language) != "en":
        raise UsageError(f"tasks.prominence: is known of English words, and the sentence's language is {sentence.language}")
    words = np.concatenate([word_prosody(sentence), np.zeros((1, 2), np.float32)])
    return np.asarray(words[[segment.word for segment in sentence.segments]])


FAMILY = TextFamily(
    label,
    lambda name, inventory: Stream(name, 2),
    labels=lambda inventory, options: ("prominence", "boundary"),
    version=VERSION,
)
