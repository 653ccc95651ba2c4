"""From the text of a request to sentences to speak: where they are cut, who speaks them and how, the silence between them."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from itertools import accumulate
from typing import Final

from tts.core.errors import UsageError
from tts.generation.delivery import End, Mark, Part, plain
from tts.generation.requests import Request
from tts.generation.spoken_labels import labelled_part
from tts.text.engine import Engine, NothingToSay
from tts.text.sentence import Sentence
from tts.text.split import PHONES_A_LETTER, split_spans
from tts.text.ssml import Document, Event, Passage, read_ssml
from tts.text.tracked import Tracked
from tts.text.unreadable import Policy, Unread

CUT_PAUSE = 0.25  # of the pause between sentences, where one sentence was too long and had to be cut
LONGEST_IN_A_SENTENCE: Final = 300.0  # seconds of breaks
_PLAIN: Final = re.compile(r"(?:^|\s)[A-Za-z]{1,30}[.,;:!?]*(?:\s|$)")  # a word that every engine reads in some way


@dataclass(frozen=True)
class Manner:
    """What holds for all texts of a run: ``shift`` of a frame in seconds; see :class:`..synthesiser.SynthesisSettings`."""

    shift: float
    max_characters: int
    sentence_pause: float
    pause_scale: float
    unreadable: Policy

    def longest(self, engine: Engine) -> int:
        """Return the characters that a piece of text may have."""
        return self.max_characters * (PHONES_A_LETTER if engine.reads_phones else 1)

    def pause(self, text: str, longest: int, ends: bool = False) -> float:
        """Return the seconds of silence after a sentence that another one follows; ``ends`` if it surely is a whole one."""
        cut = not ends and len(text) > longest // 2 and not re.search(r"[.!?…。！？]\W*$", text)
        return self.sentence_pause * self.pause_scale * (CUT_PAUSE if cut else 1.0)


@dataclass
class _Span:
    """A piece of a document's text with the pauses and marks that belong to it."""

    start: int
    end: int
    passage: Passage
    events: list[Event] = field(default_factory=list)


@dataclass(frozen=True)
class _Reading:
    """A piece that has something to say.

    ``starts`` are the places of its words, which never decrease; ``gaps`` the pauses and marks by the number of words before
    them, one list more than there are words; ``pause`` frames of the usual silence between it and the next.
    """

    span: _Span
    sentence: Sentence
    starts: list[int]
    gaps: list[list[Event]]
    pause: float

    @classmethod
    def of(cls, span: _Span, sentence: Sentence, pause: float) -> _Reading:
        """Return the reading of a piece whose words have places in the document's text."""
        starts = list(accumulate((word.source[0] if word.source else span.start for word in sentence.words), max))
        gaps: list[list[Event]] = [[] for _ in range(len(starts) + 1)]
        for event in span.events:
            gaps[bisect_left(starts, event.at)].append(event)
        return cls(span, sentence, starts, gaps, pause)


@dataclass(frozen=True)
class _Gap:
    """What stands between two words: ``frames`` of its breaks together, None without one; marks and the frames before them."""

    frames: int | None
    marks: list[tuple[str, int]]

    @classmethod
    def of(cls, events: Iterable[Event], manner: Manner) -> _Gap:
        """Return the gap that these pauses and marks make."""
        seconds, broken = 0.0, False
        marks = []
        for event in events:
            if event.pause is None:
                marks.append((event.mark, round(seconds / manner.shift)))
            else:
                seconds += event.pause.seconds * (manner.pause_scale if event.pause.scaled else 1.0)
                broken = True
        return cls(round(seconds / manner.shift) if broken else None, marks)

    def marks_before(self, word: int) -> list[Mark]:
        """Return the marks where the gap stands before this word: those after its breaks are where the word starts."""
        return [Mark(name, word, None if self.frames in (None, offset) else offset) for name, offset in self.marks]


@dataclass(frozen=True)
class _Border:
    """The silence between two sentences: its share ``after`` the one, ``before`` the next, and their marks in it."""

    after: End | None
    before: End | None
    marks: list[Mark]
    next_marks: list[Mark]


def document_of(request: Request, engine: Engine) -> Document:
    """Return the SSML document that a request holds; what is wrong with it raises :class:`UsageError`."""
    if engine.reads_phones:
        raise UsageError("the voice reads phones, not words, so it reads no SSML; give it plain lines of phones")
    return read_ssml(request.text, engine.language)


