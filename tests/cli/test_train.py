"""``tts train`` on finished voices: of this version and of 0.1.0."""

import shutil
from pathlib import Path

from command import tts

FIXTURE = Path(__file__).parent.parent / "fixtures" / "format-2"


def test_a_voice_of_version_0_1_0_is_finished_with_its_recipe(tmp_path: Path) -> None:
    shutil.copytree(FIXTURE, tmp_path / "old")
    folder = tmp_path / "old"
    command = ["train", folder / "recipe.yaml", "--prepared", folder / "prepared"]
    for system in ("single", "stacked"):
        printed = tts(*command, "-s", system, "--out", folder / system)
        assert f"voice: {folder / system}, finished before: nothing was trained" in printed
    printed = tts(*command, "-s", "single", "--out", folder / "stacked", code=2)
    assert "stacked: holds a voice of the system stacked, not of single" in printed
    printed = tts(*command, "-s", "single", "--out", folder / "single", "--set", "training.steps=80", code=2)
    assert "training.steps was 40 and is 80: its learning rate falls to zero" in printed
    printed = tts(*command, "-s", "single", "--out", folder / "single", "--set", "generation.post_filter=none")
    assert "finished before: nothing was trained" in printed


def test_a_training_that_diverges_fails_with_the_word_that_helps(tmp_path: Path) -> None:
    changes = ["--set", "training.learning_rate=1e6", "--set", "training.warmup=0"]
    command = ["train", FIXTURE / "recipe.yaml", "--prepared", FIXTURE / "prepared", "-s", "single", *changes]
    printed = tts(*command, "--out", tmp_path / "voice", code=1)
    assert "diverged" in printed
    assert "lower learning_rate" in printed
    assert not (tmp_path / "voice" / "config.json").exists()
