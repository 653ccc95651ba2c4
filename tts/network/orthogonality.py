"""How much two sets of vectors, or two hidden layers, have in common: penalties that keep unrelated tasks apart."""

from __future__ import annotations

import torch
from torch import Tensor


def overlap(a: Tensor, b: Tensor) -> Tensor:
    r"""Return ``||A B^T||_F^2 / (||A||_F^2 ||B||_F^2)`` of (p, width) and (q, width), a scalar from 0 to 1.

    0 where every row of A is orthogonal to every row of B (Romera-Paredes et al. 2012, AISTATS, whose penalty is the
    numerator); the denominator keeps it from being met by shrinking.
    """
    a, b = a.float(), b.float()
    shared: Tensor = (a @ b.T).square().sum() / (a.square().sum() * b.square().sum()).clamp(min=1e-20)
    return shared


def activation_overlap(a: Tensor, b: Tensor, mask: Tensor | None = None) -> Tensor:
    """Return the overlap of two hidden layers' outputs for the same frames, (..., p) and (..., q), a scalar from 0 to 1.

    Each unit is a vector over the frames, centred (Bousmalis et al. 2016, NeurIPS, eq. 5, normalised): 0 where no unit of
    one correlates with a unit of the other. ``mask`` (...), 1 on real frames, leaves padding out.
    """
    return overlap(_centred(a, mask).T, _centred(b, mask).T)


def _centred(hidden: Tensor, mask: Tensor | None) -> Tensor:
    """Return (frames, units) with mean 0 over the real frames, and 0 on the others; no shape depends on the mask's values."""
    units = hidden.float().flatten(0, -2)
    if mask is None:
        return units - units.mean(dim=0)
    real = mask.flatten()[:, None].to(units.dtype)
    return (units - (units * real).sum(dim=0) / real.sum().clamp(min=1.0)) * real


def rows_overlap(weight: Tensor, parts: int) -> Tensor:
    """Return the mean overlap between pairs of ``parts`` equal blocks of a weight's rows (units, ...), a scalar from 0 to 1."""
    blocks = weight.flatten(1).chunk(parts)
    return torch.stack([overlap(a, b) for n, a in enumerate(blocks) for b in blocks[:n]]).mean()
