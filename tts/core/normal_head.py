"""What the head of a distribution says: a normal distribution of several values together.

For values ``y`` (dimension,) a head has ``2 D + D (D - 1) / 2`` outputs: the mean ``m``, ``a``, and the entries below the
diagonal of a lower triangular matrix ``A`` by rows, whose diagonal is ``exp(a)``. Then ``z = A (y - m)`` is standard normal,
the covariance is ``(A^T A)^-1``, and any outputs at all are a distribution (a mixture density network of one component with
full covariance; Bishop 1994, and Williams 1996 for this form of the covariance). ``a`` counts from :data:`LEAST` up, so that
nothing varies by more than ``exp(-LEAST)`` times what it does in the corpus, whatever a network says.
"""

from __future__ import annotations

from typing import Final

import numpy as np

LEAST: Final = -1.0


def head_width(dimension: int) -> int:
    """Return how many outputs the head of a distribution of so many values has."""
    return 2 * dimension + dimension * (dimension - 1) // 2


def below_diagonal(dimension: int) -> tuple[np.ndarray, np.ndarray]:
    """Return rows and columns of the entries below the diagonal, in the order of the head's last outputs."""
    return np.tril_indices(dimension, -1)


def whitening(outputs: np.ndarray, dimension: int) -> np.ndarray:
    """Return ``A`` of every row of a head's outputs (rows, width): float64 (rows, dimension, dimension)."""
    outputs = outputs.astype(np.float64)
    matrix = np.zeros((len(outputs), dimension, dimension))
    diagonal = np.arange(dimension)
    matrix[:, diagonal, diagonal] = np.exp(np.maximum(outputs[:, dimension : 2 * dimension], LEAST))
    rows, columns = below_diagonal(dimension)
    matrix[:, rows, columns] = outputs[:, 2 * dimension :]
    return matrix


def whitened(outputs: np.ndarray, values: np.ndarray) -> np.ndarray:
    """Return ``z`` (rows, dimension) of normalised ``values`` (rows, dimension) by a head's outputs (rows, width), float64."""
    dimension = values.shape[1]
    deviations = values.astype(np.float64) - outputs[:, :dimension]
    return np.asarray(np.einsum("rij,rj->ri", whitening(outputs, dimension), deviations))
