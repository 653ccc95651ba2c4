"""Object stores and what else lies beyond a network, by address (``s3://bucket/folder``), through fsspec: the one place.

An address is a protocol, ``://`` and a path. What it is of is opened by fsspec and the package that fsspec names for the
protocol, neither of which is imported before an address is used. Credentials are found where those packages look for them
(``AWS_PROFILE``, ``GOOGLE_APPLICATION_CREDENTIALS``, a configuration file): they have no place in an address, which is printed
and stored. A part after a question mark, such as the signature of a signed link, is used and never shown.

Copies of whole folders: :mod:`tts.core.copies`. Folders that results go to: :mod:`tts.core.deposit`.
"""

from __future__ import annotations

import contextlib
import logging
import re
import secrets
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from pathlib import Path, PurePosixPath
from typing import Any, TypeVar
from urllib.parse import quote, unquote

from tts.core.errors import Missing, NotWritten, TtsError, UsageError
from tts.core.names import name_fault

log = logging.getLogger(__name__)

T = TypeVar("T")

# Two letters at least: one is a drive of Windows. A path that went through pathlib has one slash left.
_ADDRESS = re.compile(r"([A-Za-z][A-Za-z0-9+.-]+)://")
_COLLAPSED = re.compile(r"([A-Za-z][A-Za-z0-9+.-]+):/+")
_BEGINNING = re.compile(r"\b([A-Za-z][A-Za-z0-9+.-]+)://")
_PORT = re.compile(r"(?:[^/@:?]*@)?(?:[^/@:?]*|\[[0-9A-Fa-f:.]+\]):\d{1,5}[/?]")  # of a host, after a user perhaps
_QUERY = re.compile(r"(\b[A-Za-z][A-Za-z0-9+.-]+://[^\s?'\"]*)\?[^\s'\")]*")
KNOWN = frozenset(
    (
        *("abfs", "abfss", "adl", "az", "b2", "dbfs", "dropbox", "file", "ftp", "gcs", "gdrive", "gs", "hdfs", "hf", "http"),
        *("https", "memory", "oci", "oss", "r2", "s3", "s3a", "sftp", "smb", "ssh", "webdav", "webhdfs"),
    )
)
# Where an object appears whole, at the end of its writing; elsewhere it is written beside its place and moved.
_WHOLE = ("abfs", "abfss", "az", "gcs", "gs", "oss", "s3", "s3a")
# Where a name before an @ is meant: a user, who gives a password elsewhere, a container or the revision of a repository.
_NAMED = ("abfs", "abfss", "adl", "az", "ftp", "hdfs", "hf", "sftp", "smb", "ssh", "webhdfs")
# What stands after the :// is a bucket, which has no port: digits after a colon are of a password.
_BUCKETS = ("abfs", "abfss", "az", "b2", "gcs", "gs", "oci", "oss", "r2", "s3", "s3a")
_PACKAGES = {
    **dict.fromkeys(("s3", "s3a"), "s3fs"),
    **dict.fromkeys(("gcs", "gs"), "gcsfs"),
    **dict.fromkeys(("abfs", "abfss", "adl", "az"), "adlfs"),
    **dict.fromkeys(("http", "https"), "aiohttp"),
    **dict.fromkeys(("sftp", "ssh"), "paramiko"),
    "hf": "huggingface_hub",
    "oss": "ossfs",
    "smb": "smbprotocol",
}
_PATIENCE = (0.5, 2.0)  # seconds before another try of what a connection broke
_DENIED = ("PermissionError", "NoCredentialsError", "PartialCredentialsError", "CredentialRetrievalError", "AccessDenied")
TAKEN_BY = (
    "addresses are taken by --corpus-root of tts prepare, by texts, --out and --output of tts speak, by --out of tts export "
    "voice, and wherever a voice is named"
)


def is_address(text: str) -> bool:
    """Return whether ``text`` is an address, not a path or a name."""
    return _ADDRESS.match(text) is not None


def without_credentials(text: str) -> str:
    """Return a text without what addresses in it tell only their store: passwords, tokens, all after a question mark."""
    parts, end = [], 0
    for match, following in pairwise([*_BEGINNING.finditer(text), None]):
        assert match is not None
        rest = text[match.end() : following.start() if following else None]
        parts.append(text[end : match.end()])
        end = match.end() + _secret(match[1], re.split(r"\s", rest, maxsplit=1)[0])
    return _QUERY.sub(r"\1", "".join([*parts, text[end:]]))


