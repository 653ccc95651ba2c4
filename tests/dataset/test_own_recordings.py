"""A preparation of parts of a long recording, and of cleaned ones: what is downstream uses those, wherever the folder goes."""

import shutil
from pathlib import Path

import numpy as np
import pytest
import soundfile
from speech import IDS, RATE, RECIPE, TEXTS, recording

from tts.corpora.layouts import LAYOUTS, Layout
from tts.corpora.problems import Problem
from tts.corpora.types import Corpus, CorpusSource, Utterance
from tts.dataset.inspect import inspect_utterance, stream_table
from tts.dataset.prepare import prepare_corpus
from tts.dataset.prepared import Prepared
from tts.recipe import load_recipe


def read_long(root: Path, source: CorpusSource) -> tuple[Corpus, list[Problem]]:
    """Read all utterances out of one recording."""
    spans, time = [], 0.0
    for key in IDS:
        spans.append((time, time + len(recording(key)) / RATE))
        time = spans[-1][1]
    audio = root / "long.wav"
    utterances = [
        Utterance(key, TEXTS[key], audio, source.speaker, source.language, start=a, end=b)
        for key, (a, b) in zip(IDS, spans, strict=True)
    ]
    return Corpus(source.name, tuple(utterances), source.licence), []


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("long")
    soundfile.write(str(root / "long.wav"), np.concatenate([recording(key) for key in IDS]), RATE, subtype="PCM_16")
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(LAYOUTS, "ljspeech", Layout(read_long))
        return prepare_corpus(load_recipe(RECIPE), RECIPE.parent, root, root / "prepared", workers=0).folder


def test_parts_become_the_same_corpus_as_files_of_their_own(made: Path, tmp_path: Path) -> None:
    prepared = Prepared(made)
    for key in prepared.facts.audio:
        np.testing.assert_array_equal(soundfile.read(str(prepared.audio_path(key)))[0], recording(key))
    plain = prepare_corpus(load_recipe(RECIPE), RECIPE.parent, RECIPE.parents[1] / "speech", tmp_path / "plain", workers=0)
    for split in ("train", "validation", "test"):
        assert prepared.packed(split).ids == plain.packed(split).ids
        for name, values in plain.packed(split).streams.items():
            np.testing.assert_array_equal(prepared.packed(split).streams[name], values)


def test_the_folder_can_be_moved_and_says_what_it_holds(made: Path, tmp_path: Path) -> None:
    moved = Path(shutil.copytree(made, tmp_path / "elsewhere"))
    prepared = Prepared(moved)
    key = prepared.packed("test").ids[0]
    assert prepared.audio_path(key).parent == moved / "recordings"
    assert f"of {made.parent / 'long.wav'}" in stream_table(inspect_utterance(prepared, key))
    assert f"{len(IDS)} recordings were made" in (made / "report.md").read_text(encoding="utf-8")


@pytest.mark.slow
def test_a_changed_setting_replaces_the_recordings(made: Path, tmp_path: Path) -> None:
    root = RECIPE.parents[1] / "speech"
    out = tmp_path / "prepared"
    cleaned = load_recipe(RECIPE, ["cleaning={trim_ms: 100, high_pass_hz: 50, loudness: file}"])
    prepared = prepare_corpus(cleaned, RECIPE.parent, root, out, workers=0)
    assert len([*(out / "recordings").glob("*.flac")]) == len(IDS)
    assert "high-pass at 50 Hz" in stream_table(inspect_utterance(prepared, prepared.packed("test").ids[0]))
    first = {path.name for path in (out / "recordings").iterdir()}
    del prepared
    prepare_corpus(load_recipe(RECIPE, ["cleaning.trim_ms=60"]), RECIPE.parent, root, out, workers=0)
    assert {path.name for path in (out / "recordings").glob("*.flac")}.isdisjoint(first)
    plain = prepare_corpus(load_recipe(RECIPE), RECIPE.parent, root, out, workers=0)
    assert not [*(out / "recordings").glob("*.flac")] and plain.audio_path(IDS[0]).is_relative_to(root)
