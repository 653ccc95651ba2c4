"""A device that is not the CPU and needs no hardware: torch's ``meta``, made strict.

Tensors on ``meta`` have shapes and no values, so whatever would look at a value on a GPU (``item``, ``bool``, ``float``,
``nonzero``, a boolean index, ``cpu``) raises there. :class:`Strict` refuses what ``meta`` would let pass: operations of tensors
on several devices, such as an index on the CPU. :func:`watch_host` stands in for the one way to the host, ``to_host``, and says
what came through it.
"""

from __future__ import annotations

import sys
from typing import Any

import pytest
import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

META = torch.device("meta")
TRANSFERS = {torch.ops.aten._to_copy.default, torch.ops.aten.copy_.default}


class Strict(TorchDispatchMode):
    """Refuses operations on tensors of several devices; numbers (0-dimensional tensors of the CPU) are no tensors here.

    ``moved`` are the shapes of tensors that were brought to another device.
    """

    def __init__(self) -> None:
        super().__init__()
        self.moved: list[tuple[int, ...]] = []

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        kwargs = kwargs or {}
        tensors = [leaf for leaf in tree_leaves((args, kwargs)) if isinstance(leaf, Tensor)]
        devices = {t.device.type for t in tensors if t.ndim or t.device.type != "cpu"}
        if len(devices) > 1 and func not in TRANSFERS:
            where = [(tensor.device.type, tuple(tensor.shape)) for tensor in tensors]
            raise AssertionError(f"{func} on {', '.join(sorted(devices))}: {where}")
        result = func(*args, **kwargs)
        if func is torch.ops.aten._to_copy.default and result.device != args[0].device:
            self.moved.append(tuple(args[0].shape))
        return result


def watch_host(patch: pytest.MonkeyPatch) -> list[tuple[int, ...]]:
    """Let ``to_host`` answer with ones (a square matrix: the unit matrix); return the shapes that come through it."""
    shapes: list[tuple[int, ...]] = []

    def to_host(values: Tensor) -> Tensor:
        assert values.device == META, "to_host of a tensor that is on the host"
        shapes.append(tuple(values.shape))
        if values.ndim == 2 and values.shape[0] == values.shape[1]:
            return torch.eye(len(values), dtype=values.dtype)
        return torch.ones(values.shape, dtype=values.dtype)

    for module in [module for name, module in sys.modules.items() if name.startswith("tts.")]:
        if hasattr(module, "to_host"):
            patch.setattr(module, "to_host", to_host)
    return shapes
