"""Files that travel with the package without being code: the recipes, the voices, and the text that the demo speaks.

A checkout has them beside the package, in ``recipes/``, ``voices/`` and ``data/``; a wheel installs them within it, as
``tts.recipes``, ``tts.voices`` and ``tts.data``.
"""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

from tts.core.errors import TtsError


def shipped_folder(name: str) -> Path:
    """Return the folder ``recipes``, ``voices`` or ``data``, from the installed package or from the checkout that it lies in.

    Raises :class:`TtsError` where neither has it: a package that was copied without it.
    """
    package = Path(str(files("tts")))
    for folder in (package / name, package.parent / name):
        if folder.is_dir():
            return folder
    raise TtsError(f"{package / name}: this folder belongs to the package and is missing; install stacked-tts again")
