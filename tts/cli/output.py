"""Standard output and standard error of the command: the only place that prints."""

from __future__ import annotations

import contextlib
import io
import os
import sys
from collections.abc import Iterator
from typing import Any

from tts.core.progress import is_quiet
from tts.core.screen import printable

STANDARD_OUTPUT = "standard output"

_silent = False


def say(text: object = "", *, end: str = "\n", error: bool = False) -> None:
    """Print a line at once, on standard output or standard error, with what a terminal would obey written out."""
    if _silent:
        return
    stream = sys.stderr if error else sys.stdout
    stream.write(printable(str(text)) + end)
    stream.flush()


def note(text: object) -> None:
    """Print on standard error what tells how work ended, unless ``--quiet`` asked for none of it."""
    if not is_quiet():
        say(text, error=True)


@contextlib.contextmanager
def silence(wanted: bool = True) -> Iterator[None]:
    """Print nothing meanwhile, where another process of the same command does."""
    global _silent
    earlier, _silent = _silent, wanted
    try:
        yield
    finally:
        _silent = earlier


class _Named(io.FileIO):
    """A file descriptor whose errors say that it is the standard output."""

    def write(self, data: Any, /) -> int:
        try:
            return super().write(data)
        except OSError as error:
            error.filename = STANDARD_OUTPUT
            raise


def own_output() -> None:
    """Put a buffer before standard output that writes all it is given, names it in errors and knows every letter.

    Without one (``PYTHONUNBUFFERED=1``, usual in containers) a write to a pipe whose reader leaves in the middle counts as
    done, and a wav or a table is cut off without a word. Terminals and what tests put in its place are left as they are.
    """
    stream = sys.stdout
    if stream is not sys.__stdout__ or not isinstance(stream, io.TextIOWrapper):
        return
    if stream.isatty():
        stream.reconfigure(errors="backslashreplace")
        return
    stream.flush()
    raw = _Named(stream.fileno(), "wb", closefd=False)
    sys.stdout = io.TextIOWrapper(io.BufferedWriter(raw), encoding=stream.encoding, errors="backslashreplace")


def drop_output() -> None:
    """Send to nowhere what standard output still holds, so that the interpreter's end does not fail to write it again."""
    try:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except (OSError, ValueError):  # a stream of a test
        return
