"""A corpus in an object store becomes what the same corpus in a folder becomes, and its recordings stay reachable."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from command import tts
from object_store import breaking_store, fill
from speech import RECIPE

from tts.core.copies import cache_folder, release_copies
from tts.core.errors import TtsError
from tts.core.remote import Remote
from tts.dataset.prepare import prepare_corpus
from tts.dataset.prepared import Prepared
from tts.recipe import load_recipe

STREAMS = "stages: [{trunk: {layers: [16, 16], activation: tanh}, tasks: {mcep: 1, lf0: 1, vuv: 1, bap: 1}}]"
PLAIN = ["comparison={}", "tasks={}", f"systems={{single: {{{STREAMS}}}}}", "alignment.train_on=all"]
SPEECH = RECIPE.parents[1] / "speech"


@pytest.mark.slow
def test_a_corpus_from_a_store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TTS_CACHE", str(tmp_path / "cache"))
    release_copies()
    here = prepare_corpus(load_recipe(RECIPE, PLAIN), RECIPE.parent, SPEECH, tmp_path / "here", workers=0)
    files = {path.relative_to(SPEECH).as_posix(): path.read_bytes() for path in SPEECH.rglob("*") if path.is_file()}
    with breaking_store() as store:
        fill(str(store), files)
        command = ["prepare", str(RECIPE), "--corpus-root", str(store), "--out", str(tmp_path / "there"), "--workers", "0"]
        command += [part for change in PLAIN for part in ("--set", change)]
        tts(*command)
        there = Prepared(tmp_path / "there")
        assert there.fingerprint == here.fingerprint
        assert there.facts.corpus.root == "breaking://folder"
        assert str(tmp_path) not in json.dumps([there.facts.audio, there.facts.corpus.model_dump(mode="json")])
        key = there.packed("test").ids[0]
        assert there.facts.audio[key] == f"breaking://folder/wavs/{key}.flac"
        release_copies()
        shutil.rmtree(cache_folder())
        assert there.audio_path(key).read_bytes() == files[f"wavs/{key}.flac"]  # fetched again, and nothing else
        assert len(list(cache_folder().rglob("*.flac"))) == 1
        there.facts.audio[key] = "breaking://folder/../elsewhere.flac"
        with pytest.raises(TtsError, match="outside the corpus"):
            there.audio_path(key)
        with monkeypatch.context() as patch:
            tts(*command)  # all of it again, for its copy is gone
            patch.setattr(Remote, "fetch", lambda *_: pytest.fail("nothing changed, so nothing is fetched"))
            tts(*command)


def test_the_recipe_names_a_store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    said = tts("prepare", str(RECIPE), "--set", "corpus.root=zzz://bucket/corpus", "--out", "out", code=2)
    assert "no package here knows the protocol zzz://" in said
    said = tts("prepare", str(RECIPE), "--corpus-root", "s3://KEY:SECRET@bucket/corpus", "--out", "out", code=2)
    assert "has a password in it" in said and "SECRET" not in said
    with breaking_store():
        said = tts("prepare", str(RECIPE), "--corpus-root", "breaking://folder", "--out", "out", code=1)
    assert "breaking://folder: there is no folder with anything in it" in said
    assert not list(tmp_path.iterdir())