def _secret(protocol: str, rest: str) -> int:
    """Return how many characters after the ``://`` of an address are a password or a token, with the @ after it; 0 for none.

    A secret may have slashes in it, as those of AWS have, and an @: after a colon everything up to the last @ is one.
    Without a colon, what has an @ before the first slash is a token, unless the protocol has names there.
    """
    head = rest[: rest.rfind("@") + 1]
    is_host = protocol.lower() not in _BUCKETS and _PORT.match(head)
    if ":" in head.partition("?")[0] and not is_host:
        return len(head)
    return 0 if protocol.lower() in _NAMED else re.split("[/?]", head, maxsplit=1)[0].rfind("@") + 1


def refuse_address(path: Path, verb: str) -> None:
    """Raise :class:`UsageError` where a path of this machine was to be named and ``path`` is an address.

    Else it would become a folder named ``s3:``. A folder whose name has a colon is one where it exists, unless it is called as
    a usual protocol is.
    """
    match = _COLLAPSED.match(str(path)) or re.fullmatch(r"([A-Za-z][A-Za-z0-9+.-]+):", str(path))
    if match is None or (match[1].lower() not in KNOWN and Path(path.parts[0]).exists()):
        return
    text = without_credentials(f"{match[1]}://{str(path)[match.end() :]}")
    if match[1].lower() == "file":
        raise UsageError(f"{text}: name a file of this machine by its path alone: /{str(path)[match.end() :]}")
    raise UsageError(f"{text}: {verb} works in folders of this machine here and takes no address; {TAKEN_BY}")


@dataclass(frozen=True)
class Listed:
    """An object in a folder: its size in bytes and what changes with its content, where the store tells; "" where not."""

    size: int | None
    version: str


