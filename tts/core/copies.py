"""Local copies of folders beyond a network, kept between runs, and never more of them than is allowed.

A copy lies in ``remote/`` of the cache folder: ``TTS_CACHE``, by default ``stacked-tts`` in ``XDG_CACHE_HOME`` (``~/.cache``;
on Windows ``cache`` in ``LOCALAPPDATA/stacked-tts``). A second run fetches what changed, by size and by what the store says of
the content, and removes what is gone. All copies together have at most ``TTS_CACHE_LIMIT`` GB, 100 by default: those used
longest ago make room, unless somebody uses them.
"""

from __future__ import annotations

import json
import logging
import os
import shutil
import sys
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from tts.core.errors import FolderBusy, TtsError, UsageError
from tts.core.files import RESERVE, fingerprint, replacing, write_text
from tts.core.locks import FolderHold, held
from tts.core.progress import Progress
from tts.core.remote import Listed, Remote

log = logging.getLogger(__name__)

FOLDER, LIMIT = "TTS_CACHE", "TTS_CACHE_LIMIT"
USUAL_LIMIT = 100.0  # GB
INDEX = "index.jsonl"
THREADS = 16  # of fetching: a store answers many at once, each after a while
_PATIENCE = 3600.0  # seconds that another process may take to fetch the same
_used: dict[Path, tuple[str, FolderHold]] = {}  # copies that this process uses, and of what they are


@dataclass(frozen=True)
class _Entry:
    """What was fetched of a file, and as which version."""

    name: str
    size: int
    version: str


def cache_folder() -> Path:
    """Return the folder of what may be deleted and made again; it need not be there."""
    if os.environ.get(FOLDER):
        return Path(os.environ[FOLDER])
    if sys.platform == "win32" and os.environ.get("LOCALAPPDATA"):
        return Path(os.environ["LOCALAPPDATA"]) / "stacked-tts" / "cache"
    if os.environ.get("XDG_CACHE_HOME"):
        return Path(os.environ["XDG_CACHE_HOME"]) / "stacked-tts"
    try:
        return Path.home() / ".cache" / "stacked-tts"
    except RuntimeError:
        raise UsageError(f"there is no home folder to keep copies in; name a folder with {FOLDER}") from None


def copied(folder: Remote, wanted: Callable[[str], bool] = lambda name: True) -> Path:
    """Return a copy of ``folder`` that is up to date; it stays as it is as long as this process lives.

    ``wanted`` chooses files by their names from the folder on. An interrupted copy is continued. Raises :class:`UsageError`
    where it would be larger than is allowed, and what :class:`Remote` raises.
    """
    listing = {name: entry for name, entry in folder.listing().items() if wanted(name)}
    outer, inner = _places(folder)
    outer.mkdir(parents=True, exist_ok=True)
    with held(outer, patience=_PATIENCE):
        inner.mkdir(exist_ok=True)
        with _using(folder, outer, inner):
            _bring_up_to_date(folder, listing, outer, inner)
    return inner


def copied_file(folder: Remote, name: str) -> Path:
    """Return a copy of one file of a folder, fetched only where there is none; for folders that :func:`copied` copied."""
    outer, inner = _places(folder)
    path = inner / name
    if not path.is_file():
        outer.mkdir(parents=True, exist_ok=True)
        with held(outer, patience=_PATIENCE):
            inner.mkdir(exist_ok=True)
            if not path.is_file():
                _fetch_all(folder, {name: folder.child(name).info()}, outer, inner)
    return path


def origin(path: Path) -> str:
    """Return the address of what ``path`` is a copy of in this process, the path itself where it is none."""
    for inner, (address, _) in _used.items():
        if path.is_relative_to(inner):
            below = path.relative_to(inner).as_posix()
            return address if below == "." else f"{address}/{below}"
    return str(path)


def release_copies() -> None:
    """Let others remove the copies that this process used; the end of the process does it too."""
    for _, hold in _used.values():
        hold.release()
    _used.clear()


def _places(folder: Remote) -> tuple[Path, Path]:
    """Return the folder of a copy and its index, and in it that of the files, named as the original is."""
    address = folder.address.rstrip("/")
    outer = (cache_folder() / "remote" / fingerprint(address)).resolve()
    return outer, outer / (folder.name or "files")


@contextmanager
def _using(folder: Remote, outer: Path, inner: Path) -> Iterator[None]:
    """Keep a copy from being removed from now on, unless bringing it up to date fails."""
    if inner not in _used:
        _used[inner] = str(folder).rstrip("/"), FolderHold(inner, shared=True, patience=5.0)
    try:
        yield
    except BaseException:
        _used.pop(inner)[1].release()
        raise
    with suppress(OSError):
        os.utime(outer / INDEX)


