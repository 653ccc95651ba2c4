"""Post-filters: give back to generated mel-cepstra and F0 some of the variation that averaging took.

Two kinds for mel-cepstra, both after the trajectories and never before objective scores:

* ``cepstral`` (usual strength 0.4) sharpens formants in every frame: all coefficients but the first two are multiplied
  by 1.4 and the frame's energy is kept. It needs no statistics (Koishida, Tokuda, Kobayashi and Imai, "CELP coding based on
  mel-cepstral analysis", ICASSP 1995, in the variant that HTS and Merlin made usual).
* ``variance`` (the default, strength 1) scales every coefficient's deviation from its mean over the utterance towards the
  natural global variance (Silen, Helander, Nurminen and Gabbouj, "Ways to implement global variance in statistical speech
  synthesis", Interspeech 2012).

The second also for log F0 (:func:`scale_f0_variance`), whatever the mel-cepstrum's.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from tts.core.errors import UsageError
from tts.core.grid import FrameGrid
from tts.recipe import GenerationPart

Kind = Literal["none", "cepstral", "variance"]
FULL_STRENGTH_SECONDS = 1.0  # an utterance shorter than this says too little about its own variance: scaled more gently
MAX_SCALE = 5.0  # largest factor on a deviation: a coefficient that hardly moves is noise, not smoothed speech


USUAL_STRENGTH = {"none": 0.0, "cepstral": 0.4, "variance": 1.0}
MAX_F0_VARIANCE = 1.5
MAX_EDIT_STRENGTH = 2.0


@dataclass(frozen=True)
class PostFilterSettings:
    """Which post-filter, and how strong: 0 (nothing) to 1, or None for the usual strength of its kind.

    ``cepstral`` multiplies by 1 + strength, usually 1.4. ``variance`` raises the correcting factor to the power of strength: 1
    reaches the natural variance, as usual. ``none`` does not look at it. ``f0_variance``, from 0 (nothing) to 1.5, does the
    same to log F0, whatever the kind: 1 reaches the natural variance. ``edit_strength``, from 0 (nothing) to 2, is a factor on
    the edit (:mod:`tts.generation.editing`) of a voice that has one.
    """

    kind: Kind = "variance"
    strength: float | None = None
    f0_variance: float = 1.0
    edit_strength: float = 1.0

    def __post_init__(self) -> None:
        if self.kind not in USUAL_STRENGTH:
            raise UsageError(f"post-filter {self.kind!r} is unknown; choose one of {', '.join(USUAL_STRENGTH)}")
        if self.strength is not None and not 0.0 <= self.strength <= 1.0:
            raise UsageError(f"post-filter strength {self.strength:g} is outside 0..1")
        if not 0.0 <= self.f0_variance <= MAX_F0_VARIANCE:
            raise UsageError(f"F0 variance {self.f0_variance:g} is outside 0..{MAX_F0_VARIANCE:g}")
        if not 0.0 <= self.edit_strength <= MAX_EDIT_STRENGTH:
            raise UsageError(f"edit strength {self.edit_strength:g} is outside 0..{MAX_EDIT_STRENGTH:g}")

    @classmethod
    def of(cls, part: GenerationPart) -> PostFilterSettings:
        """Return what a voice's configuration says."""
        return cls(part.post_filter, part.strength, part.f0_variance, part.edit_strength)

    @property
    def amount(self) -> float:
        """The strength, the usual one filled in."""
        return USUAL_STRENGTH[self.kind] if self.strength is None else self.strength


def post_filter(
    mcep: np.ndarray, settings: PostFilterSettings, grid: FrameGrid, natural_variance: np.ndarray, speech: np.ndarray
) -> np.ndarray:
    """Return the filtered mel-cepstrum (frames, order + 1) of one utterance.

    ``natural_variance`` (order + 1,) is the mean variance within natural utterances, over the frames from the first phone to
    the last; ``speech`` (frames,) bool marks these frames here. Both are read by ``variance`` alone.
    """
    if settings.kind == "cepstral":
        return sharpen_formants(mcep, settings.amount, grid)
    if settings.kind == "variance":
        return scale_mcep_variance(mcep, natural_variance, settings.amount, speech, FULL_STRENGTH_SECONDS / grid.shift)
    return mcep


def sharpen_formants(mcep: np.ndarray, beta: float, grid: FrameGrid) -> np.ndarray:
    """Multiply all but the first two coefficients by ``1 + beta`` and keep every frame's energy. (frames, order + 1) both ways.

    Energy is r(0), the mean of the power spectrum around the circle; what it changes by is taken back in c_0.
    """
    from tts.analysis.mcep import to_log_power

    sharpened = mcep.astype(np.float64)
    sharpened[:, 2:] *= 1.0 + beta
    before, after = (_log_energy(to_log_power(values, grid)) for values in (mcep.astype(np.float64), sharpened))
    sharpened[:, 0] += 0.5 * (before - after)
    return sharpened


def _log_energy(log_power: np.ndarray) -> np.ndarray:
    """Return log r(0) of every frame from half a circle of log power, both ends included; safe where exp would overflow."""
    peak = log_power.max(axis=1, keepdims=True)
    power = np.exp(log_power - peak)
    circle = 2.0 * power.sum(axis=1) - power[:, 0] - power[:, -1]
    return np.asarray(np.log(circle / (2 * (power.shape[1] - 1))) + peak[:, 0])


def scale_variance(
    values: np.ndarray, natural_variance: np.ndarray, strength: float, speech: np.ndarray, full_frames: float = 0.0
) -> np.ndarray:
    """Scale deviations from the utterance's mean by ``(natural / own standard deviation) ** strength``. (frames, dimension).

    Mean and variance are taken over the frames that ``speech`` marks, as those of the recordings were. Where fewer than
    ``full_frames`` are marked, ``strength`` shrinks in proportion. Factors stay within 1..5: a trajectory livelier than natural
    ones is left alone.
    """
    scaled = values.astype(np.float64)
    frames = scaled[speech]
    if len(frames) < 2 or strength == 0.0:
        return scaled
    strength *= min(1.0, len(frames) / full_frames) if full_frames > 0 else 1.0
    mean, own = frames.mean(axis=0), frames.var(axis=0)
    factor = np.clip(np.sqrt(natural_variance / np.maximum(own, 1e-12)) ** strength, 1.0, MAX_SCALE)
    scaled += (factor - 1.0) * (scaled - mean)
    return scaled


def scale_mcep_variance(
    mcep: np.ndarray, natural_variance: np.ndarray, strength: float, speech: np.ndarray, full_frames: float = 0.0
) -> np.ndarray:
    """Do :func:`scale_variance` to a mel-cepstrum (frames, order + 1).

    c_0 stays: loudness is not what averaging flattens, and scaled silence would hiss.
    """
    scaled = scale_variance(mcep, natural_variance, strength, speech, full_frames)
    scaled[:, 0] = mcep[:, 0]
    return scaled


def scale_f0_variance(
    lf0: np.ndarray, settings: PostFilterSettings, grid: FrameGrid, natural_variance: np.ndarray, speech: np.ndarray
) -> np.ndarray:
    """Do :func:`scale_variance` to log F0 (frames, 1), which runs through unvoiced frames; its mean, the pitch, stays."""
    return scale_variance(lf0, natural_variance, settings.f0_variance, speech, FULL_STRENGTH_SECONDS / grid.shift)
