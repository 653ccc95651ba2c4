"""The forward pass in numpy is that of torch, whatever a feed-forward stack is made of."""

import tracemalloc

import numpy as np
import pytest
import torch

from tts.dataset.speakers import SpeakerInput
from tts.network import plain
from tts.network.inputs import NetworkInput
from tts.network.layout import speaking_parts
from tts.network.plain import PlainStack, can_be_plain, logistic
from tts.network.shapes import stack_shapes
from tts.network.stack import Stack
from tts.recipe import StagePart

MAIN = {"mcep": 1, "lf0": 1, "vuv": 1, "bap": 1}
WIDTHS = {"mcep": 9, "lf0": 3, "vuv": 1, "bap": 6, "lsf": 5, "mel": 4}
FEATURES, POSITIONS = 11, 5


def stage(**part: object) -> StagePart:
    trunk = {"layers": [16, 16, 12], "normalise": True, "residual": True, "dropout": 0.2}
    return StagePart.model_validate({"trunk": trunk, "tasks": MAIN, **part})


STACKS = {
    "one": (stage(),),
    "no norm, tanh": (stage(trunk={"layers": [8, 8], "activation": "tanh"}),),
    "silu": (stage(trunk={"layers": [8, 8], "activation": "silu", "residual": True}),),
    "as wide as its input": (stage(trunk={"layers": [FEATURES + POSITIONS, 16], "residual": True}),),
    "linguistic window": (stage(linguistic_context=2, dilation=2),),
    "bottleneck": (stage(bottleneck=6, tasks={"lsf": 1, **MAIN}), stage(context=3)),
    "a layer as bottleneck": (stage(bottleneck={"layer": 2}, tasks={"lsf": 1}), stage(context=1, dilation=3)),
    "all bottlenecks": (
        stage(bottleneck=6, tasks={"lsf": 1}),
        stage(bottleneck=5, tasks={"mel": 1}),
        stage(inputs=["linguistic", "bottlenecks"], context=2),
    ),
    "outputs": (stage(), stage(inputs=["outputs"], context=2)),
    "private layers, depths, reading": (
        stage(
            tasks={
                "mcep": {"weight": 1, "private": [7, 6]},
                "lf0": {"weight": 1, "depth": 1},
                "vuv": {"weight": 1, "private": [4], "depth": 2},
                "bap": {"weight": 1, "reads": "vuv"},
            }
        ),
    ),
}


def inputs(seed: int, code: np.ndarray | None = None) -> list[NetworkInput]:
    """Three utterances of which one has more rows than a group."""
    draw = np.random.default_rng(seed)
    made = []
    for segments in (4, 40, 1):
        rows = np.repeat(np.arange(segments), draw.integers(1, 8, segments))
        vectors, positions = draw.standard_normal((segments, FEATURES)), draw.standard_normal((len(rows), POSITIONS))
        made.append(NetworkInput(vectors.astype(np.float32), rows, positions.astype(np.float32), code))
    return made


def by_torch(stack: Stack, utterance: NetworkInput) -> dict[str, np.ndarray]:
    assert utterance.positions is not None and utterance.segment_of_row is not None
    columns = [utterance.vectors[utterance.segment_of_row], utterance.positions]
    if utterance.code is not None:
        columns.append(np.tile(utterance.code, (len(utterance), 1)))
    with torch.no_grad():
        heads = stack.eval()(torch.from_numpy(np.concatenate(columns, axis=1))[None])[-1].heads
    return {name: heads[name][0].numpy() for name in MAIN}


def compare(parts: tuple[StagePart, ...], speaker: tuple[SpeakerInput, int] | None = None) -> None:
    torch.manual_seed(3)
    speakers = speaker[0] if speaker else None
    stack = Stack(FEATURES + POSITIONS, speaking_parts(parts), WIDTHS, speakers=speakers)
    for parameter in stack.parameters():  # norms, biases and what starts at zero count too
        torch.nn.init.normal_(parameter, 0.1, 0.4)
    tensors = {name: tensor.numpy() for name, tensor in stack.state_dict().items()}
    quick = PlainStack(FEATURES + POSITIONS, speaking_parts(parts), tensors, WIDTHS, speakers)
    code = np.eye(speaker[0].count, dtype=np.float32)[speaker[1]] if speaker else None
    utterances = inputs(0, code)
    for utterance, outputs in zip(utterances, quick(utterances, speaker[1] if speaker else 0), strict=True):
        expected = by_torch(stack, utterance)
        assert {*outputs} == {*MAIN}
        for name, values in expected.items():
            assert outputs[name].dtype == np.float32
            np.testing.assert_allclose(outputs[name], values, rtol=1e-4, atol=1e-4 * np.abs(values).max())


@pytest.mark.parametrize("name", STACKS)
def test_outputs_are_those_of_torch(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(plain, "GROUP", 32)
    assert can_be_plain(STACKS[name])
    compare(STACKS[name])


@pytest.mark.parametrize("name", ["one", "as wide as its input", "bottleneck", "linguistic window"])
@pytest.mark.parametrize(("code", "heads"), [(True, False), (True, True), (False, True)])
@pytest.mark.parametrize("who", [0, 2])
def test_each_speaker_is_that_of_torch(name: str, code: bool, heads: bool, who: int) -> None:
    compare(STACKS[name], (SpeakerInput(3, code=code, heads=heads), who))


@pytest.mark.parametrize("name", ["as wide as its input", "bottleneck", "linguistic window"])
def test_thousands_of_speakers_take_the_memory_of_one_rows_codes(name: str) -> None:
    """Codes are never put into a square: of 4,000 speakers that would be 64 MB a call."""
    parts, speakers = speaking_parts(STACKS[name]), SpeakerInput(4000, code=True)
    shapes = stack_shapes(FEATURES + POSITIONS, parts, WIDTHS, speakers)
    stack = PlainStack(FEATURES + POSITIONS, parts, {key: np.ones(shape) for key, shape in shapes.items()}, WIDTHS, speakers)
    tracemalloc.start()
    try:
        stack(inputs(0)[:1], 3999)
        assert tracemalloc.get_traced_memory()[1] < 5e6
    finally:
        tracemalloc.stop()


def test_other_networks_are_left_to_torch() -> None:
    for trunk in ({"kind": "lstm"}, {"kind": "convolution"}, {"kind": "attention", "layers": [8]}, {"activation": "gelu"}):
        assert not can_be_plain((stage(trunk={"layers": [8, 8], **trunk}),))
    assert not can_be_plain((stage(sharing="cross_stitch", tasks={**MAIN, "lsf": 1}),))


def test_the_logistic_function_does_not_overflow() -> None:
    x = np.array([-1e4, -2.0, 0.0, 2.0, 1e4], np.float32)
    np.testing.assert_allclose(logistic(x), [0.0, 0.1192029, 0.5, 0.8807971, 1.0], atol=1e-6)


@pytest.mark.parametrize("name", STACKS)
@pytest.mark.parametrize("speakers", [None, SpeakerInput(3), SpeakerInput(2, code=False, heads=True)])
def test_shapes_are_those_of_torchs_tensors(name: str, speakers: SpeakerInput | None) -> None:
    parts = speaking_parts(STACKS[name])
    state = Stack(FEATURES + POSITIONS, parts, WIDTHS, speakers=speakers).state_dict()
    shapes = stack_shapes(FEATURES + POSITIONS, parts, WIDTHS, speakers)
    assert shapes == {name: tuple(tensor.shape) for name, tensor in state.items()}
