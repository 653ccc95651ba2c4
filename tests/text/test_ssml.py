"""SSML documents: what is read, how, and what is refused where."""

import math
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tts.core.errors import TtsError, UsageError
from tts.text.say_as import say_as
from tts.text.ssml import DEEPEST, Document, read_ssml
from tts.text.ssml_values import Delivery
from tts.text.x_sampa import to_ipa


def read(inside: str, language: str = "en-us") -> Document:
    return read_ssml(f"<speak>{inside}</speak>", language)


@pytest.mark.parametrize(
    ("inside", "text"),
    [
        ("One &amp; <![CDATA[two <3]]>", "One & two <3"),
        ("a\n   b\t<!-- not read -->c", "a b c"),
        ("cup<break/>board", "cup board"),
        ("<emphasis>Now</emphasis>, please", "Now, please"),
        ('the <sub alias="World Wide">W3C</sub>.', "the World Wide."),
        ('<sub alias="a">b</sub>c', "a c"),
        ('<phoneme alphabet="ipa" ph="t&#x259;.ˈmeɪ">tomato</phoneme>!', "[[t ə ˈm eɪ]]!"),
        ('<phoneme alphabet="x-sampa" ph="t@&quot;meI">tomato</phoneme>', "[[t ə ˈm eɪ]]"),
        ('<say-as interpret-as="characters">TTS</say-as>', "T T S"),
        ("<p>One.</p><p><s>Two</s><s>Three</s></p>", "One.TwoThree"),
    ],
)
def test_what_is_read(inside: str, text: str) -> None:
    assert str(read(inside).text) == text


def test_passages_end_with_paragraphs_sentences_and_voices() -> None:
    document = read('One. <p>Two. <s>Three. Four</s> Five</p> Six <voice name="bob">Seven</voice> Eight')
    text = str(document.text)
    parts = [(text[p.start : p.end].strip(), p.speaker, p.single) for p in document.passages]
    assert parts == [
        ("One.", "", False),
        ("Two.", "", False),
        ("Three. Four", "", True),
        ("Five", "", False),
        ("Six", "", False),
        ("Seven", "bob", False),
        ("Eight", "", False),
    ]
    assert document.speakers == ("bob",)


def test_nested_prosody_multiplies() -> None:
    document = read(
        'a <prosody rate="50%" volume="-6dB">b <prosody rate="slow" pitch="+2st" volume="loud">c</prosody></prosody> d '
        '<prosody rate="+10%" pitch="-50%">e</prosody> <prosody volume="silent">f</prosody> <emphasis level="none">g</emphasis>'
    )
    text = str(document.text)
    at = {letter: document.delivery(text.index(letter)) for letter in "abcdefg"}
    assert at["a"] == at["d"] == at["g"] == Delivery()
    assert at["b"] == Delivery(0.5, 0.0, -6.0)
    assert at["c"] == Delivery(0.5 * 0.8, 2.0, 0.0)
    assert (at["e"].rate, at["e"].pitch) == (pytest.approx(1.1), -12.0)
    assert at["f"].volume == -math.inf
    assert read("<emphasis>x</emphasis>").delivery(0) == Delivery(0.9, 1.5, 1.5)


def test_pauses_and_marks_stand_where_they_are() -> None:
    document = read('a <break time="1.5s"/> b<mark name="m"/> c <break strength="none"/><break strength="x-strong"/>')
    text = str(document.text)
    events = [(text[: e.at].strip(), e.mark or (e.pause and (e.pause.seconds, e.pause.scaled))) for e in document.events]
    assert events == [("a", (1.5, False)), ("a b", "m"), ("a b c", (0.0, True)), ("a b c", (1.0, True))]


def test_words_know_where_in_the_document_they_stood() -> None:
    source = '<speak>é <sub alias="one two">12</sub> &lt;x\r\ny <phoneme ph="a"/></speak>'
    text = read_ssml(source, "en-us").text
    for word, written in (("é", "é"), ("one", "12"), ("two", "12"), ("x", "x"), ("y", "y"), ("<", "&lt;")):
        start = str(text).index(word)
        first, last = text.span(start, start + len(word))
        assert source[first:last] == written
    first, last = text.span(str(text).index("[["), len(text))
    assert source[first:last] == "<"  # of an empty element its tag
    assert text.starts == sorted(text.starts) and text.ends == sorted(text.ends)


