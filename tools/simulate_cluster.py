"""Where would a cluster bend? A simulation of its scheduler with failures and stragglers, held against a real one.

    python tools/simulate_cluster.py measure --json overhead.json
    python tools/simulate_cluster.py tables --overhead overhead.json --figure docs/cluster.png

``measure`` runs a real scheduler with three workers on this machine: tasks that do nothing (what a task and an item cost client
and scheduler, in processor time), and lists of pauses, of which the simulation predicts how long they take, without and with a
worker that is killed. ``tables`` simulates 1 to 256 workers. Everything random is drawn from a fixed seed.
"""

from __future__ import annotations

import argparse
import heapq
import json
import os
import signal
import threading
import time
from collections import deque
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np

from tts.core.cluster import AHEAD, GROUP_SECONDS, MAX_GROUP, Cluster, connect

UTTERANCE = 3.5  # seconds of speech
WORKERS = (1, 2, 4, 8, 16, 32, 64, 128, 256)
GROUPS = (0.25, 1.0, 4.0, 16.0, 64.0)  # seconds that a group of items takes
DEATHS = (1.0, 10.0)  # of a worker an hour
PLENTY = 1e12  # bytes a second, which no work needs


@dataclass(frozen=True)
class Overhead:
    """What the one client and scheduler spend on a group and on an item of it, and a group's way there and back: seconds.

    The defaults are what ``measure`` found, and for an item an allowance: a kilobyte describes it, where numbers are measured.
    """

    group: float = 0.0026
    item: float = 0.00003
    way: float = 0.011


@dataclass(frozen=True)
class Work:
    """Items: processor seconds of each in the mean, their spread (standard deviation over mean), bytes to and from storage."""

    name: str
    items: int
    seconds: float
    spread: float
    bytes: float


@dataclass(frozen=True)
class Machines:
    """A cluster: workers, seconds until one is ready, deaths an hour of each, seconds until a dead one is replaced and ready.

    A ``slow`` share of the workers is ``slower`` times as slow; ``storage`` is bytes a second for all together.
    """

    workers: int
    ready: float = 3.0
    deaths: float = 0.0
    replaced: float = 60.0
    slow: float = 0.0
    slower: float = 4.0
    storage: float = 1.0e9


@dataclass(frozen=True)
class Outcome:
    """Seconds from the first to the last item, the share of the workers' time that was of use, and what was done twice."""

    makespan: float
    utilisation: float
    repeated: float
    scheduler: float  # share of the makespan that client and scheduler were busy


def simulate(
    work: Work, machines: Machines, overhead: Overhead, group_seconds: float = GROUP_SECONDS, seed: int = 1
) -> Outcome:
    """Return what becomes of a list of items, handed out as :mod:`tts.core.cluster` does."""
    return _Run(work, machines, overhead, group_seconds, seed).run()


