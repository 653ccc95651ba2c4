"""Text files read into requests.

Five formats, blank lines ignored:

* ``lines``: a line, or a paragraph, is a text; its name is the file's stem and the number of its first line (``story-00012``).
* ``ids``: ``id|text`` or ``id|speaker|text``, split at the one or two bars of the line. A first line of the columns' names is
  passed over, and LJSpeech metadata (``id|text|text as it is read``) is known by its texts.
* ``jsonl``: an object with ``text`` and, optionally, ``id``, ``speaker``, ``speed``, ``pitch``, ``digits``, ``temperature`` and
  ``seed``; any other key is refused.
* ``ssml``: the whole file is an SSML document (:mod:`tts.text.ssml`), one text whose name is the file's stem.
* ``labels``: the whole file is the full-context labels of one text (:mod:`tts.generation.spoken_labels`), as in ssml.

``auto`` decides a file at a time: ``ssml`` where the name ends in .ssml or .xml, ``labels`` where it ends in .lab and holds
such, ``jsonl`` where the name ends in .jsonl or the first line starts with a brace, ``ids`` where every line has a bar,
``lines`` where none has; a mixture, and tables of tabs or quoted commas, are refused. Of ``lines``, ``paragraphs`` says whether
each is a text (``lines``), or all up to a blank line (``blank``); ``auto`` looks whether they are wrapped
(:mod:`tts.generation.paragraphs`). Whatever was decided about a file that could be read otherwise is logged.
"""

from __future__ import annotations

import json
import logging
import re
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, get_args

from tts.core.errors import Missing, UsageError
from tts.core.remote import Remote
from tts.generation.paragraphs import Lines, Paragraphs, is_wrapped, join_lines
from tts.generation.requests import Request, refuse_duplicates
from tts.generation.spoken_labels import looks_like_labels
from tts.recipe.names import DigitsName

log = logging.getLogger(__name__)

Format = Literal["auto", "lines", "ids", "jsonl", "ssml", "labels"]
STRINGS = ("id", "text", "speaker", "digits")  # keys of JSON lines whose values are strings
NUMBERS = ("speed", "pitch", "temperature", "seed")
_KEYS = "id, text, speaker, speed, pitch, digits, temperature and seed"
STANDARD = Path("-")  # input or output

# What people call the columns of a table of texts.
_COLUMNS = frozenset(
    (
        *("id", "utt", "utt_id", "utterance", "file", "filename", "file_name", "path", "wav", "audio", "name", "key"),
        *("speaker", "spk", "text", "sentence", "transcript", "transcription", "normalized_text", "normalised_text"),
    )
)
_CSV = re.compile(r'(?:"(?:[^"]|"")*"|[^",]*)(?:,(?:"(?:[^"]|"")*"|[^",]*))*')


@dataclass(frozen=True)
class Usual:
    """What holds for texts that do not say otherwise; see :class:`tts.generation.requests.Request`."""

    speed: float = 1.0
    pitch: float = 0.0
    speaker: str = ""
    digits: DigitsName | None = None
    temperature: float = 0.0
    seed: int = 0


def read_requests(
    paths: Sequence[Path | Remote],
    format: Format = "auto",
    *,
    paragraphs: Paragraphs = "auto",
    **usual: Any,
) -> list[Request]:
    """Read text files, ``-`` being standard input, into requests in order.

    ``usual`` are attributes of :class:`Usual`, for texts that do not say otherwise. A line whose text is empty or all
    punctuation is kept: speaking it fails and is reported. Raises :class:`UsageError` naming file and line for a broken line,
    an id that is unsafe or taken, a file that is missing, not UTF-8, without any text, or a table of another kind.
    """
    for what, value, known in (("format", format, get_args(Format)), ("paragraphs", paragraphs, get_args(Paragraphs))):
        if value not in known:
            raise UsageError(f"{what} {value!r} is unknown; choose one of {', '.join(known)}")
    own = Usual(**usual)
    requests = [request for path in paths for request in _read_file(path, format, paragraphs, own)]
    refuse_duplicates(requests)
    return requests


def _read_file(path: Path | Remote, format: Format, paragraphs: Paragraphs, usual: Usual) -> list[Request]:
    name = "standard input" if path == STANDARD else str(path).encode(errors="replace").decode()  # it may be any bytes
    text = _text(path, name)
    lines: Lines = [(number, line) for number, line in enumerate(text.split("\n"), 1) if line.strip()]
    if not lines:
        raise UsageError(f"{name}: there is no text in it")
    chosen = _guess(path, name, lines) if format == "auto" else format
    stem = "stdin" if path == STANDARD else _safe_stem(path)
    if chosen != "lines" and paragraphs == "blank":
        raise UsageError(f"{name}: --paragraphs blank is for plain text, but these lines are {chosen}; leave it out")
    if chosen in ("ssml", "labels"):
        return [Request(**{**vars(usual), "id": stem, "text": text, chosen: True, "place": name})]
    read: Callable[[str, str], dict[str, Any]] = _json_fields
    if chosen == "ids":
        lines = _without_header(name, lines)
        read = _metadata_fields if _is_metadata(name, lines) else _id_fields
    elif chosen == "lines":
        lines = _paragraphs(name, lines, paragraphs)
        read = _line_fields
    requests, idle = [], []
    for number, line in lines:
        place = f"{name}:{number}"
        fields = read(line, place)
        numbered = {} if "id" in fields else {"id": f"{stem}-{number:05d}", "numbered": True}
        requests.append(Request(**{**vars(usual), **fields, **numbered}, place=place))
        if "seed" in fields and not requests[-1].temperature:
            idle.append(number)
    if idle:
        log.warning(
            "%s:%d: the key seed says which take is drawn, and at temperature 0 all are alike, so it changes nothing "
            "(lines so: %d); add the key temperature or --temperature",
            *(name, idle[0], len(idle)),
        )
    return requests


