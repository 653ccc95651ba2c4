"""Maximum likelihood parameter generation: smooth trajectories from predicted statics, deltas and accelerations.

Tokuda, Yoshimura, Masuko, Kobayashi and Kitamura, "Speech parameter generation algorithms for HMM-based speech synthesis",
ICASSP 2000. With ``W`` the windows and ``P`` the precisions, the trajectory ``c`` solves ``(W' P W) c = W' P mu``.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from tts.core.errors import TtsError
from tts.core.stream import Stream


def mlpg(means: np.ndarray, variances: np.ndarray) -> np.ndarray:
    """Return the most likely trajectory, float64 (frames, dimension).

    ``means`` (frames, 3 * dimension) holds the predicted statics, deltas (window [-0.5, 0, 0.5]) and accelerations
    ([1, -2, 1]); ``variances`` (3 * dimension,) theirs, positive, the same for every frame. The dynamic windows have no
    precision at the first and last frame, where they would look outside, so one or two frames are returned as predicted.
    """
    frames, width = means.shape
    dimension = width // 3
    if width != 3 * dimension or variances.shape != (width,) or frames == 0:
        raise TtsError(f"means of shape {means.shape} and variances of shape {variances.shape} are no statics and dynamics")
    # One row a dimension, (dimension, frames): all dimensions are then solved as one long banded system, because the frames
    # without dynamics at the seams leave neighbours uncoupled.
    rows = np.array(np.asarray(means).T, dtype=np.float64, order="C")  # a copy of our own
    right, delta, acceleration = rows[:dimension], rows[dimension : 2 * dimension], rows[2 * dimension :]
    precisions = 1.0 / np.asarray(variances, np.float64)[:, None]
    static_precision, delta_precision, acceleration_precision = np.split(precisions, 3)
    inner = np.ones(frames)
    inner[[0, -1]] = 0.0
    before = np.concatenate([[0.0], inner[:-1]])  # what the frame before has
    around = before + np.concatenate([inner[1:], [0.0]])

    bands = np.empty((3, dimension, frames))  # the upper triangle: A[t-2, t], A[t-1, t], A[t, t]
    bands[0] = (acceleration_precision - 0.25 * delta_precision) * before
    bands[1] = -2.0 * acceleration_precision * (before + inner)
    bands[2] = static_precision + 0.25 * delta_precision * around + acceleration_precision * (around + 4.0 * inner)
    right *= static_precision
    delta *= 0.5 * delta_precision
    delta[:, [0, -1]] = 0.0
    acceleration *= acceleration_precision
    acceleration[:, [0, -1]] = 0.0
    right -= 2.0 * acceleration
    acceleration += delta
    right[:, 1:] += acceleration[:, :-1]
    acceleration -= 2.0 * delta
    right[:, :-1] += acceleration[:, 1:]

    from scipy.linalg.lapack import dpbsv  # slow to import, and not every importer generates

    _, solution, failed = dpbsv(bands.reshape(3, -1), right.reshape(-1), overwrite_ab=True, overwrite_b=True)
    if failed:
        raise TtsError("the most likely trajectory is not finite: the voice's variances are damaged")
    return np.ascontiguousarray(solution.reshape(dimension, frames).T)


def generate(
    predicted: Mapping[str, np.ndarray],
    variances: Mapping[str, np.ndarray],
    streams: Mapping[str, Stream],
    speech: np.ndarray | None = None,
) -> dict[str, np.ndarray]:
    """Return the trajectory of every predicted stream, (frames, dimension): by :func:`mlpg` where it is dynamic, else as it is.

    ``predicted`` holds (frames, width) a stream, in natural units; ``variances`` (3 * dimension,) a dynamic stream. Where
    ``speech`` (frames,) bool marks the frames between the silences at the ends, log F0 follows from these alone and is held
    before and after them: networks are not trained on silence, and what they say of its F0 would bend the first and the last
    phones.
    """
    trajectories = {}
    for name, values in predicted.items():
        if not streams[name].dynamic:
            trajectories[name] = values
        elif name == "lf0" and speech is not None and speech.any():
            first, last = np.flatnonzero(speech)[[0, -1]]
            spoken = mlpg(values[first : last + 1], variances[name])
            trajectories[name] = np.pad(spoken, ((first, len(values) - 1 - last), (0, 0)), mode="edge")
        else:
            trajectories[name] = mlpg(values, variances[name])
    return trajectories
