"""Small convex problems on a Gramian G = J J' (rows, rows), float64: each returns weights w of the rows, d = J' w."""

from __future__ import annotations

import math

import torch
from torch import Tensor


def root(gramian: Tensor) -> Tensor:
    """Return the symmetric square root: A with A A = G."""
    values, vectors = torch.linalg.eigh(gramian)
    result: Tensor = (vectors * values.clamp(min=0.0).sqrt()) @ vectors.T
    return result


def nonnegative_least_squares(a: Tensor, b: Tensor) -> Tensor:
    """Return argmin |a x - b| over x >= 0 (Lawson and Hanson 1974, chapter 23).

    A row that the iteration limit leaves unfinished costs accuracy, never an exception: the answer is always feasible.
    """
    size = a.shape[1]
    x = torch.zeros(size, dtype=a.dtype)
    free = torch.zeros(size, dtype=torch.bool)
    tolerance = 1e-12 * float(a.abs().max()) * max(float(b.abs().max()), float(a.abs().max()))
    for _ in range(3 * size):
        gain = a.T @ (b - a @ x)
        gain[free] = -torch.inf
        if float(gain.max()) <= tolerance:
            break
        entered = int(gain.argmax())
        free[entered] = True
        for _ in range(size):
            trial = torch.zeros_like(x)
            trial[free] = torch.linalg.lstsq(a[:, free], b, driver="gelsd").solution
            if bool((trial[free] > 0.0).all()):
                break
            if float(trial[entered]) <= 0.0 and float(x[entered]) == 0.0:  # no gain but rounding
                return x
            blocked = free & (trial <= 0.0)
            x = x + (x[blocked] / (x[blocked] - trial[blocked])).min() * (trial - x)
            free &= x > 1e-15 * float(x.max())
            x[~free] = 0.0
        else:
            return x
        x = trial
    return x


def dual_cone(gramian: Tensor, start: Tensor) -> Tensor:
    """Return v = start + z, z >= 0, of least v' G v: J' v is J' start projected onto the cone of d with J d >= 0.

    The cone does not depend on the rows' lengths, so unit rows are used, which keeps the numbers near one another.
    """
    norms = gramian.diagonal().sqrt()
    a = root(gramian / norms / norms[:, None])
    return start + nonnegative_least_squares(a, -(a @ (norms * start))) / norms


def shortest(gramian: Tensor) -> Tensor:
    """Return the convex combination of rows of least norm.

    min |J' x|^2 + (sum x - 1)^2 over x >= 0 has its minimum in the same direction: whatever the sum, the shape of x that is
    shortest is best.
    """
    scale = gramian.trace().sqrt()
    a = torch.cat([root(gramian), scale * torch.ones(1, len(gramian), dtype=gramian.dtype)])
    b = torch.zeros(len(a), dtype=gramian.dtype)
    b[-1] = scale
    x = nonnegative_least_squares(a, b)
    return x / x.sum()


def rational(gramian: Tensor, alpha: float) -> Tensor:
    """Return the w > 0 with G w = w^(-1/alpha), by Newton's method on the convex function whose gradient is the difference.

    A millionth of the diagonal is added to it, so that exactly opposite rows have an answer.
    """
    size = len(gramian)
    gramian = gramian + 1e-6 * torch.diag(gramian.diagonal())
    w: Tensor = gramian.diagonal() ** (-alpha / (1.0 + alpha)) / size ** (alpha / (1.0 + alpha))
    for _ in range(100):
        gradient = gramian @ w - w ** (-1.0 / alpha)
        move = -torch.linalg.solve(gramian + torch.diag(w ** (-1.0 / alpha - 1.0) / alpha), gradient)
        slope = float(gradient @ move)
        shrink = float((-move / w).max())
        length = min(1.0, 0.9 / shrink) if shrink > 0.0 else 1.0
        for _ in range(30):  # go no further than where the slope along the line has turned and grown
            new = w + length * move
            if abs(float((gramian @ new - new ** (-1.0 / alpha)) @ move)) <= abs(slope):
                break
            length *= 0.5
        w = new
        if float((length * move / w).abs().max()) < 1e-12:
            break
    return w


def conflict_averse(gramian: Tensor, radius: float) -> Tensor:
    """Return the weights of the update that raises the worst row most within ``radius`` |g0| of the mean gradient g0.

    The dual: min over w on the simplex of g_w' g0 + radius |g0| |g_w|; then d = g0 + radius |g0| / |g_w| g_w. As
    |g_w| = min_t (|g_w|^2 / t + t) / 2, w is the shortest combination of shifted rows for the t that equals |g_w|, and
    |g_w| / t falls with t, so there is one such t.
    """
    from scipy.optimize import brentq

    size = len(gramian)
    mean = torch.full((size,), 1.0 / size, dtype=gramian.dtype)
    to_mean = gramian @ mean
    length = radius * float((mean @ to_mean).clamp(min=0.0).sqrt())
    if length <= 1e-12:
        return mean

    def best(t: float) -> tuple[Tensor, float]:
        # g_w' g0 + length / (2 t) |g_w|^2 is, but for a constant, the squared norm of g_w + t / length g0.
        shift = t / length
        w = shortest(gramian + shift * (to_mean[:, None] + to_mean) + shift**2 * (mean @ to_mean))
        return w, float((w @ gramian @ w).clamp(min=1e-30).sqrt())

    least, most = 1e-9, float(gramian.diagonal().max().sqrt()) + 1e-9
    t = least
    if best(least)[1] > least:  # else the rows have a combination of norm 0
        t = math.exp(brentq(lambda u: math.log(best(math.exp(u))[1]) - u, math.log(least), math.log(most), xtol=1e-7))
    w, norm = best(t)
    return mean + length / max(norm, least) * w
