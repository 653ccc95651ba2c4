"""Texts in, speech out: one generator that every output wraps.

Sentences, not requests, go through the network in batches and through the vocoder in worker processes, so that thousands of
short texts and one of ten thousand words cost the same a second of speech. Memory stays flat: while the vocoder is at one batch
the front end and the network make the next, and no more.
"""

from __future__ import annotations

import logging
import re
from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from itertools import pairwise
from typing import Any, Protocol

import numpy as np

from tts.alignment.types import Alignment
from tts.core.errors import TtsError, UsageError
from tts.core.grid import FrameGrid
from tts.core.processes import Ticket, Workers
from tts.core.stream import Stream
from tts.generation.durations import stretch_pauses, whole_durations
from tts.generation.postfilter import PostFilterSettings
from tts.generation.requests import Request
from tts.generation.vocode import Waveform, limit, vocode
from tts.text.engine import Engine
from tts.text.sentence import SILENCE, Sentence
from tts.text.split import PHONES_A_LETTER, split_text

log = logging.getLogger(__name__)

FRAMES_A_SEGMENT = 20  # a guess good enough to size batches before durations are known
CUT_PAUSE = 0.25  # of the pause between sentences, where one sentence was too long and had to be cut


class VoiceModel(Protocol):
    """What a voice must be able to do; ``tts.generation.voice.Voice`` is one."""

    @property
    def grid(self) -> FrameGrid:
        """Sample rate and frame shift."""

    @property
    def engine(self) -> Engine:
        """The front end the voice was trained with."""

    @property
    def streams(self) -> Mapping[str, Stream]:
        """The main streams by name: ``mcep``, ``lf0``, ``vuv``, ``bap``."""

    @property
    def variances(self) -> Mapping[str, np.ndarray]:
        """Training variances of statics, deltas and accelerations, (3 * dimension,) a dynamic stream."""

    @property
    def global_variance(self) -> Mapping[str, np.ndarray]:
        """Mean variance within natural utterances, (dimension,) a dynamic stream."""

    def speaker_number(self, speaker: str) -> int:
        """Return the number of a speaker given by name or number, the first's for an empty name; an unknown one raises."""

    def durations(self, sentences: Sequence[Sentence], speakers: Sequence[int] | None = None) -> list[np.ndarray]:
        """Predict frames a state, float (segments, states) a sentence; ``speakers`` are numbers, by default the first."""

    def acoustics(
        self, sentences: Sequence[Sentence], durations: Sequence[np.ndarray], speakers: Sequence[int] | None = None
    ) -> list[dict[str, np.ndarray]]:
        """Predict every main stream for whole ``durations``, (frames, width) in natural units; ``vuv`` as a probability."""


def check_speakers(requests: Iterable[Request], voice: VoiceModel) -> None:
    """Raise :class:`UsageError`, before anything is spoken, for a request whose speaker the voice does not have."""
    for request in requests:
        try:
            voice.speaker_number(request.speaker)
        except UsageError as error:
            raise UsageError(request.located(str(error))) from None


@dataclass(frozen=True)
class SynthesisSettings:
    """How a voice is made to speak.

    The first five decide the sound. ``pause_scale`` (0.1..10) stretches pauses between words and sentences;
    ``sentence_pause`` (0..10 s) is the pause between two sentences of one text at normal speed; ``voicing_threshold`` (0..1)
    the probability from which a frame is voiced; a sentence of more than ``max_characters`` (20..2000; twice as many where the
    text is phones) is cut at the best place. About ``batch_frames`` go through the network at a time; ``workers`` is the number
    of vocoder processes, by default one a core, 0 for none.
    """

    post_filter: PostFilterSettings = field(default_factory=PostFilterSettings)
    pause_scale: float = 1.0
    sentence_pause: float = 0.4
    voicing_threshold: float = 0.5
    max_characters: int = 300
    batch_frames: int = 10_000
    workers: int | None = None

    def __post_init__(self) -> None:
        for name, low, high in (
            ("pause_scale", 0.1, 10.0),
            ("sentence_pause", 0.0, 10.0),
            ("voicing_threshold", 0.0, 1.0),
            ("max_characters", 20, 2000),
            ("batch_frames", 1, 10_000_000),
            ("workers", 0, 1024),
        ):
            value = getattr(self, name)
            if value is not None and not low <= value <= high:
                raise UsageError(f"{name.replace('_', ' ')} {value:g} is outside {low:g}..{high:g}")

    def sound(self) -> dict[str, Any]:
        """Return what decides the sound as plain data: equal for two runs that say the same text alike."""
        data = {**asdict(self), "post_filter": {"kind": self.post_filter.kind, "strength": self.post_filter.amount}}
        del data["batch_frames"], data["workers"]
        return data


