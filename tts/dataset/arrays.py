"""Folders of packed arrays: never changed once they are there, held by their readers, removed when nobody reads them.

A preparation writes its numbers into a new folder, named by what is in it, and then replaces ``prepared.json``, which names
that folder. So a reader sees one preparation or another, never a mixture, and a training that has begun goes on with the
numbers that it began with, whatever is prepared in the same place meanwhile. Each reader holds a shared lock on its folder;
the next preparation removes those that nobody holds.
"""

from __future__ import annotations

import os
import re
import shutil
import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tts.core.errors import FolderBusy
from tts.core.files import fingerprint
from tts.core.locks import FolderHold

PATIENCE = 60.0  # seconds that a reader waits for a folder that is about to be removed
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
    """A shared lock on a folder of arrays, for as long as this object lives."""

    def __init__(self, folder: Path) -> None:
        """Take the lock; :class:`FileNotFoundError` where the folder is not there, or is removed at this moment."""
        hold = FolderHold(folder, shared=True, patience=PATIENCE)
        weakref.finalize(self, hold.release)


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
    if os.name != "posix":  # elsewhere no file can be removed that is open, as the lock's is
        return False
    try:
        hold = FolderHold(folder)
    except (FolderBusy, FileNotFoundError):
        return False
    try:
        if not hold.locked:
            return False
        texts = texts_beside(folder)
        shutil.rmtree(folder, ignore_errors=True)  # a network drive keeps the lock's file until it is released
        if texts != folder:
            for name in (SENTENCES, LEXICON):
                (texts / name).unlink(missing_ok=True)
        return True
    finally:
        hold.release()
