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

import torch
from torch import Tensor

from tts.core.errors import UsageError
from tts.core.progress import Progress
from tts.recipe import ForkMergePart, StagePart
from tts.training.learner import Learner
from tts.training.weighting import Schedule

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


def search_shares(
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
            trial = [(1.0 - share) * other for other in base]
            trial[number] += share
            value = alone[number] if share == 1.0 else loss(trial)
            if value < best:
                shares, best = trial, value
    return shares, best


def merge(start: Mapping[str, Tensor], ends: Sequence[Mapping[str, Tensor]], shares: Sequence[float], kind: str = "") -> State:
    """Return the mixture of the states ``ends`` that branches reached from ``start``, of the tensors whose names begin so.

    A branch has no part in what it did not train (the head of a task that it does not learn); what only branches without a
    share trained is their mean, so that such a task does not fall behind. Random numbers and counts come from the first.
    All is computed where the tensors are, without waiting for them.
    """
    made = {}
    for name in dict.fromkeys(name for end in ends for name in end if name.startswith(kind)):
        there = [n for n, end in enumerate(ends) if name in end]
        tensors = [ends[n][name] for n in there]
        if name.startswith("optimiser.") and name.endswith(".step"):  # of those that took steps, which are as many in all
            made[name] = torch.stack(tensors).amax(dim=0)
            continue
        if not tensors[0].is_floating_point():
            made[name] = tensors[0]
            continue
        # The average follows its weight also where that stands still.
        source = name.replace("average.", "weights.", 1) if name.startswith("average.") else name
        trained = _trained(source, start, [ends[n] for n in there], tensors[0].device)
        portions = _portions([shares[n] for n in there], trained)
        shaped = portions.view(-1, *(1,) * tensors[0].ndim).to(tensors[0].dtype)
        stacked = torch.stack(tensors)
        made[name] = torch.where(shaped > 0.0, shaped * stacked, torch.zeros_like(stacked)).sum(dim=0)
    return made


def _trained(source: str, start: Mapping[str, Tensor], ends: Sequence[Mapping[str, Tensor]], device: torch.device) -> Tensor:
    """Return which branches changed a tensor since the fork, bool (branches,); all of them where it was not there before."""
    if source not in start:
        return torch.ones(len(ends), dtype=torch.bool, device=device)
    return torch.stack([(end[source] != start[source]).any() for end in ends])


def _portions(shares: Sequence[float], trained: Tensor) -> Tensor:
    """Return the branches' portions of a tensor, float32 (branches,): shares among those that trained it, which sum to 1.

    Equal ones where none of these has a share; the first branch's alone where none trained it.
    """
    own = torch.tensor(shares, dtype=torch.float32).to(trained.device) * trained
    equal = trained.to(own.dtype)
    first = torch.zeros_like(own)
    first[0] = 1.0
    weights = torch.where(own.sum() > 0.0, own, torch.where(equal.sum() > 0.0, equal, first))
    return weights / weights.sum()


class ForkMerge:
    """Takes the steps of a learner from one merge to the next, with every branch.

    ``scores`` are what forks took and merges gave so far: ``fork/steps`` of all branches together, ``fork/main_alone``, the
    main branch's validation loss, and ``merge/TASK``, the shares of the branches that learnt a task.
    """

    def __init__(self, part: ForkMergePart, branches: Sequence[Branch], learner: Learner) -> None:
        self.part, self.branches, self.learner = part, tuple(branches), learner
        self.scores: dict[str, float] = {}

    def round(self, progress: Progress) -> dict[str, Tensor]:
        """Train from one merge to the next; return the sums of the losses, each of the first branch that learns its task.

        Where the branches are all the same (after ``main_only_from``) there is nothing to fork, and training is plain.
        """
        learner, begin = self.learner, self.learner.steps_done
        end = min((begin // self.part.every + 1) * self.part.every, learner.settings.steps)
        branches = branches_now(self.branches, learner.weighting.tasks.schedule, begin, end)
        start, mark = learner.state(), len(learner.diagnostics)
        ends: list[State] = []
        losses: dict[str, Tensor] = {}
        for number, branch in enumerate(branches, 1):
            if number > 1:
                learner.load_state(start)
            losses = self._branch(branch, begin, end) | losses
            progress.advance(0, note=f"branch {number} of {len(branches)}, step {end}")
            if len(branches) > 1:
                ends.append(learner.state())
        learner.finite.require(learner.label)  # shares are to be chosen by losses that are numbers
        learner.diagnostics[mark:] = _by_step(learner.diagnostics[mark:])
        self.scores["fork/steps"] = self.scores.get("fork/steps", 0.0) + (end - begin) * len(branches)
        if len(branches) > 1:
            self._merge(start, ends, branches)
        return losses

    def _branch(self, branch: Branch, begin: int, end: int) -> dict[str, Tensor]:
        """Take the steps of one branch; return the sums of its losses."""
        self.learner.steps_done = begin
        sums: dict[str, Tensor] = {}
        while self.learner.steps_done < end:
            for name, loss in self.learner.step((*self.learner.main, *branch)).items():
                sums[name] = sums[name] + loss if name in sums else loss
        return sums

    def _merge(self, start: State, ends: Sequence[State], branches: Sequence[Branch]) -> None:
        """Let the learner go on from the mixture of the branches' ends that is best on validation."""
        learner = self.learner
        kind = "weights." if learner.average is None else "average."  # what is validated

        def main_loss(state: Mapping[str, Tensor]) -> float:
            return learner.main_loss_of({n.removeprefix(kind): t for n, t in state.items() if n.startswith(kind)})

        alone = [main_loss(state) for state in ends]
        shares, _ = search_shares(alone, self.part.grid, lambda trial: main_loss(merge(start, ends, trial, kind)))
        learner.load_state(merge(start, ends, shares))
        tasks = {name for branch in self.branches for name in branch}
        given = {
            name: sum(share for share, branch in zip(shares, branches, strict=True) if name in branch) for name in sorted(tasks)
        }
        self.scores |= {"fork/main_alone": alone[0], **{f"merge/{name}": share for name, share in given.items()}}
        learner.note({"weight/main": 1.0, **{f"weight/{name}": share for name, share in given.items()}})


def _by_step(entries: Sequence[Mapping[str, float]]) -> list[dict[str, float]]:
    """Put together what several branches measured at the same steps; of two that measured the same, the first counts."""
    merged: dict[float, dict[str, float]] = {}
    for entry in entries:
        merged[entry["step"]] = {**entry, **merged.get(entry["step"], {})}
    return [merged[step] for step in sorted(merged)]
