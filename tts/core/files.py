"""Writing files so that an interruption at any moment leaves either the old file or the new one, never half of one."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tts.core.errors import TtsError, UsageError


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Yield a temporary path beside ``path``; on success it is moved over ``path``, on failure it is removed.

    The temporary name keeps the suffix, so that libraries that choose a format by suffix write the right one. What safetensors
    and libsndfile say of a full disk is no :class:`OSError`; it becomes a :class:`TtsError` that names the file.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(prefix=f".{path.stem[:80]}.", suffix=path.suffix, dir=path.parent)
    os.close(handle)
    temporary = Path(name)
    try:
        yield temporary
        umask = os.umask(0)
        os.umask(umask)
        temporary.chmod(0o666 & ~umask)  # mkstemp makes private files; what we leave behind should not be
        temporary.replace(path)
    except Exception as error:
        if type(error).__name__ not in ("SafetensorError", "LibsndfileError"):
            raise
        free = shutil.disk_usage(path.parent).free / 1e6
        raise TtsError(f"{path}: cannot be written ({error}); {free:.1f} MB are free on its disk") from None
    finally:
        temporary.unlink(missing_ok=True)


@contextmanager
def held(folder: Path, patience: float = 0.0) -> Iterator[None]:
    """Make ``folder`` and keep it to this process meanwhile; where another works in it, raise :class:`TtsError`.

    ``patience`` is for how many seconds to wait first: what an interrupted command started may take a moment to end.

    The lock is the system's and leaves nothing behind, whatever ends the process. Where there is none (Windows, some network
    drives) nothing is kept.
    """
    if folder.exists() and not folder.is_dir():
        raise UsageError(f"{folder}: is a file; name a folder")
    folder.mkdir(parents=True, exist_ok=True)
    try:
        import fcntl
    except ImportError:
        yield
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        until = time.monotonic() + patience
        while True:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() >= until:
                    raise TtsError(f"{folder}: another process is at work in it; wait until it has ended") from None
                time.sleep(0.2)
            except OSError:
                break
        yield
    finally:
        os.close(handle)


def write_text(path: Path, text: str) -> None:
    r"""Write ``text`` as UTF-8 with ``\n`` line ends, atomically."""
    with replacing(path) as temporary:
        temporary.write_text(text, encoding="utf-8", newline="\n")


def write_json(path: Path, value: Any) -> None:
    """Write ``value`` as indented JSON (UTF-8, no NaN), atomically."""
    write_text(path, json.dumps(value, ensure_ascii=False, indent=2, allow_nan=False) + "\n")


def read_json(path: Path) -> Any:
    """Read a JSON file; a missing or broken one raises :class:`TtsError` with the place of the fault."""
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise TtsError(f"{path}: this file is missing") from None
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        raise TtsError(f"{path}: not valid JSON ({error}); the file is damaged or not one of ours") from None


def fingerprint(*parts: Any) -> str:
    """Return a 16-digit hexadecimal digest of JSON-able ``parts``: the name of a cached result."""
    text = json.dumps(parts, sort_keys=True, ensure_ascii=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def file_digest(path: Path) -> str:
    """Return the sha256 of a file's content in hexadecimal."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
