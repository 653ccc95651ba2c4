"""Linear multi-task problems solved outright: what the layers of tts.network are checked against.

A problem is a pair of arrays, inputs (samples, features) and targets (samples, tasks); its answer is a matrix of weights
(features, tasks). Everything is float64.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

Problem = tuple[np.ndarray, np.ndarray]


def ridge(x: np.ndarray, y: np.ndarray, penalty: float) -> np.ndarray:
    """Return ``argmin_W ||Y - X W||_F^2 / n + penalty ||W||_F^2`` for X (n, features) and Y (n, tasks): every task alone."""
    return np.linalg.solve(x.T @ x / len(x) + penalty * np.eye(x.shape[1]), x.T @ y / len(x))


def trace_norm_groups(
    groups: Sequence[Sequence[Problem]], trace: float, unrelated: float = 0.0, iterations: int = 50
) -> list[list[np.ndarray]]:
    r"""Solve problems whose tasks lie near a low-dimensional subspace a group, the subspaces of groups kept apart.

    Minimises ``sum_i ||Y_i - X_i W_i||_F^2 / n_i + trace * sum_g ||W_g||_*^2 + unrelated * sum_{g<h} ||W_g^T W_h||_F^2`` with
    W_g the weights of all problems of a group side by side and ``||.||_*`` the sum of singular values (Argyriou, Evgeniou and
    Pontil 2008 for one group; Romera-Paredes et al. 2012 for two with ``unrelated`` > 0). Alternates the closed steps
    ``D_g = (W_g W_g^T)^{1/2} / tr``,
    ``W_i = (X_i^T X_i / n_i + trace D_g^{-1} + unrelated sum_{h != g} W_h W_h^T)^{-1} X_i^T Y_i / n_i``.
    Convex where ``unrelated`` is small against ``trace``. All problems have the same features; one answer a problem.
    """
    features = groups[0][0][0].shape[1]
    answers = [[ridge(x, y, trace) for x, y in group] for group in groups]
    floor = 1e-8 * np.eye(features)
    for _ in range(iterations):
        for number, group in enumerate(groups):
            values, vectors = np.linalg.eigh(_gram(answers[number]) + floor)
            roots = np.sqrt(values)
            penalty = trace * (vectors * (roots.sum() / roots)) @ vectors.T
            others = [_gram(answer) for other, answer in enumerate(answers) if other != number]
            penalty += unrelated * np.sum(others, axis=0) if others else 0.0
            answers[number] = [np.linalg.solve(x.T @ x / len(x) + penalty, x.T @ y / len(x)) for x, y in group]
    return answers


def _gram(weights: Sequence[np.ndarray]) -> np.ndarray:
    joined = np.concatenate(weights, axis=1)
    return np.asarray(joined @ joined.T)


def go_mtl(
    problems: Sequence[Problem], basis: int, sparsity: float, shrink: float, iterations: int = 30, start: float = 0.1
) -> tuple[np.ndarray, np.ndarray]:
    r"""Solve tasks whose weights are sparse combinations of a few vectors, ``w_t = L s_t`` (Kumar and Daume 2012, ICML).

    Minimises ``mean_t ||y_t - X_t L s_t||^2 / n_t + sparsity ||S||_1 + shrink ||L||_F^2`` and returns L (features, basis) and
    S (basis, tasks). Alternates the lasso for every s_t, by proximal gradient, and ridge regression for L, from the first left
    singular vectors of the tasks' own ridge solutions (penalty ``start``). A problem a task, targets (n_t, 1).
    """
    alone = np.concatenate([ridge(x, y, start) for x, y in problems], axis=1)
    left, _, _ = np.linalg.svd(alone, full_matrices=False)
    vectors = left[:, :basis]
    combination = vectors.T @ alone
    features, tasks = alone.shape
    products = [x.T @ x / len(x) for x, _ in problems]
    targets = [(x.T @ y / len(x))[:, 0] for x, y in problems]
    for _ in range(iterations):
        for task in range(tasks):
            curvature = vectors.T @ products[task] @ vectors
            combination[:, task] = _lasso(curvature, vectors.T @ targets[task], sparsity * tasks / 2, combination[:, task])
        # vec(L) by the normal equations of all tasks together: A_t L s_t s_t^T summed is a Kronecker product.
        matrix = shrink * tasks * np.eye(features * basis)
        for task in range(tasks):
            matrix += np.kron(products[task], np.outer(combination[:, task], combination[:, task]))
        right = sum(np.outer(targets[task], combination[:, task]) for task in range(tasks))
        vectors = np.linalg.solve(matrix, np.ravel(right)).reshape(features, basis)
    return vectors, combination


def _lasso(curvature: np.ndarray, target: np.ndarray, threshold: float, s: np.ndarray, iterations: int = 50) -> np.ndarray:
    """Return ``argmin_s s^T C s / 2 - b^T s + threshold |s|_1`` from ``s`` by proximal gradient steps."""
    step = 1.0 / max(float(np.linalg.eigvalsh(curvature)[-1]), 1e-12)
    for _ in range(iterations):
        s = s - step * (curvature @ s - target)
        s = np.sign(s) * np.maximum(np.abs(s) - step * threshold, 0.0)
    return s
