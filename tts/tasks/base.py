"""What a task family is: how a named stream of targets is computed, from audio or from text.

A family is one file in this folder holding ``FAMILY``; its file name is the name that recipes use. Options given in a
recipe replace the family's defaults; an option it does not have is an error.
"""

from __future__ import annotations

import difflib
import importlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from tts.analysis.streams import Stream
from tts.errors import UsageError
from tts.text.phones import PhoneInventory
from tts.text.sentence import Sentence

Options = dict[str, Any]


@dataclass(frozen=True)
class AudioFamily:
    """Targets computed from the recording.

    ``extract(signal, grid, **options)`` returns float32 (frames, dimension) and is importable, because worker processes
    call it; ``dimension`` says how wide it is for given options. A ``masked`` family returns one column more, 1 where the
    frame has a value.
    """

    extract: Callable[..., np.ndarray]
    dimension: Callable[[Options], int]
    options: Options = field(default_factory=dict)
    masked: bool = False

    def stream(self, name: str, inventory: PhoneInventory, options: Options) -> Stream:
        """Return the stream that this family makes with these options."""
        del inventory
        return Stream(name, self.dimension(options), masked=self.masked)


@dataclass(frozen=True)
class TextFamily:
    """Targets known from the text, one row a segment: ``label(sentence, inventory)`` returns (segments, dimension)."""

    label: Callable[[Sentence, PhoneInventory], np.ndarray]
    make_stream: Callable[[str, PhoneInventory], Stream]
    options: Options = field(default_factory=dict)

    def stream(self, name: str, inventory: PhoneInventory, options: Options) -> Stream:
        """Return the stream that this family makes."""
        del options
        return self.make_stream(name, inventory)


Family = AudioFamily | TextFamily
_NOT_FAMILIES = {"__init__", "base", "losses"}


def family_names() -> list[str]:
    """Return the names of all task families."""
    return sorted(path.stem for path in Path(__file__).parent.glob("*.py") if path.stem not in _NOT_FAMILIES)


def get_family(name: str) -> Family:
    """Return a family by name; an unknown one raises :class:`UsageError` listing those there are."""
    names = family_names()
    if name not in names:
        close = difflib.get_close_matches(name, names, n=1)
        hint = f"did you mean {close[0]}?" if close else f"there are {', '.join(names)}"
        raise UsageError(f"tasks.{name}: no such task family; {hint}")
    family: Family = importlib.import_module(f"tts.tasks.{name}").FAMILY
    return family


def resolve_options(name: str, given: Mapping[str, Any]) -> Options:
    """Return a family's options with the given ones on top; an unknown option raises :class:`UsageError`."""
    family = get_family(name)
    for key in given:
        if key not in family.options:
            known = ", ".join(family.options) or "none"
            raise UsageError(f"tasks.{name}.{key}: no such option; its options are: {known}")
    return {**family.options, **given}
