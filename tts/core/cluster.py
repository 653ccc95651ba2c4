"""Other machines: a cluster of dask.distributed, reached through its scheduler (extra ``cluster``).

Lists are handed out in groups of items, so large that the scheduler keeps up and so small that a dead worker loses seconds;
what a worker had in hand when it died is done again by another. No more than two groups a worker thread are on their way,
however long the list is. ``docs/cluster.md`` says what users must provide; ``tools/simulate_cluster.py`` gave the figures here.
"""

from __future__ import annotations

import logging
import os
import queue
import secrets
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from multiprocessing import resource_tracker
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any

from tts.core.cluster_token import Token
from tts.core.cluster_worker import (
    OWN_TASKS,
    GroupDone,
    Terms,
    Unfit,
    code_version,
    digest_of_own_tasks,
    do_group,
    do_job,
    look,
    variables,
)
from tts.core.errors import TtsError, UsageError, WorkerDied
from tts.core.place import Failure, Item, Process, Result
from tts.core.processes import STOPPED, uninterrupted, worker_count

if TYPE_CHECKING:
    from distributed import Client, Future

log = logging.getLogger(__name__)

LOCAL = "local"
PATIENCE = 10.0  # seconds for a scheduler to answer, and for a first worker to appear
GROUP_SECONDS = 4.0  # that a group of items is to take
ORDERED_SECONDS = 1.0  # of one whose results wait for their turn in the memory of workers
MAX_GROUP = 500  # items
AHEAD = 2  # groups a worker thread on their way
LOOK = 5.0  # seconds between looks at how many workers there are


class Cluster:
    """A cluster for one command; :func:`connect` makes it. Use as a context manager: what was handed out is called back."""

    def __init__(self, client: Client, address: str, local: Any = None) -> None:
        self._client, self._address, self._local = client, address, local
        own_tasks = digest_of_own_tasks(os.environ.get(OWN_TASKS, ""), Path.cwd())
        self._terms = Terms(code_version(), str(Path.cwd()), environment=variables(), own_tasks=own_tasks)
        self._out: Path | None = None
        self._token: Token | None = None
        self._counted = (0.0, 0)
        self._jobs: list[_RemoteJob] = []
        self._number = 0

    def __enter__(self) -> Cluster:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        for job in self._jobs:
            job.stop()
        if self._token is not None:
            self._token.remove()
        for part in (self._client, self._local):
            if part is not None:
                with suppress(Exception):  # a scheduler that is gone cannot be told
                    part.close()

    def share(self, out: Path | None, sees: Sequence[Path] = ()) -> None:
        """Check that all workers can do this command's work: the same code, and the same files.

        ``out`` is the folder for results, which all must be able to read and write, ``sees`` what they read. Raises
        :class:`TtsError` naming the first worker that cannot; one that joins later is looked at before it does anything.
        ``out`` is looked at with the first work that is handed out: what is refused before has written nothing.
        """
        self._out = out
        relative = any(not path.is_absolute() for path in (out, *sees) if path is not None)
        self._terms = replace(self._terms, relative=relative, secret=secrets.token_hex(16), sees=tuple(map(str, sees)))
        self._await_workers()
        self._look()

    def _settled(self) -> Terms:
        """Return the terms of this command's work, once workers have shown that they see the folder for results."""
        if self._out is not None and self._token is None:
            self._token = Token(self._out, self._terms.secret)
            self._terms = replace(self._terms, token=str(self._out / self._token.name))
            self._look()
        return self._terms

    def _look(self) -> None:
        """Raise :class:`TtsError` naming the first worker that cannot keep the terms."""
        for address, answer in self._client.run(look, self._terms, on_error="return").items():
            if isinstance(answer, Exception):
                raise _unable(address, answer)
            if answer:
                raise TtsError(answer)

    def slots(self) -> int:
        """Return how many jobs can be done side by side at the moment: the threads of all workers."""
        when, count = self._counted
        if time.monotonic() - when > LOOK:
            self._connected()
            count = sum(self._client.nthreads().values())
            self._counted = time.monotonic(), count
        return count

    def map(
        self, function: Callable[[Item], Result], items: Sequence[Item], *, label: str = "", ordered: bool = False
    ) -> Iterator[tuple[int, Result | Failure]]:
        """Yield number and result of every item as :func:`tts.core.processes.parallel_map` does; ``ordered``, in their order.

        Results that are not asked for yet stay with the workers that made them.
        """
        return _Handing(self, function, items, label or "work", ordered).results()

    def start(self, function: Callable[..., None], *arguments: Any, output: Path) -> Process:
        """Do one long job in a process of its own on the worker that has least to do; ``output`` as of :class:`Child`."""
        job = _RemoteJob(self, lambda worker: self._start(function, arguments, output, worker))
        self._jobs.append(job)
        return job

    def _start(self, function: Callable[..., None], arguments: tuple[Any, ...], output: Path, worker: str | None) -> Future:
        return self.submit(do_job, function, arguments, str(output), self._settled(), label=output.stem, worker=worker)

    def least_busy(self) -> str | None:
        """Return the worker with the fewest long jobs a thread; None where there are no workers."""
        threads = self._client.nthreads()
        busy = dict.fromkeys(threads, 0)
        for job in self._jobs:
            if job.under_way and job.worker in busy:
                busy[job.worker] += 1
        return min(busy, key=lambda address: busy[address] / max(1, threads[address]), default=None)

    def submit(self, function: Callable[..., Any], *arguments: Any, label: str, worker: str | None = None) -> Future:
        """Hand in a task, to be done by ``worker`` if it lives."""
        self._connected()
        self._number += 1
        key = f"{label.replace(' ', '-')}-{self._terms.secret[:8]}-{self._number}"
        where = {} if worker is None else {"workers": [worker], "allow_other_workers": True}
        return self._client.submit(function, *arguments, key=key, pure=False, **where)

    def outcome(self, future: Future) -> Any:
        """Return what a task that has ended returned.

        Raises :class:`WorkerDied` where it took several workers with it, :class:`Lost` where the scheduler has forgotten it,
        and :class:`TtsError` where a worker cannot do such work.
        """
        from distributed.scheduler import KilledWorker

        if future.status == "cancelled":
            raise Lost
        error = future.exception() if future.status == "error" else None
        if isinstance(error, KilledWorker):
            raise WorkerDied("the worker process died on this item (a crash or too little memory), and so did others")
        if error is not None:
            raise _unable("of a task", error)
        result = future.result()
        if isinstance(result, Unfit):
            raise TtsError(result.message)
        return result

    def group(self, function: Callable[[Item], Result], items: Sequence[Item], label: str) -> Future:
        """Hand in a group of items."""
        return self.submit(do_group, function, items, self._settled(), label=label)

    def cancel(self, futures: Sequence[Future]) -> None:
        """Call tasks back; what they are at ends with the item in hand."""
        with suppress(Exception):  # a scheduler that is gone has forgotten them
            self._client.cancel(list(futures), force=True)

    def _connected(self) -> None:
        """Wait for a connection that was lost to come back; raise :class:`TtsError` where it does not."""
        until = time.monotonic() + PATIENCE
        while self._client.status != "running":
            if time.monotonic() > until or self._client.status == "closed":
                raise TtsError(
                    f"the scheduler {self._address} is gone; start it again and give the same command, which continues"
                )
            time.sleep(0.2)

    def _await_workers(self) -> None:
        until = time.monotonic() + PATIENCE
        while not self._client.nthreads():
            if time.monotonic() > until:
                raise TtsError(
                    f"the scheduler {self._address} has no workers, and none came within {PATIENCE:g} s; start some with: "
                    f"dask worker {self._address} --nthreads 1 --nworkers 4"
                )
            time.sleep(0.2)


