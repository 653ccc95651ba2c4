"""Trajectories from means of statics and dynamics: ours against nnmnkwii's, where that is installed."""

from __future__ import annotations

from collections.abc import Callable
from importlib.util import find_spec

import numpy as np

from bench_parts.frame import SPEECH, Row, Setup, take_turns
from tts.generation.mlpg import mlpg

DIMENSION, SHIFT = 60, 0.005  # of a mel-cepstrum, seconds


def measure(setup: Setup) -> list[Row]:
    """Return rows for one sentence of 3 seconds and for ten times as much."""
    rows = []
    for seconds in (3.0,) if setup.quick else (3.0, 30.0):
        generator = np.random.default_rng(0)
        means = generator.normal(size=(round(seconds / SHIFT), 3 * DIMENSION))
        variances = generator.uniform(0.5, 2.0, size=3 * DIMENSION)
        works: dict[str, Callable[[], object]] = {"tts": lambda m=means, v=variances: mlpg(m, v)}  # type: ignore[misc]
        if find_spec("nnmnkwii") is not None:
            works["nnmnkwii"] = other(means, variances)
        times = take_turns(works, setup.rounds)
        rows += [
            Row("mlpg", f"{name}, {seconds:g} s at once", spent / seconds, SPEECH, times["tts"] / seconds, note="floor: ours")
            for name, spent in times.items()
        ]
    return rows


def other(means: np.ndarray, variances: np.ndarray) -> Callable[[], object]:
    """Return nnmnkwii's solution, with the windows that ours has."""
    from nnmnkwii.paramgen import mlpg as theirs  # type: ignore[import-not-found]

    windows = [
        (0, 0, np.array([1.0])),
        (1, 1, np.array([-0.5, 0.0, 0.5])),
        (1, 1, np.array([1.0, -2.0, 1.0])),
    ]
    return lambda: theirs(means, np.tile(variances, (len(means), 1)), windows)
