"""Recordings for tests of listening tests: a fifth of a second each, and unlike enough to be told apart."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import soundfile

RATE = 16000


def write_recordings(
    folder: Path, systems: list[str], sentences: int, seconds: float = 0.2, rate: int = RATE
) -> dict[str, dict[str, Path]]:
    """Write ``folder/SYSTEM/uttN.wav`` and return the paths by system and sentence; every one at another level."""
    rng = np.random.default_rng(1)
    found: dict[str, dict[str, Path]] = {}
    for system in systems:
        for number in range(sentences):
            path = folder / system / f"utt{number}.wav"
            path.parent.mkdir(parents=True, exist_ok=True)
            samples = round(rate * seconds * (1.0 + 0.2 * rng.random()))
            time = np.arange(samples) / rate
            tone = np.sin(2.0 * np.pi * 220.0 * (number + 1) * time) + 0.3 * rng.standard_normal(samples)
            soundfile.write(path, 10.0 ** rng.uniform(-1.6, -0.8) * tone, rate)
            found.setdefault(system, {})[path.stem] = path
    return found
