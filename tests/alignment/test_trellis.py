"""Trellises against every path written out, alone and in batches."""

import itertools

import numpy as np
import pytest
import torch

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


@pytest.mark.parametrize("values, t", CASES)
def test_forward_backward_sums_over_every_path(values: np.ndarray, t: Trellis) -> None:
    paths = every_path(len(values), t)
    logs = np.array([values[np.arange(len(values)), path].sum() for path in paths])
    total = np.logaddexp.reduce(logs)
    expected = np.zeros(values.shape)
    for path, value in zip(paths, logs, strict=True):
        expected[np.arange(len(values)), path] += np.exp(value - total)
    found, likelihood = forward_backward(*batch([(values, t)], mirrored=True))
    np.testing.assert_allclose(found[:, 0].numpy(), expected, atol=1e-4)
    assert likelihood[0].item() == pytest.approx(total, rel=1e-6)


@pytest.mark.parametrize("values, t", CASES)
def test_viterbi_finds_the_best_of_every_path(values: np.ndarray, t: Trellis) -> None:
    paths = every_path(len(values), t)
    logs = [values[np.arange(len(values)), path].sum() for path in paths]
    (found,), likelihood = viterbi(*batch([(values, t)], mirrored=False))
    assert tuple(found.tolist()) == paths[int(np.argmax(logs))]
    assert likelihood[0].item() == pytest.approx(max(logs), rel=1e-6)


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


def test_posteriors_survive_thousands_of_frames_far_from_the_likely_path() -> None:
    """A place that 39 features make e^-60 likely a frame would underflow any product of likelihoods."""
    frames, places = 3000, 60
    values = np.full((frames, places), -60.0)
    truth = np.minimum(np.arange(frames) // (frames // places), places - 1)
    values[np.arange(frames), truth] = -100.0  # even the true path is unlikely as such
    values[:, 0] = -90.0
    found, total = forward_backward(*batch([(values, trellis(places))], mirrored=True))
    assert torch.isfinite(total).all()
    torch.testing.assert_close(found.sum(dim=2), torch.ones(frames, 1), atol=1e-4, rtol=0)


def test_mirrored_twice_is_the_same() -> None:
    t = trellis(12, (3, 6, 9))
    back = t.mirrored(STRIDE).mirrored(STRIDE)
    np.testing.assert_array_equal(back.units, t.units)
    np.testing.assert_array_equal(back.hops, t.hops)
