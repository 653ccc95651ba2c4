"""Tasks of a user's own: files in the folders that ``TTS_TASKS`` names, and installed packages that offer some.

``TTS_TASKS`` holds folders, separated as in ``PATH``; each file ``NAME.py`` in them (names with a leading underscore left
out) holds ``FAMILY``. A package offers tasks by entry points of the group ``stacked_tts.tasks``: the name is the task's, the
object a family or a module that holds ``FAMILY``. The first that has a name gives it, folders before packages.

Reading a recipe runs none of this. A file is run when a corpus is prepared that asks for its task by name, and only from
where the user put it. Its digest belongs to whatever is computed with it: after an edit, that is computed again.
"""

from __future__ import annotations

import hashlib
import os
import sys
import traceback
from dataclasses import dataclass, replace
from functools import lru_cache
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np

from tts.core.errors import TtsError, UsageError
from tts.core.grid import FrameGrid
from tts.recipe import MAIN_STREAMS
from tts.tasks.base import AudioFamily, Family, TextFamily, TimedFamily, built_in_names

ENVIRONMENT = "TTS_TASKS"
GROUP = "stacked_tts.tasks"
_RESERVED = {*MAIN_STREAMS, "duration", "main", "auxiliary", "mfcc"}  # names that mean something else
_loaded: dict[tuple[str, str], Family] = {}


def own_tasks() -> dict[str, Path | EntryPoint]:
    """Return where every task outside this package comes from, by name; nothing of them is run.

    Raises :class:`UsageError` for a folder that is not there, or a name that this package has already.
    """
    found: dict[str, Path | EntryPoint] = {}
    for folder in filter(None, os.environ.get(ENVIRONMENT, "").split(os.pathsep)):
        if not Path(folder).is_dir():
            raise UsageError(f"{ENVIRONMENT}: {folder} is not a folder; it names folders that hold NAME.py with FAMILY")
        for path in sorted(Path(folder).glob("*.py")):
            if not path.stem.startswith("_"):
                found.setdefault(path.stem, path)
    for entry in _offered():
        found.setdefault(entry.name, entry)
    for name in sorted(found.keys() & {*built_in_names(), *_RESERVED}):
        raise UsageError(f"{_where(found[name])}: this package has a task or stream called {name}; choose another name")
    return found


def load_own(name: str) -> tuple[Family, str]:
    """Run the source of a user's task and return its family and a digest of the source.

    Raises :class:`TtsError` with file and line where that fails, and where there is no ``FAMILY``. What was run is not run
    again until it changes.
    """
    place = own_tasks()[name]
    where = _where(place)
    try:
        source = _source(place)
        digest = hashlib.sha256(source).hexdigest()[:16]
        if (name, digest) not in _loaded:
            offered = _run(name, place, source) if isinstance(place, Path) else place.load()
            family = getattr(offered, "FAMILY", None) if isinstance(offered, ModuleType) else offered
            if not isinstance(family, AudioFamily | TextFamily | TimedFamily):
                kinds = "an AudioFamily, TextFamily or TimedFamily of tts.tasks.base"
                raise TtsError(f"{where}: has no FAMILY; a task's file sets FAMILY to {kinds}")
            _loaded[name, digest] = family
    except TtsError:
        raise
    except Exception as error:  # whatever a user's file may raise becomes one sentence
        raise _located(error, place) from error
    family = _loaded[name, digest]
    return (replace(family, extract=Extract(name, digest)) if isinstance(family, AudioFamily) else family), digest


@dataclass(frozen=True)
class Extract:
    """Calls the ``extract`` of a user's family; unlike that, it can be sent to worker processes, which find the file again."""

    name: str
    digest: str

    @property
    def identity(self) -> str:
        """What the cache knows the function by: the file's content, not where it lies."""
        return f"{self.name}:{self.digest}"

    def __call__(self, signal: np.ndarray, grid: FrameGrid, **options: Any) -> np.ndarray:
        """Return what the family's own function does, (frames, columns); its failure is a :class:`TtsError` with the place."""
        _, digest = load_own(self.name)
        place = own_tasks()[self.name]
        if digest != self.digest:
            raise TtsError(f"{_where(place)}: changed while it was in use; run the command again")
        family = _loaded[self.name, digest]
        assert isinstance(family, AudioFamily)
        try:
            return family.extract(signal, grid, **options)
        except TtsError:
            raise
        except Exception as error:
            raise _located(error, place) from error


@lru_cache(maxsize=1)
def _offered() -> tuple[EntryPoint, ...]:
    return tuple(entry_points(group=GROUP))


def _source(place: Path | EntryPoint) -> bytes:
    if isinstance(place, Path):
        return place.read_bytes()
    offered = place.load()
    module = offered if isinstance(offered, ModuleType) else sys.modules[place.module]
    return Path(str(module.__file__)).read_bytes()


def _run(name: str, path: Path, source: bytes) -> ModuleType:
    """Run a file's source as a module; compiled here, so that what runs is what was digested and no bytecode is left."""
    module = ModuleType(f"tts_tasks_{name}")
    module.__file__ = str(path)
    code = compile(source, str(path), "exec")
    sys.modules[module.__name__] = module  # dataclasses look their module up
    exec(code, module.__dict__)
    return module


def _where(place: Path | EntryPoint) -> str:
    return str(place) if isinstance(place, Path) else f"entry point {place.name} = {place.value} of {GROUP}"


def _located(error: Exception, place: Path | EntryPoint) -> TtsError:
    """Return an error that names file and line: those of the user's file where it is on the way, else the last."""
    if isinstance(error, SyntaxError):
        return TtsError(f"{error.filename}:{error.lineno}: {error.msg}")
    frames = traceback.extract_tb(error.__traceback__)
    inside = [frame for frame in frames if frame.filename == str(place)] or frames[-1:]
    at = f"{inside[-1].filename}:{inside[-1].lineno}" if inside else _where(place)
    return TtsError(f"{at}: {type(error).__name__}: {error}")
