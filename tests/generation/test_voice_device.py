"""Speaking on a device that has no values to look at, up to the vocoder: one way to the host, once a batch of sentences."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from strict_device import META, Strict, watch_host

from tts.generation.voice import Voice, load_voice

OLD = Path(__file__).parents[1] / "fixtures" / "format-2"


@pytest.mark.parametrize("name", ["single", "stacked"])
def test_durations_and_acoustics_are_predicted_where_the_voice_lies(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    there = load_voice(OLD / name, "cpu")
    voice = Voice(there.config, there.stack, there.duration, there.statistics, META)
    assert {p.device for p in (*voice.stack.parameters(), *voice.duration.parameters())} == {META}
    sentences = [there.engine.sentence(text) for text in ("Not now, he said.", "He said, not now.")]
    assert len({len(sentence.phones) for sentence in sentences}) == 1  # one batch
    shapes = watch_host(monkeypatch)
    with Strict() as strict:
        durations = voice.durations(sentences)
    assert len(shapes) == 1 and shapes[0][0] == len(sentences)
    assert len(strict.moved) == 3  # vectors, the number of every row's segment, which rows are no padding
    whole = [np.full_like(frames, 3, dtype=np.int64) for frames in durations]
    shapes.clear()
    with Strict() as strict:
        acoustics = voice.acoustics(sentences, whole)
    assert len(shapes) == 1
    assert len(strict.moved) == 4  # and their positions
    for streams, frames in zip(acoustics, whole, strict=True):
        assert {values.shape[0] for values in streams.values()} == {frames.sum()}
        assert streams["mcep"].shape[1] == there.streams["mcep"].width
