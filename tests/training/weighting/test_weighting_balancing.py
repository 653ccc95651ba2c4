"""Methods on the Gramian: exact values, identities, invariances, hostile inputs, and TorchJD where it is installed."""

from __future__ import annotations

import importlib
import sys
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

import tts.training.weighting.torchjd
from tts.core.errors import TtsError, UsageError
from tts.training.weighting import METHODS, make_weighting
from tts.training.weighting.balancing import Balancing
from tts.training.weighting.solvers import dual_cone, nonnegative_least_squares, rational, root, shortest

J1 = torch.tensor([[-4.0, 1.0, 1.0], [6.0, 1.0, 1.0]], dtype=torch.float64)
J2 = torch.tensor([[1.0, 0.0, 0.0], [-0.5, 1.0, 0.0], [0.2, -0.3, 2.0]], dtype=torch.float64)
OWN = sorted(name for name, method in METHODS.items() if issubclass(method, Balancing) and name != "torchjd")


def update(name: str, jacobian: Tensor, **options: Any) -> Tensor:
    """Return d = J' w of a method."""
    names = [f"task{number}" for number in range(len(jacobian))]
    weighting = make_weighting(name, options, names, [], {})
    return weighting.combine(0, torch.ones(len(jacobian)), jacobian, [jacobian.shape[1]])[0]


# Exact values, computed independently of this package and of TorchJD.
GOLDEN = {
    "sum": ([2, 2, 2], [0.7, 0.7, 2]),
    "pcgrad": ([0.5848, 3.8012, 3.8012], None),
    "upgrad": ([0.2924, 1.9006, 1.9006], [0.2800, 0.4660, 0.7156]),
    "dualproj": ([0.5556, 1.1111, 1.1111], [0.2333, 0.2333, 0.6667]),
    "mgda": ([0, 1, 1], [0.2747, 0.4120, 0.1717]),
    "cagrad": ([0.1835, 1.2041, 1.2041], [0.3827, 0.5740, 0.6667]),
    "imtl-g": ([0.0767, 1, 1], [0.2409, 0.3898, 0.2791]),
    "aligned-mtl": ([0.2133, 0.9673, 0.9673], [0.2041, 0.2893, 0.2776]),
    "config": ([0.1588, 2.0706, 2.0706], [0.8366, 1.3536, 0.9695]),
    "fairgrad": ([0.0766, 0.9985, 0.9985], [0.7630, 1.1477, 1.0491]),
}


@pytest.mark.parametrize("name", GOLDEN)
@pytest.mark.parametrize("which", [0, 1])
def test_exact_values(name: str, which: int) -> None:
    expected = GOLDEN[name][which]
    if expected is None:
        pytest.skip("depends on the random order")
    found = update(name, (J1, J2)[which])
    torch.testing.assert_close(found, torch.tensor(expected, dtype=torch.float64), atol=6e-5, rtol=0)


TORCHJD = {
    "pcgrad": ("PCGradWeighting", {}, [J1], 1e-5),
    "upgrad": ("UPGradWeighting", {}, [J1, J2], 1e-6),
    "dualproj": ("DualProjWeighting", {}, [J1, J2], 1e-6),
    "mgda": ("MGDAWeighting", {"epsilon": 1e-9, "max_iters": 5000}, [J1, J2], 2e-3),
    "imtl-g": ("IMTLGWeighting", {}, [J1, J2], 1e-6),
    "aligned-mtl": ("AlignedMTLWeighting", {}, [J1, J2], 1e-6),
    "fairgrad": ("FairGradWeighting", {"alpha": 1.0}, [J1, J2], 1e-4),
}


@pytest.mark.parametrize("name", TORCHJD)
def test_agrees_with_torchjd(name: str) -> None:
    pytest.importorskip("torchjd", reason="TorchJD is not installed")
    kind, arguments, jacobians, tolerance = TORCHJD[name]
    for jacobian in jacobians:
        theirs = update("torchjd", jacobian, aggregator=kind.removesuffix("Weighting"), arguments=arguments)
        torch.testing.assert_close(update(name, jacobian), theirs, atol=tolerance, rtol=tolerance)


def test_torchjd_agrees_on_random_gramians() -> None:
    pytest.importorskip("torchjd", reason="TorchJD is not installed")
    for seed in range(20):
        jacobian = torch.randn(4, 9, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)
        for own, theirs in (("imtl-g", "IMTLG"), ("aligned-mtl", "AlignedMTL"), ("upgrad", "UPGrad"), ("dualproj", "DualProj")):
            expected = update("torchjd", jacobian, aggregator=theirs)
            torch.testing.assert_close(update(own, jacobian), expected, atol=1e-6, rtol=1e-5)


