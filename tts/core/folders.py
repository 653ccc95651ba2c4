"""Folders that commands leave their results in: theirs, new, or refused."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

from tts.core.errors import UsageError


def require_own_folder(folder: Path, command: str, *, mark: Path | None = None, may_hold: Collection[str] = ()) -> None:
    """Raise :class:`UsageError` unless ``folder`` is new, empty, or was made by ``command``.

    It is the command's where the file ``mark`` is in it. Without, it may hold what is named in ``may_hold``, and hidden files.
    """
    if folder.exists() and not folder.is_dir():
        raise UsageError(f"{folder}: is a file; --out names a folder")
    if not folder.is_dir() or (mark is not None and mark.is_file()):
        return
    others = sorted(path.name for path in folder.iterdir() if path.name not in may_hold and not path.name.startswith("."))
    if others:
        raise UsageError(f"{folder}: exists and was not made by {command} (it holds {others[0]}); choose another --out")
