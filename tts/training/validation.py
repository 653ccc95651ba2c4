"""Validation by ear and by measure: the distortion of generated trajectories, and sentences spoken on the way."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from torch import Tensor

from tts.dataset.prepared import Packed, Prepared
from tts.evaluation.metrics import frame_mcd
from tts.generation.mlpg import mlpg
from tts.generation.voice import Voice, denormalise
from tts.training.callbacks import Callback
from tts.training.criterion import Model
from tts.training.preview import log_preview
from tts.training.tensorboard import TensorBoard


class Distortion(Callback):
    """Adds to a validation the MCD of what generation makes of the mel-cepstral outputs on natural durations."""

    heads = ("mcep",)

    def __init__(self, prepared: Prepared) -> None:
        self.prepared = prepared
        self.packed = prepared.packed("validation")

    def scores(self, model: Model, step: int) -> dict[str, float]:
        """Return ``valid/mcd`` in dB where the model learns the mel-cepstrum."""
        del model, step
        if "mcep" not in self.outputs:
            return {}
        return {"valid/mcd": generated_mcd(self.prepared, self.packed, self.outputs["mcep"])}


class Samples(Callback):
    """Speaks fixed sentences at every validation, with the voice as it stands, into ``folder`` and the logs."""

    def __init__(self, voice: Voice, sentences: tuple[str, ...], folder: Path, log: TensorBoard | None) -> None:
        self.voice, self.sentences, self.folder, self.log = voice, sentences, folder, log

    def scores(self, model: Model, step: int) -> dict[str, float]:
        """Speak; there is nothing to measure."""
        del model
        if self.sentences:
            log_preview(self.voice, self.sentences, self.folder, self.log, step)
        return {}


def generated_mcd(prepared: Prepared, packed: Packed, output: Tensor) -> float:
    """Return the pooled MCD in dB of trajectories generated from an mcep head's output (rows, width) on natural durations."""
    stream, statistics = prepared.streams["mcep"], prepared.statistics["mcep"]
    total, frames = 0.0, 0
    speakers = prepared.speaker_numbers(packed.ids).tolist()
    for number, speaker in enumerate(speakers):
        a, b = packed.frame_starts[number : number + 2]
        made = mlpg(denormalise(stream, statistics, output[a:b], speaker), statistics.deviation**2)
        errors = frame_mcd(np.asarray(packed.streams["mcep"][a:b]), made)[packed.counted_frames(number)]
        total, frames = total + float(errors.sum()), frames + len(errors)
    return total / max(frames, 1)
