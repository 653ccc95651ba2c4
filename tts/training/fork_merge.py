"""Fork and merge: train from one point with and without auxiliary tasks, keep the mixture of weights that serves the main task.

After ForkMerge (Jiang et al. 2023, NeurIPS, arXiv 2301.12618). Every so many steps the state theta of training is forked into
branches b, the first with the main tasks alone, the others with auxiliary tasks too. All train on the same batches with the
same random numbers, and are merged into

    theta = sum_b share_b theta_b,    share_b >= 0,  sum_b share_b = 1

with the shares that a coordinate search over a grid finds best for the main loss on validation. The search starts at the main
branch, so right after a merge that loss is at most what the main branch alone has. Adam's moments, running means as they are,
and the average of the weights are merged by the same shares.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from tts.core.errors import UsageError
from tts.recipe import ForkMergePart, StagePart
from tts.training.weighting import Schedule

if TYPE_CHECKING:
    from tts.core.progress import Progress
    from tts.training.trainer import Trainer

Branch = tuple[str, ...]  # the auxiliary tasks that are learnt beside the main ones
State = dict[str, Tensor]  # what a checkpoint holds


def make_branches(part: ForkMergePart, stage: StagePart, main: Sequence[str]) -> tuple[Branch, ...]:
    """Return the branches of a stage, the one of its ``main`` tasks alone first; tasks of other stages are left out.

    Tasks of weight 0 are in no branch. Raises :class:`UsageError` for a stage without main tasks, one whose main tasks read
    what the first branch does not learn, and where no branch would learn a task.
    """
    auxiliary = tuple(name for name, use in stage.tasks.items() if name not in main and use.weight)
    if not auxiliary:
        return ((),)
    if not any(stage.tasks[name].weight for name in main):
        raise UsageError("training.fork_merge: every stage needs a main task, by which branches are merged")
    for name in main:
        if stage.tasks[name].reads in auxiliary:
            raise UsageError(f"tasks.{name}.reads: the branch of main tasks alone does not learn {stage.tasks[name].reads}")
    if part.branches == "one_each":
        chosen: list[Branch] = [(name,) for name in auxiliary]
    elif part.branches == "all":
        chosen = [auxiliary]
    else:
        chosen = [tuple(name for name in auxiliary if name in names) for names in part.branches]
    missing = sorted(set(auxiliary) - {name for branch in chosen for name in branch})
    if missing:
        raise UsageError(f"training.fork_merge.branches: none learns {missing[0]}; name it in a branch, or leave the task out")
    return tuple(dict.fromkeys([(), *chosen]))


def branches_now(branches: Sequence[Branch], schedule: Schedule, begin: int, end: int) -> list[Branch]:
    """Return the branches that differ in the steps from ``begin`` to before ``end``, with the tasks learnt then."""

    def learnt(name: str) -> bool:
        return any(schedule.active(name, step) for step in range(begin, end))

    return list(dict.fromkeys(tuple(name for name in branch if learnt(name)) for branch in branches))


def search(
    alone: Sequence[float], grid: Sequence[float], loss: Callable[[Sequence[float]], float]
) -> tuple[list[float], float]:
    """Return the shares of the branches that are found best, and their loss: at most the first branch's.

    ``alone`` are the losses of the branches by themselves, ``loss`` is that of some shares. From the first branch on, the
    others are mixed in one after the other, the best first, with the share of ``grid`` in (0, 1] that is best, or not at all.
    """
    shares, best = [1.0] + [0.0] * (len(alone) - 1), alone[0]
    for number in sorted(range(1, len(alone)), key=lambda n: math.inf if math.isnan(alone[n]) else alone[n]):
        base = shares
        for share in grid:
            trial = [(1.0 - share) * before for before in base]
            trial[number] += share
            value = alone[number] if share == 1.0 else loss(trial)
            if value < best:
                shares, best = trial, value
    return shares, best


def merge(start: Mapping[str, Tensor], ends: Sequence[Mapping[str, Tensor]], shares: Sequence[float], kind: str = "") -> State:
    """Return the mixture of the states ``ends`` that branches reached from ``start``, of the tensors whose names begin so.

    What a branch did not train (the head of a task that it does not learn) it has no say in; what only branches without a
    share trained is their mean, so that such a task does not fall behind. Random numbers and counts come from the first.
    """
    made = {}
    for name in dict.fromkeys(name for end in ends for name in end if name.startswith(kind)):
        # The average follows its weight also where that stands still.
        source = name.replace("average.", "weights.", 1) if name.startswith("average.") else name
        there = [n for n, end in enumerate(ends) if name in end]
        trained = [n for n in there if source not in start or not torch.equal(ends[n][source], start[source])] or there[:1]
        first = ends[trained[0]][name]
        counts = name.startswith("optimiser.") and name.endswith(".step")
        if len(trained) == 1 or counts or not first.is_floating_point():
            made[name] = first
            continue
        total = sum(shares[n] for n in trained)
        parts = [(shares[n] / total if total else 1.0 / len(trained), ends[n][name]) for n in trained]
        made[name] = torch.stack([part * tensor for part, tensor in parts if part]).sum(dim=0)
    return made


def train_round(trainer: Trainer, branches: Sequence[Branch], progress: Progress) -> dict[str, Tensor]:
    """Train from one merge to the next; return the sums of the losses, each of the first branch that learns its task.

    Where the branches are all the same (after ``main_only_from``) there is nothing to fork, and training is plain.
    """
    part, begin = trainer.settings.fork_merge, trainer.step
    assert part is not None
    end = min((begin // part.every + 1) * part.every, trainer.settings.steps)
    now = branches_now(branches, trainer.weighting.tasks.schedule, begin, end)
    start, mark = trainer.state(), len(trainer.diagnostics)
    ends: list[State] = []
    losses: dict[str, Tensor] = {}
    for number, branch in enumerate(now, 1):
        if number > 1:
            trainer.take_up(start)
        trainer.step, trainer.learns = begin, (*trainer.main, *branch)
        sums: dict[str, Tensor] = {}
        while trainer.step < end:
            for name, loss in trainer.train_step().items():
                sums[name] = sums[name] + loss if name in sums else loss
            progress.advance(0, note=f"branch {number} of {len(now)}, step {trainer.step}")
        losses = sums | losses
        if len(now) > 1:
            ends.append(trainer.state())
    trainer.learns = None
    trainer.diagnostics[mark:] = _by_step(trainer.diagnostics[mark:])
    trainer.forked["fork/steps"] = trainer.forked.get("fork/steps", 0.0) + (end - begin) * len(now)
    if len(now) == 1:
        return losses

    kind = "weights." if trainer.average is None else "average."  # what is validated

    def main_loss(state: Mapping[str, Tensor]) -> float:
        return trainer.main_loss_of({name.removeprefix(kind): t for name, t in state.items() if name.startswith(kind)})

    alone = [main_loss(state) for state in ends]
    shares, _ = search(alone, part.grid, lambda trial: main_loss(merge(start, ends, trial, kind)))
    trainer.take_up(merge(start, ends, shares))
    tasks = {name for branch in branches for name in branch}
    given = {name: sum(s for s, branch in zip(shares, now, strict=True) if name in branch) for name in sorted(tasks)}
    trainer.forked |= {"fork/main_alone": alone[0], **{f"merge/{name}": share for name, share in given.items()}}
    trainer.note({"weight/main": 1.0, **{f"weight/{name}": share for name, share in given.items()}})
    return losses


def _by_step(entries: Sequence[Mapping[str, float]]) -> list[dict[str, float]]:
    """Put together what several branches measured at the same steps; of two that measured the same, the first counts."""
    found: dict[float, dict[str, float]] = {}
    for entry in entries:
        found[entry["step"]] = {**entry, **found.get(entry["step"], {})}
    return [found[step] for step in sorted(found)]
