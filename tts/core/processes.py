"""Worker processes, which may die without taking the run with them and never outlive it: the one place that starts any.

:func:`parallel_map` does a list of items, :class:`Workers` jobs that come one by one, :class:`Child` one long job with a log of
its own. Every process begins with :func:`begin_process`. :data:`tts.core.place.Place` says where: here, or on other machines.
"""

from __future__ import annotations

import logging
import multiprocessing
import os
import signal
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing.synchronize import Event
from pathlib import Path
from typing import Any

from tts.core.errors import TtsError, WorkerDied, WorkersCannotStart
from tts.core.memory import MemoryShare, set_share, share_of, usable_cores
from tts.core.place import Failure as Failure  # part of this module's interface too
from tts.core.place import Item, Place, Result
from tts.core.progress import Progress

log = logging.getLogger(__name__)

THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "VECLIB_MAXIMUM_THREADS", "NUMBA_NUM_THREADS")
WINDOWS_LIMIT = 61  # processes that Windows can wait for at once, less two
STOPPED = 143  # exit code after SIGTERM
UNGUARDED = (
    "worker processes die before they do anything: a script that calls this must guard its own start with "
    "if __name__ == '__main__': (or ask for workers=0, which starts none); else memory may have run out"
)


def worker_count(workers: int | None) -> int:
    """Return ``workers``, by default one a core that this process may use; at most what the system can wait for."""
    count = usable_cores() if workers is None else workers
    return min(count, WINDOWS_LIMIT) if os.name == "nt" else count


def parallel_map(
    function: Callable[[Item], Result], items: Sequence[Item], *, workers: Place = None, label: str = ""
) -> Iterator[tuple[int, Result | Failure]]:
    """Yield ``(index, result)`` for every item as it is done, in any order; an item that fails yields a :class:`Failure`.

    ``function`` must be importable (module level). ``workers`` is that of :func:`worker_count`, or other machines; 0 runs in
    this process, without protection against a crash of native code. A worker that dies is replaced; the item it died on fails,
    the others are done again. ``label`` shows progress. At most two items a worker are in flight (on other machines two groups
    of items), so memory stays flat. Raises :class:`WorkersCannotStart` where no worker lives long enough to do anything.
    """
    with Progress(label or "working", len(items)) as progress:
        for index, result in _results(function, items, workers, label):
            if label:
                progress.advance()
            yield index, result


def _results(
    function: Callable[[Item], Result], items: Sequence[Item], place: Place, label: str
) -> Iterator[tuple[int, Result | Failure]]:
    if place is not None and not isinstance(place, int):
        return place.map(function, items, label=label)
    count = worker_count(place)
    return _inline(function, items) if count == 0 else _pooled(function, items, count)


def do_item(function: Callable[[Any], Any], item: Any) -> Any:
    """Return what ``function`` makes of an item, or the :class:`Failure` that says why it makes nothing of it."""
    try:
        return function(item)
    except TtsError as error:
        return Failure(str(error))
    except Exception as error:  # one broken item must not end the run; the reason is kept and shown
        log.debug("worker failed", exc_info=True)
        return Failure(f"{type(error).__name__}: {error}")


def _inline(function: Callable[[Item], Result], items: Sequence[Item]) -> Iterator[tuple[int, Result | Failure]]:
    for index, item in enumerate(items):
        yield index, do_item(function, item)


def _pooled(function: Callable[[Item], Result], items: Sequence[Item], count: int) -> Iterator[tuple[int, Result | Failure]]:
    waiting = deque(range(len(items)))
    running: dict[Future[Any], tuple[int, Ticket]] = {}
    with Workers(max(1, min(count, len(items)))) as workers:
        while waiting or running:
            while waiting and len(running) < 2 * workers.count:
                index = waiting.popleft()
                ticket = workers.submit(do_item, function, items[index])
                running[ticket.future] = index, ticket
            for future in wait(running, return_when=FIRST_COMPLETED).done:
                index, ticket = running.pop(future)
                try:
                    result = workers.result(ticket)
                except WorkerDied as error:
                    result = Failure(str(error))
                yield index, result


@dataclass
class Ticket:
    """A job handed in; :meth:`Workers.result` gives what became of it."""

    future: Future[Any]
    pool: _Pool | None
    call: tuple[Any, ...]  # the function and its arguments, to do the job again after a crash


