"""What every weighting is: rows of tasks in, one multiplier a row out, with a memory that a resumed run restores.

Rows: all main tasks together are one row, ``main`` (the sum of their losses times their base weights), and every auxiliary
task is a row of its own. A problem without main tasks has one row a task. Nothing outside this package counts rows: tasks
have names. Losses and gradients reach a weighting with the base weights applied.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Annotated, ClassVar, Literal

import torch
from pydantic import Field
from torch import Tensor

from tts.core.device import to_host, wide
from tts.core.errors import TtsError, UsageError
from tts.core.stream import Kind as Kind

Needs = Literal["nothing", "losses", "last layer", "gradients"]
Positive = Annotated[float, Field(gt=0.0)]
NotNegative = Annotated[float, Field(ge=0.0)]
Share = Annotated[float, Field(ge=0.0, le=1.0)]
Count = Annotated[int, Field(ge=1)]

MAIN = "main"
AUXILIARY = "auxiliary"


@dataclass(frozen=True)
class Schedule:
    """When tasks are learnt: ``start`` (first step) and ``stop`` (first step without) by auxiliary task.

    From step ``main_only_from`` on, only the main tasks are learnt: the last phase is then single-task training.
    """

    start: Mapping[str, int] = field(default_factory=dict)
    stop: Mapping[str, int] = field(default_factory=dict)
    main_only_from: int | None = None

    def active(self, task: str, step: int) -> bool:
        """Say whether an auxiliary task is learnt at a step."""
        ends = [end for end in (self.stop.get(task), self.main_only_from) if end is not None]
        return self.start.get(task, 0) <= step < min(ends, default=step + 1)


@dataclass(frozen=True)
class Tasks:
    """The tasks of one network: ``names``, which are ``main``, ``base`` weights (1 where none is given), kinds of loss.

    ``together`` makes all auxiliary tasks one row, so that a method that compares gradients takes two instead of one a task.
    """

    names: tuple[str, ...]
    main: tuple[str, ...] = ()
    base: Mapping[str, float] = field(default_factory=dict)
    kinds: Mapping[str, Kind] = field(default_factory=dict)
    schedule: Schedule = Schedule()
    together: bool = False

    def __post_init__(self) -> None:
        for what, given in (
            ("main", self.main),
            ("base", self.base),
            ("kinds", self.kinds),
            ("start", self.schedule.start),
            ("stop", self.schedule.stop),
        ):
            unknown = sorted(set(given) - set(self.names))
            if unknown:
                raise UsageError(f"weighting: {what} names {unknown[0]}, not a task; tasks are {', '.join(self.names)}")
        timed = sorted(set(self.main) & {*self.schedule.start, *self.schedule.stop})
        if timed:
            raise UsageError(f"weighting: {timed[0]} is a main task, it cannot start late or stop early")
        negative = sorted(name for name, weight in self.base.items() if not 0.0 <= weight < float("inf"))
        if negative:
            raise UsageError(f"weighting: the weight of {negative[0]} is {self.base[negative[0]]}; expected 0 or more")
        if self.main and (MAIN in self.auxiliary or AUXILIARY in self.auxiliary):
            raise UsageError(f"weighting: an auxiliary task cannot be called {MAIN} or {AUXILIARY}; choose another name")

    @property
    def auxiliary(self) -> tuple[str, ...]:
        """The tasks that are not main."""
        return tuple(name for name in self.names if name not in self.main)

    @property
    def learns_main(self) -> bool:
        """Whether a main task has a weight above 0."""
        return any(self.base.get(name, 1.0) for name in self.main)

    @property
    def rows(self) -> dict[str, tuple[str, ...]]:
        """The tasks of every row, by the row's name; ``main`` comes first where there are main tasks.

        What has base weight 0 is not learnt and has no row, so that no method shares anything out to it.
        """
        rows = {MAIN: self.main} if self.learns_main else {}
        learnt = tuple(name for name in self.auxiliary if self.base.get(name, 1.0))
        if self.together and learnt:
            return rows | {AUXILIARY: learnt}
        return rows | {name: (name,) for name in learnt}

    def losses_of_rows(self, losses: Mapping[str, Tensor], step: int) -> list[Tensor | None]:
        """Return every row's loss, base weights applied; None where none of its tasks is in ``losses`` and learnt now."""
        unknown = sorted(set(losses) - set(self.names))
        if unknown:
            raise ValueError(f"loss of {unknown[0]}, which is not a task; tasks are {', '.join(self.names)}")
        result: list[Tensor | None] = []
        for names in self.rows.values():
            weights = {name: self.base.get(name, 1.0) for name in names}
            parts = [
                weights[name] * losses[name]
                for name in names
                if name in losses and weights[name] and (name in self.main or self.schedule.active(name, step))
            ]
            result.append(torch.stack(parts).sum() if parts else None)
        return result


