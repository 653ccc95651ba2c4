"""What a stage reads: windows against loops, gathered rows against whole utterances, what speaks against what was trained."""

import itertools

import numpy as np
import pytest
import torch
from torch import Tensor

from tts.dataset.table import Table
from tts.network.features import stage_features, window
from tts.network.layout import bottleneck_width, input_width, speaking_parts
from tts.network.stack import Stack, Stage, StageOutput
from tts.recipe import MAIN_STREAMS, StagePart
from tts.training.passes import compute_features

WIDTHS = {"mcep": 9, "lf0": 3, "vuv": 1, "bap": 3, "mel": 4}
MAIN = {"mcep": 1, "lf0": 1, "vuv": 1, "bap": 1}
LENGTHS = (9, 1, 5)
CPU = torch.device("cpu")


def stage(tasks: dict = MAIN, layers: tuple[int, ...] = (8, 6), kind: str = "feedforward", **more: object) -> StagePart:
    return StagePart.model_validate({"trunk": {"kind": kind, "layers": layers}, "tasks": tasks} | more)


def make_table() -> Table:
    """Three utterances of 4-wide segments and 2-wide positions."""
    generator = np.random.default_rng(0)
    starts = np.concatenate([[0], np.cumsum(LENGTHS)])
    segment_of_row = np.concatenate([np.sort(generator.integers(3 * n, 3 * n + 3, length)) for n, length in enumerate(LENGTHS)])
    segments = generator.random((9, 4)).astype(np.float32)
    positions = generator.random((sum(LENGTHS), 2)).astype(np.float32)
    return Table(starts, segments, segment_of_row, positions, np.ones(sum(LENGTHS), dtype=bool), {}, CPU)


def padded(x: Tensor) -> tuple[Tensor, Tensor]:
    """Turn rows (rows, width) of all utterances into a padded batch and its mask."""
    pieces = list(torch.split(x, list(LENGTHS)))
    mask = torch.arange(max(LENGTHS)) < torch.tensor(LENGTHS)[:, None]
    return torch.nn.utils.rnn.pad_sequence(pieces, batch_first=True), mask


STACKS = {
    "default": (stage(bottleneck=3), stage(context=2)),
    "dilated": (stage(bottleneck=3), stage(context=2, dilation=3)),
    "linguistic context": (stage(linguistic_context=2, bottleneck=3), stage(context=1, linguistic_context=3, dilation=2)),
    "outputs": (stage({"mcep": 1, "vuv": 1, "mel": 1}), stage(inputs=("outputs",), context=1)),
    "a layer": (stage(layers=(8, 2, 6), bottleneck={"layer": 2}), stage(inputs=("bottleneck",), context=2)),
    "everything": (
        stage(bottleneck=3),
        stage(bottleneck={"layer": 1}, context=1),
        stage(inputs=("outputs", "linguistic", "bottlenecks"), context=2, dilation=2),
    ),
    "outputs in between": (
        stage({"mel": 1}, bottleneck=3),
        stage({"mcep": {"weight": 1, "depth": 1}, "lf0": 0, "vuv": 1, "bap": 1, "mel": 1}),
        stage(inputs=("linguistic", "outputs")),
    ),
    "convolution": (stage(kind="convolution", bottleneck=3), stage(kind="convolution", context=2, dilation=2)),
}


@pytest.mark.parametrize(("context", "dilation"), [(1, 1), (2, 3), (4, 2), (0, 1)])
def test_a_dilated_window_is_that_of_a_loop(context: int, dilation: int) -> None:
    x, mask = padded(torch.randn(sum(LENGTHS), 2))
    got = window(x, context, mask, dilation)
    for n, length in enumerate(LENGTHS):
        for t in range(length):
            frames = [min(max(t + dilation * k, 0), length - 1) for k in range(-context, context + 1)]
            assert torch.equal(got[n, t], torch.cat([x[n, frame] for frame in frames]))


@pytest.mark.parametrize("name", STACKS)
def test_rows_gathered_stage_by_stage_are_what_the_stack_reads(name: str) -> None:
    parts = STACKS[name]
    stack = Stack(6, parts, WIDTHS, seed=1).eval()
    table = make_table()
    x, mask = padded(table.inputs(torch.arange(table.rows)))
    whole = stack(x, mask)
    said: list[StageOutput] = []
    for number, part in enumerate(parts):
        outputs = said[-1].outputs(parts[number - 1]) if said and "outputs" in part.sources(first=False) else None
        before = [output.bottleneck for output in said]
        table.read(part, stage_features(part.sources(first=False), before, outputs) if said else None)
        one = stack.stages[number]
        assert isinstance(one, Stage)
        assert table.inputs(torch.arange(2)).shape == (2, one.inputs)
        assert one.inputs == input_width(6, parts[: number + 1], WIDTHS)
        by_utterance = [one(table.inputs(torch.arange(a, b)[None])) for a, b in itertools.pairwise(table.starts)]
        heads = {head: torch.cat([o.heads[head][0] for o in by_utterance]) for head in part.tasks}
        narrow = None
        if part.bottleneck is not None:
            narrow = torch.cat([o.bottleneck[0] for o in by_utterance if o.bottleneck is not None])
            assert narrow.shape[1] == bottleneck_width(part)
            assert whole[number].bottleneck is not None
            torch.testing.assert_close(whole[number].bottleneck[mask], narrow, atol=1e-6, rtol=1e-5)
            rounded, _ = compute_features(one, table)
            assert rounded is not None
            torch.testing.assert_close(rounded.float(), narrow, atol=1e-2, rtol=1e-2)
        for head, values in heads.items():
            torch.testing.assert_close(whole[number].heads[head][mask], values, atol=1e-6, rtol=1e-5)
        said.append(StageOutput(heads, narrow))


