"""When every word and phone of spoken text is heard, for subtitles, lip movements and Praat."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import numpy as np

from tts.alignment.textgrid import write_textgrid
from tts.alignment.types import Alignment
from tts.files import write_json
from tts.frames import FrameGrid
from tts.generation.synthesiser import Spoken
from tts.text.sentence import Sentence

SUFFIXES: Final = {"textgrid": ".TextGrid", "json": ".json"}


def write_timings(stem: Path, spoken: Spoken, grid: FrameGrid, kinds: Collection[str]) -> None:
    """Write ``STEM.TextGrid`` if ``kinds`` has ``textgrid``, ``STEM.json`` (:func:`timings`) if it has ``json``."""
    if "textgrid" in kinds:
        sentence, alignment = joined(spoken)
        write_textgrid(Path(f"{stem}{SUFFIXES['textgrid']}"), sentence, alignment, grid)
    if "json" in kinds:
        write_json(Path(f"{stem}{SUFFIXES['json']}"), timings(spoken, grid))


def timings(spoken: Spoken, grid: FrameGrid) -> dict[str, Any]:
    """Return ``{"id", "text", "seconds", "words", "phones"}``, times in seconds to 0.1 ms.

    A word is ``{"text", "start", "end"}``; a phone is ``{"phone", "start", "end", "word"}`` with the index of its word, None
    for the silences ``sil`` and ``pau``. Phones follow each other without gaps.
    """
    sentence, alignment = joined(spoken)
    ends = np.cumsum(alignment.phone_durations)
    phones: list[dict[str, Any]] = []
    words: list[dict[str, Any]] = []
    for segment, first, last in zip(sentence.segments, alignment.phone_starts, ends, strict=True):
        start, end = round(float(first * grid.shift), 4), round(float(last * grid.shift), 4)
        phones.append({"phone": segment.phone, "start": start, "end": end, "word": None if segment.silent else segment.word})
        if segment.word == len(words):
            words.append({"text": sentence.words[segment.word].text, "start": start, "end": end})
        elif not segment.silent:
            words[-1]["end"] = end
    seconds = round(len(spoken.signal) / grid.sample_rate, 4)
    return {"id": spoken.id, "text": spoken.request.text, "seconds": seconds, "words": words, "phones": phones}


def joined(spoken: Spoken) -> tuple[Sentence, Alignment]:
    """Return all sentences of a request as one, the silences where two meet as a ``pau`` of their common length."""
    words = []
    for sentence in spoken.sentences:
        words += [*sentence.words[:-1], replace(sentence.words[-1], pause_after=True)]
    rows = [spoken.alignments[0].durations]
    for alignment in spoken.alignments[1:]:
        rows[-1] = np.concatenate([rows[-1][:-1], rows[-1][-1:] + alignment.durations[:1]])
        rows.append(alignment.durations[1:])
    whole = replace(spoken.sentences[-1], text=spoken.request.text, words=tuple(words))
    return whole, Alignment(whole.phones, np.concatenate(rows))
