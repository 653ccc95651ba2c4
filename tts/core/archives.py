"""Unpacking archives of other people: nothing outside the folder, no devices, no bombs, nothing half-unpacked."""

from __future__ import annotations

import bz2
import filecmp
import fnmatch
import gzip
import lzma
import os
import re
import secrets
import shutil
import stat
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Literal

from tts.core.archive_members import Budget, Limits, MemberWriter, member_fault
from tts.core.errors import Damaged, TtsError, UsageError
from tts.core.files import CHUNK, make_folder, not_written

Kind = Literal["tar", "zip", "plain"]

HEADER = 1 << 24  # bytes that a member's description may have at most; tarfile reads it into memory at once
TEMPORARY = ".unpacking-"  # and twelve hexadecimal digits: the folder that an archive is unpacked to before it is moved
_MAGIC: tuple[tuple[bytes, str], ...] = ((b"\x1f\x8b", "gz"), (b"BZh", "bz2"), (b"\xfd7zXZ\x00", "xz"), (b"PK\x03\x04", "zip"))
_BROKEN = (EOFError, tarfile.TarError, zipfile.BadZipFile, zlib.error, lzma.LZMAError, gzip.BadGzipFile)


@dataclass(frozen=True)
class Unpacked:
    """What was unpacked: number of files and links, their bytes, and the names of what now lies at the top of the folder."""

    files: int
    size: int
    top: tuple[str, ...]


def unpack(archive: Path, folder: Path, *, strip: str = "", nested: bool = False, limits: Limits | None = None) -> Unpacked:
    """Unpack a tar archive (plain, gz, bz2, xz) or zip into ``folder``; any other file is copied there as it is.

    Everything goes to a temporary folder first, which is moved into place when all of it is there. Folders that exist are
    added to, files that exist stay where they are the same. Where all members lie in one folder whose name matches ``strip``
    (``*`` any), it is left out, as are the resource forks that macOS adds. With ``nested``, each ``NAME.zip`` that then lies at
    the top becomes the folder ``NAME``; zips in those stay as they are.

    Raises :class:`Damaged` for an archive that is cut off, damaged, or hostile: members with absolute paths or paths to a
    parent, links out of the folder, devices, names that stand for something else on Windows, the same name twice, more than
    ``limits``, which hold for it and the archives within it together. Raises :class:`UsageError` where another file of the same
    name exists, :class:`NotWritten` where the disk is full. In each case nothing of it is left in ``folder``.
    """
    return _unpack(archive, folder, strip, nested, Budget(archive, limits or Limits()))


def _unpack(archive: Path, folder: Path, strip: str, nested: bool, budget: Budget) -> Unpacked:
    make_folder(folder)
    remove_left_over(folder)
    temporary = folder / f"{TEMPORARY}{secrets.token_hex(6)}"
    temporary.mkdir()
    try:
        writer = MemberWriter(archive, temporary, budget)
        with writer.progress:
            _UNPACK[kind_of(archive)](archive, writer)
        start = temporary
        if strip and (only := _only(temporary, strip)):
            start = temporary / only
            for link, aim in writer.links.items():
                if not aim.startswith(f"{only}/"):
                    raise writer.refuse(link, "is a link out of the folder that is left out")
        files, size = writer.files, writer.size
        for inner in sorted(start.glob("*.zip")) if nested else ():
            result = _unpack(inner, start / inner.stem, inner.stem, False, budget)
            files, size = files + result.files - 1, size + result.size - inner.stat().st_size
            inner.unlink()
        top = _place(start, folder, archive)
        if hasattr(os, "sync"):
            os.sync()  # before anybody writes down that all of it is there
    except OSError as error:
        raise not_written(folder, error) from None
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
    return Unpacked(files, size, top)


def remove_left_over(folder: Path) -> None:
    """Remove the temporary folders of unpackings that were killed; only where nobody else unpacks into ``folder``."""
    for path in folder.glob(f"{TEMPORARY}*"):
        shutil.rmtree(path, ignore_errors=True)


