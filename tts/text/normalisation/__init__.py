"""From what is written to what is said, one module a language: numbers, dates, amounts, units, abbreviations, signs.

A module has a function ``expand(text: str) -> str``. Its argument has been through :func:`tts.text.normalise.clean`;
characters of the private use area stand for words whose pronunciation is known and pass untouched. What it leaves alone goes
through the steps that are the same for every language (:func:`tts.text.normalise.normalise`).
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from importlib import import_module
from typing import Any, Final

LETTER_MARK: Final = "\u00b7"
"""Stands after the letter A (``A·``, ``A·'s``) where it is the letter and not the article; an engine reads the letter's
name."""

EXPANDERS: Final[dict[str, str]] = {
    "de": "german",
    "en": "english",
    "es": "spanish",
    "fr": "french",
    "it": "italian",
    "ja": "japanese",
    "nl": "dutch",
}
"""The module of a language by the first part of its tag."""


@lru_cache(maxsize=64)
def expander(language: str) -> Callable[[str], str] | None:
    """Return the function of a language (a tag such as ``en-us``), None where none is written."""
    function: Callable[[str], str] | None = _of(language, "expand")
    return function


@lru_cache(maxsize=64)
def continuer(language: str) -> Callable[[str, str], bool] | None:
    """Return the function ``continues(before, after)`` of a language's module, None where it has none.

    It says whether a sentence goes on after a full stop between the texts ``before`` and ``after``: it belongs to an
    abbreviation or, in German, to an ordinal number.
    """
    function: Callable[[str, str], bool] | None = _of(language, "continues")
    return function


def _of(language: str, function: str) -> Any:
    name = EXPANDERS.get(language.split("-")[0].lower())
    return None if name is None else getattr(import_module(f"tts.text.normalisation.{name}"), function, None)
