"""What predictors that know next to nothing score on a prepared corpus: the scale that a voice's scores are read on.

    python tools/measure_baselines.py output/RECIPE/prepared

Prints, for validation and test, the MCD of the training mean and of each phone's training mean, the F0 error of the training
mean, and how F0 is spread in every split; frames as in ``tts evaluate`` (silence before and after speech left out).
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import numpy as np

from tts.comparison.references import phone_frames, training_means
from tts.core.errors import TtsError
from tts.core.provenance import environment
from tts.dataset.prepared import Prepared
from tts.evaluation.metrics import frame_mcd


def main() -> int:
    """Print the baselines; return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("prepared", type=Path)
    try:
        prepared = Prepared(parser.parse_args().prepared)
        mean, means = training_means(prepared)
        f0 = voiced_f0(prepared, "train")
        centre = np.exp(np.log(f0).mean())
        print(f"train: F0 {spread(f0)}")
        for split in ("validation", "test"):
            kept, phones, mcep = map(np.concatenate, zip(*phone_frames(prepared, prepared.packed(split)), strict=True))
            f0 = voiced_f0(prepared, split)
            whole = frame_mcd(mcep[kept], np.broadcast_to(mean, mcep[kept].shape)).mean()
            each = frame_mcd(mcep[kept], means[phones[kept]]).mean()
            error = np.sqrt(np.mean((f0 - centre) ** 2))
            print(f"{split}: MCD of the training mean {whole:.3f} dB, of each phone's {each:.3f} dB; F0 RMSE {error:.1f} Hz")
            print(f"{split}: F0 {spread(f0)}")
        print(environment().to_dict())
    except TtsError as error:
        print(error, file=sys.stderr)
        return error.exit_code
    return 0


def spread(f0: np.ndarray) -> str:
    """Say how F0 in Hz is spread."""
    return f"mean {f0.mean():.1f} Hz, deviation {f0.std():.1f} Hz, above 240 Hz {100 * (f0 > 240).mean():.1f} %"


def voiced_f0(prepared: Prepared, split: str) -> np.ndarray:
    """Return F0 in Hz of a split's voiced frames that count."""
    packed = prepared.packed(split)
    kept = np.concatenate([counted for counted, _, _ in phone_frames(prepared, packed)])
    voiced = kept & (np.asarray(packed.streams["vuv"])[:, 0] >= 0.5)
    f0: np.ndarray = np.exp(np.asarray(packed.streams["lf0"], dtype=np.float64)[voiced, 0])
    return f0


if __name__ == "__main__":
    sys.exit(main())