@dataclass(frozen=True)
class Remote:
    """What lies at an address; as text it is the address without what is nobody's business.

    Every method raises :class:`Missing` where there is nothing, :class:`UsageError` for a protocol without a package to open
    it, and :class:`TtsError` (:class:`NotWritten`) with the store's own reason for everything else.
    """

    address: str

    def __post_init__(self) -> None:
        protocol = self.protocol
        if "::" in self.address:
            raise UsageError(f"{self}: chains of addresses are not followed; name the store's own address")
        if _secret(protocol, self.address[len(protocol) + 3 :]):
            raise UsageError(
                f"{self}: has a password in it or a token, and addresses are printed and stored; leave it to the environment "
                "or the configuration of the store's package (AWS_PROFILE, ~/.aws/credentials, FSSPEC_... and the like)"
            )
        if protocol in ("file", "local"):
            raise UsageError(f"{self}: name a file of this machine by its path alone")

    def __str__(self) -> str:
        match = _ADDRESS.match(self.address)
        if match is None:
            return without_credentials(self.address)
        rest = self.address[match.end() :]
        return match[0] + rest[_secret(match[1], rest) :].partition("?")[0]

    @property
    def protocol(self) -> str:
        """What stands before ``://``, in small letters."""
        match = _ADDRESS.match(self.address)
        if match is None:
            raise UsageError(f"{self.address}: no address, which begins with a protocol and ://")
        return match[1].lower()

    @property
    def _path(self) -> PurePosixPath:
        return PurePosixPath(str(self)[len(self.protocol) + 3 :].rstrip("/"))

    @property
    def name(self) -> str:
        """The last part of the path."""
        name = self._path.name
        return unquote(name) if self.protocol in ("http", "https") else name

    @property
    def stem(self) -> str:
        """The name without its suffix."""
        return PurePosixPath(self.name).stem

    @property
    def suffix(self) -> str:
        """What the name ends with, from its last dot on."""
        return PurePosixPath(self.name).suffix

    def child(self, name: str) -> Remote:
        """Return what lies below this folder: a name, or names with slashes between."""
        return Remote(f"{self.address.rstrip('/')}/{quote(name) if self.protocol in ('http', 'https') else name}")

    @cached_property
    def _opened(self) -> tuple[Any, str]:
        """The file system of fsspec and the path in it."""
        try:
            import fsspec
            from fsspec.registry import known_implementations
        except ImportError:
            raise UsageError(f"{self}: addresses need fsspec; install it with: pip install 'stacked-tts[remote]'") from None
        try:
            system, path = fsspec.core.url_to_fs(self.address)
        except ImportError as error:
            package = _PACKAGES.get(self.protocol)
            advice = f"install it with: pip install {package}" if package else str(error)
            raise UsageError(f"{self}: {self.protocol}:// needs a package that is not installed; {advice}") from None
        except ValueError as error:
            if self.protocol in known_implementations:
                raise TtsError(f"{self}: cannot be opened ({without_credentials(str(error))})") from None
            usual = "s3 (pip install s3fs), gs (gcsfs), az (adlfs), https (aiohttp), sftp (paramiko)"
            raise UsageError(f"{self}: no package here knows the protocol {self.protocol}://; the usual are {usual}") from None
        return system, path

    def _try(self, work: Callable[[Any, str], T], *, writing: bool = False) -> T:
        """Do ``work`` with the file system and the path, again where a connection broke; errors in one sentence."""
        system, path = self._opened
        for wait in (*_PATIENCE, None):
            try:
                return work(system, path)
            except TtsError:
                raise
            except Exception as error:  # every store has classes of its own
                if wait is None or not _may_pass(error):
                    raise self._explained(error, writing) from None
                log.info("%s: %s; trying again in %.1f seconds", self, _reason(error), wait)
                time.sleep(wait)
        raise AssertionError

    def _explained(self, error: Exception, writing: bool) -> TtsError:
        kind = NotWritten if writing else TtsError
        if isinstance(error, FileNotFoundError):
            return kind(f"{self}: the store has no such bucket or folder") if writing else Missing(f"{self}: there is nothing")
        if isinstance(error, NotImplementedError):
            return UsageError(f"{self}: {self.protocol}:// cannot be written" if writing else f"{self}: cannot be read so")
        if _is_denied(error):
            where = "credentials are looked for where the store's package looks: environment variables, its configuration"
            return kind(f"{self}: the store does not permit it ({_reason(error)}); {where}")
        what = "could not be written" if writing else "could not be read"
        return kind(f"{self}: {what} ({_reason(error)})")

    def exists(self) -> bool:
        """Return whether there is a file or a folder."""
        return self._kind() is not None

    def is_file(self) -> bool:
        """Return whether there is a file."""
        return self._kind() == "file"

    def _kind(self) -> str | None:
        """Return what is here, None for nothing; fsspec's own questions take a store out of reach for an empty one."""

        def kind(system: Any, path: str) -> str:
            system.invalidate_cache()
            return str(system.info(path)["type"])

        try:
            return self._try(kind)
        except Missing:
            return None

    def read_bytes(self) -> bytes:
        """Return the content of a file."""
        data: bytes = self._try(lambda system, path: system.cat_file(path))
        return data

    def matches(self) -> list[Remote]:
        """Return the files that a pattern (``*.txt``, ``**/*.txt``) means, by name; the file itself where it is no pattern."""
        if not re.search(r"[*?\[]", self.address) or self.protocol in ("http", "https"):
            return [self]

        def listed(system: Any, path: str) -> list[str]:
            system.invalidate_cache()
            return [
                system.unstrip_protocol(name) for name, info in system.glob(path, detail=True).items() if info["type"] == "file"
            ]

        files = [Remote(address) for address in sorted(self._try(listed))]
        if not files:
            raise Missing(f"{self}: there is no file of such a name")
        return files

    def listing(self, *, hidden: bool = False) -> dict[str, Listed]:
        """Return all files below this folder by their names from it on, with slashes between folders.

        Names that no file of this machine may have are left out with a warning, and so are, without one, ``hidden`` ones unless
        they are asked for. :class:`Missing` where there is no file at all.
        """
        folder = self.child("") if self.protocol in ("http", "https") else self

        def listed(system: Any, path: str) -> dict[str, Listed]:
            system.invalidate_cache()
            start = path.rstrip("/") + "/"
            files = system.find(path, detail=True)
            return {name[len(start) :]: _listed(info) for name, info in files.items() if name.startswith(start)}

        listing = folder._try(listed)
        if not listing:
            raise Missing(f"{self}: there is no folder with anything in it")
        if self.protocol in ("http", "https"):
            listing = {unquote(name): entry for name, entry in listing.items()}
        return _usable(self, listing, hidden)

    def info(self) -> Listed:
        """Return size and version of a file."""
        return self._try(lambda system, path: _listed(system.info(path)))

    def fetch(self, target: Path, size: int | None = None) -> int:
        """Copy a file to ``target`` and return its bytes; other than ``size``, where that is given, is a broken connection."""

        def copy(system: Any, path: str) -> int:
            system.get_file(path, str(target))
            came = target.stat().st_size
            if size is not None and came != size:
                raise ConnectionError(f"{came} bytes came of {size}")
            return came

        return self._try(copy)

    def put(self, source: Path) -> None:
        """Copy a file of this machine here. It appears whole or not at all, in place of what is here."""

        def copy(system: Any, path: str) -> None:
            if self.protocol in _WHOLE:
                system.put_file(str(source), path)
                return
            folder, _, name = path.rpartition("/")
            temporary = f"{folder}/.{name[:80]}.tmp-{secrets.token_hex(6)}"
            try:
                system.makedirs(folder, exist_ok=True)
                system.put_file(str(source), temporary)
                system.mv(temporary, path)
            except BaseException:
                with contextlib.suppress(Exception):
                    system.rm_file(temporary)
                raise

        self._try(copy, writing=True)

    def rename(self, name: str) -> None:
        """Give a file another name in its folder, in place of what has it."""
        self._try(lambda system, path: system.mv(path, f"{path.rpartition('/')[0]}/{name}"), writing=True)


