"""Analysis of a whole corpus: in parallel, cached by content and settings, and safe to interrupt at any moment.

Results lie in one folder a kind of result (``CACHE/world-0123.../ID-4567....safetensors``): its name stands for all that shapes
the result but the recording, whose digest is in the file's name. So a new auxiliary stream leaves the rest as it is, a
changed recording is analysed again, and old results can be deleted by hand.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pyworld
from safetensors import SafetensorError, safe_open
from safetensors.numpy import load_file, save_file

from tts.analysis.f0 import find_f0_range, reliable_f0
from tts.analysis.framing import shared_spectra
from tts.analysis.merlin import FEATURES, feature_path, read_merlin
from tts.analysis.world import AnalysisSettings, Parameters, analyse, check_stream
from tts.core.audio import Channel, read_audio
from tts.core.errors import TtsError
from tts.core.files import file_digest, fingerprint, replacing
from tts.core.grid import FrameGrid
from tts.core.place import Place
from tts.core.processes import Failure, parallel_map

VERSION = 1  # raise it when the same settings give other numbers than before
MERLIN_VERSION = 1  # likewise of features that are read
MAIN = "world"


@dataclass(frozen=True)
class Extra:
    """An auxiliary stream: ``function(signal, grid, **options)`` returns (frames, dimension) for a float64 signal.

    ``function`` must be importable (module level); ``version`` tells the cache that it has changed.
    """

    name: str
    function: Callable[..., np.ndarray]
    options: Mapping[str, Any] = field(default_factory=dict)
    version: int = 1

    @property
    def identity(self) -> list[Any]:
        """Everything that shapes the result, as JSON-able data."""
        own = getattr(self.function, "identity", None)  # of a function that is found again by other means than its name
        return [own or f"{self.function.__module__}.{self.function.__qualname__}", dict(self.options), self.version]


@dataclass(frozen=True)
class AnalysisJob:
    """One recording to analyse; ``id`` is safe as a file name.

    ``given`` is a folder with Merlin's features, from which the vocoder's streams are read (:mod:`tts.analysis.merlin`).
    """

    id: str
    audio: Path
    grid: FrameGrid
    f0_range: tuple[float, float]
    settings: AnalysisSettings = field(default_factory=AnalysisSettings)
    extras: tuple[Extra, ...] = ()
    channel: Channel = "only"
    given: Path | None = None


@dataclass(frozen=True)
class Features:
    """Where the streams of one recording lie; :meth:`load` reads them.

    ``paths`` are by the name of what made them: ``MAIN`` for the vocoder's streams, else the name of the extra.
    """

    id: str
    frames: int
    paths: Mapping[str, Path]

    def load(self) -> dict[str, np.ndarray]:
        """Return all streams by name, float32 (frames, dimension)."""
        streams: dict[str, np.ndarray] = {}
        for name in self.paths:
            streams |= self._read(name)
        return streams

    def main(self) -> dict[str, np.ndarray]:
        """Return the vocoder's streams by name, float32 (frames, dimension)."""
        return self._read(MAIN)

    def identity(self, name: str) -> str:
        """Return what stands for the recording and the settings that a result was made with: the name of its file."""
        return f"{self.paths[name].parent.name}/{self.paths[name].name}"

    def stream(self, name: str) -> np.ndarray:
        """Return one extra's stream, float32 (frames, dimension)."""
        return self._read(name)[name]

    def _read(self, name: str) -> dict[str, np.ndarray]:
        try:
            return load_file(self.paths[name])
        except (SafetensorError, OSError) as error:
            raise TtsError(f"{self.paths[name]}: not readable ({error}); delete it and extract again") from None


def extract(
    jobs: Sequence[AnalysisJob], cache: Path, *, workers: Place = None, label: str = "analysis"
) -> list[Features | Failure]:
    """Analyse every job and return, in their order, where its streams lie, or why there are none.

    What is in ``cache`` already is not done again. ``workers`` as in :func:`tts.core.processes.parallel_map`.
    """
    results: list[Features | Failure] = [Failure("not analysed")] * len(jobs)
    for index, result in extracted(jobs, cache, workers=workers, label=label):
        results[index] = result
    return results


def extracted(
    jobs: Sequence[AnalysisJob], cache: Path, *, workers: Place = None, label: str = "analysis"
) -> Iterator[tuple[int, Features | Failure]]:
    """Yield the number of every job and what :func:`extract` returns of it as it is done, in any order."""
    return parallel_map(partial(extract_one, cache=cache), jobs, workers=workers, label=label)


