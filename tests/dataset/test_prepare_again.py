"""Preparing into a folder once more: what is replaced is told, and what failed leaves no trace."""

from __future__ import annotations

from pathlib import Path

import pytest
from command import tts
from speech import IDS, write_corpus

pytestmark = pytest.mark.slow


def test_other_settings_are_told_before_they_replace_what_is_there(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    corpus, out = write_corpus(tmp_path / "corpus", IDS[:6]), tmp_path / "prepared"
    recipe = tmp_path / "recipe.yaml"
    recipe.write_text(
        "name: again\ncorpus: {speaker: kathleen, licence: CC0-1.0}\nframes: {sample_rate: 16000}\n"
        "split: {test: {count: 1}, validation: {count: 1}}\nalignment: {train_on: all, leave_out: false}\n"
    )
    command = ("prepare", recipe, "--corpus-root", corpus, "--out", out)
    tts(*command)
    tts(*command)
    assert "has changed" not in caplog.text
    tts(*command, "--set", "frames.mcep_order=20")
    assert "the recipe has changed (frames), so what was prepared here is replaced" in caplog.text


def test_a_corpus_that_is_not_there_leaves_nothing(tmp_path: Path) -> None:
    out = tmp_path / "prepared"
    tts("prepare", "kathleen", "--corpus-root", tmp_path / "none", "--out", out, code=2)
    assert not out.exists() or not [path for path in out.iterdir() if not path.name.startswith(".")]
