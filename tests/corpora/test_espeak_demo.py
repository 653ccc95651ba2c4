from __future__ import annotations

import importlib.util
import json
from pathlib import Path

import numpy as np
import pytest
import soundfile

from tts.core.errors import TtsError, UsageError
from tts.corpora import espeak_demo
from tts.corpora.demo_corpus import demo_sentences
from tts.corpora.espeak_demo import make_demo_corpus
from tts.corpora.ljspeech import read_ljspeech
from tts.corpora.splits import same_text
from tts.corpora.types import CorpusSource

needs_espeak = pytest.mark.skipif(
    importlib.util.find_spec("espeakng_loader") is None, reason="needs: pip install espeakng-loader"
)


def digests(root: Path) -> dict[str, bytes]:
    return {str(path.relative_to(root)): path.read_bytes() for path in sorted(root.rglob("*")) if path.is_file()}


@pytest.fixture(scope="module")
def demo(tmp_path_factory) -> Path:
    root = tmp_path_factory.mktemp("demo") / "corpus"
    make_demo_corpus(root, count=12)
    return root


def test_the_sentences_differ_from_each_other_and_from_what_the_demo_speaks():
    sentences = demo_sentences()
    assert len({same_text(text) for text in sentences}) == len(sentences) == 120
    assert all(4 <= len(text.split()) <= 10 and text[-1] in ".?!" and "|" not in text for text in sentences)
    spoken = Path(__file__).parents[2] / "data" / "speak_demo.txt"
    if not spoken.is_file():
        pytest.skip("data/speak_demo.txt is not beside these tests")
    fresh = {same_text(line.split("|")[1]) for line in spoken.read_text(encoding="utf-8").splitlines()}
    assert not fresh & {same_text(text) for text in sentences}


@needs_espeak
def test_it_is_a_corpus(demo):
    corpus, problems = read_ljspeech(demo, CorpusSource(name="demo", speaker="espeak", language="en-us", licence="MIT"))
    assert problems == []
    assert tuple(u.text for u in corpus) == demo_sentences()[:12]
    for u in corpus:
        signal, rate = soundfile.read(u.audio)
        assert rate == 22050
        assert 1.0 < len(signal) / rate < 6.0
        assert 0.1 < np.abs(signal).max() < 1.0


@needs_espeak
def test_the_reference_tells_the_true_times(demo):
    """Checked on the signal: quiet before the first word, and strong high-frequency noise from the onset of every /s/."""
    entries = [json.loads(line) for line in (demo / "reference.jsonl").read_text(encoding="utf-8").splitlines()]
    rises = []
    for entry in entries:
        signal, rate = soundfile.read(demo / "wavs" / f"{entry['id']}.wav")
        onsets = [time for _, time in entry["phones"]]
        assert onsets == sorted(onsets)
        assert entry["seconds"] == pytest.approx(len(signal) / rate)
        assert 0.2 <= onsets[0] <= onsets[-1] <= entry["seconds"] - 0.15
        assert len(entry["words"]) >= 4
        assert np.abs(signal[: int(0.19 * rate)]).max() < 0.002
        treble = np.diff(signal, n=4)
        for phone, onset in entry["phones"]:
            if phone == "s":
                at, width = int(onset * rate), int(0.02 * rate)
                before, after = treble[at - width : at], treble[at + width // 2 : at + width * 3 // 2]
                rises.append(np.sqrt((after**2).mean() / (before**2).mean()))
    assert len(rises) >= 5
    assert np.median(rises) > 3.0


@needs_espeak
def test_it_is_reproducible_and_seeded(demo, tmp_path):
    make_demo_corpus(tmp_path / "again", count=12)
    assert digests(tmp_path / "again") == digests(demo)
    (tmp_path / "empty").mkdir()
    make_demo_corpus(tmp_path / "empty", count=2, seed=5)
    assert digests(tmp_path / "empty")["wavs/demo_001.wav"] != digests(demo)["wavs/demo_001.wav"]


@needs_espeak
def test_a_complete_corpus_is_left_alone_and_anything_else_refused(demo, monkeypatch, tmp_path):
    monkeypatch.setattr(espeak_demo, "parallel_map", None)  # nothing is spoken
    make_demo_corpus(demo, count=12)
    with pytest.raises(UsageError, match="made otherwise"):
        make_demo_corpus(demo, count=11)
    (tmp_path / "mine.txt").write_text("precious")
    with pytest.raises(UsageError, match="not a demo corpus"):
        make_demo_corpus(tmp_path, count=2)
    assert (tmp_path / "mine.txt").read_text() == "precious"


@needs_espeak
def test_failure_leaves_nothing_behind(tmp_path, monkeypatch):
    with pytest.raises(TtsError, match="no voice 'atlantean'"):
        make_demo_corpus(tmp_path / "a", count=2, voice="atlantean")

    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(espeak_demo, "_write", interrupted)
    with pytest.raises(KeyboardInterrupt):
        make_demo_corpus(tmp_path / "b", count=2)
    assert list(tmp_path.iterdir()) == []


def test_without_the_library_there_is_a_clear_sentence(tmp_path, monkeypatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(UsageError, match="pip install espeakng-loader"):
        make_demo_corpus(tmp_path / "a")
    with pytest.raises(UsageError, match=r"1\.\.120"):
        make_demo_corpus(tmp_path / "a", count=0)
