"""When every word and phone of spoken text is heard, for subtitles, lip movements and Praat."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import numpy as np

from tts.alignment.intervals import times_dict
from tts.alignment.labelled import format_full_context
from tts.alignment.textgrid import write_textgrid
from tts.alignment.types import Alignment
from tts.core.files import write_json, write_text
from tts.core.grid import FrameGrid
from tts.generation.subtitles import cues, srt_text, vtt_text
from tts.generation.synthesiser import Speech
from tts.text.sentence import Sentence

SUFFIXES: Final = {"textgrid": ".TextGrid", "json": ".json", "srt": ".srt", "vtt": ".vtt", "hts": ".lab"}


def write_timings(stem: Path, spoken: Speech, grid: FrameGrid, kinds: Collection[str]) -> None:
    """Write ``STEM.TextGrid`` if ``kinds`` has ``textgrid``, ``STEM.json`` (:func:`timings`) if it has ``json``.

    With ``hts``, full-context labels by state in ``STEM.lab`` (:mod:`tts.text.full_context`); with ``srt`` and ``vtt``,
    subtitles (:mod:`tts.generation.subtitles`).
    """
    if "textgrid" in kinds:
        write_textgrid(Path(f"{stem}{SUFFIXES['textgrid']}"), *joined(spoken), grid, spoken.request.text)
    if "json" in kinds:
        write_json(Path(f"{stem}{SUFFIXES['json']}"), timings(spoken, grid))
    if "hts" in kinds:
        write_text(Path(f"{stem}{SUFFIXES['hts']}"), format_full_context(*joined(spoken), grid))
    for kind, text_of in (("srt", srt_text), ("vtt", vtt_text)):
        if kind in kinds:
            write_text(Path(f"{stem}{SUFFIXES[kind]}"), text_of(cues(spoken, grid)))


def timings(spoken: Speech, grid: FrameGrid) -> dict[str, Any]:
    """Return ``id``, ``text``, ``seconds``, and the ``words`` and ``phones`` of :func:`tts.alignment.intervals.times_dict`.

    ``text[start:end]`` is what was written for a word whose ``source`` is ``[start, end]``. Of an SSML document with marks
    there are ``marks`` too, each with its ``name`` and ``time``.
    """
    seconds = round(len(spoken.signal) / grid.sample_rate, 4)
    marks = [{"name": name, "time": round(frame * grid.shift, 6)} for name, frame in spoken.marks]
    times = {**times_dict(*joined(spoken), grid), **({"marks": marks} if marks else {})}
    return {"id": spoken.id, "text": spoken.request.text, "seconds": seconds, **times}


def joined(spoken: Speech) -> tuple[Sentence, Alignment]:
    """Return all sentences of a request as one, the silences where two meet as a ``pau`` of their common length."""
    words = []
    for sentence in spoken.sentences:
        words += [*sentence.words[:-1], replace(sentence.words[-1], pause_after=True)]
    rows = [spoken.alignments[0].durations]
    for alignment in spoken.alignments[1:]:
        rows[-1] = np.concatenate([rows[-1][:-1], rows[-1][-1:] + alignment.durations[:1]])
        rows.append(alignment.durations[1:])
    whole = replace(spoken.sentences[-1], text=spoken.request.text, words=tuple(words), contexts=())
    return whole, Alignment(whole.phones, np.concatenate(rows))