class _Run:
    """One simulated run: a heap of (time, number, what, whom); the scheduler and the storage serve one after the other."""

    def __init__(self, work: Work, machines: Machines, overhead: Overhead, group_seconds: float, seed: int) -> None:
        self.work, self.machines, self.overhead, self.group_seconds = work, machines, overhead, group_seconds
        draw = np.random.default_rng(seed)
        shape = 1.0 / max(work.spread, 1e-3) ** 2
        self.costs = np.cumsum(np.concatenate([[0.0], draw.gamma(shape, work.seconds / shape, work.items)]))
        self.draw = draw
        slow = round(machines.slow * machines.workers)
        self.speed = [1.0 / machines.slower] * slow + [1.0] * (machines.workers - slow)
        self.events: list[tuple[float, int, str, int, int]] = []
        self.number = 0
        self.next = 0  # item
        self.again: deque[range] = deque()
        self.queues: list[deque[tuple[float, range]]] = [deque() for _ in range(machines.workers)]  # with their arrival
        self.at: list[range | None] = [None] * machines.workers
        self.lives = [0] * machines.workers  # how often a worker has died: what a dead one would have done counts for nothing
        self.alive = [False] * machines.workers
        self.free: set[int] = set()  # workers that could be given another group
        self.scheduler = self.storage = 0.0  # free from then on
        self.busy = self.useful = self.wasted = 0.0
        self.done = 0
        self.started = [0.0] * machines.workers

    def run(self) -> Outcome:
        for worker in range(self.machines.workers):
            self._later(self.machines.ready, "up", worker)
        now = 0.0
        while self.done < self.work.items:
            now, _, what, worker, life = heapq.heappop(self.events)
            if what == "up":
                self.alive[worker] = True
                self.free.add(worker)
                self._fail_later(now, worker)
                self._hand_in(now)
            elif what == "dies" and life == self.lives[worker]:
                self._die(now, worker)
            elif what == "arrives" and life == self.lives[worker]:
                self._begin(now, worker)
            elif what == "ends" and life == self.lives[worker]:
                self._end(now, worker)
        whole = now * self.machines.workers
        return Outcome(now, self.useful / whole, self.wasted / max(self.useful, 1e-9), self.busy / now)

    def _later(self, when: float, what: str, worker: int) -> None:
        self.number += 1
        heapq.heappush(self.events, (when, self.number, what, worker, self.lives[worker]))

    def _fail_later(self, now: float, worker: int) -> None:
        if self.machines.deaths:
            self._later(now + self.draw.exponential(3600.0 / self.machines.deaths), "dies", worker)

    def _group(self) -> range | None:
        """Return the next group of items: as large as :class:`tts.core.cluster._Handing` makes it."""
        if self.again:
            return self.again.popleft()
        left = self.work.items - self.next
        if not left:
            return None
        wanted = min(self.group_seconds / self.work.seconds, left / (AHEAD * self.machines.workers), MAX_GROUP, left)
        group = range(self.next, self.next + max(1, int(wanted)))
        self.next = group.stop
        return group

    def _hand_in(self, now: float) -> None:
        """Fill the queues: the client and the scheduler take their time over every group, one after the other."""
        while self.free and (group := self._group()) is not None:
            worker = min(self.free, key=self._held)
            taken = self.overhead.group + self.overhead.item * len(group)
            self.scheduler = max(self.scheduler, now) + taken
            self.busy += taken
            arrival = self.scheduler + self.overhead.way
            self.queues[worker].append((arrival, group))
            if self._held(worker) >= AHEAD:
                self.free.discard(worker)
            self._later(arrival, "arrives", worker)

    def _held(self, worker: int) -> int:
        return len(self.queues[worker]) + (self.at[worker] is not None)

    def _begin(self, now: float, worker: int) -> None:
        if self.at[worker] is not None or not self.queues[worker] or self.queues[worker][0][0] > now:
            return
        _, group = self.queues[worker].popleft()
        self.at[worker] = group
        cost = (self.costs[group.stop] - self.costs[group.start]) / self.speed[worker]
        moved = self.work.bytes * len(group) / self.machines.storage
        self.storage = max(self.storage, now) + moved  # one after the other; reading ahead of it is not counted on
        self.started[worker] = now
        self._later(max(now + cost, self.storage), "ends", worker)

    def _end(self, now: float, worker: int) -> None:
        group = self.at[worker]
        assert group is not None
        self.at[worker] = None
        self.done += len(group)
        self.useful += self.costs[group.stop] - self.costs[group.start]
        self._begin(now, worker)
        self.free.add(worker)
        self._hand_in(now + self.overhead.way)

    def _die(self, now: float, worker: int) -> None:
        if (group := self.at[worker]) is not None:
            self.wasted += now - self.started[worker]
            self.again.append(group)
        self.again.extend(group for _, group in self.queues[worker])
        self.queues[worker].clear()
        self.at[worker], self.alive[worker] = None, False
        self.free.discard(worker)
        self.lives[worker] += 1
        self._later(now + self.machines.replaced, "up", worker)
        self._hand_in(now)


def nothing(_: int) -> None:
    """An item that costs nothing."""


def pause(seconds: float) -> float:
    """An item that takes so long and needs no processor."""
    time.sleep(seconds)
    return seconds


