"""What a terminal would obey is written out, what people read stays."""

import logging

import pytest

from tts.core.screen import PrintableFormatter, printable


@pytest.mark.parametrize("text", ["plain", "two\nlines\tand a tab", "ˈhəloʊ t͡ʃ", "naïve 日本 👩\u200d💻", "", "a\u00a0b"])
def test_text_stays(text: str) -> None:
    assert printable(text) == text


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("\x1b[31mred", r"\x1b[31mred"),
        ("\x9b31mred", r"\x9b31mred"),  # the same in one sign
        ("over\rwritten", r"over\rwritten"),
        ("bell\x07", r"bell\x07"),
        ("back\x08\x08", r"back\x08\x08"),
        ("\u202eright to left", r"\u202eright to left"),
        ("half a pair \ud800", r"half a pair \ud800"),
    ],
)
def test_what_a_terminal_obeys_is_written_out(text: str, shown: str) -> None:
    assert printable(text) == shown


def test_log_messages_are_made_safe_with_what_is_put_into_them() -> None:
    record = logging.LogRecord("tts", logging.WARNING, "", 0, "%s is odd", ("\x1b[2J",), None)
    assert PrintableFormatter().format(record) == r"WARNING tts: \x1b[2J is odd"
