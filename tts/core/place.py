"""Where jobs are done: in this process, in others of this machine, or on other machines; and what is asked of these."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")


@dataclass(frozen=True)
class Failure:
    """Why an item has no result: one sentence."""

    message: str


class Process(Protocol):
    """One long job on its way: a :class:`Child`, or one on another machine."""

    @property
    def exit_code(self) -> int | None:
        """Exit code, the negative number of the signal that killed it, None while it runs."""

    def check_start(self) -> None:
        """Raise where it ended before it had begun, for a reason that is no fault of its job."""

    def stop(self) -> None:
        """Ask it to stop and leave whole files."""

    def close(self) -> None:
        """Wait until it has ended, as far as that can be known from here."""


class Machines(Protocol):
    """Other machines that do jobs: :class:`tts.core.cluster.Cluster`."""

    def map(
        self, function: Callable[[Item], Result], items: Sequence[Item], *, label: str = "", ordered: bool = False
    ) -> Iterator[tuple[int, Result | Failure]]:
        """Yield number and result of every item as :func:`parallel_map` does; with ``ordered``, in their order."""

    def start(self, function: Callable[..., None], *arguments: Any, output: Path) -> Process:
        """Do one long job in a process of its own, as :class:`Child` does."""

    def slots(self) -> int:
        """Return how many jobs can be done side by side at the moment."""


Place = int | None | Machines  # where jobs are done: so many processes here, one a core (None), this one (0), or elsewhere


def machines_of(place: Place) -> Machines | None:
    """Return the other machines that a place is; None where it is this one."""
    return None if place is None or isinstance(place, int) else place
