"""Cross-fitting against what must hold: no copy sees its fold, known maps are found, an interrupted run ends the same."""

import copy
import itertools
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor

from tts.core.errors import UsageError
from tts.core.stream import Stream
from tts.dataset.statistics import StatisticsSum
from tts.dataset.table import Table, Target
from tts.network.stack import Stage
from tts.recipe import StagePart, TrainingPart
from tts.training.callbacks import Callback
from tts.training.criterion import Objective, TrainingData
from tts.training.cross_fitting import apply_map, cross_fit, explained, fit_map, fold_settings, fold_utterances
from tts.training.passes import StageFeatures, compute_features
from tts.training.trainer import Trainer, TrainingResult

CPU = torch.device("cpu")
STREAM = Stream("mcep", 2, dynamic=True)
FOLDS = 3


def make_table(utterances: int, seed: int) -> Table:
    """Frames of random features; the target is a fixed linear function of them with noise. One frame in five is silent."""
    generator = np.random.default_rng(seed)
    lengths = generator.integers(10, 20, utterances)
    starts = np.concatenate([[0], np.cumsum(lengths)])
    rows = int(starts[-1])
    segments = generator.random((rows, 3)).astype(np.float32)
    values = (segments @ np.array([[1.0, -2.0], [0.5, 1.0], [0.0, 3.0]]) + generator.normal(0, 0.3, (rows, 2))).astype(
        np.float32
    )
    total = StatisticsSum(2, dynamic=True)
    for a, b in itertools.pairwise(starts):
        total.add(values[a:b], np.ones(b - a, dtype=bool))
    counted = np.arange(rows) % 5 > 0
    return Table(starts, segments, None, None, counted, {"mcep": Target(STREAM, values, total.result())}, CPU)


def make_stage(kind: str = "feedforward") -> Stage:
    torch.manual_seed(0)
    part = {"trunk": {"kind": kind, "layers": [12, 12], "dropout": 0.1}, "bottleneck": 4, "tasks": {"mcep": 1}}
    return Stage(3, StagePart.model_validate(part), {"mcep": 6})


def make_settings(**more: object) -> TrainingPart:
    plain = {"steps": 30, "batch": 16, "learning_rate": 0.01, "validate_every": 10, "average": 0.9, "warmup": 0}
    return TrainingPart.model_validate(plain | {"precision": "float32", "cross_fit": FOLDS} | more)


class Setting:
    """A stage trained on all utterances, and trainers for its folds that are kept for inspection."""

    def __init__(self, folder: Path, kind: str = "feedforward", **settings: object) -> None:
        self.folder, self.settings = folder, make_settings(**settings)
        self.train, self.valid = make_table(10, 1), make_table(4, 2)
        self.initial = make_stage(kind)
        self.stage = copy.deepcopy(self.initial)
        self.trainers: list[Trainer] = []
        self.train_fold(self.stage, self.train, self.settings, 0)

    def trainer(self, stage: Stage, train: Table, settings: TrainingPart, fold: int) -> Trainer:
        data = TrainingData(train, self.valid)
        made = Trainer(stage, data, settings, self.folder / f"{fold}", label=f"fold{fold}", objective=Objective(("mcep",)))
        self.trainers.append(made)
        return made

    def train_fold(self, stage: Stage, train: Table, settings: TrainingPart, fold: int) -> TrainingResult:
        trainer = self.trainer(stage, train, settings, fold)
        torch.manual_seed(settings.seed)
        return trainer.run()

    def whole(self, outputs: bool = False) -> tuple[StageFeatures, StageFeatures]:
        first, second = (compute_features(self.stage, table, outputs=outputs) for table in (self.train, self.valid))
        return first, second

    def run(self, outputs: bool = False):
        data = TrainingData(self.train, self.valid)
        return cross_fit(self.initial, data, self.whole(outputs), self.settings, self.train_fold)


def test_folds_are_equal_disjoint_complete_and_the_same_for_a_seed() -> None:
    folds = fold_utterances(11, 4, seed=5)
    assert sorted(np.concatenate(folds)) == list(range(11))
    assert sorted(map(len, folds)) == [2, 3, 3, 3]
    assert all(np.array_equal(a, b) for a, b in zip(folds, fold_utterances(11, 4, seed=5), strict=True))
    assert any(not np.array_equal(a, b) for a, b in zip(folds, fold_utterances(11, 4, seed=6), strict=True))
    with pytest.raises(UsageError, match=r"4 folds need as many training utterances, there are 3"):
        fold_utterances(3, 4, seed=5)


def test_a_copy_passes_over_its_utterances_as_often() -> None:
    settings = make_settings(steps=60, weighting={"start": {"mel": 10}, "stop": {"mel": 40}, "main_only_from": 50})
    scaled = fold_settings(settings, 5)
    assert scaled.steps == 48
    assert (scaled.weighting.start, scaled.weighting.stop, scaled.weighting.main_only_from) == ({"mel": 8}, {"mel": 32}, 40)
    assert scaled.model_copy(update={"steps": settings.steps, "weighting": settings.weighting}) == settings


@pytest.mark.parametrize(("kind", "batch"), [("feedforward", 16), ("convolution", 2)])
def test_no_copy_draws_an_utterance_of_its_fold(tmp_path: Path, kind: str, batch: int) -> None:
    setting = Setting(tmp_path, kind, batch=batch)
    setting.run()
    folds = fold_utterances(10, FOLDS, setting.settings.seed)
    utterance_of = np.repeat(np.arange(10), np.diff(setting.train.starts))
    for unseen, trainer in zip(folds, setting.trainers[1:], strict=True):
        drawn: set[int] = set()
        for step in range(trainer.settings.steps):
            batch = trainer.learner.batches(step)
            index, mask = batch.index, batch.mask
            drawn |= set(utterance_of[index[mask].numpy()].tolist())
        assert drawn == set(range(10)) - set(unseen.tolist())
        assert trainer.learner.steps_done == trainer.settings.steps == 20


