"""Dynamic time warping, for speech whose frames do not correspond: two takes of a prompt, or predicted durations."""

from __future__ import annotations

import numpy as np

from tts.core.errors import TtsError
from tts.evaluation.metrics import Streams, acoustic_sums
from tts.evaluation.scores import Scores
from tts.evaluation.variance import variance_sums


def warp(natural: np.ndarray, other: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the cheapest alignment of two mel-cepstrum sequences as two int64 arrays of frame indices, shape (steps,).

    Inputs have shape (frames, order + 1); the distance is Euclidean without c_0, the path goes from the first frames to the
    last by steps (1, 1), (1, 0) and (0, 1) of equal weight (Sakoe and Chiba 1978), without a limit on its slope.
    """
    if len(natural) == 0 or len(other) == 0:
        raise TtsError("time warping needs at least one frame on either side")
    import librosa  # brings numba: nearly a second, and only this function needs it
    from scipy.spatial.distance import cdist

    distances = cdist(np.asarray(natural[:, 1:], np.float64), np.asarray(other[:, 1:], np.float64))
    path = librosa.sequence.dtw(C=distances, backtrack=True)[1][::-1]
    return path[:, 0].astype(np.int64), path[:, 1].astype(np.int64)


def aligned_scores(
    natural: Streams, other: Streams, keep: np.ndarray | None = None, keep_other: np.ndarray | None = None
) -> Scores:
    """Score streams of another length against natural ones along the warping path of their mel-cepstra.

    Every step of the path counts as a frame, so the result is on another scale than frame by frame and always lower or
    equal for equal lengths: compare it only with its like. ``keep`` and ``keep_other``, bool of shape (frames,), remove silence
    before warping. Variance ratios are of the unwarped frames; modulation spectra are not compared.
    """
    a, b = _kept(natural, keep), _kept(other, keep_other)
    index_a, index_b = warp(a["mcep"], b["mcep"])
    warped_a = {name: values[index_a] for name, values in a.items()}
    warped_b = {name: values[index_b] for name, values in b.items()}
    return Scores({**acoustic_sums(warped_a, warped_b), **variance_sums(a, b)})


def _kept(streams: Streams, keep: np.ndarray | None) -> dict[str, np.ndarray]:
    chosen = {name: streams[name] for name in ("mcep", "lf0", "vuv", "bap")}
    return chosen if keep is None else {name: values[keep] for name, values in chosen.items()}
