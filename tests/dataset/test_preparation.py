"""Preparing twenty seconds of speech, again and again, while somebody reads."""

import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import pyworld
from command import tts

from tts.alignment.types import Aligned, Alignment
from tts.analysis.extract import MAIN, AnalysisJob, Extra, Features, _places
from tts.analysis.world import AnalysisSettings
from tts.core.errors import TtsError, UsageError
from tts.core.files import file_digest, fingerprint
from tts.corpora.problems import read_problems
from tts.dataset import prepare as prepare_module
from tts.dataset import prepared as prepared_module
from tts.dataset.facts import FACTS, read_facts
from tts.dataset.layout import MFCC, ReadyUtterance, make_layout
from tts.dataset.prepare import prepare_corpus
from tts.dataset.prepared import SPLITS, Prepared, read_sentences
from tts.generation.voice import load_voice
from tts.recipe import load_recipe
from tts.tasks import prominence
from tts.tasks.gammatone import FAMILY as GAMMATONE

FIXTURES = Path(__file__).parents[1] / "fixtures"
OLD, SPEECH, RECIPE = FIXTURES / "format-2" / "prepared", FIXTURES / "speech", FIXTURES / "format-2" / "recipe.yaml"
LOUDER = "tasks={gammatone: {bands: 6}, phone_class: {}, position: {}}"


def prepare(out: Path, *changes: str) -> Prepared:
    return prepare_corpus(load_recipe(RECIPE, list(changes)), RECIPE.parent, SPEECH, out, workers=0)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return prepare(tmp_path_factory.mktemp("made") / "prepared").folder


@pytest.fixture
def copy(made: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(made, tmp_path / "prepared"))


@pytest.fixture
def old(tmp_path: Path) -> Path:
    """Return a folder of version 0.1.0 whose recordings lie where this checkout has them."""
    folder = Path(shutil.copytree(OLD, tmp_path / "old"))
    path = folder / FACTS
    path.write_text(path.read_text(encoding="utf-8").replace("/corpora/speech", str(SPEECH)), encoding="utf-8")
    return folder


def folders(prepared: Path) -> set[str]:
    return {path.name for path in prepared.iterdir() if path.name.lstrip(".").startswith("packed")}


@pytest.mark.slow
def test_the_same_again_changes_nothing(copy: Path) -> None:
    before = {path: path.stat().st_mtime_ns for path in copy.rglob("*.npy")}
    first = read_facts(copy)
    again = prepare(copy)
    assert {path: path.stat().st_mtime_ns for path in copy.rglob("*.npy")} == before
    assert again.facts == first.model_copy(update={"made_with": again.facts.made_with})


@pytest.mark.slow
def test_a_reader_keeps_what_it_opened(copy: Path) -> None:
    reader = Prepared(copy)
    values = {split: reader.packed(split).streams["gammatone"].copy() for split in SPLITS}
    after = prepare(copy, LOUDER)
    assert after.fingerprint != reader.fingerprint
    assert folders(copy) == {reader.facts.arrays, after.facts.arrays}
    for split in SPLITS:  # opened again, not cached
        np.testing.assert_array_equal(reader.packed(split).streams["gammatone"], values[split])
        assert after.packed(split).streams["gammatone"].shape[1] == 6
    assert list(reader.sentences) == list(after.sentences)
    assert reader.statistics["gammatone"].mean.shape == (8,)
    del reader
    assert folders(prepare(copy, LOUDER).folder) == {after.facts.arrays}  # the next preparation tidies up


