from __future__ import annotations

import pytest
from fake_voice import FakeVoice

from tts.generation.requests import Request
from tts.generation.synthesiser import Speech, Synthesiser, SynthesisSettings
from tts.generation.timings import joined, timings

VOICE = FakeVoice()


@pytest.fixture(scope="module")
def spoken() -> Speech:
    with Synthesiser(VOICE, SynthesisSettings(workers=0, sentence_pause=0.3)) as synthesiser:
        return next(synthesiser.speak([Request("x", "ab, cd. Ef gh.")]))


def test_sentences_become_one(spoken: Speech) -> None:
    sentence, alignment = joined(spoken)
    assert sentence.phones == ("sil", "a", "b", "pau", "c", "d", "pau", "E", "f", "g", "h", "sil")
    assert alignment.phones == sentence.phones
    assert alignment.phone_durations.tolist() == [10, 10, 10, 10, 10, 10, 60, 10, 10, 10, 10, 10]
    assert len(spoken.signal) == VOICE.grid.samples(alignment.frames)


def test_times(spoken: Speech) -> None:
    times = timings(spoken, VOICE.grid)
    assert times["words"] == [
        {"text": "ab,", "start": 0.05, "end": 0.15},
        {"text": "cd.", "start": 0.2, "end": 0.3},
        {"text": "Ef", "start": 0.6, "end": 0.7},
        {"text": "gh.", "start": 0.7, "end": 0.8},
    ]
    phones = times["phones"]
    assert [phone["start"] for phone in phones[1:]] == [phone["end"] for phone in phones[:-1]]
    assert [phone["phone"] for phone in phones] == ["sil", "a", "b", "pau", "c", "d", "pau", "E", "f", "g", "h", "sil"]
    assert times["seconds"] == pytest.approx(phones[-1]["end"], abs=VOICE.grid.shift)
    assert (times["id"], times["text"]) == ("x", "ab, cd. Ef gh.")
