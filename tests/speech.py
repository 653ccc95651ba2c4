"""Corpora for tests: 23 seconds of CC0 speech from ``tests/fixtures``, and the same sentences by a lower voice made of them."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pyworld
import soundfile

FIXTURES = Path(__file__).parent / "fixtures"
SPEECH = FIXTURES / "speech"
RECIPE = FIXTURES / "format-2" / "recipe.yaml"
TEXTS = dict(line.split("|") for line in (SPEECH / "metadata.csv").read_text(encoding="utf-8").splitlines())
IDS = tuple(TEXTS)
RATE = 16000
LOWER = {"pitch": 0.6, "tract": 1.15}  # a man's: about 120 Hz, formants 15 % lower


def recording(key: str) -> np.ndarray:
    """Return the samples of one recording, float64 (samples,) at :data:`RATE`."""
    samples, rate = soundfile.read(str(SPEECH / "wavs" / f"{key}.flac"))
    assert rate == RATE
    return np.asarray(samples)


def lower(samples: np.ndarray, pitch: float = LOWER["pitch"], tract: float = LOWER["tract"]) -> np.ndarray:
    """Return the same words by another speaker: F0 times ``pitch``, every formant's frequency divided by ``tract``."""
    f0, times = pyworld.dio(samples, RATE)
    f0 = pyworld.stonemask(samples, f0, times, RATE)
    envelope = pyworld.cheaptrick(samples, f0, times, RATE)
    aperiodicity = pyworld.d4c(samples, f0, times, RATE)
    bins = np.arange(envelope.shape[1])
    warped = np.exp([np.interp(tract * bins, bins, np.log(frame)) for frame in envelope])
    changed = pyworld.synthesize(pitch * f0, warped, aperiodicity, RATE)[: len(samples)]
    return np.asarray(0.9 * changed / np.abs(changed).max() * np.abs(samples).max())


def write_corpus(folder: Path, ids: Iterable[str] = IDS, *, low: bool = False) -> Path:
    """Write a corpus in the LJSpeech layout, 16-bit wavs, by the recorded speaker or by the lower one; return its folder."""
    wavs = folder / "wavs"
    wavs.mkdir(parents=True)
    lines = []
    for key in ids:
        samples = recording(key)
        soundfile.write(str(wavs / f"{key}.wav"), lower(samples) if low else samples, RATE, subtype="PCM_16")
        lines.append(f"{key}|{TEXTS[key]}\n")
    (folder / "metadata.csv").write_text("".join(lines), encoding="utf-8")
    return folder
