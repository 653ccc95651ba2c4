"""Common Voice: ``LANG/{clips,validated.tsv,train.tsv,...}``, a line a clip.

Source: lhotse 1.33, recipe ``commonvoice`` (folders, columns ``client_id``, ``path``, ``sentence``; no quoting). It is not
called: it must write manifests, starts processes anew for every part, opens each clip, and stops where a release lacks a column
that it copies (``accents``, ``variant``).
"""

from __future__ import annotations

from collections import defaultdict
from functools import partial
from pathlib import Path

from tts.core.errors import TtsError
from tts.corpora.entries import Entry
from tts.corpora.lines import stream_lines
from tts.corpora.problems import Problem
from tts.corpora.recordings import Recordings
from tts.corpora.scan import Scan, part_folder, recorded
from tts.corpora.types import CorpusSource

LISTS = ("validated", "train", "dev", "test")
_SHORTEST = 12  # characters of a contributor's number that name a speaker; the whole has 128


def scan_common_voice(root: Path, source: CorpusSource) -> Scan:
    """Look through the language ``source.part``: the validated clips, or those of train, dev and test without such a list.

    A speaker is called by the first twelve characters of the ``client_id``, or as many as tell all apart.
    """
    folder = part_folder(root, source, _is_language, "de")
    problems: list[Problem] = []
    names = [name for name in LISTS if (folder / f"{name}.tsv").is_file()]
    lines: dict[str, list[tuple[str, str, str]]] = defaultdict(list)
    for name in names[:1] if names[0] == LISTS[0] else names:
        rows, broken = _rows(folder / f"{name}.tsv")
        problems += broken
        for place, client, path, text in rows:
            lines[client].append((place, path, text))
    length = _SHORTEST
    while len({client[:length] for client in lines}) < len(lines):
        length += 4
    recordings = Recordings(folder / "clips")
    speakers = {client[:length]: partial(_entries, recordings, client[:length], rows) for client, rows in lines.items()}
    return Scan(dict(sorted(speakers.items())), (f"lists {', '.join(names)} of {folder.name}",), tuple(problems))


def _is_language(folder: Path) -> bool:
    return (folder / "clips").is_dir() and any((folder / f"{name}.tsv").is_file() for name in LISTS)


def _rows(path: Path) -> tuple[list[tuple[str, str, str, str]], list[Problem]]:
    """Return place, client, file and sentence of every line, and the lines that are cut short; the first names the columns."""
    problems = []
    rows: list[tuple[str, str, str, str]] = []
    columns: dict[str, int] = {}
    for number, line in stream_lines(path):
        fields = line.rstrip("\r\n").split("\t")
        if not columns:
            columns = {name: place for place, name in enumerate(fields)}
            if missing := {"client_id", "path", "sentence"} - {*columns}:
                raise TtsError(f"{path}:1: has no column {', '.join(sorted(missing))}; it is not a list of Common Voice")
        elif len(fields) > max(columns[name] for name in ("client_id", "path", "sentence")):
            client, file, text = (fields[columns[name]] for name in ("client_id", "path", "sentence"))
            rows.append((f"{path}:{number}", client, file, text))
        else:
            message = f"has {len(fields)} columns where {len(columns)} are expected"
            problems.append(Problem(fields[0][:_SHORTEST] or "(no id)", "columns", message, f"{path}:{number}"))
    return rows, problems


def _entries(recordings: Recordings, speaker: str, rows: list[tuple[str, str, str]]) -> list[Entry]:
    return [recorded(recordings, Path(path).stem, text, place, speaker, path) for place, path, text in rows]
