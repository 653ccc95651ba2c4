"""How numbers in figures are read: by their shape, figure by figure, or as one number."""

from pathlib import Path

import pytest

from tts.core.errors import UsageError
from tts.generation.requests import Request
from tts.generation.text_files import read_requests
from tts.recipe.parts import TextPart
from tts.text.digits import digits_of, read_digits
from tts.text.engine import make_engine


@pytest.mark.parametrize(
    ("text", "single", "whole"),
    [
        ("Room 4711.", "Room four seven one one.", "Room four thousand seven hundred and eleven."),
        ("Call 555-0199", "Call five five five, zero one nine nine", "Call 555-0199"),
        ("+44 20 7946 or 12", "plus four four, two zero, seven nine four six or 12", "+44 20 7946 or twelve"),
        ("in 1984", "in one nine eight four", "in one thousand nine hundred and eighty four"),
        ("007", "zero zero seven", "007"),
        # as usual: amounts, units, groups, decimals, dates, times, ranges, parts of words
        *[(text, text, text) for text in ("$500", "500 kg", "1,000", "2.505", "2024-05-06", "12:305", "A380", "10 000")],
        *[
            (text, text, text)
            for text in ("1914-1918", "5/123", "500€", "#123", "x123y", "123rd", "1 000 000", "x^123", "500%")
        ],
        *[(text, text, text) for text in ("the 1990's", "the 1990’s", "a 500-page book", "1914–1918", "pages 100–250")],
        ("'1984'", "'1984'", "'1984'"),
    ],
)
def test_what_stands_alone_is_read_as_asked(text: str, single: str, whole: str) -> None:
    assert read_digits(text, "single", "en-us") == single
    assert read_digits(text, "whole", "en-us") == whole
    assert read_digits(text, "auto", "en-us") == text


def test_other_languages_and_those_without_number_words() -> None:
    assert read_digits("Zimmer 123, 500 kg", "single", "de-de") == "Zimmer eins zwei drei, 500 kg"
    assert read_digits("kamer 123", "whole", "nl") == "kamer honderd drieëntwintig"
    assert read_digits("123", "single", "xx") == "123"


def test_the_engine_says_what_it_does_and_a_request_may_say_otherwise(tmp_path: Path) -> None:
    usual, own = make_engine("cmudict", "en-us"), make_engine("cmudict", "en-us", digits="single")
    assert "digits" not in usual.identity()
    assert digits_of(own.identity()) == own.identity()["digits"] == "single"
    assert own.answer("911").normalised == usual.answer("911", digits="single").normalised == "nine one one"
    assert own.answer("911", digits="whole").normalised == "nine hundred and eleven"
    assert TextPart(digits="single").digits == "single"
    (tmp_path / "a.jsonl").write_text('{"text": "911", "digits": "whole"}\n{"text": "112"}', encoding="utf-8")
    requests = read_requests([tmp_path / "a.jsonl"], digits="single")
    assert [request.digits for request in requests] == ["whole", "single"]
    with pytest.raises(UsageError, match="digits 'odd' are unknown; choose from auto, single, whole"):
        Request("x", "911", digits="odd")  # type: ignore[arg-type]
    with pytest.raises(UsageError, match="no way 'odd' of reading digits"):
        make_engine("cmudict", "en-us", digits="odd")  # type: ignore[arg-type]
