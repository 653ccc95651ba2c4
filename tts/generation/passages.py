"""From the text of a request to sentences to speak: where they are cut, who speaks them and how, the silence between them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from tts.core.errors import UsageError
from tts.generation.delivery import End, Part, plain
from tts.generation.requests import Request
from tts.generation.spoken_labels import labelled_part
from tts.text.engine import Engine, NothingToSay
from tts.text.sentence import Sentence
from tts.text.split import PHONES_A_LETTER, split_spans
from tts.text.ssml import Document, Event, Passage, read_ssml
from tts.text.tracked import Tracked
from tts.text.unreadable import Policy, Unread

CUT_PAUSE = 0.25  # of the pause between sentences, where one sentence was too long and had to be cut


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
        after = End(half) if number < len(spans) else None
        yield Part(answer.sentence.placed(Tracked.of(text[start:end], start).span), (before, after))
        before, spoken = after, True
    if silent is not None and not spoken:
        raise silent


def _marked_parts(request: Request, document: Document, engine: Engine, manner: Manner, unread: list[Unread]) -> Iterator[Part]:
    """Yield the sentences of an SSML document."""
    longest = manner.longest(engine)
    text = str(document.text)
    before: End | None = None
    silent: NothingToSay | None = None
    spoken = False
    spans = _spans(document, longest, engine.language)
    for number, span in enumerate(spans, 1):
        try:
            answer = engine.answer(text[span.start : span.end], manner.unreadable, request.digits)
        except NothingToSay as error:
            unread += error.unread
            silent = error
            continue
        unread += answer.unread
        sentence = answer.sentence.placed(Tracked.of(text[span.start : span.end], span.start).span)
        part, gap = _part(sentence, span, document, manner)
        after: End | None = None
        if gap is not None:  # a break: exact, divided in whole frames, or all after the last sentence
            after = End(gap - gap // 2 if number < len(spans) else gap, exact=True)
        elif number < len(spans):
            ends = span.passage.single or re.search(r"[.!?…。！？]\W*$", text[span.start : span.end]) is not None
            share = manner.pause(text[span.start : span.end], longest if not ends else 1, ends=ends)
            after = End(share / 2.0 / manner.shift)
        part = replace(part, ends=(before if spoken else part.ends[0], after))
        part.check(request.speed, request.pitch)
        yield part
        before = End(gap // 2, exact=True) if gap is not None else after
        spoken = True
    if silent is not None and not spoken:
        raise silent


def _spans(document: Document, longest: int, language: str) -> list[_Span]:
    """Return the pieces of a document that hold words, each with the events after its first letter or figure."""
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
        while number + 1 < len(spans) and any(map(str.isalnum, text[spans[number + 1].start : event.at])):
            number += 1
        spans[number].events.append(event)
    return spans


def _part(sentence: Sentence, span: _Span, document: Document, manner: Manner) -> tuple[Part, int | None]:
    """Return a sentence with its delivery, pauses and marks, and the frames of silence that a break asks for after it."""
    words = list(sentence.words)
    starts = [word.source[0] if word.source else span.start for word in words]
    deliveries = [document.delivery(start) for start in starts]
    pauses: dict[int, int] = {}
    gaps: dict[int, float] = {}
    marks: list[tuple[str, int, bool]] = []
    for place, event in enumerate(span.events):
        number = sum(start < event.at for start in starts)
        if event.pause is not None:
            gaps[number] = gaps.get(number, 0.0) + event.pause.seconds * (manner.pause_scale if event.pause.scaled else 1.0)
        else:
            later = span.events[place + 1 :]
            before = any(e.pause is not None and sum(start < e.at for start in starts) == number for e in later)
            marks.append((event.mark, number, before))
    frames = {number: round(seconds / manner.shift) for number, seconds in gaps.items()}
    for number, length in frames.items():
        if 0 < number < len(words):
            after = words[number - 1].break_after
            words[number - 1] = replace(
                words[number - 1], pause_after=length > 0, break_after=(after or "minor") if length else ""
            )
            pauses[number - 1] = length
    place_of = document.text.span
    shown = document.shown(span.start, span.end)
    sentence = replace(sentence, text=shown, words=tuple(words), contexts=()).placed(place_of)
    first = End(frames[0], exact=True) if 0 in frames else None
    part = Part(
        sentence,
        (first, None),
        span.passage.speaker,
        () if plain(deliveries) else tuple(deliveries),
        {number: length for number, length in pauses.items() if length},
        tuple(marks),
    )
    return part, frames.get(len(words))
