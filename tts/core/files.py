"""Writing files so that an interruption at any moment, a power cut too, leaves the old file or the new one, never half."""

from __future__ import annotations

import errno
import hashlib
import json
import math
import os
import re
import secrets
import shutil
import stat
import sys
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from tts.core.errors import Damaged, Missing, NotWritten, TtsError
from tts.core.json_text import json_pieces, not_finite

CHUNK = 1 << 18  # bytes read at once from a download or an archive
RESERVE = 200_000_000  # bytes of a disk that are never filled
_TEMPORARY = re.compile(r"\..*\.tmp-(\d+)-[0-9a-f]{12}(\.[^.]*)?")
_STALE = 86_400.0  # seconds after which a temporary counts as left behind where the system cannot say who writes it
_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
_swept: set[Path] = set()


def make_folder(folder: Path) -> None:
    """Make a folder and those above it, unless they are there; :class:`NotWritten`, naming ``folder``, where that cannot be."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        why = "a file has its name" if isinstance(error, FileExistsError) else error.strerror or str(error)
        raise NotWritten(f"{folder}: this folder cannot be made ({why}); name one in a place where you may write") from None


@contextmanager
def replacing(path: Path, *, lasting: bool = True) -> Iterator[Path]:
    """Yield a temporary path beside ``path``; on success it is moved over ``path``, on failure it is removed.

    The temporary name keeps the suffix, so that libraries that choose a format by suffix write the right one. File and folder
    reach the disk before this returns, unless ``lasting`` is false: some milliseconds a file less, for results that are made
    again where a power cut spoiled them, or that :func:`flush` follows. What processes that were killed left beside ``path``
    is removed. Raises :class:`NotWritten`, naming ``path``, where the disk is full or nothing may be written there.
    """
    make_folder(path.parent)
    _sweep(path.parent)
    # Not tempfile.mkstemp, whose private files would need the umask, which cannot be read without changing it for a moment.
    stem = path.stem.encode()[:80].decode(errors="ignore")
    temporary = path.with_name(f".{stem}.tmp-{os.getpid()}-{secrets.token_hex(6)}{path.suffix}")
    handle: int | None = None
    try:
        handle = os.open(temporary, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o666)
        mode = stat.S_IMODE(os.fstat(handle).st_mode)
        if not lock(handle):  # a system without such locks (Windows) cannot move a file that is open
            os.close(handle)
            handle = None
        yield temporary
        if os.name == "posix" and stat.S_IMODE(temporary.stat().st_mode) != mode:
            temporary.chmod(mode)  # a library that put a private file in its place (safetensors does)
        if lasting:
            _to_disk(temporary)
        temporary.replace(path)
        if lasting and os.name == "posix":
            _to_disk(path.parent)
    except Exception as error:
        if _concerns(error, temporary):
            raise not_written(path, error) from None
        raise
    finally:
        if handle is not None:
            os.close(handle)
        temporary.unlink(missing_ok=True)


def flush() -> None:
    """Bring all that was written to the disk: once for many files that were written with ``lasting=False``."""
    if hasattr(os, "sync"):
        os.sync()


def not_written(path: Path, error: Exception) -> NotWritten:
    """Return the error that says why ``path`` could not be written; of a full disk, how much is free on it."""
    why = (error.strerror if isinstance(error, OSError) else None) or str(error)
    disk_is_full = not isinstance(error, OSError) or error.errno in _FULL
    free = f"; {shutil.disk_usage(path.parent).free / 1e6:.1f} MB are free on its disk" if disk_is_full else ""
    return NotWritten(f"{path}: cannot be written ({why}){free}")


def _concerns(error: Exception, temporary: Path) -> bool:
    """Return whether an error is about the writing of a file, not about what its content is made from."""
    if isinstance(error, OSError):
        return error.filename == str(temporary) or (error.filename is None and error.errno in (*_FULL, errno.EIO, errno.EROFS))
    # Libraries that write by themselves have their own classes for it; those that are not loaded have not written.
    names = (("safetensors", "SafetensorError"), ("soundfile", "LibsndfileError"))
    kinds = tuple(getattr(sys.modules[module], name) for module, name in names if module in sys.modules)
    return isinstance(error, kinds)


def _to_disk(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY if path.is_dir() else os.O_RDWR)
    try:
        os.fsync(handle)
    except OSError as error:
        if error.errno != errno.EINVAL:  # some file systems cannot do it for folders
            raise
    finally:
        os.close(handle)


def lock(handle: int) -> bool:
    """Lock a file against :func:`left_behind`; False where another has it, or the system or the drive has no such locks."""
    try:
        import fcntl

        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except (ImportError, OSError):
        return False
    return True


def _sweep(folder: Path) -> None:
    """Remove, once a process, the temporaries in ``folder`` whose writers are gone.

    A writer is gone when no process here has the number in the name (of a container or another machine it may be any) and
    nobody locks the file, or where there are no such locks, when nobody has touched it for a day.
    """
    if folder in _swept:
        return
    _swept.add(folder)
    paths: list[Path] = []
    with suppress(OSError):  # a folder that may be written, not read
        paths = list(folder.iterdir())
    for path in paths:
        match = _TEMPORARY.fullmatch(path.name)
        if match is None:
            continue
        import psutil  # here, because there are few

        if psutil.pid_exists(int(match[1])):
            continue
        with suppress(OSError):  # another process may sweep as well
            if left_behind(path):
                path.unlink()


def left_behind(path: Path) -> bool:
    """Return whether nobody locks a file (:func:`lock`), or where there are no locks, nobody has touched it for a day."""
    handle = os.open(path, os.O_RDWR)
    try:
        return lock(handle) or time.time() - path.stat().st_mtime > _STALE
    finally:
        os.close(handle)


def write_text(path: Path, text: str, *, lasting: bool = True) -> None:
    r"""Write ``text`` as UTF-8 with ``\n`` line ends, atomically; ``lasting`` is that of :func:`replacing`."""
    with replacing(path, lasting=lasting) as temporary:
        temporary.write_text(text, encoding="utf-8", newline="\n")


def append_text(path: Path, text: str) -> None:
    r"""Add ``text`` as UTF-8 with ``\n`` line ends to a file that is there, on the disk before this returns.

    An interruption may leave a part of it: the reader must know how much counts. Raises :class:`NotWritten`, naming ``path``,
    where it cannot be written.
    """
    try:
        with path.open("a", encoding="utf-8", newline="\n") as stream:
            stream.write(text)
            stream.flush()
            os.fsync(stream.fileno())
    except OSError as error:
        raise not_written(path, error) from None


def write_json(path: Path, value: Any) -> None:
    """Write ``value`` as indented JSON (UTF-8, lists of numbers packed into lines), atomically.

    Raises :class:`TtsError` naming file and key where a number is NaN or infinite, which JSON does not have.
    """
    place = not_finite(value)
    if place is not None:
        raise TtsError(f"{path}: not written, since {place[0]} is {place[1]}, which is no number that JSON can hold")
    with replacing(path) as temporary, temporary.open("w", encoding="utf-8", newline="\n") as stream:
        stream.writelines(json_pieces(value))
        stream.write("\n")


def read_json(path: Path) -> Any:
    """Read a JSON file; raises :class:`Missing` or, with the place of the fault, :class:`Damaged`."""
    odd: list[str] = []

    def number(text: str) -> float:
        value = float(text)
        if not math.isfinite(value):
            odd.append(text)
        return value

    try:
        value = json.loads(path.read_text(encoding="utf-8"), parse_constant=number, parse_float=number)
    except FileNotFoundError:
        raise Missing(f"{path}: this file is missing") from None
    except (ValueError, RecursionError) as error:  # also of bytes that are no UTF-8 and of numbers of thousands of digits
        raise Damaged(f"{path}: not valid JSON ({error}); the file is damaged or not one of ours") from None
    if odd:
        place = not_finite(value)
        key = place[0] if place else "a key that is given twice"
        raise Damaged(f"{path}: not valid JSON ({key} is {odd[0]}); the file is damaged or not one of ours")
    return value


class Listed:
    """Values that a :func:`fingerprint` takes one by one, as it would take a list of them, without holding them all."""

    def __init__(self, values: Iterable[Any]) -> None:
        self.values = values


def fingerprint(*parts: Any) -> str:
    """Return a 16-digit hexadecimal digest of parts that are JSON-able or :class:`Listed`: the name of a cached result."""
    digest = hashlib.sha256()
    _add_list(digest, parts)
    return digest.hexdigest()[:16]


def _add_list(digest: hashlib._Hash, values: Iterable[Any]) -> None:
    """Add the JSON text of a list to a digest."""
    digest.update(b"[")
    for number, value in enumerate(values):
        digest.update(b", " if number else b"")
        if isinstance(value, Listed):
            _add_list(digest, value.values)
        else:
            digest.update(json.dumps(value, sort_keys=True, ensure_ascii=True, default=str).encode())
    digest.update(b"]")


def file_digest(path: Path) -> str:
    """Return the sha256 of a file's content in hexadecimal."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
