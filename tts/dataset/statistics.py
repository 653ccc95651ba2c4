"""Statistics of the training frames: what normalises the streams, and what trajectories are generated from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from safetensors.numpy import load_file, save_file

from tts.analysis.dynamics import with_dynamics
from tts.core.errors import TtsError
from tts.core.files import replacing

FIELDS = ("mean", "variance", "global_variance", "speaker_means")  # the last where there are several speakers
FLOOR = 1e-6  # standard deviation given to a dimension that never changes, relative to 1


@dataclass(frozen=True)
class StreamStatistics:
    """Of one stream over the training frames that count.

    ``mean`` (dimension,) of the statics; ``variance`` (3 * dimension,) of statics, deltas and accelerations, or (dimension,)
    for a stream without dynamics; ``global_variance`` (dimension,): mean over utterances of the variance within one.

    Of several speakers, ``speaker_means`` (speakers, dimension) are each one's own mean and ``variance`` is that around them,
    so that a network need not learn what sets the speakers apart on average.
    """

    mean: np.ndarray
    variance: np.ndarray
    global_variance: np.ndarray
    speaker_means: np.ndarray | None = None

    def mean_of(self, speaker: int) -> np.ndarray:
        """Return the mean (dimension,) of a speaker by number; of the only one there is for any number."""
        return self.mean if self.speaker_means is None else np.asarray(self.speaker_means[speaker])

    @property
    def deviation(self) -> np.ndarray:
        """Square root of the variance, kept above a floor."""
        result: np.ndarray = np.sqrt(np.maximum(self.variance, FLOOR**2))
        return result


class StatisticsSum:
    """Adds up utterances of one stream without holding them."""

    def __init__(self, dimension: int, dynamic: bool) -> None:
        self.dynamic = dynamic
        self.count = 0
        self.utterances = 0
        self.total = np.zeros(dimension)
        self.squares = np.zeros(dimension)
        self.dynamics = np.zeros(2 * dimension if dynamic else 0)
        self.within = np.zeros(dimension)

    def add(self, values: np.ndarray, counted: np.ndarray) -> None:
        """Add one utterance: ``values`` (frames, dimension), ``counted`` (frames,) bool."""
        x = values.astype(np.float64)
        rows = x[counted]
        if len(rows) == 0:
            return
        self.count += len(rows)
        self.utterances += 1
        self.total += rows.sum(axis=0)
        self.squares += (rows**2).sum(axis=0)
        self.within += rows.var(axis=0)
        if self.dynamic:
            self.dynamics += (with_dynamics(x)[counted, x.shape[1] :] ** 2).sum(axis=0)

    def result(self) -> StreamStatistics:
        """Return the statistics; raises :class:`TtsError` when no frame was added."""
        if self.count == 0:
            raise TtsError("no training frame counts: every training utterance is silence; check the recordings and the split")
        mean = self.total / self.count
        variance = np.maximum(self.squares / self.count - mean**2, 0.0)
        every = np.concatenate([variance, self.dynamics / self.count])  # dynamics have mean zero
        return StreamStatistics(mean, every, self.within / self.utterances)


def pool_speakers(sums: Sequence[StatisticsSum]) -> StreamStatistics:
    """Return the statistics of one speaker, or of several: means a speaker, variances around them over all frames.

    Raises :class:`TtsError` where no frame of a speaker was added.
    """
    if len(sums) == 1:
        return sums[0].result()
    single = [each.result() for each in sums]
    frames = np.array([each.count for each in sums], dtype=np.float64)
    utterances = np.array([each.utterances for each in sums], dtype=np.float64)
    means = np.stack([each.mean for each in single])
    variance = np.average(np.stack([each.variance for each in single]), axis=0, weights=frames)
    within = np.average(np.stack([each.global_variance for each in single]), axis=0, weights=utterances)
    return StreamStatistics(np.average(means, axis=0, weights=frames), variance, within, means)


def save_statistics(path: Path, statistics: Mapping[str, StreamStatistics]) -> None:
    """Write statistics of all streams as one safetensors file (float64)."""
    arrays = {}
    for name, item in statistics.items():
        for field in FIELDS:
            if (values := getattr(item, field)) is not None:
                arrays[f"{name}.{field}"] = np.ascontiguousarray(values, dtype=np.float64)
    with replacing(path) as temporary:
        save_file(arrays, str(temporary))


def load_statistics(path: Path) -> dict[str, StreamStatistics]:
    """Read what :func:`save_statistics` wrote."""
    try:
        arrays = load_file(str(path))
    except Exception as error:  # safetensors raises its own, FileNotFoundError or OSError
        raise TtsError(f"{path}: cannot be read as statistics ({error})") from None
    names = {name.rpartition(".")[0] for name in arrays}
    try:
        return {
            name: StreamStatistics(
                arrays[f"{name}.mean"],
                arrays[f"{name}.variance"],
                arrays[f"{name}.global_variance"],
                arrays.get(f"{name}.speaker_means"),
            )
            for name in sorted(names)
        }
    except KeyError as error:
        raise TtsError(f"{path}: the statistics lack {error}; the file is damaged or not one of ours") from None
