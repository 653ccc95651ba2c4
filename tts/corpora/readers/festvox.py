"""CMU ARCTIC and CMU Indic: a folder a speaker in Festvox's layout, ``cmu_us_SPK_arctic`` and ``cmu_indic_LANG_SPK``.

Source: lhotse 1.33, recipes ``cmu_arctic`` and ``cmu_indic`` (folders, names of speakers, English prompts among the Indic
ones). These are not called: they stop with a KeyError at the first prompt without a recording (their comment tells of twenty),
drop every quotation mark within a text and leave the backslash before it, and open each recording of all speakers. ARCTIC's
prompts without a recording, and recordings without a prompt, are reported; a list of others has not been published.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path

from tts.core.errors import UsageError
from tts.corpora.entries import Entry
from tts.corpora.festival import find_prompts, read_prompts
from tts.corpora.recordings import Recordings
from tts.corpora.scan import Scan, recorded
from tts.corpora.types import CorpusSource

_ARCTIC = re.compile(r"cmu_us_([a-z]+)_arctic")
_INDIC = re.compile(r"cmu_indic_([a-z]+_[a-z0-9]+)")


def scan_cmu_arctic(root: Path, source: CorpusSource) -> Scan:
    """Look through ``cmu_us_SPK_arctic/{etc/txt.done.data,wav/ID.wav}``; the speakers are ``slt``, ``bdl``, ..."""
    return _scan(root, source, _ARCTIC, "cmu_us_slt_arctic", _entries)


def scan_cmu_indic(root: Path, source: CorpusSource) -> Scan:
    """Look through ``cmu_indic_LANG_SPK/{etc/txt.done.data,wav/ID.wav}``; the speakers are ``ben_rm``, ``tel_ss``, ...

    The English prompts that some speakers read as well are left out. ``source.part`` is a language (``tel``).
    """
    return _scan(root, source, _INDIC, "cmu_indic_tel_ss", _indic_entries)


def _scan(
    root: Path, source: CorpusSource, pattern: re.Pattern[str], example: str, list_entries: Callable[[Path, str], list[Entry]]
) -> Scan:
    folders = [root, *(sorted(path for path in root.iterdir() if path.is_dir()) if root.is_dir() else [])]
    speakers: dict[str, Callable[[], Iterable[Entry]]] = {}
    unnamed = source.name  # a speaker's own folder that was renamed
    for folder in folders:
        match = pattern.fullmatch(folder.resolve().name if folder == root else folder.name)
        if find_prompts(folder) is not None and (match is not None or folder == root):
            name = match[1] if match is not None else unnamed
            if not source.part or name.split("_")[0] == source.part:
                speakers[name] = partial(list_entries, folder, name)
    if not speakers:
        wanted = f" of the part {source.part}" if source.part else ""
        raise UsageError(f"{root}: holds no folder{wanted} like {example}/ with etc/txt.done.data; name it with --corpus-root")
    return Scan(speakers, names_speakers=unnamed not in speakers)


def _entries(folder: Path, speaker: str) -> list[Entry]:
    path = find_prompts(folder)
    assert path is not None
    recordings = Recordings(folder / "wav")
    entries = []
    for line, id, text, fault in read_prompts(path):
        place = f"{path}:{line}"
        entry = recorded(recordings, id, text, place, speaker)
        entries.append(
            entry if not fault else Entry(id=id, text=text, audio="", place=place, speaker=speaker, fault=("form", fault))
        )
    named = {entry.id for entry in entries}
    for id in sorted(recordings.ids - named):
        fault_of = ("no_text", f"{path.name} has no prompt of this recording")
        entries.append(Entry(id=id, text="", audio="", place=str(recordings.folder), speaker=speaker, fault=fault_of))
    return entries


def _indic_entries(folder: Path, speaker: str) -> list[Entry]:
    english = ("language", "an English prompt among those of another language")
    return [
        Entry(id=entry.id, text=entry.text, audio=entry.audio, place=entry.place, speaker=speaker, fault=english)
        if entry.fault is None and "arctic" in entry.id
        else entry
        for entry in _entries(folder, speaker)
    ]