@dataclass(frozen=True)
class Speech:
    """What became of a request: float32 samples within -1..1, and which sentence lasts how long; or an error.

    The sentences follow each other without gap, their pauses included: frame ``i`` of the k-th starts where all frames of those
    before end. They cover the signal to its last frame.
    """

    request: Request
    signal: np.ndarray
    sentences: tuple[Sentence, ...] = ()
    alignments: tuple[Alignment, ...] = ()
    error: str | None = None

    @property
    def id(self) -> str:
        """The request's id."""
        return self.request.id


@dataclass
class _Piece:
    """A sentence of a request on its way."""

    job: _SentenceJob
    sentence: Sentence
    pauses: tuple[float | None, float | None]  # seconds of silence shared with the sentence before and after, if there is one
    speaker: int = 0
    durations: np.ndarray = field(default_factory=lambda: np.zeros((0, 0), np.int32))
    ticket: Ticket | None = None
    signal: np.ndarray | None = None


@dataclass
class _SentenceJob:
    """A request on its way. ``complete`` is set once all its pieces are known."""

    request: Request
    pieces: list[_Piece] = field(default_factory=list)
    complete: bool = False
    error: str | None = None

    @property
    def done(self) -> bool:
        return self.complete and (self.error is not None or all(piece.signal is not None for piece in self.pieces))

    def fail(self, error: Exception) -> None:
        """Give the request up; the first reason is kept."""
        log.debug("request %s failed", self.request.id, exc_info=error)
        if self.error is None:
            self.error = str(error) if isinstance(error, TtsError) else f"{type(error).__name__}: {error}"


