"""Texts in, speech out: one generator that every output wraps.

Sentences, not requests, go through the network in batches and through the vocoder in worker processes, so that thousands of
short texts and one of ten hours cost the same a second of speech. Memory stays flat: while the vocoder is at one batch the
front end and the network make the next, and no more; :meth:`Synthesiser.stream` lets go of every sentence as it is handed out.
"""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

import numpy as np

from tts.alignment.types import Alignment
from tts.core.errors import TtsError, UsageError, WorkersCannotStart
from tts.core.grid import FrameGrid
from tts.core.processes import Ticket, Workers
from tts.generation.delivery import Part
from tts.generation.durations import speech_frames
from tts.generation.passages import Manner, document_of, parts_of
from tts.generation.requests import Request
from tts.generation.sentence_joiner import SentenceJoiner
from tts.generation.synthesis_settings import SynthesisSettings as SynthesisSettings  # part of this module's interface too
from tts.generation.variation import NO_VARIATION, Take, draw
from tts.generation.vocode import Waveform, sounded, spoken_trajectories, vocode, vocoder_streams
from tts.generation.voice_model import HIDDEN, VoiceModel, used_editor
from tts.text.sentence import Sentence
from tts.text.unreadable import Unread

log = logging.getLogger(__name__)

FRAMES_A_SEGMENT = 20  # a guess good enough to size batches before durations are known
FIRST_FRAMES = 1_000  # of the batch after the first, which is one sentence, so that sound comes at once; then twice as many


def check_speakers(requests: Iterable[Request], voice: VoiceModel) -> None:
    """Raise :class:`UsageError`, before anything is spoken, for a request whose speaker or takes the voice does not have.

    SSML documents are read, so that what is wrong with them is told too.
    """
    for request in requests:
        if request.temperature and voice.variation is None:
            raise UsageError(request.located(NO_VARIATION))
        try:
            for speaker in (request.speaker, *(document_of(request, voice.engine).speakers if request.ssml else ())):
                voice.speaker_number(speaker)
        except UsageError as error:
            raise UsageError(request.located(str(error))) from None


@dataclass(frozen=True)
class SpokenSentence:
    """A sentence of a request as it was made: float32 samples (frames,), within -1..1, its pauses included.

    The sentences of a request follow each other without gap: frame ``i`` of one starts where all frames of those before end.
    ``marks`` are the names of SSML's marks and the frames at which they are reached.
    """

    request: Request
    sentence: Sentence
    alignment: Alignment
    signal: np.ndarray
    marks: tuple[tuple[str, int], ...] = ()


@dataclass(frozen=True)
class RequestEnd:
    """All sentences of a request have been handed out, or it failed, for the reason given, after those that were.

    ``unread`` are its tokens that had no reading, and what was read in their place.
    """

    request: Request
    error: Exception | None = None
    unread: tuple[Unread, ...] = ()

    @property
    def reason(self) -> str:
        """Why it failed, in words; empty where it did not."""
        if self.error is None or isinstance(self.error, TtsError):
            return str(self.error or "")
        return f"{type(self.error).__name__}: {self.error}"


@dataclass(frozen=True)
class Speech:
    """What became of a request: its sentences and which phone lasts how long, and ``signal``; or ``error``, and then none.

    ``samples`` are float32 within -1..1, None where the request failed; ``unread`` are tokens that had no reading; ``marks``
    the names of SSML's marks and the frames at which they are reached.
    """

    request: Request
    samples: np.ndarray | None
    sentences: tuple[Sentence, ...] = ()
    alignments: tuple[Alignment, ...] = ()
    error: str | None = None
    unread: tuple[Unread, ...] = ()
    marks: tuple[tuple[str, int], ...] = ()

    @property
    def id(self) -> str:
        """The request's id."""
        return self.request.id

    @property
    def signal(self) -> np.ndarray:
        """The samples; of a request that failed there are none, and :class:`TtsError` says why."""
        if self.samples is None:
            raise TtsError(self.request.located(f"{self.id}: {self.error}"))
        return self.samples


@dataclass
class _Job:
    """A request on its way."""

    request: Request
    error: Exception | None = None
    unread: list[Unread] = field(default_factory=list)

    def fail(self, error: Exception) -> None:
        """Give the request up; the first reason is kept."""
        log.debug("request %s failed", self.request.id, exc_info=error)
        self.error = self.error or error


@dataclass
class _Piece:
    """A sentence on its way; ``take`` says how it departs from the mean, where it does."""

    job: _Job
    part: Part
    speaker: int
    take: Take | None = None
    durations: np.ndarray = field(default_factory=lambda: np.zeros((0, 0), np.int32))
    ticket: Ticket | None = None
    signal: np.ndarray | None = None

    @property
    def sentence(self) -> Sentence:
        """The sentence."""
        return self.part.sentence


