from pathlib import Path

import pytest

from tts.corpora.types import Utterance
from tts.text.engine import make_engine
from tts.text.transcripts import sentences_for


def utterances(texts):
    return [Utterance(f"u{i}", text, Path("x.wav"), "s", "en-us") for i, text in enumerate(texts)]


class Counting:
    """An engine that counts what it is asked."""

    def __init__(self, engine):
        self.engine, self.asked = engine, []

    def ask(self, text):
        self.asked.append(text)
        return self.engine.ask(text)

    def __getattr__(self, name):
        return getattr(self.engine, name)


@pytest.fixture
def engine():
    return Counting(make_engine("phones", "en-us"))


def test_failures_are_told_and_the_others_go_on(engine, tmp_path):
    sentences, failed = sentences_for(utterances(["h ə", "h Q", "l oʊ", "h ə"]), engine, tmp_path)
    assert list(sentences) == ["u0", "u2", "u3"] and sentences["u0"].phones == ("sil", "h", "ə", "sil")
    assert [key for key, _ in failed] == ["u1"] and "'Q'" in failed[0][1]
    assert engine.asked == ["h ə", "h Q", "l oʊ"]


def test_what_was_answered_is_not_asked_again(engine, tmp_path):
    texts = utterances(["h ə", "l oʊ", "n ə"])
    first, _ = sentences_for(texts[:2], engine, tmp_path)
    store = next(tmp_path.glob("sentences-*.jsonl"))
    with store.open("ab") as stream:
        stream.write(b'{"given": "n \xc9')  # cut short by an interruption
    second, failed = sentences_for(texts, engine, tmp_path)
    assert engine.asked == ["h ə", "l oʊ", "n ə"] and not failed
    assert {key: second[key] for key in first} == first
    third, _ = sentences_for(texts, engine, tmp_path)
    assert third == second and len(engine.asked) == 3


def test_another_engine_has_its_own_store(engine, tmp_path):
    sentences_for(utterances(["h ə"]), engine, tmp_path)
    sentences_for(utterances(["h ə"]), Counting(make_engine("phones", "nl")), tmp_path)
    assert len(list(tmp_path.glob("*.jsonl"))) == 2


def test_guessed_words_survive_the_cache(tmp_path):
    texts = utterances(["The roadmate ran.", "The dog."])
    for _ in range(2):
        engine = make_engine("gruut", "en-us")
        sentences_for(texts, engine, tmp_path)
        assert engine.guessed == ("roadmate",)
