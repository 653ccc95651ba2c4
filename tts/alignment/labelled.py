"""Utterances whose words, phones and times are all read from full-context label files."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from tts.alignment.intervals import SILENCES, TimeInterval, to_alignment
from tts.alignment.labels import FIRST_STATE, TIME_UNIT, read_intervals
from tts.alignment.types import Aligned, Alignment
from tts.core.errors import TtsError
from tts.core.grid import FrameGrid
from tts.text.from_labels import LabelledPhone, sentence_of
from tts.text.full_context import EndSilence, full_context_labels
from tts.text.label_names import centre_of
from tts.text.phone_names import PhoneNames
from tts.text.sentence import PAUSE, Sentence


def labelled_sentence(path: Path, names: PhoneNames, text: str, language: str) -> Sentence:
    """Return the sentence that a full-context label file describes; :class:`TtsError` naming the file where it is none."""
    try:
        return sentence_of([_labelled(interval, names) for interval in read_intervals(path, names)], text, language)
    except TtsError as error:
        message = str(error)
        raise TtsError(message if message.startswith(str(path)) else f"{path}: {message}") from None


def labelled_times(sentence: Sentence, path: Path, names: PhoneNames, grid: FrameGrid, frames: int, states: int) -> Aligned:
    """Return a sentence of :func:`labelled_sentence` with the times of its file on the frame grid.

    ``frames`` is the recording's number of frames. Labels with gaps, and those of another recording, raise :class:`TtsError`.
    """
    alignment = to_alignment(read_intervals(path, names), grid, frames, states, str(path))
    if alignment.phones != sentence.phones:
        raise TtsError(f"{path}: has gaps between its labels, which none of them names; label them as silence")
    return Aligned(sentence, alignment)


def format_full_context(
    sentence: Sentence, alignment: Alignment, grid: FrameGrid, *, states: bool = True, end_silence: EndSilence = "sil"
) -> str:
    """Return full-context labels with times in 100 ns, a line a state (``[2]``, ``[3]``, ...) or a phone.

    The contexts are those that came with the sentence, or made of it (:func:`tts.text.full_context.full_context_labels`).
    """
    contexts = sentence.contexts or full_context_labels(sentence, end_silence=end_silence)
    durations = alignment.durations if states else alignment.phone_durations[:, None]
    ends = np.round(np.cumsum(durations.ravel()) * (grid.shift / TIME_UNIT)).astype(np.int64).tolist()
    starts = [0, *ends[:-1]]
    lines = []
    for number, (start, end) in enumerate(zip(starts, ends, strict=True)):
        segment, state = divmod(number, durations.shape[1])
        suffix = f"[{state + FIRST_STATE}]" if states else ""
        lines.append(f"{start} {end} {contexts[segment]}{suffix}\n")
    return "".join(lines)


def _labelled(interval: TimeInterval, names: PhoneNames) -> LabelledPhone:
    if interval.name.strip().lower() in SILENCES:
        return LabelledPhone(PAUSE, None, interval.context)
    return LabelledPhone(interval.name, names.ipa(centre_of(interval.context))[1], interval.context)