def extract_one(job: AnalysisJob, cache: Path) -> Features:
    """Analyse one job, or find it in ``cache``; raises :class:`TtsError` for a recording that cannot be analysed."""
    if not job.audio.is_file():
        raise TtsError(f"{job.audio}: there is no such audio file")
    paths = _places(job, file_digest(job.audio)[:16], cache)
    frames = {name: _stored_frames(path) for name, path in paths.items()}
    if None in frames.values():
        _compute(job, paths, {name for name, count in frames.items() if count is None})
        frames = {name: _stored_frames(path) for name, path in paths.items()}
    count = frames[MAIN]
    if count is None or set(frames.values()) != {count}:
        lengths = ", ".join(f"{name} {count}" for name, count in frames.items())
        raise TtsError(f"{job.audio}: its streams in {cache} differ in frames ({lengths}); delete that folder and run again")
    return Features(job.id, count, paths)


def _places(job: AnalysisJob, digest: str, cache: Path) -> dict[str, Path]:
    """Return where the job's results lie in ``cache``, done or not, by name."""
    source = [VERSION, job.grid.sample_rate, job.grid.shift_ms, job.channel]
    warping = [] if job.grid.warping is None else [job.grid.warping]  # of the mel-cepstrum alone
    kinds = {MAIN: fingerprint(source, job.f0_range, job.settings.to_dict(), pyworld.__version__, *warping)}
    kinds |= {extra.name: fingerprint(source, extra.identity) for extra in job.extras}
    digests = dict.fromkeys(kinds, digest)
    if job.given is not None:
        kinds[MAIN] = fingerprint(source, "merlin", MERLIN_VERSION, job.f0_range, job.settings.mcep_order, *warping)
        files = [feature_path(job.given, feature, job.id) for feature in FEATURES]
        digests[MAIN] = fingerprint(digest, [file_digest(path) if path.is_file() else None for path in files])
    return {name: cache / f"{name}-{kind}" / f"{job.id}-{digests[name]}.safetensors" for name, kind in kinds.items()}


def _compute(job: AnalysisJob, paths: Mapping[str, Path], missing: Collection[str]) -> None:
    """Read the recording and store those of its results that are ``missing``."""
    signal, _ = read_audio(job.audio, job.grid.sample_rate, job.channel)
    frames = job.grid.frames(len(signal))
    try:
        if MAIN in missing:
            _save(paths[MAIN], _main_streams(job, signal, frames).to_dict())
        with shared_spectra():
            for extra in job.extras:
                if extra.name in missing:
                    values = extra.function(signal, job.grid, **extra.options)
                    check_stream(extra.name, values, frames)
                    _save(paths[extra.name], {extra.name: values})
    except TtsError as error:
        raise TtsError(f"{job.audio}: {error}") from None


def _main_streams(job: AnalysisJob, signal: np.ndarray, frames: int) -> Parameters:
    if job.given is None:
        return analyse(signal, job.grid, job.f0_range, job.settings)
    unvoiced = float(np.sqrt(job.f0_range[0] * job.f0_range[1]))
    return read_merlin(job.given, job.id, job.grid, job.settings.mcep_order, frames, unvoiced)


def speaker_f0_range(
    recordings: Sequence[tuple[Path, Channel]], grid: FrameGrid, *, workers: Place = None, sample: int = 60
) -> tuple[float, float]:
    """Return the F0 range in Hz to search for one speaker, from a first pass over ``sample`` of the recordings.

    The sample is spread evenly over ``recordings``; one that cannot be read is passed over. Raises :class:`TtsError` where too
    little voiced speech is found.
    """
    chosen = [recordings[i] for i in np.unique(np.linspace(0, len(recordings) - 1, min(sample, len(recordings)), dtype=int))]
    surveys = dict(parallel_map(partial(_survey, grid=grid), chosen, workers=workers, label="F0 range"))
    values = [v for _, v in sorted(surveys.items(), key=lambda item: item[0]) if not isinstance(v, Failure)]
    return find_f0_range(np.concatenate(values) if values else np.zeros(0))


def _survey(recording: tuple[Path, Channel], grid: FrameGrid) -> np.ndarray:
    signal, _ = read_audio(recording[0], grid.sample_rate, recording[1])
    return reliable_f0(signal, grid)


def _save(path: Path, arrays: Mapping[str, np.ndarray]) -> None:
    with replacing(path, lasting=False) as temporary:  # one cut short is seen when it is read, and made again
        save_file({name: np.ascontiguousarray(values, dtype=np.float32) for name, values in arrays.items()}, temporary)


def _stored_frames(path: Path) -> int | None:
    """Return the number of frames in a stored result; None where there is none, or a damaged one."""
    try:
        with safe_open(path, framework="numpy") as stored:
            return int(stored.get_slice(next(iter(stored.keys()))).get_shape()[0])
    except (SafetensorError, OSError, StopIteration):
        return None
