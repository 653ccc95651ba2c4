"""Taking over tensors: columns follow their names, and what differs between corpora goes into the weights exactly."""

import numpy as np
import pytest
import torch

from tts.dataset.statistics import StreamStatistics
from tts.network.stack import Stage
from tts.recipe import StagePart
from tts.training.remap import load_remapped, re_express

WIDTHS = {"mcep": 6, "phone": 3}
THEIRS = ["C:is_a", "C:is_b", "C:nasal", "question", "speaker:x", "speaker:y"]
OURS = ["question", "C:is_c", "C:is_b", "C:is_a"]


def stage_of(inputs: int, kind: str = "feedforward", **more: object) -> Stage:
    trunk = {"kind": kind, "layers": [8, 8], **({"normalise": True} if kind == "feedforward" else {})}
    part = StagePart.model_validate({"trunk": trunk, "tasks": {"mcep": 1, "phone": 0.1}, **more})
    return Stage(inputs, part, WIDTHS).eval()


@pytest.mark.parametrize("kind", ["feedforward", "lstm", "attention", "convolution"])
def test_the_copy_answers_as_the_original_does(kind: str) -> None:
    """Two inventories: phones in another order, one of them new here; a question that was always asked there."""
    theirs, ours = stage_of(len(THEIRS), kind), stage_of(len(OURS), kind)
    affine = {"question": (0.0, 1.0), "speaker:x": (0.0, 0.0), "speaker:y": (0.0, 1.0)}
    sums = {"C:nasal": ["C:is_b"]}
    taken = load_remapped(ours, dict(theirs.state_dict()), THEIRS, OURS, affine, sums)
    assert {t.how for t in taken} == {"copied", "by name"}
    phone = torch.randint(0, 2, (2, 9))  # a or b; b is nasal
    a, b, ones, zeros = (phone == 0).float(), (phone == 1).float(), torch.ones(2, 9), torch.zeros(2, 9)
    there = torch.stack([a, b, b, ones, zeros, ones], dim=-1)
    asked = torch.randint(0, 2, (2, 9)).float()  # which the original was never told
    here = torch.stack([asked, zeros, b, a], dim=-1)
    said, copied = theirs(there).heads, ours(here).heads
    inner = slice(4, -4) if kind == "convolution" else slice(None)  # beyond the ends a convolution sees no held input
    for name in said:
        torch.testing.assert_close(copied[name][:, inner], said[name][:, inner])


def test_columns_of_new_inputs_start_at_zero() -> None:
    theirs, ours = stage_of(2), stage_of(3)
    load_remapped(ours, dict(theirs.state_dict()), ["a", "b"], ["b", "new", "a"], {})
    weight, original = ours.state_dict()["trunk.layers.0.weight"], theirs.state_dict()["trunk.layers.0.weight"]
    assert torch.equal(weight[:, [2, 0]], original)
    assert not weight[:, 1].any()


def test_windows_are_matched_frame_by_frame() -> None:
    theirs, ours = stage_of(6), stage_of(3)
    names = [f"{name}{at}" for at in ("@-2", "", "@2") for name in ("a", "b")]
    load_remapped(ours, dict(theirs.state_dict()), names, ["b@-2", "b", "b@2"], {})
    original = theirs.state_dict()["trunk.layers.0.weight"]
    assert torch.equal(ours.state_dict()["trunk.layers.0.weight"], original[:, 1::2])


def test_an_earlier_stage_read_under_other_statistics() -> None:
    """An input that is an output of the stage before: x = s x' + o."""
    theirs, ours = stage_of(2), stage_of(2)
    load_remapped(ours, dict(theirs.state_dict()), ["mcep:0", "a"], ["mcep:0", "a"], {"mcep:0": (2.5, -0.7)})
    x = torch.randn(1, 5, 2)
    torch.testing.assert_close(
        ours(x).heads["mcep"], theirs(x * torch.tensor([2.5, 1.0]) + torch.tensor([-0.7, 0])).heads["mcep"]
    )


def test_every_difference_is_named() -> None:
    theirs = stage_of(3, tasks={"mcep": {"private": [4]}})
    wider = StagePart.model_validate({"trunk": {"layers": [8, 16], "normalise": True}, "tasks": {"mcep": 1, "phone": 1}})
    ours = Stage(3, wider, WIDTHS)
    how = {t.name: t.how for t in load_remapped(ours, dict(theirs.state_dict()), list("abc"), list("cab"), {})}
    assert how["trunk.layers.0.weight"] == "by name"
    assert how["trunk.layers.0.bias"] == how["trunk.norms.0.weight"] == "copied"
    assert how["trunk.layers.1.weight"] == how["heads.mcep.output.weight"] == how["heads.phone.output.bias"] == "new"
    assert how["heads.mcep.private.0.weight"] == "left out"
    assert {*ours.state_dict()} <= {*how}


@pytest.mark.parametrize("private", [[], [5]])
def test_a_head_says_the_same_physical_values_under_other_statistics(private: list[int]) -> None:
    generator = np.random.default_rng(3)

    def statistics() -> StreamStatistics:
        return StreamStatistics(generator.normal(size=2), generator.uniform(0.1, 4.0, 6), np.ones(2))

    def physical(y: torch.Tensor, one: StreamStatistics) -> np.ndarray:
        values = y.detach().double().numpy() * one.deviation
        values[..., :2] += one.mean
        return values

    tasks = {"phone": {"private": [4]}, "mcep": {"private": private, "reads": "phone"}}
    stage, there, here = stage_of(3, tasks=tasks), statistics(), statistics()
    with torch.no_grad():
        stage.heads["mcep"].ear.normal_()
    x = torch.randn(2, 7, 3)
    before = physical(stage(x).heads["mcep"], there)
    re_express(stage.heads["mcep"], there, here)
    np.testing.assert_allclose(physical(stage(x).heads["mcep"], here), before, rtol=1e-5, atol=1e-5)
