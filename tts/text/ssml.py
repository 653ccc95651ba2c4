"""SSML, the Speech Synthesis Markup Language: a document's text, how each part of it is spoken, pauses and marks.

Source: W3C, "Speech Synthesis Markup Language (SSML) Version 1.1" (recommendation of 7 September 2010), sections 3.1
(structure, pronunciation), 3.2 (voice, emphasis, break, prosody) and 3.3.2 (mark). What of it is read says ``docs/ssml.md``; an
element or attribute that the product can't honour is refused, never ignored. The parser is expat, which fetches nothing; a
document type is refused, and with it every entity that a document could declare.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from itertools import accumulate
from typing import Final
from xml.parsers import expat

from tts.core.errors import TtsError, UsageError
from tts.text.say_as import say_as
from tts.text.spoken_forms import primary
from tts.text.ssml_values import PLAIN, Delivery, Pause, check_volume, emphasised, pause_of, phones_of, prosody_of
from tts.text.tracked import Tracked, joined, placed

MOST: Final = 10_000_000  # characters of a document
DEEPEST: Final = 50  # elements within elements
MOST_MARKS: Final = 100_000
LONGEST_IN_ALL: Final = 3600.0  # seconds of pauses of a document
_MEANINGLESS: Final = re.compile(r"xmlns(?::|$)|xsi:(?:noNamespaceS|s)chemaLocation$|xml:base$")  # nothing is fetched
NAMESPACE: Final = "http://www.w3.org/2001/10/synthesis"


@dataclass(frozen=True)
class Passage:
    """A part of a document's text, from ``start`` to before ``end``, of one speaker; ``single`` if it is one sentence."""

    start: int
    end: int
    speaker: str = ""
    single: bool = False


@dataclass(frozen=True)
class Event:
    """A pause or a named mark before the character ``at`` of a document's text.

    ``opens`` says that no text of its passage is before it.
    """

    at: int
    pause: Pause | None = None
    mark: str = ""
    opens: bool = False


@dataclass(frozen=True)
class Document:
    """What an SSML document says.

    ``text`` is what is read, characters of which know where in the document they stood; ``passages`` are its parts in order,
    ``deliveries`` how it is spoken from a character on, ``events`` pauses and marks in order, ``replaced`` what was written in
    places where something else is read.
    """

    text: Tracked
    passages: tuple[Passage, ...]
    deliveries: tuple[tuple[int, Delivery], ...]
    events: tuple[Event, ...]
    replaced: tuple[tuple[int, int, str], ...] = ()

    def delivery(self, at: int) -> Delivery:
        """Return how the character ``at`` of the text is spoken."""
        place = bisect_right(self._delivery_starts, at) - 1
        return self.deliveries[max(place, 0)][1]

    def shown(self, start: int, end: int) -> str:
        """Return a part of the text for people: what was written, not what is read in its place."""
        pieces, last = [], start
        for first, stop, written in self.replaced[bisect_left(self._replaced_starts, start) :]:
            if first >= end:
                break
            if stop <= end:
                pieces += [self._plain[last:first], written]
                last = stop
        return " ".join("".join([*pieces, self._plain[last:end]]).split())

    # A document is asked for every word and sentence of it, so nothing of its whole length may be done then.

    @cached_property
    def _delivery_starts(self) -> list[int]:
        return [start for start, _ in self.deliveries]

    @cached_property
    def _replaced_starts(self) -> list[int]:
        return [start for start, _, _ in self.replaced]

    @cached_property
    def _plain(self) -> str:
        return str(self.text)

    @property
    def speakers(self) -> tuple[str, ...]:
        """The names of ``<voice>``."""
        return tuple(dict.fromkeys(passage.speaker for passage in self.passages if passage.speaker))


@lru_cache(maxsize=1)  # a document is checked and then spoken; each takes a hundred times its length in memory
def read_ssml(source: str, language: str) -> Document:
    """Return what an SSML document says to a voice of ``language``; the last one is remembered.

    A document that is too large, no well-formed XML, has a document type, or asks for what is not read, raises
    :class:`UsageError` naming line, column and tag.
    """
    if len(source) > MOST:
        raise UsageError(f"the SSML document has {len(source):,} characters; the most is {MOST:,}: divide it")
    return _Reader(source, primary(language)).read()


