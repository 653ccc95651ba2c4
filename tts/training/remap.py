"""Taking over another network's tensors: by name and shape, columns of the input by the inputs' names.

What differs between two corpora is put into the weights, so that the copy's outputs are at first the original's. With ``x`` an
input there and ``x'`` the same input here,

    x = s x' + o            gives   W x + b = (W diag(s)) x' + (b + W o)

where an input that never changed in training, or is a speaker's code, has s = 0 and its value as o. And with an output ``y``,
deviation ``d`` and mean ``m`` (0 for dynamic features) there, and ``d'``, ``m'`` here,

    d y + m = d' y' + m'    gives   y' = (d / d') (W h + b) + (m - m') / d'

which scales the rows of the last layer and moves its bias.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import torch
from torch import Tensor

from tts.dataset.statistics import StreamStatistics
from tts.network.head import Head
from tts.network.stack import Stage

How = Literal["copied", "by name", "new", "left out"]
Affine = Mapping[str, tuple[float, float]]  # by input: s and o of x = s x' + o; (1, 0) for those not named


@dataclass(frozen=True)
class RemappedTensor:
    """What became of one tensor."""

    name: str
    how: How
    note: str = ""

    @property
    def loaded(self) -> bool:
        """Whether its values are those of the source."""
        return self.how in ("copied", "by name")


@torch.no_grad()
def load_remapped(
    stage: Stage,
    given: Mapping[str, Tensor],
    theirs: Sequence[str],
    ours: Sequence[str],
    affine: Affine,
    sums: Mapping[str, Sequence[str]] | None = None,
) -> list[RemappedTensor]:
    """Copy the tensors ``given`` into a stage by name and shape, columns of its input by their names; tell what was done.

    ``theirs`` and ``ours`` name the inputs there and here. Columns of inputs that are new here become zero; ``affine`` says
    how an input there follows from the one here of the same name, ``sums`` of which inputs here one is the sum that has none.
    """
    state, reading = stage.state_dict(), stage.input_axes()
    outcome: list[RemappedTensor] = []
    offsets: dict[str, Tensor] = {}
    for name, tensor in given.items():
        if name not in state:
            outcome.append(RemappedTensor(name, "left out"))
        elif name in reading:
            axis, bias = reading[name], _bias_of(name, stage)
            moved, here = tensor.movedim(axis, 0), state[name].movedim(axis, 0)
            if len(moved) != len(theirs) or moved.shape[1:] != here.shape[1:]:
                outcome += [RemappedTensor(name, "new", f"{tuple(tensor.shape)} there, {tuple(state[name].shape)} here")]
                continue
            foldable = bias in given and bias in state and state[bias].shape == given[bias].shape
            columns, offset, same = _columns(moved, theirs, ours, affine if foldable else {}, sums or {})
            here.copy_(columns)
            if foldable:
                offsets[bias] = offset.flatten(1).sum(dim=1) if offset.ndim > 1 else offset
            whole = same == len(theirs) == len(ours)
            note = f"{same} of {len(ours)} columns, {len(theirs)} in the voice"
            outcome.append(RemappedTensor(name, "copied" if whole and list(theirs) == list(ours) else "by name", note))
        elif state[name].shape == tensor.shape:
            state[name].copy_(tensor)
            outcome.append(RemappedTensor(name, "copied"))
        else:
            outcome.append(RemappedTensor(name, "new", f"{tuple(tensor.shape)} there, {tuple(state[name].shape)} here"))
    for bias, offset in offsets.items():
        state[bias].add_(offset.to(state[bias].dtype))
    return outcome + [RemappedTensor(name, "new") for name in state if name not in given]


def _columns(
    moved: Tensor, theirs: Sequence[str], ours: Sequence[str], affine: Affine, sums: Mapping[str, Sequence[str]]
) -> tuple[Tensor, Tensor, int]:
    """Return the columns (ours, ...), what inputs that are held add to the bias (...), and how many names both have."""
    place = {name: number for number, name in enumerate(theirs)}
    columns = torch.zeros(len(ours), *moved.shape[1:], dtype=torch.float64)
    offset = torch.zeros(moved.shape[1:], dtype=torch.float64)
    same = 0
    for number, name in enumerate(ours):
        if name in place:
            scale, _ = affine.get(_bare(name), (1.0, 0.0))
            columns[number] = scale * moved[place[name]].double()
            same += 1
    here = {name: number for number, name in enumerate(ours)}
    for name, number in place.items():
        bare, at, frames = name.partition("@")
        _, held = affine.get(bare, (1.0, 0.0))
        if held:
            offset += held * moved[number].double()
        for part in sums.get(bare, ()) if bare not in affine and name not in here else ():
            columns[here[f"{part}{at}{frames}"]] += moved[number].double()
    return columns, offset, same


def re_express(head: Head, source: StreamStatistics, target: StreamStatistics, speaker: int = 0) -> None:
    """Let a head predict the same physical values under other statistics, in place; see the top of the module.

    ``speaker`` is the number of the one whose mean the source has.
    """
    assert head.output is not None
    scale = source.deviation / target.deviation
    shift = np.zeros_like(scale)
    mean = source.mean_of(speaker) - target.mean
    shift[: len(mean)] = mean
    rows, added = torch.from_numpy(scale), torch.from_numpy(shift / target.deviation)
    with torch.no_grad():
        head.output.weight.copy_(head.output.weight.double() * rows[:, None])
        head.output.bias.copy_(head.output.bias.double() * rows + added)
        if head.ear is not None and not len(head.private):
            head.ear.copy_(head.ear.double() * rows[:, None])


def _bare(name: str) -> str:
    return name.partition("@")[0]


def _bias_of(name: str, stage: Stage) -> str:
    """The bias that belongs to a matrix; none where matrices are combined (go_mtl), for every group has its own sum."""
    head, _, last = name.rpartition(".")
    return "" if stage.part.sharing.kind == "go_mtl" else f"{head}.{last.replace('weight', 'bias')}"
