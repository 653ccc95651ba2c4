"""Which device computes, in which precision, and how much memory it has."""

from __future__ import annotations

import re
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path

import torch
from torch import Tensor

from tts.core.errors import TtsError, UsageError
from tts.core.memory import available_bytes, device_part

DEVICES = "auto, cpu, cuda, cuda:N or mps"


def multiplies_bfloat16(device: torch.device) -> bool:
    """Return whether a device has instructions for bfloat16; whether they are the faster ones only a measurement tells."""
    if device.type == "cuda":
        return bool(torch.cuda.is_bf16_supported(including_emulation=False))
    if device.type != "cpu":
        return False
    try:
        text = Path("/proc/cpuinfo").read_text(encoding="ascii", errors="ignore")
    except OSError:
        return False
    return any(flag in text for flag in ("amx_bf16", "avx512_bf16", " bf16"))


def speaking_precision(trained: str | None, device: torch.device) -> str:
    """Return the precision in which a voice that was trained in ``trained`` (None: not known) speaks on a device.

    On a GPU it is that of its training. Processors speak in float32: it is the faster one on many, exact on all, and finding
    out would take longer than a sentence.
    """
    if device.type != "cuda":
        return "float32"
    return trained or ("bfloat16" if multiplies_bfloat16(device) else "float32")


def autocast(device: torch.device, precision: str) -> AbstractContextManager[object]:
    """Return the context in which a network's products are taken in ``precision`` (``float32`` or ``bfloat16``)."""
    return torch.autocast(device.type, torch.bfloat16) if precision == "bfloat16" else nullcontext()


def choose_device(wanted: str) -> torch.device:
    """Turn ``auto`` into CUDA where there is one, else the CPU (Apple's GPU, ``mps``, only by name: it has no float64).

    Raises :class:`UsageError` for a name that is no device, :class:`TtsError` for a device that is not there.
    """
    if wanted == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    if re.fullmatch(r"cpu|mps|cuda(:\d+)?", wanted) is None:
        raise UsageError(f"device {wanted!r}: there is no such device; use {DEVICES}")
    device = torch.device(wanted)
    if device.type == "cuda" and (device.index or 0) >= torch.cuda.device_count():
        raise TtsError(f"device {wanted}: there are {torch.cuda.device_count()} CUDA devices here; use cpu or another number")
    if device.type == "mps" and not torch.backends.mps.is_available():
        raise TtsError("device mps: this machine, or this build of torch, has no Apple GPU; use cpu")
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
    """Return the bytes that this process may still use on a device; a worker of a pool, of its share."""
    if device.type == "cuda":
        free, whole = torch.cuda.mem_get_info(device)
        return min(int(free), int(whole * device_part()) - torch.cuda.memory_reserved(device))
    if device.type == "mps":
        room = torch.mps.recommended_max_memory() * device_part()
        return min(int(room) - torch.mps.driver_allocated_memory(), available_bytes())
    return available_bytes()
