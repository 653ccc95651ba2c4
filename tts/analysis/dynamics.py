"""Delta and acceleration features, and the filling of unvoiced gaps that has to come before them."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

import numpy as np

if TYPE_CHECKING:
    from torch import Tensor  # workers that analyse recordings do without torch

Frames = TypeVar("Frames", np.ndarray, "Tensor")


def dynamics(before: Frames, now: Frames, after: Frames) -> tuple[Frames, Frames]:
    """Return deltas and accelerations of frames ``now``, each of its shape, from their neighbours; arrays or tensors.

    The HTS convention: weights (-0.5, 0, 0.5) and (1, -2, 1) on the frame before, itself and the one after. This is the one
    definition, which training's tables and statistics use; parameter generation solves for the same weights.
    """
    return 0.5 * (after - before), before - 2.0 * now + after


def with_dynamics(x: np.ndarray) -> np.ndarray:
    """Return ``x`` (frames, D) followed by its deltas and accelerations, (frames, 3 D); the edge frames repeat outwards."""
    padded = np.concatenate([x[:1], x, x[-1:]])
    return np.concatenate([x, *dynamics(padded[:-2], x, padded[2:])], axis=1)


def interpolate_f0(f0: np.ndarray) -> np.ndarray:
    """Fill the zeros of ``f0`` in Hz (frames,) linearly in log F0, holding the ends; all zeros are returned unchanged."""
    known = np.flatnonzero(f0 > 0)
    if len(known) == 0:
        return f0.copy()
    filled: np.ndarray = np.exp(np.interp(np.arange(len(f0)), known, np.log(f0[known])))
    return filled


def interpolate_lf0(f0: np.ndarray, unvoiced: float) -> np.ndarray:
    """Return log F0 (frames,) of ``f0`` in Hz with its gaps filled; ``unvoiced`` Hz where no frame is voiced."""
    if not (f0 > 0).any():
        return np.full(len(f0), np.log(unvoiced))
    lf0: np.ndarray = np.log(interpolate_f0(f0))
    return lf0
