"""``tts new``: a folder that nobody has described becomes a recipe that reads it."""

from pathlib import Path

import numpy as np
import pytest
import soundfile
import yaml
from command import tts
from corpus_layouts import WRITTEN, Source
from speech import SPEECH, TEXTS

from tts.cli.interview import Question, ask, confirmed
from tts.core.errors import TtsError, UsageError
from tts.corpora.draft.language import LanguageGuess, doubted
from tts.corpora.draft.licence import stated_licence
from tts.corpora.draft.recognise import recognise
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


def test_what_a_language_needs_is_the_first_of_the_next_commands(recordings: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tts.text.languages._missing", lambda packages, command: f"pip install {command}")
    said = tts("new", recordings, *KNOWN, "--language", "sv-se", "--engine", "gruut")
    assert (
        "next: pip install gruut_lang_sv\n      tts prepare my_voice.yaml\n      tts train my_voice.yaml --system single"
        in said
    )


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
    assert "there is no such folder; name the one" in tts("new", tmp_path / "nowhere", *KNOWN, code=2)


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


@pytest.mark.parametrize(
    ("text", "licence"),
    [
        ("cc0-1.0", "CC0-1.0"),
        ("CC-BY-4.0 AND MIT", "CC-BY-4.0 AND MIT"),
        ("LicenseRef-Studio", "LicenseRef-Studio"),
        ("own:  for my  family", "own: for my family"),
        ("Not stated", "not stated"),
    ],
)
def test_licences_are_spdx_or_said_to_be_own(text: str, licence: str) -> None:
    assert stated_licence(text) == licence


@pytest.mark.parametrize(
    ("text", "advice"),
    [
        ("xx", "none that SPDX knows; expected"),
        ("CC BY", "did you mean CC-BY-4.0"),
        ("cc0", "mean CC0-1.0"),
        ("own:", "no words"),
    ],
)
def test_other_licences_are_refused(text: str, advice: str) -> None:
    with pytest.raises(UsageError, match=advice):
        stated_licence(text)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--rate", "96000"), "--rate 96000: expected 16000 to 48000 Hz"),
        (("--name", "a/b"), "--name a/b: expected a name of letters"),
        (("--licence", "xx"), "none that SPDX knows"),
        (("--language", "qqq"), "read with --engine letters"),
        (("--engine", "magic"), "--engine magic: expected one of gruut"),
        (("--engine", "letters"), "name the language too"),
        (("--engine", "lexicon", "--language", "gsw"), "--lexicon FILE belong together"),
        (("--audio", "elsewhere"), "--audio elsewhere: there is no such folder, neither in"),
        (("--file", "no.csv"), "--file no.csv: there is no such file in"),
        (("--language", "nl"), "the texts are in en by 2 of 2"),
    ],
)
def test_what_cannot_be_is_refused_before_anything_is_measured(
    recordings: Path, monkeypatch: pytest.MonkeyPatch, options: tuple[str, ...], message: str
) -> None:
    monkeypatch.setattr("tts.corpora.draft.survey.survey", lambda *_: pytest.fail("measured"))
    monkeypatch.setattr("tts.corpora.draft.language.TOGETHER", 5)
    expected = message.replace("2 of 2", "4 of 4")
    said = tts("new", recordings, *KNOWN, *options, code=2)
    assert expected in said and "corpus." not in said
    assert not [*recordings.parent.glob("*.yaml")]


def test_any_language_is_read_by_letters_when_it_is_said(recordings: Path) -> None:
    assert "gsw, read by letters" in tts("new", recordings, *KNOWN, "--language", "gsw", "--engine", "letters")
    assert load_recipe(recordings.parent / "my_voice.yaml").text.engine == "letters"


def test_a_language_is_doubted_only_where_the_texts_are_surely_in_another() -> None:
    assert doubted("piqd", LanguageGuess("nl", 4, 4))
    assert not doubted("nl", LanguageGuess("nl", 4, 4)) and not doubted("en-gb", LanguageGuess("en", 9, 9))
    assert not doubted("af", LanguageGuess("nl", 4, 4)) and not doubted("fr", LanguageGuess("nl", 2, 2))
    assert not doubted("fr", LanguageGuess("nl", 5, 8)) and not doubted("fr", None)


