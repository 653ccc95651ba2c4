"""Which device computes, in which precision, and how much memory it has."""

from __future__ import annotations

import re
from pathlib import Path

import torch
from torch import Tensor

from tts.core.errors import TtsError, UsageError


def choose_precision(wanted: str, device: torch.device) -> str:
    """Turn ``auto`` into ``bfloat16`` where the device multiplies it natively, else ``float32``."""
    if wanted != "auto":
        return wanted
    if device.type == "cuda":
        return "bfloat16" if torch.cuda.is_bf16_supported(including_emulation=False) else "float32"
    flags = ("amx_bf16", "avx512_bf16")
    try:
        text = Path("/proc/cpuinfo").read_text(encoding="ascii", errors="ignore")
    except OSError:
        return "float32"
    return "bfloat16" if any(flag in text for flag in flags) else "float32"


def choose_device(wanted: str) -> torch.device:
    """Turn ``auto`` into CUDA where there is one, else the CPU; a device that is not there raises :class:`TtsError`."""
    if wanted == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    match = re.fullmatch(r"cpu|cuda(:\d+)?", wanted)
    if match is None:
        raise UsageError(f"--device {wanted}: no such device; use auto, cpu, cuda or cuda:1")
    device = torch.device(wanted)
    if device.type == "cuda" and (device.index or 0) >= torch.cuda.device_count():
        raise TtsError(
            f"--device {wanted}: there are {torch.cuda.device_count()} CUDA devices; use --device cpu or another number"
        )
    return device


def to_host(values: Tensor) -> Tensor:
    """Return a tensor on the CPU: the one place where training, validation and speaking wait for a device.

    Everything queued on the device before it has to finish first, so it is called where a result leaves the network: once a
    validation, once a batch of speech, once a measurement of the tasks' gradients, and once a step by the weightings whose
    problem is solved on the host (:attr:`tts.training.weighting.base.Weighting.solves_on_host`). Nothing else in a step may
    look at values (``item``, ``bool``, ``nonzero``, a boolean index); tests on torch's ``meta`` device refuse it.
    """
    return values.detach().cpu()


def wide(device: torch.device) -> torch.dtype:
    """Return the type that small problems are solved in on a device: float64, or float32 on Apple's GPUs, which lack it."""
    return torch.float32 if device.type == "mps" else torch.float64


def to_device(values: Tensor, device: torch.device) -> Tensor:
    """Return a tensor of the CPU on a device, through pinned memory where that spares the host the waiting."""
    if device.type == "cuda" and values.device.type == "cpu":
        return values.pin_memory().to(device, non_blocking=True)
    return values.to(device)


def available_memory(device: torch.device) -> int:
    """Return the bytes free on a device (for the CPU, what the system says is available; 4 GB where it does not say)."""
    if device.type == "cuda":
        return int(torch.cuda.mem_get_info(device)[0])
    try:
        with open("/proc/meminfo", encoding="ascii") as stream:  # noqa: PTH123
            for line in stream:
                if line.startswith("MemAvailable:"):
                    return int(line.split()[1]) * 1024
    except OSError:
        pass
    return 4 << 30
