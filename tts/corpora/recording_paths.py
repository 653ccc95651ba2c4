"""Which file a list of utterances means by a path: always one in the corpus's folder, or in the folder that a person named."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator
from pathlib import Path, PurePosixPath

from tts.core.errors import UsageError
from tts.corpora.recordings import Recordings

USUAL_FOLDERS = ("wavs", "wav", "audio", "clips")
_DRIVE = re.compile(r"[A-Za-z]:/")


def _spelt(name: str) -> str:
    """Return a path of a list in one spelling."""
    return os.path.normpath(name.strip().replace("\\", "/").removeprefix("file://"))


class RecordingPaths:
    """Finds recordings by the paths and names in a list.

    ``audio`` is a recipe's ``corpus.audio``: the folder of the recordings, relative to ``root`` or absolute. Paths in lists are
    meant from the list's own folder, from the folder where a program ran, or from the root of another machine: so those that
    do not exist are tried by their last parts, in the folder of the recordings and in the corpus's; not so a path into a folder
    of the corpus, of which nothing but the file can be missing, nor where last parts lead to several recordings. Nothing
    outside these two is ever returned: a list that somebody else wrote must not make a voice of any file of this machine.

    Last parts may be those of several recordings: :meth:`clashes` tells where two paths of a list came to one file so.
    """

    def __init__(self, root: Path, audio: str | None = None) -> None:
        if audio is not None and not (root / audio).is_dir():
            raise UsageError(f"corpus.audio: there is no folder {root / audio}; name the folder of the recordings")
        usual = [root / name for name in USUAL_FOLDERS if (root / name).is_dir()]
        self.folders = [Recordings(folder) for folder in ([root / audio] if audio is not None else [*usual, root])]
        if audio is not None:
            self.folders.append(Recordings(root))
        self.root = root
        self.moved: set[str] = set()  # paths of lists whose recordings were found by their last parts
        self._prefixes = [(self._plain(base.absolute()), base) for base in (root, *([root / audio] if audio else []))]
        self._prefixes += [(self._plain(base.resolve()), base) for _, base in self._prefixes]

    def find(self, name: str) -> tuple[Path | None, tuple[str, str] | None]:
        """Return the recording that ``name`` means, or None with a reason code and what is wrong."""
        text = name.strip().replace("\\", "/").removeprefix("file://")
        absolute = text.startswith("/") or bool(_DRIVE.match(text))
        within = False  # a folder of the corpus
        parts = PurePosixPath(os.path.normpath(text)).parts
        if absolute:
            for prefix, base in self._prefixes:
                if (inside := self._below(prefix, text)) is not None:
                    within = True
                    if (path := Recordings(base).find(inside) or self._first(inside)) is not None:
                        return path, None
        elif text and ".." not in parts:
            if (path := self._first("/".join(parts))) is not None:
                return path, None
            within = len(parts) > 1 and any((folder / parts[0]).is_dir() for folder in self._places())
        tail = [part for part in parts if part not in ("/", "..") and not part.endswith(":")]
        for start in range(0 if absolute or ".." in parts else 1, 0 if within else len(tail)):
            if len(places := self._everywhere("/".join(tail[start:]))) > 1:
                both = " and ".join(map(str, places[:2]))
                message = f"there is no recording {name[:200]!r}, and the last parts of its path lead to both {both}"
                return None, ("ambiguous", f"{message}; write paths that begin in the corpus's folder")
            if places:
                self.moved.add(name)
                return places[0], None
        if (absolute and Path(text).is_file()) or ".." in parts:
            outside = "lies outside the corpus's folder; name the folder of the recordings with corpus.audio"
            return None, ("outside", f"{name[:200]!r} {outside}")
        where = " or ".join(str(folder.folder) for folder in self.folders)
        return None, ("missing_audio", f"there is no recording {name[:200]!r} in {where}")

    def clashes(self, named: Iterable[tuple[str, str]]) -> dict[str, tuple[str, str]]:
        """Return reason code and message for each path of a list whose last parts lead to the file of another of its paths.

        ``named`` are the paths of a list, each with its place; one that is there more than once means parts of a recording.
        """
        place_of: dict[str, str] = {}
        for name, place in named:
            place_of.setdefault(name, place)
        names: dict[Path, list[str]] = {}
        for name in place_of:
            if (path := self.find(name)[0]) is not None:
                names.setdefault(path, []).append(name)
        faults = {}
        for path, same in names.items():
            for name in same if len({*map(_spelt, same)}) > 1 else ():
                if name in self.moved:
                    other = next(twin for twin in same if _spelt(twin) != _spelt(name))
                    message = f"there is no recording {name[:200]!r}, and the last parts of its path lead to {path} as do those"
                    faults[name] = "missing_audio", f"{message} of {other[:200]!r} ({place_of[other]})"
        return faults

    def _places(self) -> Iterator[Path]:
        """Yield the folders within which a relative path may begin, and those above them where it begins with their name."""
        yield self.root
        for folder in self.folders:
            yield folder.folder

    def _first(self, name: str) -> Path | None:
        return next((path for folder in self.folders if (path := folder.find(name)) is not None), None)

    def _everywhere(self, name: str) -> list[Path]:
        """Return the recordings of a name in all the folders where it may be, each once."""
        found = (folder.find(name) for folder in self.folders)
        return list({path.resolve(): path for path in found if path is not None}.values())

    @staticmethod
    def _plain(path: Path) -> str:
        return path.as_posix().rstrip("/") + "/"

    @staticmethod
    def _below(prefix: str, text: str) -> str | None:
        plain = os.path.normpath(text).replace(os.sep, "/")
        return plain[len(prefix) :] if plain.startswith(prefix) and len(plain) > len(prefix) else None
