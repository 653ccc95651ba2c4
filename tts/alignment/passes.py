"""Passes over utterances: the sums that models are estimated from, and the likeliest paths.

On a processor the utterances are taken one by one, as many at once as there are threads (:mod:`tts.alignment.loops`, outside
the interpreter's lock); on a graphics card, and where Numba does not work, in batches (:mod:`tts.alignment.trellis`). Results
come in a fixed order whatever the number of threads.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from functools import cache, partial
from types import ModuleType
from typing import TypeVar

import numpy as np
import torch

from tts.alignment.jobs import Job, Jobs
from tts.alignment.trellis import Batch, forward_backward, viterbi

Result = TypeVar("Result")
_CELLS = 60_000_000  # places x frames of the utterances that are worked on at a time, however many threads: half a gigabyte


@cache
def _loops() -> ModuleType | None:
    """Return the compiled loops, None where Numba does not work."""
    try:
        from tts.alignment import loops
    except ImportError:
        return None
    return loops


def expected_sums(jobs: Jobs, weights: torch.Tensor, stride: int, device: torch.device) -> Iterator[tuple[Job, np.ndarray]]:
    """Yield every utterance and, of each place, the sum of ``[x, x^2, 1]`` over its frames x, times its posterior there.

    ``weights`` are :meth:`tts.alignment.models.PhoneModels.weights`, a hop advances by ``stride`` places; the sums are float32
    of shape (places, 2 * features + 1).
    """
    if device.type == "cpu" and _loops() is not None:
        yield from _in_threads(partial(_expected_sums, weights=weights.numpy(), stride=stride), jobs)
        return
    weights = weights.to(device)
    for group in jobs.groups():
        batch, values = _padded(group, stride, len(weights) - 1, device, mirrored=True)
        posteriors, _ = forward_backward(_scores(values, weights, batch), batch)
        sums = torch.bmm(posteriors.permute(1, 2, 0), values[: len(group)]).cpu().numpy()
        for job, rows in zip(group, sums, strict=True):
            yield job, rows[: job.trellis.places]


def path_sums(jobs: Jobs, weights: torch.Tensor, stride: int, device: torch.device) -> Iterator[tuple[Job, np.ndarray]]:
    """Yield what :func:`expected_sums` does, with the likeliest path of every utterance for all of its paths."""
    for job, (path, _) in best_paths(jobs, weights, stride, device):
        starts = np.flatnonzero(np.diff(path, prepend=-1))  # places are never come back to
        rows = np.zeros((job.trellis.places, weights.shape[1]), dtype=np.float32)
        rows[path[starts]] = np.add.reduceat(_with_squares(job), starts)
        yield job, rows


def add_sums(sums: np.ndarray, job: Job, rows: np.ndarray) -> None:
    """Add the sums of an utterance's places to those of its units, float64 (units, 2 * features + 1)."""
    loops = _loops()
    if loops is None:
        np.add.at(sums, job.trellis.units, rows)
    else:
        loops.add_rows(sums, job.trellis.units, rows)


def best_paths(
    jobs: Jobs, weights: torch.Tensor, stride: int, device: torch.device
) -> Iterator[tuple[Job, tuple[np.ndarray, float]]]:
    """Yield every utterance, its likeliest path, int64 (frames,), and that path's log likelihood.

    The arguments are those of :func:`expected_sums`.
    """
    if device.type == "cpu" and _loops() is not None:
        yield from _in_threads(partial(_best_path, weights=weights.numpy(), stride=stride), jobs)
        return
    weights = weights.to(device)
    for group in jobs.groups():
        batch, values = _padded(group, stride, len(weights) - 1, device, mirrored=False)
        paths, totals = viterbi(_scores(values, weights, batch), batch)
        yield from zip(group, zip(paths, totals.tolist(), strict=True), strict=True)


def _in_threads(function: Callable[[Job], Result], jobs: Iterable[Job]) -> Iterator[tuple[Job, Result]]:
    """Yield every job and what ``function`` says of it, in order, computed in as many threads as PyTorch may use."""
    from threadpoolctl import threadpool_limits

    threads = torch.get_num_threads()
    if threads == 1:
        yield from ((job, function(job)) for job in jobs)
        return
    waiting: deque[tuple[Job, Future[Result]]] = deque()
    with threadpool_limits(1, "blas"), ThreadPoolExecutor(threads) as pool:
        try:
            for job in jobs:
                while len(waiting) > 2 * threads or (waiting and job.cells + sum(j.cells for j, _ in waiting) > _CELLS):
                    first, answer = waiting.popleft()
                    yield first, answer.result()
                waiting.append((job, pool.submit(function, job)))
            while waiting:
                first, answer = waiting.popleft()
                yield first, answer.result()
        finally:
            pool.shutdown(cancel_futures=True)


def _expected_sums(job: Job, weights: np.ndarray, stride: int) -> np.ndarray:
    loops = _loops()
    assert loops is not None
    values = _with_squares(job)
    scores = values @ weights[job.trellis.units].T
    probabilities = np.empty_like(scores)
    hops = job.trellis.hops
    loops.posteriors(scores, hops, stride, loops.reach(hops, stride, job.frames), probabilities)
    sums: np.ndarray = probabilities.T @ values
    return sums


def _best_path(job: Job, weights: np.ndarray, stride: int) -> tuple[np.ndarray, float]:
    loops = _loops()
    assert loops is not None
    scores = _with_squares(job) @ weights[job.trellis.units].T
    path, hops = np.empty(job.frames, dtype=np.int64), job.trellis.hops
    return path, loops.best_path(scores, hops, stride, loops.reach(hops, stride, job.frames), np.empty_like(scores), path)


def _with_squares(job: Job) -> np.ndarray:
    """Return the frames x of an utterance as ``[x, x^2, 1]``, float32 (frames, 2 * features + 1)."""
    features = job.features
    width = features.shape[1]
    values = np.ones((len(features), 2 * width + 1), dtype=np.float32)
    values[:, :width] = features
    np.multiply(features, features, out=values[:, width : 2 * width])
    return values


def _padded(
    group: Sequence[Job], stride: int, void: int, device: torch.device, *, mirrored: bool
) -> tuple[Batch, torch.Tensor]:
    """Return the trellises of a group and its frames as ``[x, x^2, 1]``, (n, frames, 2 * features + 1), 0 in the padding.

    With ``mirrored`` the group is followed by itself read backwards.
    """
    trellises = [job.trellis for job in group]
    rows = [torch.from_numpy(_with_squares(job)) for job in group]
    if mirrored:
        trellises += [trellis.mirrored(stride) for trellis in trellises]
        rows += [values.flip(0) for values in rows]
    values = torch.nn.utils.rnn.pad_sequence(rows, batch_first=True).to(device)
    return Batch.of(trellises, [len(x) for x in rows], stride, void, device), values


def _scores(values: torch.Tensor, weights: torch.Tensor, batch: Batch) -> torch.Tensor:
    """Return the log likelihood of every frame in every place, (frames, n, places)."""
    return torch.bmm(values, weights[batch.units].transpose(1, 2)).transpose(0, 1).contiguous()