@pytest.mark.slow
def test_an_interrupted_preparation_leaves_the_old_one_whole(copy: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = Prepared(copy)

    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(prepare_module, "write_sentences", interrupted)
        with pytest.raises(KeyboardInterrupt):
            prepare(copy, LOUDER)
    assert Prepared(copy).facts == before.facts
    assert Prepared(copy).packed("test").ids == before.packed("test").ids
    after = prepare(copy, LOUDER)
    assert folders(copy) == {before.facts.arrays, after.facts.arrays}


@pytest.mark.slow
def test_a_reader_that_comes_while_all_is_replaced_gets_the_new(copy: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stale = read_facts(copy)
    after = prepare(copy, LOUDER)
    answers = iter([stale])
    monkeypatch.setattr(prepared_module, "read_facts", lambda folder: next(answers, None) or read_facts(folder))
    assert folders(copy) == {after.facts.arrays}
    assert Prepared(copy).fingerprint == after.fingerprint


@pytest.mark.slow
def test_damaged_arrays_are_made_again(copy: Path) -> None:
    first = read_facts(copy)
    (copy / first.arrays / "test" / "mcep.npy").write_bytes(b"rubbish")
    with pytest.raises(TtsError, match="run tts prepare again"):
        Prepared(copy).packed("test")
    assert prepare(copy).packed("test").streams["mcep"].shape[1] == 13
    shutil.rmtree(copy / first.arrays)
    with pytest.raises(TtsError, match="this folder is missing; run tts prepare again"):
        Prepared(copy)


@pytest.mark.slow
def test_a_folder_of_version_0_1_0_is_replaced_when_nobody_reads_it(old: Path) -> None:
    reader = Prepared(old)
    after = prepare(old)
    assert folders(old) == {"packed", after.facts.arrays}
    assert reader.packed("test").ids == after.packed("test").ids
    assert list(reader.sentences)
    del reader
    prepare(old)
    assert folders(old) == {after.facts.arrays}
    assert not (old / "sentences.jsonl").exists()
    assert list(Prepared(old).sentences) == list(after.sentences)


@pytest.mark.slow
def test_voices_are_trained_and_scored_on_a_folder_of_version_0_1_0(old: Path, tmp_path: Path) -> None:
    tts("train", RECIPE, "-s", "stacked", "--prepared", old, "--out", tmp_path / "voice")
    printed = tts("evaluate", tmp_path / "voice", "--prepared", old, "--out", tmp_path / "scores", "--pictures", "0")
    assert "| fixture stacked |" in printed
    assert len(list((tmp_path / "scores").rglob("*.wav"))) >= 6
    ours, theirs = load_voice(tmp_path / "voice", "cpu"), load_voice(FIXTURES / "format-2" / "stacked", "cpu")
    for key in ("grid", "states", "text", "inventory", "features", "streams", "silence", "constant_features", "prepared"):
        assert getattr(ours.config, key) == getattr(theirs.config, key), key
    assert "| fixture single |" in tts(
        "evaluate", FIXTURES / "format-2" / "single", "--prepared", old, "--out", tmp_path / "other", "--pictures", "0"
    )


@pytest.mark.slow
def test_identities_are_those_of_version_0_1_0(monkeypatch: pytest.MonkeyPatch) -> None:
    """The same recordings, times and settings have the identities that finished voices were given."""
    monkeypatch.setattr(pyworld, "__version__", "0.3.6.post1")
    facts, recipe = read_facts(OLD), load_recipe(RECIPE)
    sentences = dict(read_sentences(OLD / "sentences.jsonl"))
    durations = json.loads((OLD / "alignments" / "alignment.json").read_text(encoding="utf-8"))["durations"]
    splits = json.loads((OLD / "splits.json").read_text(encoding="utf-8"))
    gammatone = Extra("gammatone", GAMMATONE.extract, {**GAMMATONE.options, "bands": 8})
    mfcc = fingerprint([1, 16000, 5.0, "only"], ["tts.alignment.mfcc.mfcc", {}, 1])  # as that version called it
    settings = AnalysisSettings(recipe.frames.mcep_order, recipe.analysis.f0_tracker)

    def ready(key: str) -> ReadyUtterance:
        audio = SPEECH / "wavs" / f"{key}.flac"
        job = AnalysisJob(key, audio, recipe.frames.grid, facts.f0_range, settings, (gammatone,))
        paths = _places(job, file_digest(audio)[:16], Path("cache"))
        paths[MFCC] = Path("cache") / f"mfcc-{mfcc}" / paths[MAIN].name
        alignment = Alignment(sentences[key].phones, np.array(durations[key]))
        return ReadyUtterance.of(key, Aligned(sentences[key], alignment), Features(key, alignment.frames, paths))

    items = {split: [ready(key) for key in splits[split]] for split in SPLITS}
    assert make_layout(recipe, items).identities(items) == facts.identities


def test_targets_from_the_text_are_remade_when_their_version_is_raised(monkeypatch: pytest.MonkeyPatch) -> None:
    recipe = load_recipe(RECIPE)
    recipe = recipe.model_copy(update={"tasks": {"prominence": {}, "phone_class": {}}})
    splits: dict[str, list[ReadyUtterance]] = {split: [] for split in SPLITS}
    made = make_layout(recipe, splits).identities(splits)
    monkeypatch.setattr(prominence, "FAMILY", replace(prominence.FAMILY, version=prominence.FAMILY.version + 1))
    again = make_layout(recipe, splits).identities(splits)
    assert {name for name in made if made[name] != again[name]} == {"prominence"}


def misread_corpus(root: Path) -> str:
    """Make a corpus in which one recording has a text far too short for it; return its id."""
    shutil.copytree(SPEECH, root)
    lines = (root / "metadata.csv").read_text(encoding="utf-8").splitlines()
    misread = lines[5].partition("|")[0]
    lines[5] = f"{misread}|No."
    (root / "metadata.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return misread


@pytest.mark.slow
def test_what_cannot_be_aligned_is_left_out_where_the_recipe_wants_it(tmp_path: Path) -> None:
    misread = misread_corpus(tmp_path / "corpus")
    ids: dict[bool, set[str]] = {}
    for leave_out in (False, True):
        changes = ["alignment.train_on=all", f"alignment.leave_out={str(leave_out).lower()}"]
        recipe = load_recipe(RECIPE, changes)
        prepared = prepare_corpus(recipe, RECIPE.parent, tmp_path / "corpus", tmp_path / str(leave_out), workers=0)
        ids[leave_out] = {key for split in SPLITS for key in prepared.packed(split).ids}
    assert ids[False] - ids[True] == {misread}
    problems = read_problems(tmp_path / "True" / "problems.json")
    assert [(p.id, p.reason_code) for p in problems if p.severity == "left_out"] == [(misread, "alignment")]


@pytest.mark.slow
def test_the_report_is_there_when_nothing_is_left(tmp_path: Path) -> None:
    root = tmp_path / "corpus"
    shutil.copytree(SPEECH, root)
    labels = tmp_path / "labels"
    labels.mkdir()
    change = f"alignment.labels={labels}"
    with pytest.raises(TtsError, match=r"no utterance of the train split is left; see .*report\.md"):
        prepare_corpus(load_recipe(RECIPE, [change]), RECIPE.parent, root, tmp_path / "out", workers=0)
    assert "| left out | alignment | 16 |" in (tmp_path / "out" / "report.md").read_text(encoding="utf-8")
    assert len(read_problems(tmp_path / "out" / "problems.json")) == 16
    with pytest.raises(UsageError, match="not a prepared corpus"):
        Prepared(tmp_path / "out")


@pytest.mark.slow
def test_recordings_outside_the_corpus_are_not_opened(copy: Path) -> None:
    prepared = Prepared(copy)
    key = prepared.packed("test").ids[0]
    assert prepared.audio_path(key) == SPEECH / "wavs" / f"{key}.flac"
    for path in ("/etc/passwd", str(SPEECH / "wavs" / ".." / ".." / "x.wav"), "x.wav"):
        facts = prepared.facts.model_copy(update={"audio": {key: path}})
        with pytest.raises(TtsError, match="outside the corpus"):
            Prepared(copy, facts).audio_path(key)
    with pytest.raises(TtsError, match="names no recording of other"):
        prepared.audio_path("other")
