"""What a network is trained on and judged by: the losses of its tasks on a batch, and what makes weights the best."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from tts.core.device import autocast, to_host
from tts.core.errors import UsageError
from tts.dataset.table import Batch, Table, pass_batches, unpad
from tts.network.joint import Joint, task_of
from tts.network.stack import Stage, StageOutput
from tts.recipe import MAIN_STREAMS, TaskUse
from tts.tasks.losses import TaskLoss, dimension_emphasis, task_loss_sum
from tts.training.trajectory import Trajectories

Model = Stage | Joint


@dataclass(frozen=True)
class TrainingData:
    """The rows that are learnt, and those by which the best weights are chosen."""

    train: Table
    valid: Table


@dataclass(frozen=True)
class Objective:
    """What a training is after.

    ``main`` names the tasks whose weighted losses are the main loss, by which the best weights are chosen; a model that learns
    none of them is chosen by all its tasks. With ``equal`` the weighting treats all tasks alike, and ``main`` only chooses.
    ``trajectories`` replaces the losses of the streams it knows, on batches of whole utterances. With ``baseline`` the weights
    at the start are validated too, and kept where none that follow are better.
    """

    main: tuple[str, ...] = MAIN_STREAMS
    equal: bool = False
    trajectories: Trajectories | None = None
    baseline: bool = False

    def main_of(self, tasks: Mapping[str, TaskUse]) -> tuple[str, ...]:
        """Return the main tasks that the weighting and forks tell from the others."""
        return () if self.equal else tuple(name for name in self.main if name in tasks)


def judges(tasks: Mapping[str, TaskUse], main: Sequence[str]) -> tuple[str, ...]:
    """Return the tasks whose losses say which weights are best: the main ones that are learnt, or all where there is none."""
    return tuple(name for name in main if name in tasks and tasks[name].weight) or tuple(tasks)


@dataclass(frozen=True)
class LossSums:
    """Losses summed over groups of a table's rows, on the device: (groups, tasks) each."""

    tasks: tuple[str, ...]
    totals: Tensor
    counts: Tensor

    def means(self) -> dict[str, float]:
        """Return every task's mean over all rows that count and have a value; the one transfer from the device."""
        totals, counts = to_host(torch.stack([self.totals, self.counts])).double().sum(dim=1)
        return dict(zip(self.tasks, (totals / counts.clamp(min=1.0)).tolist(), strict=True))


class Criterion:
    """The losses of a model's tasks on batches of a table.

    ``table`` says what the streams are; ``precision`` is that of the network, losses are summed in float32. Raises
    :class:`UsageError` for an emphasis on a stream that is not continuous.
    """

    def __init__(self, model: Model, table: Table, trajectories: Trajectories | None, precision: str) -> None:
        self.model, self.trajectories, self.precision = model, trajectories, precision
        self.names = tuple(dict.fromkeys(task_of(name) for name in model.tasks))
        self.emphasis: dict[str, Tensor] = {}
        for name, use in model.tasks.items():
            target = table.targets[task_of(name)]
            if use.emphasis and target.stream.kind != "continuous":
                raise UsageError(
                    f"tasks.{target.stream.name}.emphasis: only continuous streams have dimensions to weigh; leave out"
                )
            if use.emphasis and target.statistics is not None:
                weights = dimension_emphasis(target.stream, target.statistics.deviation, use.emphasis)
                if weights is not None:
                    self.emphasis[name] = weights.to(table.device)

    def __call__(
        self, table: Table, batch: Batch, inputs: Tensor, targets: Mapping[str, Tensor]
    ) -> tuple[dict[str, TaskLoss], StageOutput]:
        """Return the losses of a batch by head, with what the model computed.

        ``inputs`` are (batch, time, width), ``targets`` by task as :meth:`~tts.dataset.table.Table.gather` returns them.
        """
        # A trajectory is made of all frames, those that do not count too.
        wanted = (batch.wanted,) if isinstance(self.model, Joint) and self.trajectories is None else ()
        with autocast(table.device, self.precision):
            output: StageOutput = self.model(inputs, batch.mask, *wanted)
        losses = self.of_heads(table, output.heads, targets, batch.learnt)
        for name in self.trajectories.streams if self.trajectories is not None else ():
            if name in losses:
                assert self.trajectories is not None
                target, count = targets[task_of(name)], losses[name].count
                mean = self.trajectories(name, output.heads[name], target, batch.mask, batch.learnt, losses[name].mean)
                losses[name] = TaskLoss(mean * torch.clamp(count, min=1.0), count)
        return losses, output

    def of_heads(
        self, table: Table, heads: Mapping[str, Tensor], targets: Mapping[str, Tensor], learnt: Tensor
    ) -> dict[str, TaskLoss]:
        """Return the frame-wise losses of what heads answered, (batch, time, width) each, for the frames that are learnt."""
        losses = {}
        for name, prediction in heads.items():
            stream, target = table.targets[task_of(name)].stream, targets[task_of(name)]
            losses[name] = task_loss_sum(stream, prediction, target, learnt, self.emphasis.get(name))
        return losses

    def sums(self, table: Table) -> LossSums:
        """Return the losses of all rows of a table that count, without leaving the device."""
        return self.judged(table)[0]

    @torch.no_grad()
    def judged(self, table: Table, heads: Collection[str] = ()) -> tuple[LossSums, dict[str, Tensor]]:
        """Return the losses of all rows of a table that count, and the outputs of ``heads``, by one pass over it.

        Outputs are float32 (rows, width) on the CPU.
        """
        groups = []
        outputs: dict[str, list[Tensor]] = {name: [] for name in heads}
        whole = self.trajectories is not None or needs_utterances(self.model)
        for batch in pass_batches(table, whole=whole):
            rows = table.gather(batch.index, self.names)
            losses, output = self(table, batch, rows.inputs, rows.targets)
            groups.append(losses)
            for name, values in outputs.items():
                values.append(unpad(output.heads[name], batch.lengths).float())
        names = tuple(groups[0])
        totals = torch.stack([torch.stack([group[name].total for name in names]) for group in groups])
        counts = torch.stack([torch.stack([group[name].count for name in names]) for group in groups])
        return LossSums(names, totals, counts), {name: to_host(torch.cat(values)) for name, values in outputs.items()}


def needs_utterances(model: Model) -> bool:
    """Return whether a model looks at a frame's neighbours itself; else rows may be given in any groups."""
    return isinstance(model, Joint) or not model.framewise
