"""Tables and statistics of several speakers against the same numbers made plainly."""

from pathlib import Path

import numpy as np
import pytest
import torch

from tts.core.errors import TtsError
from tts.core.stream import Stream
from tts.dataset.speakers import speaker_codes
from tts.dataset.statistics import StatisticsSum, StreamStatistics, load_statistics, pool_speakers, save_statistics
from tts.dataset.table import Table, Target
from tts.training.batches import Batches, Crops

LENGTHS, SPEAKERS = (9, 6, 12), np.array([0, 1, 0])


def values() -> list[np.ndarray]:
    generator = np.random.default_rng(0)
    return [
        generator.normal(5.0 + 10.0 * who, 1.0 + who, (n, 2)).astype(np.float32)
        for n, who in zip(LENGTHS, SPEAKERS, strict=True)
    ]


def statistics(given: list[np.ndarray]) -> StreamStatistics:
    sums = [StatisticsSum(2, dynamic=True) for _ in range(2)]
    for x, speaker in zip(given, SPEAKERS, strict=True):
        sums[speaker].add(x, np.ones(len(x), dtype=bool))
    return pool_speakers(sums)


def table(given: list[np.ndarray], codes: bool) -> Table:
    starts = np.concatenate([[0], np.cumsum(LENGTHS)])
    rows = np.repeat(np.arange(len(given)), LENGTHS)
    segments = np.arange(len(given), dtype=np.float32)[:, None]
    target = Target(Stream("mcep", 2, dynamic=True), np.concatenate(given), statistics(given))
    code = speaker_codes(SPEAKERS, 2) if codes else None
    counted = np.ones(starts[-1], dtype=bool)
    return Table(starts, segments, rows, None, counted, {"mcep": target}, torch.device("cpu"), speakers=SPEAKERS, codes=code)


def test_each_speaker_has_a_mean_and_the_variance_is_that_around_it() -> None:
    given = values()
    found = statistics(given)
    own = [np.concatenate([x for x, who in zip(given, SPEAKERS, strict=True) if who == n]).astype(np.float64) for n in (0, 1)]
    assert found.speaker_means is not None
    np.testing.assert_allclose(found.speaker_means, [x.mean(axis=0) for x in own], rtol=1e-6)
    around = np.concatenate([x - x.mean(axis=0) for x in own])
    np.testing.assert_allclose(found.variance[:2], (around**2).mean(axis=0), rtol=1e-6)
    np.testing.assert_allclose(found.mean, np.concatenate(given).mean(axis=0), rtol=1e-5)
    np.testing.assert_allclose(found.global_variance, np.mean([x.var(axis=0) for x in given], axis=0), rtol=1e-5)
    np.testing.assert_array_equal(found.mean_of(1), found.speaker_means[1])


def test_targets_are_normalised_by_their_speaker() -> None:
    given = values()
    got = table(given, codes=False).target("mcep", torch.arange(sum(LENGTHS))).numpy()[:, :2]
    for n in (0, 1):
        np.testing.assert_allclose(got[np.repeat(n == SPEAKERS, LENGTHS)].mean(axis=0), 0.0, atol=1e-5)
    np.testing.assert_allclose((got**2).mean(axis=0), 1.0, rtol=1e-5)


def test_the_code_ends_the_inputs_of_every_row() -> None:
    index = torch.tensor([[0, 8], [9, 14], [15, 26]])
    with_code, without = table(values(), True).inputs(index), table(values(), False).inputs(index)
    torch.testing.assert_close(with_code[..., :-2], without)
    assert with_code[..., -2:].tolist() == [[[1, 0], [1, 0]], [[0, 1], [0, 1]], [[1, 0], [1, 0]]]


def test_hidden_inputs_never_hide_the_code() -> None:
    made = table(values(), True)
    inputs = made.inputs(torch.arange(20)[:, None])
    hidden = made.hide(inputs, 0.99)
    torch.testing.assert_close(hidden[..., -2:], inputs[..., -2:])


def test_statistics_survive_the_disk(tmp_path: Path) -> None:
    found = statistics(values())
    save_statistics(tmp_path / "s.safetensors", {"mcep": found, "one": StreamStatistics(*[np.ones(2)] * 3)})
    read = load_statistics(tmp_path / "s.safetensors")
    np.testing.assert_array_equal(read["mcep"].speaker_means, found.speaker_means)
    assert read["one"].speaker_means is None


def test_one_speaker_is_as_before_and_a_silent_one_is_refused() -> None:
    one, empty = StatisticsSum(2, dynamic=True), StatisticsSum(2, dynamic=True)
    one.add(values()[0], np.ones(LENGTHS[0], dtype=bool))
    assert pool_speakers([one]).speaker_means is None
    np.testing.assert_array_equal(pool_speakers([one]).variance, one.result().variance)
    with pytest.raises(TtsError, match="no training frame counts"):
        pool_speakers([one, empty])


def test_a_balanced_table_draws_every_speaker_about_equally_often() -> None:
    balanced = table(values(), codes=True)
    balanced.balance()
    who = np.repeat(SPEAKERS, LENGTHS)
    drawn = np.bincount(balanced.counted_rows.numpy(), minlength=sum(LENGTHS))
    assert set(drawn[who == 0]) == {1}
    assert set(drawn[who == 1]) == {round(21 / 6)}
    assert np.bincount(balanced.chosen).tolist() == [1, 4, 1]
    whole = Batches(balanced, 6, utterances=True, seed=1)
    assert sum(len(whole(step).lengths or ()) for step in range(whole.per_epoch)) == 6
    assert balanced.counts_of_row.all()  # what is counted is as it was
    part = balanced.only(np.array([0, 1]))
    assert np.bincount(part.counted_rows.numpy()).tolist() == [1] * 9 + [2] * 6


def test_pieces_are_of_the_utterances_that_are_drawn() -> None:
    balanced = table(values(), codes=True)
    balanced.balance()
    crops = Crops(balanced, 6, length=3, around=0, seed=1)
    learnt = torch.cat([batch.index[batch.learnt] for batch in map(crops, range(crops.per_epoch))])
    shares = np.bincount(np.repeat(SPEAKERS, LENGTHS)[learnt.numpy()]) / len(learnt)
    assert abs(shares[1] - 24 / 45) < 0.1
