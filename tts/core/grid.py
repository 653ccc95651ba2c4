"""The frame grid: sample rate and frame shift, from which everything else about frames is derived.

Frame ``i`` is centred at ``i * shift`` seconds. A recording of ``n`` samples has ``floor(n / (rate * shift)) + 1`` frames,
which is WORLD's own count; every other extractor (mel, gammatone, MFCC, labels) is computed at these centres and for this
count, so no length is ever trimmed to fit another.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from tts.core.errors import UsageError

MIN_RATE, MAX_RATE = 16_000, 48_000
WORLD_F0_FLOOR = 71.0  # CheapTrick's default floor, which fixes its FFT size


@dataclass(frozen=True)
class FrameGrid:
    """Sample rate in Hz (16,000 to 48,000) and frame shift in milliseconds (1 to 20; 5 is the field's standard).

    ``warping`` is the all-pass constant of the mel-cepstrum where it is given; by default it follows from the rate.
    """

    sample_rate: int
    shift_ms: float = 5.0
    warping: float | None = None

    def __post_init__(self) -> None:
        if not MIN_RATE <= self.sample_rate <= MAX_RATE:
            raise UsageError(f"sample_rate {self.sample_rate} is outside {MIN_RATE}..{MAX_RATE} Hz")
        if not 1.0 <= self.shift_ms <= 20.0:
            raise UsageError(f"shift_ms {self.shift_ms} is outside 1..20 ms")
        if self.warping is not None and not 0.0 <= self.warping < 1.0:
            raise UsageError(f"warping {self.warping} is outside 0..1")

    @property
    def shift(self) -> float:
        """Frame shift in seconds."""
        return self.shift_ms / 1000.0

    @property
    def fft_size(self) -> int:
        """WORLD's FFT size: ``2 ** (1 + floor(log2(3 fs / 71 + 1)))``."""
        return int(2 ** (1 + math.floor(math.log2(3.0 * self.sample_rate / WORLD_F0_FLOOR + 1.0))))

    @property
    def bands(self) -> int:
        """Number of WORLD's band aperiodicities: one per 3 kHz up to 15 kHz, leaving the top 3 kHz out."""
        return int(min(15_000.0, self.sample_rate / 2.0 - 3_000.0) / 3_000.0)

    @property
    def alpha(self) -> float:
        """All-pass warping: as given, or what approximates the mel scale at this rate (:func:`mel_alpha`)."""
        return mel_alpha(self.sample_rate) if self.warping is None else self.warping

    def frames(self, samples: int) -> int:
        """Return the number of frames of a recording of ``samples`` samples (WORLD's count)."""
        return int(1000.0 * samples / self.sample_rate / self.shift_ms) + 1

    def samples(self, frames: int) -> int:
        """Return the number of samples that WORLD synthesises for ``frames`` frames."""
        return int((frames - 1) * self.shift_ms / 1000.0 * self.sample_rate) + 1

    def centre(self, frame: int) -> int:
        """Return the sample index nearest to the centre of one frame: ``centres(frame + 1)[-1]`` without the others."""
        return int(np.round(np.float64(frame) * (self.shift * self.sample_rate)))

    def centres(self, frames: int) -> np.ndarray:
        """Return the sample index nearest to the centre of each frame, int64 of shape (frames,)."""
        return np.round(np.arange(frames) * (self.shift * self.sample_rate)).astype(np.int64)

    def frame_of(self, seconds: float) -> int:
        """Snap a time in seconds to the nearest frame index (ties go up)."""
        return math.floor(seconds / self.shift + 0.5)


@lru_cache(maxsize=32)
def mel_alpha(sample_rate: int, points: int = 1000) -> float:
    """Return the all-pass constant in 0..0.999 whose phase best fits the mel scale at ``sample_rate``, to 0.001.

    The fit minimises the squared distance between the normalised mel curve ``log(1 + f / 1000)`` and the normalised warped
    frequency ``w + 2 atan(a sin w / (1 - a cos w))`` on ``points`` frequencies (the criterion of the usual ``mcepalpha`` tool).
    """
    omega = np.arange(1, points) * (np.pi / points)
    frequency = omega / np.pi * sample_rate / 2.0
    mel = np.log1p(frequency / 1000.0)
    mel /= np.log1p(sample_rate / 2.0 / 1000.0)
    alphas = np.arange(0.0, 1.0, 0.001)[:, None]
    warped = omega + 2.0 * np.arctan(alphas * np.sin(omega) / (1.0 - alphas * np.cos(omega)))
    distance = ((warped / np.pi - mel) ** 2).mean(axis=1)
    return round(float(alphas[int(distance.argmin()), 0]), 3)
