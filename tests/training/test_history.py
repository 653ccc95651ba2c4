"""Histories grow by what is new, survive an interruption between two files, and are read from older checkpoints."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from safetensors import safe_open
from test_trainer import Interrupt, make_trainer

from tts.core.errors import TtsError
from tts.core.tensors import load_tensors, save_tensors
from tts.training.checkpoint import LAST, load_checkpoint, read_history
from tts.training.history import DIAGNOSTICS, HISTORY, TABLE, HistoryFiles, history_table, read_entries


def entries(count: int, **more: float) -> list[dict[str, float]]:
    return [{"step": float(number), "valid/main": 1.0 / (1 + number), **more} for number in range(count)]


def test_what_is_written_is_linear(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    files, history = HistoryFiles(tmp_path), entries(1)
    files.write(history, [])
    inode = (tmp_path / HISTORY).stat().st_ino
    for _ in range(50):
        before = {name: (tmp_path / name).stat().st_size for name in (HISTORY, TABLE)}
        history.append({**history[-1], "step": history[-1]["step"] + 1})
        files.write(history, [])
        assert all(0 < (tmp_path / name).stat().st_size - size < 100 for name, size in before.items())
    assert (tmp_path / HISTORY).stat().st_ino == inode  # the same file, not a new one
    assert read_entries(tmp_path / HISTORY, 51) == history
    assert (tmp_path / TABLE).read_text() == history_table(history)


def test_a_checkpoint_does_not_grow(tmp_path: Path) -> None:
    trainer = make_trainer(tmp_path, 20, validate_every=1)
    trainer.run()
    with safe_open(str(tmp_path / LAST), framework="np") as stream:
        facts = json.loads(stream.metadata()["facts"])
    assert (facts["history"], facts["diagnostics"]) == (20, 0)
    checkpoint = load_checkpoint(tmp_path)
    assert checkpoint is not None and checkpoint[1].history == trainer.history


def test_a_new_score_gets_a_column(tmp_path: Path) -> None:
    files = HistoryFiles(tmp_path)
    files.write(entries(2), [])
    both = [*entries(2), {"step": 2.0, "valid/mcd": 5.0}]
    files.write(both, [])
    assert (tmp_path / TABLE).read_text() == history_table(both)


def test_lines_of_an_interrupted_save_do_not_count(tmp_path: Path) -> None:
    whole = make_trainer(tmp_path / "whole", 80, weighting={"measure_every": 10})
    whole.run()
    parts = make_trainer(tmp_path / "parts", 80, weighting={"measure_every": 10})
    parts.callbacks.append(Interrupt(60))
    with pytest.raises(KeyboardInterrupt):
        parts.run()
    for name in (HISTORY, DIAGNOSTICS):  # as if it had got so far as to write these
        with (tmp_path / "parts" / name).open("a") as stream:
            stream.write('{"step": 60.0, "lost": 1.0}\n{"ste')
    parts = make_trainer(tmp_path / "parts", 80, weighting={"measure_every": 10})
    parts.run()
    (history, measured), (expected, others) = (read_history(tmp_path / which / LAST) for which in ("parts", "whole"))
    assert [(entry["step"], entry["valid/main"]) for entry in history] == [(e["step"], e["valid/main"]) for e in expected]
    assert [entry["step"] for entry in measured] == [entry["step"] for entry in others] == [10.0 * n for n in range(8)]
    assert (tmp_path / "parts" / TABLE).read_text() == history_table(history)


def test_a_checkpoint_that_holds_its_history_is_read(tmp_path: Path) -> None:
    trainer = make_trainer(tmp_path, 40)
    trainer.run()
    tensors, facts = load_tensors(tmp_path / LAST)
    save_tensors(tmp_path / LAST, tensors, {**facts, "history": trainer.history, "diagnostics": []})  # as version 0.1.0
    for name in (HISTORY, DIAGNOSTICS):
        (tmp_path / name).unlink()
    assert read_history(tmp_path / LAST) == (trainer.history, [])
    longer = make_trainer(tmp_path, 60)
    longer.run()
    assert [entry["step"] for entry in read_history(tmp_path / LAST)[0]] == [20.0, 40.0, 60.0]


@pytest.mark.parametrize("damage", ["missing", "short", "broken"])
def test_a_damaged_history_is_one_sentence(tmp_path: Path, damage: str) -> None:
    make_trainer(tmp_path, 40).run()
    path = tmp_path / HISTORY
    if damage == "missing":
        path.unlink()
    else:
        first = path.read_text().splitlines()[0]
        path.write_text(first + "\n" if damage == "short" else f"{first}\n{{\n")
    with pytest.raises(TtsError, match=r"history\.jsonl: damaged.*; delete this file, and the network"):
        load_checkpoint(tmp_path)
