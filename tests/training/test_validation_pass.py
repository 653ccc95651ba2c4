"""A validation runs the network once, in groups; what it makes of rows is what whole utterances come to."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from test_trainer import make_trainer

from tts.dataset.table import Table, pass_batches
from tts.training import criterion
from tts.training.callbacks import Callback
from tts.training.criterion import Model
from tts.training.passes import predict


class Looks(Callback):
    heads = ("mcep", "nothing")

    def __init__(self) -> None:
        self.seen: list[torch.Tensor] = []

    def scores(self, model: Model, step: int) -> dict[str, float]:
        assert list(self.outputs) == ["mcep"]
        self.seen.append(self.outputs["mcep"])
        return {}


@pytest.mark.parametrize("kind", ["feedforward", "lstm"])
def test_one_pass_serves_losses_and_callbacks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str) -> None:
    monkeypatch.setattr(Table, "pass_rows", lambda self, whole: 50)
    trainer = make_trainer(tmp_path, 20, kind)
    looks = Looks()
    trainer.callbacks = [looks]
    rows = [0]

    def count(module: object, given: tuple[torch.Tensor, ...], output: object) -> None:
        if not trainer.model.training:
            rows[0] += given[1].sum().int().item() if len(given) > 1 and given[1] is not None else given[0].shape[0]

    trainer.model.register_forward_hook(count)
    trainer.run()
    valid = trainer.learner.data.valid
    assert rows[0] == valid.rows
    assert looks.seen[0].shape == (valid.rows, 6)
    assert looks.outputs == {}  # let go of
    torch.testing.assert_close(looks.seen[0], predict(trainer.model, valid, ["mcep"])["mcep"])


def test_rows_and_utterances_come_to_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    trainer = make_trainer(tmp_path, 20)
    learner = trainer.learner
    learner.data.valid.counts_of_row[3:9] = False
    trainer.model.eval()
    by_rows = learner.losses_on(learner.data.valid)
    monkeypatch.setattr(criterion, "needs_utterances", lambda model: True)
    assert learner.losses_on(learner.data.valid) == pytest.approx(by_rows, rel=1e-5)


def test_rows_are_passed_in_order_and_all_of_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    table = make_trainer(tmp_path, 20).learner.data.valid
    monkeypatch.setattr(Table, "pass_rows", lambda self, whole: 37)
    batches = list(pass_batches(table, whole=False))
    assert torch.equal(torch.cat([batch.index[:, 0] for batch in batches]), torch.arange(table.rows))
    assert max(len(batch.index) for batch in batches) == 37
    assert all(batch.mask.all() for batch in batches)
