"""Speaking texts one after the other into one sound, handed out as it is made: a book in the memory of a few sentences."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import numpy as np

from tts.core.progress import Progress
from tts.generation.batch import BatchReport
from tts.generation.requests import Request
from tts.generation.sentence_joiner import SentenceJoiner
from tts.generation.synthesiser import RequestEnd, Synthesiser
from tts.text.unreadable import Unread

if TYPE_CHECKING:
    from tts.generation.elsewhere import Elsewhere


class SoundOutput(Protocol):
    """What takes the sound, piece by piece: :class:`tts.core.audio_output.AudioOutput` is one."""

    def write(self, signal: np.ndarray) -> None:
        """Add float32 samples within -1..1."""


@dataclass(frozen=True)
class Piece:
    """A piece of sound, float32 samples within -1..1; the ``first`` one of a text follows a pause."""

    samples: np.ndarray
    first: bool = False


@dataclass(frozen=True)
class TextEnd:
    """All pieces of a text have been handed out, so many seconds; ``reason`` says why it failed, where it did."""

    request: Request
    reason: str | None
    seconds: float
    unread: tuple[Unread, ...] = ()


def pieces(synthesiser: Synthesiser, requests: Iterable[Request]) -> Iterator[Piece | TextEnd]:
    """Yield the sound of every text, in order, sentence by sentence as they are ready, and its end."""
    grid = synthesiser.voice.grid
    joiner = SentenceJoiner(grid)
    for event in synthesiser.stream(requests):
        if isinstance(event, RequestEnd):
            yield Piece(joiner.rest())
            reason = None if event.error is None else event.reason
            yield TextEnd(event.request, reason, joiner.samples / grid.sample_rate, event.unread)
            joiner = SentenceJoiner(grid)
        else:
            first = joiner.frames == 0
            yield Piece(joiner.add(event), first)


def speak_joined(
    synthesiser: Synthesiser,
    requests: Sequence[Request],
    output: SoundOutput,
    report: BatchReport | None = None,
    elsewhere: Elsewhere | None = None,
) -> BatchReport:
    """Speak ``requests`` into ``output``, sentence by sentence as they are ready, the pause between sentences between them too.

    One that fails is logged and reported; it is left out from the sentence that fails on. A ``report`` of what ``output`` holds
    already is added to. Other machines speak where ``elsewhere`` is given, text by text.
    """
    settings, grid = synthesiser.settings, synthesiser.voice.grid
    pause = np.zeros(round(settings.sentence_pause * settings.pause_scale * grid.sample_rate), np.float32)
    report = report or BatchReport()
    begun = report.seconds > 0.0
    with Progress("speaking", len(requests)) as progress:
        for event in pieces(synthesiser, requests) if elsewhere is None else elsewhere.pieces(requests):
            if isinstance(event, TextEnd):
                report.count(event.request, event.reason, event.seconds, event.unread)
                progress.advance(note=event.request.id)
                continue
            if event.first:
                if begun:
                    output.write(pause)
                begun = True
            output.write(event.samples)
    return report
