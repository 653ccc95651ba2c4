"""Finding the recordings of a test: in a comparison's folder, or in one folder a system."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from tts.core.audio import read_audio
from tts.core.errors import TtsError, UsageError

Files = Mapping[str, Mapping[str, Path]]  # system -> sentence id -> recording
SUFFIXES = (".wav", ".flac")


def find_stimuli(sources: Sequence[str]) -> dict[str, dict[str, Path]]:
    """Return the recordings of every system by sentence id.

    ``sources`` is one folder holding ``wavs/SYSTEM/ID.wav`` (what ``tts compare`` leaves) or ``SYSTEM/ID.wav``, or several
    ``NAME=FOLDER``. Raises :class:`UsageError` for a folder that is not there, an empty one, or a name given twice.
    """
    if len(sources) == 1 and "=" not in sources[0]:
        root = Path(sources[0])
        folders = {path.name: path for path in sorted(_wavs(root).iterdir()) if path.is_dir()} if root.is_dir() else {}
        if not folders:
            raise UsageError(f"{root}: holds no wavs/SYSTEM/ID.wav; name a comparison's folder, or folders as NAME=FOLDER")
    else:
        folders = {}
        for source in sources:
            name, equals, folder = source.partition("=")
            if not (name and equals and folder):
                raise UsageError(f"{source!r}: several folders are given as NAME=FOLDER, one a system")
            if name in folders:
                raise UsageError(f"{source!r}: the system {name} is named twice")
            folders[name] = Path(folder)
    return {name: _recordings(name, folder) for name, folder in folders.items()}


def _wavs(root: Path) -> Path:
    return root / "wavs" if (root / "wavs").is_dir() else root


def _recordings(name: str, folder: Path) -> dict[str, Path]:
    if not folder.is_dir():
        raise UsageError(f"{folder}: there is no such folder (system {name})")
    files = {path.stem: path for path in sorted(folder.iterdir()) if path.suffix.lower() in SUFFIXES}
    if not files:
        raise UsageError(f"{folder}: holds no wav or flac file (system {name})")
    return files


def choose_sentences(stimuli: Files, count: int | None, seed: int) -> list[str]:
    """Return ``count`` sentence ids that every system has, drawn with ``seed``, in alphabetical order; all with ``None``."""
    if not stimuli:
        raise UsageError("a listening test needs at least one system")
    shared = sorted(set.intersection(*(set(recordings) for recordings in stimuli.values())))
    if not shared:
        raise UsageError(f"the systems {', '.join(stimuli)} have no sentence in common; recordings are matched by file name")
    if count is None:
        return shared
    if not 1 <= count <= len(shared):
        raise UsageError(
            f"{count} sentences are asked for, but {len(shared)} are there in every system; ask for 1 to {len(shared)}"
        )
    return sorted(np.random.default_rng(seed).permutation(shared)[:count].tolist())


def read_stimuli(stimuli: Files, sentences: Sequence[str]) -> tuple[dict[tuple[str, str], np.ndarray], int]:
    """Read mono recordings as ``(system, sentence) -> samples`` and return them with their common sample rate in Hz.

    Raises :class:`UsageError` where two rates meet, naming a file of each: a difference in rate would be heard as one
    between systems.
    """
    sounds: dict[tuple[str, str], np.ndarray] = {}
    first: tuple[Path, int] | None = None
    for system, recordings in stimuli.items():
        for sentence in sentences:
            path = recordings[sentence]
            try:
                signal, rate = read_audio(path)
            except TtsError as error:
                raise TtsError(f"{error} (system {system})") from None
            first = first or (path, rate)
            if rate != first[1]:
                raise UsageError(f"{path}: {rate} Hz, but {first[0]} has {first[1]} Hz; bring all systems to one rate first")
            sounds[system, sentence] = signal
    assert first is not None
    return sounds, first[1]
