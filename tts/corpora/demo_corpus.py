"""What corpora made on the spot share: the sentences, the quiet room around them, and a folder that is whole or not there."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable
from importlib import resources
from pathlib import Path
from typing import Any

import numpy as np

from tts.core.errors import UsageError
from tts.core.files import fingerprint, make_folder, read_json, write_json

MARKER = "demo.json"  # written last: a folder that has it is complete
NOISE_RMS = 2e-4  # -74 dB: a quiet room; digital silence is unlike any recording


def demo_sentences(count: int | None = None) -> tuple[str, ...]:
    """Return the first ``count`` sentences that ship with the package, by default all, in order.

    Raises :class:`UsageError` where there are not so many.
    """
    text = resources.files("tts.corpora").joinpath("demo_sentences.txt").read_text(encoding="utf-8")
    sentences = tuple(text.splitlines())
    if count is not None and not 1 <= count <= len(sentences):
        raise UsageError(f"count: {count} is outside 1..{len(sentences)}, the number of demo sentences")
    return sentences[:count]


def demo_id(index: int) -> str:
    """Return the id of a sentence by its place, from 0."""
    return f"demo_{index + 1:03d}"


def room_noise(samples: int, generator: np.random.Generator) -> np.ndarray:
    """Return the noise of a quiet room, float64 (samples,)."""
    return NOISE_RMS * generator.standard_normal(samples)


def make_corpus(root: Path, settings: dict[str, Any], write: Callable[[Path], None]) -> None:
    """Let ``write`` make a corpus in a new folder that then becomes ``root``, which is there complete or not at all.

    ``settings`` are what it depends on; a complete corpus made with the same is left as it is. :class:`UsageError` where
    ``root`` holds something else.
    """
    if _complete(root, settings):
        return
    make_folder(root.parent)
    folder = Path(tempfile.mkdtemp(prefix=f".{root.name}.", dir=root.parent))
    try:
        write(folder)
        write_json(folder / MARKER, settings)
        folder.chmod(0o755)  # mkdtemp makes private folders
        if root.exists():
            root.rmdir()  # empty, as _complete made sure
        folder.rename(root)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def corpus_settings(sentences: tuple[str, ...], **more: Any) -> dict[str, Any]:
    """Return what a corpus of these sentences depends on."""
    return {"count": len(sentences), **more, "sentences": fingerprint(sentences)}


def _complete(root: Path, settings: dict[str, Any]) -> bool:
    """Return whether ``root`` is a finished demo corpus with these settings; refuse a folder that holds something else."""
    if not root.exists() or (root.is_dir() and not any(root.iterdir())):
        return False
    if not (root / MARKER).is_file():
        raise UsageError(f"{root}: holds something that is not a demo corpus; choose another folder")
    found = read_json(root / MARKER)
    if found != settings:
        raise UsageError(f"{root}: holds a demo corpus made otherwise ({found}); delete it or choose another folder")
    return True
