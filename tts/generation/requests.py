"""What is to be spoken: texts under names that are safe as those of files."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from tts.core.errors import UsageError
from tts.core.names import file_key, name_fault
from tts.generation.durations import MAX_SPEED, MIN_SPEED
from tts.recipe.names import MOST_SEED, DigitsName
from tts.text.digits import DIGITS

MAX_PITCH = 24.0  # semitones up or down
MAX_TEMPERATURE = 1.5
MAX_ID = 100


@dataclass(frozen=True)
class Request:
    """A text to speak, under a name that is safe as that of a file.

    ``speed`` is a factor in 0.25..4 on the voice's own, ``pitch`` a shift in semitones in -24..24. ``place`` says where it was
    read, ``FILE:LINE``, for messages. ``speaker`` is the name or number of one of the voice's, empty for its first.
    ``numbered`` says that the name was made of the number of its line, so that it changes where lines are added above. ``ssml``
    says that the text is an SSML document (:mod:`tts.text.ssml`), ``labels`` that it is a file of full-context labels
    (:mod:`tts.generation.spoken_labels`), ``digits`` how whole numbers in figures are read
    (:func:`tts.text.digits.read_digits`), None as the voice has it. ``temperature`` in 0..1.5 says how far lengths, F0 and
    energy of phones depart from what they are on average (:mod:`tts.generation.variation`): 0 is not at all, 1 as in the
    recordings. The same text, temperature and ``seed`` give the same take.
    """

    id: str
    text: str
    speed: float = 1.0
    pitch: float = 0.0
    place: str = ""
    speaker: str = ""
    numbered: bool = False
    ssml: bool = False
    labels: bool = False
    digits: DigitsName | None = None
    temperature: float = 0.0
    seed: int = 0

    def __post_init__(self) -> None:
        if any("\ud800" <= character <= "\udfff" for character in self.text):
            raise UsageError(f"{self.id}: the text is not valid UTF-8; convert it first")
        fault = unsafe(self.id)
        if fault:
            raise UsageError(self.located(f"the id {self.id!r} {fault}; ids become file names, choose another"))
        if self.digits is not None and self.digits not in DIGITS:
            raise UsageError(self.located(f"digits {self.digits!r} are unknown; choose from {', '.join(DIGITS)}"))
        if not MIN_SPEED <= self.speed <= MAX_SPEED:
            raise UsageError(self.located(f"speed {self.speed:g} is outside {MIN_SPEED:g}..{MAX_SPEED:g}"))
        if not 0.0 <= self.temperature <= MAX_TEMPERATURE:
            raise UsageError(self.located(f"temperature {self.temperature:g} is outside 0..{MAX_TEMPERATURE:g}"))
        if not 0 <= self.seed <= MOST_SEED:
            raise UsageError(self.located(f"seed {self.seed} is outside 0..{MOST_SEED}"))
        if not abs(self.pitch) <= MAX_PITCH:
            raise UsageError(self.located(f"pitch {self.pitch:g} is outside -{MAX_PITCH:g}..{MAX_PITCH:g} semitones"))

    def located(self, message: str) -> str:
        """Return ``message`` behind the place where this request was read."""
        return f"{self.place}: {message}" if self.place else message


def unsafe(name: str) -> str:
    """Say why ``name`` cannot be the name of a request, "" if it can."""
    return f"is longer than {MAX_ID} characters" if len(name) > MAX_ID else name_fault(name)


def refuse_duplicates(requests: Iterable[Request]) -> None:
    """Raise :class:`UsageError` naming both places if two ids are the same file on some file system."""
    seen: dict[str, Request] = {}
    for request in requests:
        other = seen.setdefault(file_key(request.id), request)
        if other is not request:
            raise UsageError(
                request.located(f"the id {request.id!r} is taken by {other.id!r} at {other.place or 'an earlier request'}; "
                                "rename one, or its file where ids are made from file names")
            )  # fmt: skip
