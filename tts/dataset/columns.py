"""Columns of a table, and how some of their rows are gathered: rows on the device one by one, from the host all together."""

from __future__ import annotations

import itertools
import warnings

import numpy as np
import torch
from torch import Tensor

# Rows of columns by name: the column (rows there, width) and the numbers (...) of its rows, both on one device.
Wanted = dict[str, tuple[Tensor, Tensor]]


def fetch_together(wanted: Wanted, device: torch.device) -> dict[str, Tensor]:
    """Gather rows of columns on the host and bring them to a device in one transfer: float32 (..., width) by name.

    They are gathered into one buffer, pinned where the device is CUDA, so that the copy runs beside what the device computes.
    """
    sizes = {name: index.numel() * column.shape[1] * column.element_size() for name, (column, index) in wanted.items()}
    ends = list(itertools.accumulate(-(-size // 16) * 16 for size in sizes.values()))
    buffer = torch.empty(ends[-1], dtype=torch.uint8, pin_memory=device.type == "cuda")
    for (name, (column, index)), start in zip(wanted.items(), [0, *ends], strict=False):
        rows = buffer[start : start + sizes[name]].view(column.dtype).view(-1, column.shape[1])
        torch.index_select(column, 0, index.flatten(), out=rows)
    there = buffer.to(device, non_blocking=True)
    values = {}
    for (name, (column, index)), start in zip(wanted.items(), [0, *ends], strict=False):
        rows = there[start : start + sizes[name]].view(column.dtype)
        values[name] = rows.view(*index.shape, column.shape[1]).float()
    return values


def rows_of(column: Tensor, index: Tensor) -> Tensor:
    """Return the rows ``index`` (...) of a column (rows, width): (..., width). Copying whole rows is faster than indexing."""
    return torch.index_select(column, 0, index.flatten()).view(*index.shape, column.shape[1])


def as_tensor(values: np.ndarray) -> Tensor:
    """Return an array as a tensor on its memory, which may be a file's."""
    with warnings.catch_warnings():  # memory-mapped arrays are read-only, and are only read
        warnings.simplefilter("ignore", UserWarning)
        return torch.from_numpy(values)