def _read_index(outer: Path) -> dict[str, _Entry]:
    """Return what was fetched; a line that was cut short counts as not fetched."""
    entries: dict[str, _Entry] = {}
    path = outer / INDEX
    for line in path.read_bytes().splitlines() if path.is_file() else ():
        with suppress(ValueError, TypeError):
            entry = _Entry(**json.loads(line))
            entries[entry.name] = entry
    return entries


def _line(entry: _Entry) -> str:
    return json.dumps(vars(entry)) + "\n"


def _bring_up_to_date(folder: Remote, listing: Mapping[str, Listed], outer: Path, inner: Path) -> None:
    index = _read_index(outer)
    current = {name: entry for name, entry in index.items() if (inner / name).is_file()}
    for name in [name for name in current if name not in listing]:
        (inner / name).unlink(missing_ok=True)
        del current[name]
    stale = {name: entry for name, entry in listing.items() if name not in current or _changed(current[name], entry)}
    if len(current) != len(index) or not (outer / INDEX).is_file():
        write_text(outer / INDEX, "".join(map(_line, current.values())))
    if stale:
        present = sum(entry.size for name, entry in current.items() if name not in stale)
        _make_room(folder, present, sum(entry.size or 0 for entry in stale.values()), outer)
        _fetch_all(folder, stale, outer, inner)


def _changed(fetched: _Entry, now: Listed) -> bool:
    return fetched.version != now.version or (now.size is not None and now.size != fetched.size)


def _fetch_all(folder: Remote, files: Mapping[str, Listed], outer: Path, inner: Path) -> None:
    """Fetch files beside each other, each entered in the index when it is whole."""
    total = sum(entry.size or 0 for entry in files.values())

    def fetch(name: str, entry: Listed) -> _Entry:
        with replacing(inner / name, lasting=False) as temporary:
            return _Entry(name, folder.child(name).fetch(temporary, entry.size), entry.version)

    with (
        (outer / INDEX).open("a", encoding="utf-8") as index,
        Progress(f"fetching {folder}", total // 1_000_000, unit="MB") as shown,
        ThreadPoolExecutor(THREADS) as threads,
    ):
        waiting = [threads.submit(fetch, name, entry) for name, entry in files.items()]
        came = 0
        try:
            for future in as_completed(waiting):
                entry = future.result()
                index.write(_line(entry))
                came += entry.size
                shown.advance(came // 1_000_000 - shown.done)
        except BaseException:
            threads.shutdown(cancel_futures=True)
            raise


def _limit() -> float:
    """Return how many bytes all copies may have."""
    text = os.environ.get(LIMIT, "")
    try:
        limit = float(text) if text else USUAL_LIMIT
    except ValueError:
        limit = -1.0
    if not limit > 0.0:
        raise UsageError(f"{LIMIT}={text}: expected a number of GB, for example 100")
    return 1e9 * limit


def _make_room(folder: Remote, present: int, coming: int, outer: Path) -> None:
    """Remove other copies, those used longest ago first, until ``coming`` more bytes of this one are allowed and fit."""
    limit = _limit()
    if present + coming > limit:
        raise UsageError(
            f"{folder}: has {(present + coming) / 1e9:.2f} GB, and copies may have {limit / 1e9:g}; allow more with {LIMIT} "
            "(GB), or name a folder with fewer files"
        )
    others = {place.parent: _read_index(place.parent) for place in outer.parent.glob(f"*/{INDEX}") if place.parent != outer}
    sizes = {place: sum(entry.size for entry in index.values()) for place, index in others.items()}
    for place in sorted(sizes, key=lambda place: (place / INDEX).stat().st_mtime):
        free = shutil.disk_usage(outer).free
        if present + coming + sum(sizes.values()) <= limit and coming <= free - RESERVE:
            return
        if _removed(place):
            log.info("%s: removed to make room for %s", place, folder)
            del sizes[place]
    free = shutil.disk_usage(outer).free
    if present + coming + sum(sizes.values()) > limit:
        raise TtsError(
            f"{outer.parent}: other commands use copies that leave no room for {folder}; wait for them, or raise {LIMIT}"
        )
    if coming > free - RESERVE:
        raise TtsError(f"{outer.parent}: {coming / 1e9:.2f} GB are to come, and {free / 1e9:.2f} GB are free on its disk")


def _removed(place: Path) -> bool:
    """Remove a copy that nobody uses; False where somebody does."""
    try:
        with held(place):
            for inner in [path for path in place.iterdir() if path.is_dir()]:
                with held(inner):
                    shutil.rmtree(inner)
            (place / INDEX).unlink(missing_ok=True)
    except (FolderBusy, FileNotFoundError):
        return False
    shutil.rmtree(place, ignore_errors=True)
    return True
