"""Training data as one table a split: rows gathered by index, in memory or memory-mapped, expanded on the device.

A row is a frame (acoustic model) or a segment (duration model). Linguistic vectors are kept once a segment and repeated by
index; dynamic features are made from the statics of the neighbouring rows as a batch is gathered. So an hour of speech at
60 mel-cepstral coefficients takes about 300 MB, where frame vectors with dynamics would take ten times as much.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from torch import Tensor

from tts.core.device import available_memory
from tts.core.stream import Stream
from tts.dataset.statistics import StreamStatistics
from tts.recipe import StagePart


@dataclass(frozen=True)
class Target:
    """Values of one stream, raw units, with what normalises them. ``by_segment`` values are one row a segment."""

    stream: Stream
    values: np.ndarray
    statistics: StreamStatistics | None = None
    by_segment: bool = False


@dataclass
class Table:
    """Rows of all utterances of a split, one after the other.

    ``starts`` (utterances + 1,) are row offsets; ``segments`` (segments, features) are linguistic vectors; ``segment_of_row``
    (rows,) says which applies, None where rows are segments; ``positions`` (rows, width) are appended; ``counted`` (rows,)
    says which rows are learnt and scored. The rows of ``chosen`` utterances are what is drawn from, by default all.

    What is gathered as the input is set by :meth:`read`: the linguistic input of a row and ``linguistic_context`` rows either
    side, then ``hidden`` (rows, width), what earlier stages hand on, with ``context`` rows either side; both contexts are
    ``dilation`` rows apart and repeat an utterance's first and last row. ``codes`` (utterances, speakers) come last.
    ``speakers`` (utterances,) are the speakers' numbers, where statistics have a mean for each.
    """

    starts: np.ndarray
    segments: np.ndarray
    segment_of_row: np.ndarray | None
    positions: np.ndarray | None
    counted: np.ndarray
    targets: Mapping[str, Target]
    device: torch.device
    hidden: Tensor | None = None
    context: int = 0
    linguistic: bool = True
    linguistic_context: int = 0
    dilation: int = 1
    codes: np.ndarray | None = None
    speakers: np.ndarray | None = None
    _columns: dict[str, Tensor] = field(default_factory=dict)
    _scales: dict[str, tuple[Tensor, Tensor]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        fits = self.bytes < 0.5 * available_memory(self.device)
        columns: dict[str, Any] = {name: target.values for name, target in self.targets.items()}
        columns |= {"/segments": self.segments, "/positions": self.positions}
        for name, values in columns.items():
            if values is not None:
                self._columns[name] = _tensor(values, self.device if fits else torch.device("cpu"), copy=fits)
        if self.segment_of_row is not None:
            self._columns["/segment_of_row"] = torch.from_numpy(self.segment_of_row.astype(np.int64)).to(self.device)
        starts = torch.from_numpy(self.starts.astype(np.int64))
        lengths = starts[1:] - starts[:-1]
        self._first = torch.repeat_interleave(starts[:-1], lengths).to(self.device)
        self._last = torch.repeat_interleave(starts[1:] - 1, lengths).to(self.device)
        self.chosen = np.arange(self.utterances)
        self._count(self.counted)
        numbers = torch.repeat_interleave(torch.arange(self.utterances), lengths).to(self.device)
        self._utterance = numbers if self.codes is not None or self.speakers is not None else None
        self._codes = None if self.codes is None else torch.from_numpy(self.codes).float().to(self.device)
        for name, target in self.targets.items():
            if target.statistics is not None:
                scale = torch.from_numpy(target.statistics.deviation).float().to(self.device)
                means = target.statistics.mean
                if target.statistics.speaker_means is not None and self.speakers is not None:
                    means = target.statistics.speaker_means[self.speakers]  # (utterances, dimension)
                self._scales[name] = (torch.from_numpy(means).float().to(self.device), scale)

    def _count(self, counted: np.ndarray) -> None:
        self.counted_rows = torch.from_numpy(np.flatnonzero(counted))
        self._counted = torch.from_numpy(counted.astype(np.bool_)).to(self.device)

    def read(self, part: StagePart, hidden: Tensor | None = None) -> None:
        """Gather as inputs what a stage reads; ``hidden`` (rows, width) is what it reads of the stages before it."""
        self.hidden, self.context, self.dilation = hidden, part.context, part.dilation
        self.linguistic = "linguistic" in part.sources(first=hidden is None)
        self.linguistic_context = part.linguistic_context

    def only(self, utterances: np.ndarray) -> Table:
        """Return a view of the same rows of which only those of some utterances, by number, are drawn and counted."""
        view = copy.copy(self)
        view.chosen = np.sort(utterances)
        view.counted = self.counted & np.repeat(np.isin(np.arange(self.utterances), utterances), np.diff(self.starts))
        view._count(view.counted)
        return view

    @property
    def rows(self) -> int:
        """Number of rows."""
        return int(self.starts[-1])

    @property
    def utterances(self) -> int:
        """Number of utterances."""
        return len(self.starts) - 1

    @property
    def bytes(self) -> int:
        """Memory that all columns take."""
        arrays = [self.segments, self.positions, *(target.values for target in self.targets.values())]
        return sum(array.nbytes for array in arrays if array is not None)

    @property
    def input_width(self) -> int:
        """Width of the linguistic input of one row."""
        return int(self.segments.shape[1]) + (0 if self.positions is None else int(self.positions.shape[1]))

    def inputs(self, index: Tensor) -> Tensor:
        """Gather the inputs of rows ``index`` (any shape, on the device): float32 (..., width)."""
        parts = []
        if self.linguistic:
            rows = self._around(index, self.linguistic_context)
            segment = rows if self.segment_of_row is None else self._columns["/segment_of_row"][rows]
            parts.append(self._take("/segments", segment))
            if self.positions is not None:
                parts.append(self._take("/positions", rows))
            if self.linguistic_context:
                parts = [torch.cat(parts, dim=-1).flatten(-2)]
        if self.hidden is not None:
            around = self._around(index[..., None] if self.context == 0 else index, self.context)
            parts.append(self.hidden[around].flatten(-2).float())
        if self._codes is not None and self._utterance is not None:
            parts.append(self._codes[self._utterance[index]])
        return torch.cat(parts, dim=-1)

    def hide(self, inputs: Tensor, share: float) -> Tensor:
        """Zero a random ``share`` of the linguistic inputs, by utterance and feature, in all rows of a window alike."""
        if not self.linguistic:
            return inputs
        width, window = self.input_width, 2 * self.linguistic_context + 1
        keep = torch.rand((inputs.shape[0], 1, width), device=inputs.device) >= share
        linguistic = inputs[..., : width * window] * keep.repeat(1, 1, window)
        return torch.cat([linguistic, inputs[..., width * window :]], dim=-1)

    @property
    def pass_rows(self) -> int:
        """Rows that a pass over the whole table gathers at once."""
        return max(1024, 8192 // (2 * self.linguistic_context + 1))

    def target(self, name: str, index: Tensor) -> Tensor:
        """Gather the normalised target of rows ``index``: float32 (..., stream.width), labels (..., 1) for class streams."""
        target = self.targets[name]
        if target.by_segment and self.segment_of_row is not None:
            index = self._columns["/segment_of_row"][index]
            return self._take(name, index)
        x = self._take(name, index)
        if name not in self._scales:
            return x
        mean, deviation = self._scales[name]
        if mean.ndim == 2 and self._utterance is not None:
            mean = mean[self._utterance[index]]
        if target.stream.masked:
            return torch.cat([(x[..., :-1] - mean) / deviation, x[..., -1:]], dim=-1)
        if not target.stream.dynamic:
            return (x - mean) / deviation
        before = self._take(name, torch.maximum(index - 1, self._first[index]))
        after = self._take(name, torch.minimum(index + 1, self._last[index]))
        return torch.cat([x - mean, 0.5 * (after - before), before - 2.0 * x + after], dim=-1) / deviation

    def counts(self, index: Tensor) -> Tensor:
        """Return which of the rows ``index`` are learnt and scored, bool."""
        return self._counted[index]

    def _around(self, index: Tensor, context: int) -> Tensor:
        """Return rows (...) with those ``context`` either side, (..., 2 context + 1), or as they are where it is 0."""
        if context == 0:
            return index
        offsets = self.dilation * torch.arange(-context, context + 1, device=index.device)
        around = torch.maximum(index[..., None] + offsets, self._first[index][..., None])
        return torch.minimum(around, self._last[index][..., None])

    def _take(self, name: str, index: Tensor) -> Tensor:
        column = self._columns[name]
        if column.device == index.device:
            return column[index].float()
        return column[index.to(column.device)].float().to(index.device, non_blocking=True)


def _tensor(values: np.ndarray, device: torch.device, copy: bool) -> Tensor:
    if copy:
        return torch.from_numpy(np.array(values)).to(device)
    import warnings

    with warnings.catch_warnings():  # memory-mapped arrays are read-only, and are only read
        warnings.simplefilter("ignore", UserWarning)
        return torch.from_numpy(values)


def utterance_groups(table: Table, rows: int) -> list[list[int]]:
    """Split all utterances, in order, into groups of at most ``rows`` rows (or one utterance)."""
    groups: list[list[int]] = [[]]
    filled = 0
    for number in range(table.utterances):
        length = int(table.starts[number + 1] - table.starts[number])
        if groups[-1] and filled + length > rows:
            groups.append([])
            filled = 0
        groups[-1].append(number)
        filled += length
    return groups


def pad_utterances(table: Table, numbers: Sequence[int]) -> tuple[Tensor, Tensor]:
    """Return ``(index, mask)`` of whole utterances padded to the longest; padding repeats the last row."""
    starts = [int(table.starts[number]) for number in numbers]
    lengths = [int(table.starts[number + 1]) - start for number, start in zip(numbers, starts, strict=True)]
    time = torch.arange(max(lengths))
    length = torch.tensor(lengths)[:, None]
    index = torch.tensor(starts)[:, None] + torch.minimum(time, length - 1)
    return index.to(table.device), (time < length).to(table.device)
