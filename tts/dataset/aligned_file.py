"""``alignments/alignment.jsonl``: the alignments of a corpus, for the next run and for this one, which reads them as it needs.

The first line is an object with the ``identity`` that stands for everything that the times depend on. Each other line has
an utterance's ``id`` and either ``failed``, why it has no times, or ``sentence`` (pauses as spoken), ``durations`` (frames in
every state of every segment), ``score`` (the mean log likelihood a frame) and ``match`` (how well the text fits), both
null for times from label files.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np

from tts.alignment.types import Aligned, Alignment
from tts.core.errors import TtsError
from tts.core.files import read_json
from tts.core.indexed_lines import IndexedLines, read_lines, write_lines
from tts.core.processes import Failure
from tts.dataset.prepared import read_sentences
from tts.text.sentence import Sentence

ALIGNMENT = "alignment.jsonl"
_OLD, _OLD_SENTENCES = "alignment.json", "sentences.jsonl"  # of earlier versions


class AlignedFile(IndexedLines[Aligned]):
    """The alignments that succeeded, by id, in the ``order`` of these ids; ``failed`` says why others did not."""

    def __init__(self, path: Path, order: Sequence[str]) -> None:
        """Open what :func:`write_alignments` wrote; a broken line raises :class:`TtsError` naming it."""
        lines = read_lines(path)
        next(lines, None)  # the identity
        self.failed: dict[str, str] = {}
        places = {key: place for place, key in enumerate(order)}
        offsets, self._segments = array("q", [-1]) * len(order), array("i", [0]) * len(order)
        for offset, line in lines:
            if "failed" in line:
                self.failed[line["id"]] = line["failed"]
                continue
            place = places[line["id"]]
            offsets[place], self._segments[place] = offset, len(line["durations"])
        there = [place for place, offset in enumerate(offsets) if offset >= 0]
        self._segments = array("i", [self._segments[place] for place in there])
        super().__init__(path, _aligned, (order[place] for place in there), (offsets[place] for place in there))

    def segments(self, key: str) -> int:
        """Return the number of segments of an utterance, silences included."""
        return self._segments[self.place(key)]


def write_alignments(path: Path, identity: str, results: Iterable[tuple[str, Aligned | Failure]]) -> None:
    """Write alignments by id as they come, atomically."""
    write_lines(path, chain([{"identity": identity}], (_line(key, result) for key, result in results)))


def open_alignments(folder: Path, identity: str, order: Sequence[str]) -> AlignedFile | None:
    """Open the alignments in a folder; None where there are none of this ``identity``, or they are damaged."""
    try:
        _bring_forward(folder)
        if not (folder / ALIGNMENT).is_file():
            return None
        return AlignedFile(folder / ALIGNMENT, order) if _stored_identity(folder / ALIGNMENT) == identity else None
    except (TtsError, KeyError, TypeError, AttributeError):
        return None


def _stored_identity(path: Path) -> str | None:
    _, header = next(read_lines(path), (0, {}))
    return header.get("identity")


def _line(key: str, result: Aligned | Failure) -> dict[str, Any]:
    if isinstance(result, Failure):
        return {"id": key, "failed": result.message}
    alignment = result.alignment
    return {
        "id": key,
        "sentence": result.sentence.to_dict(),
        "durations": alignment.durations.tolist(),
        "score": _known(alignment.score),
        "match": _known(alignment.match),
    }


def _known(value: float) -> float | None:
    return None if np.isnan(value) else value


def _aligned(line: dict[str, Any]) -> Aligned:
    sentence = Sentence.from_dict(line["sentence"])
    score, match = (float("nan") if line[name] is None else float(line[name]) for name in ("score", "match"))
    return Aligned(sentence, Alignment(sentence.phones, np.array(line["durations"]), score, match))


def _bring_forward(folder: Path) -> None:
    """Make one file of the two of earlier versions, which held every alignment in one JSON object."""
    old = folder / _OLD
    if not old.is_file():
        return
    if not (folder / ALIGNMENT).is_file():
        record = read_json(old)
        write_alignments(folder / ALIGNMENT, record["identity"], _old_results(record, folder / _OLD_SENTENCES))
    old.unlink()
    (folder / _OLD_SENTENCES).unlink(missing_ok=True)


def _old_results(record: Mapping[str, Any], sentences: Path) -> Iterator[tuple[str, Aligned | Failure]]:
    for key, message in record["failed"].items():
        yield key, Failure(message)
    for key, sentence in read_sentences(sentences):
        line = {name: record[values][key] for name, values in (("score", "scores"), ("match", "matches"))}
        yield key, _aligned({"sentence": sentence.to_dict(), "durations": record["durations"][key], **line})
