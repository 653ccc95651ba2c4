"""Voices by numpy say what they say by torch, are refused alike, and load without torch."""

import itertools
import subprocess
import sys
import tracemalloc
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from tts.core.errors import TtsError
from tts.core.files import file_digest
from tts.core.stream import Stream
from tts.core.tensors import load_tensors, save_tensors
from tts.generation import speaking
from tts.generation.base_voice import linguistic_width, network_speakers, read_statistics
from tts.generation.config import SpeakersConfig, read_config, write_config
from tts.generation.durations import whole_durations
from tts.generation.plain_voice import PlainVoice, duration_part
from tts.generation.requests import Request
from tts.generation.speaking import load_speaker
from tts.generation.synthesiser import Synthesiser
from tts.generation.voice import Voice, load_voice, make_networks, save_voice
from tts.network.layout import speaking_parts
from tts.network.shapes import stack_shapes
from tts.recipe import StagePart

OLD = Path(__file__).parents[1] / "fixtures" / "format-2"
SHIPPED = Path(__file__).parents[2] / "voices" / "kathleen"
TEXTS = ("Hello.", "She had your dark suit in greasy wash water all year, and nobody knew.")


@pytest.mark.parametrize("name", ["single", "stacked"])
def test_a_voice_by_numpy_predicts_what_it_does_by_torch(name: str) -> None:
    torch_voice, plain = load_voice(OLD / name, "cpu"), load_speaker(OLD / name, "cpu")
    assert isinstance(plain, PlainVoice) and plain.label == torch_voice.label and plain.editor is None
    sentences = [torch_voice.engine.sentence(text) for text in TEXTS]
    expected = torch_voice.durations(sentences)
    for a, b in zip(plain.durations(sentences), expected, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-4)
    durations = [whole_durations(frames) for frames in expected]
    pairs = zip(plain.acoustics(sentences, durations), torch_voice.acoustics(sentences, durations), strict=True)
    for ours, theirs in pairs:
        assert {*ours} == {*theirs}
        for stream, values in theirs.items():
            np.testing.assert_allclose(ours[stream], values, rtol=1e-4, atol=1e-4 * np.abs(values).max())
    with pytest.raises(TtsError, match="no hidden layer"):
        plain.acoustics(sentences, durations, hidden=True)


def test_what_is_spoken_beside_a_sentence_changes_no_bit_of_it() -> None:
    voice = load_speaker(SHIPPED, "cpu")
    sentences = [voice.engine.sentence(text) for text in (*TEXTS, "No.")]
    durations = voice.durations(sentences)
    together = voice.acoustics(sentences, [whole_durations(frames) for frames in durations])
    for sentence, frames, streams in zip(sentences, durations, together, strict=True):
        np.testing.assert_array_equal(voice.durations([sentence])[0], frames)
        alone = voice.acoustics([sentence], [whole_durations(frames)])[0]
        for name, values in streams.items():
            np.testing.assert_array_equal(alone[name], values)


def test_the_sound_is_the_same() -> None:
    signals = []
    for voice in (load_voice(OLD / "stacked", "cpu"), load_speaker(OLD / "stacked", "cpu")):
        with Synthesiser(voice) as synthesiser:
            (spoken,) = synthesiser.speak([Request("a", TEXTS[1])])
        signals.append(spoken.signal.astype(np.float64))
    difference = np.sqrt(np.mean((signals[0] - signals[1]) ** 2) / np.mean(signals[0] ** 2))
    assert 20 * np.log10(difference) < -60.0


def test_damage_is_told_as_by_torch(tmp_path: Path) -> None:
    save_voice(tmp_path / "voice", load_voice(OLD / "single", "cpu"), "# Card\n")
    path, config = tmp_path / "voice" / "model.safetensors", read_config(tmp_path / "voice")
    tensors, facts = load_tensors(path)
    name = "stages.0.trunk.layers.0.weight"
    for change, match in (({name: tensors[name][:, 1:]}, f"{name} is "), ({"other": tensors[name]}, "other is not wanted")):
        save_tensors(path, {**tensors, **change}, facts)
        with pytest.raises(TtsError, match="damaged or changed"):
            load_speaker(tmp_path / "voice", "cpu")
        write_config(tmp_path / "voice", config.model_copy(update={"files": {**config.files, path.name: file_digest(path)}}))
        with pytest.raises(TtsError, match=match) as ours:
            load_speaker(tmp_path / "voice", "cpu")
        with pytest.raises(TtsError, match=match) as theirs:
            load_voice(tmp_path / "voice", "cpu")
        assert str(ours.value) == str(theirs.value)
        write_config(tmp_path / "voice", config)