class Lost(Exception):
    """The scheduler knows nothing of a task any more: it was started anew, or the connection to it was."""


class _RemoteJob:
    """A long job on a worker, which another one goes on with where that dies."""

    def __init__(self, cluster: Cluster, hand_in: Callable[[str | None], Future]) -> None:
        self._cluster, self._hand_in = cluster, hand_in
        self._code: int | None = None
        self.worker = cluster.least_busy()
        self._future = hand_in(self.worker)

    @property
    def under_way(self) -> bool:
        """Whether it has not ended, as far as is known."""
        return self._code is None and not self._future.done()

    @property
    def exit_code(self) -> int | None:
        """As of :class:`tts.core.processes.Child`; -9 where it took several workers with it."""
        if self._code is None and self._future.done():
            try:
                self._code = int(self._cluster.outcome(self._future))
            except WorkerDied:
                self._code = -9
            except Lost:
                self._future = self._hand_in(None)
        return self._code

    def check_start(self) -> None:
        """Nothing: what a worker cannot do is told when its outcome is asked for."""

    def stop(self) -> None:
        """Call it back: its process is told to stop."""
        if self._code is None:
            self._code = STOPPED
            self._cluster.cancel([self._future])

    def close(self) -> None:
        """Nothing: the process ends on its own, and its folder stays locked until it has."""