def test_torchjd_says_what_is_wrong() -> None:
    pytest.importorskip("torchjd", reason="TorchJD is not installed")
    with pytest.raises(UsageError, match="no aggregator 'GradVac'"):
        update("torchjd", J1, aggregator="GradVac")
    with pytest.raises(UsageError, match="MGDA has no argument 'steps'; it has epsilon, max_iters"):
        update("torchjd", J1, aggregator="MGDA", arguments={"steps": 1.0})
    with pytest.raises(TtsError, match="Krum cannot be made"):
        update("torchjd", J1, aggregator="Krum", arguments={})


def test_torchjd_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("torchjd", "torchjd.aggregation", "torchjd.linalg"):
        monkeypatch.setitem(sys.modules, name, None)
    importlib.reload(tts.training.weighting.torchjd)  # the module itself does without
    with pytest.raises(TtsError, match="TorchJD is not installed; pip install"):
        update("torchjd", J1, aggregator="MGDA")


def normal(seed: int, rows: int, columns: int) -> Tensor:
    return torch.randn(rows, columns, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def bisector(jacobian: Tensor) -> Tensor:
    return (jacobian / jacobian.norm(dim=1, keepdim=True)).sum(dim=0)


@pytest.mark.parametrize("seed", range(5))
def test_identities_of_two_rows(seed: int) -> None:
    jacobian = normal(seed, 2, 4)
    torch.testing.assert_close(update("pcgrad", jacobian), 2.0 * update("upgrad", jacobian))
    for name in ("fairgrad", "imtl-g", "config"):
        cosine = torch.cosine_similarity(update(name, jacobian), bisector(jacobian), dim=0)
        assert cosine == pytest.approx(1.0, abs=1e-6), name


@pytest.mark.parametrize("seed", range(5))
def test_defining_equations(seed: int) -> None:
    jacobian = normal(seed, 4, 9)
    gramian = jacobian @ jacobian.T
    torch.testing.assert_close(update("cagrad", jacobian, radius=0.0), jacobian.mean(dim=0))
    # Nash: G w = 1 / w, and in general G w = w^(-1/alpha).
    for alpha in (0.5, 1.0, 2.0):
        w = rational(gramian, alpha)
        torch.testing.assert_close(gramian @ w, w ** (-1.0 / alpha), rtol=1e-4, atol=0)
        torch.testing.assert_close(update("fairgrad", jacobian, alpha=alpha), w @ jacobian, rtol=1e-4, atol=1e-6)
    # MGDA: equal J d = |d|^2 on active rows, no less on the others.
    w = shortest(gramian)
    progress = gramian @ w
    torch.testing.assert_close(progress[w > 1e-12], (w @ progress).expand((w > 1e-12).sum()))
    assert bool((progress >= w @ progress - 1e-12).all())
    # IMTL-G: equal projections on the unit gradients. ConFIG: equal cosines. Aligned-MTL: rows of equal length, orthogonal.
    units = jacobian / jacobian.norm(dim=1, keepdim=True)
    for name in ("imtl-g", "config"):
        along = units @ update(name, jacobian)
        torch.testing.assert_close(along, along.mean().expand(4))
    values = torch.linalg.svdvals(jacobian)
    u, _, v = torch.linalg.svd(jacobian, full_matrices=False)
    torch.testing.assert_close(update("aligned-mtl", jacobian), (values.min() * u @ v).mean(dim=0))


@pytest.mark.parametrize("seed", range(4))
def test_cagrad_is_best_within_its_ball(seed: int) -> None:
    jacobian = normal(seed, 3, 5)
    mean = jacobian.mean(dim=0)
    found = update("cagrad", jacobian, radius=0.4)
    assert float((found - mean).norm()) <= 0.4 * float(mean.norm()) + 1e-9
    others = normal(100 + seed, 20000, 5)
    others = mean + 0.4 * mean.norm() * others / others.norm(dim=1, keepdim=True)
    assert float((jacobian @ found).min()) >= float((others @ jacobian.T).min(dim=1).values.max()) - 1e-9


MATRICES = st.tuples(st.integers(0, 10_000), st.integers(1, 6), st.integers(1, 8), st.sampled_from([0.0, 1.0, 2.0]))


@given(MATRICES)
@settings(max_examples=60, deadline=None)
def test_no_row_is_harmed(case: tuple[int, int, int, float]) -> None:
    seed, rows, columns, spread = case
    jacobian = normal(seed, rows, columns) * 10.0 ** (spread * normal(seed + 1, rows, 1))
    for name in ("upgrad", "dualproj", "mgda"):
        if name == "mgda" and spread > 1.0:
            continue  # the combination's smallest weights are below rounding
        found = update(name, jacobian)
        assert bool((jacobian @ found >= -1e-9 * jacobian.norm(dim=1) * jacobian.norm()).all()), name


@given(MATRICES)
@settings(max_examples=60, deadline=None)
def test_projector_solves_its_program(case: tuple[int, int, int, float]) -> None:
    seed, rows, columns, spread = case
    jacobian = normal(seed, rows, columns) * 10.0 ** (0.5 * spread * normal(seed + 1, rows, 1))
    gramian = jacobian @ jacobian.T / jacobian.square().sum()
    start = normal(seed + 2, rows, 1)[:, 0].abs()
    v = dual_cone(gramian, start)
    dual = gramian @ v  # optimal: v >= start, G v >= 0, and one of the two equal in every row
    assert bool((v >= start).all())
    assert float(dual.min()) >= -1e-9
    assert float(((v - start) * dual).abs().max()) <= 1e-8


def test_least_squares_agree_with_scipy() -> None:
    from scipy.optimize import nnls

    for seed in range(50):
        a, b = normal(seed, 7, 5), normal(seed + 1000, 7, 1)[:, 0]
        expected = torch.from_numpy(nnls(a.numpy(), b.numpy())[0])
        torch.testing.assert_close(nonnegative_least_squares(a, b), expected)


def test_root() -> None:
    gramian = J2 @ J2.T
    torch.testing.assert_close(root(gramian) @ root(gramian), gramian)


@pytest.mark.parametrize("name", OWN)
def test_scale(name: str) -> None:
    for jacobian in (J1, J2):
        small = update(name, 1e-6 * jacobian)
        expected = update(name, jacobian) * (1.0 if name == "fairgrad" else 1e-6)
        torch.testing.assert_close(small, expected, rtol=1e-7, atol=1e-12 * float(expected.norm()))


@pytest.mark.parametrize("name", ["fairgrad", "imtl-g"])
def test_direction_ignores_the_scale_of_a_loss(name: str) -> None:
    scaled = J2 * torch.tensor([[1.0], [30.0], [0.2]], dtype=torch.float64)
    cosine = torch.cosine_similarity(update(name, scaled), update(name, J2), dim=0)
    assert cosine == pytest.approx(1.0, abs=1e-4)


@pytest.mark.parametrize("name", [name for name in OWN if name != "pcgrad"])
def test_order_of_rows_does_not_matter(name: str) -> None:
    jacobian = normal(3, 5, 8)
    order = torch.tensor([3, 0, 4, 1, 2])
    torch.testing.assert_close(update(name, jacobian[order]), update(name, jacobian), rtol=1e-6, atol=1e-8)


@pytest.mark.parametrize("name", OWN)
@pytest.mark.parametrize("dtype", [torch.float64, torch.float32])
def test_hostile_inputs_stay_finite(name: str, dtype: torch.dtype) -> None:
    row = normal(0, 1, 6)[0]
    for jacobian in (
        torch.zeros(3, 6),
        torch.stack([row, -row]),
        torch.stack([row, row, row]),
        torch.stack([row, -row, 3.0 * row, torch.zeros(6)]),
        torch.stack([row, 1e-20 * row]),
        1e15 * normal(1, 3, 6),
        1e-15 * normal(2, 3, 6),
        normal(3, 6, 2),
        normal(4, 1, 6),
    ):
        found = update(name, jacobian.to(dtype))
        assert bool(torch.isfinite(found).all()), (name, jacobian)
        largest = float(jacobian.norm())
        if name != "fairgrad":
            assert float(found.norm()) <= 20.0 * largest, (name, jacobian)


@pytest.mark.parametrize("name", OWN)
def test_opposite_rows_move_nothing(name: str) -> None:
    row = normal(0, 1, 6)[0]
    assert float(update(name, torch.stack([row, -row])).norm()) < 1e-6


@pytest.mark.parametrize("name", OWN)
def test_empty_row_is_left_out(name: str) -> None:
    with_empty = torch.cat([J2[:2], torch.zeros(1, 3, dtype=torch.float64)])
    if name == "pcgrad":  # with two rows its order does not matter
        torch.testing.assert_close(update(name, with_empty), 2.0 * update("upgrad", J2[:2]))
    else:
        torch.testing.assert_close(update(name, with_empty), update(name, J2[:2]))


def test_pcgrad_order_is_a_function_of_seed_and_step() -> None:
    gramian = J2 @ J2.T
    one, same, other = (make_weighting("pcgrad", {"seed": seed}, ["a", "b", "c"], [], {}) for seed in (1, 1, 2))
    drawn = [weighting.weights(5, torch.ones(3), gramian) for weighting in (one, same)]
    torch.testing.assert_close(*drawn, rtol=0, atol=0)
    several = {tuple(other.weights(step, torch.ones(3), gramian).tolist()) for step in range(20)}
    assert len(several) > 1


def test_small_main_gradient_is_not_protected() -> None:
    """The known counter-example: these methods may oppose a small main gradient, which is why they are not the default."""
    conflict = torch.tensor([[1.0, 0.0], [-10.0, 5.0]], dtype=torch.float64)
    assert float(conflict[0] @ update("cagrad", conflict)) == pytest.approx(-1.93, abs=0.01)
    assert float(conflict[0] @ update("aligned-mtl", conflict)) == pytest.approx(-0.076, abs=0.001)
