"""Gathered rows against the same features made plainly, utterance by utterance."""

import itertools
from pathlib import Path

import numpy as np
import torch

from tts.core.stream import Stream
from tts.dataset.statistics import StatisticsSum, load_statistics, save_statistics
from tts.dataset.table import Table, Target, pad_utterances, unpad
from tts.training.batches import Batches


def plain_dynamics(x: np.ndarray) -> np.ndarray:
    padded = np.concatenate([x[:1], x, x[-1:]])
    delta = np.stack([0.5 * (padded[t + 2] - padded[t]) for t in range(len(x))])
    acceleration = np.stack([padded[t] - 2 * padded[t + 1] + padded[t + 2] for t in range(len(x))])
    return np.concatenate([x, delta, acceleration], axis=1)


def build(values: list[np.ndarray]) -> tuple[Table, np.ndarray, np.ndarray]:
    stream = Stream("mcep", 3, dynamic=True)
    total = StatisticsSum(3, dynamic=True)
    for x in values:
        total.add(x, np.ones(len(x), dtype=bool))
    lengths = [len(x) for x in values]
    starts = np.concatenate([[0], np.cumsum(lengths)])
    segments = np.arange(len(values), dtype=np.float32)[:, None]
    rows = np.repeat(np.arange(len(values)), lengths)
    joined = np.concatenate(values)
    counted = np.arange(len(joined)) % 3 > 0
    table = Table(starts, segments, rows, None, counted, {"mcep": Target(stream, joined, total.result())}, torch.device("cpu"))
    every = np.concatenate([plain_dynamics(x) for x in values])
    return table, every, counted


def values() -> list[np.ndarray]:
    generator = np.random.default_rng(0)
    return [generator.normal(5.0, 2.0, (n, 3)).astype(np.float32) for n in (7, 1, 12, 2)]


def test_targets_are_the_normalised_dynamics_of_each_utterance() -> None:
    table, every, _ = build(values())
    got = table.target("mcep", torch.arange(table.rows)).numpy()
    mean = np.concatenate([every[:, :3].mean(axis=0), np.zeros(6)])
    deviation = np.concatenate([every[:, :3].std(axis=0), np.sqrt((every[:, 3:] ** 2).mean(axis=0))])
    np.testing.assert_allclose(got, (every - mean) / deviation, rtol=1e-4, atol=1e-4)


def test_the_window_of_the_previous_stage_repeats_the_ends_of_each_utterance() -> None:
    table, _, _ = build(values())
    table.hidden, table.context = torch.arange(table.rows, dtype=torch.bfloat16)[:, None], 2
    got = table.inputs(torch.tensor([0, 6, 7, 8]))[:, 1:].int().tolist()
    assert got == [[0, 0, 0, 1, 2], [4, 5, 6, 6, 6], [7] * 5, [8, 8, 8, 9, 10]]


def test_an_epoch_of_frames_visits_every_counted_row_once_and_no_other() -> None:
    table, _, counted = build(values())
    batches = Batches(table, 2, utterances=False, seed=3)
    seen = torch.cat([batches(step).index.flatten() for step in range(batches.per_epoch)])
    assert len(seen.unique()) == len(seen) == batches.per_epoch * 2
    assert counted[seen.numpy()].all()
    assert not torch.equal(batches(0).index, batches(batches.per_epoch).index)  # another order in the next epoch


def test_an_epoch_of_utterances_visits_every_utterance_once() -> None:
    table, _, _ = build(values())
    batches = Batches(table, 2, utterances=True, seed=3)
    firsts = [batches(step).index[:, 0].tolist() for step in range(batches.per_epoch)]
    assert sorted(itertools.chain(*firsts)) == [0, 7, 8, 20]


def test_a_batch_depends_on_its_step_alone() -> None:
    table, _, _ = build(values())
    straight, jumping = Batches(table, 2, utterances=False, seed=3), Batches(table, 2, utterances=False, seed=3)
    steps = [straight(step).index for step in range(20)]
    assert torch.equal(jumping(17).index, steps[17])
    assert torch.equal(jumping(2).index, steps[2])


def test_padding_repeats_the_last_row_under_a_mask() -> None:
    table, _, _ = build(values())
    batch = pad_utterances(table, [1, 3])
    assert batch.index.tolist() == [[7, 7], [20, 21]]
    assert batch.mask.tolist() == [[True, False], [True, True]]
    assert batch.lengths == (1, 2)
    assert batch.learnt.tolist() == [[True, False], [True, False]]  # 21 does not count
    assert batch.wanted is not None and batch.wanted.tolist() == [0, 2]
    assert unpad(batch.index, batch.lengths).tolist() == [7, 20, 21]


def test_statistics_survive_the_disk(tmp_path: Path) -> None:
    table, _, _ = build(values())
    statistics = table.targets["mcep"].statistics
    assert statistics is not None
    save_statistics(tmp_path / "s.safetensors", {"a.b": statistics})
    loaded = load_statistics(tmp_path / "s.safetensors")["a.b"]
    np.testing.assert_array_equal(loaded.variance, statistics.variance)
    np.testing.assert_array_equal(loaded.global_variance, statistics.global_variance)
