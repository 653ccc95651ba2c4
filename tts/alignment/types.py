"""Alignment: how many frames every state of every phone of a sentence lasts."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tts.core.errors import TtsError
from tts.text.sentence import Sentence


@dataclass(frozen=True)
class Alignment:
    """Frames spent in every state of every segment of a sentence.

    ``phones`` are the sentence's segments (silences included); ``durations`` is int32 of shape (segments, states), every
    entry at least 1, summing to the number of frames of the recording, always. ``score`` is the mean log likelihood a frame
    under the aligner's model, ``match`` how well the text fits (:meth:`tts.alignment.models.PhoneModels.match`); both are
    ``nan`` where the times came from elsewhere.
    """

    phones: tuple[str, ...]
    durations: np.ndarray
    score: float = float("nan")
    match: float = float("nan")

    def __post_init__(self) -> None:
        durations = np.asarray(self.durations, dtype=np.int32)
        if durations.ndim != 2 or len(durations) != len(self.phones):
            raise TtsError(f"an alignment of {len(self.phones)} phones cannot have durations of shape {durations.shape}")
        if durations.size == 0 or durations.min() < 1:
            raise TtsError("an alignment needs at least one phone, and every state at least one frame")
        durations.setflags(write=False)
        object.__setattr__(self, "durations", durations)

    @property
    def frames(self) -> int:
        """Total number of frames."""
        return int(self.durations.sum())

    @property
    def states(self) -> int:
        """States per phone."""
        return int(self.durations.shape[1])

    @property
    def phone_durations(self) -> np.ndarray:
        """Frames per phone, int64 of shape (segments,)."""
        return np.asarray(self.durations.sum(axis=1, dtype=np.int64))

    @property
    def phone_starts(self) -> np.ndarray:
        """First frame of every phone, int64 of shape (segments,)."""
        ends = np.cumsum(self.phone_durations)
        return np.asarray(ends - self.phone_durations)


@dataclass(frozen=True)
class Aligned:
    """A sentence with its pauses as spoken, and the times of its segments: ``alignment.phones == sentence.phones``."""

    sentence: Sentence
    alignment: Alignment