def measure() -> dict[str, object]:
    """Return the overheads of a real scheduler with three workers here, and predicted beside measured times."""
    with connect("local", 3) as cluster:
        cluster.share(None)
        list(cluster.map(nothing, range(200)))
        overhead = _overhead(cluster)
        work = Work("pauses", 300, 0.2, 0.5, 0.0)
        pauses = [float(value) for value in np.diff(_Run(work, Machines(3), overhead, 1.0, 1).costs)]
        rows = [
            {"case": "300 pauses of 0.2 s", **_compared(cluster, pauses, work, overhead, kill=False)},
            {"case": "the same, one worker of three killed after 5 s", **_compared(cluster, pauses, work, overhead, kill=True)},
        ]
    from tts.core.provenance import environment  # here, because workers run this file from its top, and it loads torch

    return {"overhead": asdict(overhead), "validation": rows, "made_with": environment().to_dict()}


def _overhead(cluster: Cluster) -> Overhead:
    """Time tasks of nothing: processor time of this process, which is client and scheduler, by groups and by items."""
    times = []
    for size, count in ((1, 1000), (100, 300)):
        begun = time.process_time()
        for first in range(0, count, 2 * AHEAD * 3):
            some = min(2 * AHEAD * 3, count - first)
            futures = [cluster.group(nothing, list(range(size)), "nothing") for _ in range(some)]
            for future in futures:
                cluster.outcome(future)
        times.append((time.process_time() - begun) / count)
    item = max(0.0, (times[1] - times[0]) / 99)
    way = []
    for _ in range(50):
        begun = time.perf_counter()
        cluster.outcome(cluster.group(nothing, [0], "nothing"))
        way.append(time.perf_counter() - begun)
    return Overhead(times[0] - item, item, float(np.median(way)))


def _compared(cluster: Cluster, pauses: Sequence[float], work: Work, overhead: Overhead, *, kill: bool) -> dict[str, float]:
    killer = threading.Thread(target=_kill_one, args=(cluster, 5.0)) if kill else None
    begun = time.perf_counter()
    if killer:
        killer.start()
    handed = sorted(value for _, value in cluster.map(pause, pauses, label="pauses"))  # type: ignore[type-var]
    taken = time.perf_counter() - begun
    if killer:
        killer.join()
    assert handed == sorted(pauses), "items were lost"
    # A death in the simulation is drawn; here it is known: it is one worker less from then on, and its group done again.
    machines = Machines(3, ready=0.0)
    predicted = _predicted_with_a_death(work, machines, overhead, 5.0) if kill else simulate(work, machines, overhead).makespan
    return {"measured": round(taken, 2), "predicted": round(predicted, 2)}


def _predicted_with_a_death(work: Work, machines: Machines, overhead: Overhead, when: float) -> float:
    run = _Run(work, replace(machines, replaced=RESTART), overhead, GROUP_SECONDS, 1)
    run._later(when, "dies", 0)
    return run.run().makespan


RESTART = 4.0  # seconds until a nanny has a new worker process ready here


def _kill_one(cluster: Cluster, when: float) -> None:
    processes = cluster._client.run(os.getpid)
    time.sleep(when)
    busy = [address for address, keys in cluster._client.processing().items() if keys and address in processes]
    os.kill(processes[busy[0]], signal.SIGKILL)


# What a second of speech costs on one core: docs/performance.md. Bytes: a recording of 16 bits at 24 kHz read, streams in the
# cache written (2 GB an hour); a WAV written; a line's text is nothing.
PREPARE = Work("prepare, 100 h", 100_000, 0.082 * UTTERANCE, 0.4, (48_000 + 2e9 / 3600) * UTTERANCE)
SPEAK = Work("speak, 1,000,000 lines", 1_000_000, 0.009 * UTTERANCE, 0.5, 48_000 * UTTERANCE)


