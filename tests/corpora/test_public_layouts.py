"""Every public corpus that is listed is read in its true layout, through its recipe, and gives what was put into it."""

from __future__ import annotations

from pathlib import Path

import pytest
from command import tts
from public_layouts import LAYOUTS, Made

from tts.core.errors import TtsError, UsageError
from tts.corpora.layouts import open_layout
from tts.corpora.problems import Problem
from tts.corpora.public.catalogue import CATALOGUE
from tts.corpora.readers.lhotse_recipes import RECIPES
from tts.corpora.types import Utterance
from tts.dataset.reading import source_of
from tts.dataset.selecting import settle_speakers
from tts.recipe import Recipe, load_recipe
from tts.text.engine import make_engine

HERE = {"kathleen", "nathalie", "flemishguy"}  # of which the repository has longer recipes, and tests with recordings


def read(recipe: Recipe, root: Path) -> tuple[dict[str, list[Utterance]], list[Problem]]:
    """Read all speakers of a recipe as ``tts prepare`` does, but for the check of recordings."""
    reader = open_layout(recipe.corpus.format)
    recipe, _ = settle_speakers(recipe, root, reader)
    utterances, problems = {}, []
    for name in recipe.corpus.names:
        corpus, found = reader(root, source_of(recipe.name, recipe.corpus, name, len(recipe.corpus.names) > 1))
        utterances[name] = [*corpus]
        problems += found
    return utterances, problems


def whole(name: str, *changes: str) -> Recipe:
    """Return a corpus's recipe as it ships, but for how many speakers it takes of those there are."""
    recipe = load_recipe(Path("recipes") / name)
    every = ["corpus.select.speakers=all"] if recipe.corpus.select.speakers else []
    return load_recipe(Path("recipes") / name, [*every, *changes])


@pytest.mark.parametrize("name", LAYOUTS)
def test_a_corpus_in_its_true_layout(name: str, tmp_path: Path) -> None:
    if CATALOGUE[name].read_by == "lhotse":
        pytest.importorskip("lhotse")
    made = Made(tmp_path / name)
    LAYOUTS[name](made)
    utterances, problems = read(whole(name), made.root)
    got = {speaker: {u.id: (u.text, u.audio.resolve()) for u in own} for speaker, own in utterances.items()}
    assert got == {s: {id: (text, path.resolve()) for id, (text, path) in own.items()} for s, own in made.utterances.items()}
    assert {problem.id: problem.reason_code for problem in problems} == made.left_out
    assert all(utterance.start == 0.0 and utterance.end is None for own in utterances.values() for utterance in own)


def test_every_listed_corpus_has_a_recipe_that_says_what_the_catalogue_says() -> None:
    assert {*LAYOUTS} | HERE == {*CATALOGUE}
    for name, entry in CATALOGUE.items():
        corpus = load_recipe(Path("recipes") / entry.recipe).corpus
        assert corpus.format == entry.format, name
        assert corpus.licence == entry.licence.spdx, name
        assert (entry.read_by == "lhotse") == (entry.format in RECIPES), name
        if name not in HERE:
            lines = (Path("recipes") / entry.recipe / "recipe.yaml").read_text(encoding="utf-8").splitlines()
            assert len([line for line in lines if line.strip()]) <= 15, name


@pytest.mark.parametrize("name", CATALOGUE)
def test_the_front_end_of_every_recipe_is_there_or_says_how_to_install_it(name: str) -> None:
    recipe = load_recipe(Path("recipes") / CATALOGUE[name].recipe)
    try:
        make_engine(recipe.text.engine, recipe.corpus.language)
    except TtsError as error:
        assert "pip install" in str(error)


