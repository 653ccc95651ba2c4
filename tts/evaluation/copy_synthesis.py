"""Copy synthesis: analysis and straight back. What it sounds like is the ceiling of every voice on these settings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path

import numpy as np

from tts.analysis.world import synthesise
from tts.core.audio import write_wav
from tts.core.grid import FrameGrid
from tts.core.processes import Failure, parallel_map
from tts.recipe import MAIN_STREAMS


def write_copies(
    recordings: Sequence[tuple[str, Mapping[str, np.ndarray]]], grid: FrameGrid, folder: Path, *, workers: int | None = None
) -> list[Path | Failure]:
    """Synthesise recordings, given by id and natural streams, into ``folder/ID.wav``; return the paths, or what went wrong.

    Streams are (frames, dimension), statics only; others than the main four are ignored. A copy that would clip is scaled down
    to full scale. ``workers`` as in :func:`tts.core.processes.parallel_map`.
    """
    results: list[Path | Failure] = [Failure("not synthesised")] * len(recordings)
    work = [(folder / f"{key}.wav", {name: streams[name] for name in MAIN_STREAMS}) for key, streams in recordings]
    for index, result in parallel_map(partial(_write_copy, grid=grid), work, workers=workers, label="copy synthesis"):
        results[index] = result
    return results


def _write_copy(recording: tuple[Path, dict[str, np.ndarray]], grid: FrameGrid) -> Path:
    path, streams = recording
    signal = synthesise(**streams, grid=grid)
    write_wav(path, signal / max(1.0, float(np.abs(signal).max())), grid.sample_rate)
    return path
