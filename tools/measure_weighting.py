"""Compare ways of weighing tasks on a problem whose answer is known: main and auxiliary tasks of one random teacher.

    python tools/measure_weighting.py --seeds 8 --out table.md
    python tools/measure_weighting.py --methods sum ol-aux gate --columns mixed "unrelated x10" --seeds 3
    python tools/measure_weighting.py --methods "sum, main only last 20 %" --against sum
    python tools/measure_weighting.py --cost

x ~ N(0, I) of 50 dimensions; the teacher is P = tanh(x A) of 20 features. The main task (10 values, noise 0.5) reads the
first ten of them; so does the helpful task (noise 0.1); the unrelated task reads the other ten; the noise task is noise;
"x10" is the unrelated task with targets ten times as large, so a loss a hundred times as large. 400 examples train, 400
validate, 4000 test. A trunk 50-64-64 (tanh) with linear heads learns them: mean squared error, batches of 64, Adam at
1e-3, 1000 steps, validated every 50, the best validation of the main task kept. Cells: change of the main task's test error
against the single task (with ``--against``: another method) on the same seeds, %, mean over the seeds, standard error in
brackets. ``--decay`` lets the learning rate fall to 0 in a line, as recipes do by default.
"""

from __future__ import annotations

import argparse
import itertools
import math
import statistics
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from tts.recipe import ForkMergePart
from tts.training.checkpoint import optimiser_state, restore_optimiser
from tts.training.fork_merge import State, merge, search_shares
from tts.training.weighting import Schedule, after_step, backward, make_weighting

COLUMNS: dict[str, tuple[str, ...]] = {
    "helpful": ("helpful",),
    "unrelated": ("unrelated",),
    "noise": ("noise",),
    "unrelated x10": ("large",),
    "mixed": ("helpful", "unrelated", "noise"),
    "helpful + x10": ("helpful", "large"),
}


@dataclass(frozen=True)
class Arm:
    """One row of the table: a method, its options, the weights tried (the best on validation is kept), the last step.

    ``fork_merge`` has a branch for every auxiliary task and one of the main task alone.
    """

    method: str
    options: Mapping[str, Any]
    grid: tuple[float, ...] = (1.0,)
    main_only_from: int | None = None


ARMS: dict[str, Arm] = {
    "sum": Arm("sum", {}),
    "sum, tuned weight": Arm("sum", {}, grid=(0.0, 0.03, 0.1, 0.3, 1.0, 3.0)),
    "sum, weight 10": Arm("sum", {}, grid=(10.0,)),
    "sum, main only from half": Arm("sum", {}, main_only_from=500),
    "sum, main only last 20 %": Arm("sum", {}, main_only_from=800),
    "sum, main only last 10 %": Arm("sum", {}, main_only_from=900),
    "sum, weight 10, main only last 20 %": Arm("sum", {}, grid=(10.0,), main_only_from=800),
    "uncertainty": Arm("uncertainty", {}),
    "dynamic-average": Arm("dynamic-average", {"period": 50}),
    "geometric-mean": Arm("geometric-mean", {}),
    "random": Arm("random", {}),
    "famo": Arm("famo", {}),
    "gradnorm": Arm("gradnorm", {}),
    "gate": Arm("gate", {}),
    "gate, 0/1": Arm("gate", {"weighted": False}),
    "gate, 0/1, clip": Arm("gate", {"weighted": False, "clip": True}),
    "projection": Arm("projection", {"clip": False}),
    "projection, clip": Arm("projection", {}),
    "ol-aux": Arm("ol-aux", {}),
    "bloop": Arm("bloop", {}),
    "metabalance": Arm("metabalance", {}),
    "pcgrad": Arm("pcgrad", {}),
    "upgrad": Arm("upgrad", {}),
    "dualproj": Arm("dualproj", {}),
    "mgda": Arm("mgda", {}),
    "mgda, last layer": Arm("mgda", {"on": "last layer"}),
    "cagrad": Arm("cagrad", {}),
    "imtl-g": Arm("imtl-g", {}),
    "aligned-mtl": Arm("aligned-mtl", {}),
    "fairgrad": Arm("fairgrad", {}),
    "config": Arm("config", {}),
    "fork_merge, every 50": Arm("fork_merge", {"every": 50}),
    "fork_merge, every 200": Arm("fork_merge", {"every": 200}),
}


class Student(nn.Module):
    """The shared trunk and a linear head a task; the main head is made first, so it starts alike in every arm."""

    def __init__(self, tasks: Sequence[str]) -> None:
        super().__init__()
        self.trunk = nn.Sequential(nn.Linear(50, 64), nn.Tanh(), nn.Linear(64, 64), nn.Tanh())
        self.heads = nn.ModuleDict({name: nn.Linear(64, 10) for name in tasks})

    def losses(self, data: Mapping[str, Tensor], rows: Tensor | slice) -> dict[str, Tensor]:
        """Return every task's mean squared error on some rows."""
        hidden = self.trunk(data["x"][rows])
        return {name: functional.mse_loss(head(hidden), data[name][rows]) for name, head in self.heads.items()}


