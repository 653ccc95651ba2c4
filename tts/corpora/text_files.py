"""A text file for each recording, with its name: ``a.wav`` and ``a.txt``, or ``a.lab`` as the Montreal Forced Aligner has it.

The texts lie beside the recordings, or in a tree of their own beside that of the recordings (``wav/anna/a.wav`` and
``txt/anna/a.txt``). Of several speakers each has a folder, directly within the root or within such a tree: VCTK's older form,
and what "Corpus structure" in the aligner's documents (montreal-forced-aligner.readthedocs.io) asks for.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from tts.core.errors import TtsError, UsageError
from tts.corpora.entries import Entry, check_root, collect
from tts.corpora.lines import one_line, read_text
from tts.corpora.problems import Problem
from tts.corpora.recordings import audio_suffixes
from tts.corpora.types import Corpus, CorpusSource

AUDIO_TREES = ("wavs", "wav", "audio", "recordings", "wav48", "flac")
TEXT_TREES = ("txt", "text", "texts", "transcripts", "transcript", "transcriptions", "lab")
SUFFIXES = (".normalized.txt", ".txt", ".lab", ".original.txt")
MOST_TEXT = 64 << 10  # bytes of one utterance's text; longer ones are chapters
_SKIPPED = {"downloads", "node_modules"}
_TIMES = re.compile(r"\s*\d+(\.\d+)?\s+\d+(\.\d+)?\s+\S+\s*|\s*#\s*")  # a line of labels: times, and what is there


def recordings_below(root: Path) -> Iterator[Path]:
    """Yield the recordings in ``root`` and its folders in order of name; hidden ones and links to folders are left alone."""
    suffixes = {*audio_suffixes()}
    for path in sorted(root.iterdir(), key=lambda path: path.name):
        if path.name.startswith(".") or path.name in _SKIPPED:
            continue
        if path.is_dir() and not path.is_symlink():
            yield from recordings_below(path)
        elif path.suffix.lower() in suffixes:
            yield path


def text_file_of(recording: Path, root: Path) -> Path | None:
    """Return the file with the text of a recording below ``root``, or None where there is none."""
    places = [recording.parent]
    parts = recording.relative_to(root).parts
    for place, part in enumerate(parts[:-1]):
        if part in AUDIO_TREES:
            above = root.joinpath(*parts[:place])
            places += [above.joinpath(tree, *parts[place + 1 : -1]) for tree in TEXT_TREES]
    for folder in places:
        for suffix in SUFFIXES:
            if (path := folder / f"{recording.stem}{suffix}").is_file():
                return path
    return None


def read_text_files(root: Path, source: CorpusSource) -> tuple[Corpus, list[Problem]]:
    """Read the recordings below ``root`` that have a text file.

    Where a folder has the name of the speaker, directly in the root or in a tree of recordings, only what lies in it is read.
    Raises as :func:`tts.corpora.entries.collect`.
    """
    check_root(root)
    base = root / source.audio if source.audio is not None else root
    if not base.is_dir():
        raise UsageError(f"corpus.audio: there is no folder {base}; name the folder of the recordings")
    trees = [base, *(base / tree for tree in AUDIO_TREES)]
    own = [tree / source.speaker for tree in trees if source.speaker and (tree / source.speaker).is_dir()]
    if source.of_several and not own:
        raise UsageError(f"{base}: there is no folder of the speaker {source.speaker}, there or in {', '.join(AUDIO_TREES)}")
    entries, lacking = text_file_entries(base, own or [base])
    if not entries:
        raise TtsError(
            f"{base}: none of {lacking} recordings has a text file beside it (.txt or .lab) or in a folder "
            f"{', '.join(TEXT_TREES[:3])} beside theirs"
        )
    notes = [f"{lacking} recordings have no text file"] if lacking else []
    if own and not source.of_several:
        notes += _left_notes(base, own)
    return collect(root, source, entries, notes)


def _left_notes(base: Path, own: Sequence[Path]) -> list[str]:
    """Return a note on the recordings that lie elsewhere than in the speaker's ``own`` folders."""
    others = [
        path.relative_to(base) for path in recordings_below(base) if not any(path.is_relative_to(folder) for folder in own)
    ]
    if not others:
        return []
    folders = list(dict.fromkeys(path.parent.as_posix() for path in others))
    names = ", ".join(folders[:6]) + (", ..." if len(folders) > 6 else "")
    return [f"{len(others)} recordings outside the speaker's folder {own[0].name} are not read: they lie in {names}"]


def text_file_entries(base: Path, folders: Sequence[Path], speaker: str = "") -> tuple[list[Entry], int]:
    """Return the recordings in ``folders`` within ``base`` that have a text file, and the number of those that have none."""
    entries = []
    lacking = 0
    for folder in folders:
        for recording in recordings_below(folder):
            if (path := text_file_of(recording, base)) is None:
                lacking += 1
                continue
            text, fault = _text(path)
            name = _name(recording, folder)
            entries.append(Entry(id=name, text=text, audio=recording, place=str(path), speaker=speaker, fault=fault))
    return entries, lacking


def texts_without_recording(root: Path, entries: Sequence[Entry]) -> list[Path]:
    """Return the text files beside those that ``entries`` come from that are the text of no recording."""
    used = {Path(entry.place) for entry in entries}
    suffixes = {path.suffix for path in used}
    folders = dict.fromkeys(path.parent for path in used)
    beside = (path for folder in folders for path in sorted(folder.iterdir()) if path.suffix in suffixes and path.is_file())
    stems = {path.name.partition(".")[0] for path in used}  # a.normalized.txt and a.original.txt are both of a
    return [
        path for path in beside if path not in used and path.name.partition(".")[0] not in stems and path.is_relative_to(root)
    ]


def speaker_folders(base: Path) -> dict[str, list[Path]]:
    """Return the folders within ``base``, or within its trees of recordings, that hold recordings, by name.

    Whether they are speakers or chapters a person must say. None are returned where a recording lies beside them.
    """
    folders: dict[str, list[Path]] = {}
    for recording in recordings_below(base):
        parts = recording.relative_to(base).parts
        place = 1 if parts[0] in AUDIO_TREES else 0
        if len(parts) <= place + 1:
            return {}
        folder = base.joinpath(*parts[: place + 1])
        if folder not in folders.setdefault(folder.name, []):
            folders[folder.name].append(folder)
    return folders


def _text(path: Path) -> tuple[str, tuple[str, str] | None]:
    """Return a file's text, and why it cannot be used."""
    try:
        text = read_text(path, MOST_TEXT)
    except TtsError as error:
        return "", ("text_file", str(error))
    lines = [line for line in text.split("\n") if line.strip()]
    if path.suffix == ".lab" and lines and all(_TIMES.fullmatch(line) for line in lines):
        return "", ("labels", "holds labels with times in place of a text; alignment.labels reads such files")
    return one_line(text), None


def _name(recording: Path, folder: Path) -> str:
    """Return a recording's name: its folders below that of the speaker, but not the tree of recordings, and its stem."""
    parts = recording.relative_to(folder).with_suffix("").parts
    return "_".join(part for part in parts if part not in AUDIO_TREES or part == parts[-1])
