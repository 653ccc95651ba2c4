"""Merlin's files of what a voice gives its vocoder: the vocoder makes of them what the voice says."""

from pathlib import Path

import numpy as np
from command import tts

from tts.analysis.merlin import read_merlin
from tts.analysis.vocoders import synthesise
from tts.generation.requests import Request
from tts.generation.speaking import load_speaker
from tts.generation.synthesiser import Synthesiser, SynthesisSettings

VOICE = Path(__file__).parents[1] / "fixtures" / "format-2" / "stacked"
TEXT = "The birch canoe slid on the smooth planks."


def test_what_is_written_is_what_is_spoken(tmp_path: Path) -> None:
    (tmp_path / "text.txt").write_text(f"one|{TEXT}\ntwo|Hello. And good night.\n", encoding="utf-8")
    said = tts("export", "parameters", VOICE, tmp_path / "text.txt", "--out", tmp_path / "out")
    assert "2 texts" in said and "frequency warping" in said
    voice = load_speaker(VOICE, "cpu")
    order = voice.streams["mcep"].dimension - 1
    settings = SynthesisSettings.of(voice.generation)
    with Synthesiser(voice, settings) as synthesiser:
        for id, text in (("one", TEXT), ("two", "Hello. And good night.")):
            (spoken,) = synthesiser.speak([Request(id, text)])
            frames = sum(alignment.frames for alignment in spoken.alignments)
            read = read_merlin(tmp_path / "out", id, voice.grid, order, frames, 100.0)
            made = synthesiser.parameters(Request(id, text))
            np.testing.assert_allclose(read.mcep, made["mcep"], atol=1e-4)
            np.testing.assert_array_equal(read.vuv, made["vuv"])
            voiced = made["vuv"][:, 0] > 0.5
            np.testing.assert_allclose(read.lf0[voiced], made["lf0"][voiced], atol=1e-5)
            np.testing.assert_allclose(read.bap, made["bap"], atol=1e-3)
            if id == "one":  # one sentence: the same samples but for the fade at the edges
                streams = {"mcep": read.mcep, "lf0": read.lf0, "vuv": read.vuv, "bap": read.bap}
                signal = synthesise(streams, voice.grid, settings.vocoder)
                middle = slice(len(signal) // 3, 2 * len(signal) // 3)
                error = np.sqrt(np.mean((signal[middle] - spoken.signal[middle]) ** 2))
                assert error < 0.01 * np.sqrt(np.mean(spoken.signal[middle] ** 2))
    assert "exists and was not made by" in tts("export", "parameters", VOICE, tmp_path / "text.txt", "--out", tmp_path, code=2)
