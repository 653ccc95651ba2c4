"""A whole stack as one network to train: gradients reach the first stage through the windows of what it hands on.

Wu, Valentini-Botinhao, Watts and King (ICASSP 2015) train their stages one after the other; here the loss is the sum of all
stages' losses, and a later stage's shapes what the earlier ones hand on.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from tts.errors import UsageError
from tts.network.stack import Stack, Stage, StageOutput
from tts.recipe import StagePart, TaskUse
from tts.training.table import Table

CROP = 32  # frames learnt of a crop: short enough for variety in a batch, long against the windows' margins


def task_of(head: str) -> str:
    """Return the task of a head: ``gammatone`` for ``stage1/gammatone``, any other name as it is."""
    return head.rpartition("/")[2]


class Joint(nn.Module):
    """A stack with its heads side by side, as a stage has them.

    Those of the last stage, which is the one that speaks, have their tasks' names; those before it are called
    ``stage1/TASK``. The tasks' weights are multiplied by their stage's in ``stage_weights``, of which only the ratios to the
    last count. Parameters lie in the stack, which is changed in place.
    """

    def __init__(self, stack: Stack, stage_weights: Sequence[float] = ()) -> None:
        super().__init__()
        self.stack, self.parts = stack, tuple(stack.parts)
        weights = tuple(stage_weights) or (1.0,) * len(self.parts)
        if len(weights) != len(self.parts):
            raise UsageError(
                f"training.stage_weights: there are {len(weights)}, expected one a stage, {len(self.parts)} in all"
            )
        last = len(self.parts) - 1
        self.prefixes = tuple("" if number == last else f"stage{number + 1}/" for number in range(len(self.parts)))
        self.tasks: dict[str, TaskUse] = {}
        for prefix, part, weight in zip(self.prefixes, self.parts, weights, strict=True):
            for name, use in part.tasks.items():
                self.tasks[prefix + name] = use.model_copy(update={"weight": use.weight * weight / weights[-1]})

    @property
    def stages(self) -> list[Stage]:
        """The stages, first to last."""
        return [stage for stage in self.stack.stages if isinstance(stage, Stage)]

    @property
    def heads(self) -> nn.ModuleDict:
        """The heads of all stages by name, last stage first."""
        named = list(zip(self.prefixes, self.stages, strict=True))
        return nn.ModuleDict({prefix + name: head for prefix, stage in reversed(named) for name, head in stage.heads.items()})

    @property
    def shared(self) -> list[nn.Parameter]:
        """What is not a head, first stage last: its top is the last layer that all tasks train."""
        return [parameter for stage in reversed(self.stages) for parameter in stage.shared]

    @property
    def framewise(self) -> bool:
        """Whether every stage answers a frame from its input alone, so that pieces of utterances will do."""
        return all(stage.framewise for stage in self.stages)

    def forward(self, x: Tensor, mask: Tensor | None = None, wanted: Tensor | None = None) -> StageOutput:
        """Map (batch, time, linguistic) to the outputs of all heads and the last stage's bottleneck.

        ``mask`` (batch, time) says where utterances end, ``wanted`` of which frames the last stage's answers are needed.
        """
        said = list(zip(self.prefixes, self.stack(x, mask, wanted), strict=True))
        heads = {prefix + name: values for prefix, output in reversed(said) for name, values in output.heads.items()}
        return StageOutput(heads, said[-1][1].bottleneck)

    def penalty(self) -> Tensor:
        """Return the sum of the stages' penalties, a scalar."""
        return torch.stack([stage.penalty() for stage in self.stages]).sum()

    def after_step(self, learning_rate: float) -> None:
        """Do in every stage what follows an optimiser's step."""
        for stage in self.stages:
            stage.after_step(learning_rate)


def margin(parts: Sequence[StagePart]) -> int:
    """Return how many frames either side of a frame the last stage's answer for it depends on, all stages being frame-wise."""
    needed = [0] * len(parts)  # by stage: the frames around a learnt one for which its outputs are read
    for number in range(len(parts) - 1, 0, -1):
        part = parts[number]
        everything = "bottlenecks" in part.sources(first=False)
        for earlier in range(0 if everything else number - 1, number):
            needed[earlier] = max(needed[earlier], needed[number] + part.context * part.dilation)
    return max(around + part.linguistic_context * part.dilation for around, part in zip(needed, parts, strict=True))


class Crops:
    """Batches of pieces of utterances, a pure function of the step as :class:`~tts.training.table.Batches` are.

    An epoch cuts every utterance into pieces of ``length`` rows from a random beginning on and shuffles those that count;
    a batch holds as many as make about ``size`` rows. Around a piece lie up to ``around`` further rows, fewer at the ends of
    the utterance: what a frame-wise stack says of the piece is then what it says of it within the whole utterance.
    """

    def __init__(self, table: Table, size: int, *, length: int, around: int, seed: int) -> None:
        self.table, self.length, self.around, self.seed = table, min(length, size), around, seed
        self.count = max(1, round(size / self.length))
        counted = torch.zeros(table.rows, dtype=torch.bool)
        counted[table.counted_rows] = True
        self.counted = counted
        # As many batches in every epoch, whatever the random beginnings make of it.
        self.per_epoch = max(1, len(table.counted_rows) // (self.count * self.length))
        self._epoch = -1
        self._order = torch.empty(0, 3, dtype=torch.int64)

    def __call__(self, step: int) -> tuple[Tensor, Tensor, Tensor]:
        """Return ``(index, mask, learnt)`` for a step counted from 0, all (pieces, time).

        ``index`` are rows, ``mask`` says which are no padding, ``learnt`` which belong to the piece itself.
        """
        epoch, number = divmod(step, self.per_epoch)
        if epoch != self._epoch:
            self._order, self._epoch = self._pieces(torch.Generator().manual_seed((self.seed << 20) + epoch)), epoch
        # A corpus of fewer pieces than a batch gives all it has.
        chosen = self._order[number * self.count : (number + 1) * self.count]
        begin, low, high = chosen.T[..., None]
        time = torch.arange(self.length + 2 * self.around)
        start, end = torch.maximum(begin - self.around, low), torch.minimum(begin + self.length + self.around, high)
        mask = time < end - start
        index = torch.minimum(start + time, end - 1)
        learnt = mask & (index >= begin) & (index < begin + self.length)
        longest = int(mask.sum(dim=1).max())
        device = self.table.device
        return index[:, :longest].to(device), mask[:, :longest].to(device), learnt[:, :longest].to(device)

    def _pieces(self, generator: torch.Generator) -> Tensor:
        """Return shuffled pieces, (pieces, 3): their first row and their utterance's first and past-the-last row."""
        pieces = []
        for low, high in zip(self.table.starts[:-1].tolist(), self.table.starts[1:].tolist(), strict=True):
            first = low - int(torch.randint(self.length, (), generator=generator))
            begins = torch.arange(first, high, self.length)
            some = [bool(self.counted[max(begin, low) : begin + self.length].any()) for begin in begins.tolist()]
            begins = begins[torch.tensor(some)]
            pieces.append(torch.stack([begins, torch.full_like(begins, low), torch.full_like(begins, high)], dim=1))
        found = torch.cat(pieces)
        return found[torch.randperm(len(found), generator=generator)]