def test_weights_of_half_the_bits_are_read(tmp_path: Path) -> None:
    save_voice(tmp_path / "voice", load_voice(OLD / "single", "cpu"), "# Card\n")
    path, config = tmp_path / "voice" / "model.safetensors", read_config(tmp_path / "voice")
    save_tensors(path, {name: tensor.to(torch.float16) for name, tensor in load_tensors(path)[0].items()}, {})
    write_config(tmp_path / "voice", config.model_copy(update={"files": {**config.files, path.name: file_digest(path)}}))
    voice = load_speaker(tmp_path / "voice", "cpu")
    assert voice.durations([voice.engine.sentence("Hello.")])[0].dtype == np.float64


@pytest.mark.parametrize("use", ["code", "heads", "code_and_heads"])
def test_speakers_share_the_networks(use: str) -> None:
    """A voice that has spoken as thirty speakers is as large as one that has spoken as two."""
    single, count = read_config(OLD / "single"), 30
    names, silences = [f"s{n}" for n in range(count)], [single.silence] * count
    facts = {"use": use, "duration": "code_and_heads", "names": names, "silences": silences}
    config = single.model_copy(update={"speakers": SpeakersConfig.model_validate(facts)})
    of_stack, of_durations = network_speakers(config)
    segment, frame = linguistic_width(config)
    widths = {**{stream.name: stream.width for stream in config.streams}, "duration": config.states}
    draw = np.random.default_rng(0)
    stack, duration = (
        {name: draw.normal(0.0, 0.1, shape).astype(np.float32) for name, shape in shapes.items()}
        for shapes in (
            stack_shapes(frame, speaking_parts(config.stages), widths, of_stack),
            stack_shapes(segment, [duration_part(config)], widths, of_durations),
        )
    )
    sentences = [load_speaker(OLD / "single", "cpu").engine.sentence(TEXTS[0])]
    statistics = read_statistics(OLD / "single" / "statistics.safetensors", single)
    tracemalloc.start()
    try:
        voice = PlainVoice(config, stack, {n.removeprefix("stages.0."): a for n, a in duration.items()}, statistics)

        def spoken(speaker: int) -> np.ndarray:
            durations = [whole_durations(frames) for frames in voice.durations(sentences, [speaker])]
            return voice.acoustics(sentences, durations, [speaker])[0]["mcep"]

        assert not np.array_equal(spoken(0), spoken(1))
        before = tracemalloc.get_traced_memory()[0]
        for speaker in range(2, count):
            spoken(speaker)
        grown = tracemalloc.get_traced_memory()[0] - before
    finally:
        tracemalloc.stop()
    assert grown < 3 * sum(array.nbytes for array in stack.values())  # of 28 speakers


