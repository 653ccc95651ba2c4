"""What tests let workers of a cluster do; they import this module, which is quick."""

from __future__ import annotations

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
