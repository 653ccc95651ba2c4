"""Methods that know the main task: what each promises about a step, and its rule against a direct computation."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from tts.core.errors import UsageError
from tts.training.weighting import METHODS, Weighting, make_weighting
from tts.training.weighting.base import MainWeighting

MAIN_AWARE = sorted(name for name, method in METHODS.items() if issubclass(method, MainWeighting))


def make(name: str, rows: int, **options: Any) -> Weighting:
    return make_weighting(name, options, ["main_task", *(f"aux{n}" for n in range(1, rows))], ["main_task"], {})


def combine(weighting: Weighting, jacobian: Tensor, step: int = 0, sizes: list[int] | None = None) -> Tensor:
    return weighting.combine(step, torch.ones(len(jacobian)), jacobian, sizes or [jacobian.shape[1]])[0]


def normal(seed: int, rows: int, columns: int) -> Tensor:
    return torch.randn(rows, columns, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


PROTECTING: list[tuple[str, dict[str, Any]]] = [
    ("gate", {"weighted": weighted, "clip": clip}) for weighted in (True, False) for clip in (True, False)
] + [("projection", {"clip": clip}) for clip in (True, False)]


@given(st.integers(0, 10_000), st.integers(1, 6), st.integers(1, 8), st.sampled_from([0.0, 1.0, 3.0]))
@settings(max_examples=60, deadline=None)
def test_main_progress_is_never_less_than_alone(seed: int, rows: int, columns: int, spread: float) -> None:
    jacobian = normal(seed, rows, columns) * 10.0 ** (spread * normal(seed + 1, rows, 1))
    main = jacobian[0]
    for name, options in PROTECTING:
        found = combine(make(name, rows, **options), jacobian)
        rounding = 1e-12 * float(main.norm() * jacobian.norm())
        assert float(main @ found) >= float(main @ main) - rounding, (name, options)


def test_gates() -> None:
    main = torch.tensor([2.0, 0.0], dtype=torch.float64)
    with_main, against = torch.tensor([3.0, 4.0], dtype=torch.float64), torch.tensor([-1.0, 1.0], dtype=torch.float64)
    jacobian = torch.stack([main, with_main, against])
    torch.testing.assert_close(combine(make("gate", 3), jacobian), main + 0.6 * with_main)
    torch.testing.assert_close(combine(make("gate", 3, weighted=False), jacobian), main + with_main)
    torch.testing.assert_close(combine(make("gate", 3, weighted=False, clip=True), jacobian), main + 0.4 * with_main)


def test_projection_takes_only_what_opposes() -> None:
    main = torch.tensor([2.0, 0.0], dtype=torch.float64)
    with_main, against = torch.tensor([3.0, 4.0], dtype=torch.float64), torch.tensor([-1.0, 1.0], dtype=torch.float64)
    found = combine(make("projection", 3, clip=False), torch.stack([main, with_main, against]))
    torch.testing.assert_close(found, main + with_main + torch.tensor([0.0, 1.0], dtype=torch.float64))
    found = combine(make("projection", 3), torch.stack([main, with_main, against]))
    torch.testing.assert_close(found, main + 0.4 * with_main + torch.tensor([0.0, 1.0], dtype=torch.float64))


@pytest.mark.parametrize("name", ["gate", "projection", "bloop"])
def test_together_is_one_row(name: str) -> None:
    weighting = make(name, 4, together=True)
    assert list(weighting.tasks.rows) == ["main", "auxiliary"]
    assert weighting.tasks.rows["auxiliary"] == ("aux1", "aux2", "aux3")


def test_ol_aux_follows_its_rule() -> None:
    weighting = make("ol-aux", 3, start=0.1, rate=0.5, every=2, largest=1.0)
    gramians = [torch.tensor([[1.0, a, b], [a, 4.0, 0.0], [b, 0.0, 4.0]], dtype=torch.float64) for a, b in [(0.4, -0.1)] * 8]
    seen = [weighting.weights(step, torch.ones(3), gramian).tolist() for step, gramian in enumerate(gramians)]
    expected = [[1, 0.1, 0.1], [1, 0.1, 0.1], [1, 0.5, 0], [1, 0.5, 0], [1, 0.9, 0], [1, 0.9, 0], [1, 1, 0], [1, 1, 0]]
    torch.testing.assert_close(torch.tensor(seen), torch.tensor(expected, dtype=torch.float32))


def test_bloop_is_orthogonal_to_the_average() -> None:
    weighting = make("bloop", 3, decay=0.9, weight=0.5)
    average = None
    for step in range(4):
        jacobian = normal(step, 3, 6)
        average = jacobian[0] if average is None else 0.9 * average + 0.1 * jacobian[0]
        found = combine(weighting, jacobian, step)
        auxiliary = found - jacobian[0]
        assert float(auxiliary @ average) == pytest.approx(0.0, abs=1e-12)
        total = jacobian[1] + jacobian[2]
        torch.testing.assert_close(auxiliary, 0.5 * (total - (total @ average) / (average @ average) * average))


def test_metabalance_by_layer() -> None:
    jacobian = normal(0, 3, 7) * torch.tensor([[1.0], [100.0], [0.01]], dtype=torch.float64)
    weighting = make("metabalance", 3, relax=1.0, decay=0.0)
    found = combine(weighting, jacobian, sizes=[4, 3])
    for layer in (slice(0, 4), slice(4, 7)):
        part = jacobian[:, layer]
        expected = (part / part.norm(dim=1, keepdim=True)).sum(dim=0) * part[0].norm()
        torch.testing.assert_close(found[layer], expected)
    # Norms are averaged: the second step's ratio is not that of the second gradient alone.
    weighting = make("metabalance", 2, relax=0.7, decay=0.5)
    for scale in (1.0, 3.0):
        found = combine(weighting, torch.tensor([[1.0, 0.0], [0.0, scale]], dtype=torch.float64))
    torch.testing.assert_close(found, torch.tensor([1.0, 3.0 * (0.7 / 2.0 + 0.3)], dtype=torch.float64))


def test_metabalance_keeps_the_average_of_a_missing_row() -> None:
    weighting = make("metabalance", 2, decay=0.5)
    for row in ([0.0, 4.0], [0.0, 0.0], [0.0, 0.0]):
        combine(weighting, torch.tensor([[1.0, 0.0], row], dtype=torch.float64))
    torch.testing.assert_close(weighting.memory["norms"], torch.tensor([[1.0, 4.0]], dtype=torch.float64))


@pytest.mark.parametrize("name", MAIN_AWARE)
def test_hostile_inputs_stay_finite(name: str) -> None:
    row = normal(0, 1, 6)[0]
    for jacobian in (
        torch.zeros(3, 6, dtype=torch.float64),
        torch.stack([row, -row, row]),
        torch.stack([0.0 * row, row, -row]),
        torch.stack([row, 0.0 * row, 1e-200 * row]),
        1e15 * normal(1, 3, 6),
        1e-15 * normal(2, 3, 6),
        1e15 * normal(1, 3, 6).float(),
    ):
        assert bool(torch.isfinite(combine(make(name, 3), jacobian, sizes=[2, 4])).all()), jacobian


@pytest.mark.parametrize("name", MAIN_AWARE)
def test_alone_main_learns_as_if_alone(name: str) -> None:
    jacobian = normal(0, 1, 6)
    torch.testing.assert_close(combine(make(name, 1), jacobian), jacobian[0])


@pytest.mark.parametrize("name", MAIN_AWARE)
def test_a_main_task_is_needed(name: str) -> None:
    with pytest.raises(UsageError, match="needs a main task"):
        make_weighting(name, {}, ["a", "b"], [], {})
