"""What may stand on a screen. Names, texts and messages come from files of other people too, and a terminal obeys them."""

from __future__ import annotations

import logging
import unicodedata

# Marks that turn the order of the signs around them, so that a line reads as what it is not.
_TURNING = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
_LEFT = frozenset("\n\t")


def printable(text: str) -> str:
    r"""Return ``text`` with all that a terminal would obey written out (``\x1b`` for an escape), but for line ends and tabs."""
    if text.isprintable():
        return text
    return "".join(_written_out(sign) for sign in text)


def _written_out(sign: str) -> str:
    odd = sign in _TURNING or unicodedata.category(sign) in ("Cc", "Cs", "Zl", "Zp")
    return sign.encode("unicode_escape").decode() if odd and sign not in _LEFT else sign


class PrintableFormatter(logging.Formatter):
    """The form of messages that go to a terminal."""

    def __init__(self) -> None:
        super().__init__("%(levelname)s %(name)s: %(message)s")

    def format(self, record: logging.LogRecord) -> str:
        """Return the record's line, safe to print."""
        return printable(super().format(record))


def log_to_screen(level: int) -> None:
    """Send log messages from ``level`` on to standard error; what is set up already only changes its level."""
    root = logging.getLogger()
    root.setLevel(level)
    if not root.handlers:
        handler = logging.StreamHandler()
        handler.setFormatter(PrintableFormatter())
        root.addHandler(handler)
