"""What is to be spoken: requests, and the text files they are read from.

Three formats, one utterance a line, blank lines ignored:

* ``lines``: the line is the text; its name is the file's stem and the line number (``story-00012``).
* ``ids``: ``id|text`` or ``id|speaker|text``, split at the one or two bars of the line.
* ``jsonl``: an object with ``text`` and, optionally, ``id``, ``speaker``, ``speed`` and ``pitch``; any other key is refused.

``auto`` decides a file at a time: ``jsonl`` where the name ends in .jsonl or the first line starts with a brace, ``ids`` where
every line has a bar, ``lines`` where none has; a mixture is refused.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, get_args

from tts.core.errors import UsageError
from tts.core.names import file_key, name_fault
from tts.generation.durations import MAX_SPEED, MIN_SPEED

Format = Literal["auto", "lines", "ids", "jsonl"]
STRINGS = ("id", "text", "speaker")  # keys of JSON lines whose values are strings
STANDARD = Path("-")  # input or output
MAX_PITCH = 24.0  # semitones up or down
MAX_ID = 100


@dataclass(frozen=True)
class Request:
    """A text to speak, under a name that is safe as that of a file.

    ``speed`` is a factor in 0.25..4 on the voice's own, ``pitch`` a shift in semitones in -24..24. ``place`` says where it was
    read, ``FILE:LINE``, for messages. ``speaker`` is the name or number of one of the voice's, empty for its first.
    """

    id: str
    text: str
    speed: float = 1.0
    pitch: float = 0.0
    place: str = ""
    speaker: str = ""

    def __post_init__(self) -> None:
        if any("\ud800" <= character <= "\udfff" for character in self.text):
            raise UsageError(f"{self.id}: the text is not valid UTF-8; convert it first")
        fault = unsafe(self.id)
        if fault:
            raise UsageError(self.located(f"the id {self.id!r} {fault}; ids become file names, choose another"))
        if not MIN_SPEED <= self.speed <= MAX_SPEED:
            raise UsageError(self.located(f"speed {self.speed:g} is outside {MIN_SPEED:g}..{MAX_SPEED:g}"))
        if not abs(self.pitch) <= MAX_PITCH:
            raise UsageError(self.located(f"pitch {self.pitch:g} is outside -{MAX_PITCH:g}..{MAX_PITCH:g} semitones"))

    def located(self, message: str) -> str:
        """Return ``message`` behind the place where this request was read."""
        return f"{self.place}: {message}" if self.place else message


def unsafe(name: str) -> str:
    """Say why ``name`` cannot be the name of a request, "" if it can."""
    return f"is longer than {MAX_ID} characters" if len(name) > MAX_ID else name_fault(name)


def read_requests(
    paths: Sequence[Path], format: Format = "auto", *, speed: float = 1.0, pitch: float = 0.0, speaker: str = ""
) -> list[Request]:
    """Read text files, ``-`` being standard input, into requests in order; the keywords are for lines that set none.

    A line whose text is empty or all punctuation is kept: speaking it fails and is reported. Raises :class:`UsageError` naming
    file and line for a broken line, an id that is unsafe or taken, a file that is missing, not UTF-8 or without any text.
    """
    if format not in get_args(Format):
        raise UsageError(f"format {format!r} is unknown; choose one of {', '.join(get_args(Format))}")
    usual = {"speed": speed, "pitch": pitch, "speaker": speaker}
    requests = [request for path in paths for request in _read_file(path, format, usual)]
    refuse_duplicates(requests)
    return requests


def refuse_duplicates(requests: Iterable[Request]) -> None:
    """Raise :class:`UsageError` naming both places if two ids are the same file on some file system."""
    seen: dict[str, Request] = {}
    for request in requests:
        other = seen.setdefault(file_key(request.id), request)
        if other is not request:
            raise UsageError(
                request.located(f"the id {request.id!r} is taken by {other.id!r} at {other.place or 'an earlier request'}; "
                                "rename one, or its file where ids are made from file names")
            )  # fmt: skip


def _read_file(path: Path, format: Format, usual: dict[str, Any]) -> list[Request]:
    name = "standard input" if path == STANDARD else str(path)
    lines = [(number, line) for number, line in enumerate(_text(path, name).split("\n"), 1) if line.strip()]
    if not lines:
        raise UsageError(f"{name}: there is no text in it")
    stem = "stdin" if path == STANDARD else _safe_stem(path)
    chosen = _guess(path, name, lines) if format == "auto" else format
    requests = []
    for number, line in lines:
        place = f"{name}:{number}".encode(errors="replace").decode()  # a file name may be any bytes
        fields: dict[str, Any] = {"id": f"{stem}-{number:05d}", "place": place, **usual}
        if chosen == "jsonl":
            fields |= _json_fields(line, place)
        elif chosen == "ids":
            key, *who, text = map(str.strip, line.split("|"))
            if len(who) > 1 or not key + text or "|" not in line:
                hint = "use JSON lines for a text that has a bar"
                raise UsageError(f"{place}: expected id|text or id|speaker|text, with exactly one bar or two; {hint}")
            fields |= {"id": key, "text": text} | ({"speaker": who[0]} if who and who[0] else {})
        else:
            fields["text"] = line.strip()
        requests.append(Request(**fields))
    return requests


def _text(path: Path, name: str) -> str:
    try:
        data = sys.stdin.buffer.read() if path == STANDARD else path.read_bytes()
    except OSError as error:
        raise UsageError(f"{name}: cannot be read ({error.strerror or error})") from None
    try:
        return data.decode("utf-8-sig").replace("\r\n", "\n").replace("\r", "\n")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise UsageError(f"{name}:{line}: not UTF-8; save the file as UTF-8 text") from None


def _safe_stem(path: Path) -> str:
    """Make a file's stem safe: other characters than letters, digits, dots and dashes become underscores."""
    return re.sub(r"[^\w.-]", "_", path.stem).strip(".-")[:60] or "text"