def test_every_speaker_and_the_prosody_of_phones_are_those_of_torch() -> None:
    """Speakers' own means, silences, codes and heads; two tasks of prosody, not in the order of their names."""
    single, speaker = read_config(OLD / "single"), 2
    silences = [np.asarray(single.silence) + 3.0 * number for number in range(3)]
    facts = {"use": "code_and_heads", "duration": "code_and_heads", "names": ["x", "y", "z"], "silences": silences}
    prosody = ("phone_f0", "phone_energy")
    config = single.model_copy(
        update={
            "speakers": SpeakersConfig.model_validate(facts),
            "prosody": prosody,
            "streams": (*single.streams, *(Stream(name, 1) for name in prosody)),
            "duration": StagePart.model_validate(
                {**single.duration.model_dump(), "tasks": dict.fromkeys(("duration", *prosody), 1)}
            ),
        }
    )
    torch.manual_seed(3)
    stack, duration = make_networks(config)
    statistics = {
        name: replace(own, speaker_means=np.stack([own.mean + shift for shift in range(3)]))
        for name, own in read_statistics(OLD / "single" / "statistics.safetensors", single).items()
    }
    by_torch = Voice(config, stack, duration, statistics, torch.device("cpu"))
    weights = (
        {k: v.numpy() for k, v in each.items()} for each in (stack.speaking(), duration.speaking(("duration", *prosody)))
    )
    plain = PlainVoice(config, *weights, statistics)
    sentences = [load_speaker(OLD / "single", "cpu").engine.sentence(text) for text in TEXTS]
    spoken = []
    for voice in (plain, by_torch):
        frames = voice.durations(sentences, [speaker, 1])
        np.testing.assert_array_equal(frames[0][[0, -1]], silences[speaker])
        acoustics = voice.acoustics(sentences, [np.full(each.shape, 2) for each in frames], [speaker, 1])
        spoken.append([frames, [[streams[name] for name in sorted(streams)] for streams in acoustics]])
    for ours, theirs in zip(*(itertools.chain(frames, *streams) for frames, streams in spoken), strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-4, atol=1e-4 * np.abs(theirs).max())
    first = plain.acoustics(sentences[:1], [np.full((len(sentences[0].segments), config.states), 2)], [0])[0]
    assert np.abs(first["mcep"] - spoken[0][1][0][sorted(first).index("mcep")]).mean() > 0.3


@pytest.mark.parametrize("bias", [1e4, 1e9, 1e30])
def test_durations_that_no_speech_has_are_refused(bias: float, tmp_path: Path) -> None:
    save_voice(tmp_path / "voice", load_voice(OLD / "single", "cpu"), "# Card\n")
    path, config = tmp_path / "voice" / "duration.safetensors", read_config(tmp_path / "voice")
    tensors, facts = load_tensors(path)
    name = "heads.duration.output.bias"
    save_tensors(path, {**tensors, name: torch.full_like(tensors[name], bias)}, facts)
    write_config(tmp_path / "voice", config.model_copy(update={"files": {**config.files, path.name: file_digest(path)}}))
    for load in (load_speaker, load_voice):
        voice = load(tmp_path / "voice", "cpu")
        with pytest.raises(TtsError, match="no more than 1,000 are spoken; the voice is damaged"):
            voice.durations([voice.engine.sentence("Hello.")])


def test_a_gpu_is_left_to_torch(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setattr(speaking, "_GPU_FILES", (str(tmp_path / "gpu"),))
    assert isinstance(load_speaker(OLD / "single"), PlainVoice)
    (tmp_path / "gpu").touch()
    assert isinstance(load_speaker(OLD / "single"), Voice)
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
    assert isinstance(load_speaker(OLD / "single"), PlainVoice)


def test_speaking_imports_neither_torch_nor_what_records_need(tmp_path: Path) -> None:
    code = (
        "import sys; from tts.cli.main import main\n"
        f"sys.argv = ['tts', 'speak', {str(OLD / 'single')!r}, '--device', 'cpu', '--text', 'Hello.', "
        f"'--output', {str(tmp_path / 'a.wav')!r}]\n"
        "try: main()\nexcept SystemExit as stop: assert not stop.code, stop.code\n"
        "slow = 'torch', 'scipy.signal', 'lhotse', 'librosa', 'tts.training', 'dateparser.date'\n"
        "print([name for name in slow if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"
    assert (tmp_path / "a.wav").stat().st_size > 10_000


def test_words_beside_a_long_break_are_as_loud_as_beside_a_comma() -> None:
    with Synthesiser(load_speaker(SHIPPED)) as synthesiser:
        requests = [
            Request("wait", f"<speak>{text}</speak>", ssml=True) for text in ("Wait, now.", "Wait<break time='1s'/>now.")
        ]
        comma, broken = (float(np.sqrt((spoken.signal**2).sum())) for spoken in synthesiser.speak(requests))
    assert 0.7 < broken / comma < 1.4  # all of the sound is in the words