class Workers:
    """Runs module-level functions in processes that stay from job to job; ``count`` as in :func:`worker_count`.

    With a count of 0 jobs are done at once in this process. Processes start with the first job, each with one thread and its
    share of the memory. Use as a context manager, or call :meth:`close`; after an exception, an interruption too, the processes
    are ended in the midst of their jobs.
    """

    def __init__(self, count: int | None = None) -> None:
        self.count = worker_count(count)
        self._pool: _Pool | None = None
        self._lone: _Pool | None = None  # one process, for jobs during which a process of the pool died
        self._worked = False

    def __enter__(self) -> Workers:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        self.close(at_once=kind is not None)

    def close(self, *, at_once: bool = False) -> None:
        """End the processes, ``at_once`` or after what they are at; jobs not begun are dropped."""
        for pool in (self._pool, self._lone):
            if pool is not None:
                pool.close(at_once=at_once)
        self._pool = self._lone = None

    def submit(self, function: Callable[..., Any], *arguments: Any) -> Ticket:
        """Hand in a job."""
        call = (function, *arguments)
        if self.count == 0:
            return Ticket(_done(*call), None, call)
        if self._pool is None:
            self._pool = _Pool(self.count)
        try:
            return Ticket(self._pool.submit(call), self._pool, call)
        except BrokenProcessPool:  # a worker has died; what it held is done again when its result is asked for
            self._discard(self._pool)
            self._pool = _Pool(self.count)
            return Ticket(self._pool.submit(call), self._pool, call)

    def result(self, ticket: Ticket) -> Any:
        """Wait for a job and return its result, or raise what it raised.

        What was in flight when a worker died is done again, each job alone in a process, so that only the one to blame raises
        :class:`WorkerDied`. Raises :class:`WorkersCannotStart` where workers die before they have begun.
        """
        try:
            return ticket.future.result()
        except BrokenProcessPool:
            self._discard(ticket.pool)
        if self._lone is None:
            self._lone = _Pool(1)
        lone = self._lone
        try:
            return lone.submit(ticket.call).result()
        except BrokenProcessPool:
            self._lone = None
            lone.close()
            if not lone.started.is_set():
                raise WorkersCannotStart(UNGUARDED) from None
            raise WorkerDied("the worker process died on this item (a crash or too little memory)") from None

    def _discard(self, pool: _Pool | None) -> None:
        if pool is None or pool is not self._pool:  # replaced already, and the new one is at work
            return
        self._pool = None
        pool.close()
        self._worked |= pool.started.is_set()
        if not self._worked:
            raise WorkersCannotStart(UNGUARDED) from None


class _Pool:
    """Processes of one executor, and whether any of them has got as far as to do jobs."""

    def __init__(self, size: int) -> None:
        context = _spawning()
        self.started: Event = context.Event()
        begin = Beginning(1, share_of(size), self.started)
        self._executor = ProcessPoolExecutor(size, mp_context=context, initializer=_begin, initargs=(begin,))

    def submit(self, call: tuple[Any, ...]) -> Future[Any]:
        with uninterrupted():  # it may start a process
            return self._executor.submit(_job, *call)

    def close(self, *, at_once: bool = False) -> None:
        processes = list((getattr(self._executor, "_processes", None) or {}).values()) if at_once else []
        self._executor.shutdown(wait=not at_once, cancel_futures=True)
        _end(processes, patience=2.0)


def _done(function: Callable[..., Any], *arguments: Any) -> Future[Any]:
    future: Future[Any] = Future()
    try:
        future.set_result(function(*arguments))
    except Exception as error:
        future.set_exception(error)
    return future


def _job(function: Callable[..., Any], *arguments: Any) -> Any:
    """Do a job in a worker; told to stop meanwhile, clear away what is being written and end."""
    try:
        _order.at_work = True
        try:
            return function(*arguments)
        finally:
            _order.at_work = False
            if _order.stop:  # the job has swallowed the exception
                os._exit(STOPPED)
    except SystemExit:  # the executor would take it for the job's answer
        os._exit(STOPPED)


@dataclass
class _Order:
    """What this process, if it is a worker, is doing and has been told."""

    at_work: bool = False
    stop: bool = False


_order = _Order()


