"""What the attributes of SSML's ``prosody``, ``emphasis``, ``break`` and ``phoneme`` mean.

Source: SSML 1.1, sections 3.2.2 to 3.2.4 and 3.1.10. Names such as ``slow`` are left to the processor by the recommendation,
which asks only that they be in order; the numbers here are the product's own.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from tts.core.errors import TtsError
from tts.text.lexicon import parse_phones
from tts.text.x_sampa import to_ipa

RATES: Final = {"x-slow": 0.5, "slow": 0.8, "medium": 1.0, "default": 1.0, "fast": 1.25, "x-fast": 1.6}
PITCHES: Final = {"x-low": -6.0, "low": -3.0, "medium": 0.0, "default": 0.0, "high": 3.0, "x-high": 6.0}  # semitones
VOLUMES: Final = {
    "silent": -math.inf,
    "x-soft": -12.0,
    "soft": -6.0,
    "medium": 0.0,
    "default": 0.0,
    "loud": 6.0,
    "x-loud": 12.0,
}
STRENGTHS: Final = {"none": 0.0, "x-weak": 0.1, "weak": 0.2, "medium": 0.3, "strong": 0.5, "x-strong": 1.0}  # seconds
LONGEST: Final = 60.0  # seconds of a pause
LOUDEST: Final = 60.0  # decibels up or down, of all elements within each other


@dataclass(frozen=True)
class Delivery:
    """How words are spoken: ``rate`` times as fast, ``pitch`` semitones higher, ``volume`` decibels louder (-inf: silent)."""

    rate: float = 1.0
    pitch: float = 0.0
    volume: float = 0.0


PLAIN: Final = Delivery()


@dataclass(frozen=True)
class Pause:
    """A pause of ``seconds``; ``scaled`` if the pauses of the voice are made longer or shorter and this one with them."""

    seconds: float
    scaled: bool = False


EMPHASIS: Final = {
    "strong": Delivery(0.8, 3.0, 3.0),
    "moderate": Delivery(0.9, 1.5, 1.5),
    "none": Delivery(),
    "reduced": Delivery(1.1, -1.0, -3.0),
}


def prosody_of(attributes: Mapping[str, str], within: Delivery) -> Delivery:
    """Return the delivery that ``rate``, ``pitch`` and ``volume`` ask for; nested ones multiply and add up."""
    return _combined(
        within,
        Delivery(
            _rate(attributes.get("rate", "medium").strip()),
            _pitch(attributes.get("pitch", "medium").strip()),
            _volume(attributes.get("volume", "medium").strip()),
        ),
    )


def emphasised(level: str, within: Delivery) -> Delivery:
    """Return the delivery of emphasis: slower, higher and louder, or the opposite for ``reduced``."""
    if level not in EMPHASIS:
        raise TtsError(f"level is {level!r}; there are {', '.join(EMPHASIS)}")
    return _combined(within, EMPHASIS[level])


def _combined(within: Delivery, own: Delivery) -> Delivery:
    return Delivery(within.rate * own.rate, within.pitch + own.pitch, within.volume + own.volume)


def check_volume(delivery: Delivery) -> None:
    """Raise :class:`TtsError` for words that are to be louder or softer than a sound can be made; silent ones are right."""
    if abs(delivery.volume) > LOUDEST and delivery.volume != -math.inf:
        raise TtsError(f"words have {delivery.volume:+g}dB in all; expected -{LOUDEST:g}dB to +{LOUDEST:g}dB, or silent")


def _rate(value: str) -> float:
    if value in RATES:
        return RATES[value]
    match = re.fullmatch(r"([+-]?)(\d+(?:\.\d+)?|\.\d+)(%?)", value)
    if match is None or (match[1] and not match[3]):
        raise TtsError(f"rate is {value!r}; expected a percentage (80%) or one of {', '.join(RATES)}")
    rate = float(match[2]) / (100.0 if match[3] else 1.0)
    rate = 1.0 + rate if match[1] == "+" else 1.0 - rate if match[1] == "-" else rate  # +10% is of SSML 1.0
    if not 0.1 <= rate <= 10.0:
        raise TtsError(f"rate is {value!r}; expected 10% to 1000%")
    return rate


def _pitch(value: str) -> float:
    if value in PITCHES:
        return PITCHES[value]
    if match := re.fullmatch(r"([+-]\d+(?:\.\d+)?)st", value):
        return _within(float(match[1]), value)
    if (match := re.fullmatch(r"([+-]\d+(?:\.\d+)?)%", value)) and float(match[1]) > -100.0:
        return _within(12.0 * math.log2(1.0 + float(match[1]) / 100.0), value)
    hint = "; hertz depend on the voice" if value.lower().endswith("hz") else ""
    raise TtsError(f"pitch is {value!r}; expected semitones (+2st), a percentage (-10%) or one of {', '.join(PITCHES)}{hint}")


def _within(semitones: float, value: str) -> float:
    if abs(semitones) > 24.0:
        raise TtsError(f"pitch is {value!r}, more than 24 semitones")
    return semitones


def _volume(value: str) -> float:
    if value in VOLUMES:
        return VOLUMES[value]
    match = re.fullmatch(r"([+-]\d+(?:\.\d+)?)dB", value)
    if match is None or abs(float(match[1])) > LOUDEST:
        raise TtsError(f"volume is {value!r}; expected decibels (+6dB, -60dB to +60dB) or one of {', '.join(VOLUMES)}")
    return float(match[1])


def pause_of(attributes: Mapping[str, str]) -> Pause:
    """Return the pause of a ``break``: ``time`` in s or ms, else ``strength``, which is medium by default."""
    strength = attributes.get("strength", "medium").strip()
    if strength not in STRENGTHS:
        raise TtsError(f"strength is {strength!r}; there are {', '.join(STRENGTHS)}")
    time = attributes.get("time")
    if time is None:
        return Pause(STRENGTHS[strength], scaled=True)
    match = re.fullmatch(r"\+?(\d+(?:\.\d+)?|\.\d+)(s|ms)", time.strip())
    if match is None:
        raise TtsError(f"time is {time!r}; expected seconds or milliseconds, such as 1.5s or 300ms")
    seconds = float(match[1]) * (1.0 if match[2] == "s" else 0.001)
    if seconds > LONGEST:
        raise TtsError(f"time is {time!r}; the longest pause is {LONGEST:g}s")
    return Pause(seconds)


def phones_of(attributes: Mapping[str, str]) -> str:
    """Return the phones of a ``phoneme`` as they are written inline, checked; IPA, or X-SAMPA by ``alphabet="x-sampa"``."""
    alphabet, written = attributes.get("alphabet", "ipa").strip(), attributes["ph"]
    if alphabet not in ("ipa", "x-sampa", "x-SAMPA"):
        raise TtsError(f"alphabet is {alphabet!r}; there are ipa and x-sampa")
    phones = to_ipa(written) if alphabet != "ipa" else re.sub(r"[.‿|/]", " ", written)
    return " ".join(parse_phones(phones))
