"""What is measured of speech that is heard: wavs analysed again and held against the recordings' streams.

MCD is scored on natural durations before any post-filter, and listeners hear neither. Copies have the recordings' frames, so
they are scored frame by frame. Synthetic speech, from the text with predicted durations, has others: what does not need pairs
of frames is measured of it, global variances and the modulation spectrum. Whatever made the sound is in it, vocoder and all.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from tts.analysis.world import AnalysisSettings, analyse
from tts.core.audio import read_audio
from tts.core.grid import FrameGrid
from tts.core.processes import Failure, parallel_map
from tts.dataset.prepared import Packed, Prepared
from tts.evaluation.metrics import Streams
from tts.evaluation.scores import Scores, score_utterance
from tts.evaluation.speech import Wavs
from tts.evaluation.variance import modulation_sums, variance_sums
from tts.recipe import MAIN_STREAMS

HEARD = ("mcd", "gv_mcep", "gv_lf0", "modulation")
QUIET = 40.0  # dB below the loudest frame: where speech begins and ends


@dataclass(frozen=True)
class _Recording:
    """A wav to analyse, and the streams of the recording that says the same; ``counted`` marks their frames without silence."""

    wav: Path
    natural: Mapping[str, np.ndarray]
    counted: np.ndarray
    f0_range: tuple[float, float]
    paired: bool  # frame by frame


def measure_heard(prepared: Prepared, split: str, wavs: Wavs, *, workers: int | None = None) -> dict[str, dict[str, Scores]]:
    """Return the scores of copies and synthetic speech by kind and utterance; one that cannot be analysed has none.

    ``workers`` as in :func:`tts.core.processes.parallel_map`.
    """
    packed = prepared.packed(split)
    kinds = [kind for kind in wavs if kind != "natural"]
    work = _Recordings(prepared, packed, [(kind, key) for kind in kinds for key in wavs[kind]], wavs)
    settings = AnalysisSettings(prepared.streams["mcep"].dimension - 1, prepared.recipe.analysis.f0_tracker)
    scores: dict[str, dict[str, Scores]] = {kind: {} for kind in kinds}
    measure = partial(_measure, grid=prepared.grid, settings=settings)
    for index, answer in parallel_map(measure, work, workers=workers, label="analysing what is heard"):
        kind, key = work.keys[index]
        if not isinstance(answer, Failure):
            scores[kind][key] = answer
    return {kind: {key: own[key] for key in wavs[kind] if key in own} for kind, own in scores.items()}


class _Recordings(Sequence[_Recording]):
    """The work, whose streams are read when asked for."""

    def __init__(self, prepared: Prepared, packed: Packed, keys: Sequence[tuple[str, str]], wavs: Wavs) -> None:
        self.prepared, self.packed, self.keys, self.wavs = prepared, packed, keys, wavs

    def __len__(self) -> int:
        return len(self.keys)

    def __getitem__(self, index: Any) -> Any:
        kind, key = self.keys[index]
        number = self.packed.ids.index(key)
        streams = self.packed.utterance(number)
        return _Recording(
            self.wavs[kind][key],
            {name: streams[name] for name in MAIN_STREAMS},
            self.packed.counted_frames(number),
            self.prepared.f0_range(self.prepared.speaker_of(key)),
            kind == "copy",
        )


def _measure(recording: _Recording, grid: FrameGrid, settings: AnalysisSettings) -> Scores:
    signal, _ = read_audio(recording.wav, grid.sample_rate, "mix")
    heard = analyse(signal, grid, recording.f0_range, settings).to_dict()
    if not recording.paired:
        spoken = spoken_frames(signal, grid)[: len(heard["mcep"])]
        return unpaired_scores(recording.natural, recording.counted, heard, spoken, grid.shift)
    frames = min(len(recording.counted), len(heard["mcep"]))  # WORLD's synthesis may end a frame early, whose place is silence
    a, b = ({name: side[name][:frames] for name in MAIN_STREAMS} for side in (recording.natural, heard))
    return score_utterance(a, b, recording.counted[:frames], grid.shift)


def unpaired_scores(
    natural: Streams, counted: np.ndarray, generated: Streams, counted_generated: np.ndarray, shift: float
) -> Scores:
    """Return the global variances and modulation spectra of one utterance spoken twice, in frames of its own each time.

    ``counted`` and ``counted_generated`` (frames,) bool mark the frames that are not silence before or after speech; ``shift``
    is in seconds. Every utterance weighs the same in a pool's modulation spectra, however many segments it has.
    """
    sums = variance_sums(natural, generated, counted, counted_generated)
    spectra = {}
    for side, streams, keep in (("natural", natural, counted), ("generated", generated, counted_generated)):
        own = modulation_sums(streams, streams, keep, shift)
        if own:
            spectra[f"ms_{side}"] = own[f"ms_{side}"] / own["ms_segments"]
    if len(spectra) == 2:
        sums |= {**spectra, "ms_segments": np.asarray(1.0)}
    return Scores(sums)


def spoken_frames(signal: np.ndarray, grid: FrameGrid) -> np.ndarray:
    """Return which frames of a signal (samples,) lie from the first to the last within 40 dB of the loudest, bool (frames,)."""
    frames = grid.frames(len(signal))
    width = round(grid.shift * grid.sample_rate)
    padded = np.pad(np.asarray(signal, np.float64), (width // 2, (frames + 1) * width))
    power = (padded[: frames * width].reshape(frames, width) ** 2).mean(axis=1)
    loud = np.flatnonzero(power > power.max(initial=0.0) * 10.0 ** (-QUIET / 10.0))
    spoken = np.zeros(frames, bool)
    if len(loud):
        spoken[loud[0] : loud[-1] + 1] = True
    return spoken
