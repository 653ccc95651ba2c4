"""Pieces of utterances against the same drawn one by one."""

import numpy as np
import pytest
import torch
from torch import Tensor

from tts.core.stream import Stream
from tts.dataset.table import Table, Target
from tts.training.batches import Crops, epoch_generator


def make_table(seed: int) -> Table:
    generator = np.random.default_rng(seed)
    starts = np.concatenate([[0], np.cumsum(generator.integers(1, 50, 30))])
    rows = int(starts[-1])
    counted = np.repeat(generator.random(rows // 7 + 1) < 0.5, 7)[:rows]  # long stretches that do not count
    target = Target(Stream("x", 1), np.zeros((rows, 1), dtype=np.float32))
    return Table(starts, np.zeros((rows, 1), np.float32), None, None, counted, {"x": target}, torch.device("cpu"))


def one_by_one(table: Table, length: int, generator: torch.Generator) -> Tensor:
    """As version 0.1.0 drew them, so that its checkpoints continue with the batches that they began with."""
    pieces, counted = [], torch.from_numpy(table.counted)
    for low, high in zip(table.starts[:-1].tolist(), table.starts[1:].tolist(), strict=True):
        first = low - int(torch.randint(length, (), generator=generator))
        begins = torch.arange(first, high, length)
        some = [bool(counted[max(begin, low) : begin + length].any()) for begin in begins.tolist()]
        begins = begins[torch.tensor(some)]
        pieces.append(torch.stack([begins, torch.full_like(begins, low), torch.full_like(begins, high)], dim=1))
    found = torch.cat(pieces)
    return found[torch.randperm(len(found), generator=generator)]


@pytest.mark.parametrize("length", [1, 8, 32])
def test_pieces_are_those_drawn_one_by_one(length: int) -> None:
    for seed in range(3):
        table = make_table(seed)
        crops = Crops(table, 128, length=length, around=2, seed=seed)
        for epoch in range(3):
            expected = one_by_one(table, length, epoch_generator(seed, epoch))
            assert torch.equal(crops._pieces(epoch_generator(seed, epoch)), expected)
