"""JSUT, JVS and Hi-Fi-CAPTAIN: ``transcript_utf8.txt`` with ``ID:text`` lines, or ``SET.txt`` with ``ID text`` lines.

Sources. JSUT: its README (folders, one female speaker), and github.com/sarulab-speech/jsut-label, ``text_kana/README.md`` and
``basic5000.yaml``, which say what was uttered where it is not the text: ``text_level2`` is the sentence as spoken,
``kana_level3`` its reading in kana. JVS: github.com/Hiroshiba/jvs_hiho, ``audio.bash`` (folders, recordings of jvs058 under the
number before theirs), and the loaders of its users (``transcripts_utf8.txt``, ``wav24kHz16bit``). Hi-Fi-CAPTAIN:
github.com/unilight/jatts, ``egs/hificaptain_jp_female`` (``text/SET.txt`` with ``ID text``, ``wav/SET/ID.wav``, the four sets).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import partial
from pathlib import Path

from tts.core.errors import UsageError
from tts.corpora.entries import Entry
from tts.corpora.lines import numbered_lines
from tts.corpora.recordings import Recordings
from tts.corpora.scan import Scan, part_folder, recorded
from tts.corpora.types import CorpusSource, TextColumn

JSUT_READINGS = ("jsut-label/text_kana", "text_kana", "../jsut-label/text_kana")
JVS_PARTS = ("parallel100", "nonpara30")  # the others are falsetto and whispered
CAPTAIN_SETS = ("train_parallel", "train_non_parallel", "dev", "eval")
_LEVEL = re.compile(r"\s+(\w+):\s*(.*)")
_MISNUMBERED = range(15, 22)  # of jvs058: the recording with the number n says sentence n + 1


def scan_jsut(root: Path, source: CorpusSource) -> Scan:
    """Look through ``PART/{transcript_utf8.txt,wav/ID.wav}``; ``source.part`` is one of them, such as ``basic5000``.

    With jsut-label beside or in ``root`` the text is what was uttered; its kana reading with the text column ``normalised``.
    """
    parts = sorted(path for path in root.glob("*/transcript_utf8.txt") if source.part in ("", path.parent.name))
    if not parts:
        raise UsageError(f"{root}: holds no {source.part or 'basic5000'}/transcript_utf8.txt; name JSUT's folder")
    folder = next((root / name for name in JSUT_READINGS if (root / name).is_dir()), None)
    note = (
        f"readings of {folder.parent.resolve().name}" if folder is not None else "without jsut-label: texts as they were given"
    )
    return Scan({"jsut": partial(_jsut_entries, parts, folder, source.text_column)}, (note,), names_speakers=False)


def _jsut_entries(parts: list[Path], readings: Path | None, column: TextColumn) -> list[Entry]:
    entries = []
    for path in parts:
        levels = _levels(readings / f"{path.parent.name}.yaml") if readings is not None else {}
        recordings = Recordings(path.parent / "wav")
        for place, id, text in _transcript(path):
            own = levels.get(id, {})
            uttered = own.get("kana_level3", "") if column == "normalised" else own.get("text_level2", text)
            entries.append(recorded(recordings, id, text if column == "raw" else uttered, place, "jsut"))
    return entries


def _levels(path: Path) -> Mapping[str, Mapping[str, str]]:
    """Return the texts of jsut-label by id and level; a line of ``ID:`` and indented ``level: text`` lines follow another."""
    levels: dict[str, dict[str, str]] = {}
    current: dict[str, str] = {}
    for _, line in numbered_lines(path) if path.is_file() else ():
        if match := _LEVEL.fullmatch(line.rstrip()):
            current[match[1]] = match[2].strip("\"'")
        else:
            current = levels.setdefault(line.strip().rstrip(":"), {})
    return levels


def scan_jvs(root: Path, source: CorpusSource) -> Scan:
    """Look through ``jvsNNN/{parallel100,nonpara30}/{transcripts_utf8.txt,wav24kHz16bit/ID.wav}``.

    ``source.part`` is one of the two; whispered and falsetto speech is not read. Missing recordings are reported.
    """
    if source.part and source.part not in JVS_PARTS:
        raise UsageError(f"corpus.part: {source.part} is no part of JVS in a normal voice; expected {' or '.join(JVS_PARTS)}")
    parts = (source.part,) if source.part else JVS_PARTS
    folders = sorted(path for path in root.glob("jvs[0-9][0-9][0-9]") if path.is_dir())
    speakers = {path.name: partial(_jvs_entries, path, parts) for path in folders}
    if not speakers:
        raise UsageError(f"{root}: holds no folders jvs001, jvs002, ...; name JVS's folder with --corpus-root")
    return Scan(speakers)


def _jvs_entries(folder: Path, parts: tuple[str, ...]) -> list[Entry]:
    entries = []
    for part in parts:
        recordings = Recordings(folder / part / "wav24kHz16bit")
        path = folder / part / "transcripts_utf8.txt"
        for place, id, text in _transcript(path) if path.is_file() else ():
            entries.append(recorded(recordings, id, text, place, folder.name, _jvs_file(folder.name, id)))
    return entries


def _jvs_file(speaker: str, id: str) -> str:
    """Return what the recording of an utterance is called: in jvs058, 016 to 022 lie under the number before."""
    stem, _, number = id.rpartition("_")
    if speaker == "jvs058" and stem == "VOICEACTRESS100" and number.isdecimal():
        if int(number) - 1 in _MISNUMBERED:
            return f"{stem}_{int(number) - 1:03}"
        if int(number) == _MISNUMBERED.start:
            return f"{stem}_missing"  # its recording is in that of 014
    return id


def scan_hifi_captain(root: Path, source: CorpusSource) -> Scan:
    """Look through ``LANG/{female,male}/{text/SET.txt,wav/SET/ID.wav}`` of the language ``source.part``, as ``ja-JP``."""
    folder = part_folder(root, source, lambda path: any(path.glob("*male/text")), "ja-JP")
    names = sorted(path.parent.name for path in folder.glob("*male/text"))
    return Scan({name: partial(_captain_entries, folder / name) for name in names})


def _captain_entries(folder: Path) -> list[Entry]:
    entries = []
    for name in CAPTAIN_SETS:
        path, recordings = folder / "text" / f"{name}.txt", Recordings(folder / "wav" / name)
        for number, line in numbered_lines(path) if path.is_file() else ():
            id, _, text = line.strip().partition(" ")
            entries.append(recorded(recordings, id, text, f"{path}:{number}", folder.name))
    return entries


def _transcript(path: Path) -> list[tuple[str, str, str]]:
    """Return place, id and text of ``ID:text`` lines."""
    lines = ((f"{path}:{number}", *line.strip().partition(":")) for number, line in numbered_lines(path))
    return [(place, id.strip(), text.strip()) for place, id, _, text in lines]