@pytest.mark.parametrize("name", STACKS)
def test_what_speaks_says_what_was_trained(name: str) -> None:
    parts = STACKS[name]
    stack = Stack(6, parts, WIDTHS, seed=1).eval()
    small = Stack(6, speaking_parts(parts), WIDTHS).eval()
    small.load_state_dict(stack.speaking())
    assert not any("mel" in tensor for tensor in small.state_dict())
    x, mask = padded(torch.randn(sum(LENGTHS), 6))
    for head in MAIN_STREAMS:
        assert torch.equal(stack(x, mask)[-1].heads[head], small(x, mask)[-1].heads[head])


def test_only_the_main_heads_that_are_read_speak() -> None:
    stack = Stack(6, STACKS["outputs in between"], WIDTHS, seed=1)
    heads = {".".join(name.split(".")[:4]) for name in stack.speaking() if "heads" in name and not name.startswith("stages.2")}
    assert heads == {"stages.1.heads.mcep", "stages.1.heads.vuv", "stages.1.heads.bap"}  # lf0 has no weight there
    assert not any(name.startswith("stages.0.heads") for name in stack.speaking())


def test_outputs_are_handed_on_in_order_with_voicing_as_a_probability() -> None:
    part = stage({"vuv": 1, "mel": 1, "mcep": 1, "lf0": 0})
    heads = {name: torch.randn(1, 4, WIDTHS[name]) for name in part.tasks}
    expected = torch.cat([heads["mcep"], torch.sigmoid(heads["vuv"])], dim=-1)
    assert torch.equal(StageOutput(heads, None).outputs(part), expected)


def test_a_layer_of_the_trunk_is_handed_on_as_it_is() -> None:
    part = stage(layers=(8, 3, 5), bottleneck={"layer": 2})
    one = Stack(6, (part, stage()), WIDTHS, seed=1).stages[0]
    assert isinstance(one, Stage)
    x = torch.randn(2, 4, 6)
    output = one(x)
    assert output.bottleneck is not None
    assert torch.equal(output.bottleneck, one.trunk.hidden(x)[1])
    torch.testing.assert_close(output.heads["mcep"], one.heads["mcep"](one.trunk.hidden(x)[2]))
    assert not any("trunk.layers.2" in name for name in one.speaking(()))  # above the layer nothing is needed


@pytest.mark.parametrize(
    "sharing", [{"kind": "cross_stitch"}, {"kind": "sluice", "mixture": True}, {"kind": "ple"}, {"kind": "adapters"}]
)
@pytest.mark.parametrize("tasks", [{"mcep": 1, "mel": 1}, {"mel": 1, "gammatone": 1}])
def test_the_main_groups_layer_is_handed_on_or_the_mean_of_all(sharing: dict, tasks: dict) -> None:
    part = stage(tasks, layers=(8, 8), sharing=sharing, bottleneck={"layer": 1})
    one = Stage(6, part, WIDTHS | {"gammatone": 2}).eval()
    x = torch.randn(2, 4, 6)
    views = one.trunk(x, None)
    expected = views[0][0] if "mcep" in tasks else torch.stack([view[0] for view in views]).mean(dim=0)
    output = one(x)
    assert output.bottleneck is not None
    torch.testing.assert_close(output.bottleneck, expected)


def test_linguistic_neighbours_are_gathered_as_a_loop_would() -> None:
    table = make_table()
    every = table.inputs(torch.arange(table.rows))
    table.read(stage(linguistic_context=2, dilation=2))
    got = table.inputs(torch.tensor([[3, 0], [9, 14]]))
    for place, row in np.ndenumerate(np.array([[3, 0], [9, 14]])):
        utterance = int(np.searchsorted(table.starts, row, side="right")) - 1
        low, high = table.starts[utterance], table.starts[utterance + 1] - 1
        rows = [int(np.clip(row + 2 * k, low, high)) for k in range(-2, 3)]
        assert torch.equal(got[place], every[rows].flatten())


def test_hiding_inputs_takes_a_feature_from_the_whole_window_and_nothing_from_the_bottleneck() -> None:
    table = make_table()
    part = stage(linguistic_context=1, context=1)
    table.read(part, torch.ones(table.rows, 2))
    torch.manual_seed(0)
    inputs = torch.ones(50, 1, 3 * 6 + 3 * 2)
    hidden = table.hide(inputs, 0.5)
    frames = hidden[:, 0, :18].view(50, 3, 6)
    assert torch.equal(frames[:, 0], frames[:, 1])
    assert torch.equal(frames[:, 0], frames[:, 2])
    assert 0.4 < float(frames.mean()) < 0.6
    assert bool((hidden[..., 18:] == 1).all())
    utterances = table.hide(torch.ones(6, 20, 3 * 6 + 3 * 2), 0.5)[..., :18]
    assert torch.equal(utterances, utterances[:, :1].expand_as(utterances))  # the other frames would give a feature away
    assert not torch.equal(utterances[0], utterances[1])
    table.read(stage(inputs=("bottleneck",)), torch.ones(table.rows, 2))
    assert torch.equal(table.hide(inputs, 0.5), inputs)


def test_a_view_of_some_utterances_draws_no_other() -> None:
    view = make_table().only(np.array([2, 0]))
    assert view.chosen.tolist() == [0, 2]
    assert view.counted_rows.tolist() == [*range(9), *range(10, 15)]
    assert view.counts(torch.tensor([0, 9, 10])).tolist() == [True, False, True]
