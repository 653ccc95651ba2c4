"""Trellises against every path written out: in batches, and by the compiled loops."""

import itertools
from collections.abc import Callable

import numpy as np
import pytest
import torch

from tts.alignment import loops
from tts.alignment.trellis import Batch, Trellis, forward_backward, viterbi

STRIDE = 3  # two states a segment


def trellis(places: int, hops: tuple[int, ...] = ()) -> Trellis:
    marks = np.zeros(places, dtype=bool)
    marks[list(hops)] = True
    return Trellis(np.arange(places), marks)


def every_path(frames: int, t: Trellis) -> list[tuple[int, ...]]:
    """All paths from the first place to the last, by their definition."""
    found = []
    for steps in itertools.product((0, 1, STRIDE), repeat=frames - 1):
        path = np.cumsum([0, *steps])
        legal = all(step < STRIDE or (p < t.places and t.hops[p]) for step, p in zip(steps, path[1:], strict=True))
        if path[-1] == t.places - 1 and legal:
            found.append(tuple(path.tolist()))
    return found


def scores(frames: int, places: int, seed: int) -> np.ndarray:
    return np.random.default_rng(seed).normal(0.0, 30.0, (frames, places))


def batch(items: list[tuple[np.ndarray, Trellis]], *, mirrored: bool) -> tuple[torch.Tensor, Batch]:
    if mirrored:
        items = items + [(s[::-1, ::-1], t.mirrored(STRIDE)) for s, t in items]
    length, width = max(len(s) for s, _ in items), max(t.places for _, t in items)
    padded = torch.full((length, len(items), width), 7.0)
    for row, (s, t) in enumerate(items):
        padded[: len(s), row, : t.places] = torch.tensor(s.copy())
        padded[: len(s), row, t.places :] = -1e9
    return padded, Batch.of([t for _, t in items], [len(s) for s, _ in items], STRIDE, 99, torch.device("cpu"))


CASES = [
    (scores(7, 4, 1), trellis(4)),
    (scores(9, 6, 2), trellis(6, (4,))),
    (scores(11, 9, 3), trellis(9, (3, 6))),
    (scores(3, 3, 4), trellis(3)),
    (scores(1, 1, 5), trellis(1)),
]


Way = Callable[[np.ndarray, Trellis], tuple[np.ndarray, float]]


def batched_posteriors(values: np.ndarray, t: Trellis) -> tuple[np.ndarray, float]:
    found, totals = forward_backward(*batch([(values, t)], mirrored=True))
    return found[:, 0].numpy(), totals[0].item()


def batched_path(values: np.ndarray, t: Trellis) -> tuple[np.ndarray, float]:
    (found,), totals = viterbi(*batch([(values, t)], mirrored=False))
    return found, totals[0].item()


def compiled_posteriors(values: np.ndarray, t: Trellis) -> tuple[np.ndarray, float]:
    result = np.full(values.shape, np.nan, np.float32)
    band = loops.reach(t.hops, STRIDE, len(values))
    total = loops.posteriors(values.astype(np.float32), t.hops, STRIDE, band, result)
    return result, total


def compiled_path(values: np.ndarray, t: Trellis) -> tuple[np.ndarray, float]:
    path = np.empty(len(values), np.int64)
    band = loops.reach(t.hops, STRIDE, len(values))
    work = np.full(values.shape, np.nan, np.float32)
    return path, loops.best_path(values.astype(np.float32), t.hops, STRIDE, band, work, path)


@pytest.mark.parametrize("way", [batched_posteriors, compiled_posteriors])
@pytest.mark.parametrize("values, t", CASES)
def test_forward_backward_sums_over_every_path(values: np.ndarray, t: Trellis, way: Way) -> None:
    paths = every_path(len(values), t)
    logs = np.array([values[np.arange(len(values)), path].sum() for path in paths])
    total = np.logaddexp.reduce(logs)
    expected = np.zeros(values.shape)
    for path, value in zip(paths, logs, strict=True):
        expected[np.arange(len(values)), path] += np.exp(value - total)
    found, likelihood = way(values, t)
    np.testing.assert_allclose(found, expected, atol=1e-4)
    assert likelihood == pytest.approx(total, rel=1e-6)


@pytest.mark.parametrize("way", [batched_path, compiled_path])
@pytest.mark.parametrize("values, t", CASES)
def test_viterbi_finds_the_best_of_every_path(values: np.ndarray, t: Trellis, way: Way) -> None:
    paths = every_path(len(values), t)
    logs = [values[np.arange(len(values)), path].sum() for path in paths]
    found, likelihood = way(values, t)
    assert tuple(found.tolist()) == paths[int(np.argmax(logs))]
    assert likelihood == pytest.approx(max(logs), rel=1e-6)


@pytest.mark.parametrize("values, t", CASES)
def test_the_band_holds_what_paths_reach(values: np.ndarray, t: Trellis) -> None:
    paths = np.array(every_path(len(values), t))
    np.testing.assert_array_equal(loops.reach(t.hops, STRIDE, len(values)), [paths.min(axis=0), paths.max(axis=0)])


@pytest.mark.parametrize("spread", [1.0, 20.0])
def test_both_ways_agree_on_a_sentence_of_many_pauses(spread: float) -> None:
    """Also where differences are small, so that a path of thousands is far behind at some frame and ahead at the end."""
    t = trellis(120, tuple(range(30, 120, 9)))
    values = np.random.default_rng(7).normal(-40.0, spread, (400, 120))
    for batched, compiled in ((batched_posteriors, compiled_posteriors), (batched_path, compiled_path)):
        (expected, likelihood), (found, total) = batched(values, t), compiled(values, t)
        np.testing.assert_allclose(found, expected, atol=5e-4)
        assert total == pytest.approx(likelihood, rel=1e-6)


def test_a_batch_is_as_good_as_one_by_one() -> None:
    together, totals = forward_backward(*batch(CASES, mirrored=True))
    paths, bests = viterbi(*batch(CASES, mirrored=False))
    for row, (values, t) in enumerate(CASES):
        alone, total = forward_backward(*batch([(values, t)], mirrored=True))
        torch.testing.assert_close(together[: len(values), row, : t.places], alone[:, 0], atol=1e-5, rtol=1e-5)
        assert totals[row].item() == pytest.approx(total[0].item(), rel=1e-6)
        assert not together[len(values) :, row].any()
        assert not together[:, row, t.places :].any()
        (path,), best = viterbi(*batch([(values, t)], mirrored=False))
        np.testing.assert_array_equal(paths[row], path)
        assert bests[row].item() == pytest.approx(best[0].item(), rel=1e-6)


@pytest.mark.parametrize("way", [batched_posteriors, compiled_posteriors])
def test_posteriors_survive_thousands_of_frames_far_from_the_likely_path(way: Way) -> None:
    """A place that 39 features make e^-60 likely a frame would underflow any product of likelihoods."""
    frames, places = 3000, 60
    values = np.full((frames, places), -60.0)
    truth = np.minimum(np.arange(frames) // (frames // places), places - 1)
    values[np.arange(frames), truth] = -100.0  # even the true path is unlikely as such
    values[:, 0] = -90.0
    found, total = way(values, trellis(places))
    assert np.isfinite(total)
    np.testing.assert_allclose(found.sum(axis=1), 1.0, atol=1e-4)


def test_mirrored_twice_is_the_same() -> None:
    t = trellis(12, (3, 6, 9))
    back = t.mirrored(STRIDE).mirrored(STRIDE)
    np.testing.assert_array_equal(back.units, t.units)
    np.testing.assert_array_equal(back.hops, t.hops)
