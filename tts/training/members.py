"""Several trainings that take their steps as one batched model: a small network cannot fill a GPU, some of them can.

Every training is a member with a thread of its own, which runs as it would alone: its tables, batches, random numbers,
optimiser, validations and checkpoints are its own. Only one runs at a time. Where a member has a step to learn it waits; once
all members wait, the steps of networks of the same shape are learnt together (:func:`learn_together`), and each member goes on
with its gradients.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Generic, TypeVar

import torch
from torch import Tensor
from torch.func import functional_call, vmap

from tts.core.device import autocast
from tts.core.files import fingerprint
from tts.dataset.table import Batch
from tts.network.masks import using
from tts.network.stack import Stage, StageOutput
from tts.network.trunks import FeedForward
from tts.recipe import StagePart, TrainingPart

if TYPE_CHECKING:
    from tts.training.learner import Learner

T = TypeVar("T")


@dataclass(frozen=True)
class StepOfOne:
    """A step of one member: what the learner's model reads, the targets it is to learn of it by task, and what dropout keeps.

    ``masks`` are those of every layer with dropout, drawn from the member's own random numbers.
    """

    learner: Learner
    batch: Batch
    inputs: Tensor
    targets: Mapping[str, Tensor]
    masks: tuple[Tensor, ...]

    @classmethod
    def of(cls, learner: Learner, batch: Batch, inputs: Tensor, targets: Mapping[str, Tensor]) -> StepOfOne:
        """Return a step that :func:`can_join`, with its masks drawn now."""
        assert isinstance(learner.model, Stage) and isinstance(learner.model.trunk, FeedForward)
        with autocast(inputs.device, learner.precision):
            masks = learner.model.trunk.draw_masks(inputs)
        return cls(learner, batch, inputs, targets, tuple(masks))

    def weight_of(self, task: str) -> float:
        """Return the weight of a task's loss."""
        return self.learner.weighting.tasks.base.get(task, 1.0)

    @property
    def tasks(self) -> tuple[str, ...]:
        """The tasks that are learnt in this step."""
        learner = self.learner
        rows = learner.weighting.tasks
        return tuple(
            name
            for names in rows.rows.values()
            for name in names
            if rows.base.get(name, 1.0) and (name in rows.main or rows.schedule.active(name, learner.steps_done))
        )

    @property
    def shape(self) -> tuple[Any, ...]:
        """What steps must have in common to be learnt together."""
        learner, model = self.learner, self.learner.model
        assert isinstance(model, Stage)
        streams = [(name, tuple(target.shape)) for name, target in self.targets.items()]
        trained = tuple(parameter.requires_grad for parameter in model.parameters())
        data = (tuple(self.inputs.shape), tuple(self.batch.learnt.shape), *streams, self.inputs.device)
        return (structure(model.part), model.inputs, trained, learner.precision, self.tasks, *data)


def structure(part: StagePart) -> str:
    """Return what identifies the layers of a stage, whatever its tasks weigh."""
    plain = part.model_dump(mode="json")
    for use in plain["tasks"].values():
        use.pop("weight")
    return fingerprint(plain)


def can_join(learner: Learner) -> bool:
    """Return whether a learner's next step can be learnt together with others'; else it is taken by itself."""
    model, every = learner.model, learner.settings.weighting.measure_every
    return (
        isinstance(model, Stage)
        and not stage_problems(model.part, learner.settings)
        and model.speakers is None
        and learner.objective.trajectories is None
        and learner.ranks.size == 1
        and not (every and learner.steps_done % every == 0)
    )


def stage_problems(part: StagePart, settings: TrainingPart) -> list[str]:
    """Return why steps of a stage cannot be learnt together with those of others; nothing where they can."""
    problems = []
    if part.trunk.kind != "feedforward":
        problems.append(f"its trunk is of kind {part.trunk.kind}, not feedforward")
    if part.sharing.kind != "hard":
        problems.append(f"it shares layers by {part.sharing.kind}, not hard")
    if part.unrelated is not None:
        problems.append("it keeps tasks apart (unrelated)")
    if settings.weighting.method != "sum":
        problems.append(f"its losses are weighed by {settings.weighting.method}, not by fixed weights (sum)")
    if settings.fork_merge is not None:
        problems.append("it forks (fork_merge)")
    if settings.utterances:
        problems.append("its batches are whole utterances")
    return problems


