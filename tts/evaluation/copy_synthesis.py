"""Copy synthesis: analysis and straight back. What it sounds like is the ceiling of every voice on these settings."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from tts.analysis.vocoders import synthesise
from tts.core.audio import write_wav
from tts.core.grid import FrameGrid
from tts.core.place import Place
from tts.core.processes import Failure, parallel_map
from tts.dataset.prepared import Packed
from tts.recipe import MAIN_STREAMS
from tts.recipe.names import VocoderName


def write_copies(
    packed: Packed,
    numbers: Sequence[int],
    grid: FrameGrid,
    folder: Path,
    *,
    vocoder: VocoderName = "world",
    workers: Place = None,
) -> list[Path | Failure]:
    """Synthesise utterances of a split, by number, into ``folder/ID.wav``; return the paths, or what went wrong.

    Streams are read when their turn comes. A copy that would clip is scaled down to full scale. ``workers`` as in
    :func:`tts.core.processes.parallel_map`.
    """
    results: list[Path | Failure] = [Failure("not synthesised")] * len(numbers)
    work = _Recordings(packed, numbers, folder)
    write = partial(_write_copy, grid=grid, vocoder=vocoder)
    for index, result in parallel_map(write, work, workers=workers, label="copy synthesis"):
        results[index] = result
    return results


class _Recordings(Sequence[tuple[Path, dict[str, np.ndarray]]]):
    """The paths of copies, each with its natural streams, which are read when asked for."""

    def __init__(self, packed: Packed, numbers: Sequence[int], folder: Path) -> None:
        self.packed, self.numbers, self.folder = packed, numbers, folder

    def __len__(self) -> int:
        return len(self.numbers)

    def __getitem__(self, index: Any) -> Any:
        number = self.numbers[index]
        streams = self.packed.utterance(number)
        return self.folder / f"{self.packed.ids[number]}.wav", {name: streams[name] for name in MAIN_STREAMS}


def _write_copy(recording: tuple[Path, dict[str, np.ndarray]], grid: FrameGrid, vocoder: VocoderName) -> Path:
    path, streams = recording
    signal = synthesise(streams, grid, vocoder)
    write_wav(path, signal / max(1.0, float(np.abs(signal).max())), grid.sample_rate)
    return path
