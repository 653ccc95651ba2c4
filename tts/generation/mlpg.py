"""Maximum likelihood parameter generation: smooth trajectories from predicted statics, deltas and accelerations.

Tokuda, Yoshimura, Masuko, Kobayashi and Kitamura, "Speech parameter generation algorithms for HMM-based speech synthesis",
ICASSP 2000. With ``W`` the windows and ``P`` the precisions, the trajectory ``c`` solves ``(W' P W) c = W' P mu``.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache

import numpy as np

from tts.core.errors import TtsError
from tts.core.stream import Stream

_SHORTEST, _LONGEST = 6, 4096  # frames of a sentence whose matrix is factored but for its end from that of a longer one ...
_USUAL = 1024  # ... which has so many at least


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
    precisions = 1.0 / np.asarray(variances, np.float64)
    static_precision, delta_precision, acceleration_precision = np.split(precisions[:, None], 3)
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

    from scipy.linalg.lapack import dpbtrs  # slow to import, and not every importer generates

    factor = _factor(precisions, frames).reshape(-1, 3).T
    solution, _ = dpbtrs(factor, right.reshape(-1), overwrite_b=True)
    return np.ascontiguousarray(solution.reshape(dimension, frames).T)


def _bands(precisions: np.ndarray, frames: int) -> np.ndarray:
    """Return the matrix as A[t-2, t], A[t-1, t], A[t, t], (dimension, frames, 3)."""
    static, delta, acceleration = np.split(precisions[:, None], 3)
    inner = np.ones(frames)
    inner[[0, -1]] = 0.0
    before = np.concatenate([[0.0], inner[:-1]])  # what the frame before has
    around = before + np.concatenate([inner[1:], [0.0]])
    bands = np.empty((len(precisions) // 3, frames, 3))
    bands[..., 0] = (acceleration - 0.25 * delta) * before
    bands[..., 1] = -2.0 * acceleration * (before + inner)
    bands[..., 2] = static + 0.25 * delta * around + acceleration * (around + 4.0 * inner)
    return bands


def _factor(precisions: np.ndarray, frames: int) -> np.ndarray:
    """Return the Cholesky factor of :func:`_bands`, laid out alike.

    A column follows from the matrix up to its own row, and the matrix knows where it ends in its last two rows alone: so all
    but the last two columns are those of a longer matrix, which is factored once a voice.
    """
    if not _SHORTEST <= frames <= _LONGEST:
        return _factored(_bands(precisions, frames))
    whole = _long_factor(precisions.tobytes(), max(_USUAL, 1 << frames.bit_length()))
    factor = whole[:, :frames].copy()
    ends = _bands(precisions, _SHORTEST)
    for column, band in ((frames - 2, ends[:, -2]), (frames - 1, ends[:, -1])):
        before2, before = factor[:, column - 2, 2], factor[:, column - 1]
        far = band[:, 0] / before2
        near = (band[:, 1] - before[:, 1] * far) / before[:, 2]
        factor[:, column] = np.stack([far, near, np.sqrt(band[:, 2] - near**2 - far**2)], axis=1)
    return factor


@lru_cache(maxsize=16)
def _long_factor(precisions: bytes, frames: int) -> np.ndarray:
    """Return the factor of so many frames, not to be changed."""
    return _factored(_bands(np.frombuffer(precisions), frames))


def _factored(bands: np.ndarray) -> np.ndarray:
    from scipy.linalg.lapack import dpbtrf

    factor, failed = dpbtrf(bands.reshape(-1, 3).T, overwrite_ab=True)
    if failed:
        raise TtsError("there is no most likely trajectory: the voice's variances are damaged")
    return np.ascontiguousarray(factor.T).reshape(bands.shape)


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
