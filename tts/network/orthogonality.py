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
    """Return the overlap of what two hidden layers say of the same frames, (..., p) and (..., q), a scalar from 0 to 1.

    Each unit is a vector over the frames, centred (Bousmalis et al. 2016, NeurIPS, eq. 5, normalised): 0 where no unit of
    one correlates with a unit of the other. ``mask`` (...), 1 on real frames, leaves padding out.
    """
    a, b = (h.float()[mask.bool()] if mask is not None else h.float().flatten(0, -2) for h in (a, b))
    return overlap((a - a.mean(dim=0)).T, (b - b.mean(dim=0)).T)


def rows_overlap(weight: Tensor, parts: int) -> Tensor:
    """Return the mean overlap between pairs of ``parts`` equal blocks of a weight's rows (units, ...), a scalar from 0 to 1."""
    blocks = weight.flatten(1).chunk(parts)
    return torch.stack([overlap(a, b) for n, a in enumerate(blocks) for b in blocks[:n]]).mean()
