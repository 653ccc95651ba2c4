"""Voices on disk: those of version 0.1.0 load and speak, a new one comes back as it was, and strangers' are not trusted."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

import tts.generation.voice
from tts.core.errors import TtsError, UsageError
from tts.core.files import file_digest, read_json
from tts.generation.card import voice_card
from tts.generation.config import FORMAT, VoiceConfig, parse_config, read_config, write_config
from tts.generation.requests import Request
from tts.generation.summary import read_summary
from tts.generation.synthesiser import Synthesiser, SynthesisSettings
from tts.generation.voice import Voice, load_voice, make_networks, save_voice
from tts.text.lexicon import read_lexicon
from tts.text.normalise import VERSION

OLD = Path(__file__).parents[1] / "fixtures" / "format-2"  # made by version 0.1.0: voices of format 1


def speak(voice: Voice, text: str = "She had your dark suit in greasy wash water all year.") -> np.ndarray:
    voice.precision = "float32"
    with Synthesiser(voice, SynthesisSettings(workers=0)) as synthesiser:
        (spoken,) = synthesiser.speak([Request("a", text)])
    assert spoken.error is None
    return spoken.signal


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """Return a writable copy of the old stacked voice."""
    return Path(shutil.copytree(OLD / "stacked", tmp_path / "voice"))


@pytest.mark.slow
@pytest.mark.parametrize("name", ["single", "stacked"])
def test_a_voice_of_version_0_1_0_loads_and_speaks(name: str) -> None:
    voice = load_voice(OLD / name, "cpu")
    assert voice.label == f"fixture {name}"
    assert voice.config.text.language == "en-us"
    assert voice.speakers == ("kathleen",)
    signal = speak(voice)
    assert len(signal) > voice.grid.sample_rate
    assert np.abs(signal).max() > 1e-3


def test_an_old_voice_keeps_its_vocoder_and_another_is_stored(copy: Path) -> None:
    config = read_config(copy)
    assert (config.generation.vocoder, config.generation.f0_variance) == ("world", 0.0)
    changed = config.model_copy(update={"generation": config.generation.model_copy(update={"vocoder": "source_filter"})})
    write_config(copy, changed)
    assert read_config(copy).generation.vocoder == "source_filter"


@pytest.mark.parametrize("name", ["single", "stacked"])
def test_the_card_of_an_old_voice_is_what_it_was(name: str) -> None:
    card = voice_card(read_config(OLD / name), read_summary(OLD / name / "training"))
    old = (OLD / name / "README.md").read_text(encoding="utf-8")
    head, _, rest = old.partition("\n## Scores")
    assert card.startswith(head.rstrip() if rest else old)


def test_a_voice_comes_back_as_it_was_written_in_the_new_format(copy: Path, tmp_path: Path) -> None:
    old = load_voice(copy, "cpu")
    save_voice(tmp_path / "new", old, "# Card\n")
    stored = read_json(tmp_path / "new" / "config.json")
    assert stored["format"] == FORMAT == 2
    new = load_voice(tmp_path / "new", "cpu")
    assert new.config == old.config.model_copy(update={"files": new.config.files})
    np.testing.assert_array_equal(speak(new), speak(old))


def test_what_a_voice_was_begun_from_is_read_from_the_old_format() -> None:
    base = {
        "from": "a b",
        "how": "init_from",
        "speaker": "s",
        "corpus": "c",
        "licence": "CC0-1.0",
        "model": "0123456789abcdef",
        "settings": {"freeze": ["trunk"]},
        "tensors": {"copied": 3},
        "inputs": {"new": ["C:is_p"]},
        "differences": [],
    }
    stored = {**read_json(OLD / "single" / "config.json"), "transfer": {**base, "from": "d e", "base": {**base, "base": None}}}
    config = parse_config(stored, OLD)
    assert [origin.origin for origin in config.lineage] == ["d e", "a b"]
    assert config.transfer is not None
    assert config.transfer.frozen == ("trunk",)
    again = {"kind": stored["kind"], "format": FORMAT, **config.model_dump(mode="json")}
    assert parse_config(json.loads(json.dumps(again)), OLD) == config
    card = voice_card(config, read_summary(OLD / "single" / "training"))
    assert "* This voice was initialised from d e (speaker s, corpus c, licence CC0-1.0, model 0123456789abcdef)" in card
    assert "* That one was initialised from a b" in card


def test_voices_of_several_speakers_in_the_old_format() -> None:
    stored = read_json(OLD / "single" / "config.json")
    silence = stored["silence"]
    stored["speakers"] = {"use": "code", "names": ["a", "b"], "silences": [silence, silence]}
    config = parse_config(stored, OLD)
    assert config.speakers is not None
    assert (config.speaker_names, config.speakers.duration) == (("a", "b"), "code")


def test_a_finished_voice_takes_a_lexicon_too(tmp_path: Path) -> None:
    (tmp_path / "words.txt").write_text("gif  dʒˈɪf\nSQL = sequel\n", encoding="utf-8")
    voice = load_voice(OLD / "single", "cpu")
    before = voice.engine.sentence("The gif.").words[1].syllables
    voice.add_lexicon(read_lexicon(tmp_path / "words.txt"))
    sentence = voice.engine.sentence("The gif of SQL.")
    assert sentence.words[1].syllables[0].phones == ("d͡ʒ", "ɪ", "f")
    assert sentence.words[1].syllables != before
    assert sentence.words[3].text == "sequel"


def test_features_constant_in_training_are_held_when_speaking() -> None:
    """A column that never varied has weights that mean nothing: whatever the text asks, the network gets the old value."""
    voice = load_voice(OLD / "single", "cpu")
    voice.precision = "float32"
    column, value = next(iter(voice.config.constant_features.items()))
    sentence = voice.known([voice.engine.sentence("One, two, three! Are there five? Yes.")])[0]
    varied = [n for n in voice.config.constant_features if (voice.features.vectors(sentence)[:, n] != value).any()]
    assert varied, "the sentence must ask for what the training texts never asked"
    with torch.no_grad():  # were the column read, these weights would change everything
        for stage, layer in ((voice.stack.stages[0], "trunk.layers.0.weight"), (voice.duration, "trunk.layers.0.weight")):
            weight = stage.get_parameter(layer)
            before = weight.clone()
            assert weight.shape[1] > column
            durations = voice.durations([sentence])[0]
            frames = np.maximum(np.rint(durations), 1).astype(np.int32)
            acoustics = voice.acoustics([sentence], [frames])[0]["mcep"]
            weight[:, varied] += 10.0
            held = [voice.config.constant_features[n] for n in varied]
            assert held == [0.0] * len(varied)  # so that the weights multiply nothing
            np.testing.assert_array_equal(voice.durations([sentence])[0], durations)
            np.testing.assert_array_equal(voice.acoustics([sentence], [frames])[0]["mcep"], acoustics)
            weight.copy_(before)


def hostile(folder: Path, change: Callable[[dict[str, Any]], object]) -> str:
    """Change a voice's configuration; return the message with which it is refused."""
    path = folder / "config.json"
    config = read_json(path)
    change(config)
    path.write_text(json.dumps(config), encoding="utf-8")
    with pytest.raises(TtsError) as caught:
        load_voice(folder, "cpu")
    assert str(path) in str(caught.value) or str(folder) in str(caught.value)
    return str(caught.value)


