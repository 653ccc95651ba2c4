"""Several speakers in one network: a code at the end of every stage's input, and output layers of each speaker's own.

The code is one of as many inputs as there are speakers (as in Luong, Takaki, Henter and Yamagishi, ICASSP 2017, "Adapting
and controlling DNN-based speech synthesis using input codes"). Output layers of a speaker's own on shared hidden layers are
those of Fan, Qian, Soong and He (ICASSP 2015, "Multi-speaker modeling and speaker adaptation for DNN-based TTS synthesis").
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from tts.recipe import MAIN_STREAMS

if TYPE_CHECKING:  # a process that only speaks may do without torch
    from torch import Tensor

OWNED = (*MAIN_STREAMS, "duration")  # what each speaker has output layers of their own for


@dataclass(frozen=True)
class SpeakerInput:
    """The speaker as an input of a network, whose last ``count`` columns are the speaker's one-hot code.

    With ``code`` the trunk reads it; with ``heads`` it chooses among output layers of the main tasks (of durations
    too), one a speaker.
    """

    count: int
    code: bool = True
    heads: bool = False

    def width(self, inputs: int) -> int:
        """Return how many of ``inputs`` a trunk reads."""
        return inputs if self.code else inputs - self.count

    def split(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Split (..., inputs) into what the trunk reads and the code, (..., count)."""
        code = x[..., -self.count :]
        return (x if self.code else x[..., : -self.count]), code

    def choose(self, outputs: Tensor, code: Tensor) -> Tensor:
        """Choose from the outputs of all speakers' layers, (..., count * width), those of the speaker: (..., width)."""
        several = outputs.view(*outputs.shape[:-1], self.count, -1)
        chosen: Tensor = (several * code.unsqueeze(-1).to(several.dtype)).sum(dim=-2)
        return chosen


def speaker_input(use: str, count: int) -> SpeakerInput | None:
    """Return what a recipe's ``speakers`` means for ``count`` speakers: ``code``, ``heads``, ``code_and_heads`` or ``none``."""
    if use == "none" or count < 2:
        return None
    return SpeakerInput(count, code=use != "heads", heads=use != "code")


DURATION_SPEAKERS = "code_and_heads"  # the speaker input of duration models, whatever that of the acoustic model


def duration_speakers(count: int, use: str = DURATION_SPEAKERS) -> SpeakerInput | None:
    """Return the duration model's speaker input for ``count`` speakers; voices made earlier have ``code`` alone."""
    return speaker_input(use, count)


def speaker_codes(numbers: Sequence[int] | np.ndarray, count: int) -> np.ndarray:
    """Return the codes of speakers 0 <= number < count, float32 (numbers, count)."""
    codes = np.zeros((len(numbers), count), np.float32)
    codes[np.arange(len(numbers)), np.asarray(numbers, dtype=np.int64)] = 1.0
    return codes
