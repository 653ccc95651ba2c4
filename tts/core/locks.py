"""Keeping a folder to the one process that writes in it, or to the many that only read it."""

from __future__ import annotations

import importlib
import logging
import os
import random
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Protocol

from tts.core.errors import FolderBusy, Missing, UsageError
from tts.core.files import make_folder

log = logging.getLogger(__name__)

LOCK_FILE = ".tts-lock"
POLL = 0.2  # seconds between tries
BYTES = 256  # of a lock file on Windows: a reader locks one of them, a writer all
# There, locks on a folder are the machine's own, if there are any; locks on a file are everybody's.
NETWORK = ("nfs", "nfs4", "cifs", "smb2", "smb3", "smbfs", "afpfs", "webdav", "9p", "ceph", "lustre", "gpfs", "afs", "virtiofs")

_writing: set[tuple[int, int]] = set()  # folders that this process holds for writing, as device and inode


@contextmanager
def held(folder: Path, *, shared: bool = False, patience: float = 0.0) -> Iterator[None]:
    """Keep ``folder`` to this process meanwhile; where another works in it, raise :class:`FolderBusy`.

    It is made where it is missing. With ``shared``, any number of processes may hold it so, all to read, and none to write;
    then it must exist (else :class:`Missing`). Within a block that holds a folder for writing, the same process may hold it to
    read as well. ``patience`` is for how many seconds to wait first: what an interrupted command started may take a moment to
    end.

    The lock is the system's and ends with the process, whatever ends it. On a local drive it lies on the folder itself and
    leaves nothing behind; on Windows and network drives it lies on a file in the folder, which is removed at the end. Where
    neither can be locked, a warning says so.
    """
    if folder.exists() and not folder.is_dir():
        raise UsageError(f"{folder}: is a file; name a folder")
    if shared and not folder.is_dir():
        raise Missing(f"{folder}: there is no such folder")
    make_folder(folder)
    hold = FolderHold(folder, shared=shared, patience=patience)
    try:
        yield
    finally:
        hold.release()


class FolderHold:
    """What :func:`held` has of a folder that exists, for readers that are no block of code. It ends with :meth:`release`.

    Raises :class:`FolderBusy`, and :class:`FileNotFoundError` for a folder that is not there or that another process removes
    at this moment.
    """

    def __init__(self, folder: Path, *, shared: bool = False, patience: float = 0.0) -> None:
        status = folder.stat()
        self._identity = None if shared else (status.st_dev, status.st_ino)
        self._lock: _Lock | None = None
        if shared and (status.st_dev, status.st_ino) in _writing:
            return
        self._lock = _acquired(folder, shared, time.monotonic() + patience)
        if self._identity:
            _writing.add(self._identity)

    @property
    def locked(self) -> bool:
        """Whether others can see it: not where there are no locks, nor within this process's own hold for writing."""
        return self._lock is not None

    def release(self) -> None:
        """Let the folder go; a second time does nothing."""
        if self._identity:
            _writing.discard(self._identity)
        if self._lock is not None:
            self._lock.release()
        self._identity = self._lock = None


class _Lock(Protocol):
    def acquire(self) -> bool: ...

    def release(self) -> None: ...


def _acquired(folder: Path, shared: bool, until: float) -> _Lock | None:
    """Return the lock that was got; None where there can be none; raises :class:`FolderBusy` where another has it."""
    why: Exception | None = None
    for kind in _kinds(folder):
        lock = kind(folder, shared)
        try:
            while not lock.acquire():
                if time.monotonic() >= until:
                    raise FolderBusy(f"{folder}: another process is at work in it; wait until it has ended")
                time.sleep(POLL)
        except FileNotFoundError:
            raise
        except OSError as error:
            why = error
        else:
            return lock
    log.warning("%s: cannot be locked (%s), so let no other command work in it meanwhile", folder, why)
    return None


