"""Where a table's columns lie: on the device or on the host, they give the same rows; in one transfer, and counted whole."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch.utils._python_dispatch import TorchDispatchMode

from tts.core.stream import Stream
from tts.dataset.statistics import StreamStatistics
from tts.dataset.table import Table, Target, pad_utterances
from tts.recipe import StagePart
from tts.training.batches import Batches, Crops

CPU, META = torch.device("cpu"), torch.device("meta")
LENGTHS = (7, 1, 12, 2)
STARTS = np.concatenate([[0], np.cumsum(LENGTHS)])
ROWS = int(STARTS[-1])
NAMES = ("mcep", "f1", "phone")


class Transfers(TorchDispatchMode):
    """Counts the copies from one device to another."""

    def __init__(self) -> None:
        super().__init__()
        self.bytes: list[int] = []

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        result = func(*args, **(kwargs or {}))
        if func is torch.ops.aten._to_copy.default and result.device != args[0].device:
            self.bytes.append(args[0].nbytes)
        return result


def statistics(dimension: int, *, dynamic: bool, speakers: int = 0) -> StreamStatistics:
    generator = np.random.default_rng(dimension)
    variance = generator.uniform(0.5, 2.0, dimension * (3 if dynamic else 1))
    means = generator.normal(size=(speakers, dimension)) if speakers else None
    return StreamStatistics(generator.normal(size=dimension), variance, np.ones(dimension), means)


def make_table(device: torch.device = CPU, mcep: np.ndarray | None = None) -> Table:
    generator = np.random.default_rng(0)

    def draw(rows: int, width: int) -> np.ndarray:
        return generator.normal(size=(rows, width)).astype(np.float32)

    segments, positions, values = draw(6, 3), draw(ROWS, 2), draw(ROWS, 2)
    formants = np.concatenate([draw(ROWS, 2), (generator.random((ROWS, 1)) < 0.5).astype(np.float32)], axis=1)
    targets = {
        "mcep": Target(
            Stream("mcep", 2, dynamic=True), values if mcep is None else mcep, statistics(2, dynamic=True, speakers=2)
        ),
        "f1": Target(Stream("f1", 2, masked=True), formants, statistics(2, dynamic=False)),
        "phone": Target(Stream("phone", 1, "class", classes=3), np.arange(6.0, dtype=np.float32)[:, None] % 3, None, True),
    }
    segment_of_row = np.sort(generator.integers(0, 6, ROWS))
    who = np.array([0, 1, 1, 0])
    return Table(
        STARTS,
        segments,
        segment_of_row,
        positions,
        np.arange(ROWS) % 3 > 0,
        targets,
        device,
        codes=np.eye(2, dtype=np.float32)[who],
        speakers=who,
    )


def part(**more: object) -> StagePart:
    return StagePart.model_validate({"trunk": {"layers": [4]}, "tasks": {"mcep": 1}, **more})


@pytest.fixture
def no_room(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Table, "_fits", lambda table, size: False)


@pytest.mark.parametrize("context", [{}, {"linguistic_context": 2}, {"context": 1, "dilation": 2}])
def test_a_table_on_the_host_gives_the_same_rows(monkeypatch: pytest.MonkeyPatch, context: dict[str, int]) -> None:
    tables = [make_table()]
    with monkeypatch.context() as patch:
        patch.setattr(Table, "_fits", lambda table, size: False)
        tables.append(make_table())
    assert [table.on_host for table in tables] == [False, True]
    hidden = torch.arange(3.0 * ROWS).view(ROWS, 3).bfloat16() if "context" in context else None
    found = []
    for table in tables:
        table.read(part(**context), hidden)
        for index in (torch.tensor([[3], [0], [20]]), torch.arange(ROWS)[None]):
            rows = table.gather(index, NAMES)
            assert torch.equal(rows.inputs, table.inputs(index))
            assert all(torch.equal(rows.targets[name], table.target(name, index)) for name in NAMES)
            found.append([rows.inputs, *rows.targets.values()])
    for here, there in zip(found[:2], found[2:], strict=True):
        assert all(torch.equal(a, b) for a, b in zip(here, there, strict=True))


def test_a_batch_from_the_host_is_one_transfer(no_room: None) -> None:
    table = make_table(META)
    table.read(part(context=1, linguistic_context=1), torch.zeros(ROWS, 3, dtype=torch.bfloat16))
    index = torch.tensor([[3], [0], [20]])
    with Transfers() as transfers:
        rows = table.gather(index, NAMES)
    frames, width = 3, 4
    needed = frames * width * (3 * 3 + 3 * 2 + 2 + 2 + 3 * 2 + 3 + 1) + 2 * frames * 3 * 3
    assert len(transfers.bytes) == 1
    assert needed <= transfers.bytes[0] <= needed + 16 * 12  # every column begins at a multiple of 16
    assert rows.inputs.device == rows.targets["mcep"].device == META


def test_on_the_device_nothing_is_transferred_but_the_numbers_of_the_rows() -> None:
    table = make_table(META)
    batches = Batches(table, 4, utterances=False, seed=1)
    batches(0)  # draws the epoch
    with Transfers() as transfers:
        batch = batches(1)
        rows = table.gather(batch.index, NAMES)
    assert transfers.bytes == []
    assert {x.device for x in (batch.index, batch.mask, batch.learnt, rows.inputs, *rows.targets.values())} == {META}


def test_of_utterances_and_pieces_a_batch_brings_four_small_tensors() -> None:
    table = make_table(META)
    for batches in (Batches(table, 2, utterances=True, seed=1), Crops(table, 8, length=4, around=2, seed=1)):
        batches(0)
        with Transfers() as transfers:
            batch = batches(1)
            table.gather(batch.index, NAMES)
        assert len(transfers.bytes) == 4
        assert batch.wanted is not None and batch.wanted.device == META


def test_on_the_cpu_arrays_are_read_where_they_lie(tmp_path: Path) -> None:
    values = np.random.default_rng(3).normal(size=(ROWS, 2)).astype(np.float32)
    np.save(tmp_path / "mcep.npy", values)
    mapped = np.load(tmp_path / "mcep.npy", mmap_mode="r")
    table = make_table(mcep=mapped)
    assert table._columns["mcep"].data_ptr() == mapped.ctypes.data  # a copy would be every process's own
    assert torch.equal(table.target("mcep", torch.arange(ROWS)), make_table(mcep=values).target("mcep", torch.arange(ROWS)))


def test_the_memory_check_counts_all_that_lies_on_the_device(monkeypatch: pytest.MonkeyPatch) -> None:
    table = make_table(META)
    held = [*table._columns.values(), *table._places.values()]
    means = table._columns["mcep/mean"]  # a number of utterances, not of rows
    assert table.bytes == sum(tensor.nbytes for tensor in held) - means.nbytes
    for free, on_host in ((2 * table.bytes, True), (2 * table.bytes + 1, False)):
        monkeypatch.setattr("tts.dataset.table.available_memory", lambda device, free=free: free)
        assert make_table(META).on_host is on_host


def test_bottlenecks_without_room_stay_on_the_host_and_take_the_table_along(monkeypatch: pytest.MonkeyPatch) -> None:
    table = make_table(META)
    assert table.empty(5).device == META
    monkeypatch.setattr("tts.dataset.table.available_memory", lambda device: 4 * ROWS * 5)
    hidden = table.empty(5)
    assert (hidden.device, hidden.shape, hidden.dtype) == (CPU, (ROWS, 5), torch.bfloat16)
    table.read(part(), hidden)
    assert table.on_host and table._columns["mcep"].device == CPU
    assert table.empty(1).device == CPU  # what is read beside it
    batch = pad_utterances(table, [0, 2])
    assert batch.index.device == CPU and batch.mask.device == META
    assert table.gather(batch.index).inputs.shape == (2, 12, 3 + 2 + 5 + 2)
