"""Signals whose F0, voicing and envelope are known, because they are made from them."""

import numpy as np


def glide(start: float, end: float, seconds: float, rate: int) -> np.ndarray:
    """F0 in Hz of every sample, exponential from start to end."""
    return start * (end / start) ** np.linspace(0.0, 1.0, round(seconds * rate))


def harmonics(f0: np.ndarray, rate: int, seed: int = 0) -> np.ndarray:
    """A voice-like sum of harmonics of f0 (samples,) below 5 kHz: -6 dB an octave, a resonance at 600 and at 1500 Hz."""
    rng = np.random.default_rng(seed)
    phase = 2 * np.pi * np.cumsum(f0) / rate
    signal = np.zeros(len(f0))
    for k in range(1, int(5000 / f0.min()) + 1):
        frequency = k * f0
        gain = 1 / k + np.exp(-(((frequency - 600) / 150) ** 2)) + 0.5 * np.exp(-(((frequency - 1500) / 200) ** 2))
        signal += np.where(frequency < min(5000, 0.45 * rate), gain, 0.0) * np.cos(k * phase + rng.uniform(0, 2 * np.pi))
    return 0.1 * signal / signal.std()


def noise(seconds: float, rate: int, deviation: float = 0.1, seed: int = 1) -> np.ndarray:
    """White noise."""
    return deviation * np.random.default_rng(seed).normal(size=round(seconds * rate))


def frame_values(per_sample: np.ndarray, centres: np.ndarray) -> np.ndarray:
    """Values at the frame centres."""
    return per_sample[np.minimum(centres, len(per_sample) - 1)]