def make_data(seed: int) -> dict[str, Tensor]:
    """Return inputs ``x`` (4800, 50) and the targets of every task (4800, 10)."""
    generator = torch.Generator().manual_seed(seed)

    def normal(*shape: int) -> Tensor:
        return torch.randn(*shape, generator=generator)

    x = normal(4800, 50)
    features = torch.tanh(x @ (1.5 * normal(50, 20) / math.sqrt(50)))

    def target(part: Tensor, noise: float) -> Tensor:
        clean = part @ (normal(10, 10) / math.sqrt(10))
        return (clean - clean.mean(dim=0)) / clean.std(dim=0) + noise * normal(4800, 10)

    data = {"x": x, "main": target(features[:, :10], 0.5), "helpful": target(features[:, :10], 0.1)}
    data["unrelated"] = target(features[:, 10:], 0.1)
    data["noise"] = normal(4800, 10)
    data["large"] = 10.0 * data["unrelated"]
    return data


def batches(seed: int) -> Iterator[Tensor]:
    """Yield the rows of one batch after the other, every epoch in an order of its own."""
    generator = torch.Generator().manual_seed(seed)
    order = torch.empty(0, dtype=torch.int64)
    while True:
        if len(order) < 64:
            order = torch.randperm(400, generator=generator)
        yield order[:64]
        order = order[64:]


def train(
    data: Mapping[str, Tensor], auxiliary: Sequence[str], arm: Arm, weight: float, seed: int, decay: bool = False
) -> tuple[float, float]:
    """Train one student; return the main task's best validation error and the test error there."""
    torch.manual_seed(seed)
    tasks = ["main_task", *auxiliary]
    data = {**data, "main_task": data["main"]}
    student = Student(tasks)
    base = dict.fromkeys(auxiliary, weight)
    schedule = Schedule(main_only_from=arm.main_only_from)
    weighting = make_weighting(arm.method, arm.options, tasks, ["main_task"], base, schedule=schedule)
    shared, heads = list(student.trunk.parameters()), list(student.heads.parameters())
    optimiser = torch.optim.Adam([*shared, *heads], lr=1e-3, fused=True)
    best = (math.inf, math.inf)
    for step, rows in zip(range(1000), batches(seed), strict=False):
        for group in optimiser.param_groups if decay else ():
            group["lr"] = 1e-3 * (1.0 - step / 1000)
        optimiser.zero_grad()
        backward(student.losses(data, rows), shared, heads, weighting, step)
        optimiser.step()
        if weighting.needs_losses_after:
            with torch.no_grad():
                after_step(student.losses(data, rows), weighting, step)
        if (step + 1) % 50 == 0:
            with torch.no_grad():
                valid = float(student.losses(data, slice(400, 800))["main_task"])
                if valid < best[0]:
                    best = (valid, float(student.losses(data, slice(800, None))["main_task"]))
    return best


def train_forked(data: Mapping[str, Tensor], auxiliary: Sequence[str], every: int, seed: int) -> tuple[float, float]:
    """Train one student by fork and merge; return the main task's best validation error after a merge and the test error."""
    torch.manual_seed(seed)
    data = {**data, "main_task": data["main"]}
    student = Student(["main_task", *auxiliary])
    optimiser = torch.optim.Adam(student.parameters(), lr=1e-3, fused=True)

    def state() -> State:
        tensors = {f"weights.{name}": value for name, value in student.state_dict().items()} | optimiser_state(optimiser)
        return {name: value.clone() for name, value in tensors.items()}

    def load(tensors: Mapping[str, Tensor]) -> None:
        student.load_state_dict({n.removeprefix("weights."): t for n, t in tensors.items() if n.startswith("weights.")})

    def error(tensors: Mapping[str, Tensor], rows: slice) -> float:
        load(tensors)
        with torch.no_grad():
            return float(student.losses(data, rows)["main_task"])

    held, best, source, now = slice(400, 800), (math.inf, math.inf), batches(seed), state()
    for _ in range(0, 1000, every):
        rows = list(itertools.islice(source, every))
        ends: list[State] = []
        for branch in [(), *((name,) for name in auxiliary)]:
            load(now)
            restore_optimiser(optimiser, {name: tensor.clone() for name, tensor in now.items()})
            for batch in rows:
                losses = student.losses(data, batch)
                optimiser.zero_grad()
                torch.stack([losses[name] for name in ("main_task", *branch)]).sum().backward()  # type: ignore[no-untyped-call]
                optimiser.step()
            ends.append(state())

        def mixed(shares: Sequence[float], start: State = now, ends: list[State] = ends) -> float:
            return error(merge(start, ends, shares, "weights."), held)

        shares, valid = search_shares([error(end, held) for end in ends], ForkMergePart(every=every).grid, mixed)
        now = merge(now, ends, shares)
        if valid < best[0]:
            best = (valid, error(now, slice(800, None)))
    return best


