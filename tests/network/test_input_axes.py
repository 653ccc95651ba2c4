"""Which tensors read a stage's input, against a wider twin: they are those that widen with it."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from tts.dataset.speakers import SpeakerInput
from tts.network.stack import Stage
from tts.recipe import StagePart

WIDTHS = {"mcep": 6, "mel": 4}
SHARINGS = [
    {"kind": "hard"},
    {"kind": "cross_stitch"},
    {"kind": "sluice"},
    {"kind": "mmoe", "experts": 3},
    {"kind": "ple", "shared": 2, "own": 2},
    {"kind": "adapters", "rank": 2},
    {"kind": "go_mtl", "basis": 3},
]


def twin_axes(stage: Stage) -> dict[str, int]:
    with torch.device("meta"):
        wider = Stage(stage.inputs + 1, stage.part, stage.widths, speakers=stage.speakers).state_dict()

    def axis(a: Tensor, b: Tensor) -> list[int]:
        return [n for n, (x, y) in enumerate(zip(a.shape, b.shape, strict=True)) if x != y]

    return {name: axis(t, wider[name])[0] for name, t in stage.state_dict().items() if axis(t, wider[name])}


@pytest.mark.slow
@pytest.mark.parametrize("speakers", [None, SpeakerInput(2), SpeakerInput(2, code=False, heads=True)])
@pytest.mark.parametrize("kind", ["feedforward", "convolution", "lstm", "attention"])
@pytest.mark.parametrize("sharing", SHARINGS, ids=lambda s: s["kind"])
def test_they_are_the_tensors_that_widen_with_the_input(sharing: dict, kind: str, speakers: SpeakerInput | None) -> None:
    for layers in ([8], [8, 8, 4]):
        options = sharing | ({"subspaces": 2} if sharing["kind"] == "sluice" else {})
        trunk = {"kind": kind, "layers": layers} | ({"heads": 2} if kind == "attention" else {})
        part = {"trunk": trunk, "tasks": {"mcep": 1, "mel": 1}, "sharing": options}
        stage = Stage(6 + (speakers.count if speakers else 0), StagePart.model_validate(part), WIDTHS, speakers=speakers)
        assert stage.input_axes() == twin_axes(stage)


def test_attention_as_wide_as_its_input_reads_it_by_no_matrix() -> None:
    part = StagePart.model_validate({"trunk": {"kind": "attention", "layers": [8], "heads": 2}, "tasks": {"mcep": 1}})
    assert Stage(8, part, WIDTHS).input_axes() == {}
    assert Stage(7, part, WIDTHS).input_axes() == {"trunk.layers.0.enter.weight": 1}
