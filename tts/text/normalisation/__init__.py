"""From what is written to what is said, one module a language: numbers, dates, amounts, units, abbreviations, signs.

A module has a function ``expand(text: str) -> str``. Its argument has been through :func:`tts.text.normalise.clean`;
characters of the private use area stand for words whose pronunciation is known and pass untouched. What it leaves alone goes
through the steps that are the same for every language (:func:`tts.text.normalise.normalise`).
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from importlib import import_module
from typing import Final

EXPANDERS: Final[dict[str, str]] = {"de": "german", "nl": "dutch"}
"""The module of a language by the first part of its tag."""


@lru_cache(maxsize=64)
def expander(language: str) -> Callable[[str], str] | None:
    """Return the function of a language (a tag such as ``en-us``), None where none is written."""
    name = EXPANDERS.get(language.split("-")[0].lower())
    if name is None:
        return None
    function: Callable[[str], str] = import_module(f"tts.text.normalisation.{name}").expand
    return function
