"""A corpus is prepared to the same numbers whatever its layout, and what is exported of it is read back."""

from dataclasses import replace
from pathlib import Path

import pytest
from command import tts
from corpus_layouts import WRITTEN, Source
from speech import SPEECH, TEXTS

from tts.corpora.layouts import open_layout
from tts.corpora.types import CorpusSource
from tts.dataset.prepared import Prepared

SOURCE = Source({key: SPEECH / "wavs" / f"{key}.flac" for key in TEXTS}, TEXTS)
LAYOUTS = ("ljspeech", "Kaldi", "text beside")
KNOWN = CorpusSource(name="x", speaker="anna", language="en-us", licence="x")


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Prepared]:
    """The same recordings, laid out in different ways, each made a recipe by ``tts new`` and prepared."""
    folder = tmp_path_factory.mktemp("alike")
    made = {}
    for layout in LAYOUTS:
        place = folder / layout.split()[0]
        WRITTEN[layout].write(SOURCE, place / "corpus")
        known = ("--licence", "CC0-1.0", "--consent", "I am she", "--name", "anna", "--speaker", "anna", "--yes")
        tts("new", place / "corpus", *known, "--out", place / "anna.yaml")
        tts("prepare", place / "anna.yaml", "--out", place / "prepared", "--workers", "0")
        made[layout] = Prepared(place / "prepared")
    return made


@pytest.mark.slow
def test_the_numbers_are_the_same(prepared: dict[str, Prepared]) -> None:
    first = prepared[LAYOUTS[0]]
    for layout in LAYOUTS[1:]:
        assert prepared[layout].fingerprint == first.fingerprint
        assert prepared[layout].facts.texts == first.facts.texts
        assert prepared[layout].facts.corpus.consent == "I am she"


@pytest.mark.slow
def test_what_is_exported_is_read_back(prepared: dict[str, Prepared], tmp_path: Path) -> None:
    corpus = prepared["Kaldi"]
    tts("export", "lhotse", corpus.folder, "--out", tmp_path / "lhotse", "--paths", "copy")
    tts("export", "kaldi", corpus.folder, "--out", tmp_path / "kaldi", "--paths", "relative")
    assert "nothing is written over" in tts("export", "kaldi", corpus.folder, "--out", tmp_path / "kaldi", code=2)
    read, problems = open_layout("lhotse")(tmp_path / "lhotse", KNOWN)
    assert not problems
    assert {u.id: u.text for u in read} == corpus.facts.texts
    audio = replace(KNOWN, audio=corpus.facts.corpus.root)
    train, problems = open_layout("kaldi")(tmp_path / "kaldi" / "train", audio)
    assert not problems
    assert len(train) == corpus.facts.splits["train"].utterances
    assert all(u.audio == corpus.audio_path(u.id) for u in train)
