"""The averaged ensemble: what several single-task networks gain for the budget of one multi-task stack."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from tts.core.errors import TtsError
from tts.generation.variation import Take
from tts.generation.voice import Voice
from tts.text.sentence import Sentence


class Ensemble(Voice):
    """Voices of one system and different seeds that speak as one: all predictions are the mean of the members'.

    Acoustic predictions are averaged before trajectories are generated (means of statics and dynamics in natural units,
    probabilities of voicing), durations before they are rounded. What all members share, such as statistics, is the first's.
    Members' edits are left out: each knows the hidden layer of its own networks alone.
    """

    def __init__(self, members: Sequence[Voice]) -> None:
        if not members:
            raise TtsError("an ensemble needs at least one voice")
        first = members[0]
        if any(member.config.prepared != first.config.prepared for member in members):
            raise TtsError("the members of an ensemble must be trained on the same prepared corpus")
        super().__init__(first.config, first.stack, first.duration, first.statistics, first.device)
        self.lexicon = first.lexicon
        self.members = tuple(members)

    def durations(
        self,
        sentences: Sequence[Sentence],
        speakers: Sequence[int] | None = None,
        *,
        takes: Sequence[Take | None] | None = None,
    ) -> list[np.ndarray]:
        """Predict frames a state: the mean over members, float64 (segments, states) a sentence."""
        answers = [member.durations(sentences, speakers, takes=takes) for member in self.members]
        return [np.mean(group, axis=0) for group in zip(*answers, strict=True)]

    def acoustics(
        self,
        sentences: Sequence[Sentence],
        durations: Sequence[np.ndarray],
        speakers: Sequence[int] | None = None,
        *,
        hidden: bool = False,
        takes: Sequence[Take | None] | None = None,
    ) -> list[dict[str, np.ndarray]]:
        """Predict every main stream: the mean over members, (frames, width) in natural units; ``vuv`` as a probability."""
        answers = [member.acoustics(sentences, durations, speakers, hidden=hidden, takes=takes) for member in self.members]
        return [
            {name: np.mean([answer[name] for answer in group], axis=0) for name in group[0]}
            for group in zip(*answers, strict=True)
        ]
