"""Packed voices: half the size, the same speech, nothing of the trainer's machine, and whole or not there at all."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from command import tts
from safetensors.numpy import load_file

from tts.core.errors import TtsError, UsageError
from tts.core.files import file_digest, read_json, write_json
from tts.core.tensors import load_tensors, save_tensors
from tts.generation.config import read_config
from tts.generation.packing import Packed, pack_voice, probe_sentences
from tts.generation.requests import Request
from tts.generation.synthesiser import Synthesiser, SynthesisSettings
from tts.generation.voice import Voice, load_voice, make_edit, save_voice
from tts.recipe import EditPart

OLD = Path(__file__).parents[1] / "fixtures" / "format-2"


@pytest.fixture
def trained(tmp_path: Path) -> Path:
    """Return a writable copy of a stacked voice with its training."""
    return Path(shutil.copytree(OLD / "stacked", tmp_path / "trained"))


def change(voice: Path, alter: Callable[[torch.Tensor], torch.Tensor]) -> None:
    """Alter a weight of a voice, whose configuration then says so."""
    tensors, facts = load_tensors(voice / "model.safetensors")
    name = sorted(name for name, tensor in tensors.items() if tensor.ndim == 2)[0]
    save_tensors(voice / "model.safetensors", {**tensors, name: alter(tensors[name])}, facts)
    config = read_json(voice / "config.json")
    write_json(
        voice / "config.json",
        {**config, "files": {**config["files"], "model.safetensors": file_digest(voice / "model.safetensors")}},
    )


def test_weights_are_the_nearest_float16_and_float32_again_once_loaded(trained: Path, tmp_path: Path) -> None:
    pack_voice(trained, tmp_path / "packed")
    for name in ("model.safetensors", "duration.safetensors"):
        whole, stored = load_file(trained / name), load_file(tmp_path / "packed" / name)
        assert {str(array.dtype) for array in stored.values()} == {"float16"}
        for key, array in whole.items():
            np.testing.assert_array_equal(stored[key], array.astype(np.float16))
    voice = load_voice(tmp_path / "packed", "cpu")
    loaded = voice.stack.state_dict()
    assert {tensor.dtype for tensor in (*loaded.values(), *voice.duration.state_dict().values())} == {torch.float32}
    stored = load_file(tmp_path / "packed" / "model.safetensors")
    for key, array in stored.items():
        np.testing.assert_array_equal(loaded[key].numpy(), array.astype(np.float32))
    statistics = "statistics.safetensors"
    assert (tmp_path / "packed" / statistics).read_bytes() == (trained / statistics).read_bytes()


def test_it_says_the_same_and_only_what_speaking_needs_is_there(trained: Path, tmp_path: Path) -> None:
    (trained / "evaluation").mkdir()
    packed = pack_voice(trained, tmp_path / "packed")
    assert {path.name for path in (tmp_path / "packed").iterdir()} == {"README.md", "config.json", *read_config(trained).files}
    assert packed.distortion < 0.01 and packed.cents < 1.0 and packed.voicing < 0.01 and packed.durations < 0.05
    assert packed.bytes_after < 0.65 * packed.bytes_before  # the configuration is a tenth of this small voice
    signals = []
    for folder in (trained, tmp_path / "packed"):
        voice = load_voice(folder, "cpu")
        voice.precision = "float32"
        with Synthesiser(voice, SynthesisSettings()) as synthesiser:
            (spoken,) = synthesiser.speak([Request("a", "She had your dark suit.")])
        signals.append(spoken.signal)
    assert abs(len(signals[0]) - len(signals[1])) < 0.01 * len(signals[0])
    rms = [float(np.sqrt(np.mean(signal**2))) for signal in signals]
    assert rms[1] == pytest.approx(rms[0], rel=0.02)


def with_edit(folder: Path) -> Path:
    """Write a voice whose last stage is an edit that changes something."""
    voice = load_voice(OLD / "single", "cpu")
    part = EditPart(blocks=1, width=8, kernel=3)
    generation = voice.generation.model_copy(update={"post_filter": "variance", "strength": 1.0, "f0_variance": 1.0})
    config = voice.config.model_copy(update={"edit": part, "generation": generation})
    edit = make_edit(config, voice.stack)
    assert edit is not None
    torch.manual_seed(3)
    with torch.no_grad():
        for weight in edit.parameters():
            weight.copy_(0.1 * torch.randn(weight.shape))
    save_voice(folder, Voice(config, voice.stack, voice.duration, voice.statistics, voice.device, edit), "# Card\n")
    return folder


def test_an_edit_is_packed_and_compared_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    packed = pack_voice(with_edit(tmp_path / "whole"), tmp_path / "packed")
    assert {str(array.dtype) for array in load_file(tmp_path / "packed" / "edit.safetensors").values()} == {"float16"}
    assert 0.0 < packed.distortion < 0.01
    monkeypatch.setattr("tts.generation.packing._half", lambda name, tensor, path: 1.1 * tensor)
    with pytest.raises(TtsError, match="it would differ by"):
        pack_voice(tmp_path / "whole", tmp_path / "other")


def test_float32_is_the_voice_itself(trained: Path, tmp_path: Path) -> None:
    packed = pack_voice(trained, tmp_path / "packed", precision="float32")
    assert (packed.distortion, packed.cents, packed.voicing, packed.durations) == (0.0, 0.0, 0.0, 0.0)
    assert read_config(tmp_path / "packed") == read_config(trained)


def test_packing_again_changes_nothing(trained: Path, tmp_path: Path) -> None:
    pack_voice(trained, tmp_path / "packed")
    again = pack_voice(tmp_path / "packed", tmp_path / "again")
    assert again.distortion == 0.0
    assert read_config(tmp_path / "again") == read_config(tmp_path / "packed")
    assert (tmp_path / "again" / "README.md").read_text() == (tmp_path / "packed" / "README.md").read_text()


def test_the_card_keeps_scores_and_names_the_commit_and_no_place_of_this_machine(trained: Path, tmp_path: Path) -> None:
    summary = read_json(trained / "training" / "summary.json")
    summary["command"] = "tts train /home/anna/recipes/kathleen/recipe.yaml --out '/home/anna/my voices/k'"
    write_json(trained / "training" / "summary.json", summary)
    pack_voice(trained, tmp_path / "packed")
    card = (tmp_path / "packed" / "README.md").read_text(encoding="utf-8")
    assert "`tts train kathleen/recipe.yaml --out k`" in card
    assert "* Speaks with post-filter cepstral at 0.4, F0 variance 0, vocoder world\n" in card
    assert "/home" not in card and str(tmp_path) not in card
    assert "Commit 375e9d7" in card
    assert "float16" in card
    scores = (trained / "README.md").read_text(encoding="utf-8").partition("## Scores")[2].strip()
    assert scores and scores.partition("Speak with")[0].strip() in card
    assert card.count("Speak with it") == 1


def test_a_card_without_its_training_names_no_place_of_this_machine_either(trained: Path, tmp_path: Path) -> None:
    shutil.rmtree(trained / "training")
    card = (trained / "README.md").read_text(encoding="utf-8")
    command = "tts train recipe.yaml -s stacked --prepared output/prepared --out output/stacked"
    assert f"`{command}`" in card
    (trained / "README.md").write_text(card.replace(command, "tts train recipe.yaml --prepared=/srv/anna/p"), encoding="utf-8")
    pack_voice(trained, tmp_path / "packed")
    packed = (tmp_path / "packed" / "README.md").read_text(encoding="utf-8")
    assert packed == card.replace(command, "tts train recipe.yaml --prepared=p")


def test_what_is_there_is_not_written_over(trained: Path, tmp_path: Path) -> None:
    (tmp_path / "packed").mkdir()
    (tmp_path / "packed" / "mine.txt").write_text("mine")
    with pytest.raises(UsageError, match="nothing is written over"):
        pack_voice(trained, tmp_path / "packed")
    assert {path.name for path in (tmp_path / "packed").iterdir()} == {"mine.txt"}


def test_weights_beyond_float16_are_refused_and_nothing_is_left(trained: Path, tmp_path: Path) -> None:
    change(trained, lambda tensor: tensor + 1e6)
    with pytest.raises(TtsError, match=r"beyond float16; pack the voice with --precision float32"):
        pack_voice(trained, tmp_path / "packed")
    assert {path.name for path in tmp_path.iterdir()} == {"trained"}


def test_a_voice_that_would_change_is_refused_and_nothing_is_left(
    trained: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tts.generation.packing._compare", lambda *_: Packed(tmp_path, 2, 1, 0.2, 0.0, 0.0, 0.0))
    with pytest.raises(TtsError, match=r"differ by 0.200 dB, more than 0.01 dB"):
        pack_voice(trained, tmp_path / "packed")
    assert {path.name for path in tmp_path.iterdir()} == {"trained"}


@pytest.mark.parametrize(
    ("differing", "said"),
    [
        ((np.nan, 0.0, 0.0, 0.0), "nan dB"),
        ((0.0, np.nan, 0.0, 0.0), "nan cents"),
        ((0.0, 80.0, 0.0, 0.0), "80.00 cents of F0"),
        ((0.0, 0.0, 0.2, 0.0), "voicing of 20.00 % of the frames"),
        ((0.0, 0.0, 0.0, 0.5), "50.00 % of the durations"),
    ],
)
def test_any_difference_beyond_its_bound_is_refused_and_so_is_nan(
    differing: tuple[float, ...], said: str, trained: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tts.generation.packing._compare", lambda *_: Packed(tmp_path, 2, 1, *differing))
    with pytest.raises(TtsError, match=f"it would differ by .*{said}"):
        pack_voice(trained, tmp_path / "packed")
    assert {path.name for path in tmp_path.iterdir()} == {"trained"}


def test_probe_sentences_are_the_same_every_time_and_of_the_voices_phones() -> None:
    inventory = read_config(OLD / "single").inventory
    sentences = probe_sentences(inventory, "en-us")
    assert sentences == probe_sentences(inventory, "en-us")
    spoken = {phone for sentence in sentences for phone in sentence.phones}
    assert spoken <= {*inventory.symbols}
    assert len(spoken) > 0.9 * len(inventory)


def test_the_verb(trained: Path, tmp_path: Path) -> None:
    said = tts("export", "voice", trained, "--out", tmp_path / "anna")
    assert "0.1 MB became 0.1 MB" in said
    assert "dB of mel-cepstral distortion" in said
    assert "fixture, system stacked" in tts("voices", tmp_path / "anna")
