"""Arrays too large for memory: on the disk, in a file that nobody sees and that is gone when its array is, or its process."""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path

import torch
from torch import Tensor

from tts.core.errors import NotWritten
from tts.core.files import RESERVE, not_written

PREFIX = ".scratch-"


def scratch_tensor(rows: int, width: int, dtype: torch.dtype, folder: Path) -> Tensor:
    """Return a tensor (rows, width) of no particular content that lies in a file in ``folder``, mapped into memory.

    Its pages leave memory when that runs short. The file has no name any more when this returns, so nothing is left behind,
    whatever ends the process. Raises :class:`NotWritten` where the disk has no room. Where files that are open cannot lose
    their names (Windows), the tensor lies in memory.
    """
    if os.name != "posix":
        return torch.empty(rows, width, dtype=dtype)
    folder.mkdir(parents=True, exist_ok=True)
    size = rows * width * torch.empty((), dtype=dtype).element_size()
    free = shutil.disk_usage(folder).free
    if size > free - RESERVE:
        raise NotWritten(
            f"{folder}: {size / 1e9:.2f} GB are needed for what later stages read, and {free / 1e9:.2f} GB are free on its disk"
        )
    handle, name = tempfile.mkstemp(prefix=PREFIX, dir=folder)
    try:
        if hasattr(os, "posix_fallocate"):
            os.posix_fallocate(handle, 0, max(size, 1))  # so that a disk that fills up says so now, not by a signal later
        else:
            os.truncate(handle, max(size, 1))
        return torch.from_file(name, shared=True, size=rows * width, dtype=dtype).view(rows, width)
    except OSError as error:
        raise not_written(Path(name), error) from None
    finally:
        os.close(handle)
        Path(name).unlink()
