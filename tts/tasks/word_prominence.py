"""Prominence of the word in the recording (regression, a value a phone): how high, loud and long it is beside its neighbours.

Of every word: the highest F0 of its voiced frames, the highest energy of its frames (mel-cepstral coefficient 0), and the mean
over its phones of the logarithm of their durations. Each is standardised over the words of the utterance, which takes speaker
and tempo away, and the mean of the three is the value; a word without voiced frames has the utterance's lowest F0. This is the
simple relative of what wavelets measure over all scales (Suni et al. 2017). Of silences, and where an utterance has one word,
it is 0.
"""

from __future__ import annotations

import numpy as np

from tts.core.stream import Stream
from tts.tasks.base import TimedFamily, TimedUtterance


def label(spoken: TimedUtterance) -> np.ndarray:
    """Return the prominence of every segment's word in standard deviations, float32 (segments, 1)."""
    words = np.array([segment.word for segment in spoken.sentence.segments])
    count = len(spoken.sentence.words)
    word_of_frame = words[spoken.segment_of_frame]
    voiced = spoken.streams["vuv"][:, 0] > 0.5
    lf0, level = spoken.streams["lf0"][:, 0].astype(np.float64), spoken.streams["mcep"][:, 0].astype(np.float64)
    lowest = float(lf0[voiced].min()) if voiced.any() else 0.0
    length = np.log(spoken.durations.sum(axis=1))
    measures = np.zeros((count, 3))
    for word in range(count):
        here = word_of_frame == word
        measures[word] = (
            lf0[here & voiced].max(initial=lowest),
            level[here].max(initial=level.min()),
            length[words == word].mean() if (words == word).any() else length.mean(),
        )
    deviation = measures.std(axis=0)
    values = ((measures - measures.mean(axis=0)) / np.where(deviation > 0.0, deviation, 1.0)).mean(axis=1)
    return np.asarray(np.append(values, 0.0)[words][:, None], dtype=np.float32)


FAMILY = TimedFamily(label, lambda name, options: Stream(name, 1), unit="deviations", by_segment=True)
