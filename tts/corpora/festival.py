r"""Festival's and Festvox's layout: ``etc/txt.done.data`` with ``( id "text" )`` lines, recordings in ``wav/ID.wav``.

Source: Black and Lenzo, "Building Synthetic Voices" (festvox.org/bsv), and the archives of CMU ARCTIC. A line is an expression
of Scheme: in a text, ``\"`` is a quotation mark and ``\\`` a backslash, and a semicolon before the parenthesis comments out.
"""

from __future__ import annotations

import re
from pathlib import Path

from tts.core.errors import UsageError
from tts.corpora.entries import Entry, check_root, collect
from tts.corpora.lines import numbered_lines
from tts.corpora.problems import Problem
from tts.corpora.types import Corpus, CorpusSource

PROMPTS = ("txt.done.data", "etc/txt.done.data", "utts.data", "etc/utts.data")
_LINE = re.compile(r'\(\s*("?)([^\s"]+)\1\s+"((?:[^"\\]|\\.)*)"\s*\)\s*(;.*)?')
_FORM = 'expected ( id "text" ) on one line'


def find_prompts(root: Path, file: str | None = None) -> Path | None:
    """Return the file of prompts: ``file`` within ``root``, or the first of the usual ones; None where there is none."""
    names = (file,) if file is not None else PROMPTS
    return next((root / name for name in names if (root / name).is_file()), None)


def read_prompts(path: Path) -> list[tuple[int, str, str, str]]:
    """Return line, id, text and, where a line is not of the form ``( id "text" )``, what is wrong, of every prompt."""
    prompts = []
    for number, line in numbered_lines(path):
        match = _LINE.fullmatch(line.strip())
        if match is not None:
            prompts.append((number, match[2], re.sub(r"\\(.)", r"\1", match[3]), ""))
        elif not line.lstrip().startswith(";"):
            words = line.replace("(", " ").split()
            prompts.append((number, words[0] if words else "", "", _FORM))
    return prompts


def read_festival(root: Path, source: CorpusSource) -> tuple[Corpus, list[Problem]]:
    """Read the corpus in the folder ``root``; raises as :func:`tts.corpora.entries.collect`, and for a missing prompt file."""
    check_root(root)
    path = find_prompts(root, source.file)
    if path is None:
        looked = source.file or " and ".join(PROMPTS)
        raise UsageError(f"{root}: there is no {looked}; name the folder of the corpus, or its list with corpus.file")
    return collect(root, source, prompt_entries(path), [f"prompts of {path.relative_to(root)}"])


def prompt_entries(path: Path) -> list[Entry]:
    """Return what a file of prompts says of every utterance; a recording has the name of its prompt."""
    return [
        Entry(id=id, text=text, audio=id, place=f"{path}:{line}", fault=("form", fault) if fault else None)
        for line, id, text, fault in read_prompts(path)
    ]
