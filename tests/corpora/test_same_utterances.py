"""The same recordings and texts give the very same utterances whatever the layout."""

from pathlib import Path

import pytest
from corpus_layouts import WRITTEN, Source
from speech import SPEECH, TEXTS

from tts.corpora.layouts import open_layout
from tts.corpora.types import CorpusSource, Utterance

KNOWN = CorpusSource(name="mine", speaker="anna", language="en-us", licence="CC0-1.0")
RECORDED = Source({key: SPEECH / "wavs" / f"{key}.flac" for key in TEXTS}, TEXTS)


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
