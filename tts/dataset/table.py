"""Training data as one table a split: rows gathered by index, in memory or memory-mapped, expanded on the device.

A row is a frame (acoustic model) or a segment (duration model). Linguistic vectors are kept once a segment and repeated by
index; dynamic features are made from the statics of the neighbouring rows as a batch is gathered. So an hour of speech at
60 mel-cepstral coefficients takes about 300 MB, where frame vectors with dynamics would take ten times as much.
"""

from __future__ import annotations

import copy
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from tts.analysis.dynamics import dynamics
from tts.core.device import available_memory, to_device
from tts.core.scratch import scratch_tensor
from tts.core.stream import Stream
from tts.dataset.columns import Wanted, as_tensor, fetch_together, rows_of
from tts.dataset.frame_positions import FramePositions
from tts.dataset.statistics import StreamStatistics
from tts.recipe import StagePart


@dataclass(frozen=True)
class Target:
    """Values of one stream, raw units, with what normalises them. ``by_segment`` values are one row a segment."""

    stream: Stream
    values: np.ndarray
    statistics: StreamStatistics | None = None
    by_segment: bool = False


SHARE = 0.1  # of the memory that is free, which a column that is made may take


@dataclass(frozen=True)
class Batch:
    """What a step learns from.

    ``index`` (batch, time) are rows, int64, where the table is indexed (:attr:`Table.index_device`). On the table's device are
    ``mask``, which frames are no padding, and ``learnt``, which are to be learnt, both bool (batch, time). Of utterances and
    pieces of them ``lengths`` are the numbers of real frames, and ``wanted`` (frames,) the places of the learnt frames in the
    flattened (batch, time), int64; None where the batch is of single rows, which are all learnt.
    """

    index: Tensor
    mask: Tensor
    learnt: Tensor
    lengths: tuple[int, ...] | None = None
    wanted: Tensor | None = None


@dataclass(frozen=True)
class Rows:
    """Rows of a table on its device: ``inputs`` (..., width) and normalised ``targets`` by name, float32."""

    inputs: Tensor
    targets: dict[str, Tensor]


