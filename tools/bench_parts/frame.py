"""What every part of the benchmark uses: its settings, its rows, and clocks that a busy machine does not decide.

Everything is processor time, of one thread unless asked otherwise. Works that are to be compared take turns in one process, a
round after the other, and each number is the median of its rounds: a neighbour on the machine slows all of them alike, so the
ratios hold where the milliseconds do not.
"""

from __future__ import annotations

import resource
import shutil
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from tts.core.errors import UsageError


@dataclass(frozen=True)
class Setup:
    """What is measured: folders of a voice, a prepared corpus and recordings (each may be missing), texts, and how often.

    ``quick`` is for the form of the result alone: sizes and rounds are the least there are. ``work`` is an empty folder.
    """

    work: Path
    voice: Path | None = None
    prepared: Path | None = None
    recordings: Path | None = None
    texts: tuple[str, ...] = ()
    rounds: int = 7
    quick: bool = False
    piper: Path | None = None  # the model of a voice

    def need(self, what: str, part: str) -> Path:
        """Return a folder that a part cannot do without; raise :class:`UsageError` naming the option where it was not given."""
        path: Path | None = getattr(self, what)
        if path is None:
            raise UsageError(f"bench: the part {part} needs --{what} FOLDER")
        return path

    def lines(self, count: int) -> list[str]:
        """Return so many texts, the given ones over and over."""
        return [self.texts[number % len(self.texts)] for number in range(count)]

    @cached_property
    def python(self) -> list[str]:
        """The command that starts this interpreter."""
        return [sys.executable]


@dataclass(frozen=True)
class Row:
    """A measured work: milliseconds of the processor for a ``unit`` of it, beside those of its ``floor`` in the same run.

    ``memory`` is the most memory of its process in MB, ``faster`` times real time where the unit is a second of speech.
    """

    part: str
    work: str
    ms: float
    unit: str
    floor: float | None = None
    memory: float | None = None
    note: str = ""

    @property
    def ratio(self) -> float | None:
        """Times the floor."""
        return None if not self.floor else self.ms / self.floor

    @property
    def faster(self) -> float | None:
        """Times faster than speech; None where the unit is another."""
        return 1000.0 / self.ms if self.unit == SPEECH and self.ms else None

    def to_dict(self) -> dict[str, Any]:
        """Return plain data."""
        return {**asdict(self), "ratio": self.ratio, "times real time": self.faster}


SPEECH = "s of speech"


def take_turns(works: Mapping[str, Callable[[], object]], rounds: int, *, warm: int = 1) -> dict[str, float]:
    """Return the median milliseconds of this process's time of every work; the first ``warm`` rounds do not count."""
    times: dict[str, list[float]] = {name: [] for name in works}
    for number in range(rounds + warm):
        for name, work in works.items():
            start = time.process_time()
            work()
            if number >= warm:
                times[name].append(1000.0 * (time.process_time() - start))
    return {name: statistics.median(values) for name, values in times.items()}


def commands_take_turns(commands: Mapping[str, Sequence[str]], rounds: int) -> dict[str, float]:
    """Return the median milliseconds of processor time of every command, its children included; the first round is left out."""
    times: dict[str, list[float]] = {name: [] for name in commands}
    for number in range(rounds + 1):
        for name, command in commands.items():
            spent = child_ms(command)
            if number:
                times[name].append(spent)
    return {name: statistics.median(values) for name, values in times.items()}


def child_ms(command: Sequence[str]) -> float:
    """Return the milliseconds of processor time that a command takes; one that fails raises with what it said."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run(list(command), capture_output=True, check=False)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    if done.returncode:
        raise UsageError(f"bench: {' '.join(command)[:200]} failed: {done.stderr.decode(errors='replace').strip()[-300:]}")
    return 1000.0 * (after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)


def peak_of(command: Sequence[str]) -> float:
    """Return the most memory in MB that a command had, run once (GNU time's measure, taken from the wait for it)."""
    script = "import resource, subprocess, sys; subprocess.run(sys.argv[1:], stdout=subprocess.DEVNULL, check=True); "
    script += "print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)"
    done = subprocess.run([sys.executable, "-c", script, *command], capture_output=True, text=True, check=False)
    if done.returncode:
        raise UsageError(f"bench: {' '.join(command)[:200]} failed: {done.stderr.strip()[-300:]}")
    return float(done.stdout.split()[-1]) / 1e3


def most_memory() -> float:
    """Return the most memory that this process has had so far, in MB."""
    return float(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss) / 1e3


def installed(program: str) -> str | None:
    """Return the path of a program, None where it is not installed."""
    return shutil.which(program)
