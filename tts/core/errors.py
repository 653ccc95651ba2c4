"""What can go wrong, one class a kind, each with the exit code of the command line.

A message is one clear sentence that names the file, line or key, says what was expected and what to do about it. The command
line prints it without a traceback; library users catch :class:`TtsError`, or the kind they can do something about. Nobody tells
kinds apart by the words of a message.

Exit code 2 says that the request is wrong as it stands, and is for the user to change: an option, a key, a name, also that of a
file which is there already and is not written over. Exit code 1 says that the request is right and that what it met stopped the
work: damaged data, a disk that is full or may not be written, a folder that another process works in at the moment. 0 is
success, and 130 an interruption.
"""

from __future__ import annotations


class TtsError(Exception):
    """Work could not be done: broken data, a damaged voice, nothing left to train on. Exit code 1."""

    exit_code = 1


class UsageError(TtsError):
    """The request itself is wrong: an unknown key, a path that is not there, an option out of range. Exit code 2."""

    exit_code = 2


class Missing(TtsError):
    """A file that belongs to what is read is not there."""


class Damaged(TtsError):
    """A file is there and does not hold what it should."""


class NotWritten(TtsError):
    """A file could not be written: a full disk, a folder without permission."""


class FolderBusy(TtsError):
    """Another process works in a folder that this one wants."""


class OutOfMemory(TtsError):
    """The memory of the machine or of its GPU did not suffice."""


class Diverged(TtsError):
    """A training whose loss is no number any more, or far above that of a guess: with these settings it learns nothing."""


class WorkerDied(TtsError):
    """The process that did one job was killed, crashed or ran out of memory, twice; other jobs are not concerned."""


class ProcessLost(TtsError):
    """Another process of a training that several share has ended, so that none can go on."""


class WorkersCannotStart(TtsError):
    """Worker processes die before they do anything, so no job can be done; never the fault of one job."""
