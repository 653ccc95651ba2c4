"""The record of a folder of speech, ``manifest.jsonl``: one JSON object a text, what was asked for and what became of it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final, Literal, get_args

from tts.core.errors import TtsError
from tts.core.files import write_text
from tts.generation.requests import unsafe

MANIFEST: Final = "manifest.jsonl"

# ``moving`` and ``arriving``: on its way from one name to another, see :mod:`tts.generation.renumbering`.
Status = Literal["planned", "spoken", "failed", "moving", "arriving"]


@dataclass(frozen=True)
class Entry:
    """What is known of a text.

    ``place`` says where it was read; ``settings`` are :meth:`tts.generation.synthesiser.SynthesisSettings.sound`, ``voice``
    identifies the voice, ``format`` and ``rate`` the kind of file (None: the voice's own rate). ``seconds`` and ``file`` are
    of a text that was spoken, ``unread`` its tokens without a reading (``token``, and ``reading`` where something was read in
    its place), ``error`` of one that failed, ``moved_from`` of one whose files get another name; ``ssml`` says that the text is
    an SSML document, ``labels`` that it is a label file, ``digits`` how numbers were read if not as the voice has it,
    ``temperature`` and ``seed`` how the take was drawn.
    """

    id: str
    text: str
    status: Status = "planned"
    speaker: str = ""
    speed: float = 1.0
    pitch: float = 0.0
    voice: str = ""
    settings: Mapping[str, Any] = field(default_factory=dict)
    format: str = "wav"
    rate: int | None = None
    place: str = ""
    file: str = ""
    seconds: float | None = None
    error: str = ""
    unread: Sequence[Mapping[str, Any]] = ()
    moved_from: str = ""
    ssml: bool = False
    labels: bool = False
    digits: str | None = None
    temperature: float = 0.0
    seed: int = 0

    @property
    def content(self) -> str:
        """What decides the sound: equal for two entries that are the same speech, whatever their names."""
        data = [getattr(self, key) for key in _CONTENT]
        return json.dumps(data, sort_keys=True, ensure_ascii=True)

    def differences(self, other: Entry) -> list[str]:
        """Name what the two would sound different by."""
        return [key for key in _CONTENT if getattr(self, key) != getattr(other, key)]

    def to_json(self) -> str:
        """Return a line of the manifest; :meth:`from_json` is its inverse."""
        data = {key: value for key, value in vars(self).items() if key in _ALWAYS or value != _DEFAULTS[key]}
        return json.dumps(data, ensure_ascii=False, allow_nan=False) + "\n"

    @staticmethod
    def from_json(line: bytes) -> Entry:
        """Read a line of a manifest; one that is not an entry raises ``ValueError``, ``TypeError`` or ``KeyError``."""
        data = json.loads(line)
        entry = Entry(**{"text": "", **data})
        names = [entry.id, *([entry.moved_from] if entry.moved_from else [])]
        if entry.status not in get_args(Status) or not isinstance(entry.text, str) or any(map(unsafe, names)):
            raise ValueError("an entry that no run of tts speak wrote")
        return entry


_CONTENT = (
    "text",
    "speaker",
    "speed",
    "pitch",
    "voice",
    "settings",
    "format",
    "rate",
    "ssml",
    "labels",
    "digits",
    "temperature",
    "seed",
)
_ALWAYS = ("id", "status", "text", "speed", "pitch", "voice", "settings", "place")
_DEFAULTS: dict[str, Any] = vars(Entry("", "")) | {"settings": None}


class Manifest:
    """The record in a folder: ``entries`` maps ids to what was last known of them; ``stored`` is called when it is written."""

    def __init__(self, folder: Path, stored: Callable[[], None] = lambda: None) -> None:
        self.path = folder / MANIFEST
        self._stored = stored
        self.entries: dict[str, Entry] = {}
        lines = self.path.read_bytes().split(b"\n") if self.path.is_file() else []
        for number, line in enumerate(lines, 1):
            try:
                entry = Entry.from_json(line)
                self.entries[entry.id] = entry
            except (ValueError, KeyError, TypeError, RecursionError):
                # The last line has no end only where a run was cut short in writing it: then nothing was promised yet.
                if number < len(lines):
                    message = "not an entry of a manifest; repair it, or choose another folder"
                    raise TtsError(f"{self.path}:{number}: {message}") from None

    @contextmanager
    def recording(self, planned: Iterable[Entry]) -> Iterator[None]:
        """Enter what is planned, let :meth:`add` append what became of it, and leave one entry an id, however it ends."""
        self.entries.update({entry.id: entry for entry in planned})
        self.store()
        with self.path.open("a", encoding="utf-8", newline="\n") as self._file:
            try:
                yield
            finally:
                self._file.close()
                self.store()

    def add(self, entry: Entry) -> None:
        """Record what became of a text, at once."""
        self.entries[entry.id] = entry
        self._file.write(entry.to_json())
        self._file.flush()

    def store(self) -> None:
        """Write all entries, one an id."""
        write_text(self.path, "".join(entry.to_json() for entry in self.entries.values()))
        self._stored()

    def change(self, ids: Iterable[str], **changes: Any) -> None:
        """Change the entries of ``ids`` and write the record."""
        for key in ids:
            self.entries[key] = replace(self.entries[key], **changes)
        self.store()
