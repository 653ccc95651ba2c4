"""In which precision a network is trained fastest on a device: measured on the network, not read off the processor.

A processor may list bfloat16 among its instructions and yet multiply it slower than float32: an Intel Xeon with avx512_bf16
but without AMX does so 1.8 times, an AMD Zen 4 is 2.3 times faster (``docs/performance.md``).
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Mapping

import torch
from torch import nn

from tts.core.device import autocast, multiplies_bfloat16
from tts.network.stack import Stack, Stage

FLOAT32, BFLOAT16 = "float32", "bfloat16"
GAIN = 1.2  # what bfloat16 must be faster by: below it, noise would decide from one run to the next
WORTH = 500_000  # parameters; of smaller networks the products are too little of a step for bfloat16 to gain anything
ROWS, UTTERANCES, TIME = 256, 4, 64  # what is measured on: rows of a frame-wise network, else utterances of so many frames
ROUNDS = 3


def choose_precision(wanted: str, network: nn.Module, inputs: int, device: torch.device, *, framewise: bool = True) -> str:
    """Turn ``auto`` into what trains ``network``, which reads (batch, time, ``inputs``), faster on ``device``.

    Both are timed in turn, forward and backward, and the medians compared; bfloat16 must gain a fifth. It takes some tenths
    of a second, and neither weights nor random numbers change. Where the device has no arithmetic for bfloat16, or the network
    is small, it is float32 without a look.
    """
    if wanted != "auto":
        return wanted
    parameters = [parameter for parameter in network.parameters() if parameter.requires_grad]
    if not multiplies_bfloat16(device) or sum(parameter.numel() for parameter in parameters) < WORTH:
        return FLOAT32
    shape = (ROWS, 1, inputs) if framewise else (UTTERANCES, TIME, inputs)
    training = network.training
    with torch.random.fork_rng(devices=[device] if device.type == "cuda" else []):
        x = torch.rand(shape, device=device)
        mask = torch.ones(shape[:2], dtype=torch.bool, device=device)
        network.train()

        def step(precision: str) -> None:
            with autocast(device, precision):
                heads = network(x, mask).heads
            loss = torch.stack([values.float().square().mean() for values in heads.values()]).sum()
            torch.autograd.grad(loss, parameters, allow_unused=True)

        try:
            return faster({name: lambda name=name: step(name) for name in (FLOAT32, BFLOAT16)}, device)  # type: ignore[misc]
        finally:
            network.train(training)


def faster(works: Mapping[str, Callable[[], None]], device: torch.device) -> str:
    """Return ``bfloat16`` where its work takes less than float32's by the factor :data:`GAIN`, else ``float32``.

    The works take turns; the medians of :data:`ROUNDS` rounds after one to warm up are compared: of the processor's time on a
    CPU, so that others who use it don't decide, and of the clock's on a GPU.
    """
    times: dict[str, list[float]] = {name: [] for name in works}
    clock = time.process_time if device.type == "cpu" else time.perf_counter
    for number in range(ROUNDS + 1):
        for name, work in works.items():
            start = clock()
            work()
            if device.type == "cuda":
                torch.cuda.synchronize(device)
            if number:
                times[name].append(clock() - start)
    medians = {name: statistics.median(values) for name, values in times.items()}
    return BFLOAT16 if medians[BFLOAT16] * GAIN <= medians[FLOAT32] else FLOAT32


def stack_precision(wanted: str, stack: Stack, device: torch.device) -> str:
    """Turn ``auto`` into what the largest stage of a stack is trained faster in; see :func:`choose_precision`."""
    stages = [stage for stage in stack.stages if isinstance(stage, Stage)]
    largest = max(stages, key=lambda stage: sum(parameter.numel() for parameter in stage.parameters()))
    return choose_precision(wanted, largest, largest.inputs, device, framewise=largest.framewise)
