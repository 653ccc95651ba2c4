"""Lhotse's manifests: ``recordings`` and ``supervisions``, or ``cuts``, as ``.jsonl`` or ``.jsonl.gz``.

Source: lhotse 1.33, ``Recording``, ``AudioSource``, ``SupervisionSegment`` and ``MonoCut`` (``to_dict``). The names of files
are those its recipes write: ``recordings.jsonl.gz``, ``PREFIX_recordings_PART.jsonl.gz``. They are read without lhotse, line by
line: of a recording only a source of one file is used, so no command of a manifest is run and no address opened.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from tts.core.errors import TtsError, UsageError
from tts.corpora.entries import Entry, check_root
from tts.corpora.lines import stream_lines
from tts.corpora.scan import Scan, by_speaker
from tts.corpora.types import CorpusSource, TextColumn

FOLDERS = ("", "manifests", "data/manifests")
_SUFFIXES = (".jsonl", ".jsonl.gz")


class _Part(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)


class AudioSource(_Part):
    """Where a recording's samples are; ``type`` is file, command, url or memory."""

    type: str
    source: Any
    channels: tuple[int, ...] = (0,)


class Recording(_Part):
    """A recording; ``duration`` in seconds."""

    id: str
    sources: tuple[AudioSource, ...]
    duration: float
    transforms: tuple[Any, ...] | None = None


class Supervision(_Part):
    """What is said in a part of a recording; times in seconds, in a cut from the cut's start."""

    id: str
    recording_id: str
    start: float
    duration: float
    channel: int | tuple[int, ...] = 0
    text: str | None = None
    speaker: str | None = None
    language: str | None = None
    custom: dict[str, Any] | None = None

    @property
    def normalised_text(self) -> str:
        """The text as ``custom.normalized_text`` has it, or nothing."""
        value = (self.custom or {}).get("normalized_text")
        return value if isinstance(value, str) else ""


class Cut(_Part):
    """A part of a recording with what is said in it."""

    id: str
    type: str = "MonoCut"
    start: float = 0.0
    duration: float = 0.0
    recording: Recording | None = None
    supervisions: tuple[Supervision, ...] = Field(())


_Kind = TypeVar("_Kind", bound=BaseModel)


def manifest_pairs(root: Path, file: str | None = None) -> list[tuple[Path, Path | None]]:
    """Return the files of recordings with those of supervisions that go with them, or files of cuts alone.

    ``file`` is the supervisions or cuts to use within ``root``; otherwise all of the first usual folder that has some, cuts
    only where there are no supervisions.
    """
    if file is not None:
        path = root / file
        recordings = path.with_name(path.name.replace("supervisions", "recordings"))
        return [(recordings, path)] if recordings != path else [(path, None)]
    for folder in (root / name for name in FOLDERS):
        names = sorted(path for path in folder.iterdir() if path.name.endswith(_SUFFIXES)) if folder.is_dir() else []
        supervisions = [path for path in names if "supervisions" in path.name]
        pairs = [(path.with_name(path.name.replace("supervisions", "recordings")), path) for path in supervisions]
        if pairs := [pair for pair in pairs if pair[0].is_file()]:
            return list(pairs)
        if cuts := [path for path in names if path.name.startswith("cuts") or "_cuts" in path.name]:
            return [(path, None) for path in cuts]
    return []


def scan_lhotse(root: Path, source: CorpusSource) -> Scan:
    """Look through the manifests in ``root``; raises :class:`UsageError` for none, :class:`TtsError` for a damaged one."""
    check_root(root)
    pairs = manifest_pairs(root, source.file)
    if not pairs:
        looked = "recordings.jsonl.gz with supervisions.jsonl.gz, nor cuts.jsonl.gz, there or in manifests/"
        raise UsageError(f"{root}: there is no {looked}; name the folder of the manifests, or one of them with corpus.file")
    names = ", ".join((supervisions or first).name for first, supervisions in pairs)
    return by_speaker(root, source, entries_of_files(pairs, source.text_column), [f"manifests {names}"])