def test_people_are_shown_what_was_written() -> None:
    document = read('The <sub alias="World Wide Web">WWW</sub> of <say-as interpret-as="digits">42</say-as> &amp; all')
    assert document.shown(0, len(document.text)) == "The WWW of 42 & all"


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("Hello.", "line 1, column 1: no well-formed XML"),
        ("<speak>a\n<p>b</speak>", "line 2, column 7: no well-formed XML (mismatched tag)"),
        ("<speak>&nbsp;</speak>", "line 1, column 8: no well-formed XML (undefined entity)"),
        ("<text>a</text>", "<text>: the document must begin with <speak>"),
        ("<speak> </speak>", "there is no text in it"),
        ("<speak>a <speak>b</speak></speak>", "line 1, column 10: <speak>: stands inside the document"),
        ('<speak>a\n <audio src="x.wav"/></speak>', "line 2, column 2: <audio>: is not read; there are <speak>, <p>"),
        ('<speak version="2.0">a</speak>', "version is '2.0'"),
        ('<speak xmlns="urn:x">a</speak>', "xmlns is 'urn:x'"),
        ('<speak xml:lang="de">a</speak>', "xml:lang is 'de', but the voice reads 'en'"),
        ('<speak><lang xml:lang="fr-FR">a</lang></speak>', "<lang>: xml:lang is 'fr-FR'"),
        ("<speak>a<break time='5'/></speak>", "<break>: time is '5'; expected seconds or milliseconds"),
        ("<speak>a<break time='61s'/></speak>", "the longest pause is 60s"),
        ("<speak>a<break strength='huge'/></speak>", "strength is 'huge'; there are none, x-weak"),
        ("<speak>a<break>b</break></speak>", "<break>: must be empty"),
        (
            "<speak><prosody contour='(0%,+20Hz)'>a</prosody></speak>",
            "the attribute contour is not read; there are rate",
        ),
        ("<speak><prosody rate='quick'>a</prosody></speak>", "rate is 'quick'"),
        ("<speak><prosody rate='5%'>a</prosody></speak>", "expected 10% to 1000%"),
        ("<speak><prosody pitch='200Hz'>a</prosody></speak>", "hertz depend on the voice"),
        ("<speak><prosody volume='80'>a</prosody></speak>", "volume is '80'; expected decibels"),
        ("<speak><emphasis level='huge'>a</emphasis></speak>", "level is 'huge'"),
        ("<speak><voice gender='female'>a</voice></speak>", "<voice>: the attribute gender is not read; there are name"),
        ("<speak><sub>a</sub></speak>", "<sub>: needs the attribute alias"),
        ("<speak><sub alias='b'><break/></sub></speak>", "<break>: stands inside <sub>, which may hold no element"),
        ("<speak><phoneme ph='7'>a</phoneme></speak>", "<phoneme>: '7' is not a phone"),
        ("<speak><phoneme alphabet='x-sampa' ph='ü'>a</phoneme></speak>", "is no sign of X-SAMPA"),
        ("<speak><phoneme alphabet='arpabet' ph='AH'>a</phoneme></speak>", "alphabet is 'arpabet'; there are ipa and x-sampa"),
        ("<speak><say-as interpret-as='money'>a</say-as></speak>", "<say-as>: interpret-as is 'money'; there are characters"),
        ("<speak><say-as interpret-as='digits'>12a</say-as></speak>", "'12a' holds more than digits"),
        ("<speak><say-as interpret-as='digits' format='x'>1</say-as></speak>", "format is 'x'; expected none for digits"),
        ("<speak><s>a <s>b</s></s></speak>", "<s>: stands inside another sentence"),
        ("<speak>" + "<emphasis>" * 60 + "a", f"more than {DEEPEST} elements within each other"),
    ],
)
def test_what_is_refused_names_line_column_and_tag(source: str, message: str) -> None:
    with pytest.raises(UsageError, match=re.escape(message)):
        read_ssml(source, "en-us")