class Synthesiser:
    """A voice with settings and its vocoder processes, which stay for the next call. Use as a context manager, or close."""

    def __init__(self, voice: VoiceModel, settings: SynthesisSettings | None = None) -> None:
        self.voice = voice
        self.settings = settings or SynthesisSettings()
        self.workers = Workers(self.settings.workers)
        self.sound = Waveform(
            voice.grid,
            voice.streams,
            voice.variances,
            voice.global_variance,
            self.settings.post_filter,
            self.settings.voicing_threshold,
        )

    def __enter__(self) -> Synthesiser:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End the vocoder processes."""
        self.workers.close()

    def speak(self, requests: Iterable[Request]) -> Iterator[Speech]:
        """Yield what became of every request, in order, as soon as it is ready; one that fails does not stop the others."""
        jobs: deque[_SentenceJob] = deque()
        batch: list[_Piece] = []
        under_way: deque[_Piece] = deque()
        frames = 0
        for request in requests:
            jobs.append(_SentenceJob(request))
            for piece in self._pieces(jobs[-1]):
                batch.append(piece)
                frames += FRAMES_A_SEGMENT * len(piece.sentence.segments)
                if frames >= self.settings.batch_frames:
                    made = self._predict(batch)
                    self._collect(under_way, keep=0)
                    under_way.extend(made)
                    batch, frames = [], 0
            self._collect(under_way, keep=len(under_way))
            while jobs and jobs[0].done:
                yield self._joined(jobs.popleft())
        under_way.extend(self._predict(batch))
        while jobs:
            while not jobs[0].done:
                self._collect(under_way, keep=len(under_way) - 1)
            yield self._joined(jobs.popleft())

    def _pieces(self, job: _SentenceJob) -> Iterator[_Piece]:
        """Yield the sentences of a request one by one, since a front end takes its time over a long text."""
        try:
            speaker = self.voice.speaker_number(job.request.speaker)
            texts = split_text(job.request.text, self._longest, phones=self.voice.engine.reads_phones)
            # A sentence of punctuation alone ("Wait. ... Go.") is a pause; only a text of nothing else is an error.
            texts = [text for text in texts if any(map(str.isalnum, text))] or [job.request.text]
            pauses = [None, *map(self._pause, texts[:-1]), None]
            for text, around in zip(texts, pairwise(pauses), strict=True):
                sentence = self.voice.engine.sentence(text)
                if not sentence.words:
                    raise TtsError(f"there is no word to speak in {text[:80]!r}")
                job.pieces.append(_Piece(job, sentence, around, speaker))
                yield job.pieces[-1]
                if job.error is not None:
                    break
        except Exception as error:
            job.fail(error)
        job.complete = True

    def _predict(self, pieces: Sequence[_Piece]) -> list[_Piece]:
        """Take sentences through the networks and hand them to the vocoder; return those that got there."""
        pieces = [piece for piece in pieces if piece.job.error is None]
        if not pieces:
            return []
        sentences = [piece.sentence for piece in pieces]
        try:
            speakers = [piece.speaker for piece in pieces]
            predicted = self.voice.durations(sentences, speakers)
            durations = [self._whole(piece, frames) for piece, frames in zip(pieces, predicted, strict=True)]
            acoustics = self.voice.acoustics(sentences, durations, speakers)
        except Exception as error:
            if len(pieces) == 1:
                pieces[0].job.fail(error)
                return []
            return [done for piece in pieces for done in self._predict([piece])]  # find the one to blame
        for piece, frames, streams in zip(pieces, durations, acoustics, strict=True):
            piece.durations = frames
            narrow = {name: np.asarray(values, np.float32) for name, values in streams.items()}
            speech = np.repeat(np.array(piece.sentence.phones) != SILENCE, frames.sum(axis=1))
            piece.ticket = self.workers.submit(vocode, self.sound, narrow, speech, piece.job.request.pitch)
        return list(pieces)

    @property
    def _longest(self) -> int:
        """Characters that a piece of text may have."""
        return self.settings.max_characters * (PHONES_A_LETTER if self.voice.engine.reads_phones else 1)

    def _pause(self, text: str) -> float:
        """Return the seconds of silence after a sentence that another one follows."""
        cut = len(text) > self._longest // 2 and not re.search(r"[.!?…。！？]\W*$", text)
        return self.settings.sentence_pause * self.settings.pause_scale * (CUT_PAUSE if cut else 1.0)

    def _whole(self, piece: _Piece, predicted: np.ndarray) -> np.ndarray:
        first, last = (None if pause is None else pause / 2.0 / self.voice.grid.shift for pause in piece.pauses)
        stretched = stretch_pauses(predicted, piece.sentence, scale=self.settings.pause_scale, first=first, last=last)
        return whole_durations(stretched, piece.job.request.speed)

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
            except Exception as error:
                piece.job.fail(error)
            piece.ticket = None  # and with it the predictions

    def _joined(self, job: _SentenceJob) -> Speech:
        """Put the sentences of a request one after the other, each on its frames."""
        pieces, job.pieces = job.pieces, []  # piece and job hold each other: let go of the samples now, not when collected
        if job.error is not None:
            return Speech(job.request, np.zeros(0, np.float32), error=job.error)
        grid = self.voice.grid
        alignments = tuple(Alignment(piece.sentence.phones, piece.durations) for piece in pieces)
        signal = np.zeros(grid.samples(sum(alignment.frames for alignment in alignments)), np.float32)
        frames = 0
        for piece, alignment in zip(pieces, alignments, strict=True):
            start = grid.centres(frames + 1)[-1]
            assert piece.signal is not None
            signal[start : start + len(piece.signal)] = piece.signal[: len(signal) - start]
            frames += alignment.frames
        return Speech(job.request, limit(signal), tuple(piece.sentence for piece in pieces), alignments)