def kind_of(path: Path) -> Kind:
    """Return what kind of archive a file is by its content; raises :class:`Damaged` where its name says another thing."""
    with path.open("rb") as stream:
        head = stream.read(512)
    named = re.search(r"\.(tar|tgz|tbz2?|txz|zip|gz|bz2|xz)$", path.name, re.IGNORECASE)
    magic = next((name for start, name in _MAGIC if head.startswith(start)), "")
    if magic == "zip" or head.startswith(b"PK\x05\x06"):
        return "zip"
    if magic or head[257:262] == b"ustar" or (named and named[1].lower() == "tar" and len(head) == 512):
        return "tar"
    if named:
        start = head[:40].decode("utf-8", "replace").split("\n")[0]
        raise Damaged(f"{path}: is no archive, but begins with {start!r}; fetch it again, or by hand")
    return "plain"


class _Sequential:
    """A stream for tarfile that is read once from beginning to end, and bounded.

    tarfile goes back by one byte between members, for which gzip would start over, and reads a member's description at once
    into memory, however long it claims to be.
    """

    def __init__(self, stream: IO[bytes], archive: Path) -> None:
        self.stream, self.archive = stream, archive
        self.position = 0
        self.header = b""  # what was last read in the size of a member's header
        self._last = self._again = b""

    def read(self, size: int = -1) -> bytes:
        if size < 0 or size > HEADER:
            raise Damaged(f"{self.archive}: refused, since a description in it claims {size} bytes")
        data, self._again = self._again[:size], self._again[size:]
        data += self.stream.read(size - len(data))
        self.position += len(data)
        self._last = data[-1:] or self._last
        if size == tarfile.BLOCKSIZE:
            self.header = data
        return data

    def tell(self) -> int:
        return self.position

    def seek(self, offset: int) -> int:
        if offset == self.position - 1 and self._last:
            self._again, self.position = self._last + self._again, offset
        if offset < self.position:
            raise Damaged(f"{self.archive}: refused, since a member lies before the one that precedes it")
        while offset > self.position and self.read(min(CHUNK, offset - self.position)):
            pass
        return self.position

    def finish(self, packed: bool) -> None:
        """Read to the end, where the checksum of the compression is; raises :class:`Damaged` where it ended too early."""
        if any(self.header) or (not self.header and not packed):
            raise Damaged(f"{self.archive}: is cut off or damaged after {self.position} bytes; fetch it again")
        for _ in range(1024):
            if not self.stream.read(CHUNK):
                return
        raise Damaged(f"{self.archive}: refused, since a gigabyte of nothing follows its last member")


@contextmanager
def _decompressed(archive: Path) -> Iterator[tuple[IO[bytes], bool]]:
    """Yield the content of an archive as a stream, and whether it is compressed (with a checksum at its end)."""
    with archive.open("rb") as raw:
        magic = next((name for start, name in _MAGIC if raw.peek(8).startswith(start)), "")
        opener: dict[str, Callable[[IO[bytes]], Any]] = {"gz": gzip.open, "bz2": bz2.open, "xz": lzma.open}
        if magic in opener:
            with opener[magic](raw) as stream:
                yield stream, True
        else:
            yield raw, False


@contextmanager
def _readable(archive: Path) -> Iterator[None]:
    """Turn what the libraries say of a broken archive into one sentence."""
    try:
        yield
    except (*_BROKEN, NotImplementedError, RuntimeError, UnicodeError, ValueError, OverflowError) as error:
        raise Damaged(f"{archive}: is cut off, damaged or of a kind that is not known ({error}); fetch it again") from None


def _unpack_tar(archive: Path, writer: MemberWriter) -> None:
    if not hasattr(tarfile, "data_filter"):
        raise TtsError("this Python cannot unpack safely; Python 3.11.4 or later can")
    with _readable(archive), _decompressed(archive) as (stream, packed):
        sequential = _Sequential(stream, archive)
        with tarfile.open(fileobj=sequential, mode="r:") as tar:  # type: ignore[call-overload]
            for member in tar:
                tar.members.clear()  # tarfile keeps all that it has seen
                _unpack_tar_member(tar, member, writer)
        sequential.finish(packed)