def parts_of(request: Request, engine: Engine, manner: Manner, unread: list[Unread]) -> Iterator[Part]:
    """Yield the sentences of a request one by one; tokens without a reading are added to ``unread``.

    A text without any word raises :class:`tts.text.engine.NothingToSay`, one that cannot be read its own error.
    """
    if request.labels:
        yield labelled_part(request, engine.language, manner.shift)
        return
    if request.ssml:
        yield from _marked_parts(request, document_of(request, engine), engine, manner, unread)
        return
    longest = manner.longest(engine)
    text = request.text
    spans = split_spans(text, longest, phones=engine.reads_phones, language=engine.language)
    # A sentence of punctuation alone ("Wait. ... Go.") is a pause; only a text of nothing else is an error.
    spans = [span for span in spans if any(map(str.isalnum, text[slice(*span)]))] or [(0, len(text))]
    before: End | None = None
    silent: NothingToSay | None = None
    spoken = False
    for number, (start, end) in enumerate(spans, 1):
        try:
            answer = engine.answer(text[start:end], manner.unreadable, request.digits)
        except NothingToSay as error:  # what is left of this sentence is a pause
            unread += error.unread
            silent = error
            continue
        unread += answer.unread
        half = manner.pause(text[start:end], longest) / 2.0 / manner.shift
        followed = any(_speaks(text[slice(*later)], request, engine, manner) for later in spans[number:])
        after = End(half) if followed else None
        yield Part(answer.sentence.placed(Tracked.of(text[start:end], start).span), (before, after))
        before, spoken = after, True
    if silent is not None and not spoken:
        raise silent


def _speaks(text: str, request: Request, engine: Engine, manner: Manner) -> bool:
    """Whether something is said of a piece of text; only one that may well have nothing to say is read for that.

    An engine remembers its answers. A piece that cannot be read fails when its turn comes.
    """
    if manner.unreadable != "skip" and _PLAIN.search(text):
        return True
    try:
        engine.answer(text, manner.unreadable, request.digits)
    except NothingToSay:
        return False
    except Exception:
        return True
    return True


def _marked_parts(request: Request, document: Document, engine: Engine, manner: Manner, unread: list[Unread]) -> Iterator[Part]:
    """Yield the sentences of an SSML document."""
    before: End | None = None
    marks: list[Mark] | None = None  # of the silence before a sentence; None before the first
    for reading, following in _with_next(_readings(request, document, engine, manner, unread)):
        if marks is None:
            gap = _Gap.of(reading.gaps[0], manner)
            before = None if gap.frames is None else End(gap.frames, exact=True)
            marks = gap.marks_before(0)
        border = _border(reading, following, manner)
        part = _part(reading, document, manner, (before, border.after), (marks, border.marks))
        part.check(request.speed, request.pitch)
        _check_pauses(part, manner)
        yield part
        before, marks = border.before, border.next_marks


def _readings(request: Request, document: Document, engine: Engine, manner: Manner, unread: list[Unread]) -> Iterator[_Reading]:
    """Yield the pieces of a document that have something to say.

    Pauses and marks of one that has not go to the piece before it, which the caller must not have used yet, or to the first.
    """
    text = str(document.text)
    early: list[Event] = []
    reading: _Reading | None = None
    silent: NothingToSay | None = None
    for span in _spans(document, manner.longest(engine), engine.language):
        try:
            answer = engine.answer(text[span.start : span.end], manner.unreadable, request.digits)
        except NothingToSay as error:
            unread += error.unread
            silent = error
            (early if reading is None else reading.gaps[-1]).extend(span.events)
            continue
        unread += answer.unread
        longest = manner.longest(engine)
        ends = span.passage.single or re.search(r"[.!?…。！？]\W*$", text[span.start : span.end]) is not None
        pause = manner.pause(text[span.start : span.end], longest if not ends else 1, ends=ends)
        sentence = answer.sentence.placed(Tracked.of(text[span.start : span.end], span.start).span)
        reading = _Reading.of(span, sentence, pause / manner.shift)
        reading.gaps[0][:0] = early
        early = []
        yield reading
    if silent is not None and reading is None:
        raise silent