def put(*steps: str | int) -> Callable[[Any], Callable[[dict[str, Any]], None]]:
    """Return what makes a change that sets the value at a place of nested data."""

    def of(value: Any) -> Callable[[dict[str, Any]], None]:
        def change(config: dict[str, Any]) -> None:
            target: Any = config
            for step in steps[:-1]:
                target = target[step]
            target[steps[-1]] = value

        return change

    return of


TRUNK = ("stages", 0, "trunk")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (put(*TRUNK, "layers")([10**12]), "stages.0.trunk.layers.0: Input should be less than or equal to 8192"),
        (put(*TRUNK, "layers")([8] * 10**5), "stages.0.trunk.layers: Tuple should have at most 64 items"),
        (put(*TRUNK, "layers")([2048] * 8), "do not fit"),
        (put("stages", 0, "sharing")({"kind": "mmoe", "experts": 10**9}), "experts: Input should be less than or equal to 64"),
        (put("stages", 0, "sharing")({"kind": "cross_stitch"}), "do not fit"),
        (put("stages", 0, "context")(10**9), "stages.0.context: Input should be less than or equal to 500"),
        (put("stages", 0, "tasks", "mcep", "private")([10**12]), "private.0: Input should be less than or equal to 8192"),
        (put("stages")([]), "stages"),
        (put("states")(10**9), "states"),
        (put("states")(4), "silence: expected 4"),
        (put("streams", 0, "dimension")(10**9), "mcep is wider"),
        (put("streams")([1, 2]), "streams"),
        (put("streams", 2, "kind")("continuous"), "vuv is not as a vocoder needs it"),
        (put("constant_features")({"1000000": 1.0}), "there is no column 1000000"),
        (put("constant_features")({"1": float("nan")}), "constant_features"),
        (put("silence")([[1e9] * 5, [1.0] * 5]), "silence"),
        (put("text")("x"), "text"),
        (put("text", "engine")("os.system"), "engine"),
        (put("text", "language")("en\x1b[2J"), "language"),
        (put("recipe")("a\x1b[31mred"), "control characters"),
        (put("speakers")([1]), "config.json"),
        (put("inventory", "symbols")(["not a phone"]), "config.json"),
        (put("features", "fingerprint")("0" * 16), "cannot be remade"),
        (put("grid", "shift_ms")("a"), "shift_ms"),
        (put("grid", "sample_rate")(10**9), "sample_rate"),
        (put("files", "../../../etc/passwd")("0" * 64), "is no file of a voice"),
        (put("files", "model.safetensors")("x"), "files"),
        (put("format")(99), "update the package"),
        (put("format")("1"), "update the package"),
        (lambda config: config.pop("files"), "files: model.safetensors is not in it"),
        (lambda config: config["files"].pop("statistics.safetensors"), "files: statistics.safetensors is not in it"),
        (lambda config: config["stages"][-1]["tasks"].pop("mcep"), "does not predict mcep"),
        (lambda config: config.pop("corpus"), "corpus"),
        (lambda config: config.pop("generation"), "generation"),
    ],
)
def test_a_hostile_configuration_is_refused_in_a_sentence(
    copy: Path, change: Callable[[dict[str, Any]], None], message: str
) -> None:
    assert message in hostile(copy, change)