def tables(overhead: Overhead, figure: Path | None) -> None:
    """Print the tables of docs/cluster.md and draw its figure."""
    works = (PREPARE, SPEAK)
    curves: dict[str, list[Outcome]] = {}
    for work in works:
        curves[work.name] = [simulate(work, Machines(count, ready=5.0), overhead) for count in WORKERS]
        print(f"\n{work.name}: {work.items * work.seconds / 3600:.1f} core hours, groups of {GROUP_SECONDS:g} s\n")
        print("| workers | minutes | utilisation | scheduler busy |\n| ---: | ---: | ---: | ---: |")
        for count, one in zip(WORKERS, curves[work.name], strict=True):
            print(f"| {count} | {one.makespan / 60:.1f} | {one.utilisation:.0%} | {one.scheduler:.0%} |")
    sizes = {
        (work.name, count): [simulate(work, Machines(count, ready=5.0, storage=PLENTY), overhead, size) for size in GROUPS]
        for work in works
        for count in (64, 256)
    }
    print("\nUtilisation by the seconds of a group, storage not in the way\n")
    print("| work | workers | deaths an hour | " + " | ".join(f"{size:g} s" for size in GROUPS) + " |")
    print("| --- | ---: | ---: |" + " ---: |" * len(GROUPS))
    for (name, count), row in sizes.items():
        print(f"| {name} | {count} | 0 | " + " | ".join(f"{one.utilisation:.0%}" for one in row) + " |")
    for work in works:
        for rate in DEATHS:
            row = [simulate(work, Machines(64, 5.0, rate, storage=PLENTY), overhead, size) for size in GROUPS]
            print(f"| {work.name} | 64 | {rate:g} | " + " | ".join(f"{one.utilisation:.0%}" for one in row) + " |")
    print("\n64 workers: what else bends it\n\n| work | what | minutes | utilisation |\n| --- | --- | ---: | ---: |")
    for work in works:
        for what, machines in (
            ("nothing", Machines(64, 5.0)),
            ("one in ten four times as slow", Machines(64, 5.0, slow=0.1)),
            ("storage of 100 MB a second", Machines(64, 5.0, storage=1e8)),
            ("storage of 300 MB a second", Machines(64, 5.0, storage=3e8)),
            ("each dies once an hour, replaced after a minute", Machines(64, 5.0, 1.0)),
        ):
            one = simulate(work, machines, overhead)
            print(f"| {work.name} | {what} | {one.makespan / 60:.1f} | {one.utilisation:.0%} |")
    if figure is not None:
        _draw(figure, curves, sizes)


def _draw(path: Path, curves: dict[str, list[Outcome]], sizes: dict[tuple[str, int], list[Outcome]]) -> None:
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    drawing, (left, right) = pyplot.subplots(1, 2, figsize=(9.0, 3.4), layout="constrained")
    for name, row in curves.items():
        left.plot(WORKERS, [100 * one.utilisation for one in row], "o-", label=name)
    for (name, count), row in sizes.items():
        right.plot(GROUPS, [100 * one.utilisation for one in row], "o-", label=f"{name.partition(',')[0]}, {count} workers")
    right.axvline(GROUP_SECONDS, color="grey", linewidth=0.8)
    for axes, label in ((left, "workers, storage of 1 GB a second"), (right, "seconds of a group, storage not in the way")):
        axes.set_xscale("log", base=2)
        axes.set_xlabel(label)
        axes.set_ylabel("utilisation, %")
        axes.set_ylim(0, 102)
        axes.grid(alpha=0.3)
        axes.legend(loc="lower right" if axes is right else "lower left")
    drawing.savefig(path, dpi=110)


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure, or simulate and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=("measure", "tables"))
    parser.add_argument("--json", type=Path, help="where measure leaves what it found")
    parser.add_argument("--overhead", type=Path, help="what measure left, for tables")
    parser.add_argument("--figure", type=Path, help="a PNG of the tables")
    asked = parser.parse_args(arguments)
    if asked.what == "measure":
        text = json.dumps(measure(), indent=2)
        print(text)
        if asked.json:
            asked.json.write_text(text + "\n", encoding="utf-8")
        return
    overhead = Overhead()
    if asked.overhead:
        overhead = Overhead(**json.loads(asked.overhead.read_text(encoding="utf-8"))["overhead"])
    tables(overhead, asked.figure)


if __name__ == "__main__":
    main()
