"""Which file a list of utterances means by a path: always one in the corpus's folder, or in the folder that a person named."""

from __future__ import annotations

import os
import re
from pathlib import Path, PurePosixPath

from tts.core.errors import UsageError
from tts.corpora.recordings import Recordings

USUAL_FOLDERS = ("wavs", "wav", "audio", "clips")
_DRIVE = re.compile(r"[A-Za-z]:/")


class RecordingPaths:
    """Finds recordings by the paths and names in a list.

    ``audio`` is a recipe's ``corpus.audio``: the folder of the recordings, relative to ``root`` or absolute. Paths in lists are
    meant from the list's own folder, from the folder where a program ran, or from the root of another machine: so those that
    do not exist are tried by their last parts, in the folder of the recordings and in the corpus's. Nothing outside these two
    is ever returned: a list that somebody else wrote must not make a voice of any file of this machine.
    """

    def __init__(self, root: Path, audio: str | None = None) -> None:
        if audio is not None and not (root / audio).is_dir():
            raise UsageError(f"corpus.audio: there is no folder {root / audio}; name the folder of the recordings")
        usual = [root / name for name in USUAL_FOLDERS if (root / name).is_dir()]
        self.folders = [Recordings(folder) for folder in ([root / audio] if audio is not None else [*usual, root])]
        if audio is not None:
            self.folders.append(Recordings(root))
        self.moved = 0  # recordings that were found by the last parts of their path
        self._prefixes = [(self._plain(base.absolute()), base) for base in (root, *([root / audio] if audio else []))]
        self._prefixes += [(self._plain(base.resolve()), base) for _, base in self._prefixes]

    def find(self, name: str) -> tuple[Path | None, tuple[str, str] | None]:
        """Return the recording that ``name`` means, or None with a reason code and what is wrong."""
        text = name.strip().replace("\\", "/").removeprefix("file://")
        absolute = text.startswith("/") or bool(_DRIVE.match(text))
        parts = PurePosixPath(os.path.normpath(text)).parts
        if absolute:
            for prefix, base in self._prefixes:
                inside = self._below(prefix, text)
                if inside is not None and (path := Recordings(base).find(inside)) is not None:
                    return path, None
        elif text and ".." not in parts and (path := self._first("/".join(parts))) is not None:
            return path, None
        tail = [part for part in parts if part not in ("/", "..") and not part.endswith(":")]
        for start in range(0 if absolute or ".." in parts else 1, len(tail)):
            if (path := self._first("/".join(tail[start:]))) is not None:
                self.moved += 1
                return path, None
        if (absolute and Path(text).is_file()) or ".." in parts:
            outside = "lies outside the corpus's folder; name the folder of the recordings with corpus.audio"
            return None, ("outside", f"{name[:200]!r} {outside}")
        where = " or ".join(str(folder.folder) for folder in self.folders)
        return None, ("missing_audio", f"there is no recording {name[:200]!r} in {where}")

    def _first(self, name: str) -> Path | None:
        return next((path for folder in self.folders if (path := folder.find(name)) is not None), None)

    @staticmethod
    def _plain(path: Path) -> str:
        return path.as_posix().rstrip("/") + "/"

    @staticmethod
    def _below(prefix: str, text: str) -> str | None:
        plain = os.path.normpath(text).replace(os.sep, "/")
        return plain[len(prefix) :] if plain.startswith(prefix) and len(plain) > len(prefix) else None
