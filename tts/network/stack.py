"""Stages and stacks: the model. A stage is a shared trunk with named heads; a stack is stages in order.

Each stage reads the linguistic input and, after the first, a window of the bottleneck of the stage before (Wu,
Valentini-Botinhao, Watts and King 2015, section 3). Heads of auxiliary tasks shape the trunk in training and are dropped
when speaking (:meth:`Stack.speaking`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from tts.network.trunks import make_trunk
from tts.recipe import MAIN_STREAMS, StagePart


@dataclass(frozen=True)
class StageOutput:
    """What a stage says: ``heads`` by task name, (batch, time, width) each, and the ``bottleneck`` it hands on."""

    heads: dict[str, Tensor]
    bottleneck: Tensor | None


class Head(nn.Module):
    """From the shared layers to one task: optional private hidden layers, then a linear layer."""

    def __init__(self, inputs: int, outputs: int, private: tuple[int, ...] = ()) -> None:
        super().__init__()
        widths = (inputs, *private)
        self.private = nn.ModuleList(nn.Linear(a, b) for a, b in zip(widths, private, strict=False))
        self.output = nn.Linear(widths[-1], outputs)

    def forward(self, x: Tensor) -> Tensor:
        """Map (..., inputs) to (..., outputs)."""
        for layer in self.private:
            x = functional.relu(layer(x))
        result: Tensor = self.output(x)
        return result


class Stage(nn.Module):
    """A trunk, an optional bottleneck on top of it, and heads that read the bottleneck (or the trunk where there is none).

    With the bottleneck below the heads it is a hidden layer that every task of the stage shapes, as in the paper.
    ``widths`` gives the output width of every task.
    """

    def __init__(self, inputs: int, part: StagePart, widths: Mapping[str, int]) -> None:
        super().__init__()
        self.part = part
        self.inputs = inputs
        self.trunk = make_trunk(inputs, part.trunk)
        self.bottleneck = nn.Linear(self.trunk.width, part.bottleneck) if part.bottleneck else None
        top = part.bottleneck or self.trunk.width
        # Main heads first, so that systems that differ in auxiliary tasks draw the same initial weights for what they share.
        order = sorted(part.tasks, key=lambda name: (name not in MAIN_STREAMS, name))
        self.heads = nn.ModuleDict({name: Head(top, widths[name], part.tasks[name].private) for name in order})

    def forward(self, x: Tensor, mask: Tensor | None = None) -> StageOutput:
        """Map (batch, time, inputs) to the outputs of every head and the bottleneck."""
        hidden = self.trunk(x, mask)
        narrow = None
        if self.bottleneck is not None:
            hidden = narrow = torch.tanh(self.bottleneck(hidden))  # bounded, so it can be read raw beside 0..1 inputs
        return StageOutput({name: head(hidden) for name, head in self.heads.items()}, narrow)


class Stack(nn.Module):
    """Stages in order. ``linguistic`` is the width of the linguistic input, ``widths`` the output width of every task."""

    def __init__(
        self, linguistic: int, parts: tuple[StagePart, ...], widths: Mapping[str, int], *, seed: int | None = None
    ) -> None:
        super().__init__()
        self.linguistic = linguistic
        self.stages = nn.ModuleList()
        extra = 0
        for number, part in enumerate(parts):
            if seed is not None:  # each stage draws its own numbers, whatever heads the stage before it has
                torch.manual_seed((seed << 8) + number)
            self.stages.append(Stage(linguistic + extra * (2 * part.context + 1), part, widths))
            extra = part.bottleneck or 0

    def forward(self, x: Tensor, mask: Tensor | None = None) -> list[StageOutput]:
        """Run all stages on whole utterances: (batch, time, linguistic) and mask (batch, time)."""
        outputs: list[StageOutput] = []
        for stage in self.stages:
            assert isinstance(stage, Stage)
            inputs = x
            if outputs:
                narrow = outputs[-1].bottleneck
                assert narrow is not None
                inputs = torch.cat([x, window(narrow, stage.part.context, mask).to(x.dtype)], dim=-1)
            outputs.append(stage(inputs, mask))
        return outputs

    def speaking(self) -> dict[str, Tensor]:
        """Return the tensors needed to speak: without auxiliary heads, and without any head before the last stage."""
        last = f"stages.{len(self.stages) - 1}."
        kept = {}
        for name, tensor in self.state_dict().items():
            if ".heads." in name:
                task = name.split(".heads.")[1].split(".")[0]
                if not name.startswith(last) or task not in MAIN_STREAMS:
                    continue
            kept[name] = tensor
        return kept


def window(x: Tensor, context: int, mask: Tensor | None = None) -> Tensor:
    """Stack each frame of (batch, time, width) with ``context`` frames either side: (batch, time, (2 context + 1) width).

    The first and last frame of an utterance are repeated beyond its ends; ``mask`` says where padded utterances end.
    """
    if context == 0:
        return x
    time = x.shape[1]
    offsets = torch.arange(-context, context + 1, device=x.device)
    index = torch.arange(time, device=x.device)[:, None] + offsets  # (time, window)
    if mask is None:
        return x[:, index.clamp(0, time - 1)].flatten(2)
    last = (mask.to(torch.int64).sum(dim=1) - 1).clamp(min=0)[:, None, None]
    index = torch.minimum(index.clamp(min=0)[None], last).flatten(1)  # (batch, time * window)
    gathered = torch.gather(x, 1, index.unsqueeze(-1).expand(-1, -1, x.shape[2]))
    return gathered.view(x.shape[0], time, -1)


def speaking_parts(parts: tuple[StagePart, ...]) -> tuple[StagePart, ...]:
    """Return the stages without the tasks that are not needed to speak."""
    kept: list[Any] = [part.model_copy(update={"tasks": {}}) for part in parts[:-1]]
    last = parts[-1]
    return (*kept, last.model_copy(update={"tasks": {name: use for name, use in last.tasks.items() if name in MAIN_STREAMS}}))
