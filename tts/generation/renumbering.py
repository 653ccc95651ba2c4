"""Files named by line numbers, when lines were inserted or removed above them: what was spoken gets the name it has now.

A line's name is its file's stem and its number, so a line inserted at the top renames every text below. Finished files are
found by what was said and how, and take their new names. An interruption at any moment loses nothing: the manifest says
``moving`` before the first file leaves its old name for a hidden one, ``arriving`` before the first leaves that.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import replace

from tts.core.deposit import Deposit
from tts.core.files import read_json, write_json
from tts.generation.manifest import Entry, Manifest
from tts.generation.timings import SUFFIXES

_NUMBERED = re.compile(r"(.+)-\d{5,}")


def renumber(manifest: Manifest, asked: Iterable[Entry], out: Deposit) -> int:
    """Give finished files of ``out`` the names that ``asked`` has for them; return how many texts were renamed.

    ``asked`` are the entries of texts named by number. A text whose new name is taken, by one that is not asked for any more
    or whose own new name is taken, stays where it is.
    """
    moves = plan_moves(manifest.entries, asked, out)
    if not moves:
        return 0
    entries = {
        new.id: replace(manifest.entries[old], id=new.id, place=new.place, status="moving", moved_from=old)
        for old, new in moves.items()
    }
    for entry in list(entries.values()):
        entries[entry.id] = replace(entry, file=f"{entry.id}.{entry.format}")
    for old in moves:
        del manifest.entries[old]
    manifest.entries.update(entries)
    manifest.store()
    finish_moves(manifest, out)
    return len(moves)


def plan_moves(entries: Mapping[str, Entry], asked: Iterable[Entry], out: Deposit) -> dict[str, Entry]:
    """Return, by the id of a finished text, the entry that asks for the same speech under another number."""
    wanted = {entry.id: entry for entry in asked}
    at_home = {key for key, entry in wanted.items() if key in entries and entries[key].content == entry.content}
    spare: dict[tuple[str, str], list[str]] = defaultdict(list)
    for key, entry in entries.items():
        numbered = _NUMBERED.fullmatch(key)
        if numbered and entry.status == "spoken" and key not in at_home:
            spare[numbered[1], entry.content].append(key)
    moves: dict[str, Entry] = {}
    for key, entry in wanted.items():
        numbered = _NUMBERED.fullmatch(key)
        known = spare[numbered[1], entry.content] if numbered and key not in at_home else []
        if known:
            moves[known.pop(0)] = entry
    while True:  # a name is free if nothing is there, or if what is there moves away
        blocked = [old for old, new in moves.items() if new.id not in moves and _files(out, new.id, new.format)]
        if not blocked:
            return moves
        for old in blocked:
            del moves[old]


def finish_moves(manifest: Manifest, out: Deposit) -> None:
    """Complete moves that were planned, or interrupted."""
    moving = [entry for entry in manifest.entries.values() if entry.status == "moving"]
    for entry in moving:
        for suffix in _suffixes(entry.format):
            source = f"{entry.moved_from}{suffix}"
            if out.exists(source):  # the hidden one too, where a store copied and was killed before it removed
                out.rename(source, _hidden(entry.id, suffix))
    if moving:
        manifest.change([entry.id for entry in moving], status="arriving")
    arriving = [entry for entry in manifest.entries.values() if entry.status == "arriving"]
    for entry in arriving:
        for suffix in _suffixes(entry.format):
            hidden = _hidden(entry.id, suffix)
            if not out.exists(hidden):
                continue
            if suffix == SUFFIXES["json"]:
                path = out.bring(hidden)
                write_json(path, {**read_json(path), "id": entry.id})
                out.keep(hidden, now=True)
            out.rename(hidden, f"{entry.id}{suffix}")
    if arriving:
        manifest.change([entry.id for entry in arriving], status="spoken", moved_from="")


def _suffixes(form: str) -> list[str]:
    return [f".{form}", *SUFFIXES.values()]


def _hidden(key: str, suffix: str) -> str:
    return f".{key}.moving{suffix}"


def _files(out: Deposit, key: str, form: str) -> list[str]:
    return [name for suffix in _suffixes(form) if out.exists(name := f"{key}{suffix}")]