def _with_next(readings: Iterator[_Reading]) -> Iterator[tuple[_Reading, _Reading | None]]:
    """Yield every reading with the next one; an error comes after the readings before it."""
    current: _Reading | None = None
    try:
        for following in readings:
            if current is not None:
                yield current, following
            current = following
    except Exception:
        if current is not None:
            yield current, None
        raise
    if current is not None:
        yield current, None


def _spans(document: Document, longest: int, language: str) -> list[_Span]:
    """Return the pieces of a document that hold words, each with the pauses and marks within it and after it."""
    text = str(document.text)
    spans: list[_Span] = []
    for passage in document.passages:
        own = text[passage.start : passage.end]
        bounds = split_spans(own, longest, language=language)
        if passage.single and len(own.strip()) <= longest and bounds:
            bounds = [(bounds[0][0], bounds[-1][1])]
        for start, end in bounds:
            if any(map(str.isalnum, own[start:end])):
                spans.append(_Span(passage.start + start, passage.start + end, passage))
    number = 0
    for event in document.events:
        while number + 1 < len(spans) and _reached(event, spans[number], spans[number + 1]):
            number += 1
        spans[number].events.append(event)
    return spans


def _reached(event: Event, current: _Span, following: _Span) -> bool:
    """Whether an event stands in the piece after the ``current`` one; what ends a passage is before what begins the next."""
    if event.at == following.start:
        return event.opens or current.passage == following.passage
    return event.at > following.start


def _part(
    reading: _Reading,
    document: Document,
    manner: Manner,
    ends: tuple[End | None, End | None],
    outer: tuple[list[Mark], list[Mark]],
) -> Part:
    """Return a sentence with its delivery, pauses and marks; ``outer`` are those before its first and after its last word."""
    words = list(reading.sentence.words)
    deliveries = [document.delivery(start) for start in reading.starts]
    pauses: dict[int, int] = {}
    marks = list(outer[0])
    for number in range(1, len(words)):
        if not reading.gaps[number]:
            continue
        gap = _Gap.of(reading.gaps[number], manner)
        marks += gap.marks_before(number)
        if gap.frames is None:
            continue
        word = words[number - 1]
        broken = (word.break_after or "minor") if gap.frames else ""
        words[number - 1] = replace(word, pause_after=gap.frames > 0, break_after=broken)
        if gap.frames:
            pauses[number - 1] = gap.frames
    span = reading.span
    sentence = replace(reading.sentence, text=document.shown(span.start, span.end), words=tuple(words), contexts=())
    return Part(
        sentence.placed(document.text.span),
        ends,
        span.passage.speaker,
        () if plain(deliveries) else tuple(deliveries),
        pauses,
        (*marks, *outer[1]),
    )


def _border(reading: _Reading, following: _Reading | None, manner: Manner) -> _Border:
    """Return what is between a sentence and the next one, None after the last."""
    count = len(reading.sentence.words)
    trailing, leading = reading.gaps[-1], [] if following is None else following.gaps[0]
    gap = _Gap.of([*trailing, *leading], manner)
    if gap.frames is None:
        half = None if following is None else End(reading.pause / 2.0)
        return _Border(half, half, [Mark(e.mark, count) for e in trailing], [Mark(e.mark, 0) for e in leading])
    if following is None:
        return _Border(End(gap.frames, exact=True), None, [Mark(name, count, offset) for name, offset in gap.marks], [])
    later = gap.frames // 2  # divided in whole frames
    own = gap.frames - later
    here = [Mark(name, count, offset) for name, offset in gap.marks if offset <= own and offset < gap.frames]
    there = [
        Mark(name, 0, None if offset == gap.frames else offset - own) for name, offset in gap.marks[len(here) :]
    ]  # offsets never decrease
    return _Border(End(own, exact=True), End(later, exact=True), here, there)


def _check_pauses(part: Part, manner: Manner) -> None:
    """Raise :class:`UsageError` where the breaks of one sentence, which is held in memory, are too long."""
    exact = [end.frames for end in part.ends if end is not None and end.exact]
    seconds = (sum(part.pauses.values()) + sum(exact)) * manner.shift
    if seconds > LONGEST_IN_A_SENTENCE + manner.shift:
        most = f"the most is {LONGEST_IN_A_SENTENCE:g}s: divide it with <s>"
        raise UsageError(f"{part.sentence.text[:60]!r}: the breaks of this sentence last {seconds:g}s; {most}")
