"""What a voice makes of a sentence is shown as it is spoken."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tts.dataset.inspect import stream_table
from tts.generation.inspect_speech import inspect_speech, speak_streams
from tts.generation.requests import Request
from tts.generation.synthesiser import Synthesiser, SynthesisSettings
from tts.generation.voice import load_voice

OLD = Path(__file__).parents[1] / "fixtures" / "format-2"


@pytest.mark.slow
def test_it_is_what_speaking_makes() -> None:
    voice = load_voice(OLD / "single", "cpu")
    text = "Is it raining, or not?"
    said = speak_streams(voice, text)
    with Synthesiser(voice, SynthesisSettings.of(voice.generation)) as synthesiser:
        (spoken,) = synthesiser.speak([Request("a", text)])
    np.testing.assert_array_equal(said.durations, spoken.alignments[0].durations)
    np.testing.assert_allclose(said.signal, spoken.signal[: len(said.signal)], atol=1e-6)

    shown = inspect_speech(voice, text, "question")
    assert [span.label for span in shown.words] == ["Is", "it", "raining", "or", "not"]
    assert shown.words[-1].end == pytest.approx(shown.phones[-1].start)
    f0, frames = shown.track("lf0"), int(said.durations.sum())
    assert f0 is not None and f0.values.shape == (frames, 1) and len(shown.counted) == frames
    np.testing.assert_array_equal(f0.values, said.streams["lf0"])
    table = stream_table(shown)
    assert table.startswith("question (spoken by fixture single, ") and "log Hz" in table
