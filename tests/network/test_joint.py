"""Joint training against plain autograd through the stack, and on a problem that a frame of its own cannot solve."""

import itertools
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor

from tts.core.errors import UsageError
from tts.core.stream import Stream
from tts.dataset.statistics import StatisticsSum
from tts.dataset.table import Table, Target, pad_utterances
from tts.network.joint import Joint, margin
from tts.network.stack import Stack
from tts.recipe import StagePart, TrainingPart
from tts.training.batches import Batches, Crops
from tts.training.callbacks import Callback
from tts.training.criterion import Objective, TrainingData
from tts.training.trainer import Trainer

DEVICE = torch.device("cpu")
STREAM = Stream("mcep", 2, dynamic=True)
MEL = Stream("mel", 3)
WIDTHS = {"mcep": 6, "mel": 3}


def make_table(utterances: int, seed: int, first: int = 8) -> Table:
    """Random inputs a frame; mel is a function of the frame's, mcep of the inputs three frames before and after."""
    generator = np.random.default_rng(seed)
    lengths = generator.integers(first, 60, utterances)
    starts = np.concatenate([[0], np.cumsum(lengths)])
    inputs = generator.random((starts[-1], 3)).astype(np.float32)
    mel = inputs @ generator.permutation(np.eye(3)).astype(np.float32)
    mcep = np.empty((starts[-1], 2), np.float32)
    totals = StatisticsSum(2, dynamic=True), StatisticsSum(3, dynamic=False)
    for a, b in itertools.pairwise(starts):
        time = np.arange(b - a)
        part = inputs[a:b]
        mcep[a:b, 0] = part[np.maximum(time - 3, 0), 0] * 3.0
        mcep[a:b, 1] = part[np.minimum(time + 3, b - a - 1), 1]
        for total, values in zip(totals, (mcep[a:b], mel[a:b]), strict=True):
            total.add(values, np.ones(b - a, dtype=bool))
    targets = {"mcep": Target(STREAM, mcep, totals[0].result()), "mel": Target(MEL, mel, totals[1].result())}
    counted = np.ones(starts[-1], dtype=bool)
    counted[starts[:-1]] = False  # silence at the start
    return Table(starts, inputs, None, None, counted, targets, DEVICE)


def parts(context: int = 3, **more: object) -> tuple[StagePart, ...]:
    trunk = {"layers": [16]} | more
    return (
        StagePart.model_validate({"trunk": trunk, "bottleneck": 4, "tasks": {"mcep": 0.5, "mel": 0.2}}),
        StagePart.model_validate({"trunk": trunk, "context": context, "tasks": {"mcep": 1.0, "mel": 0.1}}),
    )


def make_trainer(folder: Path, steps: int, *, stages: tuple[StagePart, ...] = (), **more: object) -> Trainer:
    settings = TrainingPart.model_validate(
        {"steps": steps, "batch": 128, "learning_rate": 0.01, "validate_every": 20, "warmup": 0, "average": 0.9}
        | {"precision": "float32", "stacking": "joint"}
        | more
    )
    torch.manual_seed(3)
    model = Joint(Stack(3, stages or parts(dropout=0.1), WIDTHS, seed=1), settings.stage_weights)
    data = TrainingData(make_table(30, 1), make_table(5, 2))
    return Trainer(model, data, settings, folder, label="joint", objective=Objective(("mcep",)))


def test_heads_are_named_by_stage_and_weigh_relative_to_the_last(tmp_path: Path) -> None:
    model = Joint(Stack(3, parts(), WIDTHS), (3.0, 2.0))
    assert list(model.heads) == ["mcep", "mel", "stage1/mcep", "stage1/mel"]
    weights = {name: use.weight for name, use in model.tasks.items()}
    assert weights == pytest.approx({"mcep": 1.0, "mel": 0.1, "stage1/mcep": 0.75, "stage1/mel": 0.3})
    assert {id(p) for p in model.shared} | {id(p) for p in model.heads.parameters()} == {id(p) for p in model.parameters()}
    with pytest.raises(UsageError, match="expected one a stage, 2 in all"):
        Joint(Stack(3, parts(), WIDTHS), (1.0,))


@pytest.mark.parametrize("method", ["sum", "gradnorm", "projection"])
def test_a_step_has_the_gradient_of_the_sum_over_the_stack(tmp_path: Path, method: str) -> None:
    """Weightings that start from equal weights change nothing; projection changes the shared layers alone."""
    trainer = make_trainer(tmp_path, 1, stages=parts(), clip=1e9, weighting={"method": method, "measure_every": 1})
    stack = trainer.model.stack
    batch = trainer.learner.batches(0)
    index, mask, learnt = batch.index, batch.mask, batch.learnt
    total: Tensor = torch.zeros(())
    for output, part in zip(stack(trainer.learner.data.train.inputs(index), mask), stack.parts, strict=True):
        for name, use in part.tasks.items():
            errors = (output.heads[name] - trainer.learner.data.train.target(name, index)).square().mean(dim=-1)
            total = total + use.weight * errors[learnt].mean()
    expected = dict(zip(stack.state_dict(), torch.autograd.grad(total, list(stack.parameters())), strict=True))
    trainer.learner.step()
    for name, parameter in stack.named_parameters():
        if method != "projection" or "heads" in name:
            torch.testing.assert_close(parameter.grad, expected[name], msg=name)
    assert trainer.learner.diagnostics[0].keys() >= {"cosine/stage1/mcep", "cosine/mel", "ratio/stage1/mel"}


