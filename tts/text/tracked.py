"""Text that knows where each of its characters stood before it was rewritten, so that a spoken word knows what was written.

A :class:`Tracked` string behaves as any other. :func:`sub` and the methods below carry the places along; everything else
answers with a plain string, whose places are lost.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable, Mapping
from itertools import chain, pairwise
from typing import Final, SupportsIndex

Reading = str | Callable[[re.Match[str]], str]


class Tracked(str):
    """A string with the places ``starts[i]:ends[i]`` in the source of its characters; both never decrease.

    Characters that were put in share the place of what they stand for, or of the character before them.
    """

    __slots__ = ("ends", "starts")
    starts: list[int]
    ends: list[int]

    def __new__(cls, text: str, starts: list[int], ends: list[int]) -> Tracked:
        """Return ``text`` with its places."""
        own = super().__new__(cls, text)
        own.starts, own.ends = starts, ends
        return own

    @classmethod
    def of(cls, text: str, begin: int = 0) -> Tracked:
        """Return a source, whose first character has the place ``begin``."""
        return cls(text, list(range(begin, begin + len(text))), list(range(begin + 1, begin + 1 + len(text))))

    def span(self, start: int = 0, end: int | None = None) -> tuple[int, int]:
        """Return the place in the source of the characters from ``start`` to before ``end``, of which there is at least one."""
        last = (len(self) if end is None else end) - 1
        return self.starts[start], self.ends[last]

    def part(self, start: int, end: int) -> Tracked:
        """Return the characters from ``start`` to before ``end``."""
        return Tracked(str(self)[start:end], self.starts[start:end], self.ends[start:end])

    def __getitem__(self, key: SupportsIndex | slice) -> str:
        """Return a part, with its places if it is a slice of neighbours."""
        text = super().__getitem__(key)
        if isinstance(key, slice) and key.step in (None, 1):
            return Tracked(text, self.starts[key], self.ends[key])
        return text

    def __add__(self, other: str) -> Tracked:
        """Return the two one after the other; a plain ``other`` has the place of the last character here."""
        return joined((self, other))

    def __radd__(self, other: str) -> Tracked:
        """Return the two one after the other; a plain ``other`` has the place of the first character here."""
        return joined((other, self))

    def strip(self, characters: str | None = None, /) -> str:
        """Return the text without white space, or these characters, at its ends."""
        begin = len(self) - len(str(self).lstrip(characters))
        return self[begin : begin + len(str(self).strip(characters))]

    def lstrip(self, characters: str | None = None, /) -> str:
        """Return the text without white space, or these characters, at its start."""
        return self[len(self) - len(str(self).lstrip(characters)) :]

    def rstrip(self, characters: str | None = None, /) -> str:
        """Return the text without white space, or these characters, at its end."""
        return self[: len(str(self).rstrip(characters))]

    def removesuffix(self, suffix: str, /) -> str:
        """Return the text without an ending that it has."""
        return self[: len(self) - len(suffix)] if suffix and str(self).endswith(suffix) else self

    def replace(self, old: str, new: str, /, count: SupportsIndex = -1) -> str:
        """Return the text with every ``old`` written ``new``, or the first ``count`` of them."""
        limit = int(count)
        if old not in self or limit == 0:
            return self
        return sub(re.escape(old), lambda _: new, self, count=max(limit, 0))

    def translate(self, table: Mapping[int, str | int | None], /) -> str:  # type: ignore[override]
        """Return the text with its characters replaced as a table says."""
        return _by_character(self, lambda c: c.translate(table))

    def lower(self) -> str:
        """Return the text in small letters."""
        return _by_character(self, str.lower, str(self).lower())


def joined(parts: Iterable[str], between: str = "") -> Tracked:
    """Return texts one after the other; a plain one has the place of the tracked character before it, or else of the next."""
    texts = [text for text in parts if text or between]
    if between:
        texts = list(chain.from_iterable((between, text) for text in texts))[1:]
    first = next((text for text in texts if isinstance(text, Tracked) and text), None)
    start, end = (first.starts[0], first.ends[0]) if isinstance(first, Tracked) else (0, 0)
    starts: list[int] = []
    ends: list[int] = []
    for text in texts:
        if isinstance(text, Tracked):
            starts += text.starts
            ends += text.ends
            if text:
                start, end = text.starts[-1], text.ends[-1]
        else:
            starts += [start] * len(text)
            ends += [end] * len(text)
    return Tracked("".join(map(str, texts)), starts, ends)


def placed(text: str, start: int, end: int) -> Tracked:
    """Return a text all of which stands for one place in the source."""
    return Tracked(text, [start] * len(text), [end] * len(text))


def _by_character(text: Tracked, change: Callable[[str], str], whole: str | None = None) -> Tracked:
    """Return a text with every character changed for itself; ``whole`` is the text changed at once, if that is known."""
    if whole is not None and len(whole) == len(text):
        return Tracked(whole, text.starts, text.ends)
    pieces = [change(c) for c in str(text)]
    if all(len(piece) == 1 for piece in pieces):
        return Tracked("".join(pieces), text.starts, text.ends)
    lengths = list(map(len, pieces))
    starts = [start for start, length in zip(text.starts, lengths, strict=True) for _ in range(length)]
    ends = [end for end, length in zip(text.ends, lengths, strict=True) for _ in range(length)]
    return Tracked("".join(pieces), starts, ends)


def sub(pattern: str | re.Pattern[str], reading: Reading, text: str, *, count: int = 0, flags: int = 0) -> str:
    """Return what ``re.sub`` does; the places of a :class:`Tracked` text are carried along.

    What a replacement has in common with what it replaces, at its start and at its end, keeps its places; what is between
    stands for all that was between.
    """
    if not isinstance(text, Tracked):
        return re.sub(pattern, reading, text, count=count, flags=flags)
    plain = str(text)
    compiled = re.compile(pattern, flags) if isinstance(pattern, str) else pattern
    pieces: list[str] = []
    starts: list[int] = []
    ends: list[int] = []
    last = 0
    for number, match in enumerate(compiled.finditer(plain), 1):
        begin, end = match.span()
        new = reading(match) if callable(reading) else match.expand(reading)
        pieces += [plain[last:begin], new]
        own = _places(text, begin, end, plain[begin:end], new)
        starts += [*text.starts[last:begin], *own[0]]
        ends += [*text.ends[last:begin], *own[1]]
        last = end
        if number == count:
            break
    if not pieces:
        return text
    return Tracked("".join([*pieces, plain[last:]]), starts + text.starts[last:], ends + text.ends[last:])


def rewritten(text: str, begin: int, end: int, new: str) -> str:
    """Return ``new``, which is written in place of a part of a text; if that is tracked, with its places as in :func:`sub`."""
    if not isinstance(text, Tracked):
        return new
    return Tracked(new, *_places(text, begin, end, str(text)[begin:end], new))


def _places(text: Tracked, begin: int, end: int, old: str, new: str) -> tuple[list[int], list[int]]:
    """Return the places of ``new``, which stands for ``old``, the part of ``text`` from ``begin`` to ``end``."""
    same = _common(old, new)
    tail = _common(old[same:][::-1], new[same:][::-1])
    first, last = begin + same, end - tail  # what was between
    if first < last:
        start, stop = text.starts[first], text.ends[last - 1]
    elif first > 0 or text:
        near = min(max(first - 1, 0), len(text) - 1)
        start, stop = text.starts[near], text.ends[near]
    else:
        start = stop = 0
    between = len(new) - same - tail
    starts = text.starts[begin:first] + [start] * between + text.starts[last:end]
    return starts, text.ends[begin:first] + [stop] * between + text.ends[last:end]


def _common(first: str, second: str) -> int:
    """Return how many characters two texts have in common at their starts."""
    count = 0
    for a, b in zip(first, second, strict=False):
        if a != b:
            break
        count += 1
    return count


def spaced(text: str) -> str:
    """Return a text with single spaces, and none at its ends."""
    return sub(_SPACES, " ", text).strip()


def composed(text: str) -> str:
    """Return a text in Unicode's composed form (NFC)."""
    if unicodedata.is_normalized("NFC", text):
        return text
    whole = unicodedata.normalize("NFC", text)
    if not isinstance(text, Tracked):
        return whole
    plain = str(text)
    bounds = [
        place for place, c in enumerate(plain) if place == 0 or not (unicodedata.combining(c) or "\u1160" <= c <= "\u11ff")
    ]
    own = joined(
        placed(unicodedata.normalize("NFC", plain[start:end]), *text.span(start, end))
        for start, end in pairwise([*bounds, len(plain)])
    )
    return own if own == whole else placed(whole, *text.span())


_SPACES: Final = re.compile(r"\s+")
