"""Which recording belongs to an id: by file name, in one folder and those within it."""

from __future__ import annotations

import unicodedata
from functools import cached_property
from pathlib import Path, PurePosixPath

import soundfile

from tts.core.errors import UsageError

USUAL_FOLDER = "wavs"
_PREFERRED = (".wav", ".flac", ".ogg", ".mp3")
_ALSO = (".aif", ".aifc", ".oga", ".opus", ".snd", ".sph", ".wave")  # usual names for what soundfile knows by another


def audio_suffixes() -> tuple[str, ...]:
    """Return the suffixes of what :mod:`soundfile` reads, in order of preference where there are several of an id."""
    needs_parameters = {"RAW", "MAT4", "MAT5"}  # no header, or a container for anything
    known = {f".{name.lower()}" for name in soundfile.available_formats() if name not in needs_parameters} | {*_ALSO}
    return (*_PREFERRED, *sorted(known - {*_PREFERRED}))


class Recordings:
    """The recordings in a folder. Ids are compared in Unicode's composed form, whatever the file system made of names."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._order = {suffix: place for place, suffix in enumerate(audio_suffixes())}
        self._within: dict[PurePosixPath, dict[str, Path]] = {}

    @cached_property
    def ids(self) -> set[str]:
        """The ids of the recordings in the folder itself."""
        return {*self._listed(PurePosixPath())}

    def find(self, id: str) -> Path | None:
        """Return the recording of ``id``: a name with or without a suffix, perhaps within folders (``book1/utt_2.wav``)."""
        path = self._path(id)
        if path.is_absolute() or ".." in path.parts or not path.name or "\\" in id:
            return None
        recordings = self._listed(path.parent)
        if self._has_suffix(path):
            exact = self.folder / path
            return exact if exact.is_file() else recordings.get(path.stem)
        return recordings.get(path.name)

    def name_of(self, id: str) -> str:
        """Return an utterance's name for the id in a file, in Unicode's composed form.

        The suffix of a recording is no part of it; folders are joined by underscores.
        """
        path = self._path(id)
        return "_".join((path.with_suffix("") if self._has_suffix(path) else path).parts)

    def _path(self, id: str) -> PurePosixPath:
        """Return an id as a path within this folder, also where it begins with this folder's own name."""
        path = PurePosixPath(unicodedata.normalize("NFC", id))
        named = len(path.parts) > 1 and path.parts[0] == self.folder.name and not (self.folder / path.parts[0]).is_dir()
        return PurePosixPath(*path.parts[1:]) if named else path

    def _has_suffix(self, path: PurePosixPath) -> bool:
        """Return whether a path ends as recordings do, unless there is a recording of which that is the name."""
        return path.suffix.lower() in self._order and ".." not in path.parts and path.name not in self._listed(path.parent)

    def _listed(self, within: PurePosixPath) -> dict[str, Path]:
        """Return the recordings in a folder by id; of several formats the first in the order of preference counts."""
        if within not in self._within:
            folder = self.folder / within
            by_id: dict[str, Path] = {}
            for path in sorted(folder.iterdir()) if folder.is_dir() else ():
                place = self._order.get(path.suffix.lower())
                key = unicodedata.normalize("NFC", path.stem)
                if place is not None and (key not in by_id or place < self._order[by_id[key].suffix.lower()]):
                    by_id[key] = path
            self._within[within] = by_id
        return self._within[within]


def find_recordings(root: Path, audio: str | None = None) -> Recordings:
    """Return the recordings of the corpus in ``root``: in its folder ``audio``, else in ``wavs``, else beside the metadata.

    ``audio`` is a recipe's ``corpus.audio``, relative to ``root`` or absolute. Raises :class:`UsageError` that says what was
    looked for where there is no recording.
    """
    suffixes = ", ".join(audio_suffixes()[:4])
    if audio is not None:
        if not (root / audio).is_dir():
            raise UsageError(f"corpus.audio: there is no folder {root / audio}; name the folder of the recordings")
        return Recordings(root / audio)
    if (root / USUAL_FOLDER).is_dir():
        return Recordings(root / USUAL_FOLDER)
    beside = Recordings(root)
    if not beside.ids and not any(path.is_dir() for path in root.iterdir() if not path.name.startswith(".")):
        raise UsageError(
            f"{root}: holds no recordings: looked for a folder {USUAL_FOLDER}/ and for files ({suffixes}, ...) beside "
            "metadata.csv; name another folder with corpus.audio in the recipe, or pass the folder above it with --corpus-root"
        )
    return beside