def test_pieces_are_answered_as_within_their_utterances() -> None:
    """Three stages, dilated windows, utterances shorter and longer than a piece and its margins."""
    three = (
        StagePart.model_validate({"trunk": {"layers": [8]}, "bottleneck": 4, "linguistic_context": 2, "tasks": {"mcep": 1}}),
        StagePart.model_validate(
            {"trunk": {"layers": [8]}, "bottleneck": 2, "context": 2, "dilation": 2, "tasks": {"mcep": 1}}
        ),
        StagePart.model_validate(
            {"trunk": {"layers": [8]}, "context": 3, "inputs": ["bottlenecks", "outputs"], "tasks": {"mcep": 1}}
        ),
    )
    assert margin(three) == 3 + 4 + 2
    table = make_table(20, 5, first=2)
    model = Joint(Stack(3, three, WIDTHS, seed=1)).eval()
    whole = torch.empty(table.rows, 6)
    batch = pad_utterances(table, range(table.utterances))
    with torch.no_grad():
        whole[batch.index[batch.mask]] = model(table.inputs(batch.index), batch.mask).heads["mcep"][batch.mask]
        crops = Crops(table, 64, length=8, around=margin(three), seed=1)
        for step in range(crops.per_epoch):
            batch = crops(step)
            index, mask, learnt = batch.index, batch.mask, batch.learnt
            said = model(table.inputs(index), mask).heads["mcep"]
            torch.testing.assert_close(said[learnt], whole[index[learnt]])
            some = model(table.inputs(index), mask, batch.wanted).heads["mcep"]  # the last stage on no more than is learnt
            torch.testing.assert_close(some[learnt], said[learnt])
            assert not some[~learnt].any()
            if step == 0:  # the margins are needed
                assert not torch.allclose(said[mask], whole[index[mask]], atol=1e-3)


def test_an_epoch_of_pieces_has_every_frame_at_most_once_and_nearly_all() -> None:
    table = make_table(40, 6)
    crops = Crops(table, 96, length=8, around=2, seed=1)
    found = torch.cat([batch.index[batch.learnt] for batch in map(crops, range(crops.per_epoch))])
    assert table.counts(found).all()
    assert len(found.unique()) == len(found)
    assert len(found) > 0.75 * len(table.counted_rows)
    again, other = Crops(table, 96, length=8, around=2, seed=1), Crops(table, 96, length=8, around=2, seed=2)
    step = crops.per_epoch + 1
    assert torch.equal(again(step).index, crops(step).index)
    assert not torch.equal(other(0).index[:, :4], crops(0).index[:, :4])


@pytest.mark.slow
def test_the_second_stage_learns_what_only_the_first_can_hand_on(tmp_path: Path) -> None:
    trainer = make_trainer(tmp_path, 300, stages=parts(), validate_every=100)
    result = trainer.run()
    last = result.history[-1]
    assert last["valid/mcep"] < 0.35  # 1 knows nothing
    assert last["valid/stage1/mcep"] > 0.8  # a frame's own input does not tell
    assert last["valid/main"] == pytest.approx(last["valid/mcep"])
    # With nothing asked of the first stage itself the second still learns through it.
    alone = make_trainer(tmp_path / "alone", 300, stages=parts(), validate_every=100, stage_weights=[0, 1])
    assert alone.run().loss < 0.4


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["feedforward", "convolution"])
def test_an_interrupted_run_continues_bit_for_bit(tmp_path: Path, kind: str) -> None:
    more = {"stages": parts(kind=kind, dropout=0.1), "batch": 64 if kind == "feedforward" else 4}
    whole = make_trainer(tmp_path / "whole", 40, **more)
    assert isinstance(whole.learner.batches, Crops if kind == "feedforward" else Batches)
    whole.run()

    class Interrupt(Callback):
        def scores(self, model: object, step: int) -> dict[str, float]:
            if step == 40:
                raise KeyboardInterrupt
            return {}

    again = make_trainer(tmp_path / "parts", 40, **more)
    again.callbacks.append(Interrupt())
    with pytest.raises(KeyboardInterrupt):
        again.run()
    again = make_trainer(tmp_path / "parts", 40, **more)
    torch.manual_seed(98)
    again.run()
    assert [e["valid/main"] for e in whole.history] == [e["valid/main"] for e in again.history]
    for a, b in zip(whole.model.state_dict().values(), again.model.state_dict().values(), strict=True):
        assert torch.equal(a, b)


def test_schedules_reach_the_heads_of_all_stages(tmp_path: Path) -> None:
    trainer = make_trainer(tmp_path, 20, weighting={"stop": {"mel": 0}, "main_only_from": 10}, weight_decay=0.0)
    before = {name: p.clone() for name, p in trainer.model.named_parameters()}
    for _ in range(10):
        trainer.learner.step()
    changed = {name for name, p in trainer.model.named_parameters() if not torch.equal(p, before[name])}
    assert not any("mel" in name for name in changed)
    assert any("stages.0.heads.mcep" in name for name in changed)
    assert trainer.learner.steps_done == 10
    trainer.learner.step()
    assert trainer.model.heads["stage1/mcep"].output.weight.grad is None
    assert trainer.model.heads["mcep"].output.weight.grad is not None
    assert trainer.model.stages[0].bottleneck.weight.grad is not None  # end to end
    with pytest.raises(UsageError, match="mcep is a main task"):
        make_trainer(tmp_path / "other", 20, weighting={"stop": {"mcep": 5}})
