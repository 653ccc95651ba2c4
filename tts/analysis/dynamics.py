"""Delta and acceleration features, and the filling of unvoiced gaps that has to come before them."""

from __future__ import annotations

import numpy as np

# Static, delta and acceleration: weights on the frame before, the frame itself and the frame after (HTS convention).
WINDOWS: tuple[tuple[float, float, float], ...] = ((0.0, 1.0, 0.0), (-0.5, 0.0, 0.5), (1.0, -2.0, 1.0))


def with_dynamics(x: np.ndarray) -> np.ndarray:
    """Return ``x`` (frames, D) followed by its deltas and accelerations, (frames, 3 D); the edge frames repeat outwards."""
    padded = np.concatenate([x[:1], x, x[-1:]])
    before, after = padded[:-2], padded[2:]
    return np.concatenate([x, 0.5 * (after - before), before - 2.0 * x + after], axis=1)


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
