"""Do takes that a voice draws vary as those of its speaker do? Pairs of takes of one sentence, natural and drawn, scored alike.

    python tools/measure_variation.py VOICE --prepared PREPARED --temperatures 0.5 1 [--sentences 20] [--wavs OUT]

VOICE must know a distribution (docs/prosody.md, "Takes that vary"). Its pairs are seeds 1 and 2 of validation sentences, spoken
from the text. Natural pairs are recordings ID and ID_alt of prepared utterances, as many, at equal distances through the
corpus. All are analysed anew and paired frame by frame through time warping (tts.comparison.references), so the numbers compare
with each other, and with nothing scored on natural durations. ``length`` is the mean absolute difference of the log lengths of
speech, from the first to the last frame that is loud enough, in per cent.
"""

# ruff: noqa: E402 (the number of threads is set before numpy is imported)

from __future__ import annotations

import os

for _variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[_variable] = "1"

import argparse
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from tts.analysis.energy import energy
from tts.comparison.references import Pair, between_silences, compare_takes, take_pairs
from tts.core.audio import read_audio, write_wav
from tts.core.errors import TtsError, UsageError
from tts.dataset.prepared import Prepared
from tts.evaluation.scores import Scores, pool
from tts.generation.requests import Request
from tts.generation.speaking import load_speaker
from tts.generation.synthesiser import Synthesiser

METRICS = ("f0_rmse", "f0_correlation", "mcd", "vuv_error")


@dataclass(frozen=True)
class Variation:
    """How pairs of takes differ: pooled scores of one against the other, and by how many per cent each second one is longer."""

    scores: dict[str, float | None]
    lengths: np.ndarray

    def row(self, name: str) -> str:
        """Return a line of the table."""
        mean, error = np.abs(self.lengths).mean(), np.abs(self.lengths).std() / max(len(self.lengths), 1) ** 0.5
        numbers = [self.scores[name] for name in METRICS]
        shown = " | ".join("-" if number is None else f"{number:.3g}" for number in numbers)
        return f"| {name} ({len(self.lengths)}) | {shown} | {mean:.1f} ± {error:.1f} |"


def main(arguments: Sequence[str] | None = None) -> None:
    """Print a table: natural takes, and those drawn at each temperature."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("voice", type=Path)
    parser.add_argument("--prepared", type=Path, required=True)
    parser.add_argument("--temperatures", type=float, nargs="+", default=[0.5, 1.0])
    parser.add_argument("--sentences", type=int, default=20)
    parser.add_argument("--suffix", default="_alt")
    parser.add_argument("--wavs", type=Path, help="folder that keeps what is spoken, ID-TEMPERATURE-SEED.wav")
    asked = parser.parse_args(arguments)
    prepared = Prepared(asked.prepared)
    pairs = take_pairs(prepared, asked.suffix)
    chosen = [pairs[n] for n in np.linspace(0, len(pairs) - 1, min(asked.sentences, len(pairs)), dtype=int)] if pairs else []
    print(
        "| pairs of takes | F0 RMSE, Hz | F0 corr | MCD, dB | V/UV, % | length, % |\n| --- | ---: | ---: | ---: | ---: | ---: |"
    )
    if chosen:
        print(differing(chosen, prepared).row("natural"), flush=True)
    with TemporaryDirectory() as folder:
        out = asked.wavs or Path(folder)
        out.mkdir(parents=True, exist_ok=True)
        for temperature in asked.temperatures:
            made = spoken(asked.voice, prepared, temperature, asked.sentences, out)
            print(differing(made, prepared).row(f"temperature {temperature:g}"), flush=True)


def spoken(voice: Path, prepared: Prepared, temperature: float, count: int, out: Path) -> list[Pair]:
    """Speak two takes of the first validation sentences into ``out``; return their files."""
    loaded = load_speaker(voice, "cpu")
    if loaded.variation is None:
        raise UsageError(f"{voice}: knows no distribution of prosody to draw from")
    pairs = []
    with Synthesiser(loaded) as synthesiser:
        for key in prepared.packed("validation").ids[:count]:
            paths = [out / f"{key}-{temperature:g}-{seed}.wav" for seed in (1, 2)]
            requests = [Request(f"{key}-{seed}", prepared.text_of(key), temperature=temperature, seed=seed) for seed in (1, 2)]
            for path, speech in zip(paths, synthesiser.speak(requests), strict=True):
                write_wav(path, speech.signal, prepared.grid.sample_rate)
            pairs.append((paths[0], paths[1]))
    return pairs


def differing(pairs: Sequence[Pair], prepared: Prepared) -> Variation:
    """Return how the second of each pair of recordings differs from the first."""
    scores: list[Scores] = []
    lengths = []
    for pair in pairs:
        scores.append(compare_takes(pair, prepared.grid, prepared.facts.f0_range))
        signals = [read_audio(path, prepared.grid.sample_rate)[0] for path in pair]
        spoken_frames = [int(between_silences(energy(signal, prepared.grid)[:, 0]).sum()) for signal in signals]
        lengths.append(100.0 * float(np.log(spoken_frames[1] / spoken_frames[0])))
    pooled = pool(scores)
    return Variation({name: pooled[name] for name in METRICS}, np.array(lengths))


if __name__ == "__main__":
    try:
        main()
    except TtsError as error:
        sys.exit(str(error))
