"""Texts that are all one sign take no longer a character than others: nothing in the front end grows with the square."""

import time

import pytest

from tts.core.errors import TtsError
from tts.text.engine import make_engine
from tts.text.lexicon import INLINE, find_words, parse_phones
from tts.text.normalise import clean, normalise
from tts.text.split import split_text

UNITS = [
    "1,",
    "1.",
    "1",
    "$1,",
    "1 €",
    ".",
    " .",
    "'",
    "a.",
    "- ",
    "-",
    "a1",
    "a/",
    "<",
    "A&",
    "Mr. ",
    "1990's ",
    "01",
    "[[",
    "(",
    "1/2/",
]


def seconds(function, *arguments):
    started = time.process_time()
    function(*arguments)
    return time.process_time() - started


@pytest.mark.slow
@pytest.mark.parametrize("unit", UNITS)
def test_normalising(unit):
    assert seconds(normalise, unit * 8_000 + "x", "en-us") < 1.5  # "1," took 10 s when it was quadratic


@pytest.mark.parametrize("unit", ["[[", "[[a", "[", "[[a]] "])
def test_finding_inline_phones(unit):
    assert seconds(lambda text: INLINE.sub("", text), unit * 16_000) < 1.0  # "[[" took 20 s


@pytest.mark.slow
@pytest.mark.parametrize("unit", ["word ", "a", ". ", '"', "\n ", "[[", "a, ", "a | "])
def test_cutting_half_a_megabyte(unit):
    text = unit * (500_000 // len(unit))
    assert seconds(split_text, text) < 2.5
    assert seconds(lambda: split_text(text, phones=True)) < 2.5


def test_the_rest(tmp_path):
    assert seconds(clean, "a \u200b" * 50_000) < 1.0
    assert seconds(find_words, "a-" * 50_000, {"z"}) < 1.0


def test_words_that_nobody_can_say_are_refused_at_once():
    english = make_engine("gruut", "en-us", unreadable="fail")
    for text, message in (
        ("It is " + "ab" * 10_000 + " here.", "is a word of 20000 letters; divide it"),
        ("1," * 8_000, "is a word of"),
        (f"Say [[{'a ' * 200}]].", "a word of 200 phones"),
    ):
        started = time.process_time()
        with pytest.raises(TtsError, match=message):
            english.sentence(text)
        assert time.process_time() - started < 2.0
    assert english.sentence("Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbauunterbeamtengesellschaft.").words
    with pytest.raises(TtsError, match="a word of 200 phones"):
        parse_phones("a " * 200)


@pytest.mark.parametrize("unit", ["1/2/", "a/", "a.b-", "-", "x1,"])
@pytest.mark.parametrize("policy", ["spell", "fail"])
def test_tokens_that_nobody_can_say_are_left_out_at_once(unit, policy):
    english = make_engine("cmudict", "en-us")
    english.sentence("warm")
    text = "It is " + unit * (20_000 // len(unit)) + " here."  # 20,000 characters of "1/2/" took 6.5 s
    started = time.process_time()
    if policy == "fail":
        with pytest.raises(TtsError, match="characters without a space"):
            english.answer(text, unreadable="fail")
    else:
        answer = english.answer(text)
        assert [word.text for word in answer.sentence.words] == ["It", "is", "here"]
        assert [unread.token for unread in answer.unread] == [text.split()[2][:20] + "..."]
    assert time.process_time() - started < 1.0


def test_a_sign_without_a_reading_is_asked_for_once(monkeypatch):
    english = make_engine("gruut", "en-us")
    asked = []
    monkeypatch.setattr(english, "_can_read", lambda text, ask=english._can_read: asked.append(text) or ask(text))
    answer = english.answer("It is " + "1/2/" * 240 + " here.")  # a thousand questions took a second and more
    assert len(asked) == len(set(asked)) < 10
    assert len(answer.unread) > 400
