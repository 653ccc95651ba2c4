"""Loops that make one pass over memory where libraries make many, compiled for this processor when they are first used.

Between the matrix products of a training step on a CPU lies arithmetic of a few operations a number, which takes as long as the
numbers take to come from memory and go there. Numba (which librosa brings) compiles what :mod:`tts.network.fused` and
:mod:`tts.training.update` do in between; the compiled code is kept beside this file, or in the user's cache folder. Numbers are
float32; sums may be taken in any order, but what is not a number stays so.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar, cast

import numba
import numpy as np

float32: Any = numba.float32
uint32: Any = numba.uint32
F = TypeVar("F", bound=Callable[..., Any])
Array = Any  # np.ndarray; arithmetic on its elements is Numba's, which has other types
FREEDOM = {"reassoc", "contract", "arcp", "nsz"}  # of fast-math all but what assumes that there are no infinities and NaNs


def compiled(function: F) -> F:
    """Compile a function of arrays and float32 numbers, which runs without the interpreter's lock; keep the code."""
    return _compiled(function, {"fastmath": FREEDOM, "error_model": "numpy", "nogil": True})


def compiled_exactly(function: F) -> F:
    """Compile a function whose arithmetic is done as it is written, so that its results are numpy's to the bit."""
    return _compiled(function, {"error_model": "numpy", "nogil": True})


def _compiled(function: F, options: dict[str, Any]) -> F:
    try:
        return cast(F, numba.njit(cache=True, **options)(function))
    except RuntimeError:  # nowhere to keep it
        return cast(F, numba.njit(**options)(function))


@compiled
def random_bits(place: Any, first: Any, second: Any) -> Any:
    """Return 32 random bits for a place in an array and two keys, all uint32.

    A hash with the multipliers and shifts of C. Wellons' lowbias32 (https://nullprogram.com/blog/2018/07/31/).
    """
    h = uint32(place * uint32(0x9E3779B9) + first)
    h = uint32(h ^ (h >> uint32(16)))
    h = uint32(uint32(h * uint32(0x7FEB352D)) ^ second)
    h = uint32(h ^ (h >> uint32(15)))
    h = uint32(h * uint32(0x846CA68B))
    return uint32(h ^ (h >> uint32(16)))


@compiled
def dropped(keep: Array, keys: tuple[int, int], drop_below: int, scale: float) -> None:
    """Make the flat float32 array ``keep`` 0 where :func:`hidden_forward` drops an element, and ``scale`` elsewhere."""
    first, second, limit = uint32(keys[0]), uint32(keys[1]), uint32(drop_below)
    for place in range(keep.size):
        keep[place] = float32(0.0) if random_bits(uint32(place), first, second) < limit else scale


@compiled
def hidden_forward(
    z: Array, x: Array, offset: Array, gain: Array, bias: Array, out: Array, active: Array, means: Array, scales: Array,
    keys: tuple[int, int], drop_below: int, epsilon: float, residual: bool,
) -> None:  # fmt: skip
    """From a layer's product to its output: layer norm, ReLU, dropout and the residual connection, a row at a time.

    ``z`` (the product, to which ``offset`` is added in place), ``x`` and ``out`` are (rows, width); ``gain`` and ``bias``
    (width,) are already divided by the share that dropout keeps. ``means`` and ``scales`` (rows,) become the rows' means and
    reciprocal deviations, ``active`` (rows, width), uint8, 1 where something is left, ``out`` what is left, plus ``x`` where
    ``residual``. An element is dropped where the :func:`random_bits` of its place and ``keys`` are below ``drop_below`` (0:
    none is).
    """
    rows, width = z.shape
    one, none = float32(1.0), float32(0.0)
    first, second, limit = uint32(keys[0]), uint32(keys[1]), uint32(drop_below)
    for row in range(rows):
        total = none
        for column in range(width):
            value = z[row, column] + offset[column]
            z[row, column] = value
            total += value
        mean = total / float32(width)
        squares = none
        for column in range(width):
            difference = z[row, column] - mean
            squares += difference * difference
        scale = one / np.sqrt(squares / float32(width) + epsilon)
        means[row] = mean
        scales[row] = scale
        start = uint32(row * width)
        for column in range(width):
            h = random_bits(uint32(start + uint32(column)), first, second)
            value = (z[row, column] - mean) * scale * gain[column] + bias[column]
            gone = (value <= none) | (h < limit)
            active[row, column] = not gone
            value = none if gone else value
            out[row, column] = x[row, column] + value if residual else value


@compiled
def hidden_backward(
    d_out: Array, active: Array, z: Array, means: Array, scales: Array, gain: Array,
    d_z: Array, d_offset: Array, d_gain: Array, d_bias: Array,
) -> None:  # fmt: skip
    """From the gradient of a layer's output (rows, width) to that of its product, ``d_z``; see :func:`hidden_forward`.

    The gradients of offset, gain and bias, (width,) each, are added to.
    """
    rows, width = z.shape
    none = float32(0.0)
    for row in range(rows):
        mean, scale = means[row], scales[row]
        along, across = none, none
        for column in range(width):
            gradient = d_out[row, column] if active[row, column] else none
            normal = (z[row, column] - mean) * scale
            d_gain[column] += gradient * normal
            d_bias[column] += gradient
            weighted = gradient * gain[column]
            along += weighted
            across += weighted * normal
        along /= float32(width)
        across /= float32(width)
        for column in range(width):
            gradient = d_out[row, column] if active[row, column] else none
            normal = (z[row, column] - mean) * scale
            value = (gradient * gain[column] - along - normal * across) * scale
            d_z[row, column] = value
            d_offset[column] += value


@compiled
def adamw(
    weights: Array, gradient: Array, first: Array, second: Array, averages: Array, clip: float, betas: tuple[float, float],
    rate: float, root: float, epsilon: float, shrink: float, forget: float,
) -> None:  # fmt: skip
    """A step of AdamW on flat float32 arrays, and of the moving average of the weights, in one pass.

    The gradient is multiplied by ``clip``; ``first`` and ``second`` are its moments with the decays ``betas``; ``rate`` is the
    learning rate over the first moment's bias correction, ``root`` one over the square root of the second's, ``shrink`` one
    less the decay of the weights in this step. ``averages`` move by the share ``forget`` towards the new weights; with 0
    they are left alone.
    """
    one = float32(1.0)
    for n in range(weights.size):
        value = gradient[n] * clip
        mean = first[n] + (value - first[n]) * (one - betas[0])
        square = second[n] * betas[1] + value * value * (one - betas[1])
        weight = weights[n] * shrink - rate * mean / (np.sqrt(square) * root + epsilon)
        first[n] = mean
        second[n] = square
        weights[n] = weight
        if forget != float32(0.0):
            averages[n] += (weight - averages[n]) * forget
