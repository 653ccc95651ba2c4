"""``tts new``: a folder that nobody has described becomes a recipe that reads it."""

from pathlib import Path

import numpy as np
import pytest
import soundfile
from command import tts
from corpus_layouts import WRITTEN, Source
from speech import SPEECH, TEXTS

from tts.cli.interview import Question, ask
from tts.core.errors import TtsError, UsageError
from tts.corpora.layouts import open_layout
from tts.corpora.types import CorpusSource
from tts.recipe import corpus_root, load_recipe

SOURCE = Source({key: SPEECH / "wavs" / f"{key}.flac" for key in TEXTS}, TEXTS)
KNOWN = ("--licence", "CC0-1.0", "--consent", "I am the speaker", "--yes")


@pytest.fixture
def recordings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with recordings and a text file for each, in the current folder."""
    monkeypatch.chdir(tmp_path)
    WRITTEN["text beside"].write(SOURCE, tmp_path / "my voice")
    return tmp_path / "my voice"


@pytest.mark.parametrize("layout", WRITTEN)
def test_every_layout_becomes_a_recipe_that_reads_it(layout: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    WRITTEN[layout].write(SOURCE, tmp_path / "corpus")
    said = tts("new", "corpus", *KNOWN)
    assert "16 of 16 texts have a recording" in said
    assert "I had faith in them." in said
    assert "language: en, by 2 of 2" in said
    assert "next: tts prepare corpus.yaml\n      tts train corpus.yaml" in said
    recipe = load_recipe(tmp_path / "corpus.yaml")
    part = recipe.corpus
    assert (part.format, part.language, part.licence) == (WRITTEN[layout].format, "en-us", "CC0-1.0")
    assert (part.consent, recipe.frames.sample_rate) == ("I am the speaker", 16_000)
    written = (tmp_path / "corpus.yaml").read_text(encoding="utf-8")
    assert sum(not line.startswith("#") for line in written.splitlines()) <= 11
    source = CorpusSource(
        name="x", speaker=part.speaker, language="en-us", licence="x", audio=part.audio, file=part.file, columns=part.columns
    )
    corpus, problems = open_layout(part.format)(corpus_root(recipe, tmp_path / "corpus.yaml", None), source)
    assert not problems
    assert {utterance.id: utterance.text for utterance in corpus} == TEXTS


def test_what_nobody_can_know_is_asked_for_by_flag(recordings: Path) -> None:
    assert "--licence and --consent: needed where nobody can be asked" in tts("new", recordings, code=2)
    assert "--language: needed where nobody can be asked; --yes" in tts(
        "new", recordings, "--licence", "CC0-1.0", "--consent", "yes", code=2
    )
    assert "without the speaker's agreement" in tts("new", recordings, "--licence", "CC0-1.0", "--consent", "no", code=2)
    assert "no engine pronounces 'qqq'" in tts("new", recordings, *KNOWN, "--language", "qqq", code=2)
    assert not [*recordings.parent.glob("*.yaml")]


def test_nothing_is_written_over(recordings: Path) -> None:
    (recordings.parent / "my_voice.yaml").write_text("mine", encoding="utf-8")
    assert "my_voice.yaml: is there already and is not written over" in tts("new", recordings, *KNOWN, code=2)
    assert (recordings.parent / "my_voice.yaml").read_text(encoding="utf-8") == "mine"
    tts("new", recordings, *KNOWN, "--name", "anna", "--out", "deep/anna.yaml", "--rate", "22050", "--source", "a: b # c")
    recipe = load_recipe(recordings.parent / "deep" / "anna.yaml")
    assert (recipe.name, recipe.corpus.root, recipe.corpus.source) == ("anna", "../my voice", "a: b # c")
    assert recipe.frames.sample_rate == 22_050


def test_cleaning_is_suggested_and_set_only_when_asked(recordings: Path) -> None:
    for path in recordings.glob("*.flac"):
        samples, rate = soundfile.read(str(path))
        times = np.arange(len(samples) + rate) / rate
        hum = sum(0.001 * np.sin(2 * np.pi * 50 * n * times) for n in (1, 2, 3))
        path.unlink()
        soundfile.write(str(path), np.pad(samples, rate // 2) + hum, rate)
    said = tts("new", recordings, *KNOWN)
    assert "hum            of 50 Hz mains" in said
    written = (recordings.parent / "my_voice.yaml").read_text(encoding="utf-8")
    assert "#   high_pass_hz: 60 # hum of 50 Hz mains" in written
    assert "#   trim_ms: 200" in written


def test_what_fits_nothing_is_said(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    assert "holds no recordings" in tts("new", tmp_path / "empty", *KNOWN, code=1)
    WRITTEN["text beside"].write(SOURCE, tmp_path / "bare")
    for path in (tmp_path / "bare").glob("*.txt"):
        path.unlink()
    assert "holds 16 recordings, and no texts that go with them; write a text file for each" in tts(
        "new", tmp_path / "bare", *KNOWN, code=1
    )
    assert "no such corpus folder" in tts("new", tmp_path / "nowhere", *KNOWN, code=2)


def test_several_speakers_are_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for speaker in ("anna", "ben"):
        WRITTEN["aligner's corpus"].write(Source(SOURCE.audio, SOURCE.texts, speaker), tmp_path / "two")
    assert "in 2 folders: anna, ben" in tts("new", "two", *KNOWN)
    assert load_recipe(tmp_path / "two.yaml").corpus.names == ("anna", "ben")
    tts("new", "two", *KNOWN, "--speaker", "ben", "--out", "ben.yaml")
    assert load_recipe(tmp_path / "ben.yaml").corpus.names == ("ben",)


def scripted(*answers: str):
    left = iter(answers)

    def read(_: str) -> str:
        try:
            return next(left)
        except StopIteration:
            raise EOFError from None

    return read


def refuse(text: str) -> None:
    if text == "bad":
        raise UsageError("not that one")


QUESTIONS = [Question("a", "first", "one"), Question("b", "second", skipped="none"), Question("c", "third", check=refuse)]


def test_questions_are_answered_skipped_and_gone_back_to() -> None:
    assert ask(QUESTIONS, scripted("", "two", "three")) == {"a": "one", "b": "two", "c": "three"}
    assert ask(QUESTIONS, scripted("uno", "s", "b", "due", "", "bad", "s", "tre")) == {"a": "uno", "b": "due", "c": "tre"}
    assert ask(QUESTIONS, scripted("uno", "b", "", "s", "three"))["a"] == "uno"  # what was answered is kept
    with pytest.raises(TtsError, match="nothing was written"):
        ask(QUESTIONS, scripted("uno", "q"))
    with pytest.raises(TtsError, match="nothing was written"):
        ask(QUESTIONS, scripted("uno"))
