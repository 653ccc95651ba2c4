"""How well a speaker with few recordings is aligned, by a model of these alone and by one that has heard another speaker too.

    python tools/measure_shared_alignment.py --reference data/nathalie --few PREPARED_NATHALIE --other PREPARED_FLEMISHGUY

``--reference`` holds nathalie's recordings and ``alignments.jsonl``; the prepared corpora give sentences and the aligner's
features (their ``cache`` must be there). Prints how near the boundaries of nathalie's utterances are to the reference.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from measure_alignment import Case, nathalie_cases
from safetensors.numpy import load_file

from tts.alignment.hmm import AlignerSettings, train_aligner
from tts.alignment.silence import shorten
from tts.core.processes import Failure
from tts.dataset.layout import MFCC
from tts.dataset.prepared import Prepared
from tts.text.sentence import Sentence

Recording = tuple[np.ndarray, Sentence]


def main() -> None:
    """Train aligners on a few recordings, on these and the other speaker's, and on all; print a line for each."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--reference", type=Path, required=True)
    parser.add_argument("--few", type=Path, required=True)
    parser.add_argument("--other", type=Path, required=True)
    parser.add_argument("--count", type=int, default=20)
    given = parser.parse_args()
    own, other = recordings(given.few), recordings(given.other)
    cases = {case.recording.stem: case for case in nathalie_cases(given.reference)}
    keys = sorted(own)
    few = [own[keys[n]] for n in np.random.default_rng(0).permutation(len(keys))[: given.count]]
    for name, train in (
        (f"{given.count} of hers", few),
        ("these and the other's", [*few, *(other[key] for key in sorted(other))]),
        ("all of hers", [own[key] for key in keys]),
    ):
        print(f"{name}: {measure(train, own, cases)}", flush=True)


def recordings(folder: Path) -> dict[str, Recording]:
    """Return features and sentence of every utterance of a prepared corpus, by id."""
    sentences = Prepared(folder).sentences
    paths = {path.name.rpartition("-")[0]: path for path in folder.glob(f"cache/{MFCC}-*/*.safetensors")}
    return {key: (shorten(load_file(paths[key])[MFCC]), sentence) for key, sentence in sentences.items() if key in paths}


def measure(train: Sequence[Recording], own: dict[str, Recording], cases: dict[str, Case]) -> str:
    """Align all of ``own`` by models of ``train``; say how far the boundaries that no pause is at are from the reference."""
    aligner = train_aligner([x for x, _ in train], [sentence for _, sentence in train], AlignerSettings(), "cpu")
    keys = sorted(own.keys() & cases.keys())
    errors: list[np.ndarray] = []
    failed = other = 0
    for key, answer in zip(keys, aligner.align([own[k][0] for k in keys], [own[k][1] for k in keys]), strict=True):
        if isinstance(answer, Failure):
            failed += 1
            continue
        spoken = np.array([not segment.silent for segment in answer.sentence.segments])
        onsets, after_silence = cases[key].onsets
        if spoken.sum() != len(onsets):
            other += 1
            continue
        error = (answer.alignment.phone_starts[spoken] - 0.5) * 0.005 - onsets
        paused = ~spoken[np.flatnonzero(spoken) - 1]
        errors.append(np.abs(error[1:][~(after_silence | paused)[1:]]) * 1000.0)
    found = np.concatenate(errors)
    shares = " / ".join(f"{100.0 * (found <= limit + 1e-6).mean():.1f}" for limit in (10.0, 20.0, 50.0))
    return (
        f"{len(found)} boundaries, within 10 / 20 / 50 ms {shares} %, median {np.median(found):.1f} ms; "
        f"{failed} of {len(keys)} utterances not aligned, {other} with other phones than the reference"
    )


if __name__ == "__main__":
    main()
