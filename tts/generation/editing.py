"""The edit at work: what a voice's last acoustic stage does to the trajectories of a sentence, between scaling and vocoder.

The trajectories are cut into tokens of a few frames, from the first frame of speech to the last; the network reads all streams,
normalised, and the last hidden layer of the network before, averaged over a token, and what it answers is added to c1 and up.
c0 stays, as it does when variance is scaled: an edit shapes the sound and not its loudness.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import torch

from tts.core.device import to_host
from tts.core.stream import Stream
from tts.dataset.statistics import StreamStatistics
from tts.network.edit import Edit
from tts.recipe import MAIN_STREAMS
from tts.recipe.edit import EditPart

FIRST = 1  # coefficient that is edited
FIRST_OVERSCALED = 3  # coefficient whose deviation the control scales


@dataclass(frozen=True)
class EditInputs:
    """What an edit reads of one sentence, from its first frame of speech to its last.

    ``trajectories`` (tokens, frames * streams) are normalised, ``hidden`` (tokens, width) is averaged over a token; both
    float32. Of ``frames`` in all (the last token may be filled up) the first is ``start`` in the sentence.
    """

    trajectories: np.ndarray
    hidden: np.ndarray
    start: int
    frames: int


def streams_width(streams: Mapping[str, Stream]) -> int:
    """Return how many values a frame has that an edit reads."""
    return sum(streams[name].dimension for name in MAIN_STREAMS)


def tokens_of(frames: np.ndarray, size: int) -> np.ndarray:
    """Return (frames, width) as tokens, (tokens, size * width); the last frame is repeated where a token is not full."""
    missing = -len(frames) % size
    if missing:
        frames = np.concatenate([frames, np.repeat(frames[-1:], missing, axis=0)])
    return frames.reshape(len(frames) // size, -1)


def normalised(
    trajectories: Mapping[str, np.ndarray],
    statistics: Mapping[str, StreamStatistics],
    streams: Mapping[str, Stream],
    speaker: int,
) -> np.ndarray:
    """Return all main streams of a sentence side by side, float32 (frames, width): statics over their deviation.

    Voicing, a probability or a decision, stays as it is.
    """
    columns = []
    for name in MAIN_STREAMS:
        values = np.asarray(trajectories[name], np.float64)
        if streams[name].kind != "binary":
            own = statistics[name]
            values = (values - own.mean_of(speaker)) / own.deviation[: streams[name].dimension]
        columns.append(values)
    return np.concatenate(columns, axis=1).astype(np.float32)


def edit_inputs(frames: np.ndarray, hidden: np.ndarray, speech: np.ndarray, size: int) -> EditInputs | None:
    """Return what an edit with tokens of ``size`` frames reads of a sentence; None where nothing is spoken.

    ``frames`` are :func:`normalised`, ``hidden`` (frames, width), ``speech`` (frames,) bool.
    """
    spoken = np.flatnonzero(speech)
    if len(spoken) == 0:
        return None
    start, end = int(spoken[0]), int(spoken[-1]) + 1
    averaged = tokens_of(hidden[start:end], size).reshape(-1, size, hidden.shape[1]).mean(axis=1)
    return EditInputs(tokens_of(frames[start:end], size), averaged.astype(np.float32), start, end - start)


@dataclass(frozen=True)
class Editor:
    """The edit of a voice, with what it needs to read and write natural units; ``network`` is None for a scaling control."""

    part: EditPart
    network: Edit | None
    statistics: Mapping[str, StreamStatistics]
    streams: Mapping[str, Stream]
    device: torch.device

    def edited(
        self, trajectories: Mapping[str, np.ndarray], hidden: np.ndarray, speech: np.ndarray, strength: float, speaker: int = 0
    ) -> dict[str, np.ndarray]:
        """Return the trajectories of a sentence with ``strength`` times the edit in their mel-cepstrum."""
        mcep = trajectories["mcep"].astype(np.float64)
        scales = self.network is None
        change = self._overscaling(mcep, speech) if scales else self._edit(trajectories, hidden, speech, speaker)
        return {**trajectories, "mcep": mcep + strength * change}

    def _edit(self, trajectories: Mapping[str, np.ndarray], hidden: np.ndarray, speech: np.ndarray, speaker: int) -> np.ndarray:
        change = np.zeros_like(trajectories["mcep"], dtype=np.float64)
        frames = normalised(trajectories, self.statistics, self.streams, speaker)
        inputs = edit_inputs(frames, hidden, speech, self.part.frames)
        if inputs is None:
            return change
        edit = self.run(inputs)
        if self.part.control == "reversed":
            edit = edit[::-1]
        deviation = self.statistics["mcep"].deviation[FIRST : self.streams["mcep"].dimension]
        change[inputs.start : inputs.start + inputs.frames, FIRST:] = edit * deviation
        return change

    @torch.no_grad()
    def run(self, inputs: EditInputs) -> np.ndarray:
        """Return the network's edit of every frame, (frames, coefficients), in units of the coefficients' deviations."""
        assert self.network is not None
        self.network.eval()
        read = (torch.from_numpy(values)[None].to(self.device) for values in (inputs.trajectories, inputs.hidden))
        tokens = to_host(self.network(*read))[0].double().numpy()
        return np.asarray(tokens.reshape(-1, self.network.outputs)[: inputs.frames])

    def _overscaling(self, mcep: np.ndarray, speech: np.ndarray) -> np.ndarray:
        """Return what scaling the deviations from the utterance's mean by ``part.factor`` would add."""
        change = np.zeros_like(mcep)
        if speech.any():
            high = mcep[:, FIRST_OVERSCALED:]
            change[:, FIRST_OVERSCALED:] = (self.part.factor - 1.0) * (high - high[speech].mean(axis=0))
        return change
