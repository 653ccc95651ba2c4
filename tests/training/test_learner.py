"""What a step does besides following the gradient: averages, hides, clips; and that nothing diverged is ever kept."""

from pathlib import Path

import numpy as np
import pytest
import torch
from test_trainer import Interrupt, make_table, make_trainer

from tts.core.errors import Diverged
from tts.core.tensors import load_tensors
from tts.training.callbacks import Callback
from tts.training.checkpoint import BEST, LAST, load_checkpoint
from tts.training.criterion import Model, TrainingData
from tts.training.tensorboard import TensorBoard
from tts.training.trainer import Trainer


def under(prefix: str, tensors: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    return {name.removeprefix(prefix): tensor for name, tensor in tensors.items() if name.startswith(prefix)}


def test_the_average_is_what_is_validated_and_kept(tmp_path: Path) -> None:
    trainer = make_trainer(tmp_path, 40, average=0.98, validate_every=40)
    (entry,) = trainer.run().history
    last = load_tensors(tmp_path / LAST)[0]
    weights, average, best = under("weights.", last), under("average.", last), load_tensors(tmp_path / BEST)[0]
    for name, value in best.items():
        assert torch.equal(value, average[name])
        assert not torch.equal(value, weights[name])
    losses = []
    for tensors in (average, weights):
        trainer.model.load_state_dict(tensors)
        losses.append(trainer.learner.losses_on(trainer.learner.data.valid)["mcep"])
    assert entry["valid/mcep"] == losses[0] != losses[1]


def test_the_average_is_a_running_mean_with_a_short_memory_at_first(tmp_path: Path) -> None:
    learner = make_trainer(tmp_path, 40, average=0.98).learner
    assert learner.average is not None
    expected = {name: value.double().clone() for name, value in learner.model.state_dict().items()}
    for step in range(20):
        learner.step()
        decay = min(0.98, (1 + step) / (10 + step))
        for name, value in learner.model.state_dict().items():
            expected[name] = decay * expected[name] + (1 - decay) * value.double()
    for name, value in learner.average.values.items():
        torch.testing.assert_close(value.double(), expected[name], atol=1e-5, rtol=1e-5)


def test_inputs_are_hidden_in_training_alone(tmp_path: Path) -> None:
    """Features are above 0 in the table, so every 0 that the network reads is one that was hidden."""
    learner = make_trainer(tmp_path, 40, input_dropout=0.3).learner
    hidden: list[float] = []
    learner.model.register_forward_pre_hook(lambda module, inputs: hidden.append(float((inputs[0] == 0).double().mean())))
    for _ in range(30):
        learner.step()
    assert np.mean(hidden) == pytest.approx(0.3, abs=0.04)
    hidden.clear()
    learner.model.eval()
    learner.losses_on(learner.data.valid)
    assert hidden == [0.0]


@pytest.mark.parametrize("clip", [0.01, 1e6])
def test_the_gradient_is_clipped_to_its_largest_norm(tmp_path: Path, clip: float) -> None:
    learner = make_trainer(tmp_path, 40, clip=clip).learner
    learner.step()
    norm = torch.stack([p.grad.square().sum() for p in learner.model.parameters() if p.grad is not None]).sum().sqrt()
    if clip == 0.01:
        assert float(norm) == pytest.approx(0.01, rel=1e-3)
    else:
        assert float(norm) > 0.1


class Poison(Callback):
    """Makes the weights not a number after a validation, as a step too large does."""

    def __init__(self, step: int) -> None:
        self.step, self.trainer = step, None

    def saved(self, scores: object, measured: object) -> None:
        assert self.trainer is not None
        if scores["step"] == self.step:  # type: ignore[index]
            with torch.no_grad():
                next(iter(self.trainer.model.parameters())).fill_(float("nan"))


def test_what_diverged_is_neither_best_nor_last(tmp_path: Path) -> None:
    poison = Poison(25)
    trainer = make_trainer(tmp_path, 60, validate_every=5)
    trainer.callbacks.append(poison)
    poison.trainer = trainer  # type: ignore[assignment]
    with pytest.raises(Diverged, match="diverged at step 25"):
        trainer.run()
    for name in (LAST, BEST):
        tensors, facts = load_tensors(tmp_path / name)
        assert facts["step"] <= 25
        assert all(tensor.isfinite().all() for tensor in tensors.values() if tensor.is_floating_point())
    assert load_tensors(tmp_path / LAST)[1]["step"] == 25
    make_trainer(tmp_path, 60, validate_every=5).run()  # goes on from there
    assert load_tensors(tmp_path / LAST)[1]["step"] == 60


def test_a_validation_that_is_not_a_number_is_named(tmp_path: Path) -> None:
    plain = make_trainer(tmp_path / "a", 40)
    valid = make_table(5, 2)
    valid.targets["mcep"].values[7] = np.nan
    broken = make_table(5, 2)
    broken = type(broken)(
        broken.starts, broken.segments, broken.segment_of_row, None, broken.counted, valid.targets, broken.device
    )
    data = TrainingData(plain.learner.data.train, broken)
    trainer = Trainer(plain.model, data, plain.settings, tmp_path / "b", label="test")
    with pytest.raises(Diverged, match="the validation loss mcep is not a number at step 20; lower learning_rate"):
        trainer.run()
    assert not (tmp_path / "b" / LAST).exists()
    assert not (tmp_path / "b" / BEST).exists()


def test_a_run_that_explodes_is_an_error_and_one_that_recovers_is_none(tmp_path: Path) -> None:
    with pytest.raises(Diverged, match=r"where a network that knows nothing has about .*; lower learning_rate \(it is 100\)"):
        make_trainer(tmp_path / "poor", 40, learning_rate=100.0).run()
    with pytest.raises(Diverged, match=r"the validation loss is .* at step 20, where"):  # at once
        make_trainer(tmp_path / "lost", 40, learning_rate=300.0).run()
    trainer = make_trainer(tmp_path / "found", 40)
    with torch.no_grad():
        for parameter in trainer.model.heads.parameters():
            parameter.mul_(300.0)  # a bad start is no divergence
    assert trainer.run().history[0]["valid/main"] < 1e4


class Log(Callback):
    """Writes a sample at every validation, before its checkpoint, as spoken sentences are."""

    def __init__(self, board: TensorBoard) -> None:
        self.board = board

    def scores(self, model: Model, step: int) -> dict[str, float]:
        self.board.add_sample("1", np.zeros(100), 16000, np.zeros((1, 4, 4), dtype=np.float32), step)
        return {}


def test_a_log_has_every_step_once_after_an_interruption(tmp_path: Path) -> None:
    accumulators = pytest.importorskip("tensorboard.backend.event_processing.event_accumulator")
    options = {"weighting": {"measure_every": 10}}
    for interrupt in (40, None):
        board = TensorBoard(tmp_path / "log")
        trainer = make_trainer(tmp_path / "run", 60, **options)
        trainer.callbacks += [Log(board), *([Interrupt(interrupt)] if interrupt else []), board]
        try:
            trainer.run()
        except KeyboardInterrupt:
            continue
    log = accumulators.EventAccumulator(str(tmp_path / "log"), size_guidance={"scalars": 0, "images": 0, "audio": 0})
    log.Reload()
    assert len(list((tmp_path / "log").iterdir())) == 2
    assert [event.step for event in log.Images("sample/1")] == [20, 40, 60]
    assert [event.step for event in log.Scalars("valid/main")] == [20, 40, 60]
    assert [event.step for event in log.Scalars("gradient/cosine/phone")] == [0, 10, 20, 30, 40, 50]


def test_facts_of_a_checkpoint(tmp_path: Path) -> None:
    trainer = make_trainer(tmp_path, 20)
    trainer.run()
    checkpoint = load_checkpoint(tmp_path)
    assert checkpoint is not None
    facts = checkpoint[1]
    assert (facts.step, facts.finished, facts.settings, facts.stages) == (20, True, trainer.settings, trainer.model.parts)
    assert facts.start_loss is not None and 0.5 < facts.start_loss < 5.0
    assert type(facts).from_dict(facts.to_dict(), tmp_path) == facts
