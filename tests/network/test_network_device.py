"""Networks on a device that has no values to look at: every trunk, way of sharing and penalty, forward and backward."""

from __future__ import annotations

import pytest
import torch
from strict_device import META, Strict
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from tts.dataset.speakers import SpeakerInput
from tts.network.joint import Joint
from tts.network.layout import speaking_parts
from tts.network.stack import Stack, Stage
from tts.network.trunks import Lstm, padded_lstm
from tts.recipe import StagePart, TrunkPart

WIDTHS = {"mcep": 6, "vuv": 1, "lf0": 3, "bap": 3, "mel": 4, "phone": 3}
TRUNKS = ["feedforward", "convolution", "lstm", "attention"]
SHARINGS = [
    {"kind": "hard"},
    {"kind": "cross_stitch"},
    {"kind": "sluice", "subspaces": 2, "mixture": True, "orthogonality": 0.1},
    {"kind": "mmoe", "gate_dropout": 0.2},
    {"kind": "ple"},
    {"kind": "adapters", "rank": 2},
    {"kind": "go_mtl"},
]
MASK = torch.arange(5) < torch.tensor([5, 3, 1])[:, None]


def part(kind: str = "feedforward", **more: object) -> StagePart:
    trunk = {"kind": kind, "layers": [8, 8], "dropout": 0.1} | ({"heads": 2} if kind == "attention" else {})
    tasks = {name: {"private": [4]} for name in ("mcep", "vuv", "lf0", "bap")} | {"mel": 0.5, "phone": {"private": [4]}}
    tasks["mel"] = {"private": [4], "reads": "phone"}
    return StagePart.model_validate({"trunk": trunk, "tasks": tasks, **more})


def backward(output: object, penalty: torch.Tensor) -> None:
    heads = output.heads.values()  # type: ignore[attr-defined]
    torch.stack([*(h.square().mean() for h in heads), penalty]).sum().backward()


@pytest.mark.slow
@pytest.mark.parametrize("form", ["readout", "activation"])
@pytest.mark.parametrize("kind", TRUNKS)
@pytest.mark.parametrize("sharing", SHARINGS, ids=lambda s: s["kind"])
def test_a_stage_is_computed_where_it_lies(sharing: dict, kind: str, form: str) -> None:
    unrelated = {"pairs": [("main", "phone")], "form": form}
    if kind in ("lstm", "attention"):  # which have no one matrix a layer whose rows could be compared
        sharing = {key: value for key, value in sharing.items() if key != "orthogonality"}
    speakers = SpeakerInput(2, heads=True)
    stage = Stage(7, part(kind, bottleneck=5, sharing=sharing, unrelated=unrelated), WIDTHS, speakers=speakers).to(META)
    x, mask = torch.empty(3, 5, 7, device=META), MASK.to(META)
    with Strict() as strict:
        output = stage.train()(x, mask)
        backward(output, stage.penalty(output))
        stage.after_step(0.01)
        stage.eval()(x, mask)
    assert strict.moved == []
    assert output.bottleneck is not None and output.bottleneck.shape == (3, 5, 5)
    assert all(p.grad is not None and p.grad.device == META for p in stage.parameters())


@pytest.mark.parametrize("wanted", [None, torch.tensor([0, 6, 10])])
def test_a_stack_is_computed_where_it_lies_on_the_wanted_frames_too(wanted: torch.Tensor | None) -> None:
    read = {"inputs": ["linguistic", "bottlenecks", "outputs"], "context": 2, "linguistic_context": 1, "dilation": 2}
    parts = (part(bottleneck=5), part("feedforward", **read))
    model = Joint(Stack(4, parts, WIDTHS, seed=1, speakers=SpeakerInput(2))).to(META)
    places = None if wanted is None else wanted.to(META)
    x, mask = torch.empty(3, 5, 6, device=META), MASK.to(META)
    with Strict() as strict:
        output = model.train()(x, mask, places)
        backward(output, model.penalty(output))
        model.after_step(0.01)
    assert strict.moved == []
    assert output.heads["mcep"].shape == (3, 5, 6)


@pytest.mark.parametrize("kind", TRUNKS)
def test_what_speaks_is_computed_where_it_lies(kind: str) -> None:
    parts = (part(kind, bottleneck={"layer": 1}), part(kind, context=2))
    stack = Stack(4, speaking_parts(parts), WIDTHS).to(META).eval()
    with torch.no_grad(), Strict():
        assert stack(torch.empty(3, 5, 4, device=META), MASK.to(META))[-1].heads["lf0"].shape == (3, 5, 3)


def test_the_lstm_of_a_device_answers_as_the_packed_one_with_its_gradients() -> None:
    torch.manual_seed(0)
    layer = torch.nn.LSTM(3, 4, batch_first=True, bidirectional=True).double()
    x, lengths = torch.randn(3, 5, 3, dtype=torch.float64), MASK.sum(dim=1)
    results = []
    for way in ("packed", "padded"):
        given = x.clone().requires_grad_()
        if way == "packed":
            packed = pack_padded_sequence(given, lengths, batch_first=True, enforce_sorted=False)
            y = pad_packed_sequence(layer(packed)[0], batch_first=True, total_length=5)[0]
        else:
            y = padded_lstm(layer, given, lengths)
        layer.zero_grad()
        (y * torch.arange(5.0)[:, None]).square().sum().backward()
        results.append([y.detach(), given.grad, *(p.grad.clone() for p in layer.parameters())])
    for a, b in zip(*results, strict=True):
        torch.testing.assert_close(a, b)
    assert not results[1][0][~MASK].any()


def test_only_on_the_cpu_is_it_looked_at_whether_there_is_padding() -> None:
    trunk = Lstm(3, TrunkPart.model_validate({"kind": "lstm", "layers": [4]}))
    assert trunk.padding(torch.ones(2, 5, dtype=torch.bool)) is None
    lengths = trunk.padding(torch.ones(2, 5, dtype=torch.bool, device=META))
    assert lengths is not None and lengths.device == META