def test_a_corpus_that_was_not_fetched(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert "fetch the corpus with tts fetch jvs" in tts("prepare", "jvs", code=2)


@pytest.mark.parametrize(
    "name", ["cmu_arctic", "vctk", "jvs", "m_ailabs", "hui", "css10", "mls", "openslr_crowdsourced", "jsut"]
)
def test_an_empty_folder_is_told(name: str, tmp_path: Path) -> None:
    for root in (tmp_path, tmp_path / "nowhere"):
        with pytest.raises(UsageError, match=r"--corpus-root|name JSUT's folder"):
            read(whole(name), root)


def test_the_second_microphone_of_vctk(tmp_path: Path) -> None:
    made = Made(tmp_path)
    LAYOUTS["vctk"](made)
    utterances, problems = read(whole("vctk", "corpus.part=mic2"), tmp_path)
    assert [*utterances] == ["p225", "p362", "s5"]
    assert utterances["p225"][0].audio.name == "p225_001_mic2.flac"
    told = {problem.id: problem.message for problem in problems}
    assert "first microphone alone" in told["p280"] and "texts of p315 were lost" in told["p315"]
    with pytest.raises(UsageError, match="mic3 is not a microphone"):
        read(whole("vctk", "corpus.part=mic3"), tmp_path)


def test_the_older_archive_of_vctk(tmp_path: Path) -> None:
    made = Made(tmp_path)
    made.say("p225", "001", "Please call Stella.", "wav48/p225/p225_001.wav")
    made.write("txt/p225/p225_001.txt", "Please call Stella.\n")
    utterances, problems = read(whole("vctk"), tmp_path)
    assert [u.text for u in utterances["p225"]] == ["Please call Stella."] and not problems


def test_the_folder_of_one_arctic_speaker_may_be_the_root(tmp_path: Path) -> None:
    made = Made(tmp_path)
    LAYOUTS["cmu_arctic"](made)
    utterances, _ = read(load_recipe("recipes/cmu_arctic"), tmp_path / "cmu_us_slt_arctic")
    assert [*utterances] == ["slt"]


def test_jsut_by_its_kana_readings_and_without_them(tmp_path: Path) -> None:
    made = Made(tmp_path)
    LAYOUTS["jsut"](made)
    utterances, _ = read(whole("jsut", "corpus.text_column=raw"), tmp_path)
    assert utterances["jsut"][0].text == "水を買わねばならないのです。"
    utterances, problems = read(whole("jsut", "corpus.text_column=normalised"), tmp_path)
    assert [u.text for u in utterances["jsut"]] == ["みずをかわなくてわならないのです"]
    assert {p.id: p.reason_code for p in problems} == {"BASIC5000_0002": "empty_text"}


def test_a_speaker_who_is_not_there(tmp_path: Path) -> None:
    made = Made(tmp_path)
    LAYOUTS["vctk"](made)
    with pytest.raises(UsageError, match="no utterance is by the speaker p999; the corpus has p225, p280, p362, s5"):
        read(whole("vctk", "corpus.select.speakers=null", "corpus.speakers=[p225, p999]"), tmp_path)
    with pytest.raises(UsageError, match=r"is 9, but .* has 4 speakers"):
        read(load_recipe("recipes/vctk", ["corpus.select.speakers=9"]), tmp_path)


def test_lhotses_errors_are_told_with_the_corpus(tmp_path: Path) -> None:
    pytest.importorskip("lhotse")
    (tmp_path / "wavs").mkdir()
    with pytest.raises(TtsError, match=r"lhotse.recipes.prepare_aishell3\(.*\) stopped: AssertionError"):
        read(whole("aishell3"), tmp_path)


def test_a_corpus_is_looked_through_once_for_all_its_speakers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from tts.corpora import layouts
    from tts.corpora.readers import vctk

    made = Made(tmp_path)
    LAYOUTS["vctk"](made)
    calls = []
    counted = layouts.Layout(scanner=lambda *a: (calls.append(a), vctk.scan_vctk(*a))[1], tells_speakers=True)
    monkeypatch.setitem(layouts.LAYOUTS, "vctk", counted)
    utterances, _ = read(whole("vctk"), tmp_path)
    assert len(utterances) == 4 and len(calls) == 1


def test_recordings_that_the_authors_of_libritts_r_list_as_spoilt(tmp_path: Path) -> None:
    """The list lies where its archive was unpacked, a path a line from the corpus's folder on."""
    pytest.importorskip("lhotse")
    made = Made(tmp_path)
    LAYOUTS["libritts_r"](made)
    folder = "libritts_r_failed_speech_restoration_examples"
    line = "./train-clean-100/84/121123/84_121123_000008_000000.wav\n"
    made.write(f"{folder}/train-clean-100_bad_sample_list.txt", line)
    made.write(f"{folder}/README", "none\n")
    utterances, problems = read(whole("libritts_r"), tmp_path)
    assert [u.id for u in utterances["84"]] == ["121123_000007_000001"]
    assert {problem.id: problem.reason_code for problem in problems}["121123_000008_000000"] == "known_fault"
