"""Times of day, spans of them, and lengths of time written with colons; two numbers beside a colon are a ratio."""

from __future__ import annotations

import re
from typing import Final

from tts.text.normalisation.english.numbers import cardinal, pair
from tts.text.tracked import sub

_HALF: Final = r"(?:\s?([AaPp])\.?\s?[Mm]\b\.?)"
_CLOCK: Final = re.compile(rf"(?<![\w:.,])(\d{{1,2}})([:.])([0-5]\d)(?![\d:])(?!\.\d){_HALF}?")
_HOUR: Final = re.compile(rf"(?<![\w:.,$€£])(\d{{1,2}}){_HALF}(?![\w])")
_LENGTH: Final = re.compile(r"(?<![\w:.,])(\d{1,3}):([0-5]\d):([0-5]\d)(?:[.,](\d+))?(?![\d:])")
_RATIO: Final = re.compile(r"(?<![\w:.,])(\d{1,6}):(\d{1,6})(?![\d:])")
_TO: Final = re.compile(
    r"(?<=\d)(\s?[AaPp]\.?[Mm]\.?)?\s?[-–—]\s?(?=\d{1,2}(?:[:.][0-5]\d)?\s?[AaPp]\.?[Mm]\b)|"
    r"(?<=:[0-5]\d)\s?[-–—]\s?(?=\d{1,2}(?::[0-5]\d|(?![\w:.,-])))"
)


def _half(letter: str | None, match: re.Match[str]) -> str:
    """Return A M or P M, with the full stop that ends a sentence where its last one does."""
    if not letter:
        return ""
    after = match.string[match.end() : match.end() + 60].lstrip(" \"'”’)")
    ends = match[0].endswith(".") and (not after or after[0].isupper())
    return f" {letter.upper()} M{'.' if ends else ''}"


def _clock(match: re.Match[str]) -> str:
    hour, mark, minute, half = match[1], match[2], match[3], match[4]
    if int(hour) > 24 or (mark == "." and not half):
        return match[0]
    if half:
        return cardinal(str(int(hour))) + (f" {pair(minute)}" if minute != "00" else "") + _half(half, match)
    if minute != "00":
        return f"{cardinal(str(int(hour)))} {pair(minute)}"
    if int(hour) in (0, 24) or int(hour) > 12 or hour[0] == "0":
        return f"{'zero ' if hour[0] == '0' else ''}{cardinal(str(int(hour)))} hundred"
    return f"{cardinal(hour)} o'clock"


def _length(match: re.Match[str]) -> str:
    parts = []
    for digits, name in zip(match.group(1, 2, 3), ("hour", "minute", "second"), strict=True):
        count = int(digits)
        if name == "second" and match[4]:
            parts.append(f"{cardinal(str(count))} point {' '.join(map(cardinal, match[4]))} seconds")
        elif count:
            parts.append(f"{cardinal(str(count))} {name}{'' if count == 1 else 's'}")
    return " ".join([*parts[:-1], *(["and"] if len(parts) > 1 else []), *parts[-1:]]) or "zero seconds"


def expand_times(text: str) -> str:
    """Read times and ratios."""
    if ":" not in text and not re.search(r"\d\s?[AaPp]\.?\s?[Mm]\b", text):
        return text
    text = sub(_TO, lambda m: f"{m[1] or ''} to ", text)
    text = sub(_LENGTH, _length, text)
    text = sub(_CLOCK, _clock, text)
    text = sub(_HOUR, lambda m: cardinal(str(int(m[1]))) + _half(m[2], m), text)
    return sub(_RATIO, _ratio, text)


def _ratio(match: re.Match[str]) -> str:
    first, last = match[1], match[2]
    if len(last) == 2 and int(last) < 60 and 24 < int(first) < 60:
        return f"{cardinal(first)} {pair(last)}"  # minutes and seconds
    return f"{cardinal(first)} to {cardinal(last)}"