class _Handing:
    """The handing out of one list."""

    def __init__(
        self,
        cluster: Cluster,
        function: Callable[[Any], Any],
        items: Sequence[Any],
        label: str,
        ordered: bool,
    ) -> None:
        self.cluster, self.function, self.items, self.label, self.ordered = cluster, function, items, label, ordered
        self.next = 0
        self.running: dict[Future, range] = {}  # in the order in which they were handed in
        self.done: queue.SimpleQueue[Future] = queue.SimpleQueue()
        self.pace: float | None = None  # seconds an item
        self.warned = False
        self.alone: Future | None = None  # an item that is done while nothing else is

    def results(self) -> Iterator[tuple[int, Any]]:
        """Yield what :meth:`Cluster.map` does."""
        try:
            while self.running or self.next < len(self.items):
                self._hand_in()
                future = self._ended()
                if future is None:
                    continue
                numbers = self.running.pop(future)
                yield from self._results_of(future, numbers)
        finally:
            if self.running:
                self.cluster.cancel(list(self.running))

    def _hand_in(self) -> None:
        slots = self.cluster.slots()
        if not slots and not self.warned:
            log.warning("the cluster has no workers at the moment; the work goes on when one comes")
        self.warned = not slots
        while len(self.running) < AHEAD * max(1, slots) and self.next < len(self.items):
            numbers = range(self.next, self.next + self._size(max(1, slots)))
            self.next = numbers.stop
            self.running[self._handed(numbers)] = numbers

    def _handed(self, numbers: range) -> Future:
        future = self.cluster.group(self.function, [self.items[number] for number in numbers], self.label)
        future.add_done_callback(self.done.put)
        return future

    def _hand_in_again(self, groups: Sequence[range]) -> None:
        """Hand in what was lost, in the place that it had."""
        self.running = {self._handed(numbers): numbers for numbers in groups} | self.running

    def _size(self, slots: int) -> int:
        """Return how many items the next group has: few at the end, so that all workers end together."""
        left = len(self.items) - self.next
        if self.pace is None:
            return 1
        wanted = (ORDERED_SECONDS if self.ordered else GROUP_SECONDS) / max(self.pace, 1e-6)
        return int(max(1, min(wanted, left / (AHEAD * slots), MAX_GROUP, left)))

    def _ended(self) -> Future | None:
        """Wait a moment for a group to end, of an ordered list the first one, and return it."""
        first = next(iter(self.running))
        if self.ordered and first.done():
            return first
        try:
            future = self.done.get(timeout=1.0)
        except queue.Empty:
            self.cluster.slots()  # is the scheduler there?
            return None
        return future if not self.ordered and future in self.running else None

    def _done_alone(self, numbers: range) -> Future:
        """Do an item while nothing else is done, and wait for it: workers that died may have had another that killed them."""
        others = list(self.running)
        while not all(future.done() for future in others):
            self.cluster.slots()  # is the scheduler there?
            time.sleep(0.05)
        self.alone = self._handed(numbers)
        self.running[self.alone] = numbers  # to be called back with the others
        while not self.alone.done():
            self.cluster.slots()
            time.sleep(0.05)
        del self.running[self.alone]
        return self.alone

    def _results_of(self, future: Future, numbers: range) -> Iterator[tuple[int, Any]]:
        try:
            done: GroupDone[Any] = self.cluster.outcome(future)
        except Lost:
            self._hand_in_again([numbers])
            return
        except WorkerDied as error:
            if len(numbers) > 1:  # which of them is to blame is seen when each is handed in by itself
                self._hand_in_again([range(number, number + 1) for number in numbers])
            elif future is self.alone:
                yield numbers[0], Failure(str(error))
            else:
                yield from self._results_of(self._done_alone(numbers), numbers)
            return
        future.release()
        pace = done.seconds / len(numbers)
        self.pace = pace if self.pace is None else 0.7 * self.pace + 0.3 * pace
        yield from zip(numbers, done.results, strict=True)


def connect(address: str, workers: int | None = None) -> Cluster:
    """Return the cluster of a scheduler (``tcp://HOST:8786``), or ``local``: so many worker processes of this machine.

    Raises :class:`UsageError` for an address that is none, and for a number of workers of a cluster that has its own;
    :class:`TtsError` where the extra is missing or the scheduler does not answer within :data:`PATIENCE` seconds.
    """
    try:
        from distributed import Client, LocalCluster
    except ImportError:
        raise TtsError('--scheduler needs dask.distributed: pip install "stacked-tts[cluster]"') from None
    for name in ("distributed", "distributed.client", "distributed.nanny", "distributed.worker", "distributed.scheduler"):
        logging.getLogger(name).setLevel(logging.CRITICAL)  # deaths of workers are no faults here
    if address == LOCAL:
        resource_tracker.ensure_running()  # else it is started below, and lets the starting thread be interrupted again
        with uninterrupted():  # its threads and processes, those that are started later too, leave Ctrl-C to this command
            local = LocalCluster(
                n_workers=max(1, worker_count(workers)),
                threads_per_worker=1,
                dashboard_address=":0",
                memory_limit=0,
                silence_logs=logging.CRITICAL,
            )
        return Cluster(Client(local), local.scheduler_address, local)
    if workers is not None:
        raise UsageError(f"--workers counts processes of this machine; the cluster at {address} has its own: leave it out")
    try:
        return Cluster(Client(address, timeout=PATIENCE), address)
    except (ValueError, TypeError):
        raise UsageError(f"--scheduler {address}: expected an address such as tcp://HOST:8786, or local") from None
    except OSError:  # TimeoutError is one
        raise TtsError(
            f"the scheduler {address} does not answer within {PATIENCE:g} s; is it running (dask scheduler), and is its port "
            "open to this machine?"
        ) from None


def _unable(where: str, error: BaseException) -> TtsError:
    """Return the error for what a worker raised before it got as far as this package's own code."""
    if isinstance(error, ImportError | AttributeError):
        return TtsError(f"the worker {where} cannot do this work ({error}): install this version of stacked-tts there")
    return TtsError(f"the worker {where} failed: {type(error).__name__}: {error}")
