"""Measure what each way of sharing costs: parameters and time a training step, as ratios to hard sharing.

    python tools/bench_sharing.py                      # 4 layers of 256, batches of 256 frames, three groups of tasks
    python tools/bench_sharing.py --width 1024 --layers 6

One thread. The ways take turns, so that a busy machine slows all of them; each number is the median of the rounds.
"""

from __future__ import annotations

import argparse
import platform
import statistics
import time
from collections.abc import Callable
from typing import Any

import torch

from tts.network.stack import Stage
from tts.recipe import StagePart

WIDTHS = {"mcep": 180, "lf0": 3, "vuv": 1, "bap": 3, "mel": 40, "phone_class": 42}
TASKS = {"mcep": 1, "lf0": 0.1, "vuv": 0.2, "bap": 0.05, "mel": 0.2, "phone_class": 0.1}
PRIVATE = {**TASKS, "mel": {"weight": 0.2, "private": [64]}, "phone_class": {"weight": 0.1, "private": [64]}}
READS = {**PRIVATE, "mcep": {"weight": 1, "reads": "phone_class"}}
APART: dict[str, Any] = {"pairs": [["main", "phone_class"]]}
WAYS: dict[str, dict[str, Any]] = {
    "hard": {},
    "mel at depth 2": {"tasks": {**TASKS, "mel": {"weight": 0.2, "depth": 2}}},
    "private layers of 64": {"tasks": PRIVATE},
    "the same, mcep eavesdrops": {"tasks": READS},
    "cross_stitch": {"sharing": "cross_stitch"},
    "sluice": {"sharing": "sluice"},
    "sluice, mixture, orthogonality": {"sharing": {"kind": "sluice", "mixture": True, "orthogonality": 0.1}},
    "mmoe, 4 experts": {"sharing": "mmoe"},
    "mmoe, 4 experts of half width": {"sharing": "mmoe", "narrow": 2},
    "ple, 1 shared, 1 own": {"sharing": "ple"},
    "ple of half width": {"sharing": "ple", "narrow": 2},
    "adapters, rank 16": {"sharing": "adapters"},
    "go_mtl, basis of 2": {"sharing": "go_mtl"},
    "unrelated, readout": {"unrelated": APART},
    "unrelated, activation": {"unrelated": APART | {"form": "activation"}, "tasks": PRIVATE},
}


def make_step(way: dict[str, Any], inputs: int, width: int, layers: int, batch: int) -> tuple[Callable[[], None], int]:
    """Return a function that takes one training step of a way of sharing, and its number of parameters."""
    more = {key: value for key, value in way.items() if key != "narrow"}
    sizes = [width // way.get("narrow", 1)] * layers
    part = StagePart.model_validate({"trunk": {"layers": sizes}, "tasks": TASKS} | more)
    torch.manual_seed(0)
    stage = Stage(inputs, part, WIDTHS)
    optimiser = torch.optim.AdamW(stage.parameters(), lr=1e-3, fused=True)
    x = torch.randn(batch, 1, inputs)
    targets = {name: torch.randn(batch, 1, size) for name, size in WIDTHS.items()}

    def step() -> None:
        output = stage(x)
        heads = output.heads
        loss = torch.stack([(heads[name] - target).square().mean() for name, target in targets.items()]).sum()
        optimiser.zero_grad()
        (loss + stage.penalty(output)).backward()  # type: ignore[no-untyped-call]
        optimiser.step()
        stage.after_step(1e-3)

    return step, sum(p.numel() for p in stage.parameters())


def main() -> None:
    """Print a table in Markdown."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    for name, default in (("inputs", 425), ("width", 256), ("layers", 4), ("batch", 256), ("rounds", 15)):
        parser.add_argument(f"--{name}", type=int, default=default)
    options = parser.parse_args()
    torch.set_num_threads(1)
    ways = {n: make_step(way, options.inputs, options.width, options.layers, options.batch) for n, way in WAYS.items()}
    seconds: dict[str, list[float]] = {name: [] for name in ways}
    for number in range(options.rounds + 2):
        for name, (step, _) in ways.items():
            start = time.perf_counter()
            step()
            if number >= 2:  # the first ones warm up
                seconds[name].append(time.perf_counter() - start)
    hard, size = statistics.median(seconds["hard"]), ways["hard"][1]
    print(
        f"{options.layers} x {options.width}, batch {options.batch}, torch {torch.__version__}, {platform.machine()}, 1 thread"
    )
    print(f"hard sharing: {1000 * hard:.1f} ms a step, {size:,} parameters\n")
    print("| way | parameters | step |\n| --- | ---: | ---: |")
    for name, (_, count) in ways.items():
        print(f"| {name} | {count / size:.2f} | {statistics.median(seconds[name]) / hard:.2f} |")


if __name__ == "__main__":
    main()