def _paragraphs(name: str, lines: Lines, paragraphs: Paragraphs) -> Lines:
    """Return the texts of plain lines with the numbers of their first lines."""
    wrapped = paragraphs == "blank" or (paragraphs == "auto" and is_wrapped(lines))
    if not wrapped:
        return lines
    joined = join_lines(lines)
    if paragraphs == "auto":
        log.warning(
            "%s: its %d lines look wrapped and are read as %d paragraphs (--paragraphs lines reads each line by itself)",
            *(name, len(lines), len(joined)),
        )
    return joined


def _line_fields(line: str, place: str) -> dict[str, Any]:
    del place
    return {"text": line.strip()}


def _id_fields(line: str, place: str) -> dict[str, Any]:
    key, *who, text = map(str.strip, line.split("|"))
    if len(who) > 1 or not key + text or "|" not in line:
        hint = "use JSON lines for a text that has a bar"
        raise UsageError(f"{place}: expected id|text or id|speaker|text, with exactly one bar or two; {hint}")
    return {"id": key, "text": text} | ({"speaker": who[0]} if who and who[0] else {})


def _metadata_fields(line: str, place: str) -> dict[str, Any]:
    key, raw, *normalised = map(str.strip, line.split("|"))
    if len(normalised) != 1:
        raise UsageError(f"{place}: expected id|text|text as it is read, as in the lines before")
    return {"id": key, "text": normalised[0] or raw}


def _is_metadata(name: str, lines: Lines) -> bool:
    """Return whether lines of two bars are LJSpeech metadata: their second column is what is said, not who says it."""
    columns = [[column.strip() for column in line.split("|")] for _, line in lines]
    if any(len(row) != 3 for row in columns):
        return False
    said = [row[1] and (row[1] == row[2] or len(row[1].split()) > 2 or row[1][-1] in ".!?…") for row in columns]
    if sum(map(bool, said)) < 0.5 * len(said):
        return False
    log.warning("%s: read as LJSpeech metadata, id|text|text as it is read: the last column is spoken", name)
    return True


def _without_header(name: str, lines: Lines) -> Lines:
    """Pass over a first line of the columns' names."""
    first = {column.strip().lower() for column in lines[0][1].split("|")}
    if len(lines) < 2 or len(first) < 2 or not first <= _COLUMNS:
        return lines
    log.warning("%s:%d: taken for the names of the columns, and not spoken", name, lines[0][0])
    return lines[1:]


def _text(path: Path | Remote, name: str) -> str:
    try:
        data = sys.stdin.buffer.read() if path == STANDARD else path.read_bytes()
    except Missing as error:
        raise UsageError(str(error)) from None
    except OSError as error:
        raise UsageError(f"{name}: cannot be read ({error.strerror or error})") from None
    try:
        return data.decode("utf-8-sig").replace("\r\n", "\n").replace("\r", "\n")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise UsageError(f"{name}:{line}: not UTF-8; save the file as UTF-8 text") from None


def _safe_stem(path: Path | Remote) -> str:
    """Make a file's stem safe: other characters than letters, digits, dots and dashes become underscores."""
    return re.sub(r"[^\w.-]", "_", path.stem).strip(".-")[:60] or "text"


def _guess(path: Path | Remote, name: str, lines: Lines) -> Format:
    if path.suffix.lower() in (".ssml", ".xml"):
        return "ssml"
    if path.suffix.lower() == ".lab" and looks_like_labels([line for _, line in lines]):
        return "labels"
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
    for what, is_row in (("tabs", _has_tab), ("quoted commas", _is_quoted)):
        if sum(is_row(line) for _, line in lines) >= max(1, len(lines) - 1):  # the first may be a header
            raise UsageError(
                f"{name}: looks like a table with {what}, whose ids would be spoken; write id|text with bars, or say "
                "--format lines if the lines are to be spoken as they stand"
            )
    return "lines"


def _has_tab(line: str) -> bool:
    first, tab, rest = line.strip().partition("\t")
    return bool(tab) and bool(rest.strip()) and not re.search(r"\s", first)


def _is_quoted(line: str) -> bool:
    """Whether a line is several fields with commas between them, one of them in quotes."""
    return bool(re.search(r'(?:^|,)"|",', line.strip())) and "," in line and bool(_CSV.fullmatch(line.strip()))


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
        elif key in NUMBERS:
            right = isinstance(value, int | float) and not isinstance(value, bool)
            if key == "seed" and right:
                right = float(value).is_integer()
                data["seed"] = int(value) if right else value
        else:
            raise UsageError(f"{place}: unknown key {key!r}; known are {_KEYS}")
        if not right:
            kind = "string" if key in STRINGS else "whole number" if key == "seed" else "number"
            raise UsageError(f"{place}: {key} must be a {kind}, not {json.dumps(value)}")
        if isinstance(value, str) and any("\ud800" <= c <= "\udfff" for c in value):
            raise UsageError(f"{place}: {key} has half a surrogate pair, which is no character; write the whole pair")
    return data