@pytest.mark.parametrize(
    "source",
    [
        '<!DOCTYPE speak [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;">]><speak>&b;</speak>',
        '<!DOCTYPE speak SYSTEM "file:///etc/passwd"><speak>a</speak>',
        '<!DOCTYPE speak [<!ENTITY x SYSTEM "file:///etc/passwd">]><speak>&x;</speak>',
        '<!DOCTYPE speak [<!ENTITY % x SYSTEM "http://127.0.0.1:9/x"> %x;]><speak>a</speak>',
    ],
)
def test_documents_that_declare_anything_are_refused(source: str) -> None:
    with pytest.raises(UsageError, match=r"<!DOCTYPE speak>: document types are not read"):
        read_ssml(source, "en-us")


def test_a_document_of_a_book_is_read_in_time_and_a_larger_one_refused() -> None:
    document = read("<p>" + "<s>One two three.</s>" * 20_000 + "</p>")
    assert len(document.passages) == 20_000
    with pytest.raises(UsageError, match=r"the most is 10,000,000"):
        read("a" * 10_000_001)


@given(st.text(max_size=60))
def test_any_text_is_read_or_refused(text: str) -> None:
    for source in (text, f"<speak>{text}</speak>", f"<speak><p>a {text}"):
        try:
            read_ssml(source, "en-us")
        except UsageError as error:
            assert re.match(r"line \d+, column \d+", str(error))


@pytest.mark.parametrize(
    ("text", "kind", "form", "language", "spoken"),
    [
        ("A4-x", "spell-out", "", "en", "A four dash X"),
        ("a", "characters", "", "en-us", "[[ˈeɪ]]"),
        ("ä1", "characters", "", "de", "Ä eins"),
        ("47 11", "digits", "", "en", "four seven one one"),
        ("1,234", "cardinal", "", "en", "one thousand two hundred and thirty four"),
        ("1.234", "cardinal", "", "de", "tausend zweihundert vierunddreißig"),
        ("3.14", "number", "", "en", "3.14"),
        ("XIV", "ordinal", "", "en", "fourteenth"),
        ("21st", "ordinal", "", "en", "twenty first"),
        ("3.", "ordinal", "", "de", "dritte"),
        ("3/4/2021", "date", "dmy", "en", "April third twenty twenty one"),
        ("3/4/2021", "date", "mdy", "en", "March fourth twenty twenty one"),
        ("2021-04-03", "date", "ymd", "en", "April third twenty twenty one"),
        ("4/99", "date", "my", "en", "April nineteen ninety nine"),
        ("3-4", "date", "dm", "nl", "drie april"),
        ("1430", "time", "hms24", "en", "14:30"),
        ("+44 20-79", "telephone", "", "en", "plus four four, two zero, seven nine"),
        ("030/12", "telephone", "", "de", "null drei null, eins zwei"),
    ],
)
def test_texts_are_said_as_asked(text: str, kind: str, form: str, language: str, spoken: str) -> None:
    assert say_as(text, kind, form, language) == spoken


@pytest.mark.parametrize(
    ("text", "kind", "form", "message"),
    [
        ("3/4", "date", "mdy", "expected 3 numbers"),
        ("13/14/2020", "date", "mdy", "no month 13"),
        ("x", "ordinal", "", "no whole number"),
        ("call me", "telephone", "", "no telephone number"),
        ("14:30", "time", "hms12", "twelve-hour"),
        ("", "cardinal", "", "holds no text"),
        ("1", "date", "ddd", "format is 'ddd'"),
    ],
)
def test_what_is_no_such_thing_is_refused(text: str, kind: str, form: str, message: str) -> None:
    with pytest.raises(TtsError, match=message):
        say_as(text, kind, form, "en")


def test_x_sampa_is_ipa() -> None:
    assert to_ipa('h@"l@U') == "həˈləʊ"  # Wells's own examples follow
    assert to_ipa('"tSIk@n') == "ˈtʃɪkən"
    assert to_ipa("f3:.D@") == "fɜːðə"