@dataclass
class Table:
    """Rows of all utterances of a split, one after the other.

    ``starts`` (utterances + 1,) are row offsets; ``segments`` (segments, features) are linguistic vectors; ``segment_of_row``
    (rows,) says which applies, None where rows are segments; ``positions`` (rows, width) are appended, made as they are
    gathered on the CPU where they are :class:`FramePositions`; ``counted`` (rows,) says which rows are learnt and scored. The
    rows of ``chosen`` utterances are what is drawn from, by default all.

    What is gathered as the input is set by :meth:`read`: the linguistic input of a row and ``linguistic_context`` rows either
    side, then ``hidden`` (rows, width), what it reads of earlier stages, with ``context`` rows either side; both contexts are
    ``dilation`` rows apart and repeat an utterance's first and last row. ``codes`` (utterances, speakers) come last.
    ``speakers`` (utterances,) are the speakers' numbers, where statistics have a mean for each; ``balanced`` as :meth:`balance`
    makes it. ``scratch`` is the folder for what is too large for memory.
    """

    starts: np.ndarray
    segments: np.ndarray
    segment_of_row: np.ndarray | None
    positions: np.ndarray | FramePositions | None
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
    balanced: bool = False
    scratch: Path | None = None
    _columns: dict[str, Tensor] = field(default_factory=dict)
    _scales: dict[str, tuple[Tensor, Tensor]] = field(default_factory=dict)
    _places: dict[str, Tensor] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.chosen = np.arange(self.utterances)
        self._count(self.counted)
        self._hold(on_host=not self._fits(self.bytes))
        for name, target in self.targets.items():
            if target.statistics is not None:
                scale = (target.statistics.mean, target.statistics.deviation)
                mean, deviation = (to_device(as_tensor(x).float(), self.device) for x in scale)
                self._scales[name] = (mean, deviation)

    def _fits(self, size: int) -> bool:
        """Whether ``size`` bytes go onto the device; on the CPU all do, for arrays are read where they lie."""
        return self.device.type == "cpu" or size < 0.5 * available_memory(self.device)

    def _hold(self, *, on_host: bool) -> None:
        """Keep the columns, and the numbers that say which of their rows a row needs, on the device or on the host.

        Arrays stay where they are on the CPU: several processes that map one file then share its pages.
        """
        self.on_host = on_host
        device = self.index_device
        arrays = {name: target.values for name, target in self.targets.items()} | {"/segments": self.segments}
        self._made = None
        if isinstance(self.positions, FramePositions):
            if device.type == "cpu":
                self._made = self.positions
            else:  # where a batch is gathered by one kernel after the other, reading is faster than making
                arrays["/positions"] = self.positions.array()
        elif self.positions is not None:
            arrays["/positions"] = self.positions
        arrays |= {} if self.codes is None else {"/codes": self.codes}
        for name, target in self.targets.items():
            if target.statistics is not None and target.statistics.speaker_means is not None and self.speakers is not None:
                arrays[f"{name}/mean"] = target.statistics.speaker_means[self.speakers].astype(np.float32)
        self._columns = {name: as_tensor(values).to(device) for name, values in arrays.items()}
        lengths = torch.from_numpy(np.diff(self.starts))
        places = {"utterance": torch.repeat_interleave(torch.arange(self.utterances, dtype=torch.int32), lengths)}
        if self.segment_of_row is not None:
            places["segment"] = torch.from_numpy(self.segment_of_row.astype(np.int32, copy=False))
        self._starts = torch.from_numpy(self.starts.astype(np.int32)).to(device)
        self._places = {name: numbers.to(device) for name, numbers in places.items()}

    def _count(self, counted: np.ndarray) -> None:
        self.counted_rows = torch.from_numpy(np.flatnonzero(counted).astype(np.int32))
        self.counts_of_row = torch.from_numpy(counted.astype(np.bool_, copy=False))  # on the host, where batches are drawn

    def balance(self) -> None:
        """Draw every speaker about equally often: what there is of one with fewer rows comes several times an epoch."""
        self.balanced = True
        self._choose(np.unique(self.chosen))

    def _choose(self, utterances: np.ndarray) -> None:
        """Draw and count the rows of some utterances, by number in order."""
        self.counted = self.counted & np.repeat(np.isin(np.arange(self.utterances), utterances), np.diff(self.starts))
        self.chosen = utterances
        self._count(self.counted)
        if not self.balanced or self.speakers is None:
            return
        who = np.repeat(self.speakers, np.diff(self.starts))[self.counted_rows.numpy()]
        most = int(np.bincount(who).max())
        rows, chosen = [], []
        for speaker in np.unique(who):
            own = self.counted_rows[torch.from_numpy(who == speaker)]
            times = round(most / len(own))
            rows.append(own.repeat(times))
            chosen.append(np.tile(utterances[self.speakers[utterances] == speaker], times))
        self.counted_rows, self.chosen = torch.cat(rows), np.concatenate(chosen)

    def read(self, part: StagePart, hidden: Tensor | None = None) -> None:
        """Gather as inputs what a stage reads; ``hidden`` (rows, width) is what it reads of the stages before it.

        Where ``hidden`` lies on the host because it does not fit the device, all columns move there.
        """
        if hidden is not None and hidden.device != self.index_device:
            self._hold(on_host=True)
        self.hidden, self.context, self.dilation = hidden, part.context, part.dilation
        self.linguistic = "linguistic" in part.sources(first=hidden is None)
        self.linguistic_context = part.linguistic_context

    def empty(self, width: int, dtype: torch.dtype = torch.bfloat16) -> Tensor:
        """Return a column (rows, width) to be filled and read as ``hidden``: on the device, or pinned on the host.

        It is on the host where the table is, or where the device has no room for it. On the CPU one that would take more than
        a tenth of the memory that is free lies on the disk, in the folder ``scratch``, where that is named.
        """
        size = self.rows * width * torch.empty((), dtype=dtype).element_size()
        device = self.device if not self.on_host and self._fits(size) else torch.device("cpu")
        if self.device.type == "cpu" and self.scratch is not None and size > SHARE * available_memory(self.device):
            return scratch_tensor(self.rows, width, dtype, self.scratch)
        pinned = device.type == "cpu" and self.device.type == "cuda"
        return torch.empty(self.rows, width, dtype=dtype, device=device, pin_memory=pinned)

    def only(self, utterances: np.ndarray) -> Table:
        """Return a view of the same rows of which only those of some utterances, by number, are drawn and counted."""
        view = copy.copy(self)
        view._choose(np.sort(utterances))
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
    def index_device(self) -> torch.device:
        """Where the numbers of rows must be that are gathered: with the columns."""
        return torch.device("cpu") if self.on_host else self.device

    @property
    def bytes(self) -> int:
        """Memory that all columns take on a device, with the numbers of segments and utterances beside them."""
        arrays = [self.segments, self.codes, *(target.values for target in self.targets.values())]
        numbers = 1 + (self.segment_of_row is not None) + (0 if self.positions is None else self.positions.shape[1])
        return sum(array.nbytes for array in arrays if array is not None) + 4 * numbers * self.rows

    @property
    def input_width(self) -> int:
        """Width of the linguistic input of one row."""
        return int(self.segments.shape[1]) + (0 if self.positions is None else int(self.positions.shape[1]))

    def gather(self, index: Tensor, names: Iterable[str] = ()) -> Rows:
        """Gather the inputs of rows ``index`` (any shape, on :attr:`index_device`) and the targets ``names``.

        From a table on the host all of it travels to the device in one transfer, which the host does not wait for.
        """
        names = tuple(names)
        near = self._near(index, names)
        wanted = self._wanted_inputs(index)
        for name in names:
            wanted |= self._wanted_targets(name, index, near)
        values = self._fetch(wanted)
        return Rows(self._inputs(values), {name: self._target(name, values) for name in names})

    def inputs(self, index: Tensor) -> Tensor:
        """Gather the inputs of rows ``index`` alone: float32 (..., width)."""
        return self.gather(index).inputs

    def target(self, name: str, index: Tensor) -> Tensor:
        """Gather the normalised target of rows ``index``: float32 (..., stream.width), labels (..., 1) for class streams."""
        return self._target(name, self._fetch(self._wanted_targets(name, index, self._near(index, [name]))))

    def _wanted_inputs(self, index: Tensor) -> Wanted:
        wanted: Wanted = {}
        if self.linguistic:
            rows = self._around(index, self.linguistic_context)
            wanted["/segments"] = (self._columns["/segments"], self._segment(rows))
            if self._made is not None:
                made = self._made.rows(rows, self._segment(rows))
                wanted["/positions"] = (made, torch.arange(len(made)).view(rows.shape))
            elif self.positions is not None:
                wanted["/positions"] = (self._columns["/positions"], rows)
        if self.hidden is not None:
            around = self._around(index[..., None] if self.context == 0 else index, self.context)
            wanted["/hidden"] = (self.hidden, around)
        if self.codes is not None:
            wanted["/codes"] = (self._columns["/codes"], self._place("utterance", index))
        return wanted

    def _inputs(self, values: Mapping[str, Tensor]) -> Tensor:
        parts = [values[name] for name in ("/segments", "/positions") if name in values]
        if self.linguistic_context and parts:
            parts = [torch.cat(parts, dim=-1).flatten(-2)]
        if "/hidden" in values:
            parts.append(values["/hidden"].flatten(-2))
        if "/codes" in values:
            parts.append(values["/codes"])
        return torch.cat(parts, dim=-1)

    def _near(self, index: Tensor, names: Iterable[str]) -> Tensor | None:
        """Return the rows before, at and after ``index`` within their utterances, (3, ...), where a target has dynamics."""
        if not any(self._is_dynamic(name) for name in names):
            return None
        first, last = self._ends(index)
        return torch.stack([torch.maximum(index - 1, first), index, torch.minimum(index + 1, last)])

    def _is_dynamic(self, name: str) -> bool:
        target = self.targets[name]
        return target.stream.dynamic and name in self._scales and not target.by_segment

    def _wanted_targets(self, name: str, index: Tensor, near: Tensor | None) -> Wanted:
        target, column = self.targets[name], self._columns[name]
        rows = near if near is not None and self._is_dynamic(name) else index
        wanted = {name: (column, self._segment(index) if target.by_segment else rows)}
        if f"{name}/mean" in self._columns:
            wanted[f"{name}/mean"] = (self._columns[f"{name}/mean"], self._place("utterance", index))
        return wanted

    def _target(self, name: str, values: Mapping[str, Tensor]) -> Tensor:
        target, x = self.targets[name], values[name]
        if name not in self._scales:
            return x
        mean, deviation = self._scales[name]
        mean = values.get(f"{name}/mean", mean)
        if target.stream.masked:
            return torch.cat([(x[..., :-1] - mean) / deviation, x[..., -1:]], dim=-1)
        if not target.stream.dynamic:
            return (x - mean) / deviation
        before, now, after = x
        return torch.cat([now - mean, *dynamics(before, now, after)], dim=-1) / deviation

    def _fetch(self, wanted: Wanted) -> dict[str, Tensor]:
        """Return rows of columns as float32 on the device."""
        if not self.on_host:
            return {name: rows_of(column, index).float() for name, (column, index) in wanted.items()}
        return fetch_together(wanted, self.device)

    def hide(self, inputs: Tensor, share: float) -> Tensor:
        """Zero a random ``share`` of the linguistic inputs, by utterance and feature, in all rows of a window alike."""
        if not self.linguistic:
            return inputs
        width, window = self.input_width, 2 * self.linguistic_context + 1
        keep = torch.rand((inputs.shape[0], 1, width), device=inputs.device) >= share
        linguistic = inputs[..., : width * window] * keep.repeat(1, 1, window)
        return torch.cat([linguistic, inputs[..., width * window :]], dim=-1)

    def pass_rows(self, *, whole: bool) -> int:
        """Rows that a pass over the whole table gathers at once: few on the CPU, so that they stay in its cache."""
        if self.device.type == "cpu":
            return 2048 if whole else 512
        return max(1024, 8192 // (2 * self.linguistic_context + 1))

    def counts(self, index: Tensor) -> Tensor:
        """Return which of the rows ``index`` are learnt and scored, bool, on the device."""
        return self.counts_of_row.to(index.device)[index].to(self.device)

    def _place(self, what: str, index: Tensor) -> Tensor:
        """Return of rows ``index`` the number of their utterance or segment: int64."""
        return self._places[what][index].long()

    def _ends(self, index: Tensor) -> tuple[Tensor, Tensor]:
        """Return of rows ``index`` their utterances' first and last rows, int64."""
        utterance = self._place("utterance", index)
        return self._starts[utterance].long(), self._starts[utterance + 1].long() - 1

    def _segment(self, index: Tensor) -> Tensor:
        return index if self.segment_of_row is None else self._place("segment", index)

    def _around(self, index: Tensor, context: int) -> Tensor:
        """Return rows (...) with those ``context`` either side, (..., 2 context + 1), or as they are where it is 0."""
        if context == 0:
            return index
        offsets = self.dilation * torch.arange(-context, context + 1, device=index.device)
        first, last = self._ends(index)
        return torch.minimum(torch.maximum(index[..., None] + offsets, first[..., None]), last[..., None])


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


def pass_batches(table: Table, *, whole: bool) -> Iterator[Batch]:
    """Yield all rows of a table in order: whole utterances, padded, or else single rows."""
    most = table.pass_rows(whole=whole)
    if whole:
        yield from (pad_utterances(table, numbers) for numbers in utterance_groups(table, most))
        return
    for start in range(0, table.rows, most):
        index = torch.arange(start, min(start + most, table.rows))[:, None]
        learnt = to_device(table.counts_of_row[index], table.device)
        yield Batch(to_device(index, table.index_device), torch.ones_like(learnt), learnt)


def pad_utterances(table: Table, numbers: Sequence[int]) -> Batch:
    """Return whole utterances padded to the longest; padding repeats the last row."""
    starts = [int(table.starts[number]) for number in numbers]
    lengths = [int(table.starts[number + 1]) - start for number, start in zip(numbers, starts, strict=True)]
    time = torch.arange(max(lengths))
    length = torch.tensor(lengths)[:, None]
    index = torch.tensor(starts)[:, None] + torch.minimum(time, length - 1)
    mask = time < length
    return make_batch(table, index, mask, mask & table.counts_of_row[index], tuple(lengths))


def make_batch(table: Table, index: Tensor, mask: Tensor, learnt: Tensor, lengths: tuple[int, ...]) -> Batch:
    """Bring a batch that was drawn on the host to where it is used."""
    wanted = learnt.flatten().nonzero()[:, 0]
    mask, learnt, wanted = (to_device(each, table.device) for each in (mask, learnt, wanted))
    return Batch(to_device(index, table.index_device), mask, learnt, lengths, wanted)


def unpad(x: Tensor, lengths: Sequence[int] | None) -> Tensor:
    """Return the real frames of padded utterances (batch, time, ...), one after the other: (frames, ...).

    Without ``lengths`` they are single rows, (frames, 1, ...).
    """
    if lengths is None:
        return x[:, 0]
    return torch.cat([x[number, :length] for number, length in enumerate(lengths)])
