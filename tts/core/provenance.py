"""What a measured number depends on: versions, machine, threads and the commit of the code."""

from __future__ import annotations

import os
import platform
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import torch

import tts


def environment(device: torch.device | None = None) -> dict[str, Any]:
    """Return what a measured number depends on: versions, machine, threads and the commit of the code."""
    folder = Path(tts.__file__).parent.parent
    try:
        run = subprocess.run(
            ["git", "-C", str(folder), "describe", "--always", "--dirty"], capture_output=True, text=True, timeout=10
        )
        commit = run.stdout.strip() if run.returncode == 0 else ""
    except (OSError, subprocess.TimeoutExpired):
        commit = ""
    return {
        "version": tts.__version__,
        "commit": commit,
        "python": platform.python_version(),
        "torch": torch.__version__,
        "numpy": np.__version__,
        "machine": machine(device),
        "threads": torch.get_num_threads(),
    }


def machine(device: torch.device | None = None) -> str:
    """Return the name of the GPU, or of the processor with its number of cores."""
    if device is not None and device.type == "cuda":
        return torch.cuda.get_device_name(device)
    name = platform.processor() or platform.machine()
    try:
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").splitlines():
            if line.startswith("model name"):
                name = line.partition(":")[2].strip()
                break
    except OSError:
        pass
    return f"{name}, {os.cpu_count()} cores"


def commit() -> str | None:
    """Return the commit of the package's checkout, with ``-dirty`` where files differ from it; None outside a checkout."""
    where = Path(tts.__file__).parent
    try:
        run = subprocess.run(
            ["git", "-C", str(where), "describe", "--always", "--dirty", "--abbrev=40", "--exclude=*"],
            capture_output=True,
            text=True,
            timeout=10,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return run.stdout.strip() if run.returncode == 0 else None