def _kinds(folder: Path) -> tuple[Callable[[Path, bool], _Lock], ...]:
    return (_OnFile,) if _module("fcntl") is None or _on_network(folder) else (_OnFolder, _OnFile)


def _on_network(folder: Path) -> bool:
    import psutil

    place = folder.resolve()
    kinds = {Path(part.mountpoint): part.fstype for part in psutil.disk_partitions(all=True)}
    kind = next((kinds[path] for path in (place, *place.parents) if path in kinds), "")
    return kind.lower() in NETWORK or (kind.startswith("fuse.") and kind != "fuse.portal")


class _OnFolder:
    """The system's lock on the folder itself."""

    def __init__(self, folder: Path, shared: bool) -> None:
        self.folder, self.shared = folder, shared
        self._handle = -1

    def acquire(self) -> bool:
        """Try once; False where another has it, :class:`OSError` where the folder cannot be locked."""
        self._handle = _kept(os.open(self.folder, os.O_RDONLY), self.shared)
        if self._handle < 0:
            return False
        try:
            same = os.path.samestat(os.fstat(self._handle), self.folder.stat())
        except FileNotFoundError:
            same = False
        if not same:
            os.close(self._handle)
            raise FileNotFoundError(f"{self.folder} was removed")
        return True

    def release(self) -> None:
        """End the lock."""
        os.close(self._handle)


class _OnFile:
    """The system's lock on a file in the folder, which is removed by the last who has it."""

    def __init__(self, folder: Path, shared: bool) -> None:
        self.path, self.shared = folder / LOCK_FILE, shared
        self._handle = -1

    def acquire(self) -> bool:
        """Try once; False where another has it, :class:`OSError` where the file cannot be made or locked."""
        while True:
            self._handle = _kept(self._open(), self.shared)
            if self._handle < 0:
                return False
            with suppress(FileNotFoundError):
                if os.path.samestat(os.fstat(self._handle), self.path.stat()):
                    return True
            os.close(self._handle)  # of a file that the last to have it removed before it was locked here

    def _open(self) -> int:
        try:
            return os.open(self.path, os.O_RDWR | os.O_CREAT, 0o666)
        except PermissionError:  # a reader of another's folder, in which he may not write
            if not self.shared:
                raise
            return os.open(self.path, os.O_RDONLY)

    def release(self) -> None:
        """End the lock, and remove the file unless another has it."""
        if _module("fcntl") is None:
            os.close(self._handle)
            with suppress(OSError):  # Windows refuses while another has it open
                self.path.unlink()
            return
        with suppress(OSError):
            if not self.shared or _try_lock(self._handle, shared=False):
                self.path.unlink(missing_ok=True)
        os.close(self._handle)


def _kept(handle: int, shared: bool) -> int:
    """Lock an open file and return its handle; where that fails close it, and return -1 where another has it."""
    got = False
    try:
        got = _try_lock(handle, shared)
    finally:
        if not got:
            os.close(handle)
    return handle if got else -1


def _try_lock(handle: int, shared: bool) -> bool:
    """Lock an open file or folder at once; False where another has it, :class:`OSError` where there are no locks."""
    fcntl = _module("fcntl")
    if fcntl is None:
        return _try_bytes(handle, shared)
    try:
        fcntl.flock(handle, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _try_bytes(handle: int, shared: bool) -> bool:
    """Lock as :func:`_try_lock` on Windows, whose locks exclude all others but may lie on bytes that a file does not have."""
    msvcrt = _module("msvcrt")
    starts = random.sample(range(BYTES), BYTES) if shared else [0]
    for start in starts:
        os.lseek(handle, start, os.SEEK_SET)
        with suppress(PermissionError):
            msvcrt.locking(handle, msvcrt.LK_NBLCK, 1 if shared else BYTES)
            return True
    return False


def _module(name: str) -> Any:
    try:
        return importlib.import_module(name)
    except ImportError:
        return None
