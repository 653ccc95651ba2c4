"""The demo's corpus: made complete or not at all, the same again, of speech that has a pitch and a quiet room around it."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

from tts.analysis.world import analyse
from tts.core.errors import TtsError, UsageError
from tts.core.grid import FrameGrid
from tts.core.processes import parallel_map
from tts.corpora import hibari_demo
from tts.corpora.demo_corpus import demo_sentences
from tts.corpora.hibari_demo import make_hibari_corpus
from tts.corpora.ljspeech import read_ljspeech
from tts.corpora.types import CorpusSource
from tts.recipe import load_recipe

needs_hibari = pytest.mark.skipif(importlib.util.find_spec("hibari") is None, reason="needs: pip install hibari-tts")


def contents(root: Path) -> dict[str, bytes]:
    return {str(path.relative_to(root)): path.read_bytes() for path in sorted(root.rglob("*")) if path.is_file()}


def in_this_process(*arguments: Any, **named: Any) -> Any:
    """Speak without a worker, which takes seconds to start."""
    return parallel_map(*arguments, **{**named, "workers": 0})


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("demo") / "corpus"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(hibari_demo, "parallel_map", in_this_process)
        make_hibari_corpus(root, count=4)
    return root


@needs_hibari
def test_it_is_a_corpus_of_voiced_speech_in_a_quiet_room(demo: Path) -> None:
    corpus, problems = read_ljspeech(demo, CorpusSource(name="demo", speaker="hibari", language="en-us", licence="Apache-2.0"))
    assert problems == []
    assert tuple(utterance.text for utterance in corpus) == demo_sentences(4)
    for utterance in corpus:
        signal, rate = soundfile.read(utterance.audio)
        assert rate == load_recipe("demo").frames.sample_rate == 24_000
        assert 1.0 < len(signal) / rate < 6.0
        assert 0.1 < np.abs(signal).max() < 1.0
        edges = np.concatenate([signal[:2400], signal[-2400:]])
        assert 1e-4 < np.sqrt(np.mean(edges**2)) < 4e-4  # -74 dB: a quiet room, no digital silence
        f0 = analyse(signal, FrameGrid(rate), (120.0, 400.0)).f0
        assert np.mean(f0 > 0.0) > 0.25
        assert 150.0 < np.median(f0[f0 > 0.0]) < 260.0  # a woman's voice


@needs_hibari
def test_it_is_the_same_again_and_a_complete_one_is_left_as_it_is(
    demo: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hibari_demo, "parallel_map", in_this_process)
    make_hibari_corpus(tmp_path / "again", count=4)
    assert contents(tmp_path / "again") == contents(demo)
    monkeypatch.setattr(hibari_demo, "parallel_map", None)  # nothing is spoken
    make_hibari_corpus(demo, count=4)
    with pytest.raises(UsageError, match="made otherwise"):
        make_hibari_corpus(demo, count=3)
    (tmp_path / "mine.txt").write_text("mine")
    with pytest.raises(UsageError, match="not a demo corpus"):
        make_hibari_corpus(tmp_path, count=4)


def test_without_hibari_one_sentence_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(
        UsageError, match=r"spoken by hibari-tts \(Apache-2.0\); install it with: pip install 'stacked-tts\[demo\]'"
    ):
        make_hibari_corpus(tmp_path / "corpus")
    assert not list(tmp_path.iterdir())


def test_a_sentence_that_fails_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: object())
    monkeypatch.setattr(hibari_demo, "parallel_map", lambda *_, **__: [(0, hibari_demo.Failure("it broke"))])
    with pytest.raises(TtsError, match=r"hibari could not speak '.*': it broke"):
        make_hibari_corpus(tmp_path / "corpus", count=1)
    assert not list(tmp_path.iterdir())
