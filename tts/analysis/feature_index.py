"""Where the streams of a whole corpus lie: a few dozen bytes a recording, where a table of paths would take thousands."""

from __future__ import annotations

from array import array
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from tts.analysis.extract import Features

_DIGITS, _SUFFIX = 16, ".safetensors"  # of the digest in the name of a result; its end


class FeatureIndex(Mapping[str, Features]):
    """The results of many recordings by id, in the order in which they were added."""

    def __init__(self) -> None:
        self._kinds: list[dict[str, Path]] = []  # folders of the streams by name: a speaker's are alike
        self._kind, self._frames = array("i"), array("i")
        self._digests, self._ends = bytearray(), array("q", [0])
        self._places: dict[str, int] = {}

    def add(self, features: Features) -> None:
        """Add a recording; its results must be called ``FOLDER/ID-DIGEST.safetensors`` with digests of 16 digits."""
        folders = {name: path.parent for name, path in features.paths.items()}
        digests = [path.name.removesuffix(_SUFFIX)[-_DIGITS:] for path in features.paths.values()]
        if _paths(folders, features.id, digests) != dict(features.paths):
            raise ValueError(f"the results of {features.id} have names of another form")
        if folders not in self._kinds:
            self._kinds.append(folders)
        self._places[features.id] = len(self._frames)
        self._kind.append(self._kinds.index(folders))
        self._frames.append(features.frames)
        self._digests += "".join(digests).encode("ascii")
        self._ends.append(len(self._digests))

    def frames(self, key: str) -> int:
        """Return the frames of a recording."""
        return self._frames[self._places[key]]

    def __getitem__(self, key: str) -> Features:
        place = self._places[key]
        start, end = self._ends[place], self._ends[place + 1]
        digests = [self._digests[at : at + _DIGITS].decode("ascii") for at in range(start, end, _DIGITS)]
        return Features(key, self._frames[place], _paths(self._kinds[self._kind[place]], key, digests))

    def __len__(self) -> int:
        return len(self._places)

    def __iter__(self) -> Iterator[str]:
        return iter(self._places)

    def __contains__(self, key: object) -> bool:
        return key in self._places


def _paths(folders: Mapping[str, Path], key: str, digests: Sequence[str]) -> dict[str, Path]:
    return {name: folders[name] / f"{key}-{digest}{_SUFFIX}" for name, digest in zip(folders, digests, strict=True)}
