"""A whole stack as one network to train: gradients reach the first stage through the windows of its bottleneck.

Wu, Valentini-Botinhao, Watts and King (ICASSP 2015) train their stages one after the other; here the loss is the sum of all
stages' losses, and a later stage's shapes the bottlenecks of the earlier ones.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from tts.core.errors import UsageError
from tts.network.stack import Stack, Stage, StageOutput
from tts.recipe import StagePart, TaskUse


def task_of(head: str) -> str:
    """Return the task of a head: ``gammatone`` for ``stage1/gammatone``, any other name as it is."""
    return head.rpartition("/")[2]


@dataclass(frozen=True)
class JointOutput(StageOutput):
    """What a whole stack computes: the outputs of all heads, and those of every stage by itself, first to last."""

    stages: tuple[StageOutput, ...] = ()


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
    def inputs(self) -> int:
        """Width of what the stack reads: the linguistic input and the code of the speakers."""
        return self.stack.linguistic + (self.stack.speakers.count if self.stack.speakers else 0)

    @property
    def framewise(self) -> bool:
        """Whether every stage computes a frame from its input alone, so that pieces of utterances will do."""
        return all(stage.framewise for stage in self.stages)

    def forward(self, x: Tensor, mask: Tensor | None = None, wanted: Tensor | None = None) -> JointOutput:
        """Map (batch, time, linguistic) to the outputs of all heads and the last stage's bottleneck.

        ``mask`` (batch, time) says where utterances end, ``wanted`` (frames,) for which frames the last stage's outputs are
        needed (see :meth:`Stack.forward`).
        """
        stages: list[StageOutput] = self.stack(x, mask, wanted)
        named = list(zip(self.prefixes, stages, strict=True))
        heads = {prefix + name: values for prefix, output in reversed(named) for name, values in output.heads.items()}
        return JointOutput(heads, stages[-1].bottleneck, stages=tuple(stages))

    def penalty(self, output: StageOutput | None = None) -> Tensor:
        """Return the sum of the stages' penalties, a scalar; ``output`` is what :meth:`forward` returned for a batch."""
        outputs = output.stages if isinstance(output, JointOutput) else (None,) * len(self.parts)
        return torch.stack([stage.penalty(each) for stage, each in zip(self.stages, outputs, strict=True)]).sum()

    def after_step(self, learning_rate: float) -> None:
        """Do in every stage what follows an optimiser's step."""
        for stage in self.stages:
            stage.after_step(learning_rate)


def margin(parts: Sequence[StagePart]) -> int:
    """Return how many frames either side of a frame the last stage's output for it depends on, all stages being frame-wise."""
    needed = [0] * len(parts)  # by stage: the frames around a learnt one for which its outputs are read
    for number in range(len(parts) - 1, 0, -1):
        part = parts[number]
        everything = "bottlenecks" in part.sources(first=False)
        for earlier in range(0 if everything else number - 1, number):
            needed[earlier] = max(needed[earlier], needed[number] + part.context * part.dilation)
    return max(around + part.linguistic_context * part.dilation for around, part in zip(needed, parts, strict=True))
