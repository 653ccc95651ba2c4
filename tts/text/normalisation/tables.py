"""The words that a :class:`tts.text.normalisation.reader.Reader` needs of a language, and how its module writes them down."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


def entries(text: str) -> dict[str, tuple[str, ...]]:
    """Return ``key: word, word; key: word`` as a dictionary."""
    pairs = (entry.split(":", 1) for entry in text.replace("\n", " ").split(";") if entry.strip())
    return {key.strip(): tuple(word.strip() for word in words.split(",")) for key, words in pairs}


def words(text: str) -> frozenset[str]:
    """Return the words of ``text``."""
    return frozenset(text.split())


def in_order(text: str) -> tuple[str, ...]:
    """Return the words of ``text`` in their order."""
    return tuple(text.split())


def denominators(text: str) -> dict[int, tuple[str, str]]:
    """Return the names of the parts from halves to tenths, ``one many, one many, ...``."""
    pairs = (entry.split() for entry in text.split(","))
    return {number: (names[0], names[-1]) for number, names in enumerate(pairs, 2)}


@dataclass(frozen=True, kw_only=True)
class Tables:
    """The words of a language.

    ``units`` and ``currencies`` have the singular and the plural of each sign, currencies those of the hundredth part too;
    ``spaced`` are abbreviations with a space or none after each full stop, such as ``z. B.``; ``abbreviations`` those of which
    the last full stop is given; ``before_number`` and ``before_name`` those that count only there; ``may_end`` those that may
    end a sentence. ``fractions`` are the names of 2 to 10 as denominators, singular and plural.
    """

    language: str
    comma: str
    point: str
    minus: str
    plus: str
    to: str
    versus: str
    times: str
    at: str
    clock: str
    months: tuple[str, ...]
    units: Mapping[str, tuple[str, ...]]
    currencies: Mapping[str, tuple[str, ...]]
    multipliers: Mapping[str, tuple[str, ...]]
    abbreviations: Mapping[str, tuple[str, ...]]
    before_number: frozenset[str]
    before_name: frozenset[str]
    may_end: frozenset[str]
    signs: Mapping[str, tuple[str, ...]]
    fractions: Mapping[int, tuple[str, str]]
    spoken_as_words: frozenset[str]
    telephone: str
    date_pattern: str
    initialisms: Mapping[str, str] = field(default_factory=dict)
