"""The same function over many items in worker processes that may die without taking the run with them."""

from __future__ import annotations

import logging
import multiprocessing
import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, TypeVar

from tts.core.errors import TtsError
from tts.core.progress import Progress

log = logging.getLogger(__name__)

Item = TypeVar("Item")
Result = TypeVar("Result")

# One thread a worker: two OpenMP threads beside another busy process spin and wait for each other.
_THREADS = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS"), "1")


@dataclass(frozen=True)
class Failure:
    """Why an item has no result: one sentence."""

    message: str


def parallel_map(
    function: Callable[[Item], Result], items: Sequence[Item], *, workers: int | None = None, label: str = ""
) -> Iterator[tuple[int, Result | Failure]]:
    """Yield ``(index, result)`` for every item as it is done, in any order; an item that fails yields a :class:`Failure`.

    ``function`` must be importable (module level). ``workers`` is the number of processes, by default one a core; 0 runs in
    this process, without protection against a crash of native code. A worker that dies is replaced; the item it died on
    fails, the others are done again. ``label`` shows progress. At most two items a worker are in flight, so memory stays flat.
    """
    count = (os.cpu_count() or 1) if workers is None else workers
    with Progress(label or "working", len(items)) as progress:
        for index, result in _inline(function, items) if count == 0 else _pooled(function, items, count):
            if label:
                progress.advance()
            yield index, result


def _call(function: Callable[[Any], Any], item: Any) -> Any:
    try:
        return function(item)
    except TtsError as error:
        return Failure(str(error))
    except Exception as error:  # one broken item must not end the run; the reason is kept and shown
        log.debug("worker failed", exc_info=True)
        return Failure(f"{type(error).__name__}: {error}")


def _inline(function: Callable[[Item], Result], items: Sequence[Item]) -> Iterator[tuple[int, Result | Failure]]:
    for index, item in enumerate(items):
        yield index, _call(function, item)


def _pooled(function: Callable[[Item], Result], items: Sequence[Item], workers: int) -> Iterator[tuple[int, Result | Failure]]:
    waiting = list(range(len(items)))[::-1]
    suspects: list[int] = []  # in flight when a worker died: done again one at a time, so that the culprit is known
    answered, deaths = 0, 0
    while waiting or suspects:
        alone = bool(suspects)
        queue, size = (suspects, 1) if alone else (waiting, min(workers, len(waiting)))
        running: dict[Future[Any], int] = {}
        with single_threaded(), ProcessPoolExecutor(size, mp_context=multiprocessing.get_context("spawn")) as pool:
            try:
                while queue or running:
                    while queue and len(running) < (1 if alone else 2 * size):
                        index = queue.pop()
                        try:
                            running[pool.submit(_call, function, items[index])] = index
                        except BrokenProcessPool:  # a worker died between two submissions
                            queue.append(index)
                            raise
                    for future in wait(running, return_when=FIRST_COMPLETED).done:
                        result = future.result()
                        answered += 1
                        yield running.pop(future), result
            except BrokenProcessPool:
                deaths += 1
                if deaths > 3 and not answered:
                    raise TtsError(
                        "worker processes die before they do anything: a script that calls this must guard its own start with "
                        "if __name__ == '__main__'; else memory may have run out"
                    ) from None
                lost = sorted(running.values(), reverse=True)
                if alone and lost:
                    yield lost[0], Failure("the worker process died on this item (a crash or too little memory)")
                else:
                    suspects.extend(lost)
            except BaseException:
                pool.shutdown(wait=False, cancel_futures=True)
                raise


@contextmanager
def single_threaded() -> Iterator[None]:
    """Let processes that are started within use one thread each."""
    before = {name: os.environ.get(name) for name in _THREADS}
    os.environ.update(_THREADS)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value