@dataclass
class _Element:
    """An element that is open: its name and attributes, its place, how its content is spoken, and what it began."""

    name: str
    attributes: Mapping[str, str]
    line: int
    column: int
    delivery: Delivery = PLAIN
    speaker: str = ""
    source: int = 0  # of its tag in the document
    begins: int = 0  # of its content in the text
    written: list[tuple[str, int, int]] = field(default_factory=list)  # texts that are replaced at its end


class _Reader:
    """Reads one document."""

    def __init__(self, source: str, language: str) -> None:
        self.source, self.language = source, language
        self.stack: list[_Element] = []
        self.pieces: list[Tracked] = []
        self.length = 0
        self.passages: list[Passage] = []
        self.begun = 0  # of the passage under way
        self.deliveries: list[tuple[int, Delivery]] = [(0, PLAIN)]
        self.events: list[Event] = []
        self.paused, self.marks = 0.0, 0
        self.replaced: list[tuple[int, int, str]] = []
        self.after_replaced = False  # so that what follows must not touch it
        self.bytes = None if source.isascii() else [0, *accumulate(len(c.encode()) for c in source)]
        self.parser = expat.ParserCreate()
        self.parser.buffer_text = False
        self.parser.SetParamEntityParsing(expat.XML_PARAM_ENTITY_PARSING_NEVER)
        self.parser.StartDoctypeDeclHandler = self._doctype
        self.parser.StartElementHandler = self._start
        self.parser.EndElementHandler = self._end
        self.parser.CharacterDataHandler = self._characters

    def read(self) -> Document:
        """Return the document."""
        try:
            self.parser.Parse(self.source, True)
        except expat.ExpatError as error:
            reason = expat.errors.messages[error.code]
            raise UsageError(
                f"line {error.lineno}, column {error.offset + 1}: no well-formed XML ({reason}); mend it"
            ) from None
        self._passage("")
        text = joined(self.pieces) if self.pieces else Tracked.of("")
        if not any(map(str.isalnum, text)):
            raise UsageError("line 1, column 1: <speak>: there is no text in it")
        return Document(text, tuple(self.passages), tuple(self.deliveries), tuple(self.events), tuple(self.replaced))

    # -- what expat calls

    def _doctype(self, name: str, *_: object) -> None:
        line, column = self._position()
        message = (
            f"line {line}, column {column}: <!DOCTYPE {name}>: document types are not read, nor entities that they declare"
        )
        raise UsageError(f"{message}; remove it")

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        line, column = self._position()
        element = _Element(name, attributes, line, column, source=self._place(), begins=self.length)
        if not self.stack and name != "speak":
            raise self._refused(element, "the document must begin with <speak>")
        if self.stack:
            element.delivery, element.speaker = self.stack[-1].delivery, self.stack[-1].speaker
            self._check_inside(element)
        if len(self.stack) >= DEEPEST:
            raise self._refused(element, f"more than {DEEPEST} elements within each other")
        handler = _STARTS.get(name)
        if handler is None:
            raise self._refused(element, f"is not read; there are {', '.join(f'<{known}>' for known in _STARTS)}")
        try:
            handler(self, element)
        except UsageError:
            raise
        except TtsError as error:
            raise self._refused(element, str(error)) from None
        self.stack.append(element)
        self._deliver(element.delivery)

    def _end(self, name: str) -> None:
        element = self.stack.pop()
        try:
            if name in _REPLACING:
                self._replace(element)
        except UsageError:
            raise
        except TtsError as error:
            raise self._refused(element, str(error)) from None
        if name in ("p", "s", "voice"):
            self._passage(element.speaker, single=name == "s")
        self._deliver(self.stack[-1].delivery if self.stack else PLAIN)

    def _characters(self, data: str) -> None:
        start = self._place()
        literal = self.source.startswith(data, start)
        if not literal:  # an entity or a line end
            end = self.source.find(";", start) + 1 if self.source[start : start + 1] == "&" else start + 2
        text = Tracked.of(data, start) if literal else placed(data, start, max(end, start + 1))
        element = self.stack[-1]
        if element.name in _REPLACING:
            element.written.append((data, *text.span()))
        elif element.name in ("break", "mark") and data.strip():
            raise self._refused(element, "must be empty")
        else:
            if data.strip():
                self._check_volume(element)
            self._add(text)

    # -- elements

    def _speak(self, element: _Element) -> None:
        if self.stack:
            raise TtsError("stands inside the document; it may only be its root")
        version = element.attributes.get("version", "1.1")
        if version not in ("1.0", "1.1"):
            raise TtsError(f"version is {version!r}; expected 1.0 or 1.1")
        if element.attributes.get("xmlns", NAMESPACE) != NAMESPACE:
            raise TtsError(f"xmlns is {element.attributes['xmlns']!r}; expected {NAMESPACE}")
        self._attributes(element, "version", "xml:lang", ignored=set(filter(_MEANINGLESS.match, element.attributes)))

    def _structure(self, element: _Element) -> None:
        self._attributes(element, "xml:lang")
        self._passage(element.speaker)

    def _lang(self, element: _Element) -> None:
        self._attributes(element, "xml:lang", needed="xml:lang")

    def _voice(self, element: _Element) -> None:
        self._attributes(element, "name", "xml:lang", needed="name")
        self._passage(element.speaker)
        names = element.attributes["name"].split()
        if len(names) != 1:
            raise TtsError("name must be one speaker of the voice")
        element.speaker = names[0]

    def _prosody(self, element: _Element) -> None:
        self._attributes(element, "rate", "pitch", "volume")
        element.delivery = prosody_of(element.attributes, element.delivery)

    def _emphasis(self, element: _Element) -> None:
        self._attributes(element, "level")
        element.delivery = emphasised(element.attributes.get("level", "moderate"), element.delivery)

    def _break(self, element: _Element) -> None:
        self._attributes(element, "time", "strength")
        opens = self.length == self.begun
        self._gap()
        pause = pause_of(element.attributes)
        self.paused += pause.seconds
        if self.paused > LONGEST_IN_ALL + 1e-6:
            raise TtsError(f"the pauses up to here last more than {LONGEST_IN_ALL:g}s, the most of a document: divide it")
        self.events.append(Event(self.length, pause=pause, opens=opens))

    def _mark(self, element: _Element) -> None:
        self._attributes(element, "name", needed="name")
        self.marks += 1
        if self.marks > MOST_MARKS:
            raise TtsError(f"there are more than {MOST_MARKS:,} marks, the most of a document: divide it")
        self.events.append(Event(self.length, mark=element.attributes["name"], opens=self.length == self.begun))

    def _say_as(self, element: _Element) -> None:
        self._attributes(element, "interpret-as", "format", needed="interpret-as")

    def _sub(self, element: _Element) -> None:
        self._attributes(element, "alias", needed="alias")

    def _phoneme(self, element: _Element) -> None:
        self._attributes(element, "ph", "alphabet", needed="ph")
        phones_of(element.attributes)

    # -- helpers

    def _attributes(self, element: _Element, *known: str, needed: str = "", ignored: Collection[str] = ()) -> None:
        """Refuse an attribute that is not ``known``, a missing one, and a language that is not the voice's."""
        for name in element.attributes:
            if name not in known and name != "xml:id" and name not in ignored:
                raise TtsError(f"the attribute {name} is not read; there are {', '.join(known)}")
        if needed and not element.attributes.get(needed, "").strip():
            raise TtsError(f"needs the attribute {needed}")
        language = element.attributes.get("xml:lang", "")
        if language and primary(language) != self.language:
            raise TtsError(f"xml:lang is {language!r}, but the voice reads {self.language!r}; choose a voice of that language")

    def _check_inside(self, element: _Element) -> None:
        parent = self.stack[-1].name
        if parent in (*_REPLACING, "break", "mark"):
            most = "no element" if parent in _REPLACING else "nothing"
            raise self._refused(element, f"stands inside <{parent}>, which may hold {most}")
        if (element.name == "p" and {"p", "s"} & self._open) or (element.name == "s" and "s" in self._open):
            raise self._refused(element, "stands inside another sentence or paragraph")

    @property
    def _open(self) -> set[str]:
        return {element.name for element in self.stack}

    def _check_volume(self, element: _Element) -> None:
        try:
            check_volume(element.delivery)
        except TtsError as error:
            raise self._refused(element, str(error)) from None

    def _replace(self, element: _Element) -> None:
        """Put what is read in place of what an element holds."""
        check_volume(element.delivery)
        written = "".join(data for data, _, _ in element.written)
        if element.name == "sub":
            spoken = element.attributes["alias"]
        elif element.name == "phoneme":
            spoken = f"[[{phones_of(element.attributes)}]]"
        else:
            attributes = element.attributes
            spoken = say_as(written, attributes["interpret-as"].strip(), attributes.get("format", "").strip(), self.language)
        start, end = element.source, element.source + 1
        if element.written:
            start, end = element.written[0][1], element.written[-1][2]
        self._gap()
        first = self.length
        self._add(placed(spoken, start, end))
        self.replaced.append((first, self.length, written.strip() or spoken))
        self.after_replaced = True

    def _gap(self) -> None:
        """Part what follows from the word before, as a boundary between tokens does."""
        if self.pieces and self.pieces[-1] and self.pieces[-1][-1].isalnum():
            end = self.pieces[-1].ends[-1]
            self._append(placed(" ", end - 1, end))

    def _add(self, text: Tracked) -> None:
        """Add text with single spaces; a word just after one that was replaced is a word of its own."""
        if self.after_replaced and text[:1].isalnum():
            end = self.pieces[-1].ends[-1]
            self._append(placed(" ", end - 1, end))
        self.after_replaced = False
        plain = re.sub(r"\s", " ", str(text))
        text = Tracked(plain, text.starts, text.ends)
        keep = [n for n, c in enumerate(plain) if c != " " or (plain[n - 1] if n else self._last()) != " "]
        if len(keep) < len(plain):
            text = Tracked("".join(plain[n] for n in keep), [text.starts[n] for n in keep], [text.ends[n] for n in keep])
        self._append(text)

    def _last(self) -> str:
        return str(self.pieces[-1])[-1:] if self.pieces and self.length > self.begun else " "

    def _append(self, text: Tracked) -> None:
        if text:
            self.pieces.append(text)
            self.length += len(text)

    def _passage(self, speaker: str, *, single: bool = False) -> None:
        """End the passage under way, if there is any text in it."""
        if self.length > self.begun:
            self.passages.append(Passage(self.begun, self.length, speaker, single))
        self.begun = self.length

    def _deliver(self, delivery: Delivery) -> None:
        if self.deliveries[-1][0] == self.length:
            self.deliveries[-1] = (self.length, delivery)
        elif self.deliveries[-1][1] != delivery:
            self.deliveries.append((self.length, delivery))

    def _place(self) -> int:
        """Return the character of the document that expat is at."""
        at = self.parser.CurrentByteIndex
        return at if self.bytes is None else bisect_right(self.bytes, at) - 1

    def _position(self) -> tuple[int, int]:
        return self.parser.CurrentLineNumber, self.parser.CurrentColumnNumber + 1

    def _refused(self, element: _Element, reason: str) -> UsageError:
        return UsageError(f"line {element.line}, column {element.column}: <{element.name}>: {reason}")


_REPLACING: Final = ("sub", "phoneme", "say-as")
_STARTS: Final[dict[str, Callable[[_Reader, _Element], None]]] = {
    "speak": _Reader._speak,
    "p": _Reader._structure,
    "s": _Reader._structure,
    "break": _Reader._break,
    "say-as": _Reader._say_as,
    "sub": _Reader._sub,
    "phoneme": _Reader._phoneme,
    "prosody": _Reader._prosody,
    "emphasis": _Reader._emphasis,
    "voice": _Reader._voice,
    "lang": _Reader._lang,
    "mark": _Reader._mark,
}
