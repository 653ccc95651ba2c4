"""The file that a command over a cluster leaves in its folder for results, so that workers can show that they see it."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

from tts.core.files import left_behind, lock, write_text

PREFIX = ".tts-cluster-"


class Token:
    """A file of ``folder`` with the text ``secret``, made at once and locked until :meth:`remove`.

    Those that killed commands left there are removed. Raises :class:`tts.core.errors.NotWritten` where it cannot be made.
    """

    def __init__(self, folder: Path, secret: str) -> None:
        for other in folder.glob(f"{PREFIX}*"):
            with suppress(OSError):  # another command may remove it as well
                if left_behind(other):
                    other.unlink()
        self.name = f"{PREFIX}{secret[:12]}"
        self._path = (folder / self.name).absolute()
        write_text(self._path, secret)
        self._handle = os.open(self._path, os.O_RDWR)
        lock(self._handle)

    def remove(self) -> None:
        """Remove it."""
        os.close(self._handle)
        self._path.unlink(missing_ok=True)