def _guess(path: Path, name: str, lines: list[tuple[int, str]]) -> Format:
    if path.suffix.lower() == ".jsonl" or lines[0][1].lstrip().startswith("{"):
        return "jsonl"
    with_bar = [number for number, line in lines if "|" in line]
    if len(with_bar) == len(lines):
        return "ids"
    if with_bar:
        without = next(number for number, line in lines if "|" not in line)
        raise UsageError(
            f"{name}: line {with_bar[0]} looks like id|text and line {without} does not; say --format ids or --format lines"
        )
    return "lines"


def _json_fields(line: str, place: str) -> dict[str, Any]:
    """Return the checked fields of one JSON line."""

    def unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        names = [key for key, _ in pairs]
        for key in names:
            if names.count(key) > 1:
                raise UsageError(f"{place}: the key {key!r} is there twice")
        return dict(pairs)

    try:
        data = json.loads(line, object_pairs_hook=unique, parse_int=float)
    except (json.JSONDecodeError, RecursionError) as error:
        hint = "" if line.lstrip().startswith("{") else "; say --format lines or ids if the file is not JSON lines"
        raise UsageError(f"{place}: not valid JSON ({error}){hint}") from None
    if not isinstance(data, dict):
        raise UsageError(f'{place}: expected a JSON object with a text, such as {{"text": "Hello."}}')
    if "text" not in data:
        raise UsageError(f'{place}: the key "text" is missing')
    for key, value in data.items():
        if key in STRINGS:
            right = isinstance(value, str)
        elif key in ("speed", "pitch"):
            right = isinstance(value, int | float) and not isinstance(value, bool)
        else:
            raise UsageError(f"{place}: unknown key {key!r}; known are id, text, speaker, speed and pitch")
        if not right:
            raise UsageError(f"{place}: {key} must be a {'string' if key in STRINGS else 'number'}, not {json.dumps(value)}")
        if isinstance(value, str) and any("\ud800" <= c <= "\udfff" for c in value):
            raise UsageError(f"{place}: {key} has half a surrogate pair, which is no character; write the whole pair")
    return data
