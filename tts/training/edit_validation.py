"""How an edit is validated, without judges: how large it is, and what it does to variance and modulation spectrum."""

from __future__ import annotations

from dataclasses import dataclass
from functools import reduce

import numpy as np

from tts.dataset.prepared import Prepared
from tts.evaluation.variance import modulation_distance, modulation_sums
from tts.generation.editing import FIRST, Editor
from tts.generation.voice import Voice
from tts.training.edit_data import EditUtterance, edit_utterances

SCALES = np.linspace(1.0, 0.05, 20)  # factors that are tried on an edit, largest first


@dataclass(frozen=True)
class EditScores:
    """What an edit does on validation once it is multiplied by ``scale``, the largest factor that keeps the variance in bounds.

    ``variance`` is the geometric mean over coefficients of the ratio to the natural global variance, ``modulation`` the
    distance of the modulation spectra in dB, ``size`` the root mean square of the edit in deviations, ``unscaled`` the variance
    that the edit has at factor 1.
    """

    scale: float
    variance: float
    modulation: float
    size: float
    unscaled: float

    def to_dict(self) -> dict[str, float]:
        """Return the scores by their names in a history."""
        return {
            "valid/scale": self.scale,
            "valid/gv_mcep": self.variance,
            "valid/gv_mcep_whole": self.unscaled,
            "valid/modulation": self.modulation,
            "valid/edit": self.size,
            "valid/main": self.modulation,
        }


class EditValidation:
    """The validation split as an edit reads it, kept in memory."""

    def __init__(self, voice: Voice, prepared: Prepared, size: int, largest_variance: float) -> None:
        packed = prepared.packed("validation")
        self.utterances = list(edit_utterances(voice, prepared, packed, size, "reading validation"))
        self.shift, self.largest_variance = voice.grid.shift, largest_variance
        self.coefficients = voice.streams["mcep"].dimension - FIRST

    def __call__(self, editor: Editor | None) -> EditScores:
        """Return the scores of an edit; of none, those of the scaled trajectories themselves."""
        edits = [self._edit(each, editor) for each in self.utterances]
        pairs = [(self._frames(each, each.natural), *made) for each, made in zip(self.utterances, edits, strict=True)]
        scale, variance, unscaled = self._largest_scale(pairs)
        sums = reduce(_added, (self._modulation(natural, base + scale * edit) for natural, base, edit in pairs))
        size = np.sqrt(np.mean(np.square(np.concatenate([edit for _, _, edit in pairs]))))
        return EditScores(scale, variance, float(modulation_distance(sums)), scale * float(size), unscaled)

    def _edit(self, each: EditUtterance, editor: Editor | None) -> tuple[np.ndarray, np.ndarray]:
        """Return the scaled trajectories of an utterance and the edit, (frames, coefficients) each, in deviations."""
        tokens = each.inputs.trajectories
        frames = tokens.reshape(len(each.natural) * (each.natural.shape[1] // self.coefficients), -1)
        base = frames[: each.inputs.frames, FIRST : FIRST + self.coefficients].astype(np.float64)
        return base, np.zeros_like(base) if editor is None else editor.run(each.inputs)

    def _frames(self, each: EditUtterance, tokens: np.ndarray) -> np.ndarray:
        return tokens.reshape(-1, self.coefficients)[: each.inputs.frames].astype(np.float64)

    def _largest_scale(self, pairs: list[tuple[np.ndarray, np.ndarray, np.ndarray]]) -> tuple[float, float, float]:
        """Return the largest factor whose variance ratio is in bounds, that ratio, and the one at factor 1."""
        natural = sum(a.var(axis=0) for a, _, _ in pairs)
        base = sum(b.var(axis=0) for _, b, _ in pairs)
        edit = sum(e.var(axis=0) for _, _, e in pairs)
        both = sum(2.0 * ((b - b.mean(axis=0)) * (e - e.mean(axis=0))).mean(axis=0) for _, b, e in pairs)
        ratios = [float(np.exp(np.mean(np.log((base + f * both + f * f * edit) / natural)))) for f in SCALES]
        allowed = [place for place, ratio in enumerate(ratios) if ratio <= self.largest_variance]
        place = allowed[0] if allowed else len(ratios) - 1
        return float(SCALES[place]), ratios[place], ratios[0]

    def _modulation(self, natural: np.ndarray, made: np.ndarray) -> dict[str, np.ndarray]:
        streams = [{"mcep": np.pad(values, ((0, 0), (1, 0)))} for values in (natural, made)]  # c0 is not looked at
        return modulation_sums(streams[0], streams[1], None, self.shift)


def _added(a: dict[str, np.ndarray], b: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    return {name: a[name] + b[name] for name in a} if b else a
