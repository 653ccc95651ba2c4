"""Kaldi's data directories: ``wav.scp``, ``text``, and perhaps ``utt2spk`` and ``segments``.

Source: kaldi-asr.org/doc/data_prep.html and, for an end of -1 ("to the end"), extract-segments. Every line is a key, a
space and a value. A value of ``wav.scp`` is a file here: a command that ends with ``|`` is never run, and an offset in an
archive never followed. Without ``segments`` a recording is an utterance and has its name.
"""

from __future__ import annotations

from pathlib import Path

from tts.core.errors import UsageError
from tts.corpora.entries import Entry, check_root
from tts.corpora.lines import numbered_lines
from tts.corpora.scan import Scan, by_speaker
from tts.corpora.types import CorpusSource

_PIPE = "is a command, which is never run; let it write its output into a file and name that in wav.scp"
_ARCHIVE = "is a place in an archive, which is not read; write the recordings as files (wav-copy) and name those in wav.scp"


def is_kaldi(root: Path) -> bool:
    """Return whether a folder is a data directory with text."""
    return (root / "wav.scp").is_file() and (root / "text").is_file()


def scan_kaldi(root: Path, source: CorpusSource) -> Scan:
    """Look through the data directory ``root``; raises :class:`UsageError` for a missing file."""
    check_root(root)
    if not is_kaldi(root):
        missing = "wav.scp" if not (root / "wav.scp").is_file() else "text"
        raise UsageError(f"{root}: there is no {missing}; a Kaldi data directory has wav.scp and text")
    entries, notes = kaldi_entries(root)
    return by_speaker(root, source, entries, notes)


def kaldi_entries(root: Path) -> tuple[list[Entry], list[str]]:
    """Return what the directory's files say of every utterance of ``text``, and notes on how they were read."""
    recordings = _mapping(root / "wav.scp")
    texts = _mapping(root / "text")
    speakers = _mapping(root / "utt2spk") if (root / "utt2spk").is_file() else {}
    has_segments = (root / "segments").is_file()
    segments = _mapping(root / "segments") if has_segments else {}
    speaker_names = {name for _, name, _ in speakers.values()}
    telling = len(speakers) != len(speaker_names) or len(speakers) == 1  # else every utterance is its own speaker: not known
    entries: list[Entry] = []
    for id, (line, text, again) in texts.items():
        place = f"{root / 'text'}:{line}"
        fault = ("duplicate_id", f"its id is again on line {again}") if again else None
        recording, start, end, wrong = _segment(segments.get(id)) if has_segments else (id, 0.0, None, None)
        name, lacking = _audio(recordings.get(recording), recording)
        entries.append(
            Entry(
                id=id,
                text=text,
                audio=name,
                place=place,
                speaker=speakers[id][1] if telling and id in speakers else "",
                start=start,
                end=end,
                fault=fault or wrong or lacking,
            )
        )
    notes = ["utterances are parts of recordings, from segments"] if has_segments else []
    if silent := len((segments or recordings).keys() - texts.keys()):
        notes.append(f"{silent} {'segments' if has_segments else 'recordings'} have no text")
    return entries, notes


def _mapping(path: Path) -> dict[str, tuple[int, str, int]]:
    """Return, by key, the line, the value, and the line that has the key again (0 where none has)."""
    values: dict[str, tuple[int, str, int]] = {}
    for number, line in numbered_lines(path):
        key, _, value = line.strip().replace("\t", " ").partition(" ")
        values[key] = (values[key][0], values[key][1], number) if key in values else (number, value.strip(), 0)
    return values


def _segment(entry: tuple[int, str, int] | None) -> tuple[str, float, float | None, tuple[str, str] | None]:
    """Return recording, start and end of a line of ``segments``, and what is wrong with it."""
    if entry is None:
        return "", 0.0, None, ("segment", "segments has no line for it")
    line, value, again = entry
    fields = value.split()
    try:
        recording, start, end = fields[0], float(fields[1]), float(fields[2])
    except (ValueError, IndexError):
        return "", 0.0, None, ("segment", f"line {line} of segments: expected recording, start and end, not {value[:60]!r}")
    fault = ("duplicate_id", f"segments has it again on line {again}") if again else None
    return recording, start, None if end == -1.0 else end, fault


def _audio(entry: tuple[int, str, int] | None, recording: str) -> tuple[str, tuple[str, str] | None]:
    """Return the path that a line of ``wav.scp`` gives, and why it cannot be used."""
    if entry is None:
        return recording, ("missing_audio", f"wav.scp has no line for the recording {recording[:60]!r}") if recording else None
    line, value, again = entry
    if again:
        return value, ("duplicate_id", f"wav.scp has the recording {recording} on lines {line} and {again}")
    if value.endswith("|"):
        return value, ("command", f"line {line} of wav.scp: {value[:60]!r} {_PIPE}")
    name, colon, offset = value.rpartition(":")
    if colon and offset.isdigit() and name.endswith(".ark"):
        return value, ("archive", f"line {line} of wav.scp: {value[:60]!r} {_ARCHIVE}")
    return value, None
