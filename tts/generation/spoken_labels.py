"""Speaking from full-context labels of the HTS family: what they say is spoken, and as long as they say where they have times.

A line is ``start end label`` with times in 100 ns, a state (``label[2]``, ``label[3]``, ...) or a phone, or the label alone, as
``hts_engine`` reads it (:mod:`tts.text.full_context` has the form of labels, :mod:`tts.alignment.labels` that of lines).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from tts.alignment.intervals import SILENCES, TimeInterval
from tts.alignment.labels import parse_intervals
from tts.core.errors import TtsError
from tts.generation.delivery import Part
from tts.generation.durations import whole_durations
from tts.generation.requests import Request
from tts.text.from_labels import LabelledPhone, sentence_of
from tts.text.label_names import CENTRE, centre_of
from tts.text.phone_names import ARPABET, IPA, PhoneNames
from tts.text.sentence import PAUSE
from tts.text.spoken_forms import primary

_TIMED = re.compile(r"\d+\s+\d+\s+\S")
_GAP = 1e-3  # seconds between the end of a label and the start of the next


def looks_like_labels(lines: Sequence[str]) -> bool:
    """Return whether lines are full-context labels, with times or without, rather than a text."""
    return all(CENTRE.search(line) and (_TIMED.match(line) or not re.search(r"\s", line.strip())) for line in lines[:20])


@dataclass(frozen=True)
class LabelledPart(Part):
    """What a label file says; ``frames`` (segments, states of the file) are how long it lasts, None without times."""

    frames: np.ndarray | None = None

    def durations(self, predicted: np.ndarray, pause_scale: float, speed: float) -> np.ndarray:
        """Return whole frames (segments, states): those of the labels at a ``speed``, or as predicted where they have none.

        Where the file does not tell a phone's states apart, or as many as the voice has, they share the phone as predicted.
        """
        if self.frames is None:
            return super().durations(predicted, pause_scale, speed)
        frames = self.frames
        if frames.shape != predicted.shape:
            frames = frames.sum(axis=1, keepdims=True) * predicted / predicted.sum(axis=1, keepdims=True)
        return whole_durations(frames, speed)


def labelled_part(request: Request, language: str, shift: float) -> LabelledPart:
    """Return what the labels in a request say, in frames of ``shift`` seconds.

    English labels whose names are all ARPAbet's are read so, others as IPA. Silences beside each other, as at the joints of
    sentences, become one. Raises :class:`TtsError` for a broken line, a phone that is none, gaps, and no silence at an end.
    """
    where = request.place or request.id
    lines = [line.strip() for line in request.text.split("\n")]
    timed = any(_TIMED.match(line) for line in lines)
    intervals = parse_intervals(lines, where) if timed else _untimed(lines, where)
    intervals = _merged(intervals, where)
    names = _names(intervals, language)
    try:
        phones = [_labelled(interval, names) for interval in intervals]
        sentence = sentence_of(phones, "", language)
    except TtsError as error:
        raise TtsError(f"{where}: {error}") from None
    sentence = replace(sentence, text=" ".join(word.text for word in sentence.words))
    return LabelledPart(sentence, frames=_frames(intervals) / shift if timed else None)


def _untimed(lines: Sequence[str], where: str) -> list[TimeInterval]:
    intervals = []
    for number, line in enumerate(lines, 1):
        if re.search(r"\s", line):
            raise TtsError(f"{where}:{number}: expected a label, or 'start end label' in every line; found {line[:60]!r}")
        if line:
            intervals.append(TimeInterval(0.0, 0.0, centre_of(line), (), line))
    return intervals


def _silent(interval: TimeInterval) -> bool:
    return interval.name.strip().lower() in SILENCES


def _merged(intervals: Sequence[TimeInterval], where: str) -> list[TimeInterval]:
    """Return intervals of which silences beside each other are one; a gap between two raises :class:`TtsError`."""
    merged: list[TimeInterval] = []
    for interval in intervals:
        if merged and abs(interval.start - merged[-1].end) > _GAP:
            raise TtsError(f"{where}: there is a gap or an overlap at {merged[-1].end:.3f} s; label it as silence")
        if interval.end < interval.start:
            raise TtsError(f"{where}: {interval.name} ends before it starts, at {interval.start:.3f} s")
        if merged and _silent(merged[-1]) and _silent(interval):
            merged[-1] = replace(merged[-1], end=interval.end, inner=())
        else:
            merged.append(interval)
    return merged


def _names(intervals: Sequence[TimeInterval], language: str) -> PhoneNames:
    """Return which names the phones have."""
    arpabet = PhoneNames(ARPABET)
    try:
        for interval in intervals:
            if not _silent(interval):
                arpabet.ipa(interval.name)
    except TtsError:
        return PhoneNames(IPA)
    return arpabet if primary(language) == "en" else PhoneNames(IPA)


def _labelled(interval: TimeInterval, names: PhoneNames) -> LabelledPhone:
    if _silent(interval):
        return LabelledPhone(PAUSE, None, interval.context)
    return LabelledPhone(*names.ipa(interval.name), interval.context)


def _frames(intervals: Sequence[TimeInterval]) -> np.ndarray:
    """Return seconds (segments, states): of every state where each phone has as many of them, else of the whole phone."""
    states = {len(interval.inner) for interval in intervals if not _silent(interval)}
    inner = states.pop() if len(states) == 1 else 0
    rows = []
    for interval in intervals:
        bounds = [interval.start, *interval.inner, interval.end]
        if len(interval.inner) != inner:  # a silence that was merged, or told otherwise
            bounds = np.linspace(interval.start, interval.end, inner + 2).tolist()
        rows.append(np.diff(bounds))
    return np.array(rows)
