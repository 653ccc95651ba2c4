"""What tests let workers of a cluster do; they import this module, which is quick."""

from __future__ import annotations

import json
import os
import signal
import time
from pathlib import Path

from tts.core.errors import TtsError


def crash_at(number: int, fatal: int) -> int:
    """Return twice the number; take the process along where it is the fatal one."""
    if number == fatal:
        os.kill(os.getpid(), signal.SIGKILL)
    if number % 10 == 7:
        raise TtsError(f"{number} is odd")
    return 2 * number


def count_up(path: str) -> None:
    """Write a longer file every little while, for ever."""
    for number in range(10_000):
        Path(path).write_text("x" * number)
        time.sleep(0.05)


def write_variables(path: str) -> None:
    """Write the variables that go along with work as a worker has them."""
    variables = {name: value for name, value in os.environ.items() if name.startswith("TTS_")}
    Path(path).write_text(json.dumps(variables), encoding="utf-8")