def entries_of_files(pairs: Iterable[tuple[Path, Path | None]], column: TextColumn) -> list[Entry]:
    """Return what manifests (:func:`manifest_pairs`) say of every utterance."""
    entries: list[Entry] = []
    for first, supervisions in pairs:
        if supervisions is None:
            entries += _cut_entries(_lines(first, Cut), column, str(first))
        else:
            recordings = {recording.id: recording for _, recording in _lines(first, Recording)}
            entries += _entries(recordings, _lines(supervisions, Supervision), column, str(supervisions))
    return entries


def manifest_entries(
    recordings: Iterable[Mapping[str, Any]], supervisions: Iterable[Mapping[str, Any]], column: TextColumn, place: str
) -> list[Entry]:
    """Return the entries of manifests in memory, as lhotse's recipes return them (``RecordingSet.to_dicts()``).

    ``place`` says where they come from, for problems.
    """
    by_id = {data["id"]: Recording.model_validate(data) for data in recordings}
    numbered = enumerate((Supervision.model_validate(data) for data in supervisions), 1)
    return _entries(by_id, numbered, column, place)


def _lines(path: Path, kind: type[_Kind]) -> Iterator[tuple[int, _Kind]]:
    """Yield the objects of a manifest with their lines; a line that is none raises :class:`TtsError`."""
    for number, line in stream_lines(path):
        try:
            yield number, kind.model_validate_json(line)
        except ValidationError as error:
            first = error.errors()[0]
            where = ".".join(map(str, first["loc"]))
            raise TtsError(f"{path}:{number}: not a line of lhotse's {kind.__name__}s ({where}: {first['msg']})") from None


def _entries(
    recordings: Mapping[str, Recording], supervisions: Iterable[tuple[int, Supervision]], column: TextColumn, place: str
) -> list[Entry]:
    return [
        _entry(recordings.get(supervision.recording_id), supervision, column, f"{place}:{line}")
        for line, supervision in supervisions
    ]


def _cut_entries(cuts: Iterable[tuple[int, Cut]], column: TextColumn, place: str) -> list[Entry]:
    entries = []
    for line, cut in cuts:
        if cut.type != "MonoCut" or len(cut.supervisions) != 1:
            fault = ("cut", f"is a {cut.type} with {len(cut.supervisions)} supervisions; one recording and one are expected")
            entries.append(Entry(id=cut.id, text="", audio="", place=f"{place}:{line}", fault=fault))
            continue
        said = cut.supervisions[0]
        placed = said.model_copy(update={"start": cut.start + said.start})
        entries.append(_entry(cut.recording, placed, column, f"{place}:{line}"))
    return entries


def _entry(recording: Recording | None, supervision: Supervision, column: TextColumn, place: str) -> Entry:
    """Return an entry; ids and speakers that a recipe joins with a space or slash are left to :func:`collect` to judge."""
    normalised = supervision.normalised_text
    text = normalised if column == "normalised" or (column == "auto" and normalised) else supervision.text or ""
    file, fault = _file(recording, supervision)
    return Entry(
        id=supervision.id,
        text=text,
        audio=file,
        place=place,
        speaker=supervision.speaker or "",
        start=supervision.start,
        end=supervision.start + supervision.duration,
        seconds=recording.duration if recording else None,
        fault=fault,
    )


def _file(recording: Recording | None, supervision: Supervision) -> tuple[str, tuple[str, str] | None]:
    """Return the file that holds a recording, and why there is none."""
    if recording is None:
        return "", ("missing_audio", f"there is no recording {supervision.recording_id[:60]!r} in the manifest of recordings")
    if len(recording.sources) != 1 or recording.sources[0].type != "file" or not isinstance(recording.sources[0].source, str):
        kinds = ", ".join(source.type for source in recording.sources) or "nothing"
        return "", (
            "source",
            f"its recording is made of {kinds}, where one file is expected; commands and addresses are not run",
        )
    if recording.transforms:
        return "", ("transforms", "its recording is to be transformed by lhotse; save the result as a file")
    channel = supervision.channel if isinstance(supervision.channel, int) else min(supervision.channel, default=0)
    if len(recording.sources[0].channels) > 1 and channel != recording.sources[0].channels[0]:
        return "", ("channels", f"is spoken in channel {channel} of {len(recording.sources[0].channels)}; write it as a file")
    return recording.sources[0].source, None
