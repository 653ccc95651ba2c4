"""Worker processes that are kept from batch to batch. A worker that dies takes one job with it, not the run."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from collections.abc import Callable
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from typing import Any

from tts.core.errors import TtsError
from tts.core.processes import single_threaded


@dataclass
class Ticket:
    """A job handed in; :meth:`Workers.result` gives what became of it."""

    future: Future[Any]
    pool: ProcessPoolExecutor | None
    call: tuple[Any, ...]  # the function and its arguments, to do the job again after a crash


class Workers:
    """Runs module-level functions in ``count`` processes, by default one a core; 0 runs them at once in this process.

    Processes start with the first job, each with one thread. Use as a context manager, or call :meth:`close`.
    """

    def __init__(self, count: int | None = None) -> None:
        self.count = (os.cpu_count() or 1) if count is None else count
        self._pool: ProcessPoolExecutor | None = None

    def __enter__(self) -> Workers:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End the processes; jobs not started are dropped. The next :meth:`submit` starts new ones."""
        if self._pool is not None:
            self._pool.shutdown(wait=True, cancel_futures=True)
            self._pool = None

    def submit(self, function: Callable[..., Any], *arguments: Any) -> Ticket:
        """Hand in a job."""
        call = (function, *arguments)
        if self.count == 0:
            return Ticket(_done(*call), None, call)
        with single_threaded():
            try:
                return self._submit(call)
            except BrokenProcessPool:  # a worker has died; what it held is done again when its result is asked for
                self.close()
                return self._submit(call)

    def result(self, ticket: Ticket) -> Any:
        """Wait for a job and return its result, or raise what it raised.

        A job whose worker died is done again; raises :class:`TtsError` if the next one dies too.
        """
        try:
            return ticket.future.result()
        except BrokenProcessPool:
            self._discard(ticket)
            again = self.submit(*ticket.call)
            try:
                return again.future.result()
            except BrokenProcessPool:
                self._discard(again)
                raise TtsError("two worker processes died on this (a crash or too little memory)") from None

    def _discard(self, ticket: Ticket) -> None:
        if ticket.pool is self._pool:  # else it was replaced already, and the new one is at work
            self.close()

    def _submit(self, call: tuple[Any, ...]) -> Ticket:
        pool = self._executor()
        return Ticket(pool.submit(*call), pool, call)

    def _executor(self) -> ProcessPoolExecutor:
        if self._pool is None:
            spawn = multiprocessing.get_context("spawn")
            self._pool = ProcessPoolExecutor(self.count, mp_context=spawn, initializer=_set_up)
        return self._pool


def _done(function: Callable[..., Any], *arguments: Any) -> Future[Any]:
    future: Future[Any] = Future()
    try:
        future.set_result(function(*arguments))
    except Exception as error:
        future.set_exception(error)
    return future


def _set_up() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches every process; the parent decides
    threading.Thread(target=_die_with_parent, daemon=True).start()


def _die_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)  # killed without a chance to end its workers
