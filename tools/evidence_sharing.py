"""Ask of every way of sharing whether an auxiliary task helps a main task, on a problem whose answer is known.

    python tools/evidence_sharing.py                   # all ways, 8 seeds: about eight minutes on one free core
    python tools/evidence_sharing.py --only hard ple --seeds 3

x ~ N(0, I) of 50 dimensions; P = tanh(x A) of 20 features. The main task (10 values, noise 0.5) reads the first ten; so does
the helpful task (noise 0.1); the unrelated one reads the other ten. 400 examples train, 400 validate, 4000 test; a trunk of
64-64 tanh units, all weights 1, batches of 64, Adam at 1e-3, 1000 steps, the best of 20 validations of the main task kept.
Prints the change of the main task's test error against the single-task network on the same seeds, %, with its t statistic.
"""

from __future__ import annotations

import argparse
from typing import Any

import numpy as np
import torch
from torch import Tensor

from tts.network.stack import Stage
from tts.recipe import StagePart

PRIVATE = {"private": [32]}
WAYS: dict[str, dict[str, Any]] = {
    "hard": {},
    "auxiliary head at depth 1": {"tasks": {"mcep": 1, "auxiliary": {"depth": 1}}},
    "private layer of 32": {"tasks": {"mcep": 1, "auxiliary": PRIVATE}},
    "the same, main eavesdrops": {"tasks": {"mcep": {"reads": "auxiliary"}, "auxiliary": PRIVATE}},
    "cross_stitch": {"sharing": "cross_stitch"},
    "cross_stitch, keep 0.5": {"sharing": {"kind": "cross_stitch", "keep": 0.5}},
    "sluice, orthogonality 0.1": {"sharing": {"kind": "sluice", "orthogonality": 0.1}},
    "mmoe, 4 experts": {"sharing": "mmoe"},
    "mmoe, 4 experts of half width": {"sharing": "mmoe", "trunk": {"layers": [32, 32], "activation": "tanh"}},
    "ple": {"sharing": "ple"},
    "adapters, rank 16": {"sharing": "adapters"},
    "go_mtl": {"sharing": "go_mtl"},
    "unrelated, readout, weight 1": {"unrelated": {"pairs": [["main", "auxiliary"]], "weight": 1.0}},
}


def make_data(seed: int, helpful: bool) -> tuple[Tensor, Tensor, Tensor]:
    """Return inputs (4800, 50), main targets and auxiliary targets (4800, 10)."""
    rng = np.random.default_rng(seed)
    mixing = 1.5 * rng.standard_normal((50, 20)) / 50**0.5
    readouts = rng.standard_normal((3, 10, 10)) / 10**0.5
    x = rng.standard_normal((4800, 50))
    features = np.tanh(x @ mixing)

    def target(part: np.ndarray, readout: np.ndarray) -> np.ndarray:
        clean = part @ readout
        scaled: np.ndarray = (clean - clean[:400].mean(axis=0)) / clean[:400].std(axis=0)
        return scaled

    main = target(features[:, :10], readouts[0]) + 0.5 * rng.standard_normal((4800, 10))
    auxiliary = [target(features[:, part], readouts[n]) for n, part in ((1, slice(10)), (2, slice(10, 20)))]
    noise = 0.1 * rng.standard_normal((2, 4800, 10))
    chosen = auxiliary[0] + noise[0] if helpful else auxiliary[1] + noise[1]
    return torch.tensor(x).float(), torch.tensor(main).float(), torch.tensor(chosen).float()


def main_error(seed: int, helpful: bool, way: dict[str, Any] | None) -> float:
    """Train one stage and return the main task's test error; ``None`` is the single-task network."""
    x, main, auxiliary = make_data(seed, helpful)
    tasks = {"mcep": 1} if way is None else {"mcep": 1, "auxiliary": 1}
    part = StagePart.model_validate({"trunk": {"layers": [64, 64], "activation": "tanh"}, "tasks": tasks} | (way or {}))
    torch.manual_seed(seed)
    stage = Stage(50, part, {"mcep": 10, "auxiliary": 10})
    optimiser = torch.optim.Adam(stage.parameters(), lr=1e-3)
    generator = torch.Generator().manual_seed(seed)
    best = (float("inf"), float("inf"))
    for step in range(1, 1001):
        rows = torch.randint(400, (64,), generator=generator)
        output = stage.train()(x[rows])
        heads = output.heads
        loss = (heads["mcep"] - main[rows]).square().mean() + stage.penalty(output)
        if "auxiliary" in heads:
            loss = loss + (heads["auxiliary"] - auxiliary[rows]).square().mean()
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        stage.after_step(1e-3)
        if step % 50 == 0:
            with torch.no_grad():
                errors = (stage.eval()(x[400:]).heads["mcep"] - main[400:]).square()
            best = min(best, (float(errors[:400].mean()), float(errors[400:].mean())))
    return best[1]


def main() -> None:
    """Print a table in Markdown."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=8)
    parser.add_argument("--only", nargs="+", choices=list(WAYS), default=list(WAYS))
    options = parser.parse_args()
    torch.set_num_threads(1)
    seeds = range(options.seeds)
    single = np.array([main_error(seed, True, None) for seed in seeds])
    print(f"single task: {single.mean():.4f}\n\n| way | helpful | unrelated |\n| --- | ---: | ---: |")
    for name in options.only:
        cells = []
        for helpful in (True, False):
            change = 100 * (np.array([main_error(seed, helpful, WAYS[name]) for seed in seeds]) / single - 1)
            error = change.std(ddof=1) / len(seeds) ** 0.5 if len(seeds) > 1 else float("nan")
            cells.append(f"{change.mean():+.1f} (t {change.mean() / error:+.0f})")
        print(f"| {name} | {' | '.join(cells)} |", flush=True)


if __name__ == "__main__":
    main()
