"""Progress of long work on standard error: one rewritten line on a terminal, a line every ten seconds elsewhere."""

from __future__ import annotations

import shutil
import sys
import time
from collections.abc import Iterable, Iterator
from typing import TypeVar

from tts.core.screen import printable

SURE = 3.0  # seconds of work after the first items, before which no time left is told
SLOW = 30.0  # seconds for the first items alone, from which they tell it

T = TypeVar("T")

_quiet = False


def set_quiet(quiet: bool) -> None:
    """Show no progress any more, or again."""
    global _quiet
    _quiet = quiet


def is_quiet() -> bool:
    """Whether no progress is shown."""
    return _quiet


class Progress:
    """Count finished items and show the share done and the time left; a ``total`` of 0 is one that is not known.

    Silent until the work has lasted a second, so that short work leaves no trace. The time left is told by the pace after the
    first items, which pay for starting up. Use as a context manager.
    """

    def __init__(self, label: str, total: int, *, done: int = 0, unit: str = "") -> None:
        self.label, self.total, self.unit = label, total, unit
        self.done = self.first = done
        self.note = ""
        self.started = time.monotonic()
        self._first_items: tuple[float, int] | None = None  # when they were done, and how many were then
        self.shown = self.started
        self._written = ""  # the last line

    def __enter__(self) -> Progress:
        return self

    def __exit__(self, *_: object) -> None:
        if self._written:
            self._show()
            if sys.stderr.isatty():
                sys.stderr.write("\n")
                sys.stderr.flush()

    def advance(self, count: int = 1, note: str = "") -> None:
        """Add ``count`` finished items; ``note`` is shown at the end of the line."""
        self.done += count
        self.note = note or self.note
        now = time.monotonic()
        if self._first_items is None and count > 0:
            self._first_items = now, self.done
        if _quiet:
            return
        if now - self.shown >= (0.2 if sys.stderr.isatty() else 10.0) and now - self.started >= 1.0:
            self.shown = now
            self._show()

    def _left(self) -> float | None:
        """Return the seconds that are left, None where that cannot be told yet."""
        if self._first_items is None:
            return None
        now = time.monotonic()
        began, items = self._first_items
        if self.done > items and now - began >= SURE:
            return (now - began) / (self.done - items) * (self.total - self.done)
        if now - self.started >= SLOW:
            return (now - self.started) / (self.done - self.first) * (self.total - self.done)
        return None

    def _show(self) -> None:
        elapsed = time.monotonic() - self.started
        amount = f"{self.done}{f'/{self.total}' if self.total else ''}{' ' + self.unit if self.unit else ''}"
        if not self.total:
            timing = f"{clock(elapsed)} so far"
        elif self.done < self.total:
            left = self._left()
            timing = f"{clock(elapsed)} so far" + ("" if left is None else f", {clock(left)} left")
        else:
            timing = f"done in {clock(elapsed)}"
        text = printable(f"{self.label}: {amount}, {timing}{'  ' + self.note if self.note else ''}").replace("\n", " ")
        if sys.stderr.isatty():
            width = shutil.get_terminal_size().columns - 1  # a line that wraps could not be rewritten
            sys.stderr.write(f"\r\x1b[2K{text[:width]}")
        elif text != self._written:
            sys.stderr.write(text + "\n")
        sys.stderr.flush()
        self._written = text


def clock(seconds: float) -> str:
    """Format a duration as ``42 s``, ``3:07 min`` or ``2:05 h``."""
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60}:{whole % 60:02d} min"
    return f"{whole // 3600}:{whole % 3600 // 60:02d} h"


def tracked(items: Iterable[T], label: str, total: int) -> Iterator[T]:
    """Yield ``items`` while showing progress."""
    with Progress(label, total) as progress:
        for item in items:
            yield item
            progress.advance()
