"""Batches as pure functions of the step: rows, whole utterances, and pieces of utterances."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import torch
from torch import Tensor

from tts.core.seeds import derived_seed
from tts.dataset.table import Batch, Table, make_batch, pad_utterances


def epoch_generator(seed: int, epoch: int) -> torch.Generator:
    """Return the random numbers of an epoch, the same on every device."""
    return torch.Generator().manual_seed(derived_seed(seed, epoch, 20))


Share = tuple[int, int]  # which part of every batch, and of how many
WHOLE = (0, 1)


class Batches:
    """Batches as a pure function of the step, so that a resumed run continues with exactly the next one.

    Frame-wise: ``size`` counted rows shuffled over the whole split, as (size, 1). By utterance: ``size`` whole utterances,
    padded to the longest, as (size, time); utterances of like length go together. Of every batch a process takes its
    ``share``; one that has no part in a batch gets something of which nothing is learnt.
    """

    def __init__(self, table: Table, size: int, *, utterances: bool, seed: int, share: Share = WHOLE) -> None:
        self.table, self.size, self.by_utterance, self.seed, self.share = table, size, utterances, seed, share
        count = len(table.chosen) if utterances else len(table.counted_rows)
        self.per_epoch = max(1, count // size)
        self._epoch = -1
        self._order: Sequence[Tensor] | Tensor = ()

    def __call__(self, step: int) -> Batch:
        """Return the batch of a step counted from 0."""
        epoch, number = divmod(step, self.per_epoch)
        if epoch != self._epoch:
            generator = epoch_generator(self.seed, epoch)
            self._order = self._utterance_order(generator) if self.by_utterance else self._row_order(generator)
            self._epoch = epoch
        if self.by_utterance:
            numbers = self._order[number].tolist()
            own = numbers[self.share[0] :: self.share[1]]
            return pad_utterances(self.table, own) if own else _nothing_of(pad_utterances(self.table, numbers[:1]))
        assert isinstance(self._order, Tensor)
        rows = self._order[number * self.size : (number + 1) * self.size]
        index = (rows if self.share == WHOLE else torch.tensor_split(rows, self.share[1])[self.share[0]]).long()[:, None]
        every = torch.ones(index.shape, dtype=torch.bool, device=self.table.device)
        if len(index):
            return Batch(index, every, every)
        one = torch.ones((1, 1), dtype=torch.bool, device=self.table.device)
        return _nothing_of(Batch(rows[:1, None].long(), one, one))

    def _row_order(self, generator: torch.Generator) -> Tensor:
        rows = self.table.counted_rows
        return rows[torch.randperm(len(rows), generator=generator)].to(self.table.index_device)

    def _utterance_order(self, generator: torch.Generator) -> list[Tensor]:
        chosen = torch.from_numpy(self.table.chosen)
        lengths = torch.from_numpy(np.diff(self.table.starts)).float()[chosen]
        noisy = lengths * (1.0 + 0.2 * torch.rand(len(lengths), generator=generator))
        chunks = torch.tensor_split(chosen[noisy.argsort()], self.per_epoch)
        return [chunks[i] for i in torch.randperm(len(chunks), generator=generator).tolist()]


def _nothing_of(batch: Batch) -> Batch:
    """Return a batch of which nothing is learnt."""
    wanted = None if batch.wanted is None else batch.wanted[:0]
    return replace(batch, learnt=torch.zeros_like(batch.learnt), wanted=wanted)


CROP = 32  # frames learnt of a crop: short enough for variety in a batch, long against the windows' margins


class Crops:
    """Batches of pieces of utterances, a pure function of the step as :class:`~tts.training.batches.Batches` are.

    An epoch cuts every utterance into pieces of ``length`` rows from a random beginning on and shuffles those that count;
    a batch holds as many as make about ``size`` rows. Around a piece lie up to ``around`` further rows, fewer at the ends of
    the utterance: what a frame-wise stack makes of the piece is then what it makes of it within the whole utterance. A process
    takes its ``share`` of the pieces.
    """

    def __init__(self, table: Table, size: int, *, length: int, around: int, seed: int, share: Share = WHOLE) -> None:
        self.table, self.length, self.around, self.seed, self.share = table, min(length, size), around, seed, share
        self.count = max(1, round(size / self.length))
        # As many batches in every epoch, whatever the random beginnings make of it.
        self.per_epoch = max(1, len(table.counted_rows) // (self.count * self.length))
        self._epoch = -1
        self._order = torch.empty(0, 3, dtype=torch.int64)

    def __call__(self, step: int) -> Batch:
        """Return the batch of a step counted from 0, (pieces, time); learnt are those of a piece itself that count."""
        epoch, number = divmod(step, self.per_epoch)
        if epoch != self._epoch:
            self._order, self._epoch = self._pieces(epoch_generator(self.seed, epoch)), epoch
        # A corpus of fewer pieces than a batch gives all it has.
        chosen = self._order[number * self.count : (number + 1) * self.count]
        own = chosen[self.share[0] :: self.share[1]]
        return self._batch(own) if len(own) else _nothing_of(self._batch(chosen[:1]))

    def _batch(self, chosen: Tensor) -> Batch:
        begin, low, high = chosen.T[..., None]
        start, end = torch.maximum(begin - self.around, low), torch.minimum(begin + self.length + self.around, high)
        lengths = (end - start)[:, 0].tolist()
        time = torch.arange(max(lengths))
        mask = time < end - start
        index = torch.minimum(start + time, end - 1)
        learnt = mask & (index >= begin) & (index < begin + self.length) & self.table.counts_of_row[index]
        return make_batch(self.table, index, mask, learnt, tuple(lengths))

    def _pieces(self, generator: torch.Generator) -> Tensor:
        """Return shuffled pieces, (pieces, 3): their first row and their utterance's first and past-the-last row."""
        starts, chosen = self.table.starts.astype(np.int64), self.table.chosen
        low, high = starts[chosen], starts[chosen + 1]
        first = low - torch.randint(self.length, (len(low),), generator=generator).numpy()
        number = -(-(high - first) // self.length)  # pieces an utterance
        place = np.arange(number.sum()) - np.repeat(np.cumsum(number) - number, number)  # within their utterance
        low, high = np.repeat(low, number), np.repeat(high, number)
        begin = np.repeat(first, number) + self.length * place
        # How many rows count before each row: a piece that adds none to it has nothing to be learnt.
        before = np.concatenate([[0], np.cumsum(self.table.counts_of_row.numpy(), dtype=np.int64)])
        some = before[np.minimum(begin + self.length, len(before) - 1)] > before[np.maximum(begin, low)]
        pieces = torch.from_numpy(np.stack([begin, low, high], axis=1)[some])
        return pieces[torch.randperm(len(pieces), generator=generator)]
