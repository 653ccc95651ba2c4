"""Where in the text the words of a sentence stood: in order, inside the text, and nothing that was spoken without a place."""

import json
from collections.abc import Iterator
from itertools import islice, pairwise
from pathlib import Path

import pytest

from tts.core.errors import TtsError
from tts.text.engine import make_engine
from tts.text.split import split_spans, split_text

FOLDER = Path(__file__).parent / "cases"
LANGUAGES = {"german": "de-de", "dutch": "nl", "french": "fr-fr", "italian": "it-it", "spanish": "es-es", "homographs": "en-us"}


def texts() -> Iterator[tuple[str, str]]:
    for path in sorted(FOLDER.glob("*.jsonl")):
        yield from (("en-us", json.loads(line)["text"]) for line in path.read_text(encoding="utf-8").splitlines())
    for path in sorted(FOLDER.glob("*.txt")):
        lines = path.read_text(encoding="utf-8").splitlines()
        yield from ((LANGUAGES[path.stem.split("_")[0]], line.split(" | ")[0]) for line in lines if line)


def test_places_are_in_order_inside_the_text_and_cover_what_was_spoken() -> None:
    engines = {language: make_engine("letters", language) for language in LANGUAGES.values()}
    engines["en-us"] = make_engine("cmudict", "en-us")
    for language, text in islice(texts(), 0, None, 4):
        try:
            answer = engines[language].answer(text)
        except TtsError:
            continue
        places = [word.source for word in answer.sentence.words]
        assert all(place and 0 <= place[0] < place[1] <= len(text) for place in places), text
        assert places == sorted(places) and [place[1] for place in places] == sorted(place[1] for place in places), text
        covered = {number for place in places for number in range(*place)}
        # of what is letters and figures alone nothing is left out; tags, entities and marks of notes are
        if not any(c in "<&¹[" for c in text) and not answer.unread and "v2" not in text:
            assert all(number in covered for number, c in enumerate(text) if c.isalnum()), (text, answer.normalised)


@pytest.mark.parametrize(
    ("engine", "text", "pairs"),
    [
        ("gruut", "It costs $3.50, Dr. Smith.", "It=It costs=costs three=$3.50 dollars=$3.50 fifty=$3.50"
         " cents=$3.50 Doctor=Dr. Smith=Smith"),
        ("gruut", "A  well-known e\u0301te\u0301", "A=A well=well known=known été=e\u0301te\u0301"),
        ("cmudict", "<b>On</b> 5 May at 3pm", "On=On the=5 fifth=5 of=5 May=May at=at three=3pm P=3pm M=3pm"),
        ("cmudict", "Say [[h ə l ˈoʊ]] 😀 now.", "Say=Say həlˈoʊ=[[h_ə_l_ˈoʊ]] now=now"),
        ("phones", "h ə l ˈoʊ, w ˈɜː l d.", "həlˈoʊ=h_ə_l_ˈoʊ wˈɜːld=w_ˈɜː_l_d"),
        ("letters", "Привет  мир!", "Привет=Привет мир=мир"),
        ("espeak", "One, two three.", "One=One two=two three=three"),
    ],
)  # fmt: skip
def test_words_know_what_was_written(engine: str, text: str, pairs: str) -> None:
    words = make_engine(engine, "en-us").sentence(text).words
    said = [f"{word.text}={text[slice(*(word.source or (0, 0)))]}".replace(" ", "_") for word in words]
    assert said == pairs.split()


def test_japanese_phrases_know_what_was_written() -> None:
    pytest.importorskip("pyopenjtalk")
    text = "今日は、 いい天気です。"
    words = make_engine("openjtalk", "ja").sentence(text).words
    assert [text[slice(*(word.source or (0, 0)))] for word in words] == [word.text for word in words]


def test_a_respelling_stands_for_what_it_replaces() -> None:
    text = "The SQL file in GIF format"
    words = make_engine("cmudict", "en-us", {"SQL": "see quell", "gif": ("dʒ", "ˈɪ", "f")}).sentence(text).words
    assert [text[slice(*(word.source or (0, 0)))] for word in words] == ["The", "SQL", "SQL", "file", "in", "GIF", "format"]


@pytest.mark.parametrize("limit", [20, 300])
def test_sentences_stand_where_they_are_cut(limit: int) -> None:
    text = "  One two, three four five six. \n\n Seven?  Eight nine ten eleven twelve thirteen fourteen.  "
    spans = split_spans(text, limit)
    assert [text[start:end] for start, end in spans] == split_text(text, limit)
    assert spans == sorted(spans) and all(a[1] <= b[0] for a, b in pairwise(spans))
