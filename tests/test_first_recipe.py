"""A stranger's first recipe: eight lines, from recordings to speech, in folders of one's own."""

import json
from pathlib import Path

import pytest
import soundfile
import yaml
from command import tts
from speech import IDS, RATE, write_corpus

from tts.dataset.prepared import Prepared
from tts.recipe.document import FIRST

QUICK = ("--set", "training.steps=12", "--set", "duration.training.steps=10")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with recordings and, beside them, an eight-line recipe of them, prepared."""
    folder = tmp_path_factory.mktemp("first")
    write_corpus(folder / "recordings")
    (folder / "mine").mkdir()
    text = FIRST.replace("language: de", "language: en-us").replace("22050", str(RATE))
    assert len(text.splitlines()) == 8
    (folder / "mine" / "anna.yaml").write_text(text, encoding="utf-8")
    tts("prepare", folder / "mine" / "anna.yaml", "--out", folder / "prepared", "--workers", "0")
    return folder


@pytest.mark.slow
def test_its_splits_are_counted_out(folder: Path) -> None:
    prepared = Prepared(folder / "prepared")
    counts = {split: prepared.facts.splits[split].utterances for split in ("train", "validation", "test")}
    assert counts == {"train": len(IDS) - 4, "validation": 2, "test": 2}


@pytest.mark.slow
def test_what_was_filled_is_written_down_for_the_speech_there_is(folder: Path) -> None:
    stored = json.loads((folder / "prepared" / "prepared.json").read_text(encoding="utf-8"))["recipe"]
    assert 12.0 < Prepared(folder / "prepared").speech_seconds < 23.0
    assert 300 <= stored["training"]["steps"] <= 400
    assert stored["systems"]["single"]["training"]["steps"] == 2 * stored["training"]["steps"]
    assert stored["systems"]["stacked"]["stages"][0]["trunk"]["dropout"] == 0.3
    shown = tts("recipe", "show", folder / "mine" / "anna.yaml", "--prepared", folder / "prepared")
    assert yaml.safe_load(shown)["training"]["steps"] == stored["training"]["steps"]


@pytest.mark.slow
@pytest.mark.parametrize("system", ["single", "stacked"])
def test_it_trains_and_speaks(folder: Path, tmp_path: Path, system: str) -> None:
    recipe, voice = folder / "mine" / "anna.yaml", folder / system
    said = tts("train", recipe, "-s", system, "--prepared", folder / "prepared", "--out", voice, *QUICK)
    assert "validation MCD" in said
    run = json.loads((voice / "training" / "run.json").read_text(encoding="utf-8"))["recipe"]
    assert (run["training"]["steps"], run["training"]["weight_decay"]) == (12, 0.3)
    assert run["systems"]["single"]["training"]["steps"] == 24
    (tmp_path / "text.txt").write_text("Hello there.\n", encoding="utf-8")
    tts("speak", voice, tmp_path / "text.txt", "--output", tmp_path / "hello.wav", "--workers", "0")
    samples, rate = soundfile.read(tmp_path / "hello.wav")
    assert rate == RATE and 0.2 < len(samples) / rate < 10.0
