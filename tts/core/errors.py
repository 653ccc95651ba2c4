"""The two ways a command can fail, each with its exit code.

A message is one clear sentence that names the file, line or key, says what was expected and what to do about it.
The command line prints it without a traceback; library users catch :class:`TtsError`.
"""

from __future__ import annotations


class TtsError(Exception):
    """Work could not be done: broken data, a damaged voice, nothing left to train on. Exit code 1."""

    exit_code = 1


class UsageError(TtsError):
    """The request itself is wrong: an unknown key, a path that is not there, an option out of range. Exit code 2."""

    exit_code = 2


class Diverged(TtsError):
    """A training whose loss is no number any more, or far above that of a guess: with these settings it learns nothing."""