def _unpack_tar_member(tar: tarfile.TarFile, member: tarfile.TarInfo, writer: MemberWriter) -> None:
    if fault := member_fault(member.name, writer.limits.depth):  # before the library's own check, to say it in our words
        raise writer.refuse(member.name, fault)
    if not (member.isfile() or member.isdir() or member.issym() or member.islnk()):
        raise writer.refuse(member.name, "is a device, a pipe, or of an unknown kind")
    try:
        tarfile.data_filter(member, str(writer.folder))
    except tarfile.FilterError as error:
        raise writer.refuse(member.name, f"is unsafe: {error}") from None
    if member.isdir():
        writer.make_folder(member.name)
    elif member.issym() or member.islnk():
        writer.link(member.name, member.linkname, hard=member.islnk())
    else:
        content = tar.extractfile(member)
        if content is None:
            raise writer.refuse(member.name, "has no content")
        writer.write(member.name, member.size, content)


def _unpack_zip(archive: Path, writer: MemberWriter) -> None:
    with _readable(archive), zipfile.ZipFile(archive) as packed:
        for member in packed.infolist():
            mode = member.external_attr >> 16 if member.create_system == 3 else 0
            if member.flag_bits & 1:
                raise writer.refuse(member.filename, "is encrypted")
            if member.is_dir():
                writer.make_folder(member.filename)
            elif stat.S_ISLNK(mode):
                if member.file_size > 4096:
                    raise writer.refuse(member.filename, "is a link that is too long")
                writer.link(member.filename, packed.read(member).decode("utf-8"), hard=False)
            elif stat.S_IFMT(mode) not in (0, stat.S_IFREG):
                raise writer.refuse(member.filename, "is a device, a pipe, or of an unknown kind")
            else:
                with packed.open(member) as content:
                    writer.write(member.filename, member.file_size, content)


def _copy_plain(archive: Path, writer: MemberWriter) -> None:
    with archive.open("rb") as stream:
        writer.write(archive.name, archive.stat().st_size, stream)


_UNPACK: dict[Kind, Callable[[Path, MemberWriter], None]] = {"tar": _unpack_tar, "zip": _unpack_zip, "plain": _copy_plain}


def _only(folder: Path, pattern: str) -> str:
    """Return the name of the folder that is all there is in ``folder`` where ``pattern`` matches it, else ""."""
    names = [path.name for path in folder.iterdir() if path.is_dir() and not path.is_symlink()]
    alone = len(names) == 1 and len(list(folder.iterdir())) == 1
    return names[0] if alone and fnmatch.fnmatchcase(names[0], pattern) else ""


def _place(source: Path, folder: Path, archive: Path) -> tuple[str, ...]:
    """Move what is in ``source`` into ``folder``; raises :class:`UsageError`, before anything moves, where another file is."""
    for path, target in _meeting(source, folder):
        if not _same(path, target):
            raise UsageError(
                f"{target}: exists and is not what {archive.name} holds; move it away, or choose another folder with --root"
            )
    top = tuple(sorted(path.name for path in source.iterdir()))
    _move(source, folder)
    return top


def _meeting(source: Path, folder: Path) -> Iterator[tuple[Path, Path]]:
    """Yield what is in both folders and is not a folder in both."""
    for path in source.iterdir():
        target = folder / path.name
        if not os.path.lexists(target):
            continue
        if path.is_dir() and target.is_dir() and not path.is_symlink() and not target.is_symlink():
            yield from _meeting(path, target)
        else:
            yield path, target


def _same(path: Path, target: Path) -> bool:
    if path.is_symlink() or target.is_symlink():
        return path.is_symlink() and target.is_symlink() and path.readlink() == target.readlink()
    return path.is_file() and target.is_file() and filecmp.cmp(path, target, shallow=False)


def _move(source: Path, folder: Path) -> None:
    for path in list(source.iterdir()):
        target = folder / path.name
        if not os.path.lexists(target):
            path.rename(target)
        elif path.is_dir() and not path.is_symlink():
            _move(path, target)
