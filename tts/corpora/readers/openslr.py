"""Google's crowdsourced corpora at OpenSLR (41-44, 61, 63-66, 69-80, 83, 86): an index of lines, recordings beside it.

Sources: ``datasets/openslr/openslr.py`` of huggingface/datasets (index in the archive or beside it, ``wavs`` or none, one tab
or two between the fields, at times with a field between); the pages openslr.org/63 and /61 (``line_index_female.tsv``,
``line_index_male.tsv``, archives ``ml_in_female.zip``); readers of SLR 83 (``line_index.csv``: number, file and text between
commas). A file is called ``GROUP_SPEAKER_UTTERANCE``, so that its first two parts name the speaker.
"""

from __future__ import annotations

import re
from collections import defaultdict
from functools import partial
from pathlib import Path

from tts.core.errors import UsageError
from tts.corpora.entries import Entry
from tts.corpora.lines import numbered_lines
from tts.corpora.scan import Scan
from tts.corpora.types import CorpusSource

_FILE = re.compile(r"([A-Za-z]+_[A-Za-z0-9]+)_[A-Za-z0-9_]+")
_Line = tuple[str, str, str]  # place, file and text
_Lines = dict[str, dict[str, _Line]]  # by file and text


def scan_openslr(root: Path, source: CorpusSource) -> Scan:
    """Look through every ``*line_index*`` file in ``root`` and the folders in it.

    ``source.part`` is a set: the folders of that name, or whose names begin with it (``es_ar``: ``es_ar_female``,
    ``es_ar_male``). An index may also name recordings that were not fetched: speakers without any are nobody. Raises
    :class:`UsageError` where no index or no recording is there.
    """
    if not root.is_dir():
        raise UsageError(f"{root}: there is no such corpus folder; name the folder of the corpus with --corpus-root")
    folders = [path for path in sorted(root.iterdir()) if path.is_dir() and path.name != "downloads"]
    folders = [path for path in folders if f"{path.name}_".startswith(f"{source.part}_") or not source.part] or [root]
    recordings = {path.stem: path for folder in folders for path in folder.rglob("*.wav")}
    names = [path for folder in (root, *folders) for depth in ("", "*/") for path in folder.glob(f"{depth}*line_index*")]
    indices = sorted({path for path in names if path.suffix in (".tsv", ".csv") and "downloads" not in path.parts})
    lines: dict[str, _Lines] = defaultdict(dict)
    for path in indices:
        for line in _lines(path):
            match = _FILE.fullmatch(line[1])
            same = lines[match[1] if match else "unknown"].setdefault(line[1], {})
            same.setdefault(line[2], line)  # an index may be there twice
    speakers = {name: own for name, own in sorted(lines.items()) if any(file in recordings for file in own)}
    if not speakers:
        wanted = f" of the part {source.part}" if source.part else ""
        advice = "name the folder of the corpus with --corpus-root, and its part, for example es_ar, with corpus.part"
        raise UsageError(f"{root}: holds no line_index.tsv with recordings{wanted}; {advice}")
    return Scan({name: partial(_entries, name, own, recordings) for name, own in speakers.items()})


def _lines(path: Path) -> list[_Line]:
    lines = []
    for number, line in numbered_lines(path):
        if path.suffix == ".csv":
            fields = [field.strip() for field in line.split(",", 2)][1:]
        else:
            fields = [field.strip() for field in line.split("\t")]
        file = fields[0].removesuffix(".wav") if fields else ""
        lines.append((f"{path}:{number}", file, fields[-1] if len(fields) > 1 else ""))
    return lines


def _entries(speaker: str, lines: _Lines, recordings: dict[str, Path]) -> list[Entry]:
    entries = []
    for (place, file, text), *others in (tuple(same.values()) for same in lines.values()):
        audio = recordings.get(file)
        fault = None if audio is not None else ("missing_audio", f"there is no recording {file}.wav")
        if others:
            fault = "two_texts", f"{others[0][0]} has another text for this recording: {others[0][2][:60]!r}"
        entries.append(Entry(id=file, text=text, audio=audio or "", place=place, speaker=speaker, fault=fault))
    return entries
