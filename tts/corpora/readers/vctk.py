"""VCTK: a text file and a recording an utterance, two microphones.

Source: lhotse 1.33, recipe ``vctk`` (folders of version 0.92 and of the older archive; p315 has no texts, p280 no second
microphone, some of p362 no recordings); ``TTS/tts/datasets/formatters.py`` of idiap/coqui-ai-TTS (``vctk``: microphone 1). Its
recipe is not called: it stops with a KeyError at the first text without a recording unless the speaker is p362, and opens all
88,000 recordings to use those of one speaker.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path

from tts.core.errors import UsageError
from tts.corpora.entries import Entry
from tts.corpora.lines import read_text
from tts.corpora.problems import Problem
from tts.corpora.recordings import Recordings
from tts.corpora.scan import Scan, recorded
from tts.corpora.types import CorpusSource

FOLDERS = {"wav48_silence_trimmed": True, "wav48": False}  # whether a file's name ends with the microphone
MICROPHONES = ("mic1", "mic2")
_REASONS = {
    "p280": "p280 was recorded by the first microphone alone",
    "p315": "the texts of p315 were lost",
}


def scan_vctk(root: Path, source: CorpusSource) -> Scan:
    """Look through ``txt/SPK/SPK_NNN.txt`` and ``wav48_silence_trimmed/SPK/SPK_NNN_mic1.flac``.

    ``source.part`` is ``mic1``, the default, which every speaker has, or ``mic2``. Of the older archive
    ``wav48/SPK/SPK_NNN.wav`` is read. A speaker whose texts or recordings are missing as a whole is no speaker, and a problem.
    """
    audio = next((root / name for name in FOLDERS if (root / name).is_dir()), None)
    if audio is None or not (root / "txt").is_dir():
        raise UsageError(f"{root}: holds no txt/ and wav48_silence_trimmed/ (or wav48/); name VCTK's folder with --corpus-root")
    microphone = source.part or MICROPHONES[0]
    if microphone not in MICROPHONES:
        raise UsageError(f"corpus.part: {microphone} is not a microphone of VCTK; expected mic1 or mic2")
    suffix = f"_{microphone}" if FOLDERS[audio.name] else ""
    spoken, written = ({path.name for path in folder.iterdir() if path.is_dir()} for folder in (audio, root / "txt"))
    speakers: dict[str, Callable[[], Iterable[Entry]]] = {}
    problems = []
    for name in sorted(spoken | written):
        lacks = _lacks(audio / name, root / "txt" / name, suffix)
        if lacks:
            why = f"; {_REASONS[name]}" if name in _REASONS else ""
            problems.append(Problem(name, "no_speaker", f"the speaker {name} has no {lacks}{why}", str(root)))
        else:
            speakers[name] = partial(_entries, audio / name, root / "txt" / name, suffix)
    if not speakers:
        raise UsageError(f"{root}: no speaker has texts and recordings of {microphone}; unpack the whole archive")
    return Scan(speakers, problems=tuple(problems))


def _lacks(audio: Path, texts: Path, suffix: str) -> str:
    """Return what a speaker has none of, or nothing."""
    if not texts.is_dir() or not any(texts.glob("*.txt")):
        return "texts"
    if not audio.is_dir() or not any(path.stem.endswith(suffix) for path in audio.iterdir()):
        return f"recordings of {suffix[1:]}" if suffix else "recordings"
    return ""


def _entries(audio: Path, texts: Path, suffix: str) -> list[Entry]:
    recordings, speaker = Recordings(audio), texts.name
    entries = []
    paths = sorted(path for path in texts.glob("*.txt") if not path.name.startswith("."))
    for path in paths:
        entries.append(recorded(recordings, path.stem, read_text(path), str(path), speaker, path.stem + suffix))
    named = {entry.id + suffix for entry in entries}
    for id in sorted(id for id in recordings.ids - named if id.endswith(suffix)):
        fault = ("no_text", "there is no text of this recording")
        name = id.removesuffix(suffix)
        entries.append(Entry(id=name, text="", audio="", place=str(audio), speaker=speaker, fault=fault))
    return entries
