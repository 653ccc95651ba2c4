"""What runs on the workers of a cluster: a look at whether they can do the work at all, groups of items, long jobs."""

from __future__ import annotations

import hashlib
import os
import platform
import socket
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import lru_cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, Generic

import tts
from tts.core.detached import Surroundings, run_detached
from tts.core.memory import MemoryShare, set_share
from tts.core.place import Failure, Item, Result
from tts.core.processes import do_item, limit_threads

VARIABLES = "TTS_"  # variables that begin so shape results, and go along with the work
OWN_TASKS = "TTS_TASKS"  # names folders that hold the source of the user's own tasks
RELIED_ON = ("numpy", "scipy", "pyworld-prebuilt", "soundfile", "soxr", "safetensors", "gruut", "torch")  # decide numbers


def variables() -> tuple[tuple[str, str], ...]:
    """Return this process's variables that go along with the work."""
    return tuple(sorted((name, value) for name, value in os.environ.items() if name.startswith(VARIABLES)))


_STARTED_WITH = variables()  # of a worker: those that are not a command's


@dataclass(frozen=True)
class Terms:
    """What a worker must have and see to do a command's work.

    ``code`` is :func:`code_version` where the command runs; ``token`` a file of the command's with the text ``secret`` in it,
    ``sees`` files and folders that are read. Relative paths start at ``folder``, where ``relative`` says that there are any.
    ``environment`` are :func:`variables` of the command, ``own_tasks`` is :func:`digest_of_own_tasks` where it runs.
    """

    code: tuple[tuple[str, str], ...]
    folder: str
    relative: bool = False
    token: str | None = None
    secret: str = ""
    sees: tuple[str, ...] = ()
    environment: tuple[tuple[str, str], ...] = ()
    own_tasks: str = ""


@dataclass(frozen=True)
class Unfit:
    """Why a worker cannot do a command's work: one sentence."""

    message: str


@dataclass(frozen=True)
class GroupDone(Generic[Result]):
    """Results of a group of items, in order, and the seconds that they took; a group that was cancelled stops early."""

    results: list[Result | Failure]
    seconds: float


@lru_cache(maxsize=1)
def code_version() -> tuple[tuple[str, str], ...]:
    """Return what decides what this package computes: versions of Python, of this package's source and of what it relies on."""
    package = Path(tts.__file__).parent
    digest = hashlib.sha256()
    for path in sorted(package.rglob("*.py")):
        digest.update(f"{path.relative_to(package).as_posix()}\0".encode())
        digest.update(path.read_bytes())
    python = ".".join(platform.python_version_tuple()[:2])
    own = [("Python", python), ("tts", f"{tts.__version__} (source {digest.hexdigest()[:10]})")]
    return (*own, *((name, _installed(name)) for name in RELIED_ON))


def digest_of_own_tasks(folders: str, base: Path) -> str:
    """Return a digest of the Python files in ``folders``, a value of :data:`OWN_TASKS`; empty where it names none.

    Relative folders start at ``base``.
    """
    digest = hashlib.sha256()
    named = [base / folder for folder in folders.split(os.pathsep) if folder]
    for folder in named:
        for path in sorted(folder.glob("*.py")):
            content = path.read_bytes()
            digest.update(f"{path.name}\0{len(content)}\0".encode() + content)
    return digest.hexdigest()[:16] if named else ""