def place_of(text: str) -> Path | Remote:
    """Return what a person named: an address, or a path of this machine."""
    return Remote(text) if is_address(text) else Path(text)


def _listed(info: Mapping[str, Any]) -> Listed:
    """Return an entry of fsspec's; every store has its own name for what changes with the content."""
    size = info.get("size")
    for key in (
        "ETag",
        "etag",
        "md5Hash",
        "content_md5",
        "crc32c",
        "generation",
        "LastModified",
        "last_modified",
        "mtime",
        "created",
    ):
        if info.get(key):
            value = info[key]
            return Listed(size, f"{key} {value.hex() if isinstance(value, bytes | bytearray) else value}")
    return Listed(size, "")


def _usable(folder: Remote, listed: Mapping[str, Listed], hidden: bool) -> dict[str, Listed]:
    """Leave out hidden files, marks of folders, and names that could leave their folder or that a file cannot have."""
    usable: dict[str, Listed] = {}
    folders = {str(parent) for name in listed for parent in PurePosixPath(name).parents}
    for name, entry in listed.items():
        parts = name.split("/")
        if not name or name.endswith("/") or (not hidden and any(part.startswith(".") and part.strip(".") for part in parts)):
            continue
        fault = next(filter(None, (name_fault(part.removeprefix(".")) for part in parts)), "") or (
            "is a folder's too" if name in folders else ""
        )
        if fault:
            log.warning("%s: the name %r %s, so it is left out", folder, name[:200], fault)
        else:
            usable[name] = entry
    return usable


def _chain(error: BaseException) -> Iterator[BaseException]:
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        yield error
        error = error.__cause__ or error.__context__  # type: ignore[assignment]


def _is_denied(error: Exception) -> bool:
    status = getattr(error, "status", None)
    return status in (401, 403) or any(type(part).__name__ in _DENIED for part in _chain(error))


def _may_pass(error: Exception) -> bool:
    """Return whether the same may go well in a moment."""
    if _is_denied(error):
        return False
    status = getattr(error, "status", None)
    if isinstance(status, int) and 400 <= status < 500 and status not in (408, 429):
        return False
    lasting = (
        FileNotFoundError,
        FileExistsError,
        IsADirectoryError,
        NotADirectoryError,
        NotImplementedError,
        ValueError,
        TypeError,
    )
    return not isinstance(error, lasting)


def _reason(error: Exception) -> str:
    """Return what an error says, without what is secret in addresses."""
    text = " ".join(str(error).split()) or type(error).__name__
    return without_credentials(text)[:300]
