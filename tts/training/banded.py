"""Symmetric positive definite pentadiagonal systems, many at once: on the CPU by LAPACK, on other devices by dissection.

On a device a recursion over frames would be thousands of small operations one after the other. Here every system is cut into
blocks of frames with two frames between neighbouring blocks (George 1973, nested dissection, one level): as the band reaches
two frames, blocks depend on one another through those separators alone. All blocks of all systems are then one batched dense
Cholesky factorisation, what is left of the separators another, and there is no loop. Everything is float64.
"""

from __future__ import annotations

from typing import Any, Protocol

import numpy as np
import torch
from torch import Tensor
from torch.autograd.function import once_differentiable
from torch.nn import functional


class Factor(Protocol):
    """The factors of several matrices."""

    def solve(self, right: Tensor) -> Tensor:
        """Solve for right sides (systems, size), one a matrix; the answer has their type and device."""
        ...


def factorise(bands: Tensor) -> Factor:
    """Return the factors of matrices given by the upper bands of each, float64 (3, systems, size).

    ``bands[0, :, t]`` is A[t-2, t], ``bands[1, :, t]`` A[t-1, t] and ``bands[2, :, t]`` A[t, t]; what lies outside the matrix
    (the first two of the first, the first of the second) must be 0.
    """
    return BandedCholesky(bands) if bands.device.type == "cpu" else Dissection(bands)


def solve(right: Tensor, factor: Factor) -> Tensor:
    """Solve for ``right`` (systems, size), differentiably; the adjoint of a symmetric system is the same solve."""
    solution: Tensor = _Solve.apply(right, factor)  # type: ignore[no-untyped-call]
    return solution


class _Solve(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, right: Tensor, factor: Factor) -> Tensor:
        ctx.factor = factor
        return factor.solve(right)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None]:
        factor: Factor = ctx.factor
        return factor.solve(gradient), None


class BandedCholesky:
    """Factors on the CPU, all systems as one long one: nothing couples the end of one with the beginning of the next.

    The bands may be overwritten.
    """

    def __init__(self, bands: Tensor) -> None:
        from scipy.linalg import cholesky_banded  # slow to import

        values = bands.reshape(3, -1).numpy()
        self.factor: np.ndarray = cholesky_banded(values, overwrite_ab=True, check_finite=False)

    def solve(self, right: Tensor) -> Tensor:
        """See :class:`Factor`."""
        from scipy.linalg import cho_solve_banded

        values = right.detach().to(torch.float64).contiguous().numpy()
        solution = cho_solve_banded((self.factor, False), values.reshape(-1), check_finite=False)
        return torch.from_numpy(solution.reshape(values.shape)).to(right)


class Dissection:
    """Factors on any device, without a loop over frames and without looking at a value.

    Frames are laid out as blocks of ``inner`` ones with two separators after each, filled up with rows of the identity. With
    M the blocks, B their coupling with the separators and D the separators' own rows, the separators solve
    ``(D - B' M^-1 B) s = r_s - B' M^-1 r_i``, and the blocks ``M x = r_i - B s``.
    """

    def __init__(self, bands: Tensor) -> None:
        _, self.systems, self.size = bands.shape
        # Blocks cost size * inner, separators (2 size / inner)^2.
        self.inner = max(4, round((8.0 * self.size) ** (1.0 / 3.0)))
        self.blocks = -(-self.size // (self.inner + 2))
        first, second, diagonal = (self._cut(band, fill) for band, fill in zip(bands, (0.0, 0.0, 1.0), strict=True))
        m = self.inner
        within = torch.diag_embed(diagonal[..., :m])
        for band, offset in ((second, 1), (first, 2)):
            upper = torch.diag_embed(band[..., offset:m], offset=offset)
            within = within + upper + upper.mT
        self.within = torch.linalg.cholesky_ex(within)[0]
        # Columns: the two separators before the block, the two after it.
        coupling = within.new_zeros(*within.shape[:3], 4)
        coupling[..., 0, 0], coupling[..., 0, 1], coupling[..., 1, 1] = first[..., 0], second[..., 0], first[..., 1]
        coupling[..., m - 2, 2], coupling[..., m - 1, 2] = first[..., m], second[..., m]
        coupling[..., m - 1, 3] = first[..., m + 1]
        self.coupling = coupling
        own = within.new_zeros(*within.shape[:2], 2, 2)
        own[..., 0, 0], own[..., 1, 1] = diagonal[..., m], diagonal[..., m + 1]
        own[..., 0, 1] = own[..., 1, 0] = second[..., m + 1]
        self.between = torch.linalg.cholesky_ex(self._separators(own))[0]

    def _cut(self, values: Tensor, fill: float = 0.0) -> Tensor:
        """Cut (systems, size) into blocks with their separators: (systems, blocks, inner + 2)."""
        whole = functional.pad(values, (0, self.blocks * (self.inner + 2) - self.size), value=fill)
        return whole.view(self.systems, self.blocks, self.inner + 2)

    def _separators(self, own: Tensor) -> Tensor:
        """Return the matrix of the separators alone, (systems, 2 * blocks, 2 * blocks), from their own rows (..., 2, 2)."""
        less = self.coupling.mT @ torch.cholesky_solve(self.coupling, self.within)  # (systems, blocks, 4, 4)
        before, after, across = less[..., :2, :2], less[..., 2:, 2:], less[..., :2, 2:]
        # Separator k lies after block k and before block k + 1.
        diagonal = own - after - functional.pad(before[:, 1:], (0, 0, 0, 0, 0, 1))
        matrix = own.new_zeros(self.systems, self.blocks, 2, self.blocks, 2)
        number = torch.arange(self.blocks, device=own.device)
        matrix[:, number, :, number] = diagonal.transpose(0, 1)
        matrix[:, number[:-1], :, number[1:]] = -across[:, 1:].transpose(0, 1)
        matrix[:, number[1:], :, number[:-1]] = -across[:, 1:].mT.transpose(0, 1)
        return matrix.view(self.systems, 2 * self.blocks, 2 * self.blocks)

    def solve(self, right: Tensor) -> Tensor:
        """See :class:`Factor`."""
        cut = self._cut(right.detach().double())
        inner, apart = cut[..., : self.inner, None], cut[..., self.inner :]
        through = (self.coupling.mT @ torch.cholesky_solve(inner, self.within))[..., 0]  # (systems, blocks, 4)
        rest = apart - through[..., 2:] - functional.pad(through[:, 1:, :2], (0, 0, 0, 1))
        separators = torch.cholesky_solve(rest.reshape(self.systems, -1, 1), self.between).view(self.systems, -1, 2)
        around = torch.cat([functional.pad(separators[:, :-1], (0, 0, 1, 0)), separators], dim=-1)
        blocks = torch.cholesky_solve(inner - self.coupling @ around[..., None], self.within)[..., 0]
        whole = torch.cat([blocks, separators], dim=-1).view(self.systems, -1)
        return whole[:, : self.size].to(right)
