"""Folders of packed arrays: never changed once they are there, held by their readers, removed when nobody reads them.

A preparation writes its numbers into a new folder, named by what is in it, and then replaces ``prepared.json``, which names
that folder. So a reader sees one preparation or another, never a mixture, and a training that has begun goes on with the
numbers that it began with, whatever is prepared in the same place meanwhile. Each reader holds a shared lock on its folder;
the next preparation removes those that nobody holds.
"""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tts.core.files import fingerprint

LEGACY = "packed"  # folders of format 2: sentences.jsonl and lexicon.txt lie beside it
SENTENCES, LEXICON, STATISTICS = "sentences.jsonl", "lexicon.txt", "statistics.safetensors"
_NAME = re.compile(rf"{LEGACY}(-[0-9a-f]{{16}})?")
_UNFINISHED = re.compile(rf"\.{LEGACY}-[0-9a-f]{{16}}\.new")


def arrays_name(*content: object) -> str:
    """Return the name of the folder for arrays with this JSON-able ``content``."""
    return f"{LEGACY}-{fingerprint(*content)}"


def is_arrays_name(name: str) -> bool:
    """Return whether a folder of arrays may be called so."""
    return _NAME.fullmatch(name) is not None


def texts_beside(folder: Path) -> Path:
    """Return where the sentences and the lexicon of the arrays in ``folder`` lie."""
    return folder.parent if folder.name == LEGACY else folder


class ArraysHold:
    """A shared lock on a folder of arrays, for as long as this object lives. Where the system has no locks, nothing is held."""

    def __init__(self, folder: Path) -> None:
        """Take the lock; :class:`FileNotFoundError` where the folder is not there, or is removed at this moment."""
        handle = os.open(folder, os.O_RDONLY) if os.name == "posix" else -1
        if handle < 0:
            if not folder.is_dir():
                raise FileNotFoundError(str(folder))
            return
        weakref.finalize(self, os.close, handle)
        _lock(handle, exclusive=False)
        try:  # it may have been removed between the two
            there = folder.stat()
        except FileNotFoundError:
            raise FileNotFoundError(str(folder)) from None
        if (there.st_dev, there.st_ino) != (os.fstat(handle).st_dev, os.fstat(handle).st_ino):
            raise FileNotFoundError(str(folder))


@contextmanager
def new_arrays(folder: Path) -> Iterator[Path]:
    """Yield an empty folder that becomes ``folder`` when the block ends well: all of it appears at once."""
    fresh = folder.with_name(f".{folder.name}.new")
    shutil.rmtree(fresh, ignore_errors=True)
    fresh.mkdir(parents=True)
    yield fresh
    fresh.rename(folder)


def remove_unused(prepared: Path, current: str) -> list[str]:
    """Remove from the folder ``prepared`` all arrays but ``current`` that nobody reads; return the names of those removed.

    Only the process that prepares in the folder may call this. Where the system has no locks, all are left.
    """
    removed = []
    for path in sorted(prepared.iterdir()):
        if _UNFINISHED.fullmatch(path.name):
            shutil.rmtree(path, ignore_errors=True)
        elif is_arrays_name(path.name) and path.name != current and path.is_dir() and _remove(path):
            removed.append(path.name)
    return removed


def _remove(folder: Path) -> bool:
    """Remove a folder of arrays unless somebody reads it; return whether it was removed."""
    if os.name != "posix":
        return False
    handle = os.open(folder, os.O_RDONLY)
    try:
        if not _lock(handle, exclusive=True):
            return False
        texts = texts_beside(folder)
        shutil.rmtree(folder)
        if texts != folder:
            for name in (SENTENCES, LEXICON):
                (texts / name).unlink(missing_ok=True)
        return True
    finally:
        os.close(handle)


def _lock(handle: int, *, exclusive: bool) -> bool:
    """Lock an open folder; return whether it is locked now.

    An exclusive lock is not waited for. A shared one is: the only one that has an exclusive lock is about to remove the folder.
    """
    import fcntl  # not on Windows

    with contextlib.suppress(OSError):  # held by another, or a drive without locks
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB if exclusive else fcntl.LOCK_SH)
        return True
    return False