def test_a_list_comes_before_texts_beside_recordings_and_format_decides(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Kaldi's files name recordings in a folder that has a text file for each, and more of both."""
    monkeypatch.chdir(tmp_path)
    WRITTEN["text beside"].write(SOURCE, tmp_path / "audio")
    (tmp_path / "lists").mkdir()
    ids = sorted(TEXTS)[:9]
    for name, of in {"wav.scp": lambda id: f"{tmp_path}/audio/{id}.flac", "text": TEXTS.get, "utt2spk": lambda _: "k"}.items():
        (tmp_path / "lists" / name).write_text("".join(f"{id} {of(id)}\n" for id in ids), encoding="utf-8")
    said = tts("new", "lists", "--audio", "audio", *KNOWN)
    assert "also fits: a text file (.txt) for each recording (16 of 16 texts have a recording): --format text-files" in said
    assert "a list that names recordings, 100% of which are there, comes before texts" in said
    assert load_recipe(tmp_path / "lists.yaml").corpus.format == "kaldi"
    said = tts("new", "lists", "--audio", "audio", *KNOWN, "--format", "text-files", "--name", "b")
    assert "the first is taken: as --format says" in said
    recipe = yaml.safe_load((tmp_path / "b.yaml").read_text(encoding="utf-8"))
    assert (recipe["corpus"]["format"], recipe["corpus"]["audio"]) == ("text-files", "../audio")
    assert "--format festival" in tts("new", "lists", "--audio", "audio", *KNOWN, "--format", "festival", "--name", "c", code=2)


def test_a_folder_of_recordings_in_both_places_is_ambiguous(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    WRITTEN["ljspeech"].write(SOURCE, tmp_path / "corpus")
    assert recognise(tmp_path / "corpus", "wavs").audio == "wavs"
    assert recognise(Path("corpus"), "corpus/wavs").audio == "wavs"
    (tmp_path / "wavs").mkdir()
    with pytest.raises(UsageError, match="name the one that is meant by its whole path"):
        recognise(Path("corpus"), "wavs")
    assert recognise(Path("corpus"), str(tmp_path / "corpus" / "wavs")).audio == "wavs"


def test_counts_say_what_is_missing(recordings: Path) -> None:
    first, second, third = sorted(recordings.glob("*.txt"))[:3]
    first.unlink()
    second.write_text(" ", encoding="utf-8")
    third.with_suffix(".flac").unlink()
    seen = recognise(recordings).taken
    assert seen.counted == (
        f"13 of 15 texts have a recording; 1 text files have none ({third.name}); 1 texts are empty; 1 recordings have no text"
    )
    assert "# Drafted by tts new: 13 recordings" in tts("new", recordings, *KNOWN)


def test_a_draft_counts_the_speakers_that_were_chosen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    few = Source({key: SOURCE.audio[key] for key in list(TEXTS)[:5]}, {key: TEXTS[key] for key in list(TEXTS)[:5]}, "ben")
    WRITTEN["aligner's corpus"].write(SOURCE, tmp_path / "two")
    WRITTEN["aligner's corpus"].write(few, tmp_path / "two")
    said = tts("new", "two", *KNOWN, "--speaker", "ben")
    seconds = sum(soundfile.info(str(path)).duration for path in few.audio.values())
    assert f"# Drafted by tts new: 5 recordings, {seconds / 60:.1f} minutes." in said


def test_words_for_going_back_and_help_are_no_answers(capsys: pytest.CaptureFixture[str]) -> None:
    assert ask(QUESTIONS, scripted("uno", "BACK", "?", "", "skip", "help", "tre")) == {"a": "uno", "b": "none", "c": "tre"}
    assert capsys.readouterr().out.count("b goes back") == 3
    with pytest.raises(TtsError, match="nothing was written"):
        ask(QUESTIONS, scripted("quit"))
    assert ask(QUESTIONS, scripted("", "", ""), {"a": "1", "b": "2", "c": "3"}) == {"a": "1", "b": "2", "c": "3"}


def test_what_will_be_written_is_confirmed() -> None:
    assert confirmed("write?", scripted("")) and confirmed("write?", scripted("what", "y"))
    assert not confirmed("write?", scripted("back"))
    for answer in ("n", "q"):
        with pytest.raises(TtsError, match="nothing was written"):
            confirmed("write?", scripted(answer))
