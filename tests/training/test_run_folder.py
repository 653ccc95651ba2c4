"""Whose a training folder is: finished work is recognised, a filter asks for no training, more steps go on from the last."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
import torch

from tts.core.errors import Diverged, TtsError, UsageError
from tts.core.files import read_json
from tts.core.tensors import load_tensors
from tts.dataset.prepared import Prepared
from tts.generation.config import read_config
from tts.generation.voice import load_voice
from tts.recipe import Recipe
from tts.training.identity import voice_identity
from tts.training.legacy import DEFAULTS, changed, legacy_identity
from tts.training.records import read_run
from tts.training.train import fastest_precision, train_voice

FIXTURE = Path(__file__).parent.parent / "fixtures" / "format-2"
SYSTEMS = ("single", "stacked")


def recipe(*, training: dict[str, Any] | None = None, **changes: Any) -> Recipe:
    """The recipe that version 0.1.0 recorded of the fixture's voices, with changes; no spoken samples."""
    data = read_json(FIXTURE / "single" / "training" / "run.json")["recipe"]
    data["training"] |= training or {}
    data["duration"]["training"] |= changes.pop("duration_training", {})
    return Recipe.model_validate(data | {"samples": []} | changes)


@pytest.fixture
def prepared() -> Prepared:
    return Prepared(FIXTURE / "prepared")


@pytest.mark.parametrize("system", SYSTEMS)
def test_a_voice_of_version_0_1_0_is_finished(prepared: Prepared, tmp_path: Path, system: str) -> None:
    """Its run.json is recognised by the digest that 0.1.0 wrote, and written anew; nothing is trained."""
    voice = tmp_path / system
    shutil.copytree(FIXTURE / system, voice)
    written = read_json(voice / "training" / "run.json")["identity"]
    assert legacy_identity(recipe(), prepared, system) == written
    weights = {path.name: path.read_bytes() for path in voice.glob("*.safetensors")}
    summary = train_voice(recipe(), prepared, system, voice, device="cpu")
    assert summary.to_dict() == read_json(FIXTURE / system / "training" / "summary.json")
    assert {path.name: path.read_bytes() for path in voice.glob("*.safetensors")} == weights
    run = read_run(voice / "training", prepared)
    assert run is not None
    assert run.identity == voice_identity(recipe(), prepared, system)
    assert run.precision is None  # which 0.1.0 did not record
    assert read_json(voice / "training" / "run.json")["format"] == 2
    assert train_voice(recipe(), prepared, system, voice, device="cpu") == summary


def test_other_data_and_settings_are_told_apart_in_both_formats(prepared: Prepared, tmp_path: Path) -> None:
    voice = tmp_path / "voice"
    shutil.copytree(FIXTURE / "single", voice)
    for _ in range(2):
        with pytest.raises(UsageError, match=r"training\.clip was 1\.0 and is 2\.0"):
            train_voice(recipe(training={"clip": 2.0}), prepared, "single", voice, device="cpu")
        with pytest.raises(UsageError, match="of the system single, not of stacked"):
            train_voice(recipe(), prepared, "stacked", voice, device="cpu")
        train_voice(recipe(), prepared, "single", voice, device="cpu")  # writes the record anew
    run = read_json(voice / "training" / "run.json")
    (voice / "training" / "run.json").write_text(json.dumps(run | {"data": "another"}), encoding="utf-8")
    with pytest.raises(UsageError, match="trained with other data"):
        train_voice(recipe(), prepared, "single", voice, device="cpu")


def test_a_changed_default_is_another_training() -> None:
    """What differs from 0.1.0's defaults is told by these, not by whatever the defaults are now."""
    part = recipe().training
    assert "clip" not in changed(part)
    assert changed(part.model_copy(update={"clip": 5.0}))["clip"] == 5.0
    assert changed(part) == {"steps": 40, "batch": 64, "validate_every": 20, "average": 0.9}
    assert DEFAULTS["TrainingPart"]["weight_decay"] == 0.0


