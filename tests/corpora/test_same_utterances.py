"""The same recordings and texts give the very same utterances whatever the layout."""

import os
from dataclasses import replace
from pathlib import Path

import pytest
from corpus_layouts import WRITTEN, Source
from speech import SPEECH, TEXTS

from tts.corpora.draft.recognise import recognise
from tts.corpora.layouts import open_layout
from tts.corpora.types import CorpusSource, Utterance

KNOWN = CorpusSource(name="mine", speaker="anna", language="en-us", licence="CC0-1.0")
RECORDED = Source({key: SPEECH / "wavs" / f"{key}.flac" for key in TEXTS}, TEXTS)


REAL = os.environ.get("TTS_CORPORA", "")


def plain(utterance: Utterance) -> tuple[object, ...]:
    return (utterance.id, utterance.text, utterance.audio.name, utterance.speaker, utterance.start, utterance.end)


@pytest.mark.parametrize("name", WRITTEN)
def test_utterances_are_the_same(name: str, tmp_path: Path) -> None:
    WRITTEN[name].write(RECORDED, tmp_path / "corpus")
    corpus, problems = open_layout(WRITTEN[name].format)(tmp_path / "corpus", KNOWN)
    assert not problems
    expected = [(key, text, f"{key}.flac", "anna", 0.0, None) for key, text in TEXTS.items()]
    assert sorted(plain(utterance) for utterance in corpus) == sorted(expected)
    for utterance in corpus:
        assert utterance.audio.read_bytes() == RECORDED.audio[utterance.id].read_bytes()
        assert utterance.sentence == utterance.id


@pytest.mark.slow
@pytest.mark.skipif(not REAL, reason="TTS_CORPORA is not set to the folder of real corpora")
@pytest.mark.parametrize("corpus", ["nathalie", "kathleen"])
@pytest.mark.parametrize("name", [name for name in WRITTEN if name != "ljspeech"])
def test_real_corpora_laid_out_anew(corpus: str, name: str, tmp_path: Path) -> None:
    known = replace(KNOWN, text_column="raw")
    expected, _ = open_layout("ljspeech")(Path(REAL) / corpus, known)
    source = Source({u.id: u.audio for u in expected}, {u.id: u.text for u in expected})
    WRITTEN[name].write(source, tmp_path / "corpus")
    read, problems = open_layout(WRITTEN[name].format)(tmp_path / "corpus", KNOWN)
    assert not problems
    assert len(read) == len(expected) > 300
    assert sorted(map(plain, read)) == sorted(map(plain, expected))
    seen = recognise(tmp_path / "corpus").taken
    assert (seen.format, seen.with_recording, seen.unlisted) == (WRITTEN[name].format, len(expected), 0)
