"""Praat TextGrids: interval tiers ``words``, ``phones`` and ``states``; the long form is written, long and short are read.

Format: Praat manual, "TextGrid file formats": what counts are free-standing numbers, quoted strings (``""`` for a quote) and
flags; everything else is commentary, so that the long and the short form are one to a reader.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from pathlib import Path

import numpy as np

from tts.alignment.intervals import TimeInterval, phone_times
from tts.alignment.types import Alignment
from tts.core.errors import TtsError
from tts.core.files import write_text
from tts.core.grid import FrameGrid
from tts.text.sentence import Sentence

_TOKEN = re.compile(r'"((?:[^"]|"")*)"|(?<!\S)(-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)(?!\S)')
_PHONE_TIERS = ("phones", "phone", "segments", "mau")
_WORD_TIERS = ("words", "word", "ort-mau")
_BOMS = ((b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"), (b"\xef\xbb\xbf", "utf-8-sig"))


def format_textgrid(sentence: Sentence, alignment: Alignment, grid: FrameGrid, source: str = "") -> str:
    """Return words, phones and states as a TextGrid in the long form; silences are empty words.

    With the text ``source`` that the words' places are in, a tier ``source`` has what was written: an interval for all the
    words that share one place.
    """
    phones = [TimeInterval(start, end, name) for name, start, end in phone_times(alignment, grid)]
    words: list[TimeInterval] = []
    previous = -2
    for segment, phone in zip(sentence.segments, phones, strict=True):
        if segment.word == previous:
            words[-1] = TimeInterval(words[-1].start, phone.end, words[-1].name)
        else:
            words.append(TimeInterval(phone.start, phone.end, "" if segment.silent else sentence.words[segment.word].text))
        previous = segment.word
    edges = [round(float(time), 6) for time in np.cumsum([0, *alignment.durations.ravel()]) * grid.shift]
    numbers = [str(state % alignment.states + 2) for state in range(len(edges) - 1)]
    states = [TimeInterval(*span) for span in zip(edges, edges[1:], numbers, strict=False)]
    tiers = {"words": words, "phones": phones, "states": states}
    if source:
        tiers["source"] = _written(sentence, phones, source)
    return _long_form(tiers, edges[-1])


def _written(sentence: Sentence, phones: Sequence[TimeInterval], source: str) -> list[TimeInterval]:
    """Return what was written for the words, silences between words of one place included."""
    places = [None if segment.silent else sentence.words[segment.word].source for segment in sentence.segments]
    for number in range(1, len(places) - 1):
        if places[number] is None and places[number - 1] == places[number + 1]:
            places[number] = places[number - 1]
    intervals = []
    for place, numbers in groupby(range(len(places)), places.__getitem__):
        first, *rest = numbers
        end = phones[rest[-1] if rest else first].end
        intervals.append(TimeInterval(phones[first].start, end, " ".join(source[slice(*place)].split()) if place else ""))
    return intervals


def write_textgrid(
    path: Path, sentence: Sentence, alignment: Alignment, grid: FrameGrid, source: str = "", *, lasting: bool = True
) -> None:
    """Write what :func:`format_textgrid` returns, atomically; ``lasting`` is that of :func:`tts.core.files.replacing`."""
    write_text(path, format_textgrid(sentence, alignment, grid, source), lasting=lasting)


def read_textgrid(path: Path) -> dict[str, list[TimeInterval]]:
    """Read the interval tiers of a TextGrid by name; point tiers are left out. Anything else raises :class:`TtsError`."""
    try:
        data = path.read_bytes()
        if data.startswith(b"ooBinaryFile"):
            raise TtsError(f"{path}: a binary TextGrid; save it from Praat as a text file")
        text = data.decode(next((name for mark, name in _BOMS if data.startswith(mark)), "utf-8"))
    except FileNotFoundError:
        raise TtsError(f"{path}: there is no such label file") from None
    except UnicodeDecodeError:
        raise TtsError(f"{path}: not text in UTF-8 or UTF-16; save it from Praat as a text file") from None
    tokens = iter([m[1].replace('""', '"') if m[2] is None else float(m[2]) for m in _TOKEN.finditer(text)])
    try:
        return _tiers(tokens)
    except (StopIteration, TypeError, ValueError) as error:
        raise TtsError(
            f"{path}: not a complete TextGrid ({str(error) or 'it ends too soon'}); save it from Praat as a text file"
        ) from None


def read_textgrid_words(path: Path) -> list[TimeInterval]:
    """Return the intervals of the word tier (``words``, ``word``, ``ORT-MAU``); nothing where there is none."""
    tiers = read_textgrid(path)
    return next((tiers[name] for name in tiers if name.lower().split(" - ")[-1] in _WORD_TIERS), [])


def read_textgrid_phones(path: Path, grid: FrameGrid) -> list[TimeInterval]:
    """Return the intervals of the phone tier (``phones``, ``segments`` or ``MAU``), with the ``states`` tier where it fits."""
    tiers = read_textgrid(path)
    names = [name for name in tiers if name.lower().split(" - ")[-1] in _PHONE_TIERS]
    if not names:
        raise TtsError(f"{path}: has the tiers {', '.join(tiers) or 'none'}; its phones must be in a tier called 'phones'")
    cuts = np.array([interval.end for interval in tiers.get("states", ())])
    phones = []
    for phone in tiers[names[0]]:
        inner = cuts[(cuts > phone.start + grid.shift / 2) & (cuts < phone.end - grid.shift / 2)]
        phones.append(TimeInterval(phone.start, phone.end, phone.name, tuple(inner.tolist())))
    return phones


def _tiers(tokens: Iterator[str | float]) -> dict[str, list[TimeInterval]]:
    _text(tokens)  # the file type
    if _text(tokens) != "TextGrid":
        raise ValueError("it holds another kind of Praat object")
    _number(tokens), _number(tokens)
    tiers: dict[str, list[TimeInterval]] = {}
    for _ in range(int(_number(tokens))):
        kind, name = _text(tokens), _text(tokens)
        _number(tokens), _number(tokens)
        count = int(_number(tokens))
        if kind == "IntervalTier":
            tiers[name] = [TimeInterval(_number(tokens), _number(tokens), _text(tokens)) for _ in range(count)]
        else:
            for _ in range(count):
                _number(tokens), _text(tokens)
    return tiers


def _text(tokens: Iterator[str | float]) -> str:
    token = next(tokens)
    if not isinstance(token, str):
        raise ValueError(f"found the number {token:g} where a text is due")
    return token


def _number(tokens: Iterator[str | float]) -> float:
    token = next(tokens)
    if isinstance(token, str):
        raise ValueError(f"found the text {token[:40]!r} where a number is due")
    return token


def _long_form(tiers: Mapping[str, Sequence[TimeInterval]], end: float) -> str:
    lines = ['File type = "ooTextFile"', 'Object class = "TextGrid"', "", "xmin = 0", f"xmax = {end:.6f}", "tiers? <exists>"]
    lines += [f"size = {len(tiers)}", "item []:"]
    for number, (name, intervals) in enumerate(tiers.items(), 1):
        lines += [f"    item [{number}]:", '        class = "IntervalTier"', f"        name = {_quoted(name)}"]
        lines += ["        xmin = 0", f"        xmax = {end:.6f}", f"        intervals: size = {len(intervals)}"]
        for place, interval in enumerate(intervals, 1):
            lines += [f"        intervals [{place}]:", f"            xmin = {interval.start:.6f}"]
            lines += [f"            xmax = {interval.end:.6f}", f"            text = {_quoted(interval.name)}"]
    return "\n".join(lines) + "\n"


def _quoted(text: str) -> str:
    return '"' + text.replace('"', '""') + '"'
