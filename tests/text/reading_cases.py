"""Tables of sentences with their right readings: ``cases/LANGUAGE.txt``."""

import re
from pathlib import Path


def read_cases(name: str) -> list[tuple[str, str, list[str]]]:
    """Return kind, text and right readings of every line of a table."""
    lines = (Path(__file__).parent / "cases" / f"{name}.txt").read_text(encoding="utf-8").splitlines()
    rows = [line.split(" | ") for line in lines if line and not line.startswith("#")]
    return [(kind, text, readings.split(" / ")) for kind, text, readings in rows]


def compact(reading: str) -> str:
    """Return a reading as it is compared: small letters without punctuation; spaces count only beside single letters."""
    words = re.sub(r"[.,;:!?-]", " ", reading.lower()).split()
    return "".join(f" {word} " if len(word) == 1 else word for word in words).replace("  ", " ")
