"""What the doctor sees in sound and in broken folders, and on a machine that lacks something."""

from __future__ import annotations

import json
import shutil
import tomllib
from importlib import metadata
from pathlib import Path
from types import SimpleNamespace

import pytest
from command import tts
from speech import FIXTURES, IDS, write_corpus

from tts.cli import doctor_checks
from tts.cli.doctor_checks import check_folder, check_machine
from tts.core.memory import usable_cores

VOICE, PREPARED = FIXTURES / "format-2" / "single", FIXTURES / "format-2" / "prepared"


def states(folder: Path) -> dict[str, str]:
    return {check.name: check.state for check in check_folder(folder)}


def test_this_machine_is_sound(tmp_path: Path) -> None:
    checks = {check.name: check for check in check_machine(tmp_path)}
    assert not [check for check in checks.values() if check.state == "wrong"]
    assert " 120.0 Hz" in checks["analysis"].message and f"{usable_cores()} cores" in checks["torch"].message
    assert checks["text"].message.endswith("sil h ɛ l oʊ sil")


def test_what_is_missing_has_its_command(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    present = metadata.version

    def version(name: str) -> str:
        if name == "soxr":
            raise metadata.PackageNotFoundError(name)
        return present(name)

    monkeypatch.setattr(doctor_checks.metadata, "version", version)
    (wrong,) = [check for check in check_machine(tmp_path) if check.state == "wrong"]
    assert (wrong.message, wrong.mend) == ("missing: soxr", "pip install soxr")
    monkeypatch.undo()
    monkeypatch.setattr(doctor_checks, "LEAST_DISK", 1e18)
    (full,) = [check for check in check_machine(tmp_path) if check.name == "disk"]
    assert full.state == "note" and "--out" in full.mend


def test_extras_are_all_that_a_user_may_want(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Every extra of the project but the developer's, there or not."""
    project = tomllib.loads((FIXTURES.parents[1] / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    needs = [f"x; extra == '{extra}'" for extra in project["optional-dependencies"]]
    monkeypatch.setattr(doctor_checks.metadata, "metadata", lambda name: SimpleNamespace(get_all=lambda key: needs))
    (absent,) = [check for check in check_machine(tmp_path) if check.name == "extras"]
    named = absent.message.removeprefix("not installed: ").split(", ")
    assert {"demo", "judges", "de"} <= set(named) == set(project["optional-dependencies"]) - {"dev"}


def test_a_voice_speaks_and_a_damaged_one_does_not(tmp_path: Path) -> None:
    voice = tmp_path / "voice"
    shutil.copytree(VOICE, voice)
    assert states(voice) == {"voice": "ok", "speaking": "ok"}
    weights = next(voice.glob("*.safetensors"))
    weights.write_bytes(weights.read_bytes()[:-1])
    assert states(voice) == {"voice": "wrong"}


def test_a_preparation_whose_recordings_or_arrays_are_gone(tmp_path: Path) -> None:
    assert states(PREPARED)["prepared"] == "ok"
    prepared = tmp_path / "prepared"
    shutil.copytree(PREPARED, prepared)
    (prepared / "prepared.json").write_text("{}")
    assert states(prepared) == {"prepared": "wrong"}


def test_recipes_and_what_is_nothing(tmp_path: Path) -> None:
    recipe = tmp_path / "recipe.yaml"
    recipe.write_text("name: x\ncorpus: {root: here, speaker: a, licence: CC0-1.0}\nframes: {sample_rate: 16000}\n")
    assert states(recipe) == {"recipe": "ok", "corpus": "wrong", "language": "ok"}
    (tmp_path / "here").mkdir()
    assert states(recipe)["corpus"] == "wrong", "there is nothing in it"
    write_corpus(tmp_path / "here" / "corpus", IDS[:3])
    recipe.write_text(recipe.read_text().replace("root: here", "root: here/corpus"))
    assert states(recipe)["corpus"] == "ok"
    with (tmp_path / "here" / "corpus" / "metadata.csv").open("a") as stream:
        stream.write("none|There is no recording of this.\n")
    (remarked,) = [check for check in check_folder(recipe) if check.name == "corpus"]
    assert remarked.state == "note" and "3 utterances are listed; 1 remarks" in remarked.message
    (seen,) = check_folder(tmp_path / "here" / "corpus")
    assert seen.name == "corpus" and seen.mend.startswith("tts new")
    recipe.write_text("nam: x\n")
    assert states(recipe) == {"recipe": "wrong"}
    assert states(tmp_path / "none") == {"folder": "wrong"}
    (tmp_path / "empty").mkdir()
    assert states(tmp_path / "empty") == {"corpus": "wrong"}
    (tmp_path / "voice" / "training").mkdir(parents=True)
    (unfinished,) = check_folder(tmp_path / "voice")
    assert "run the same tts train again" in unfinished.mend


def test_command(tmp_path: Path) -> None:
    printed = tts("doctor", VOICE)
    assert "nothing is wrong" in printed and "ok    speaking" in printed
    data = json.loads(tts("doctor", tmp_path / "none", "--json", code=1))
    assert data[str(tmp_path / "none")][0]["state"] == "wrong"