def test_each_utterance_is_answered_by_the_mapped_copy_that_never_saw_it(tmp_path: Path) -> None:
    setting = Setting(tmp_path)
    (bottleneck, outputs), folds = setting.run(outputs=True)
    assert bottleneck is not None
    assert outputs is not None
    (whole, _), _ = setting.whole()
    assert whole is not None
    counted = setting.train.counted
    for unseen, trainer, fold in zip(fold_utterances(10, FOLDS, 1), setting.trainers[1:], folds, strict=True):
        held_out = np.isin(np.repeat(np.arange(10), np.diff(setting.train.starts)), unseen)
        said, own_outputs = compute_features(trainer.model, setting.train, outputs=True)
        assert said is not None
        assert own_outputs is not None
        assert torch.equal(outputs[held_out], own_outputs[held_out])
        # The map by another route: least squares in numpy on the frames that both were trained on.
        x = np.concatenate([said.double().numpy(), np.ones((len(said), 1))], axis=1)
        y, both = whole.double().numpy(), counted & ~held_out
        expected = x @ np.linalg.lstsq(x[both], y[both], rcond=None)[0]
        np.testing.assert_allclose(bottleneck[held_out].float().numpy(), expected[held_out], atol=0.01)
        residual = ((y - expected)[both] ** 2).sum() / ((y - y[both].mean(axis=0))[both] ** 2).sum()
        assert fold.fit == pytest.approx(1.0 - residual, abs=1e-3)
        assert fold.fit_validation is not None
        assert (fold.utterances, fold.steps) == (len(unseen), 20)


def test_a_copy_in_other_coordinates_hands_on_the_same(tmp_path: Path) -> None:
    setting = Setting(tmp_path, steps=20)

    def turn(stage: Stage, train: Table, settings: TrainingPart, seed: int) -> TrainingResult:
        """Make the copy the network itself, its bottleneck's units in another order and of another sign."""
        generator = torch.Generator().manual_seed(seed)
        matrix = torch.eye(4)[torch.randperm(4, generator=generator)] * torch.tensor([1.0, -1.0, -1.0, 1.0])
        stage.load_state_dict(setting.stage.state_dict())
        assert stage.bottleneck is not None
        with torch.no_grad():
            stage.bottleneck.weight.copy_(matrix @ stage.bottleneck.weight)
            stage.bottleneck.bias.copy_(matrix @ stage.bottleneck.bias)
        return TrainingResult(1, 0.5, [{"step": 1}])

    whole = setting.whole()
    made = cross_fit(setting.initial, TrainingData(setting.train, setting.valid), whole, setting.settings, turn)
    (bottleneck, _), folds = made
    assert bottleneck is not None
    assert whole[0][0] is not None
    torch.testing.assert_close(bottleneck.float(), whole[0][0].float(), atol=5e-3, rtol=5e-3)
    assert all(fold.fit is not None and fold.fit > 0.9999 for fold in folds)
    assert all(fold.fit_validation is not None and fold.fit_validation > 0.9999 for fold in folds)


def test_an_exact_linear_relation_is_recovered() -> None:
    generator = torch.Generator().manual_seed(0)
    x = torch.randn(500, 5, generator=generator)
    matrix, shift = torch.randn(5, 3, generator=generator), torch.randn(3, generator=generator)
    y = x @ matrix + shift
    rows = torch.arange(0, 400)
    found = fit_map(x, y, rows)
    torch.testing.assert_close(found, torch.cat([matrix, shift[None]]).double(), atol=1e-4, rtol=1e-4)
    torch.testing.assert_close(apply_map(x, found), y, atol=1e-4, rtol=1e-4)
    assert explained(apply_map(x, found), y, torch.arange(400, 500)) == pytest.approx(1.0, abs=1e-6)
    assert explained(y[rows].mean(dim=0).expand_as(y), y, rows) == pytest.approx(0.0, abs=1e-6)


def test_units_that_never_move_do_no_harm() -> None:
    x = torch.cat([torch.randn(100, 2), torch.full((100, 1), 3.0), torch.zeros(100, 1)], dim=1)
    y = x[:, :2] * 2.0 + 1.0
    found = apply_map(x, fit_map(x, y, torch.arange(100)))
    torch.testing.assert_close(found, y, atol=1e-3, rtol=1e-3)


@pytest.mark.slow
@pytest.mark.parametrize("place", ["first validation", "between folds"])
def test_an_interrupted_cross_fit_ends_the_same_to_the_bit(tmp_path: Path, place: str) -> None:
    def finish(setting: Setting) -> Tensor:
        (bottleneck, _), _ = setting.run()
        assert bottleneck is not None
        return bottleneck

    whole = finish(Setting(tmp_path / "whole"))

    class Interrupt(Callback):
        def scores(self, model: object, step: int) -> dict[str, float]:
            if step == 20:
                raise KeyboardInterrupt
            return {}

    parts = Setting(tmp_path / "parts")
    plain = parts.trainer

    def interrupted(stage: Stage, train: Table, settings: TrainingPart, fold: int) -> Trainer:
        trainer = plain(stage, train, settings, fold)
        if fold == 2 and place == "between folds":
            raise KeyboardInterrupt
        if fold == 2:
            trainer.callbacks.append(Interrupt())
        return trainer

    parts.trainer = interrupted  # type: ignore[method-assign]
    with pytest.raises(KeyboardInterrupt):
        parts.run()
    torch.manual_seed(98)
    assert torch.equal(whole, finish(Setting(tmp_path / "parts")))
