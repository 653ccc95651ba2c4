"""What the members of an archive may be: their names, links and sizes, and the writer that holds them to it."""

from __future__ import annotations

import os
import posixpath
import re
import shutil
import unicodedata
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from tts.core.errors import Damaged, NotWritten
from tts.core.files import CHUNK, RESERVE
from tts.core.progress import Progress

_DEVICE = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\..*)?", re.IGNORECASE)
_RESOURCE_FORKS = ("__MACOSX", ".DS_Store")


@dataclass(frozen=True)
class Limits:
    """What an archive may hold at most: ``members``, ``depth`` of folders, and ``ratio`` times its own size unpacked.

    An archive may always hold ``floor`` bytes, whatever its size: text and silence are packed well. Speech is packed one to
    four, and no corpus has as many files or folders in folders; a bomb has.
    """

    members: int = 5_000_000
    depth: int = 24
    ratio: float = 50.0
    floor: int = 100_000_000


@dataclass
class Budget:
    """What an archive and those within it have taken together of what its ``limits`` allow; ``most`` is in bytes."""

    archive: Path
    limits: Limits
    members: int = 0
    size: int = 0
    most: int = field(init=False)

    def __post_init__(self) -> None:
        self.most = int(max(self.limits.floor, self.limits.ratio * self.archive.stat().st_size))

    def add_member(self) -> None:
        """Count a member; raises :class:`Damaged` where there are more than an honest archive has."""
        self.members += 1
        if self.members > self.limits.members:
            raise Damaged(f"{self.archive}: refused, since it has more than {self.limits.members} members")

    def add(self, size: int) -> None:
        """Count bytes that are to be written; raises :class:`Damaged` where they are more than an honest archive holds."""
        self.size += size
        if size < 0 or self.size > self.most:
            raise Damaged(
                f"{self.archive}: refused, since it unpacks to more than {self.most / 1e9:.1f} GB, "
                f"{self.size / max(1, self.archive.stat().st_size):.0f} times its size"
            )


def member_fault(name: str, depth: int = 24) -> str:
    """Say why a member of an archive may not be called ``name`` ("is an absolute path", ...); "" if it may."""
    if name.startswith("/") or re.match(r"[A-Za-z]:", name):
        return "is an absolute path"
    parts = [part for part in name.split("/") if part not in ("", ".")]
    if ".." in parts:
        return "leads to a parent folder"
    if len(parts) > depth or len(name.encode("utf-8", "surrogateescape")) > 2000:
        return "is a path too long or too deep"
    for part in parts:
        if any(unicodedata.category(character) in ("Cc", "Cs", "Zl", "Zp") for character in part):
            return "has a control character, or is no UTF-8"
        if "\\" in part or ":" in part:
            return r"has a \ or : in it, which means a folder or a hidden stream on Windows"
        if part[-1] in ". " or _DEVICE.fullmatch(part):
            return "has a name that means another file or a device on Windows"
        if len(part.encode("utf-8", "surrogateescape")) > 255:
            return "has a name of more than 255 bytes"
    return ""


class MemberWriter:
    """Writes members into a folder, and counts what they take."""

    def __init__(self, archive: Path, folder: Path, budget: Budget) -> None:
        self.archive, self.folder, self.budget = archive, folder, budget
        self.limits = budget.limits
        self.files = self.size = 0
        self.links: dict[str, str] = {}  # where they are and what they name, both within the folder
        self.progress = Progress(f"unpacking {archive.name}", 0, unit="MB")
        self._checked = 0
        self._made: set[Path] = set()

    def refuse(self, name: str, fault: str) -> Damaged:
        """Return the error for a member."""
        return Damaged(f"{self.archive}: refused, since its member {name[:200]!r} {fault}")

    def target(self, name: str) -> tuple[Path, str] | None:
        """Count a member; return where it goes and its plain name, or None for one that is left out."""
        self.budget.add_member()
        if fault := member_fault(name, self.limits.depth):
            raise self.refuse(name, fault)
        plain = posixpath.normpath(name)
        parts = plain.split("/")
        if plain == "." or any(part in _RESOURCE_FORKS or part.startswith("._") for part in parts):
            return None
        for number in range(1, len(parts)):
            if "/".join(parts[:number]) in self.links:
                raise self.refuse(name, "lies behind a link")
        return self.folder / plain, plain

    def count(self, size: int) -> None:
        """Add bytes that are to be written; raises :class:`Damaged` where they are more than an honest archive holds."""
        self.budget.add(size)
        self.size += size
        if self.size - self._checked > RESERVE // 4 or not self._checked:
            self._checked = self.size
            free = shutil.disk_usage(self.folder).free
            if size > free - RESERVE:
                raise NotWritten(
                    f"{self.folder.parent}: the disk has {free / 1e9:.2f} GB free, too little for {self.archive.name}"
                )
        self.progress.advance(self.size // 1_000_000 - self.progress.done)

    def make_folder(self, name: str) -> None:
        """Make a folder that the archive names."""
        if place := self.target(name):
            self._parent(place[0] / "x", name)

    def write(self, name: str, size: int, stream: IO[bytes]) -> None:
        """Write a file of ``size`` bytes from ``stream``; raises :class:`Damaged` where there are more or fewer."""
        self.count(size)
        if (place := self.target(name)) is None:
            return
        self._parent(place[0], name)
        self.files += 1
        left = size
        try:
            with place[0].open("xb") as out:
                while data := stream.read(min(CHUNK, left + 1)):
                    left -= len(data)
                    if left < 0:
                        break
                    out.write(data)
        except FileExistsError:
            raise self.refuse(name, "is there twice, or once more with other capitals") from None
        if left:
            raise self.refuse(name, "is longer or shorter than the archive says")

    def link(self, name: str, to: str, *, hard: bool) -> None:
        """Make a link within the folder; a hard link becomes a copy of the file that it names, which must be there.

        It is written as the shortest way from its place to its aim, so that it never goes through a folder above both: that
        one may be left out afterwards.
        """
        if (place := self.target(name)) is None:
            return
        path, plain = place
        aim = posixpath.normpath(to if hard else posixpath.join(posixpath.dirname(plain), to))
        down = [part == ".." for part in to.split("/") if part not in ("", ".")]
        # ".." after the name of a folder is refused, for the folder may be a link itself and its parent anywhere.
        if not to or re.search(r"^/|[\\:\0]", to) or down != sorted(down, reverse=True) or f"{aim}/".startswith("../"):
            raise self.refuse(name, f"is a link to {to[:200]!r}, out of the folder")
        self._parent(path, name)
        if os.path.lexists(path):
            raise self.refuse(name, "is there twice, or once more with other capitals")
        self.files += 1
        if hard:
            source = self.folder / aim
            if any(f"{aim}/".startswith(f"{link}/") for link in self.links) or not source.is_file():
                raise self.refuse(name, f"is a link to {to[:200]!r}, which is no file before it in the archive")
            self.count(source.stat().st_size)
            shutil.copyfile(source, path)
        else:
            self.links[plain] = aim
            path.symlink_to(posixpath.relpath(f"/{aim}", f"/{posixpath.dirname(plain)}"))

    def _parent(self, path: Path, name: str) -> None:
        if path.parent in self._made:
            return
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._made.add(path.parent)
        except (FileExistsError, NotADirectoryError):
            raise self.refuse(name, "lies in a folder that is a file") from None
