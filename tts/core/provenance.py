"""What a measured number depends on: versions, machine, threads and the commit of the code."""

from __future__ import annotations

import json
import os
import platform
import subprocess
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path
from typing import Any

import numpy as np
import torch

import tts
from tts.core.memory import usable_cores


@dataclass(frozen=True)
class Environment:
    """What made a result; JSON files have it under ``made_with``."""

    version: str = ""
    commit: str = ""  # empty where it is not known
    python: str = ""
    torch: str = ""
    numpy: str = ""
    machine: str = ""
    threads: int = 0

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON-able data."""
        return asdict(self)

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Environment:
        """Read what :meth:`to_dict` returned, or an earlier version's, which may lack something."""
        return cls(**{field.name: data[field.name] for field in fields(cls) if field.name in data})


def environment(device: torch.device | None = None) -> Environment:
    """Return what a number that is measured now, on ``device``, depends on."""
    return Environment(
        version=tts.__version__,
        commit=commit() or "",
        python=platform.python_version(),
        torch=torch.__version__,
        numpy=np.__version__,
        machine=machine(device),
        threads=torch.get_num_threads(),
    )


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
    gpu = "GPU of " if device is not None and device.type == "mps" else ""
    return f"{gpu}{name}, {usable_cores()} cores"


def commit(package: Path | None = None) -> str | None:
    """Return the commit of the code in ``package`` (by default of this package), 40 digits, ``-dirty`` where files differ.

    Of a checkout it is git's answer, if the package's own files are tracked there: a package installed somewhere inside another
    repository has nothing to do with that repository's commits. Of an installed package it is what the installer noted (pip:
    ``direct_url.json``, of an installation from a repository). None where neither knows it.
    """
    package = package or Path(tts.__file__).parent
    if _git(package, "ls-files", "--error-unmatch", "__init__.py") is not None:
        return _git(package, "describe", "--always", "--dirty", "--abbrev=40", "--exclude=*")
    return _installed_commit(package)


def _git(folder: Path, *arguments: str) -> str | None:
    """Return what git prints about ``folder``; None where it fails or there is none."""
    # Within a hook or an alias of another repository, these would make git answer for that one.
    surroundings = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    try:
        run = subprocess.run(
            ["git", "-C", str(folder), *arguments], capture_output=True, text=True, timeout=10, env=surroundings, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return run.stdout.strip() if run.returncode == 0 else None


def _installed_commit(package: Path) -> str | None:
    try:
        installed = distribution("stacked-tts")
    except PackageNotFoundError:
        return None
    if Path(str(installed.locate_file(package.name))).resolve() != package.resolve():
        return None  # another copy than the one that runs
    try:
        source = json.loads(installed.read_text("direct_url.json") or "{}")
        return str(source["vcs_info"]["commit_id"])
    except (ValueError, KeyError, TypeError):
        return None
