"""Voices by name: those packaged, the user's own, and those trained below the current folder. Where each lies, and in which
order a name is looked up.

1. A folder: what is a path is never taken for a name.
2. ``TTS_VOICES``: folders whose folders are voices, separated as ``PATH`` is.
3. The user's own: ``stacked-tts/voices`` in ``XDG_DATA_HOME``, which is ``~/.local/share`` by default, or in ``LOCALAPPDATA``
   on Windows.
4. Those that come with this package, and those of other installed packages, by the entry point group ``stacked_tts.voices``:
   the entry point's name is the voice's, its value the package whose folder is the voice's.
5. Those trained here, as RECIPE/SYSTEM: ``kathleen/single`` is ``output/kathleen/single``.

What a user put there comes before what is packaged, and a training never changes what a name means: its voices have two parts.
"""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.machinery import PathFinder
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from tts.core.errors import TtsError, UsageError
from tts.core.names import name_fault
from tts.core.remote import Remote, is_address
from tts.core.shipped import shipped_folder

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

GROUP = "stacked_tts.voices"
log = logging.getLogger(__name__)

ENVIRONMENT = "TTS_VOICES"
TRAINED = Path("output")
CONFIG = "config.json"  # what makes a folder a voice: tts.generation.config, which takes longer to import
CARD = "README.md"


@dataclass(frozen=True)
class NamedVoice:
    """A voice that can be called by ``name``; ``origin`` says in words where it comes from."""

    name: str
    folder: Path
    origin: str
    packaged: bool = False  # its folder belongs to an installed package, so nothing is written there
    copy: bool = False  # of a folder in an object store, so nothing is written there


def named_voices() -> Iterator[NamedVoice]:
    """Yield the voices that have a name, in the order in which a name is looked up: the first of a name is the one it means.

    What ``TTS_VOICES`` names and is no folder is left out with a warning: the other voices are there all the same.
    """
    for folder in filter(None, os.environ.get(ENVIRONMENT, "").split(os.pathsep)):
        if not Path(folder).is_dir():
            log.warning("%s: %s is not a folder; it names folders that hold voices, a folder each", ENVIRONMENT, folder)
        yield from _voices_in(Path(folder), f"{ENVIRONMENT}: {folder}")
    own = own_voices()
    if own is not None:
        yield from _voices_in(own, str(own))
    yield from _shipped()
    yield from _of_packages()
    for recipe in _folders(TRAINED):
        for system in _voices_in(recipe, ""):
            yield NamedVoice(f"{recipe.name}/{system.name}", system.folder, str(system.folder))


def own_voices() -> Path | None:
    """Return the folder in which a user's voices have names; it need not be there. None for a user without a home folder."""
    data = os.environ.get("LOCALAPPDATA") if sys.platform == "win32" else os.environ.get("XDG_DATA_HOME")
    try:
        shared = Path(data) if data else Path.home() / ".local" / "share"
    except RuntimeError:  # a container's user who is in no list of users
        return None
    return shared / "stacked-tts" / "voices"


def find_voice(voice: str | Path) -> NamedVoice:
    """Return the voice that a path, an address or a name means; its folder is not read, that of an address is copied.

    A bare name is a path only where a folder of that name is a voice, or one in training: a folder of recordings called as a
    voice is does not hide it. Raises :class:`UsageError`, with the names there are, for what is neither.
    """
    text, folder = str(voice), Path(voice)
    if is_address(text):
        return _from_store(Remote(text))
    if (folder / CONFIG).is_file() or (folder / "training").is_dir():
        return NamedVoice(text, folder, text)
    known: dict[str, None] = {}
    for each in named_voices():
        if each.name == folder.as_posix():
            return each
        known[each.name] = None
    if folder.exists():
        return NamedVoice(text, folder, text)
    names = ", ".join(known) or "none"
    raise UsageError(f"{text}: there is no such folder and no voice of that name; voices with names (tts voices): {names}")


def _from_store(place: Remote) -> NamedVoice:
    """Return a copy of a voice in an object store, without its training; the copy is kept."""
    if not place.child(CONFIG).is_file():
        raise UsageError(f"{place}: there is no voice; it would hold {CONFIG}")
    from tts.core.copies import copied

    folder = copied(place, lambda name: not name.startswith(("training/", "evaluation")))
    return NamedVoice(place.name, folder, str(place), copy=True)


def _voices_in(folder: Path, origin: str) -> Iterator[NamedVoice]:
    for voice in _folders(folder):
        if (voice / CONFIG).is_file():
            yield NamedVoice(voice.name, voice, origin)


def _folders(folder: Path) -> list[Path]:
    """Return the folders in a folder by name, but for hidden ones and names that are none; nothing where there is no folder."""
    try:
        return sorted(path for path in folder.iterdir() if path.is_dir() and not name_fault(path.name))
    except OSError:
        return []


def _shipped() -> Iterator[NamedVoice]:
    """Yield the voices that come with this package."""
    try:
        folder = shipped_folder("voices")
    except TtsError:  # a package that was copied without its voices speaks with others
        return
    for voice in _voices_in(folder, "stacked-tts"):
        yield NamedVoice(voice.name, voice.folder, voice.origin, packaged=True)


def _of_packages() -> Iterator[NamedVoice]:
    """Yield the voices of other installed packages, none of which is imported."""
    from importlib.metadata import entry_points  # takes long to import, and most names are found before

    for entry in sorted(entry_points(group=GROUP), key=lambda entry: entry.name):
        folder = _package_folder(entry)
        if folder is not None and not name_fault(entry.name):
            distribution = f"{entry.dist.name} {entry.dist.version}" if entry.dist else entry.value
            yield NamedVoice(entry.name, folder, distribution, packaged=True)


def _package_folder(entry: EntryPoint) -> Path | None:
    """Return the folder of the package that an entry point names, if it is a voice's; the package is not run."""
    parts = entry.module.split(".")
    spec = find_spec(parts[0])
    for number in range(2, len(parts) + 1):  # find_spec would import the packages around it
        if spec is None or not spec.submodule_search_locations:
            return None
        spec = PathFinder.find_spec(".".join(parts[:number]), list(spec.submodule_search_locations))
    places = [Path(place) for place in (spec.submodule_search_locations if spec else None) or ()]
    return next((place for place in places if (place / CONFIG).is_file()), None)
