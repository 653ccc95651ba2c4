"""What each way of sharing costs: parameters and time a training step, as ratios to hard sharing."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch

from bench_parts.frame import Row, Setup, take_turns
from tts.network.stack import Stage
from tts.recipe import StagePart

INPUTS, WIDTH, LAYERS, BATCH = 425, 256, 4, 256
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


def measure(setup: Setup) -> list[Row]:
    """Return a row a way of sharing; the floor is the step of hard sharing."""
    width, batch = (16, 16) if setup.quick else (WIDTH, BATCH)
    made = {name: make_step(way, INPUTS, width, LAYERS, batch) for name, way in WAYS.items()}
    times = take_turns({name: step for name, (step, _) in made.items()}, setup.rounds, warm=2)
    size = made["hard"][1]
    shape = f"{LAYERS} x {width}, batch {batch}"
    return [
        Row("sharing", name, times[name], "step", times["hard"], note=f"{shape}; parameters x {made[name][1] / size:.2f}")
        for name in WAYS
    ]


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
