"""Which public corpus a folder looks like, by names that only that corpus has.

The names are those that the corpus's reader looks for (``tts/corpora/readers``, where their sources stand).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from tts.corpora.public.catalogue import CATALOGUE
from tts.corpora.public.entry import PublicCorpus

_MOST_LOOKED_AT = 2000  # entries of a folder


@dataclass(frozen=True)
class _Marks:
    """Paths within a folder, each part a regular expression for a whole name; all must be there. ``begins`` is a line's start.

    ``begins`` belongs to the file of the last path.
    """

    paths: tuple[str, ...]
    begins: str = ""


_MARKS: dict[str, _Marks] = {
    "vctk": _Marks((r"txt/[ps]\d+", r"wav48(_silence_trimmed)?/[ps]\d+")),
    "libritts": _Marks((r"(train|dev|test)-(clean|other)(-\d+)?/\d+/\d+/\d+_\d+\.trans\.tsv",)),
    "ljspeech": _Marks((r"wavs", r"metadata\.csv"), r"LJ\d{3}-\d{4}\|"),
    "cmu_arctic": _Marks((r"cmu_us_[a-z]+_arctic/etc/txt\.done\.data",)),
    "cmu_indic": _Marks((r"cmu_indic_[a-z]+_[a-z0-9]+/etc/txt\.done\.data",)),
    "hifi_tts": _Marks((r"\d+_manifest_(clean|other)_(train|dev|test)\.json",)),
    "l2_arctic": _Marks((r"[A-Z]{3,4}/annotation", r"[A-Z]{3,4}/transcript/arctic_\w+\.txt")),
    "aishell3": _Marks((r"train/content\.txt", r"train/wav/SSB\d{4}")),
    "baker": _Marks((r"ProsodyLabeling/000001-010000\.txt",)),
    "common_voice": _Marks((r"[a-z]{2,3}(-[A-Za-z]+)?/clips", r"[a-z]{2,3}(-[A-Za-z]+)?/validated\.tsv"), r"client_id\t"),
    "mls": _Marks((r"mls_[a-z]+/train/transcripts\.txt",)),
    "m_ailabs": _Marks((r"[a-z]{2}_[A-Z]{2}/by_book",)),
    "jsut": _Marks((r"basic5000/transcript_utf8\.txt",)),
    "jvs": _Marks((r"jvs\d{3}/parallel100",)),
    "hifi_captain": _Marks((r"(ja-JP|en-US)/(female|male)/text/train_parallel\.txt",)),
}


def looks_like(folder: Path) -> PublicCorpus | None:
    """Return the public corpus that ``folder`` holds by all appearances, or None. Only names and one line are read."""
    for name, marks in _MARKS.items():
        places = [next(_matching(folder, pattern.split("/")), None) for pattern in marks.paths]
        if all(places) and (not marks.begins or _begins(places[-1], marks.begins)):
            return CATALOGUE[name]
    return None


def _matching(folder: Path, parts: list[str]) -> Iterator[Path]:
    """Yield the paths below ``folder`` whose names match ``parts``, in no order; folders of many entries are seen in part."""
    if not parts:
        yield folder
        return
    pattern = re.compile(parts[0])
    try:
        entries = [path for path in islice(folder.iterdir(), _MOST_LOOKED_AT) if pattern.fullmatch(path.name)]
    except OSError:  # a file, or not for us to read
        return
    for path in entries:
        yield from _matching(path, parts[1:])


def _begins(path: Path | None, pattern: str) -> bool:
    """Return whether a text file's first line begins with ``pattern``."""
    if path is None or not path.is_file():
        return False
    with path.open(encoding="utf-8-sig", errors="replace") as stream:
        return re.match(pattern, stream.readline(4096)) is not None
