"""What the demo asks for: whose voice it is, and what differs where another one speaks."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from command import tts

import tts.cli.demo_run as tts_run
from tts.cli.demo_run import ESPEAK, SHORT, WHOSE
from tts.recipe import load_recipe


def test_the_recipe_says_whose_synthetic_voice_it_is() -> None:
    recipe = load_recipe("demo")
    assert (recipe.corpus.format, recipe.corpus.speaker, recipe.corpus.licence) == ("hibari-demo", "hibari", "Apache-2.0")
    assert "no person's" in recipe.corpus.source and "Kokoro-82M" in recipe.corpus.source
    assert recipe.frames.sample_rate == 24_000


def test_espeak_ng_speaks_under_its_own_licence_and_rate() -> None:
    recipe = load_recipe("demo", [*ESPEAK, *SHORT])
    assert (recipe.corpus.format, recipe.corpus.speaker) == ("espeak-demo", "espeak-ng")
    assert recipe.corpus.licence == "GPL-3.0-or-later"
    assert recipe.frames.sample_rate == 22_050
    assert recipe.corpus.select.limit == 48


@pytest.mark.parametrize(
    ("options", "folder"),
    [([], "demo"), (["--speaker", "espeak-ng"], "demo-espeak-ng"), (["--speaker", "espeak-ng", "--out", "x/y"], "y")],
)
def test_another_speaker_has_another_folder(options: list[str], folder: str, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: dict[str, Any] = {}
    monkeypatch.setattr(tts_run, "run_demo", lambda out, **named: asked.update(named, out=out))
    tts("demo", *options)
    assert asked["out"] == (Path("x/y") if folder == "y" else Path("output") / folder)
    assert asked["speaker"] in WHOSE
