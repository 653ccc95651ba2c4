"""The edit where a voice speaks: nothing at strength 0, nothing at the start, controls of the right size, and old voices."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from tts.core.errors import TtsError, UsageError
from tts.core.stream import Stream
from tts.dataset.statistics import StreamStatistics
from tts.generation.editing import Editor, edit_inputs, normalised, tokens_of
from tts.generation.ensemble import Ensemble
from tts.generation.postfilter import PostFilterSettings
from tts.generation.requests import Request
from tts.generation.synthesiser import Synthesiser, SynthesisSettings
from tts.generation.voice import Voice, load_voice, make_edit, save_voice
from tts.network.edit import Edit
from tts.recipe import EditPart

OLD = Path(__file__).parents[1] / "fixtures" / "format-2"
PART = EditPart(blocks=2, width=8, kernel=3, batch=64, crop=16)
CPU = torch.device("cpu")
STREAMS = {
    "mcep": Stream("mcep", 5, dynamic=True),
    "lf0": Stream("lf0", 1, dynamic=True),
    "vuv": Stream("vuv", 1, "binary"),
    "bap": Stream("bap", 2, dynamic=True),
}
STATISTICS = {
    name: StreamStatistics(np.full(s.dimension, 0.5), np.full(s.width, 4.0), np.ones(s.dimension))
    for name, s in STREAMS.items()
    if s.dynamic
}


def voice_with(part: EditPart = PART, *, moved: bool = True) -> Voice:
    """A trained voice of the fixtures with an edit that changes something, or nothing yet."""
    voice = load_voice(OLD / "single", "cpu")
    generation = voice.generation.model_copy(update={"post_filter": "variance", "strength": 1.0, "f0_variance": 1.0})
    config = voice.config.model_copy(update={"edit": part, "generation": generation})
    torch.manual_seed(7)
    edit = make_edit(config, voice.stack)
    if edit is not None and moved:
        torch.nn.init.normal_(edit.output.weight, std=0.1)
    return Voice(config, voice.stack, voice.duration, voice.statistics, voice.device, edit)


def spoken(voice: Voice, text: str = "He said it, not now.", **post_filter: float) -> np.ndarray:
    settings = PostFilterSettings(**{"kind": "variance", "strength": 1.0, **post_filter})
    with Synthesiser(voice, SynthesisSettings(post_filter=settings)) as synthesiser:
        return next(iter(synthesiser.speak([Request("a", text)]))).signal


def test_a_strength_of_0_is_variance_scaling_alone_to_the_bit() -> None:
    plain = load_voice(OLD / "single", "cpu")
    assert np.array_equal(spoken(voice_with(), edit_strength=0.0), spoken(plain))
    assert not np.array_equal(spoken(voice_with()), spoken(plain))


def test_an_edit_that_has_learnt_nothing_changes_nothing() -> None:
    plain, new = spoken(load_voice(OLD / "single", "cpu")), spoken(voice_with(moved=False))
    np.testing.assert_allclose(new, plain, atol=2e-4)  # trajectories go to the vocoder in single precision


def test_another_post_filter_is_refused_unless_the_edit_is_off() -> None:
    with pytest.raises(UsageError, match="whose variance was scaled"):
        spoken(voice_with(), kind="cepstral")  # type: ignore[arg-type]
    spoken(voice_with(), kind="cepstral", edit_strength=0.0)  # type: ignore[arg-type]


def test_the_manifest_tells_another_strength_and_no_usual_one() -> None:
    usual, half = (SynthesisSettings(post_filter=PostFilterSettings(edit_strength=strength)) for strength in (1.0, 0.5))
    assert "edit_strength" not in usual.sound()["post_filter"]
    assert half.sound()["post_filter"]["edit_strength"] == 0.5


def test_a_voice_with_an_edit_is_read_back_and_its_file_is_guarded(tmp_path: Path) -> None:
    voice = voice_with()
    save_voice(tmp_path / "voice", voice, "card")
    again = load_voice(tmp_path / "voice", "cpu")
    assert again.config.edit == PART
    assert np.array_equal(spoken(again), spoken(voice))
    (tmp_path / "voice" / "edit.safetensors").write_bytes(b"")
    with pytest.raises(TtsError, match=r"edit\.safetensors: damaged or changed"):
        load_voice(tmp_path / "voice", "cpu")


def test_an_ensemble_speaks_without_the_edits_of_its_members() -> None:
    assert Ensemble([voice_with(), voice_with()]).editor is None


def sentence(frames: int = 21) -> tuple[dict[str, np.ndarray], np.ndarray, np.ndarray]:
    random = np.random.default_rng(2)
    trajectories = {name: random.normal(size=(frames, stream.dimension)) for name, stream in STREAMS.items()}
    speech = np.zeros(frames, bool)
    speech[3:-4] = True
    return trajectories, random.normal(size=(frames, 6)).astype(np.float32), speech


def editor(part: EditPart = PART) -> Editor:
    torch.manual_seed(4)
    network = Edit(part, 9, 6, 4) if part.trained else None
    if network is not None:
        torch.nn.init.normal_(network.output.weight)
    return Editor(part, network, STATISTICS, STREAMS, CPU)


def test_the_edit_is_of_c1_and_up_between_the_silences_and_in_proportion_to_its_strength() -> None:
    trajectories, hidden, speech = sentence()
    whole, half = (editor().edited(trajectories, hidden, speech, strength) for strength in (1.0, 0.5))
    change = whole["mcep"] - trajectories["mcep"]
    assert np.array_equal(whole["lf0"], trajectories["lf0"])
    assert not change[:, 0].any() and not change[~speech].any()
    assert np.abs(change[speech, 1:]).min() > 0
    np.testing.assert_allclose(half["mcep"] - trajectories["mcep"], 0.5 * change)


def test_the_network_reads_deviations_from_the_mean_and_writes_them() -> None:
    trajectories, hidden, speech = sentence()
    frames = normalised(trajectories, STATISTICS, STREAMS, 0)
    np.testing.assert_allclose(frames[:, :5], (trajectories["mcep"] - 0.5) / 2.0, rtol=1e-5)
    np.testing.assert_allclose(frames[:, 6], trajectories["vuv"][:, 0], rtol=1e-5)  # voicing as it is
    inputs = edit_inputs(frames, hidden, speech, 2)
    assert inputs is not None
    change = editor().edited(trajectories, hidden, speech, 1.0)["mcep"] - trajectories["mcep"]
    np.testing.assert_allclose(change[speech, 1:], 2.0 * editor().run(inputs), rtol=1e-6)


def test_the_reversed_control_is_the_same_edit_backwards() -> None:
    trajectories, hidden, speech = sentence()
    forwards = editor().edited(trajectories, hidden, speech, 1.0)["mcep"] - trajectories["mcep"]
    part = PART.model_copy(update={"control": "reversed"})
    backwards = editor(part).edited(trajectories, hidden, speech, 1.0)["mcep"] - trajectories["mcep"]
    np.testing.assert_allclose(backwards[speech], forwards[speech][::-1])


def test_the_overscaling_control_needs_no_network_and_raises_the_variance_by_its_square() -> None:
    part = EditPart(control="overscaled", factor=1.3)
    assert not part.trained
    trajectories, hidden, speech = sentence()
    made = editor(part).edited(trajectories, hidden, speech, 1.0)["mcep"]
    np.testing.assert_allclose(made[speech, 3:].var(axis=0), 1.69 * trajectories["mcep"][speech, 3:].var(axis=0))
    np.testing.assert_allclose(made[:, :3], trajectories["mcep"][:, :3])
    np.testing.assert_allclose(made[speech].mean(axis=0), trajectories["mcep"][speech].mean(axis=0))


def test_a_sentence_without_speech_and_tokens_that_are_not_full() -> None:
    trajectories, hidden, speech = sentence()
    silent = np.zeros_like(speech)
    assert np.array_equal(editor().edited(trajectories, hidden, silent, 1.0)["mcep"], trajectories["mcep"])
    assert tokens_of(np.arange(5.0)[:, None], 2).tolist() == [[0, 1], [2, 3], [4, 4]]


def test_strengths_out_of_bounds_are_refused() -> None:
    with pytest.raises(UsageError, match="edit strength"):
        PostFilterSettings(edit_strength=-0.1)
    assert replace(PostFilterSettings(), edit_strength=2.0).edit_strength == 2.0
