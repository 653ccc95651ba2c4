"""An object a line: NeMo's manifests, the ``dataset.jsonl`` of Piper's preprocessing, and others with usual names of keys.

Sources: NVIDIA NeMo, "Data Preprocessing" of its TTS documents (``audio_filepath``, ``duration``, ``text``,
``normalized_text``, ``speaker``) and DALI's ``readers.nemo_asr`` (``offset``: with it or with a file that several lines name,
``duration`` is that of the part); rhasspy/piper, ``piper_train/preprocess.py`` (``audio_path``, ``text``, ``speaker``).
"""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from pydantic import AliasChoices, BaseModel, ConfigDict, Field, ValidationError

from tts.core.errors import TtsError, UsageError
from tts.corpora.entries import Entry, check_root
from tts.corpora.lines import stream_lines
from tts.corpora.scan import Scan, by_speaker
from tts.corpora.types import CorpusSource

_AUDIO = ("audio_filepath", "audio_path", "audio_file", "audio", "wav", "wav_path", "path", "file_name", "filename", "file")
_TEXT = ("text", "transcript", "transcription", "sentence", "raw_text")
_NORMALISED = ("normalized_text", "normalised_text", "text_normalized", "text_normalised", "clean_text")
_LHOTSE = ("recordings", "supervisions", "cuts")


class Line(BaseModel):
    """What a line says; times in seconds."""

    model_config = ConfigDict(extra="ignore", frozen=True, coerce_numbers_to_str=True)

    audio: str = Field("", validation_alias=AliasChoices(*_AUDIO))
    text: str = Field("", validation_alias=AliasChoices(*_TEXT))
    normalised: str | None = Field(None, validation_alias=AliasChoices(*_NORMALISED))
    speaker: str | None = Field(None, validation_alias=AliasChoices("speaker", "speaker_name", "speaker_id", "spk"))
    id: str | None = Field(None, validation_alias=AliasChoices("id", "utt_id", "utterance_id", "utt", "key"))
    offset: float | None = Field(None, validation_alias=AliasChoices("offset", "start", "begin"))
    end: float | None = None
    duration: float | None = None


def json_lines_files(root: Path) -> list[Path]:
    """Return the files directly in ``root`` whose first line is an object with a recording and a text."""
    names = [path for path in sorted(root.iterdir()) if path.suffixes[-1:] == [".json"] or ".jsonl" in path.suffixes]
    return [path for path in names if path.is_file() and not any(word in path.name for word in _LHOTSE) and _is_list(path)]


def _is_list(path: Path) -> bool:
    try:
        line = Line.model_validate_json(next(stream_lines(path), (0, ""))[1])
    except (ValidationError, TtsError):
        return False
    return bool(line.audio and (line.text or line.normalised))


def scan_json_lines(root: Path, source: CorpusSource) -> Scan:
    """Look through the list ``source.file`` in ``root``, or the only one there.

    Raises :class:`UsageError` where there is no list or several, :class:`TtsError` for one that cannot be read.
    """
    check_root(root)
    found = [root / source.file] if source.file is not None else json_lines_files(root)
    if len(found) != 1:
        names = ", ".join(path.name for path in found) or "none"
        raise UsageError(f"{root}: expected one list of JSON lines, there is {names}; name the one to use with corpus.file")
    entries, normalised = json_line_entries(found[0], source)
    notes = [f"JSON lines of {found[0].name}", *(["some have a normalised text"] if normalised else [])]
    return by_speaker(root, source, entries, notes)


def json_line_entries(path: Path, source: CorpusSource) -> tuple[list[Entry], bool]:
    """Return what the lines of a list say, and whether some have a normalised text."""
    lines: list[tuple[int, Line | str]] = []
    for number, text in stream_lines(path):
        try:
            lines.append((number, Line.model_validate_json(text)))
        except ValidationError as error:
            first = error.errors()[0]
            lines.append((number, f"{'.'.join(map(str, first['loc']))}: {first['msg']}".lstrip(": ")))
    uses = Counter(line.audio for _, line in lines if isinstance(line, Line))
    entries = []
    for number, line in lines:
        place = f"{path}:{number}"
        if isinstance(line, str):
            entries.append(
                Entry(id="", text="", audio="", place=place, fault=("form", f"is no object of an utterance ({line})"))
            )
        else:
            entries.append(_entry(line, source, place, shared=uses[line.audio] > 1))
    return entries, any(isinstance(line, Line) and bool(line.normalised) for _, line in lines)


def _entry(line: Line, source: CorpusSource, place: str, *, shared: bool) -> Entry:
    """Return what a line says; ``shared`` tells that other lines name the same file."""
    column = source.text_column
    normalised = line.normalised or ""
    part = line.offset is not None or shared
    start = line.offset or 0.0
    end = line.end if line.end is not None else start + line.duration if part and line.duration is not None else None
    return Entry(
        id=line.id or "",
        text=normalised if column == "normalised" or (column == "auto" and normalised) else line.text,
        audio=line.audio or line.id or "",
        place=place,
        speaker=line.speaker or "",
        start=start,
        end=end,
    )