class Child:
    """One job in a process of its own, begun at once: ``function(*arguments)``, both to be pickled.

    ``threads`` limits its threads (None leaves them), ``share`` its memory; its output and errors go to the file ``output``.
    A :class:`TtsError` becomes its sentence there and its exit code. It ends with this process, and an interruption from the
    keyboard is left to this process.
    """

    def __init__(
        self,
        function: Callable[..., None],
        *arguments: Any,
        output: Path,
        threads: int | None = None,
        share: MemoryShare | None = None,
    ) -> None:
        context = _spawning()
        self.started: Event = context.Event()
        begin = Beginning(threads, share, self.started)
        self._process = context.Process(target=_child, args=(begin, output, function, arguments))
        with uninterrupted():
            self._process.start()

    @property
    def exit_code(self) -> int | None:
        """Exit code, the negative number of the signal that killed it, None while it runs."""
        code: int | None = self._process.exitcode
        return code

    def check_start(self) -> None:
        """Raise :class:`WorkersCannotStart` where it has ended before it had begun its job."""
        if self.exit_code not in (None, 0) and not self.started.is_set():
            raise WorkersCannotStart(UNGUARDED)

    def stop(self) -> None:
        """Ask it to stop and leave whole files."""
        self._process.terminate()

    def close(self, patience: float = 20.0) -> None:
        """Wait until it has ended; kill it after ``patience`` seconds."""
        _end([self._process], patience)


def _child(begin: Beginning, output: Path, function: Callable[..., None], arguments: tuple[Any, ...]) -> None:
    with output.open("wb") as stream:
        os.dup2(stream.fileno(), 1)
        os.dup2(stream.fileno(), 2)
    _begin(begin)
    do_and_exit(function, arguments)


def do_and_exit(function: Callable[..., None], arguments: tuple[Any, ...]) -> None:
    """Do the one job of this process; a :class:`TtsError` becomes its sentence on standard error and its exit code."""
    _order.at_work = True
    try:
        function(*arguments)
    except TtsError as error:
        sys.stderr.write(f"{error}\n")
        sys.exit(error.exit_code)


def _end(processes: Sequence[Any], patience: float) -> None:
    for process in processes:
        process.terminate()
    until = time.monotonic() + patience
    for process in processes:
        process.join(max(0.0, until - time.monotonic()))
        if process.is_alive():
            process.kill()
            process.join()


def _spawning() -> Any:
    """Return the context that starts processes anew: a forked process with threads may hang, and CUDA does not survive it."""
    if getattr(multiprocessing.current_process(), "_inheriting", False):
        # This is a worker that runs an unguarded script from its top; its parent says so when the worker has ended.
        raise SystemExit(1)
    return multiprocessing.get_context("spawn")


@contextmanager
def uninterrupted() -> Iterator[None]:
    """Hold Ctrl-C back meanwhile, in processes that are started too until they have begun: else they die with a traceback."""
    if os.name != "posix":
        yield
        return
    mask = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)


@dataclass(frozen=True)
class Beginning:
    """What a process is given to begin with."""

    threads: int | None
    share: MemoryShare | None
    started: Event


def _begin(begin: Beginning) -> None:
    begin_process(begin.threads, begin.share, _parent_ended)
    begin.started.set()


def begin_process(threads: int | None, share: MemoryShare | None, until: Callable[[], object]) -> None:
    """Begin in a process that works for another: with its threads and its memory, deaf to Ctrl-C, whole files when stopped.

    It ends as if told to stop when ``until``, called in a thread, returns.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches every process; the parent decides
    if os.name == "posix":
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})
    signal.signal(signal.SIGTERM, _stop)
    threading.Thread(target=_end_after, args=(until,), daemon=True).start()
    if threads is not None:
        limit_threads(threads)
    set_share(share)


def _stop(*_: object) -> None:
    _order.stop = True
    if not _order.at_work:  # but in the executor's own code, which may swallow an exception and wait for ever
        os._exit(STOPPED)
    sys.exit(STOPPED)  # an exit that lets files be finished


def _parent_ended() -> None:
    """Wait until this process's parent has ended."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
    else:
        threading.Event().wait()


def _end_after(until: Callable[[], object]) -> None:
    """End this process when those it works for have ended without a chance to say so, by SIGKILL too."""
    until()
    if os.name == "posix":
        signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGTERM)  # a signal to another would not wake it
        time.sleep(10.0)  # for what is being written
    os._exit(1)


def limit_threads(count: int) -> None:
    """Let numerical libraries use ``count`` threads in this process, those loaded and those to be loaded.

    One a worker: two OpenMP threads beside another busy process spin and wait for each other.
    """
    os.environ.update(dict.fromkeys(THREADS, str(count)))
    if "numpy" in sys.modules or "torch" in sys.modules:  # the script that is run has loaded them before
        from threadpoolctl import threadpool_limits

        threadpool_limits(limits=count)
    if "torch" in sys.modules:
        sys.modules["torch"].set_num_threads(count)
    if "numba" in sys.modules:
        sys.modules["numba"].set_num_threads(count)
