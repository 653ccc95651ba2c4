"""A job in a process of its own where multiprocessing may start none: within the workers of a cluster, which are daemons.

The process is started with the interpreter that runs, gets its job through its standard input, and ends when that is closed:
with the process that started it, whatever ended that.
"""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from tts.core.files import make_folder
from tts.core.memory import MemoryShare
from tts.core.processes import begin_process, do_and_exit

LENGTH = 8  # bytes that say how long the job is
POLL = 0.2  # seconds between looks at a process
PATIENCE = 20.0  # seconds that a process gets to leave whole files


@dataclass(frozen=True)
class Surroundings:
    """Where a process works: its folder, all its variables, threads, memory."""

    folder: str
    environment: Mapping[str, str]
    threads: int
    share: MemoryShare | None


def run_detached(
    function: Callable[..., None],
    arguments: tuple[Any, ...],
    output: Path,
    surroundings: Surroundings,
    wanted: Callable[[], bool],
) -> int:
    """Do ``function(*arguments)``, both to be pickled, in a new process; return its exit code, negative for a signal.

    What it says goes to the file ``output``, which is made anew: another that still writes to the old one does no harm. As soon
    as ``wanted`` says no, it is told to stop.
    """
    job = pickle.dumps((surroundings, function, arguments))
    paths = os.pathsep.join(path for path in sys.path if path)
    # -P: a folder "tts" where the job works must not be taken for this package
    command = [sys.executable, "-P", "-c", "from tts.core.detached import main; main()"]
    make_folder(output.parent)
    output.unlink(missing_ok=True)
    with output.open("wb") as stream:
        process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=stream,
            stderr=subprocess.STDOUT,
            cwd=surroundings.folder,
            env={**surroundings.environment, "PYTHONPATH": paths},
            start_new_session=True,
        )
    assert process.stdin is not None
    with suppress(OSError):  # where it has died already its exit code says so
        process.stdin.write(len(job).to_bytes(LENGTH, "big") + job)
        process.stdin.flush()
    try:
        while process.poll() is None and wanted():
            time.sleep(POLL)
    finally:
        _end(process)
    return int(process.returncode)


def _end(process: subprocess.Popen[bytes]) -> None:
    """End a process that may run: told to stop, killed where it does not."""
    if process.poll() is None:
        process.terminate()
        try:
            process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
    if process.stdin is not None:
        with suppress(OSError):
            process.stdin.close()


def main() -> None:
    """What the new process does: its job, and no more once its standard input has been closed."""
    stream = sys.stdin.buffer
    length = int.from_bytes(stream.read(LENGTH), "big")
    surroundings, function, arguments = pickle.loads(stream.read(length))  # noqa: S301 - of the process that started this one
    begin_process(surroundings.threads, surroundings.share, lambda: _until_closed(stream))
    do_and_exit(function, arguments)


def _until_closed(stream: BinaryIO) -> None:
    # not the stream's own read, whose lock would abort the interpreter at its end, whatever its exit code
    while os.read(stream.fileno(), 1):
        pass