@pytest.mark.parametrize(
    ("change", "same"),
    [
        ({"training": {"learning_rate": 0.01}}, False),
        ({"training": {"seed": 2}}, False),
        ({"training": {"precision": "float32"}}, False),
        ({"duration_training": {"learning_rate": 0.01}}, False),
        ({"duration_training": {"batch": 16}}, False),
        ({"training": {"steps": 80}}, True),
        ({"duration_training": {"steps": 80}}, True),
        ({"generation": {"strength": 0.1}}, True),
        ({"description": "other words"}, True),
    ],
)
def test_what_a_voice_is_trained_from(prepared: Prepared, change: dict[str, Any], same: bool) -> None:
    one, other = (voice_identity(which, prepared, "single") for which in (recipe(), recipe(**change)))
    assert (one.trained_from == other.trained_from) == same
    assert (one.whole == other.whole) == ("description" in change)


def test_a_filter_is_changed_without_training(prepared: Prepared, tmp_path: Path) -> None:
    voice = tmp_path / "voice"
    shutil.copytree(FIXTURE / "single", voice)
    changed_filter = recipe(generation={"post_filter": "none"})
    one, other = (voice_identity(which, prepared, "single") for which in (recipe(), changed_filter))
    assert one.trained_from == other.trained_from
    assert one.whole != other.whole
    before = (voice / "model.safetensors").read_bytes()
    train_voice(changed_filter, prepared, "single", voice, device="cpu")
    assert read_config(voice).generation.post_filter == "none"
    assert (voice / "model.safetensors").read_bytes() == before
    assert load_voice(voice, "cpu").generation.post_filter == "none"


def last(folder: Path) -> dict[str, torch.Tensor]:
    return load_tensors(folder / "training" / "stage1" / "last.safetensors")[0]


@pytest.mark.slow
@pytest.mark.parametrize("version", ["0.1.0", "now"])
def test_more_steps_go_on_as_a_longer_training_would_have(prepared: Prepared, tmp_path: Path, version: str) -> None:
    def settings(steps: int) -> Recipe:
        return recipe(training={"steps": steps, "decay": "none", "validate_every": 10})

    short = train_voice(settings(20), prepared, "single", tmp_path / "longer", device="cpu")
    if version == "0.1.0":
        written = {"identity": legacy_identity(settings(20), prepared, "single"), "system": "single"}
        written["recipe"] = settings(20).model_dump(mode="json")
        (tmp_path / "longer" / "training" / "run.json").write_text(json.dumps(written), encoding="utf-8")
    longer = train_voice(settings(40), prepared, "single", tmp_path / "longer", device="cpu")
    at_once = train_voice(settings(40), prepared, "single", tmp_path / "at once", device="cpu")
    assert (short.stages[0].steps, longer.stages[0].steps) == (20, 40)
    assert longer.stages == at_once.stages
    one, other = last(tmp_path / "longer"), last(tmp_path / "at once")
    assert one.keys() == other.keys()
    assert all(torch.equal(one[name], other[name]) for name in one)
    assert (tmp_path / "longer" / "model.safetensors").read_bytes() == (tmp_path / "at once" / "model.safetensors").read_bytes()
    with pytest.raises(UsageError, match=r"training\.steps was 40 and is 20: a training cannot be made shorter"):
        train_voice(settings(20), prepared, "single", tmp_path / "longer", device="cpu")


@pytest.mark.parametrize(
    ("system", "training", "said"),
    [
        ("single", {}, r"its learning rate falls to zero over training\.steps \(training\.decay is linear\)"),
        ("stacked", {"decay": "none"}, "later stages have learnt from the earlier ones"),
        ("single", {"decay": "none", "weighting": {"main_only_from": 0.5}}, "main_only_from is a share"),
    ],
)
def test_more_steps_are_refused_where_they_would_be_another_training(
    prepared: Prepared, tmp_path: Path, system: str, training: dict[str, Any], said: str
) -> None:
    def settings(steps: int) -> Recipe:
        return recipe(training={"steps": steps, "validate_every": 2, **training}, duration_training={"steps": 2})

    train_voice(settings(2), prepared, system, tmp_path / "voice", device="cpu")
    before = (tmp_path / "voice" / "model.safetensors").read_bytes()
    with pytest.raises(UsageError, match=said):
        train_voice(settings(4), prepared, system, tmp_path / "voice", device="cpu")
    assert (tmp_path / "voice" / "model.safetensors").read_bytes() == before


