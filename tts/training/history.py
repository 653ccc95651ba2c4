"""The validations of a training, and what was measured of gradients, in files that grow by a line at a time.

Beside a checkpoint lie ``history.jsonl`` and ``diagnostics.jsonl``, a JSON object a line, of which the checkpoint says how many
count: lines after these were written before an interruption. ``history.tsv`` has the validations for people. A checkpoint that
held all of it, as up to version 0.1.0, would make a long training write the square of what it has to say.
"""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from tts.core.errors import TtsError
from tts.core.files import append_text, write_text

HISTORY, DIAGNOSTICS, TABLE = "history.jsonl", "diagnostics.jsonl", "history.tsv"
Entry = Mapping[str, float]


class HistoryFiles:
    """Writes the files of one folder: anew the first time, with what a run that goes on has read, and then only adds."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._written: dict[str, int] = {}  # entries by file
        self._columns: list[str] = []

    def write(self, history: Sequence[Entry], diagnostics: Sequence[Entry]) -> None:
        """Bring the files up to date; both lists begin with what was written before."""
        self._add(HISTORY, history, _json_line)
        self._add(DIAGNOSTICS, diagnostics, _json_line)
        new = {name for entry in history[self._written.get(TABLE, 0) :] for name in entry} - {"step"}
        if not new <= set(self._columns):  # a score that was not there before: the table gets a column
            self._columns = sorted(new | set(self._columns))
            self._written.pop(TABLE, None)
        self._add(TABLE, history, lambda entry: _row(entry, self._columns), _row({}, self._columns))

    def _add(self, name: str, entries: Sequence[Entry], line_of: Callable[[Entry], str], head: str = "") -> None:
        path, written = self.folder / name, self._written.get(name)
        more = "".join(line_of(entry) for entry in entries[written or 0 :])
        if written is None:
            write_text(path, head + more)
        elif more:
            append_text(path, more)
        self._written[name] = len(entries)


def read_entries(path: Path, count: int) -> list[dict[str, float]]:
    """Read the first ``count`` lines of a file; one that lacks some or is damaged raises :class:`TtsError`."""
    if count == 0:
        return []
    try:
        with path.open(encoding="utf-8") as stream:
            entries = [json.loads(line) for line in itertools.islice(stream, count)]
    except (OSError, ValueError) as error:
        raise TtsError(f"{path}: damaged or missing ({type(error).__name__})") from None
    if len(entries) < count or not all(isinstance(entry, dict) for entry in entries):
        raise TtsError(f"{path}: damaged (it lacks some of its {count} entries)")
    return entries


def history_table(history: Sequence[Entry]) -> str:
    """Return validations as a tab-separated table, a line each, to be read by people."""
    columns = sorted({name for entry in history for name in entry} - {"step"})
    return _row({}, columns) + "".join(_row(entry, columns) for entry in history)


def _row(entry: Entry, columns: Sequence[str]) -> str:
    """Return a line of the table, that of the names for an empty entry."""
    if not entry:
        return "\t".join(["step", *columns]) + "\n"
    return "\t".join([str(int(entry["step"])), *(f"{entry[c]:.6g}" if c in entry else "" for c in columns)]) + "\n"


def _json_line(entry: Entry) -> str:
    return f"{json.dumps(entry)}\n"
