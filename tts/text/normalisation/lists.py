"""Tables written as text: words between spaces, and entries between semicolons."""

from __future__ import annotations


def listed(words: str) -> list[str]:
    """Return the words of a text."""
    return words.split()


def table(entries: str) -> dict[str, str]:
    """Return ``a reading of a; b reading of b`` as a dictionary."""
    pairs = (entry.split(None, 1) for entry in entries.replace("\n", " ").split(";") if entry.strip())
    return {key: value.strip() for key, value in pairs}