def _installed(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "none"


def look(terms: Terms, dask_worker: Any = None) -> str:
    """Return why this worker cannot keep the terms, in one sentence; empty where it can. dask fills in its worker."""
    why = _unfit(terms)
    address = getattr(dask_worker, "address", "") or "here"
    return f"the worker {address} on {socket.gethostname()} {why}" if why else ""


def _look_here(terms: Terms) -> str:
    from distributed import get_worker

    return look(terms, get_worker())


@lru_cache(maxsize=64)
def _unfit(terms: Terms) -> str:
    if other := [(mine, theirs) for mine, theirs in zip(code_version(), terms.code, strict=True) if mine != theirs]:
        differing = ", ".join(f"{package} {mine} where this command has {theirs}" for (package, mine), (_, theirs) in other)
        return f"has {differing}: install the same there"
    advice = "mount it there under the same path, or work in a folder that all machines share"
    if terms.relative and not Path(terms.folder).is_dir():
        return f"does not see {terms.folder}, where the paths of this command start: {advice}"
    base = Path(terms.folder)
    folders = dict(terms.environment).get(OWN_TASKS, "")
    if digest_of_own_tasks(folders, base) != terms.own_tasks:
        return f"has other files in the folders of {OWN_TASKS} ({folders}) than this command: put the same there"
    if terms.token is not None:
        token = base / terms.token
        try:
            same = token.read_text(encoding="utf-8") == terms.secret
        except OSError:
            same = False
        if not same:
            return f"does not see the files of this command in {token.parent}: {advice}"
        if not os.access(token.parent, os.W_OK):
            return f"may not write in {token.parent}: give the user it runs as the right to"
    for path in terms.sees:
        if not (base / path).exists():
            return f"does not see {base / path}: {advice}"
    return ""


def do_group(function: Callable[[Item], Result], items: Sequence[Item], terms: Terms) -> GroupDone[Result] | Unfit:
    """Do items one by one, as :func:`tts.core.processes.parallel_map` does each."""
    if problem := _look_here(terms):
        return Unfit(problem)
    begun = time.monotonic()
    results: list[Result | Failure] = []
    wanted = _asked_for()
    with _within(terms):
        for item in items:
            if not wanted():
                break
            results.append(do_item(function, item))
    return GroupDone(results, time.monotonic() - begun)


def do_job(function: Callable[..., None], arguments: tuple[Any, ...], output: str, terms: Terms) -> int | Unfit:
    """Do one long job in a process of its own (:func:`tts.core.detached.run_detached`); return its exit code."""
    if problem := _look_here(terms):
        return Unfit(problem)
    folder = terms.folder if Path(terms.folder).is_dir() else str(Path.cwd())
    surroundings = Surroundings(folder, environment_of(terms), 1, _share())
    return run_detached(function, arguments, Path(folder) / output, surroundings, _asked_for())


def environment_of(terms: Terms) -> dict[str, str]:
    """Return the variables for a command's work: its own before the worker's, and none of an earlier command's."""
    others = {name: value for name, value in os.environ.items() if not name.startswith(VARIABLES)}
    return {**others, **dict(_STARTED_WITH), **dict(terms.environment)}


def _set_variables(terms: Terms) -> None:
    environment = environment_of(terms)
    for name in os.environ.keys() - environment.keys():
        del os.environ[name]
    os.environ.update(environment)


def _share() -> MemoryShare | None:
    """Return what each thread of this worker may use of its memory; None where the worker has no limit."""
    from distributed import get_worker

    worker = get_worker()
    threads = max(1, worker.state.nthreads)
    limit = worker.memory_manager.memory_limit
    return MemoryShare(int(limit) // threads, 1.0 / threads) if limit else None


def _asked_for() -> Callable[[], bool]:
    """Return what says whether anybody still waits for the task that runs: not once it was cancelled or its client has died."""
    from distributed import get_worker

    worker = get_worker()
    state = worker.state.tasks.get(worker.get_current_task())

    def asked_for() -> bool:
        if worker.status.name not in ("running", "paused"):
            return False  # the worker is closing, since its scheduler is gone or bade it
        return state is None or state.state in ("executing", "long-running")

    return asked_for


@dataclass
class _Residence:
    """The folder in which this process works and how many tasks rely on it."""

    condition: threading.Condition = field(default_factory=threading.Condition)
    terms: Terms | None = None
    tasks: int = 0


_residence = _Residence()


@contextmanager
def _within(terms: Terms) -> Iterator[None]:
    """Work in the command's folder with its variables; tasks of another command, in other threads, are waited for."""
    with _residence.condition:
        while _residence.tasks and _residence.terms != terms:
            _residence.condition.wait()
        if _residence.terms != terms:
            _residence.terms = terms
            limit_threads(1)
            set_share(_share())
            _set_variables(terms)
            if Path(terms.folder).is_dir():
                os.chdir(terms.folder)
        _residence.tasks += 1
    try:
        yield
    finally:
        with _residence.condition:
            _residence.tasks -= 1
            _residence.condition.notify_all()