def test_a_run_keeps_the_precision_it_began_with(prepared: Prepared, tmp_path: Path) -> None:
    settings = recipe(training={"steps": 2, "validate_every": 2}, duration_training={"steps": 2})
    for precision in ("bfloat16", "float32"):  # the second as on another machine
        train_voice(settings, prepared, "single", tmp_path / "voice", device="cpu", precision=precision)
        run = read_run(tmp_path / "voice" / "training", prepared)
        assert run is not None and run.precision == "bfloat16"
        assert read_config(tmp_path / "voice").precision == "bfloat16"
        assert load_voice(tmp_path / "voice", "cpu").precision == "float32"  # as all processors speak
        for path in (tmp_path / "voice").glob("*.*"):
            path.unlink()  # the voice is to be written again, from its checkpoints
    facts = load_tensors(tmp_path / "voice" / "training" / "stage1" / "last.safetensors")[1]
    assert facts["settings"]["precision"] == "bfloat16"
    alone = recipe(training={"steps": 2, "validate_every": 2, "precision": "float32"}, duration_training={"steps": 2})
    train_voice(alone, prepared, "single", tmp_path / "asked", device="cpu", precision="bfloat16")
    assert read_config(tmp_path / "asked").precision == "float32"


def test_what_was_measured_is_kept_by_a_run_that_goes_on(
    prepared: Prepared, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    answers = iter(["bfloat16"])
    monkeypatch.setattr("tts.training.train.fastest_precision", lambda *_: next(answers))  # a second look would fail
    for steps in (2, 4):  # the second is longer: it goes on from the first
        settings = recipe(training={"steps": steps, "validate_every": 2, "decay": "none"}, duration_training={"steps": 2})
        train_voice(settings, prepared, "single", tmp_path / "voice", device="cpu")
        run = read_run(tmp_path / "voice" / "training", prepared)
        assert run is not None and run.precision == "bfloat16"
        assert read_config(tmp_path / "voice").precision == "bfloat16"


def test_nothing_is_measured_where_the_recipe_says_it(prepared: Prepared, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tts.training.train.stack_precision", lambda *_: "bfloat16")
    asked = recipe(training={"precision": "float32"}, duration_training={"precision": "float32"})
    assert fastest_precision(asked, prepared, "single", torch.device("cpu")) == "float32"
    assert fastest_precision(recipe(), prepared, "single", torch.device("cpu")) == "bfloat16"


def test_an_old_checkpoint_goes_on(prepared: Prepared, tmp_path: Path) -> None:
    """The voice is gone, its checkpoints of version 0.1.0 are complete: they make the same voice again."""
    voice = tmp_path / "voice"
    shutil.copytree(FIXTURE / "stacked", voice)
    for path in voice.glob("*.*"):
        path.unlink()
    (voice / "training" / "summary.json").unlink()
    train_voice(recipe(), prepared, "stacked", voice, device="cpu")
    for name in ("model.safetensors", "duration.safetensors"):
        assert (voice / name).read_bytes() == (FIXTURE / "stacked" / name).read_bytes()


def test_a_training_that_diverged_in_effect_is_an_error(prepared: Prepared, tmp_path: Path) -> None:
    settings = recipe(training={"learning_rate": 1e6, "clip": 1e9, "warmup": 0})
    for _ in range(2):  # and again on the same folder
        with pytest.raises(Diverged, match=r"stage1: training diverged: .* lower learning_rate") as caught:
            train_voice(settings, prepared, "single", tmp_path / "voice", device="cpu")
        assert caught.value.exit_code == 1
    assert not (tmp_path / "voice" / "config.json").exists()


@pytest.mark.parametrize("name", ["last.safetensors", "best.safetensors"])
def test_the_message_of_a_damaged_checkpoint_helps(prepared: Prepared, tmp_path: Path, name: str) -> None:
    voice = tmp_path / "voice"
    shutil.copytree(FIXTURE / "single", voice)
    (voice / "config.json").unlink()
    stage = voice / "training" / "stage1"
    (stage / name).write_bytes((stage / name).read_bytes()[:-100])
    named = stage / name if name.startswith("last") else stage
    with pytest.raises(TtsError, match=r"delete .* is trained again from step 0") as caught:
        train_voice(recipe(), prepared, "single", voice, device="cpu")
    assert str(stage / name) in str(caught.value)
    shutil.rmtree(named) if named.is_dir() else named.unlink()
    train_voice(recipe(), prepared, "single", voice, device="cpu")
    assert load_voice(voice, "cpu")