def run_arm(data: Mapping[str, Tensor], auxiliary: Sequence[str], arm: Arm, seed: int, decay: bool = False) -> float:
    """Return the test error of the weight that is best on validation."""
    if arm.method == "fork_merge":
        return train_forked(data, auxiliary, arm.options["every"], seed)[1]
    return min(train(data, auxiliary if weight else (), arm, weight, seed, decay) for weight in arm.grid)[1]


def cost(methods: Sequence[str], say: Callable[[str], None]) -> None:
    """Print the processor time of a step over the plain sum's: 425 inputs, six layers of 1024, batches of 256."""
    torch.manual_seed(0)
    widths = {"mcep": 187, "lf0": 12, "aux1": 40, "aux2": 55, "aux3": 42}
    layers = [nn.Linear(1024 if number else 425, 1024) for number in range(6)]
    trunk = nn.Sequential(*(module for layer in layers for module in (layer, nn.Tanh())))
    heads = nn.ModuleDict({name: nn.Linear(1024, width) for name, width in widths.items()})
    optimiser = torch.optim.Adam([*trunk.parameters(), *heads.parameters()], fused=True)
    x, targets = torch.randn(256, 425), {name: torch.randn(256, width) for name, width in widths.items()}

    def losses(tasks: Sequence[str]) -> dict[str, Tensor]:
        hidden = trunk(x)
        return {name: functional.mse_loss(heads[name](hidden), targets[name]) for name in tasks}

    def seconds(name: str, tasks: Sequence[str]) -> float:
        weighting = make_weighting(ARMS[name].method, ARMS[name].options, tasks, ["mcep"], {})
        times = []
        for step in range(12):
            start = time.process_time()
            optimiser.zero_grad()
            backward(losses(tasks), list(trunk.parameters()), list(heads.parameters()), weighting, step)
            optimiser.step()
            if weighting.needs_losses_after:
                with torch.no_grad():
                    after_step(losses(tasks), weighting, step)
            times.append(time.process_time() - start)
        return min(times)

    say("| method | 3 tasks | 5 tasks |\n|---|---:|---:|")
    sets = [list(widths)[:3], list(widths)]
    for name in methods:  # the plain sum is timed beside every method, so that a busy machine slows both
        say(f"| {name} | " + " | ".join(f"{seconds(name, tasks) / seconds('sum', tasks):.2f}" for tasks in sets) + " |")


def main() -> None:
    """Run the table and print it row by row."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--seeds", type=int, default=8)
    parser.add_argument("--methods", nargs="+", choices=list(ARMS), default=list(ARMS), metavar="METHOD")
    parser.add_argument("--columns", nargs="+", choices=list(COLUMNS), default=list(COLUMNS), metavar="COLUMN")
    parser.add_argument("--against", choices=list(ARMS), metavar="METHOD", help="compare with it in place of the single task")
    parser.add_argument("--decay", action="store_true", help="let the learning rate fall to 0 in a line")
    parser.add_argument("--cost", action="store_true", help="time a step of each method in place of training")
    parser.add_argument("--out", type=Path, help="also append the table to this file")
    wanted = parser.parse_args()
    torch.set_num_threads(1)

    def say(line: str) -> None:
        print(line)
        sys.stdout.flush()
        if wanted.out:
            with wanted.out.open("a", encoding="utf-8") as stream:
                stream.write(line + "\n")

    if wanted.cost:
        cost([name for name in wanted.methods if ARMS[name].method != "fork_merge"], say)
        return
    data = [make_data(seed) for seed in range(wanted.seeds)]
    start = time.perf_counter()
    seeds = range(wanted.seeds)
    single = [run_arm(data[seed], (), ARMS["sum"], seed, wanted.decay) for seed in seeds]
    alone = (time.perf_counter() - start) / wanted.seeds
    error = statistics.stdev(single) / math.sqrt(wanted.seeds) if wanted.seeds > 1 else 0.0
    say(f"Single task: {statistics.mean(single):.4f} ({error:.4f}), {wanted.seeds} seeds, {alone:.2f} s a run.\n")
    say("| method | " + " | ".join(wanted.columns) + " | s a run |\n" + "|---|" + "---:|" * (len(wanted.columns) + 1))

    def errors(name: str, column: str) -> list[float]:
        return [run_arm(data[seed], COLUMNS[column], ARMS[name], seed, wanted.decay) for seed in seeds]

    base = {column: errors(wanted.against, column) if wanted.against else single for column in wanted.columns}
    for name in wanted.methods:
        cells, start = [], time.perf_counter()
        for column in wanted.columns:
            both = zip(errors(name, column), base[column], strict=True)
            change = [100.0 * (ours / other - 1.0) for ours, other in both]
            spread = f" ({statistics.stdev(change) / math.sqrt(wanted.seeds):.1f})" if wanted.seeds > 1 else ""
            cells.append(f"{statistics.mean(change):+.1f}{spread}")
        seconds = (time.perf_counter() - start) / len(wanted.columns) / wanted.seeds
        say(f"| {name} | " + " | ".join(cells) + f" | {seconds:.2f} |")


if __name__ == "__main__":
    main()
