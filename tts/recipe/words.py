"""Sentences about names that are not there."""

from __future__ import annotations

import difflib
from collections.abc import Collection


def not_there(word: str, known: Collection[str]) -> str:
    """Say that a word is not among those known, and which may be meant."""
    return f"is not there; {close_names(word, known)}"


def close_names(word: str, known: Collection[str]) -> str:
    """Name the known word that is nearest, or all of them."""
    close = difflib.get_close_matches(word, sorted(known), n=1)
    return f"did you mean {close[0]}?" if close else f"there are {', '.join(sorted(known))}"
