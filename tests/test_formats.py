"""What version 0.1.0 left keeps working: its corpus is read, its voices speak and are scored, its trainings are known."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import soundfile
from command import tts, tts_json
from speech import FIXTURES, RATE, SPEECH

from tts.dataset.prepared import SPLITS, Prepared
from tts.generation.voice import load_voice

OLD = FIXTURES / "format-2"
SYSTEMS = ("single", "stacked")
SCORES = {  # by version 0.1.0 itself: tts evaluate at commit 375e9d7
    "single": {
        "mcd": 7.646645837922694,
        "bap": 0.2727088175139235,
        "f0_rmse": 34.74083612870947,
        "vuv_error": 50.604838709677416,
        "duration_rmse": 12.790044374038038,
        "gv_mcep": 0.026951001101318258,
        "modulation": 25.02499504637338,
    },
    "stacked": {
        "mcd": 7.5409434717641,
        "bap": 0.2656749553635627,
        "f0_rmse": 23.925913053576377,
        "vuv_error": 19.556451612903224,
        "duration_rmse": 12.790044374038038,
        "gv_mcep": 0.0011195506767757678,
        "modulation": 38.66478862775639,
    },
}

# What has changed on purpose since: processors speak in float32, where these voices spoke in bfloat16, and F0 is no longer bent
# at the ends of sentences (docs/prosody.md).
CHANGED = {
    "single": {
        "mcd": 7.647850463435094,
        "bap": 0.2726546044501897,
        "f0_rmse": 34.633196640370585,
        "gv_mcep": 0.026976337585911996,
    },
    "stacked": {"f0_rmse": 24.193694607883078, "gv_mcep": 0.0011192747935825575, "modulation": 38.672456841662154},
}


@pytest.fixture(scope="module")
def old(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of what version 0.1.0 left: a recipe, the prepared corpus and two voices with their training folders."""
    folder = Path(shutil.copytree(OLD, tmp_path_factory.mktemp("old") / "output"))
    facts = folder / "prepared" / "prepared.json"
    facts.write_text(facts.read_text(encoding="utf-8").replace("/corpora/speech", str(SPEECH)), encoding="utf-8")
    return folder


@pytest.mark.slow
def test_the_prepared_corpus_is_read_as_it_is(old: Path) -> None:
    prepared = Prepared(old / "prepared")
    written = json.loads((OLD / "prepared" / "splits.json").read_text(encoding="utf-8"))
    for split in SPLITS:
        packed = prepared.packed(split)
        assert list(packed.ids) == written[split]
        stored = np.load(OLD / "prepared" / "packed" / split / "mcep.npy")
        np.testing.assert_array_equal(np.concatenate([packed.utterance(n)["mcep"] for n in range(len(packed.ids))]), stored)
    assert prepared.grid.sample_rate == RATE
    assert prepared.fingerprint == json.loads((OLD / "prepared" / "prepared.json").read_text(encoding="utf-8"))["fingerprint"]


@pytest.mark.slow
@pytest.mark.parametrize("system", SYSTEMS)
def test_voices_speak(old: Path, tmp_path: Path, system: str) -> None:
    tts("speak", old / system, "--text", "I had faith in them.", "--output", tmp_path / "x.wav")
    samples, rate = soundfile.read(str(tmp_path / "x.wav"))
    assert rate == RATE
    assert 0.5 < len(samples) / rate < 5.0
    assert np.abs(samples).max() > 0.01


@pytest.mark.slow
@pytest.mark.parametrize("system", SYSTEMS)
def test_voices_are_scored(old: Path, tmp_path: Path, system: str) -> None:
    arguments = [
        "--prepared",
        old / "prepared",
        "--out",
        tmp_path / "evaluation",
        "--pictures",
        "0",
    ]
    result = tts_json("evaluate", old / system, *arguments)
    pooled = result["systems"][f"fixture {system}"]["pooled"]
    assert {name: pooled[name] for name in SCORES[system]} == pytest.approx(SCORES[system] | CHANGED[system], rel=1e-4)


@pytest.mark.slow
@pytest.mark.parametrize("system", SYSTEMS)
def test_a_finished_training_is_known_as_finished(old: Path, system: str) -> None:
    before = {path: path.read_bytes() for path in (old / system).glob("*.safetensors")}
    command = ["train", old / "recipe.yaml", "-s", system, "--prepared", old / "prepared", "--out", old / system]
    tts(*command)
    assert before == {path: path.read_bytes() for path in (old / system).glob("*.safetensors")}
    changed = tts(*command, "--set", "training.batch=32", code=2)
    assert "batch was 64 and is 32" in changed


@pytest.mark.slow
def test_new_training_on_the_old_corpus(old: Path, tmp_path: Path) -> None:
    tts("train", old / "recipe.yaml", "-s", "stacked", "--prepared", old / "prepared", "--out", tmp_path / "voice")
    voice, reference = load_voice(tmp_path / "voice", "cpu"), load_voice(old / "stacked", "cpu")
    shapes = [{name: tensor.shape for name, tensor in item.stack.state_dict().items()} for item in (voice, reference)]
    assert shapes[0] == shapes[1]
