"""Folders that results go to: one of this machine, or one beyond a network, in which a file appears whole or not at all."""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from tts.core.copies import cache_folder
from tts.core.errors import Missing, UsageError
from tts.core.files import fingerprint
from tts.core.locks import held
from tts.core.remote import Remote

EVERY = 30.0  # seconds between copies of a file that grows
THREADS, IN_FLIGHT = 8, 64


class Deposit:
    """A folder of this machine: files are made in ``folder``, and that is where they belong."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def __str__(self) -> str:
        return str(self.folder)

    @contextmanager
    def opened(self) -> Iterator[None]:
        """Keep the folder to this process meanwhile."""
        with held(self.folder):
            yield

    def exists(self, name: str) -> bool:
        """Return whether a file is there."""
        return (self.folder / name).exists()

    def rename(self, name: str, new: str) -> None:
        """Give a file another name, in place of what has it."""
        (self.folder / name).replace(self.folder / new)

    def bring(self, name: str) -> Path:
        """Return where a file that is there can be read and changed; after a change it is :meth:`put`."""
        return self.folder / name

    def put(self, *names: str) -> None:
        """Bring files that were made in ``folder`` to where they belong, the last one last."""

    def keep(self, name: str, *, now: bool = False) -> None:
        """Bring a file that grows to where it belongs, ``now`` or every half a minute; it stays in ``folder`` too."""


class RemoteDeposit(Deposit):
    """A folder beyond a network: files are made in a folder of this machine, which they leave when they have been copied.

    There are no locks beyond a network: two commands of one machine are kept apart, those of two machines are not.
    """

    def __init__(self, place: Remote) -> None:
        super().__init__((cache_folder() / "outgoing" / fingerprint(place.address.rstrip("/"))).absolute())
        self.place = place
        self._there: set[str] = set()
        self._kept: dict[str, float] = {}
        self._threads: ThreadPoolExecutor | None = None
        self._flying: set[Future[None]] = set()

    def __str__(self) -> str:
        return str(self.place)

    @contextmanager
    def opened(self) -> Iterator[None]:
        """Look what is there, and at the end wait until all has been copied; an error ends what is under way first."""
        with held(self.folder):
            _clear(self.folder)
            try:
                self._there = {name for name in self.place.listing(hidden=True) if "/" not in name}
            except Missing:
                self._there = set()
            with ThreadPoolExecutor(THREADS) as self._threads:
                try:
                    yield
                    self._land(0)
                finally:
                    self._threads.shutdown(cancel_futures=True)
            _clear(self.folder)
        shutil.rmtree(self.folder, ignore_errors=True)

    def exists(self, name: str) -> bool:
        """Return whether a file is there."""
        return name in self._there

    def rename(self, name: str, new: str) -> None:
        """Give a file another name, in place of what has it."""
        self.place.child(name).rename(new)
        self._there = self._there - {name} | {new}

    def bring(self, name: str) -> Path:
        """Return a copy of a file that is there."""
        path = self.folder / name
        self.place.child(name).fetch(path)
        return path

    def put(self, *names: str) -> None:
        """Copy files beside other work; what failed is raised by a later call."""
        assert self._threads is not None
        self._land(IN_FLIGHT)
        self._flying.add(self._threads.submit(self._copy, names))

    def _copy(self, names: tuple[str, ...]) -> None:
        for name in names:
            self.place.child(name).put(self.folder / name)
            (self.folder / name).unlink()
            self._there.add(name)

    def _land(self, most: int) -> None:
        """Wait until ``most`` copies are under way, and raise what failed."""
        while len(self._flying) > most:
            done, self._flying = wait(self._flying, return_when=FIRST_COMPLETED)
            for future in done:
                future.result()

    def keep(self, name: str, *, now: bool = False) -> None:
        """Copy a file that grows, ``now`` or where that is half a minute ago."""
        if now or time.monotonic() - self._kept.get(name, 0.0) > EVERY:
            self.place.child(name).put(self.folder / name)
            self._kept[name] = time.monotonic()


def deposit(out: Path | Remote) -> Deposit:
    """Return the folder that ``out`` names."""
    return RemoteDeposit(out) if isinstance(out, Remote) else Deposit(out)


@contextmanager
def made_here(place: Path | Remote) -> Iterator[Path]:
    """Yield the path of a file to be made on this machine: ``place`` itself, or one that is copied there when all went well."""
    if isinstance(place, Path):
        yield place
        return
    with _temporary() as folder:
        path = folder / place.name
        yield path
        place.put(path)


@contextmanager
def folder_made_here(place: Path | Remote, last: str) -> Iterator[Path]:
    """Yield the path of a new folder: ``place`` itself, or one whose files are copied there when all went well, ``last`` last.

    Raises :class:`UsageError` where there is something beyond the network already.
    """
    if isinstance(place, Path):
        yield place
        return
    if place.exists():
        raise UsageError(f"{place}: is there already, and nothing is written over; choose another --out")
    with _temporary() as folder:
        path = folder / place.name
        yield path
        names = sorted(file.relative_to(path).as_posix() for file in path.rglob("*") if file.is_file())
        for name in sorted(names, key=lambda name: name == last):
            place.child(name).put(path / name)


@contextmanager
def _temporary() -> Iterator[Path]:
    outgoing = cache_folder() / "outgoing"
    outgoing.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(dir=outgoing) as folder:
        yield Path(folder)


def _clear(folder: Path) -> None:
    """Remove what a killed command left in a folder that is held."""
    for path in folder.iterdir():
        if not path.name.startswith(".tts-lock"):
            shutil.rmtree(path, ignore_errors=True) if path.is_dir() else path.unlink(missing_ok=True)
