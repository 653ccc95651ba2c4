"""HTS label files: one line a state (or phone), times in units of 100 ns, the phone in its context.

We write ``start end LL^L-C+R=RR[state]``, states counted from 2 as HTK does, ``x`` beyond the ends, which the tools of the HTS
family read. We read that, full-context labels of any make, and plain ``start end phone`` lines.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from tts.alignment.intervals import SILENCES, TimeInterval, to_alignment
from tts.alignment.textgrid import read_textgrid_phones, read_textgrid_words
from tts.alignment.types import Alignment
from tts.core.errors import TtsError, UsageError
from tts.core.files import write_text
from tts.core.grid import FrameGrid
from tts.text.label_names import centre_of
from tts.text.phone_names import PhoneNames

TIME_UNIT = 1e-7  # seconds
FIRST_STATE = 2  # HTK counts the entry state as 1
_LINE = re.compile(r"(\d+)\s+(\d+)\s+(\S+?)(?:\[(\d+)\])?(?:\s.*)?")
SUFFIXES = (".lab", ".TextGrid")


def format_hts(alignment: Alignment, grid: FrameGrid) -> str:
    """Return an alignment as HTS state labels."""
    ticks = np.round(np.cumsum([0, *alignment.durations.ravel()]) * (grid.shift / TIME_UNIT)).astype(np.int64).tolist()
    around = ("x", "x", *alignment.phones, "x", "x")
    lines = []
    for segment in range(len(alignment.phones)):
        before2, before, centre, after, after2 = around[segment : segment + 5]
        for state in range(alignment.states):
            place = segment * alignment.states + state
            context = f"{before2}^{before}-{centre}+{after}={after2}"
            lines.append(f"{ticks[place]} {ticks[place + 1]} {context}[{state + FIRST_STATE}]\n")
    return "".join(lines)


def write_hts(path: Path, alignment: Alignment, grid: FrameGrid, *, lasting: bool = True) -> None:
    """Write an alignment as HTS state labels, atomically; ``lasting`` is that of :func:`tts.core.files.replacing`."""
    write_text(path, format_hts(alignment, grid), lasting=lasting)


def read_intervals(path: Path, names: PhoneNames | None = None) -> list[TimeInterval]:
    """Read the phones of a label file, in IPA by ``names`` but for silences, with their contexts; states become ``inner``."""
    return parse_intervals(_lines(path), str(path), names)


def parse_intervals(lines: Sequence[str], where: str, names: PhoneNames | None = None) -> list[TimeInterval]:
    """Return the phones of a label file's lines, as :func:`read_intervals` does; ``where`` names the file in messages."""
    phones: list[TimeInterval] = []
    previous = 0
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        match = _LINE.fullmatch(line.strip())
        if not match:
            raise TtsError(f"{where}:{number}: expected 'start end label' with times in 100 ns, found {line.strip()[:60]!r}")
        start, end = int(match[1]) * TIME_UNIT, int(match[2]) * TIME_UNIT
        name = _phone(centre_of(match[3]), names, f"{where}:{number}")
        state = int(match[4] or 0)
        if state > previous > 0 and phones[-1].name == name:
            last = phones[-1]
            phones[-1] = TimeInterval(last.start, end, name, (*last.inner, start), last.context)
        else:
            phones.append(TimeInterval(start, end, name, (), match[3]))
        previous = state
    if not phones:
        raise TtsError(f"{where}: holds no labels")
    return phones


def _phone(name: str, names: PhoneNames | None, where: str) -> str:
    if names is None or name.strip().lower() in SILENCES:
        return name
    try:
        return names.ipa(name)[0]
    except TtsError as error:
        hint = "; alignment.phone_names says what label files call phones" if names == PhoneNames() else ""
        raise TtsError(f"{where}: {error}{hint}") from None


@dataclass(frozen=True)
class Labels:
    """What a label file says: phones (silences too) with their stresses, None where the names tell none, and words, if any."""

    phones: tuple[TimeInterval, ...]
    stresses: tuple[int | None, ...]
    words: tuple[TimeInterval, ...] = ()


def read_labels(path: Path, grid: FrameGrid, frames: int, states: int, names: PhoneNames | None = None) -> Alignment:
    """Read a label file of either kind, ``.lab`` or ``.TextGrid``, onto the frame grid (:func:`..intervals.to_alignment`).

    ``frames`` is the recording's number of frames; ``names`` is the phone set of the labels, by default they are taken as they
    stand. The number of states in the file may differ from ``states``; then every phone is divided evenly. A broken line raises
    :class:`TtsError` naming it.
    """
    return to_alignment(read_label_file(path, grid, names).phones, grid, frames, states, str(path))


def read_label_file(path: Path, grid: FrameGrid, names: PhoneNames | None = None) -> Labels:
    """Read a label file of either kind; a phone that is not in the set ``names`` raises :class:`TtsError`."""
    if path.suffix.lower() == ".lab":
        phones = read_intervals(path, names)
        return Labels(tuple(phones), tuple(_stress(centre_of(p.context), names) for p in phones))
    if path.suffix.lower() == ".textgrid":
        given = read_textgrid_phones(path, grid)
        named = []
        for phone in given:
            name = _phone(phone.name.strip(), names, f"{path} at {phone.start:.3f} s")
            named.append(TimeInterval(phone.start, phone.end, name, phone.inner, phone.name))
        stresses = tuple(_stress(phone.name.strip(), names) for phone in given)
        return Labels(tuple(named), stresses, tuple(read_textgrid_words(path)))
    raise UsageError(f"{path}: label files end in {' or '.join(SUFFIXES)}")


def _stress(name: str, names: PhoneNames | None) -> int | None:
    return None if names is None or name.strip().lower() in SILENCES else names.ipa(name)[1]


def _lines(path: Path) -> list[str]:
    try:
        return path.read_text(encoding="utf-8-sig").splitlines()
    except FileNotFoundError:
        raise TtsError(f"{path}: there is no such label file") from None
    except UnicodeDecodeError:
        raise TtsError(f"{path}: not text in UTF-8; is it a label file?") from None
