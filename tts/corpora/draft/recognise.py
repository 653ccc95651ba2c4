"""Which layout a folder has: every reader looks, and what it makes of the folder is counted."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

from tts.core.errors import TtsError, UsageError
from tts.corpora.entries import Entry, with_clashes
from tts.corpora.festival import find_prompts, prompt_entries
from tts.corpora.json_lines import json_line_entries, json_lines_files
from tts.corpora.kaldi import is_kaldi, kaldi_entries
from tts.corpora.lhotse_manifests import entries_of_files, manifest_pairs
from tts.corpora.recording_paths import RecordingPaths
from tts.corpora.table import SEEN, SUFFIXES, load_table, table_entries, table_files
from tts.corpora.text_files import recordings_below, speaker_folders, text_file_entries, texts_without_recording
from tts.corpora.types import CorpusSource

ANYBODY = CorpusSource(name="", speaker="", language="", licence="")
MOST_FOLDERS = 1000
LISTED = 0.9  # share of a list's rows that have a recording, from which it is taken though more recordings lie about


@dataclass(frozen=True)
class Recognised:
    """A layout that fits a folder.

    ``format``, ``file`` and ``columns`` are a recipe's keys of these names; ``explained`` says what was taken for what.
    ``entries`` are the utterances of all speakers, ``audio_of`` their recordings by place in ``entries``, None where there is
    none. ``unlisted`` counts the recordings that no entry names; ``lost`` are texts in files of their own that have none.
    ``folders`` are names that may be those of speakers.
    """

    root: Path
    format: str
    explained: str
    entries: tuple[Entry, ...]
    audio_of: tuple[Path | None, ...]
    unlisted: int
    file: str | None = None
    columns: tuple[str, ...] = ()
    folders: tuple[str, ...] = ()
    lost: tuple[str, ...] = ()

    @cached_property
    def with_recording(self) -> int:
        """How many of the entries have a recording and a text."""
        pairs = zip(self.entries, self.audio_of, strict=True)
        return sum(audio is not None and bool(entry.text.strip()) and not entry.fault for entry, audio in pairs)

    @property
    def score(self) -> float:
        """How well it fits, 0..1: the share of rows with a recording times the share of recordings with a row."""
        good = self.with_recording
        return good / max(1, len(self.entries)) * good / max(1, good + self.unlisted)

    @property
    def speakers(self) -> tuple[str, ...]:
        """The speakers that the files name, the first in them first."""
        return tuple(dict.fromkeys(entry.speaker for entry in self.entries if entry.speaker))

    @property
    def recordings(self) -> list[Path]:
        """The recordings of the entries that can be used, each once, in order."""
        pairs = zip(self.entries, self.audio_of, strict=True)
        usable = (audio for entry, audio in pairs if audio is not None and entry.text.strip() and not entry.fault)
        return list(dict.fromkeys(usable))

    @property
    def texts(self) -> list[str]:
        """The texts of the entries, in order."""
        return [entry.text for entry in self.entries if entry.text.strip()]

    @property
    def listed(self) -> float:
        """The share of its rows that have a recording and a text, 0..1."""
        return self.with_recording / max(1, len(self.entries))

    @property
    def counted(self) -> str:
        """How much fits, in words: rows that can be used, what the others lack, recordings that are left."""
        pairs = [(entry, audio) for entry, audio in zip(self.entries, self.audio_of, strict=True)]
        without = sum(audio is None and not entry.fault for entry, audio in pairs)
        empty = sum(audio is not None and not entry.text.strip() and not entry.fault for entry, audio in pairs)
        wrong = [entry.fault[1] for entry in self.entries if entry.fault]
        rows = f"{self.with_recording} of {len(self.entries) + len(self.lost)} texts have a recording"
        if self.lost:
            rows += f"; {len(self.lost)} text files have none ({', '.join(self.lost[:3])}{', ...' * (len(self.lost) > 3)})"
        rows += f"; of {without} rows there is no recording" * bool(without) + f"; {empty} texts are empty" * bool(empty)
        rows += f"; {len(wrong)} cannot be used ({wrong[0]})" if wrong else ""
        return f"{rows}; {self.unlisted} recordings have no text" if self.unlisted else rows

    def of_speakers(self, names: Sequence[str]) -> Recognised:
        """Return the same with the rows of some speakers alone, by what the files say, or else the folders."""
        wanted = {*names}
        if not wanted & {*self.speakers, *self.folders}:
            return self

        def speaks(entry: Entry, audio: Path | None) -> bool:
            if self.speakers:
                return entry.speaker in wanted
            return audio is not None and bool(wanted & {*audio.parent.parts})

        pairs = [pair for pair in zip(self.entries, self.audio_of, strict=True) if speaks(*pair)]
        return replace(self, entries=tuple(e for e, _ in pairs), audio_of=tuple(a for _, a in pairs), unlisted=0, lost=())


@dataclass(frozen=True)
class Layouts:
    """The layouts that fit a folder, the one that is taken first, and why it is.

    ``audio`` is the folder of the recordings as a recipe's ``corpus.audio`` states it, None where nobody named one.
    """

    fitting: tuple[Recognised, ...]
    why: str
    audio: str | None

    @property
    def taken(self) -> Recognised:
        """The layout that is taken."""
        return self.fitting[0]


def recognise(folder: Path, audio: str | None = None, file: str | None = None, format: str | None = None) -> Layouts:
    """Return the layouts that fit ``folder``, the best first; a folder that holds one folder alone stands for that one.

    ``audio`` is the folder of the recordings where they lie elsewhere, ``file`` the list that is meant, ``format`` the layout.
    A list that names recordings, of which nine in ten are there, comes before texts in files of their own: whoever wrote it
    meant it. Raises :class:`UsageError` for no folder, :class:`TtsError` saying what was looked for where nothing fits.
    """
    if not folder.is_dir():
        raise UsageError(f"{folder}: there is no such folder; name the one with the recordings and their texts")
    root = _descended(folder)
    place = audio_folder(root, folder, audio) if audio is not None else None
    if file is not None and not (root / file).is_file():
        raise UsageError(f"--file {file}: there is no such file in {root}")
    recordings = list(recordings_below(root / place if place is not None else root))
    faults: list[str] = []
    fitting: list[Recognised] = []
    for look in _LOOKS:
        try:
            fitting += [seen for seen in look(_Folder(root, place, file, recordings)) if seen.score > 0.0]
        except TtsError as error:
            faults.append(str(error))
    fitting.sort(key=lambda seen: (-_is_list(seen), -seen.score))
    if not fitting:
        raise TtsError(_nothing(root, recordings, faults))
    if format is not None:
        return Layouts(tuple(_as_format(fitting, format, faults)), "as --format says", place)
    return Layouts(tuple(fitting), _why(fitting), place)


def _is_list(seen: Recognised) -> bool:
    return seen.format != "text-files" and seen.listed >= LISTED and (seen.format in _MARKED or seen.score >= 0.5)


def _why(fitting: Sequence[Recognised]) -> str:
    if len(fitting) == 1:
        return "nothing else fits"
    first, second = fitting[:2]
    if _is_list(first) and not _is_list(second):
        return f"a list that names recordings, {first.listed:.0%} of which are there, comes before texts in files of their own"
    if first.score > second.score:
        return f"more of its texts have a recording and more recordings a text ({first.score:.0%} against {second.score:.0%})"
    return "both fit as well, and it is looked for first"


def _as_format(fitting: Sequence[Recognised], format: str, faults: Sequence[str]) -> list[Recognised]:
    """Return those of a format first; raises :class:`UsageError` where none is."""
    alike = {"table": ("table", "ljspeech")}.get(format, (format,))
    chosen = [seen for seen in fitting if seen.format in alike]
    if not chosen:
        there = ", ".join(dict.fromkeys(seen.format for seen in fitting))
        why = f" ({'; '.join(faults[:2])})" if faults else ""
        raise UsageError(
            f"--format {format}: {fitting[0].root} has nothing in this layout that goes with recordings{why}; it fits {there}"
        )
    return [*chosen, *(seen for seen in fitting if seen not in chosen)]


def audio_folder(root: Path, folder: Path, audio: str) -> str:
    """Return the folder that ``--audio`` names, as ``corpus.audio`` states it: relative to ``root`` where it is near.

    It may be meant from the folder of the texts or from the current one. Raises :class:`UsageError` for no folder, and for one
    in each place.
    """
    places = [path for path in dict.fromkeys((root / audio, folder / audio, Path(audio))) if path.is_dir()]
    if not places:
        raise UsageError(f"--audio {audio}: there is no such folder, neither in {root} nor in the current folder")
    if len({path.resolve() for path in places}) > 1:
        both = " and ".join(str(path.resolve()) for path in places)
        raise UsageError(f"--audio {audio}: there are {both}; name the one that is meant by its whole path")
    return near_path(places[0], root)


def near_path(path: Path, start: Path) -> str:
    """Return a path as seen from ``start``; absolute where it lies more than two folders above."""
    try:
        relative = Path(os.path.relpath(path.resolve(), start.resolve()))
    except ValueError:  # another drive
        return str(path.resolve())
    return str(path.resolve()) if relative.parts[:3] == ("..",) * 3 else relative.as_posix()


def _nothing(root: Path, recordings: list[Path], faults: list[str]) -> str:
    if elsewhere := _recordings_elsewhere(root):
        return (
            f"{root}: its wav.scp names recordings in another place, {elsewhere}; whoever trusts it says so: "
            f"tts new {root} --audio {elsewhere}"
        )
    if not recordings:
        return f"{root}: holds no recordings (wav, flac, ogg, mp3, ...); name their folder with --audio, or another folder"
    advice = (
        "write a text file for each (a.wav and a.txt), or one metadata.csv with a line `name|text` for each; also read are "
        "tables, JSON lines, Kaldi's wav.scp and text, lhotse's manifests and Festival's txt.done.data"
    )
    why = f" ({'; '.join(faults[:3])})" if faults else ""
    return f"{root}: holds {len(recordings)} recordings, and no texts that go with them{why}; {advice}"


def _recordings_elsewhere(root: Path) -> Path | None:
    """Return the folder of all recordings that a Kaldi ``wav.scp`` names by absolute paths outside ``root``; None without."""
    if not is_kaldi(root):
        return None
    entries, _ = kaldi_entries(root)
    names = [Path(str(entry.audio)) for entry in entries if not entry.fault]
    if not names or not all(path.is_absolute() and not path.is_relative_to(root.resolve()) for path in names):
        return None
    return Path(os.path.commonpath([path.parent for path in names])) if all(path.is_file() for path in names[:20]) else None


def _descended(folder: Path) -> Path:
    """Return the folder within folders that hold nothing else: what unpacking an archive leaves."""
    for _ in range(5):
        inside = [path for path in folder.iterdir() if not path.name.startswith(".")]
        if len(inside) != 1 or not inside[0].is_dir() or next(iter(_audio_in(inside[0])), None) is not None:
            break
        folder = inside[0]
    return folder


def _audio_in(folder: Path) -> Iterator[Path]:
    """Yield recordings directly in a folder: such a folder is a part of a corpus, not one."""
    return (path for path in recordings_below(folder) if path.parent == folder)


@dataclass(frozen=True)
class _Folder:
    root: Path
    audio: str | None
    file: str | None
    recordings: list[Path]

    def seen(self, format: str, explained: str, entries: list[Entry], **more: object) -> Recognised:
        """Return a layout with the recordings of its entries looked up."""
        paths = RecordingPaths(self.root, self.audio)
        entries = with_clashes(entries, paths)
        audio_of = tuple(entry.audio if isinstance(entry.audio, Path) else paths.find(entry.audio)[0] for entry in entries)
        named = {path.resolve() for path in audio_of if path is not None}
        unlisted = sum(path.resolve() not in named for path in self.recordings)
        return Recognised(self.root, format, explained, tuple(entries), audio_of, unlisted, **more)  # type: ignore[arg-type]


def _lhotse(folder: _Folder) -> list[Recognised]:
    pairs = manifest_pairs(folder.root, folder.file if folder.file and ".jsonl" in folder.file else None)
    if not pairs or not all(path.is_file() for pair in pairs for path in pair if path is not None):
        return []
    names = ", ".join(path.name for pair in pairs for path in pair if path is not None)
    try:
        entries = entries_of_files(pairs, "auto")
    except TtsError:
        if folder.file is None:
            raise
        return []  # a list of other JSON lines
    return [folder.seen("lhotse", f"lhotse's manifests {names}", entries, file=folder.file)]


def _kaldi(folder: _Folder) -> list[Recognised]:
    if folder.file is not None or not is_kaldi(folder.root):
        return []
    entries, notes = kaldi_entries(folder.root)
    names = [name for name in ("wav.scp", "text", "utt2spk", "segments") if (folder.root / name).is_file()]
    return [folder.seen("kaldi", "; ".join([f"a Kaldi data directory with {', '.join(names)}", *notes]), entries)]


def _festival(folder: _Folder) -> list[Recognised]:
    path = find_prompts(folder.root, folder.file)
    if path is None or path.suffix != ".data":
        return []
    explained = f'Festival\'s prompts {path.relative_to(folder.root)}: ( id "text" ) lines'
    return [folder.seen("festival", explained, prompt_entries(path), file=folder.file)]


def _table(folder: _Folder) -> list[Recognised]:
    paths = RecordingPaths(folder.root, folder.audio)
    names = [folder.root / folder.file] if folder.file is not None else table_files(folder.root)
    if folder.file is not None and names[0].suffix not in SUFFIXES:
        return []
    fitting = []
    texts = {path.stem for path in folder.recordings}
    for path in [name for name in names if name.stem not in texts][:20]:  # not the text of one recording
        try:
            table = load_table(path, lambda name: paths.find(name)[0] is not None)
        except UsageError:  # no column names recordings: notes, a list of something else
            continue
        plain = tuple(name for name in table.columns if name != "-")
        usual = path.name == "metadata.csv" and path.parent == folder.root and table.separator in "|\t,"
        is_ljspeech = usual and table.columns == plain and plain in (("audio", "text"), ("audio", "text", "normalised"))
        columns = () if is_ljspeech or table.how != SEEN else table.columns
        explained = "; ".join([f"{path.relative_to(folder.root)}, {table.explained}", *table.unused])
        file = None if is_ljspeech or (names == [path] and folder.file is None) else str(path.relative_to(folder.root))
        name = "ljspeech" if is_ljspeech else "table"
        fitting.append(folder.seen(name, explained, table_entries(table, ANYBODY), file=file, columns=columns))
    return fitting


def _json_lines(folder: _Folder) -> list[Recognised]:
    is_list = folder.file is not None and ".json" in folder.file
    names = [folder.root / str(folder.file)] if is_list else [] if folder.file else json_lines_files(folder.root)
    fitting = []
    for path in names:
        entries, normalised = json_line_entries(path, ANYBODY)
        explained = f"{path.name}, an object a line" + (", with normalised texts" if normalised else "")
        file = None if names == [path] and folder.file is None else path.name
        fitting.append(folder.seen("json-lines", explained, entries, file=file))
    return fitting


def _text_files(folder: _Folder) -> list[Recognised]:
    if folder.file is not None:
        return []
    base = folder.root / folder.audio if folder.audio is not None else folder.root
    entries, _ = text_file_entries(base, [base])
    if not entries:
        return []
    lost = tuple(path.relative_to(folder.root).as_posix() for path in texts_without_recording(folder.root, entries))
    suffixes = sorted({Path(entry.place).suffix for entry in entries})
    folders = tuple(speaker_folders(base))
    explained = f"a text file ({', '.join(suffixes)}) for each recording"
    names = ", ".join(folders[:6]) + (", ..." if len(folders) > 6 else "")
    more = f", in {len(folders)} folders: {names}" if len(folders) > 1 else f", in the folder {names}" if folders else ""
    return [folder.seen("text-files", explained + more, entries, folders=folders[:MOST_FOLDERS], lost=lost)]


_MARKED = ("lhotse", "kaldi", "festival")  # whose files can be nothing else
_LOOKS: tuple[Callable[[_Folder], list[Recognised]], ...] = (_lhotse, _kaldi, _festival, _table, _json_lines, _text_files)