def learn_together(steps: Sequence[StepOfOne]) -> list[dict[str, Tensor]]:
    """Leave in the parameters of every step's model the gradients of its batch; return their mean losses by task.

    The steps have one :attr:`StepOfOne.shape`. Weights are stacked and the network runs once for all (``torch.func.vmap``);
    what dropout keeps was drawn by every member before.
    """
    learner = steps[0].learner
    own = [dict(step.learner.model.named_parameters()) for step in steps]
    stacked = {
        name: torch.stack([parameters[name].detach() for parameters in own]).requires_grad_(parameter.requires_grad)
        for name, parameter in own[0].items()
    }

    def means(
        weights: dict[str, Tensor],
        inputs: Tensor,
        mask: Tensor,
        learnt: Tensor,
        targets: dict[str, Tensor],
        masks: list[Tensor],
    ) -> dict[str, Tensor]:
        with autocast(inputs.device, learner.precision), using(masks):
            output: StageOutput = functional_call(learner.model, weights, (inputs, mask))
        losses = learner.criterion.of_heads(learner.data.train, output.heads, targets, learnt)
        return {name: loss.mean for name, loss in losses.items()}

    inputs, mask, learnt = (
        torch.stack(column) for column in zip(*((s.inputs, s.batch.mask, s.batch.learnt) for s in steps), strict=True)
    )
    targets = {name: torch.stack([step.targets[name] for step in steps]) for name in steps[0].targets}
    masks = [torch.stack(layer) for layer in zip(*(step.masks for step in steps), strict=True)]
    losses: dict[str, Tensor] = vmap(means)(stacked, inputs, mask, learnt, targets, masks)
    weighed = [losses[name] * losses[name].new_tensor([step.weight_of(name) for step in steps]) for name in steps[0].tasks]
    trained = [name for name, tensor in stacked.items() if tensor.requires_grad]
    gradients = torch.autograd.grad(torch.stack(weighed).sum(), [stacked[name] for name in trained], allow_unused=True)
    for name, gradient in zip(trained, gradients, strict=True):
        for number, parameters in enumerate(own):
            # As its weight lies in memory, which PyTorch's fused AdamW takes for granted.
            parameters[name].grad = None if gradient is None else gradient[number].contiguous()
    return [{name: loss[number].detach() for name, loss in losses.items()} for number in range(len(steps))]


class Member(Generic[T]):
    """One training in a thread of its own, which runs only while :meth:`advance` waits for it."""

    def __init__(self, work: Callable[[], T]) -> None:
        self.step: StepOfOne | None = None
        self.losses: dict[str, Tensor] = {}
        self.result: T | None = None
        self.error: BaseException | None = None
        self._ended = self.cancelled = False
        self._spent, self._since = 0.0, 0.0
        self._go, self._waits = threading.Semaphore(0), threading.Semaphore(0)
        self._random = random_numbers()
        self._thread = threading.Thread(target=self._run, args=(work,))
        self._thread.start()

    @property
    def ended(self) -> bool:
        """Whether the training is over; ``result`` or ``error`` is what it came to."""
        return self._ended

    def advance(self) -> None:
        """Let the training run to its next step that others may share, or to its end, with its own random numbers."""
        global _running
        if self._ended:
            return
        set_random_numbers(self._random)
        _running = self
        self._since = time.monotonic()
        try:
            self._go.release()
            self._waits.acquire()
        finally:
            _running = None
            self._spent += time.monotonic() - self._since
        self._random = random_numbers()

    @property
    def seconds(self) -> float:
        """The seconds spent on this training so far: those in which it ran, and its share of the steps learnt together."""
        return self._spent + (time.monotonic() - self._since if _running is self else 0.0)

    def charge(self, seconds: float) -> None:
        """Count the training's share of the time that steps of several have taken."""
        self._spent += seconds

    def cancel(self) -> None:
        """Interrupt the training at its next step, or the one that it waits with, and wait for its end."""
        global _running
        self._since = time.monotonic()
        self.cancelled, _running = True, self
        self._go.release()
        self._thread.join()
        _running = None

    def learn(self, step: StepOfOne) -> dict[str, Tensor]:
        """Wait, in the training's thread, until a step is learnt; return its losses. Gradients are in the parameters then."""
        self.step = step
        self._waits.release()
        self._go.acquire()
        if self.cancelled:
            raise KeyboardInterrupt
        return self.losses

    def _run(self, work: Callable[[], T]) -> None:
        self._go.acquire()
        try:
            if not self.cancelled:
                self.result = work()
        except BaseException as error:
            self.error = error
        finally:
            self._ended = True
            self._waits.release()


_running: Member[Any] | None = None


def current_member() -> Member[Any] | None:
    """Return the member that runs now; None outside of :func:`run_together`. Raises in one that is to end."""
    if _running is not None and _running.cancelled:
        raise KeyboardInterrupt
    return _running


def own_seconds() -> float:
    """Return a clock's seconds, of which differences are time spent on the training that asks; of a member its own alone.

    On a GPU, which works behind its host, a difference may be off by the few steps that were still under way.
    """
    return time.monotonic() if _running is None else _running.seconds


def run_together(works: Sequence[Callable[[], T]]) -> list[Member[T]]:
    """Run trainings as members until all have ended; an interruption interrupts all of them. Errors are left in the members."""
    members = [Member(work) for work in works]
    try:
        while not all(member.ended for member in members):
            for member in members:
                member.advance()
            groups: dict[tuple[Any, ...], list[Member[T]]] = {}
            for member in members:
                if not member.ended and member.step is not None:
                    groups.setdefault(member.step.shape, []).append(member)
            for group in groups.values():
                started = time.monotonic()
                losses = learn_together([member.step for member in group if member.step is not None])
                share = (time.monotonic() - started) / len(group)
                for member, own in zip(group, losses, strict=True):
                    member.losses, member.step = own, None
                    member.charge(share)
    except BaseException:
        for member in members:
            if not member.ended:
                member.cancel()
        raise
    return members


def random_numbers() -> tuple[Tensor, list[Tensor]]:
    """Return the state of PyTorch's generators, on the host and on every GPU in use."""
    initialised: bool = torch.cuda.is_initialized()  # type: ignore[no-untyped-call]
    gpus = torch.cuda.get_rng_state_all() if initialised else []
    return torch.get_rng_state(), gpus


def set_random_numbers(state: tuple[Tensor, list[Tensor]]) -> None:
    """Go on from what :func:`random_numbers` returned."""
    torch.set_rng_state(state[0])
    if state[1]:
        torch.cuda.set_rng_state_all(state[1])
