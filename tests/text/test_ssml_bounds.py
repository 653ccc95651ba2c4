"""Bounds of an SSML document - volume, pauses, marks, time and memory - and texts whose kind says more than they hold."""

from __future__ import annotations

import gc
import re
import time
import weakref

import pytest

from tts.core.errors import TtsError, UsageError
from tts.text import ssml
from tts.text.say_as import say_as
from tts.text.ssml import LONGEST_IN_ALL, Document, read_ssml


def read(inside: str, language: str = "en-us") -> Document:
    return read_ssml(f"<speak>{inside}</speak>", language)


def louder(value: str, levels: int, inside: str) -> str:
    return f"<prosody volume='{value}'>" * levels + inside + "</prosody>" * levels


@pytest.mark.parametrize(
    ("inside", "message"),
    [
        (louder("+60dB", 15, "a"), "line 1, column 344: <prosody>: words have +900dB in all; expected -60dB to +60dB"),
        (louder("-40dB", 2, "a"), "<prosody>: words have -80dB in all"),
        (louder("+59dB", 1, "<emphasis>a</emphasis>"), "<emphasis>: words have +60.5dB in all"),
        (louder("+40dB", 2, "<phoneme ph='a'/>"), "<phoneme>: words have +80dB in all"),
        (louder("+40dB", 2, "<sub alias='a'>b</sub>"), "<sub>: words have +80dB in all"),
        ("a" + "<break time='60s'/>" * 61, f"<break>: the pauses up to here last more than {LONGEST_IN_ALL:g}s"),
    ],
)
def test_sums_out_of_bounds_are_refused(inside: str, message: str) -> None:
    with pytest.raises(UsageError, match=re.escape(message)):
        read(inside)


def test_marks_are_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ssml, "MOST_MARKS", 9)
    assert len(read("a" + "<mark name='m'/>" * 9).events) == 9
    with pytest.raises(UsageError, match=r"column 153: <mark>: there are more than 9 marks"):
        read("a" + "<mark name='m'/>" * 10)


def test_sums_within_bounds_are_read() -> None:
    assert read(louder("+60dB", 1, "a")).delivery(0).volume == 60.0
    assert read(louder("+60dB", 2, louder("-60dB", 1, "a"))).delivery(0).volume == 60.0  # no words are louder
    assert read(louder("silent", 3, louder("+60dB", 2, "a"))).delivery(0).volume == float("-inf")
    assert len(read("a" + "<break time='60s'/>" * 60).events) == 60


@pytest.mark.parametrize("attribute", ["xsi:type='a'", "xsi:nil='true'", "onlangfailure='ignorelang'", "xml:space='preserve'"])
def test_attributes_of_the_root_that_would_mean_something_are_refused(attribute: str) -> None:
    name = attribute.split("=")[0]
    with pytest.raises(UsageError, match=f"<speak>: the attribute {name} is not read"):
        read_ssml(f"<speak xmlns:xsi='http://www.w3.org/2001/XMLSchema-instance' {attribute}>a</speak>", "en")


def test_attributes_of_the_root_that_mean_nothing_here_are_taken() -> None:
    source = (
        '<speak version="1.1" xmlns="http://www.w3.org/2001/10/synthesis" '
        'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" '
        'xsi:schemaLocation="http://www.w3.org/2001/10/synthesis x.xsd" xml:base="http://example.com/" xml:id="a">a</speak>'
    )
    assert str(read_ssml(source, "en").text) == "a"


def test_a_large_document_answers_every_word_and_sentence_in_time() -> None:
    """Minutes where the whole document was looked through for each of them."""
    inside = "".join(f"<s><emphasis>w{n}</emphasis> <sub alias='b'>c</sub></s>" for n in range(6_000))
    document = read(inside)
    begun = time.process_time()
    for passage in document.passages:
        assert document.delivery(passage.start).volume == 1.5
        assert document.shown(passage.start, passage.end).endswith(" c")
    assert time.process_time() - begun < 1.0


def test_a_document_is_not_remembered_when_the_next_one_is_read() -> None:
    first = weakref.ref(read("first"))
    assert read("first") is first()
    read("second")
    gc.collect()
    assert first() is None


@pytest.mark.parametrize(
    ("text", "kind", "form", "language", "spoken"),
    [
        ("a@b-3%", "characters", "", "fr", "A arobase B tiret trois pour cent"),
        ("a@b-3%", "characters", "", "es", "A arroba B guion tres por ciento"),
        ("a@b-3%", "characters", "", "it", "A chiocciola B trattino tre per cento"),
        ("a@b-3%", "characters", "", "de-de", "A at B Strich drei Prozent"),
        ("a@b-3%", "characters", "", "nl", "A apenstaartje B streepje drie procent"),
        ("a@b-3%", "characters", "", "en", "A at B dash three percent"),
        ("e\u0301", "characters", "", "fr", "É"),
        ("कि", "characters", "", "hi", "कि"),
        ("+49", "telephone", "", "pt", "mais quatro, nove".replace(",", "")),
        ("29/02/2020", "date", "dmy", "en", "February twenty ninth twenty twenty"),
        ("29.2.", "date", "dm", "de", None),
        ("3:05 pm", "time", "hms12", "en", "3:05 pm"),
        ("24:00", "time", "hms24", "en", "24:00"),
        ("14:30:15", "time", "hms24", "en", "14:30:15"),
        ("14h30", "time", "hms24", "fr", "14h30"),
    ],
)
def test_signs_dates_and_times_are_said(text: str, kind: str, form: str, language: str, spoken: str | None) -> None:
    said = say_as(text, kind, form, language)
    assert spoken is None or said == spoken


@pytest.mark.parametrize(
    ("text", "kind", "form", "language", "message"),
    [
        ("a_b", "characters", "", "pl", "the sign '_' has no name in the language 'pl'"),
        ("a%", "characters", "", "ja", "'%' has no name"),
        ("a*", "spell-out", "", "fr", "'*' has no name"),
        ("~", "characters", "", "de", "'~' has no name"),  # "about" is what it means, not what it is called
        ("\ue000", "characters", "", "en", "has no name in the language 'en'"),
        ("31/02/2020", "date", "dmy", "en", "no day 31"),
        ("29/02/2021", "date", "dmy", "en", "no day 29"),
        ("1900-02-29", "date", "ymd", "de", "no day 29"),
        ("31.4.", "date", "dm", "de", "no day 31"),
        ("0/1/2020", "date", "dmy", "en", "no day 0"),
        ("on 1/2/2020 in May", "date", "dmy", "en", "with spaces, . / , or - between"),
        ("3:05 pm", "time", "hms24", "en", "no time of the twenty-four-hour clock"),
        ("24:30", "time", "hms24", "en", "twenty-four-hour"),
        ("25:00", "time", "hms24", "nl", "twenty-four-hour"),
        ("14:60", "time", "hms24", "en", "twenty-four-hour"),
        ("soon", "time", "hms24", "en", "twenty-four-hour"),
        ("0:30", "time", "hms12", "en", "twelve-hour"),
        ("14:30 pm", "time", "hms12", "en", "twelve-hour"),
        ("3:75", "time", "hms12", "en", "twelve-hour"),
    ],
)
def test_what_has_no_name_or_is_no_date_or_time_is_refused(
    text: str, kind: str, form: str, language: str, message: str
) -> None:
    with pytest.raises(TtsError, match=re.escape(message)):
        say_as(text, kind, form, language)
