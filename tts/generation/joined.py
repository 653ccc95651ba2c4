"""Speaking texts one after the other into one sound, handed out as it is made: a book in the memory of a few sentences."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np

from tts.core.progress import Progress
from tts.generation.batch import BatchReport
from tts.generation.requests import Request
from tts.generation.sentence_joiner import SentenceJoiner
from tts.generation.synthesiser import RequestEnd, Synthesiser


class SoundOutput(Protocol):
    """What takes the sound, piece by piece: :class:`tts.core.audio_output.AudioOutput` is one."""

    def write(self, signal: np.ndarray) -> None:
        """Add float32 samples within -1..1."""


def speak_joined(
    synthesiser: Synthesiser, requests: Sequence[Request], output: SoundOutput, report: BatchReport | None = None
) -> BatchReport:
    """Speak ``requests`` into ``output``, sentence by sentence as they are ready, the pause between sentences between them too.

    One that fails is logged and reported; it is left out from the sentence that fails on. A ``report`` of what ``output`` holds
    already is added to.
    """
    settings, grid = synthesiser.settings, synthesiser.voice.grid
    pause = np.zeros(round(settings.sentence_pause * settings.pause_scale * grid.sample_rate), np.float32)
    report = report or BatchReport()
    joiner = SentenceJoiner(grid)
    begun = report.seconds > 0.0
    with Progress("speaking", len(requests)) as progress:
        for event in synthesiser.stream(requests):
            if isinstance(event, RequestEnd):
                output.write(joiner.rest())
                reason = None if event.error is None else event.reason
                report.count(event.request, reason, joiner.samples / grid.sample_rate, event.unread)
                progress.advance(note=event.request.id)
                joiner = SentenceJoiner(grid)
                continue
            if begun and joiner.frames == 0:
                output.write(pause)
            begun = True
            output.write(joiner.add(event))
    return report
