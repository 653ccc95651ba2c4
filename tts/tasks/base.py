"""What a task family is: how a named stream of targets is computed, from audio, from text, or from both once aligned.

A family is one file in this folder holding ``FAMILY``; its file name is the name that recipes use. Options given in a
recipe replace the family's defaults; an option it does not have is an error. Files outside this folder that do the same are
found as :mod:`tts.tasks.own` says.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from tts.core.errors import TtsError
from tts.core.grid import FrameGrid
from tts.core.stream import Kind, Stream
from tts.text.phones import PhoneInventory
from tts.text.sentence import Sentence

Options = dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class Shown:
    """How a family's values are shown to people.

    They are in ``unit``; ``labels`` names the classes of a class stream, or the dimensions of any other; ``hertz`` says which
    frequency each dimension stands for, given the options and the sample rate, where that is what they are.
    """

    unit: str = ""
    labels: Callable[[PhoneInventory, Options], Sequence[str]] | None = None
    hertz: Callable[[Options, int], np.ndarray] | None = None

    def shown(self, inventory: PhoneInventory, options: Options, rate: int) -> dict[str, Any]:
        """Return JSON-able ``unit``, ``labels`` and ``hertz``, the last two empty where the family has none."""
        labels = list(self.labels(inventory, options)) if self.labels is not None else []
        hertz = np.round(self.hertz(options, rate), 1).tolist() if self.hertz is not None else []
        return {"unit": self.unit, "labels": labels, "hertz": hertz}


@dataclass(frozen=True)
class AudioFamily(Shown):
    """Targets computed from the recording.

    ``extract(signal, grid, **options)`` returns float32 (frames, dimension) and is importable, because worker processes
    call it; ``dimension`` says how wide it is for given options. A ``masked`` family returns one column more, 1 where the
    frame has a value. ``kind`` and ``classes`` are those of the stream. Raise ``version`` when the same options give other
    numbers.
    """

    extract: Callable[..., np.ndarray]
    dimension: Callable[[Options], int]
    options: Options = field(default_factory=dict)
    masked: bool = False
    kind: Kind = "continuous"
    classes: int = 0
    version: int = 1

    def stream(self, name: str, inventory: PhoneInventory, options: Options) -> Stream:
        """Return the stream that this family makes with these options."""
        del inventory
        return Stream(name, self.dimension(options), kind=self.kind, classes=self.classes, masked=self.masked)


@dataclass(frozen=True)
class TextFamily(Shown):
    """Targets known from the text, one row a segment.

    ``label(sentence, inventory, **options)`` returns float32 (segments, dimension). Raise ``version`` when the same sentence
    gives other numbers.
    """

    label: Callable[..., np.ndarray]
    make_stream: Callable[[str, PhoneInventory], Stream]
    options: Options = field(default_factory=dict)
    version: int = 1

    def stream(self, name: str, inventory: PhoneInventory, options: Options) -> Stream:
        """Return the stream that this family makes."""
        del options
        return self.make_stream(name, inventory)


@dataclass(frozen=True)
class TimedUtterance:
    """An utterance of which everything is known: what is said, when, and the vocoder's parameters.

    ``durations`` are frames in every state of every segment, int (segments, states); ``streams`` are ``mcep``, ``lf0`` (log
    Hz, interpolated through unvoiced stretches), ``vuv`` (0 or 1) and ``bap``, float32 (frames, dimension) each.
    """

    sentence: Sentence
    durations: np.ndarray
    streams: Mapping[str, np.ndarray]
    grid: FrameGrid

    @property
    def segment_of_frame(self) -> np.ndarray:
        """The number of the segment that each frame belongs to, int64 (frames,)."""
        return np.repeat(np.arange(len(self.durations)), self.durations.sum(axis=1))


@dataclass(frozen=True)
class TimedFamily(Shown):
    """Targets known once an utterance is analysed and aligned: ``label(spoken, **options)`` returns float32 (frames, columns).

    ``make_stream(name, options)`` says which stream that is. Raise ``version`` when the same options give other numbers. With
    ``by_segment`` they have a row a segment, so that the duration model can learn them.
    """

    label: Callable[..., np.ndarray]
    make_stream: Callable[[str, Options], Stream]
    options: Options = field(default_factory=dict)
    version: int = 1
    by_segment: bool = False

    def stream(self, name: str, inventory: PhoneInventory, options: Options) -> Stream:
        """Return the stream that this family makes with these options."""
        del inventory
        return self.make_stream(name, options)


@dataclass(frozen=True)
class SpeakerFamily(Shown):
    """Who speaks: a class stream, one label for a whole utterance."""

    options: Options = field(default_factory=dict)

    def stream_of(self, name: str, speakers: Sequence[str]) -> Stream:
        """Return the stream for a corpus of these speakers."""
        return Stream(name, 1, kind="class", classes=len(speakers))

    def label(self, speaker: int, segments: int) -> np.ndarray:
        """Return the speaker's number for every segment of an utterance, float32 (segments, 1)."""
        return np.full((segments, 1), speaker, dtype=np.float32)


Family = AudioFamily | TextFamily | TimedFamily | SpeakerFamily
_NOT_FAMILIES = {"__init__", "base", "losses", "own", "registry"}


@lru_cache(maxsize=1)
def built_in_names() -> tuple[str, ...]:
    """Return the names of the task families of this package."""
    return tuple(sorted(path.stem for path in Path(__file__).parent.glob("*.py") if path.stem not in _NOT_FAMILIES))


def check_values(stream: Stream, values: Any, rows: int, where: str) -> np.ndarray:
    """Return ``values`` if they are what a stream promises for ``rows`` rows, else raise :class:`TtsError` naming ``where``."""
    what = f"{where}: task {stream.name}"
    if not isinstance(values, np.ndarray) or values.shape != (rows, stream.columns):
        found = f"an array of shape {values.shape}" if isinstance(values, np.ndarray) else f"a {type(values).__name__}"
        raise TtsError(f"{what} gave {found}, expected an array of shape {(rows, stream.columns)}")
    if not np.isfinite(values).all():
        raise TtsError(f"{what} gave values that are not finite; mask frames without a value instead")
    kept = values[:, : stream.dimension]
    if stream.kind == "binary" and not np.isin(kept, (0.0, 1.0)).all():
        raise TtsError(f"{what} is binary but gave values other than 0 and 1")
    if stream.kind == "class" and not (np.isin(kept, np.arange(stream.classes))).all():
        raise TtsError(f"{what} gave labels other than whole numbers from 0 to {stream.classes - 1}")
    return values
