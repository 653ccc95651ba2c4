"""Trajectories against the dense normal equations and cases whose answer is known."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tts.core.errors import TtsError
from tts.core.stream import Stream
from tts.generation import mlpg as module
from tts.generation.mlpg import generate, mlpg


def dense(means: np.ndarray, variances: np.ndarray) -> np.ndarray:
    """Solve W' P W c = W' P mu a dimension, with W and P written out frame by frame."""
    frames, dimension = len(means), means.shape[1] // 3
    result = np.empty((frames, dimension))
    for d in range(dimension):
        rows, precisions, targets = [], [], []
        for t in range(frames):
            for window, k in (((0, 1, 0), 0), ((-0.5, 0, 0.5), 1), ((1, -2, 1), 2)):
                if k > 0 and not 0 < t < frames - 1:
                    continue
                row = np.zeros(frames)
                for offset, weight in zip((-1, 0, 1), window, strict=True):
                    if weight:
                        row[t + offset] = weight
                rows.append(row)
                precisions.append(1 / variances[k * dimension + d])
                targets.append(means[t, k * dimension + d])
        w, p = np.array(rows), np.diag(precisions)
        result[:, d] = np.linalg.solve(w.T @ p @ w, w.T @ p @ np.array(targets))
    return result


def dynamics(x: np.ndarray) -> np.ndarray:
    padded = np.pad(x, ((1, 1), (0, 0)), mode="edge")
    return np.concatenate([x, 0.5 * (padded[2:] - padded[:-2]), padded[2:] - 2 * x + padded[:-2]], axis=1)


@settings(max_examples=40, deadline=None)
@given(frames=st.integers(1, 12), dimension=st.integers(1, 4), seed=st.integers(0, 2**32 - 1))
def test_equals_the_dense_solution(frames: int, dimension: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    means = rng.normal(size=(frames, 3 * dimension))
    variances = np.exp(rng.normal(scale=2.0, size=3 * dimension))
    np.testing.assert_allclose(mlpg(means, variances), dense(means, variances), rtol=1e-8, atol=1e-9)


@pytest.mark.parametrize("frames", [1, 2])
def test_one_or_two_frames_are_the_statics(frames: int) -> None:
    means = np.random.default_rng(0).normal(size=(frames, 6))
    np.testing.assert_allclose(mlpg(means, np.full(6, 0.3)), means[:, :2], rtol=1e-12)


def test_consistent_dynamics_return_the_trajectory() -> None:
    """Where statics and dynamics agree, nothing is left to compromise on: lines, constants and noise come back."""
    rng = np.random.default_rng(1)
    x = np.stack([np.full(50, 3.0), np.linspace(-4, 9, 50), rng.normal(size=50)], axis=1)
    np.testing.assert_allclose(mlpg(dynamics(x), np.exp(rng.normal(size=9))), x, atol=1e-10)


def test_trusted_dynamics_smooth_and_trusted_statics_stay() -> None:
    rng = np.random.default_rng(2)
    means = np.concatenate([rng.normal(size=(200, 1)), np.zeros((200, 2))], axis=1)
    smooth = mlpg(means, np.array([1.0, 1e-3, 1e-3]))
    assert np.abs(np.diff(smooth[:, 0])).max() < 0.1
    np.testing.assert_allclose(mlpg(means, np.array([1.0, 1e9, 1e9])), means[:, :1], atol=1e-7)


def test_wrong_shapes_are_refused() -> None:
    for means, variances in ((np.zeros((5, 4)), np.ones(4)), (np.zeros((5, 6)), np.ones(3)), (np.zeros((0, 3)), np.ones(3))):
        with pytest.raises(TtsError, match="statics and dynamics"):
            mlpg(means, variances)


def test_generate_leaves_streams_without_dynamics_alone() -> None:
    rng = np.random.default_rng(3)
    streams = {"lf0": Stream("lf0", 1, dynamic=True), "vuv": Stream("vuv", 1, "binary")}
    predicted = {"lf0": rng.normal(size=(9, 3)), "vuv": rng.random((9, 1))}
    trajectories = generate(predicted, {"lf0": np.ones(3)}, streams)
    np.testing.assert_allclose(trajectories["lf0"], dense(predicted["lf0"], np.ones(3)))
    assert trajectories["vuv"] is predicted["vuv"]


def test_silence_at_the_ends_does_not_bend_f0() -> None:
    """What a network says of F0 in silences it was never trained on has no part in the contour of the speech between."""
    streams = {"lf0": Stream("lf0", 1, dynamic=True), "mcep": Stream("mcep", 1, dynamic=True)}
    speech = np.zeros(60, bool)
    speech[10:50] = True
    falling = np.linspace(5.3, 4.8, 60)[:, None]
    means = dynamics(falling)
    means[~speech] = (6.0, 0.0, 0.0)
    variances = {name: np.array([0.03, 0.0005, 0.001]) for name in streams}
    bent = generate({"lf0": means, "mcep": means}, variances, streams)
    given = generate({"lf0": means, "mcep": means}, variances, streams, speech)
    np.testing.assert_allclose(given["lf0"][speech], falling[speech], atol=1e-9)
    assert np.ptp(given["lf0"][:11]) == 0.0 and np.ptp(given["lf0"][49:]) == 0.0
    assert bent["lf0"][49] > falling[49] + 0.2  # what it was
    np.testing.assert_array_equal(given["mcep"], bent["mcep"])
    silent = generate({"lf0": means}, variances, streams, np.zeros(60, bool))
    np.testing.assert_array_equal(silent["lf0"], bent["lf0"])


@pytest.mark.parametrize("frames", [6, 7, 300, 1021, 1024, 1025, 4096, 4097])
def test_a_matrix_factored_from_a_longer_one_is_as_one_factored_alone(frames: int, monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(frames)
    means, variances = rng.normal(size=(frames, 9)), np.exp(rng.normal(scale=2.0, size=9))
    first = mlpg(means, variances)
    np.testing.assert_array_equal(mlpg(means, variances), first)  # what is kept has not been changed
    monkeypatch.setattr(module, "_LONGEST", 0)
    np.testing.assert_allclose(first, mlpg(means, variances), rtol=1e-9, atol=1e-10)


def test_variances_that_are_none_are_told() -> None:
    with pytest.raises(TtsError, match="variances are damaged"):
        mlpg(np.zeros((3, 3)), np.array([-1.0, 1.0, 1.0]))
