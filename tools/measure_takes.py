"""How far apart are two natural takes of one prompt by the same speaker? What a score of a voice can be held against.

    python tools/measure_takes.py --corpus CORPUS [--limit N] [--sample-rate 24000] [--workers N]

CORPUS is a folder in LJSpeech layout in whose ``wavs/`` some recordings ID have a second take ID_alt. N pairs are taken evenly
from all there are. The takes are paired frame by frame through time warping, so the numbers compare with their like alone: a
voice scored on natural durations has no such freedom. Silence at the ends, 40 dB below the loudest frame, is left out.
"""

# ruff: noqa: E402 (the number of threads is set before numpy is imported)

from __future__ import annotations

import os

for _variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[_variable] = "1"

import argparse
import json
import sys
import time
from collections.abc import Sequence
from functools import partial
from pathlib import Path

import numpy as np

from tts.analysis.extract import speaker_f0_range
from tts.analysis.world import AnalysisSettings
from tts.comparison.references import Pair, compare_takes
from tts.core.grid import FrameGrid
from tts.core.processes import Failure, parallel_map
from tts.core.provenance import environment
from tts.corpora.recordings import audio_suffixes
from tts.evaluation.scores import Scores, pool
from tts.evaluation.statistics import score_interval
from tts.evaluation.tables import ScoreSettings, format_interval, score_table

METRICS = ("mcd", "bap", "f0_rmse", "f0_correlation", "f0_gross", "vuv_error")


def main(arguments: Sequence[str] | None = None) -> None:
    """Print the pooled scores with what they depend on."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--corpus", type=Path, required=True)
    parser.add_argument("--limit", type=int, help="pairs to score, by default all")
    parser.add_argument("--sample-rate", type=int, default=24000)
    parser.add_argument("--workers", type=int, help="processes, by default one a core")
    asked = parser.parse_args(arguments)

    started = time.perf_counter()
    grid = FrameGrid(asked.sample_rate)
    pairs = second_takes(asked.corpus / "wavs")
    if not pairs:
        parser.error(f"{asked.corpus / 'wavs'} has no recording ID with a second take ID_alt")
    if asked.limit is not None and not 1 <= asked.limit <= len(pairs):
        parser.error(f"--limit {asked.limit} is outside 1..{len(pairs)}, the pairs there are")
    chosen = [pairs[i] for i in np.linspace(0, len(pairs) - 1, asked.limit or len(pairs), dtype=int)]
    f0_range = speaker_f0_range([(path, "only") for pair in pairs for path in pair], grid, workers=asked.workers)

    scores: dict[str, Scores] = {}
    compare = partial(compare_takes, grid=grid, f0_range=f0_range)
    for index, result in parallel_map(compare, chosen, workers=asked.workers, label="takes"):
        if isinstance(result, Failure):
            print(f"{chosen[index][0].stem} is left out: {result.message}", file=sys.stderr)
        else:
            scores[chosen[index][0].stem] = result
    if not scores:
        sys.exit("no pair could be compared")
    settings = ScoreSettings(grid.sample_rate, grid.shift_ms, AnalysisSettings().mcep_order, grid.alpha, durations="warped")
    print(f"Two natural takes of {len(scores)} of {len(pairs)} prompts, {asked.corpus.resolve().name}\n")
    print(score_table([("take 2 against take 1", pool(scores.values()))], settings, metrics=METRICS))
    print(f"95 % interval of MCD over prompts: {format_interval('mcd', score_interval(scores, 'mcd'))}")
    print(f"F0 searched from {f0_range[0]:g} to {f0_range[1]:g} Hz; {time.perf_counter() - started:.0f} s")
    print(json.dumps(environment().to_dict()))


def second_takes(folder: Path) -> list[Pair]:
    """Return first and second take of every prompt that has both, in order of their names."""
    found = {path.stem: path for path in sorted(folder.iterdir()) if path.suffix.lower() in audio_suffixes()}
    return [(path, found[f"{stem}_alt"]) for stem, path in found.items() if f"{stem}_alt" in found]


if __name__ == "__main__":
    main()