def test_a_network_larger_than_its_file_is_refused_before_it_is_made(copy: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[str] = []

    def make(config: VoiceConfig) -> tuple[Any, Any]:
        networks = make_networks(config)
        made.extend({parameter.device.type for network in networks for parameter in network.parameters()})
        return networks

    monkeypatch.setattr(tts.generation.voice, "make_networks", make)
    assert "do not fit" in hostile(copy, put(*TRUNK, "layers")([2048] * 8))
    assert made == ["meta"]


def test_a_configuration_nested_without_end_is_refused(copy: Path) -> None:
    (copy / "config.json").write_text('{"a":' * 100_000 + "1" + "}" * 100_000)
    with pytest.raises(TtsError, match=r"config\.json"):
        load_voice(copy, "cpu")


def test_changed_and_foreign_files_are_refused(copy: Path) -> None:
    (copy / "lexicon.txt").write_text("gif  d͡ʒ ˈɪ f\n", encoding="utf-8")
    with pytest.raises(TtsError, match=r"lexicon\.txt: is no part of this voice"):
        load_voice(copy, "cpu")
    (copy / "lexicon.txt").unlink()
    with (copy / "model.safetensors").open("ab") as stream:
        stream.write(b"\0")
    with pytest.raises(TtsError, match="damaged or changed"):
        load_voice(copy, "cpu")


def test_statistics_of_other_streams_are_refused(copy: Path) -> None:
    from safetensors.numpy import load_file, save_file

    path = copy / "statistics.safetensors"
    arrays = load_file(str(path))
    arrays["mcep.mean"] = arrays["mcep.mean"][:-1].copy()
    save_file(arrays, str(path))
    digest = file_digest(path)
    assert "the statistics of mcep" in hostile(copy, put("files", path.name)(digest))


def test_no_voice_at_all(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="there is no such folder"):
        load_voice(tmp_path / "none")
    (tmp_path / "empty" / "training").mkdir(parents=True)
    with pytest.raises(UsageError, match="training has not finished"):
        load_voice(tmp_path / "empty")
    (tmp_path / "config.json").write_text("{}")
    with pytest.raises(UsageError, match="not the configuration of a voice"):
        load_voice(tmp_path)


def test_a_configuration_cannot_be_changed() -> None:
    config = read_config(OLD / "single")
    assert isinstance(config, VoiceConfig)
    with pytest.raises(Exception, match="frozen"):
        config.states = 3  # type: ignore[misc]


def test_an_old_voice_says_that_its_texts_were_read_otherwise(copy: Path, caplog: pytest.LogCaptureFixture) -> None:
    voice = load_voice(copy, "cpu")
    assert voice.earlier_reading == f"made with an earlier reading of signs and numbers (1, now {VERSION})"
    identity = {**voice.config.text.identity, "normalisation": VERSION}
    voice.config = voice.config.model_copy(update={"text": voice.config.text.model_copy(update={"identity": identity})})
    assert not voice.earlier_reading
    assert not caplog.records