class Synthesiser:
    """A voice with settings and its vocoder processes, which stay for the next call. Use as a context manager, or close.

    Without ``settings`` the voice speaks as its configuration says, in this process.
    """

    def __init__(self, voice: VoiceModel, settings: SynthesisSettings | None = None) -> None:
        self.voice = voice
        self.settings = settings or SynthesisSettings.of(voice.generation)
        self.editor = used_editor(voice, self.settings.post_filter)
        self.workers = Workers(self.settings.workers)
        self._manner = Manner(
            voice.grid.shift,
            self.settings.max_characters,
            self.settings.sentence_pause,
            self.settings.pause_scale,
            self.settings.unreadable,
        )
        self.sound = Waveform(
            voice.grid,
            voice.streams,
            voice.variances,
            voice.global_variance,
            self.settings.post_filter,
            self.settings.voicing_threshold,
            self.settings.vocoder,
        )

    def __enter__(self) -> Synthesiser:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End the vocoder processes."""
        self.workers.close()

    def speak(self, requests: Iterable[Request], *, errors: Literal["raise", "return"] = "raise") -> Iterator[Speech]:
        """Yield the speech of every request, in order, as soon as it is ready.

        One that cannot be spoken raises :class:`TtsError`; with ``errors="return"`` its :class:`Speech` says why instead,
        and the others are spoken.
        """
        if errors not in ("raise", "return"):
            raise UsageError(f"errors is {errors!r}; expected 'raise' or 'return'")
        made: list[SpokenSentence] = []
        for event in self.stream(requests):
            if isinstance(event, SpokenSentence):
                made.append(event)
            elif event.error is None:
                yield replace(_joined(event.request, made, self.voice.grid), unread=event.unread)
                made = []
            elif errors == "raise":
                raise TtsError(event.request.located(f"{event.request.id}: {event.reason}")) from event.error
            else:
                yield Speech(event.request, None, error=event.reason, unread=event.unread)
                made = []

    def stream(self, requests: Iterable[Request]) -> Iterator[SpokenSentence | RequestEnd]:
        """Yield the sentences of every request, in order, each as soon as it is ready, and an end after those of a request.

        No more than a few batches of sentences are held, however long a request is.
        """
        line: deque[_Piece | _Job] = deque()  # in order: sentences, and each request after its own
        batch: list[_Piece] = []
        under_way: deque[_Piece] = deque()
        frames, enough = 0, 1
        for item in self._items(requests):
            line.append(item)
            if isinstance(item, _Piece):
                batch.append(item)
                frames += FRAMES_A_SEGMENT * len(item.sentence.segments)
            if frames >= enough:
                made = self._predict(batch)
                self._collect(under_way, keep=0)
                under_way.extend(made)
                batch, frames, enough = [], 0, min(max(2 * enough, FIRST_FRAMES), self.settings.batch_frames)
            self._collect(under_way, keep=len(under_way))
            yield from _ready(line)
        under_way.extend(self._predict(batch))
        while line:
            yield from _ready(line)
            if line:
                self._collect(under_way, keep=len(under_way) - 1)

    def _items(self, requests: Iterable[Request]) -> Iterator[_Piece | _Job]:
        """Yield the sentences of every request one by one, since a front end takes its time over a long text, then itself."""
        for request in requests:
            job = _Job(request)
            try:
                for piece in self._pieces(job):
                    yield piece
                    if job.error is not None:
                        break
            except Exception as error:
                job.fail(error)
            yield job

    def _pieces(self, job: _Job) -> Iterator[_Piece]:
        for number, part in enumerate(parts_of(job.request, self.voice.engine, self._manner, job.unread)):
            speaker = self.voice.speaker_number(part.speaker or job.request.speaker)
            yield _Piece(job, part, speaker, self._take(job.request, number, part.sentence))

    def _take(self, request: Request, number: int, sentence: Sentence) -> Take | None:
        """Return the take of a request's sentence: the same whenever text, seed and the voice's variation are the same."""
        if not request.temperature:
            return None
        variation = self.voice.variation
        if variation is None:
            raise UsageError(NO_VARIATION)
        noise = draw(variation, len(sentence.segments), (request.seed, number, request.text))
        return Take(noise, request.temperature)

    def _predict(self, pieces: Sequence[_Piece]) -> list[_Piece]:
        """Take sentences through the networks and hand them to the vocoder; return those that got there."""
        pieces = [piece for piece in pieces if piece.job.error is None]
        if not pieces:
            return []
        try:
            acoustics = self._acoustics(pieces)
        except Exception as error:
            if len(pieces) == 1:
                pieces[0].job.fail(error)
                return []
            return [done for piece in pieces for done in self._predict([piece])]  # find the one to blame
        for piece, streams in zip(pieces, acoustics, strict=True):
            frames = piece.durations
            narrow = {name: np.asarray(values, np.float32) for name, values in streams.items()}
            work = vocode if self.editor is None else sounded
            pitch, gain = piece.part.pitch(frames, piece.job.request.pitch), piece.part.gain(frames)
            piece.ticket = self.workers.submit(work, self.sound, narrow, speech_frames(piece.sentence, frames), pitch, gain)
        return list(pieces)

    def _acoustics(self, pieces: Sequence[_Piece]) -> list[dict[str, np.ndarray]]:
        """Set how long sentences last; return what the networks make of them, edited trajectories where there is an edit."""
        sentences, speakers = [piece.sentence for piece in pieces], [piece.speaker for piece in pieces]
        takes = {} if all(piece.take is None for piece in pieces) else {"takes": [piece.take for piece in pieces]}
        for piece, frames in zip(pieces, self.voice.durations(sentences, speakers, **takes), strict=True):
            own = frames / self.settings.speed
            piece.durations = piece.part.durations(own, self.settings.pause_scale, piece.job.request.speed)
        durations = [piece.durations for piece in pieces]
        acoustics = self.voice.acoustics(sentences, durations, speakers, hidden=self.editor is not None, **takes)
        if self.editor is not None:
            return [self._edited(p, f, streams) for p, f, streams in zip(pieces, durations, acoustics, strict=True)]
        return acoustics

    def parameters(self, request: Request) -> dict[str, np.ndarray]:
        """Return what the vocoder is given for a request: ``mcep``, ``lf0``, ``vuv`` (0 or 1), ``bap``, (frames, dimension).

        The sentences follow each other. One that cannot be spoken raises its own error.
        """
        pieces = list(self._pieces(_Job(request)))
        streams = []
        for piece, acoustics in zip(pieces, self._acoustics(pieces), strict=True):
            spoken = speech_frames(piece.sentence, piece.durations)
            made = acoustics if self.editor is not None else spoken_trajectories(self.sound, acoustics, spoken)
            frames = piece.durations
            pitch, gain = piece.part.pitch(frames, request.pitch), piece.part.gain(frames)
            streams.append(vocoder_streams(self.sound, made, pitch, gain))
        return {name: np.concatenate([each[name] for each in streams]) for name in streams[0]}

    def _edited(self, piece: _Piece, durations: np.ndarray, predicted: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
        """Return the trajectories of a sentence as they are to be spoken, edited by the voice's last acoustic stage."""
        assert self.editor is not None
        hidden, speech = predicted.pop(HIDDEN), speech_frames(piece.sentence, durations)
        trajectories = spoken_trajectories(self.sound, predicted, speech)
        return self.editor.edited(trajectories, hidden, speech, self.settings.post_filter.edit_strength, piece.speaker)

    def _collect(self, under_way: deque[_Piece], keep: int) -> None:
        """Take sentences ``under_way`` from the vocoder, first ones first: those finished, and until ``keep`` are left."""
        while under_way:
            piece = under_way[0]
            assert piece.ticket is not None
            if len(under_way) <= keep and not piece.ticket.future.done():
                return
            under_way.popleft()
            try:
                piece.signal = self.workers.result(piece.ticket)
            except WorkersCannotStart:
                raise  # no sentence is to blame
            except Exception as error:
                piece.job.fail(error)
            piece.ticket = None  # and with it the predictions


