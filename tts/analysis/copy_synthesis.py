"""Copy synthesis: analysis and straight back. What it sounds like is the ceiling of every voice on these settings."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path

import numpy as np

from tts.analysis.extract import Features
from tts.analysis.world import AnalysisSettings, analyse, synthesise
from tts.audio import write_wav
from tts.frames import FrameGrid
from tts.parallel import Failure, parallel_map


def copy_synthesis(
    signal: np.ndarray, grid: FrameGrid, f0_range: tuple[float, float], settings: AnalysisSettings | None = None
) -> np.ndarray:
    """Return ``signal`` (samples,) after analysis and synthesis; the length may differ by less than a frame."""
    return synthesise(**analyse(signal, grid, f0_range, settings).to_dict(), grid=grid)


def write_copies(
    features: Sequence[Features], grid: FrameGrid, folder: Path, *, workers: int | None = None
) -> list[Path | Failure]:
    """Synthesise the stored streams of every recording into ``folder/ID.wav`` and return the paths, or what went wrong.

    A copy that would clip is scaled down to full scale.
    """
    results: list[Path | Failure] = [Failure("not synthesised")] * len(features)
    work = partial(_write_copy, grid=grid, folder=folder)
    for index, result in parallel_map(work, features, workers=workers, label="copy synthesis"):
        results[index] = result
    return results


def _write_copy(features: Features, grid: FrameGrid, folder: Path) -> Path:
    stored = features.load()
    signal = synthesise(stored["mcep"], stored["lf0"], stored["vuv"], stored["bap"], grid)
    path = folder / f"{features.id}.wav"
    write_wav(path, signal / max(1.0, float(np.abs(signal).max())), grid.sample_rate)
    return path
