"""Vocoders: trajectories to samples by each, against pyworld.synthesize of spectra that are there already."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np
import torch

from bench_parts.frame import SPEECH, Row, Setup, take_turns
from bench_parts.speak import bare_synthesis
from tts.analysis.source_filter_torch import synthesise_batch
from tts.analysis.vocoders import synthesise
from tts.core.grid import FrameGrid

RATE, SENTENCES, SECONDS, F0 = 24_000, 12, 3.0, 200.0


def measure(setup: Setup) -> list[Row]:
    """Return rows for hops of 5 and 10 ms: sentences of which three fifths are voiced, at a woman's pitch."""
    rows = []
    for shift in (5.0, 10.0):
        grid = FrameGrid(RATE, shift)
        streams = [sentence(grid, number) for number in range(1 if setup.quick else SENTENCES)]
        tensors = [{name: torch.from_numpy(values) for name, values in item.items()} for item in streams]
        works: dict[str, Callable[[], object]] = {
            "pyworld.synthesize alone": bare_synthesis(grid, streams),
            "world": partial(all_by, "world", streams, grid),
            "source_filter": partial(all_by, "source_filter", streams, grid),
            "source_filter in torch, a batch": partial(synthesise_batch, tensors, grid),
        }
        seconds = sum(grid.samples(len(item["mcep"])) for item in streams) / RATE
        times = {name: spent / seconds for name, spent in take_turns(works, setup.rounds).items()}
        floor = times["pyworld.synthesize alone"]
        rows += [Row("vocoder", f"{name}, hop {shift:g} ms", spent, SPEECH, floor) for name, spent in times.items()]
    return rows


def all_by(vocoder: str, streams: list[dict[str, np.ndarray]], grid: FrameGrid) -> None:
    """Make the samples of every sentence."""
    for item in streams:
        synthesise(item, grid, vocoder)  # type: ignore[arg-type]


def sentence(grid: FrameGrid, seed: int) -> dict[str, np.ndarray]:
    """Return streams that move as speech does: a smooth random mel-cepstrum, an F0 that wanders, voicing in stretches."""
    generator = np.random.default_rng(seed)
    frames = round(SECONDS / grid.shift)
    knots, times = np.linspace(0.0, 1.0, 30), np.linspace(0.0, 1.0, frames)
    spread = 0.6 / (1.0 + np.arange(60))
    cepstrum = np.stack([np.interp(times, knots, generator.normal(0.0, size, len(knots))) for size in spread], axis=1)
    cepstrum[:, 0] -= 3.0
    lf0 = np.log(F0) + 0.2 * np.interp(times, knots, generator.normal(size=len(knots)))
    voiced = np.interp(times, knots, generator.uniform(size=len(knots))) < 0.55
    bap = np.interp(times, knots, generator.uniform(-25.0, -5.0, len(knots)))
    columns = {"mcep": cepstrum, "lf0": lf0[:, None], "vuv": voiced[:, None].astype(np.float64)}
    return {**columns, "bap": np.repeat(bap[:, None], grid.bands, axis=1)}