class Weighting(ABC):
    """From losses, and for some methods gradients, to one multiplier a row on its gradient of the shared parameters.

    ``needs`` says what :meth:`weights` must be given beside the step. Whatever a method remembers is in ``memory``, float64
    but for vectors as long as the gradient, and lies where the losses are: no step waits for the device. Methods whose problem
    is a search with branches (``solves_on_host``) take the Gramian, at most some dozens of numbers, to the CPU, once a step.

    A row that is not there in a batch (no frame that counts, or not scheduled) has loss 0 and a gradient of 0; methods leave
    such rows out and leave their memory of them as it was.
    """

    name: ClassVar[str]
    needs: Needs
    needs_losses_after: ClassVar[bool] = False  # the trainer then calls tts.training.weighting.after_step
    solves_on_host: ClassVar[bool] = False
    plain: ClassVar[bool] = False  # whether all weights are 1, always

    def __init__(self, tasks: Tasks) -> None:
        self.tasks = tasks
        self.rows = len(tasks.rows)
        self.memory: dict[str, Tensor] = {}

    @property
    def needs_gradients(self) -> bool:
        """Whether one backward pass a row is taken, where the plain sum takes one in all."""
        return self.needs == "gradients"

    @abstractmethod
    def weights(self, step: int, losses: Tensor, gramian: Tensor | None) -> Tensor:
        """Return the multipliers (rows,) for a step, float64, and update the memory.

        ``losses`` is (rows,) on the device, as the answer is, unless the method solves on the host. ``gramian`` (rows, rows)
        holds the inner products of the rows' gradients (of the last shared layer where ``needs`` is ``last layer``; None where
        losses are enough).
        """

    def combine(self, step: int, losses: Tensor, jacobian: Tensor, sizes: Sequence[int]) -> tuple[Tensor, Tensor]:
        """Return the update of the shared parameters (parameters,) and the multipliers (rows,).

        ``jacobian`` is (rows, parameters); ``sizes`` are the numbers of elements of the tensors it is made of, in order.
        """
        weights = self.weights(step, losses, self.gramian(jacobian))
        return weights.to(jacobian) @ jacobian, weights

    def gramian(self, jacobian: Tensor) -> Tensor:
        """Return the inner products (rows, rows) of the rows of (rows, parameters), where the method works."""
        gramian = gramian_of(jacobian)
        return to_host(gramian) if self.solves_on_host else gramian

    def place(self, device: torch.device) -> None:
        """Move the memory to where the losses are, if it is not there."""
        if not self.solves_on_host:
            dtype = wide(device)
            self.memory = {n: v.to(device, dtype if v.dtype == torch.float64 else v.dtype) for n, v in self.memory.items()}

    def after_step(self, losses: Tensor) -> None:
        """Take note of the losses (rows,) of the same batch after the optimiser's step."""
        raise NotImplementedError(f"{self.name} does not look at the losses after a step")

    def state(self) -> dict[str, Tensor]:
        """Return a copy of everything remembered, to be kept in a checkpoint."""
        return {name: value.clone() for name, value in self.memory.items()}

    def load_state(self, state: Mapping[str, Tensor]) -> None:
        """Take up what :meth:`state` returned, so that training goes on exactly as it would have."""
        if set(state) != set(self.memory):
            raise TtsError(
                f"weighting {self.name}: its saved state holds {', '.join(sorted(state)) or 'nothing'}, "
                f"expected {', '.join(sorted(self.memory)) or 'nothing'}; it comes from another weighting"
            )
        for name, value in self.memory.items():
            if value.numel() and value.shape != state[name].shape:  # those sized by the first gradient are empty before it
                saved, expected = tuple(state[name].shape), tuple(value.shape)
                raise TtsError(f"weighting {self.name}: saved {name} is {saved}, expected {expected}; the tasks have changed")
        self.memory = {name: state[name].clone() for name in self.memory}


class MainWeighting(Weighting):
    """A weighting that tells the main task from the others: row 0 is main."""

    def __init__(self, tasks: Tasks) -> None:
        if not tasks.learns_main:
            raise UsageError(
                f"weighting {self.name}: needs a main task, with a weight above 0; name one, or use a method that balances all"
            )
        super().__init__(tasks)


def gramian_of(jacobian: Tensor) -> Tensor:
    """Return the inner products (rows, rows) of the rows of (rows, parameters), float64 on their device."""
    return (jacobian @ jacobian.T).to(wide(jacobian.device))


def precise(values: Tensor) -> Tensor:
    """Return a small vector as float64 on its device, cut from its graph."""
    return values.detach().to(wide(values.device))


def unless(stay: Tensor, old: Mapping[str, Tensor], new: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Return the memory ``new``, or ``old`` where the scalar ``stay`` is true; the host does not look which."""
    return {name: torch.where(stay, old[name], value) for name, value in new.items()}


def start_adam(memory: dict[str, Tensor], name: str, value: Tensor) -> None:
    """Put a vector that :func:`adam` will change, and its moments, in a memory."""
    memory[name] = value.double().clone()
    memory |= {f"{name}.first": torch.zeros_like(memory[name]), f"{name}.second": torch.zeros_like(memory[name])}
    memory[f"{name}.steps"] = torch.zeros((), dtype=torch.float64)


def adam(memory: dict[str, Tensor], name: str, gradient: Tensor, rate: float) -> None:
    """Change one vector of a memory by a step of Adam with its usual constants (Kingma and Ba 2015)."""
    memory[f"{name}.steps"] = steps = memory[f"{name}.steps"] + 1.0
    memory[f"{name}.first"] = first = torch.lerp(memory[f"{name}.first"], gradient, 0.1)
    memory[f"{name}.second"] = second = torch.lerp(memory[f"{name}.second"], gradient.square(), 0.001)
    root = (second / (1.0 - 0.999**steps)).sqrt() + 1e-8
    memory[name] = memory[name] - rate * first / (1.0 - 0.9**steps) / root
