"""A hidden layer of a feed-forward trunk in training, on a CPU: what follows the matrix product in one pass over memory.

The product is the library's; layer norm, ReLU, dropout and the residual connection, and their gradients, are
:mod:`tts.core.kernels`. Values are those of the separate operations but for rounding; which elements dropout zeroes follows
from two numbers that are drawn from PyTorch's generator for each layer and step, so that a resumed run draws the same.

The loops run on one thread. Where PyTorch's operations may use more than :data:`MOST_THREADS`, these serve, and drop the same
elements: how many threads there are changes no result but by rounding.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from types import ModuleType
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

LEAST = 1 << 16  # elements of a layer's output, below which calling takes longer than what is spared
MOST_THREADS = 2  # one pass takes a third of the time that PyTorch's take on one thread, and they divide theirs


@cache
def kernels() -> ModuleType | None:
    """Return the compiled loops, None where Numba does not work."""
    try:
        from tts.core import kernels as loops
    except ImportError:
        return None
    return loops


def one_pass_pays() -> bool:
    """Return whether a loop over memory on one thread is faster than PyTorch's operations on all that it may use now."""
    return torch.get_num_threads() <= MOST_THREADS


def can_fuse(x: Tensor, layer: nn.Module, norm: nn.Module) -> bool:
    """Return whether :func:`hidden_layer` serves for (..., inputs): large enough, in float32 on a CPU, and being trained."""
    return (
        x.device.type == "cpu"
        and x.dtype == torch.float32
        and isinstance(layer, nn.Linear)
        and isinstance(norm, nn.LayerNorm)
        and x.numel() // x.shape[-1] * layer.out_features >= LEAST
        and torch.is_grad_enabled()
        and not torch.is_autocast_enabled("cpu")
        and kernels() is not None
    )


def hidden_layer(x: Tensor, layer: nn.Linear, norm: nn.LayerNorm, rate: float, *, residual: bool) -> Tensor:
    """Map (..., inputs) to ``dropout(relu(norm(layer(x))))``, (..., width), with ``x`` added where ``residual``."""
    keys = _keys() if rate else (0, 0)
    rows = x.reshape(-1, x.shape[-1])
    y: Tensor
    if one_pass_pays():
        y = _HiddenLayer.apply(  # type: ignore[no-untyped-call]
            rows, layer.weight, layer.bias, norm.weight, norm.bias, rate, keys, residual, norm.eps
        )
    else:
        y = functional.relu(norm(layer(rows)))
        if rate:
            y = y * _kept(y.shape, rate, keys)
        y = rows + y if residual else y
    return y.view(*x.shape[:-1], y.shape[-1])


def kept_of_layer(shape: Sequence[int], rate: float) -> Tensor:
    """Draw what dropout multiplies a layer's output (..., width) by, as :func:`hidden_layer` does."""
    return _kept(shape, rate, _keys())


def _keys() -> tuple[int, int]:
    low, high = torch.randint(0, 1 << 32, (2,)).tolist()
    return low, high


def _kept(shape: Sequence[int], rate: float, keys: tuple[int, int]) -> Tensor:
    """Return 0 for every element that dropout zeroes, and what it multiplies for the others."""
    loops = kernels()
    assert loops is not None
    keep = torch.empty(*shape)
    loops.dropped(_numpy(keep.view(-1)), keys, round(rate * 2**32), np.float32(1.0 / (1.0 - rate)))
    return keep


class _HiddenLayer(torch.autograd.Function):
    """See :func:`hidden_layer`."""

    @staticmethod
    def forward(
        ctx: Any, x: Tensor, weight: Tensor, offset: Tensor, gain: Tensor, bias: Tensor,
        rate: float, keys: tuple[int, int], residual: bool, epsilon: float,
    ) -> Tensor:  # fmt: skip
        """Compute the output (rows, width), and keep what the gradients need."""
        loops = kernels()
        assert loops is not None
        keep = 1.0 / (1.0 - rate)
        z = x @ weight.t()
        out, active = torch.empty_like(z), torch.empty_like(z, dtype=torch.uint8)
        means, scales = torch.empty(len(z)), torch.empty(len(z))
        scaled = gain * keep
        loops.hidden_forward(
            *map(_numpy, (z, x, offset, scaled, bias * keep, out, active, means, scales)),
            keys, round(rate * 2**32), np.float32(epsilon), residual,
        )  # fmt: skip
        ctx.save_for_backward(x, weight, z, active, means, scales, scaled)
        ctx.keep, ctx.residual = keep, residual
        return out

    @staticmethod
    def backward(ctx: Any, d_out: Tensor) -> tuple[Tensor | None, ...]:
        """Return the gradients of the tensors, None for the rest."""
        x, weight, z, active, means, scales, scaled = ctx.saved_tensors
        loops = kernels()
        assert loops is not None
        d_out = d_out.contiguous()
        d_z, vectors = torch.empty_like(z), torch.zeros(3, z.shape[1])
        d_offset, d_gain, d_bias = vectors
        loops.hidden_backward(*map(_numpy, (d_out, active, z, means, scales, scaled, d_z, d_offset, d_gain, d_bias)))
        d_x = None
        if ctx.needs_input_grad[0]:
            d_x = torch.addmm(d_out, d_z, weight) if ctx.residual else d_z @ weight
        d_weight = d_z.t() @ x if ctx.needs_input_grad[1] else None
        return d_x, d_weight, d_offset, d_gain * ctx.keep, d_bias * ctx.keep, None, None, None, None


def _numpy(values: Tensor) -> np.ndarray:
    array: np.ndarray = values.detach().numpy()
    return array