def _ready(line: deque[_Piece | _Job]) -> Iterator[SpokenSentence | RequestEnd]:
    """Take from the head of the line what is known of it: sentences made, and ends; sentences of a failed request vanish."""
    while line:
        head = line[0]
        if isinstance(head, _Job):
            line.popleft()
            yield RequestEnd(head.request, head.error, tuple(head.unread))
        elif head.job.error is not None:
            line.popleft()
        elif head.signal is not None:
            line.popleft()
            alignment = Alignment(head.sentence.phones, head.durations)
            marks = head.part.mark_frames(head.durations)
            yield SpokenSentence(head.job.request, head.sentence, alignment, head.signal, marks)
        else:
            return


def _joined(request: Request, sentences: Sequence[SpokenSentence], grid: FrameGrid) -> Speech:
    """Put the sentences of a request one after the other, each on its frames."""
    joiner = SentenceJoiner(grid)
    pieces, marks = [], []
    for spoken in sentences:
        marks += [(name, joiner.frames + frame) for name, frame in spoken.marks]
        pieces.append(joiner.add(spoken))
    signal = np.concatenate([*pieces, joiner.rest()])
    return Speech(
        request,
        signal,
        tuple(spoken.sentence for spoken in sentences),
        tuple(spoken.alignment for spoken in sentences),
        marks=tuple(marks),
    )
