"""Linear multi-task solvers on problems drawn from known subspaces, and the GO-MTL layer against its closed form."""

import numpy as np
import pytest
import torch
from linear_mtl import Problem, go_mtl, ridge, trace_norm_groups

from tts.network.go_mtl import SparseBasis


def test_ridge_meets_its_normal_equations() -> None:
    rng = np.random.default_rng(0)
    x, y = rng.standard_normal((12, 5)), rng.standard_normal((12, 3))
    w = ridge(x, y, 0.2)
    np.testing.assert_allclose(x.T @ (x @ w - y) / 12 + 0.2 * w, 0.0, atol=1e-12)


def unrelated_problems(seed: int) -> tuple[np.ndarray, Problem, Problem]:
    """Ten tasks of rank 3 with 20 samples; beside them thirty of rank 20, in the orthogonal space, with 200 samples."""
    rng = np.random.default_rng(seed)
    frame = np.linalg.qr(rng.standard_normal((30, 30)))[0]
    main = frame[:, :3] @ rng.standard_normal((3, 10))
    auxiliary = frame[:, 3:23] @ rng.standard_normal((20, 30)) * 0.5
    x, x_auxiliary = rng.standard_normal((20, 30)), rng.standard_normal((200, 30))
    y = x @ main + rng.standard_normal((20, 10))
    return main, (x, y), (x_auxiliary, x_auxiliary @ auxiliary + rng.standard_normal((200, 30)))


def test_unrelated_groups_hurt_when_pooled_and_help_when_kept_orthogonal() -> None:
    errors = []
    for seed in range(10):
        truth, main, auxiliary = unrelated_problems(seed)
        answers = [
            ridge(*main, 0.5),
            trace_norm_groups([[main, auxiliary]], 0.1, iterations=20)[0][0],
            trace_norm_groups([[main], [auxiliary]], 0.1, iterations=20)[0][0],
            trace_norm_groups([[main], [auxiliary]], 0.003, 10.0, iterations=20)[0][0],
        ]
        errors.append([np.sqrt(1.0 + np.square(w - truth).sum(axis=0).mean()) for w in answers])  # of new samples, noise 1
    alone, pooled, apart, orthogonal = np.mean(errors, axis=0)
    assert pooled > alone > apart > orthogonal
    np.testing.assert_allclose([alone, pooled, apart, orthogonal], [1.672, 1.761, 1.620, 1.542], rtol=0.03)


def test_orthogonality_weight_turns_the_subspaces_apart() -> None:
    _, main, auxiliary = unrelated_problems(0)

    def shared(weight: float) -> float:
        (w,), (v,) = trace_norm_groups([[main], [auxiliary]], 0.1, weight, iterations=20)
        return float(np.linalg.norm(w.T @ v))

    assert shared(3.0) < 0.5 * shared(0.0)


def grouped_problems(seed: int) -> tuple[np.ndarray, list[Problem]]:
    """Thirty tasks of 15 samples in 20 features: three groups, each on two of four latent directions, one shared by pairs."""
    rng = np.random.default_rng(seed)
    combination = np.zeros((4, 30))
    directions = rng.standard_normal((20, 4))
    for task in range(30):
        group = task // 10
        combination[group : group + 2, task] = rng.standard_normal(2)
    truth = directions @ combination
    inputs = rng.standard_normal((30, 15, 20))
    noise = 0.5 * rng.standard_normal((30, 15, 1))
    return truth, [(x, x @ truth[:, [t]] + noise[t]) for t, x in enumerate(inputs)]


def prediction_error(truth: np.ndarray, found: np.ndarray) -> float:
    return float(np.sqrt(0.25 + np.square(found - truth).sum(axis=0).mean()))


@pytest.mark.slow
def test_go_mtl_and_its_layer_find_the_basis_that_ridge_cannot() -> None:
    truth, problems = grouped_problems(1)
    alone = np.concatenate([ridge(x, y, 0.01) for x, y in problems], axis=1)
    basis, combination = go_mtl(problems, 4, sparsity=1e-3, shrink=1e-3, iterations=15)
    closed = prediction_error(truth, basis @ combination)
    assert prediction_error(truth, alone) > 2.5
    assert closed < 0.75
    np.testing.assert_allclose(prediction_error(truth, by_layer(problems)), closed, rtol=0.05)


def by_layer(problems: list[Problem], steps: int = 600, rate: float = 0.05) -> np.ndarray:
    torch.manual_seed(0)
    x = torch.tensor(np.stack([x for x, _ in problems]), dtype=torch.float32)
    y = torch.tensor(np.stack([y for _, y in problems]), dtype=torch.float32)
    tasks = [f"task{n}" for n in range(len(problems))]
    layer = SparseBasis([torch.nn.Linear(20, 1, bias=False) for _ in range(4)], tasks, sparsity=0.03, shrink=0.001)
    optimiser = torch.optim.Adam(layer.parameters())
    for step in range(steps):
        now = optimiser.param_groups[0]["lr"] = rate * (1.0 - step / steps)
        loss = (x @ layer.combined()["weight"].transpose(1, 2) - y).square().mean()
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        layer.after_step(now)
    return layer.combined()["weight"][:, 0].detach().double().numpy().T


def test_go_mtl_without_sparsity_fits_as_well_as_its_rank_allows() -> None:
    rng = np.random.default_rng(3)
    truth = rng.standard_normal((6, 2)) @ rng.standard_normal((2, 8))
    inputs = rng.standard_normal((8, 40, 6))
    basis, combination = go_mtl([(x, x @ truth[:, [t]]) for t, x in enumerate(inputs)], 2, 0.0, 1e-9, iterations=100)
    np.testing.assert_allclose(basis @ combination, truth, atol=1e-3)


@pytest.mark.slow
def test_the_proximal_step_lands_on_zero_and_shows_the_groups() -> None:
    """Tasks of two kinds with nothing in common: each comes to use one of the two basis vectors, its own kind's."""
    rng = np.random.default_rng(4)
    x = torch.tensor(rng.standard_normal((400, 10)), dtype=torch.float32)
    directions = torch.tensor(np.linalg.qr(rng.standard_normal((10, 2)))[0], dtype=torch.float32)
    y = x @ directions[:, [0, 0, 0, 1, 1, 1]] * torch.tensor([1.0, -2.0, 1.5, 1.0, 2.0, -1.0])
    torch.manual_seed(1)
    layer = SparseBasis([torch.nn.Linear(10, 1, bias=False) for _ in range(2)], list("abcdef"), sparsity=0.6, shrink=0.01)
    optimiser = torch.optim.Adam(layer.parameters())
    for step in range(1200):
        now = optimiser.param_groups[0]["lr"] = 0.02 * (1.0 - step / 1200)
        some = torch.randint(400, (32,))
        loss = (x[some] @ layer.combined()["weight"][:, 0].T - y[some]).square().mean()
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        layer.after_step(now)
    used = [tuple(s != 0.0 for s in weights) for weights in layer.grouping().values()]
    assert {used[0], used[3]} == {(True, False), (False, True)}
    assert used == [used[0]] * 3 + [used[3]] * 3
