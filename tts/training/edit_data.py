"""What the edit learns from: every utterance as the networks before it make it on natural durations, beside the recording."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from tts.core.progress import tracked
from tts.dataset.prepared import Packed, Prepared
from tts.generation.editing import FIRST, EditInputs, edit_inputs, normalised, tokens_of
from tts.generation.postfilter import PostFilterSettings
from tts.generation.vocode import Waveform, spoken_trajectories
from tts.generation.voice import Voice
from tts.generation.voice_model import HIDDEN

STEP = 16  # utterances predicted together
_ROWS = 1 << 15  # tokens looked at together


@dataclass(frozen=True)
class EditUtterance:
    """One utterance: its ``number`` in the split, what the edit reads, and the natural c1 and up, normalised, in tokens."""

    number: int
    speaker: int
    inputs: EditInputs
    natural: np.ndarray  # (tokens, frames * coefficients), float32


def edit_utterances(voice: Voice, prepared: Prepared, packed: Packed, size: int, label: str) -> Iterator[EditUtterance]:
    """Yield the utterances of a split that an edit with tokens of ``size`` frames can learn from or be validated on."""
    sound = Waveform(voice.grid, voice.streams, voice.variances, voice.global_variance, PostFilterSettings.of(voice.generation))
    speakers = prepared.speaker_numbers(packed.ids).tolist()
    count = len(packed.ids)
    for first in tracked(range(0, count, STEP), label, -(-count // STEP)):
        numbers = range(first, min(first + STEP, count))
        sentences = [prepared.sentences[packed.ids[n]] for n in numbers]
        durations = [packed.durations_of(n) for n in numbers]
        predicted = voice.acoustics(sentences, durations, [speakers[n] for n in numbers], hidden=True)
        for n, streams in zip(numbers, predicted, strict=True):
            hidden, speech = streams.pop(HIDDEN), packed.counted_frames(n)
            frames = normalised(spoken_trajectories(sound, streams, speech), voice.statistics, voice.streams, speakers[n])
            inputs = edit_inputs(frames, hidden, speech, size)
            if inputs is not None:
                yield EditUtterance(n, speakers[n], inputs, _natural(voice, packed, n, speakers[n], inputs, size))


def _natural(voice: Voice, packed: Packed, number: int, speaker: int, inputs: EditInputs, size: int) -> np.ndarray:
    statistics, dimension = voice.statistics["mcep"], voice.streams["mcep"].dimension
    first = int(packed.frame_starts[number]) + inputs.start
    values = np.asarray(packed.streams["mcep"][first : first + inputs.frames], np.float64)
    standard = (values - statistics.mean_of(speaker)) / statistics.deviation[:dimension]
    return tokens_of(standard[:, FIRST:].astype(np.float32), size)


class EditCrops:
    """All training utterances, end to end, of which crops are drawn; the crops of a step depend on the seed and step alone.

    ``crop`` is their length in tokens, shorter where no utterance is as long. ``hidden`` is kept in half precision.
    """

    def __init__(self, utterances: Iterator[EditUtterance], crop: int, seed: int, device: torch.device) -> None:
        trajectories, hidden, natural = [], [], []
        for each in utterances:
            trajectories.append(each.inputs.trajectories)
            hidden.append(each.inputs.hidden.astype(np.float16))
            natural.append(each.natural)
        lengths = np.array([len(each) for each in natural], dtype=np.int64)
        self.crop, self.seed, self.device = min(crop, int(lengths.max())), seed, device
        self.trajectories, self.hidden, self.natural = (
            torch.from_numpy(np.concatenate(part)) for part in (trajectories, hidden, natural)
        )
        self._starts = np.concatenate([[0], np.cumsum(lengths)[:-1]])
        self._choices = np.cumsum(np.maximum(lengths - self.crop + 1, 0))  # crops that begin in an utterance or those before

    def errors(self, edited_part: Callable[[Tensor], Tensor], outputs: int) -> Tensor:
        """Return the root mean square of natural minus scaled of every coefficient, (outputs,), over all training frames."""
        total = torch.zeros(outputs, dtype=torch.float64)
        for first in range(0, len(self.natural), _ROWS):
            rows = slice(first, first + _ROWS)
            wrong = self.natural[rows] - edited_part(self.trajectories[rows][None])[0]
            total += wrong.view(-1, outputs).double().square().sum(dim=0)
        frames = self.natural.numel() / outputs
        return (total / frames).sqrt().clamp(min=1e-3).to(self.device, torch.float32)

    def __call__(self, step: int, count: int) -> tuple[Tensor, Tensor, Tensor]:
        """Return the trajectories, hidden layers and natural trajectories of ``count`` crops, (count, crop, width) each."""
        drawn = np.random.default_rng([self.seed, step]).integers(0, self._choices[-1], count)
        utterances = np.searchsorted(self._choices, drawn, side="right")
        before = np.concatenate([[0], self._choices])[utterances]
        first = self._starts[utterances] + drawn - before
        index = torch.from_numpy(first[:, None] + np.arange(self.crop)[None])
        return tuple(part[index].float().to(self.device) for part in (self.trajectories, self.hidden, self.natural))  # type: ignore[return-value]
