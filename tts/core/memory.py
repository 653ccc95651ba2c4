"""How much memory and how many cores this process may use: of the machine, of its container, and of its share in a pool."""

from __future__ import annotations

import math
import os
import sys
from dataclasses import dataclass
from pathlib import Path

from tts.core.errors import OutOfMemory

_GROUPS, _OWN_GROUPS = Path("/sys/fs/cgroup"), Path("/proc/self/cgroup")


@dataclass(frozen=True)
class MemoryShare:
    """What one of several processes side by side may use: ``bytes`` of main memory, ``part`` (0..1) of its GPU's memory."""

    bytes: int
    part: float


_share: MemoryShare | None = None


def set_share(share: MemoryShare | None) -> None:
    """Let :func:`available_bytes` and :func:`device_part` answer no more than ``share``; a pool does so in each worker."""
    global _share
    _share = share


def share_of(workers: int, per_device: int = 1) -> MemoryShare:
    """Return the share of each of ``workers`` processes that start now, ``per_device`` of them on one GPU."""
    return MemoryShare(available_bytes() // max(1, workers), 1.0 / max(1, per_device))


def device_part() -> float:
    """Return the part (0..1) of a GPU's memory that this process may use."""
    return _share.part if _share else 1.0


def available_bytes() -> int:
    """Return the bytes of main memory that can be had without swapping, at most what the container and the pool leave."""
    import psutil  # here, because most commands never ask

    free = int(psutil.virtual_memory().available)
    limit = _group_bytes()
    if limit is not None:
        free = min(free, limit)
    return min(free, _share.bytes) if _share else free


def usable_cores() -> int:
    """Return how many cores this process may use: those it is bound to, at most what the container's quota comes to."""
    if hasattr(os, "process_cpu_count"):
        cores = os.process_cpu_count() or 1  # Python 3.13
    elif hasattr(os, "sched_getaffinity"):
        cores = len(os.sched_getaffinity(0))
    else:
        cores = os.cpu_count() or 1
    quota = _group_cores()
    return cores if quota is None else max(1, min(cores, quota))


def _group_files(controller: str, name: str) -> list[Path]:
    """Return the files of this name that limit this process: of its control group and of those around it.

    ``controller`` is ``cpu`` or ``memory`` for groups of version 1, empty for version 2.
    """
    try:
        lines = _OWN_GROUPS.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError):
        return []
    for line in lines:
        _, controllers, own = line.split(":", 2)
        if controller in controllers.split(","):
            top = _GROUPS / controller
            folder = top / own.strip("/")
            groups = [place for place in (folder, *folder.parents) if place.is_relative_to(top)]
            return [place / name for place in groups if (place / name).is_file()]
    return []


def _number(path: Path) -> int | None:
    """Return the number in a file; None for ``max``, which is no limit."""
    try:
        return int(path.read_text(encoding="ascii").split()[0])
    except (OSError, ValueError, IndexError):
        return None


def _group_cores() -> int | None:
    quotas = []
    for path in _group_files("", "cpu.max"):
        try:
            quota, period = map(int, path.read_text(encoding="ascii").split())
        except (OSError, ValueError):  # "max 100000" is no limit
            continue
        quotas.append(math.ceil(quota / max(1, period)))
    for path in _group_files("cpu", "cpu.cfs_quota_us"):
        given, each = _number(path), _number(path.with_name("cpu.cfs_period_us"))
        if given and each and given > 0:
            quotas.append(math.ceil(given / each))
    return min(quotas, default=None)


def _group_bytes() -> int | None:
    """Return the bytes that the container's limits leave; what only caches files does not count as used."""
    files = [(path, "memory.current", "inactive_file") for path in _group_files("", "memory.max")]
    old = _group_files("memory", "memory.limit_in_bytes")  # a huge number where there is no limit, which does no harm
    files += [(path, "memory.usage_in_bytes", "total_inactive_file") for path in old]
    rooms = []
    for path, current, cached in files:
        limit, used = _number(path), _number(path.with_name(current))
        if limit is not None and used is not None:
            rooms.append(limit - used + _row(path.with_name("memory.stat"), cached))
    return max(0, min(rooms)) if rooms else None


def _row(path: Path, key: str) -> int:
    try:
        rows = dict(line.split() for line in path.read_text(encoding="ascii").splitlines())
        return int(rows.get(key, 0))
    except (OSError, ValueError):
        return 0


def out_of_memory(error: BaseException) -> OutOfMemory | None:
    """Return the error to raise where ``error`` says that memory ran out, else None.

    torch has a class for its GPUs only; what its CPU allocator raises is told by its words, here and nowhere else.
    """
    words = str(error) if isinstance(error, RuntimeError) else ""
    torch = sys.modules.get("torch")  # one that is not loaded has allocated nothing
    if (torch is not None and isinstance(error, torch.OutOfMemoryError)) or "CUDA error: out of memory" in words:
        what = "the GPU's memory"
    elif isinstance(error, MemoryError) or "DefaultCPUAllocator" in words:
        what = "this machine's memory"
    else:
        return None
    lines = str(error).strip().splitlines()
    why = f" ({lines[0].rstrip('.')})" if lines else ""
    return OutOfMemory(f"{what} is not enough{why}; use smaller batches, fewer workers or another device")
