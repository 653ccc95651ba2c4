"""Stages and stacks against plain loops, and against what must not change: padding, dropped heads, shared starts."""

import numpy as np
import pytest
import torch

from tts.dataset.positions import frame_positions, position_width
from tts.network.features import window
from tts.network.layout import speaking_parts
from tts.network.stack import Stack
from tts.network.trunks import make_trunk, rotate
from tts.recipe import StagePart, TrunkPart

WIDTHS = {"mcep": 9, "lf0": 3, "vuv": 1, "bap": 3, "mel": 4, "phone_class": 5}
MAIN = {"mcep": 1, "lf0": 1, "vuv": 1, "bap": 1}


def stage(tasks: dict, **more: object) -> StagePart:
    return StagePart.model_validate({"trunk": {"layers": [8, 8]}, "tasks": tasks} | more)


def two_stages() -> tuple[StagePart, ...]:
    return stage({**MAIN, "mel": 0.2, "phone_class": 0.1}, bottleneck=3), stage({**MAIN, "mel": 0.2}, context=2)


def test_window_stacks_neighbours_and_repeats_the_ends() -> None:
    x = torch.arange(5.0)[None, :, None]
    got = window(x, 2)[0].int().tolist()
    assert got == [[max(0, min(4, t + o)) for o in range(-2, 3)] for t in range(5)]


def test_window_under_a_mask_equals_each_utterance_alone() -> None:
    x = torch.randn(3, 7, 2)
    lengths = [7, 1, 4]
    mask = torch.arange(7) < torch.tensor(lengths)[:, None]
    together = window(x, 3, mask)
    for n, length in enumerate(lengths):
        torch.testing.assert_close(together[n, :length], window(x[n : n + 1, :length], 3)[0])


@pytest.mark.parametrize(
    ("kind", "options"),
    [(kind, {}) for kind in ("feedforward", "convolution", "lstm", "attention")]
    + [(kind, {"normalise": True, "residual": True}) for kind in ("feedforward", "convolution")]
    + [("lstm", {"residual": True})],
)
def test_padding_does_not_reach_real_frames(kind: str, options: dict) -> None:
    torch.manual_seed(0)
    trunk = make_trunk(6, TrunkPart(kind=kind, layers=(8, 8), **options)).eval()
    x = torch.randn(2, 9, 6)
    mask = torch.arange(9) < torch.tensor([9, 5])[:, None]
    torch.testing.assert_close(trunk(x, mask)[1, :5], trunk(x[1:, :5])[0], atol=1e-6, rtol=1e-5)


def test_rotated_products_depend_on_distance_alone() -> None:
    q, k = torch.randn(1, 8), torch.randn(1, 8)
    products = rotate(q.expand(20, 8)) @ rotate(k.expand(20, 8)).T
    for offset in (-3, 0, 5):
        diagonal = products.diagonal(offset)
        torch.testing.assert_close(diagonal, diagonal[:1].expand_as(diagonal), atol=1e-4, rtol=1e-4)


def test_a_stack_without_auxiliary_heads_speaks_exactly_the_same() -> None:
    stack = Stack(6, two_stages(), WIDTHS, seed=1).eval()
    small = Stack(6, speaking_parts(two_stages()), WIDTHS).eval()
    kept = stack.speaking()
    assert not any("mel" in name or "phone_class" in name for name in kept)
    small.load_state_dict(kept)
    x = torch.randn(2, 5, 6)
    for name in MAIN:
        assert torch.equal(stack(x)[-1].heads[name], small(x)[-1].heads[name])


def test_shared_layers_of_two_systems_start_equal() -> None:
    with_tasks = Stack(6, two_stages(), WIDTHS, seed=1).state_dict()
    without = Stack(6, (stage(MAIN, bottleneck=3), stage(MAIN, context=2)), WIDTHS, seed=1).state_dict()
    assert without.keys() < with_tasks.keys()
    for name, value in without.items():
        assert torch.equal(value, with_tasks[name]), name


def test_the_second_stage_reads_the_window_of_the_first_bottleneck() -> None:
    stack = Stack(6, two_stages(), WIDTHS, seed=1).eval()
    x = torch.randn(1, 8, 6)
    first = stack.stages[0](x)
    assert first.bottleneck is not None
    by_hand = stack.stages[1](torch.cat([x, window(first.bottleneck, 2)], dim=-1))
    assert torch.equal(by_hand.heads["mcep"], stack(x)[-1].heads["mcep"])


def test_positions_of_a_small_case_by_hand() -> None:
    durations = np.array([[1, 2], [3, 1]])
    got = frame_positions(durations)
    assert got.shape == (7, position_width(2))
    assert got[:, :2].tolist() == [[1, 0], [0, 1], [0, 1], [1, 0], [1, 0], [1, 0], [0, 1]]
    np.testing.assert_allclose(got[:, 2], [0.5, 0.25, 0.75, 1 / 6, 0.5, 5 / 6, 0.5], rtol=1e-6)  # within the state
    np.testing.assert_allclose(got[:, 3], [1 / 6, 0.5, 5 / 6, 1 / 8, 3 / 8, 5 / 8, 7 / 8], rtol=1e-6)  # within the phone
    np.testing.assert_allclose(got[:, 4], [1 / 3, 2 / 3, 2 / 3, 3 / 4, 3 / 4, 3 / 4, 1 / 4], rtol=1e-6)  # state's share
    logs = np.round(np.expm1(got[:, 5:] * 5.0)).astype(int).tolist()
    assert logs[0] == [1, 3, 0, 2, 0, 4]
    assert logs[6] == [1, 4, 3, 0, 3, 0]
