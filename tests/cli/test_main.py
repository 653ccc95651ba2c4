"""The command line before any verb works: its version, its help, and how little they import."""

import subprocess
import sys

import pytest
from command import tts

import tts as package

HEAVY = ("torch", "scipy", "librosa", "gruut", "numpy", "yaml", "soundfile", "pyworld")


def test_the_version_is_that_of_the_package() -> None:
    assert tts("--version").split() == ["stacked-tts", package.__version__]


def test_help_names_every_verb() -> None:
    printed = tts("--help")
    for verb in ("prepare", "train", "evaluate", "speak", "copy", "compare", "adapt", "inspect", "listen", "demo"):
        assert f" {verb} " in printed


@pytest.mark.parametrize("arguments", [["--help"], ["--version"], ["speak", "--help"], ["compare", "--help"]])
def test_help_imports_nothing_heavy(arguments: list[str]) -> None:
    """Nothing heavy may be imported before a verb runs: a list of modules, since seconds depend on what else is running."""
    code = f"""
import sys
from tts.cli.main import main
sys.argv = ["tts", *{arguments!r}]
try:
    main()
finally:
    print("\\nimported", [name for name in {HEAVY!r} if name in sys.modules])
"""
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip().splitlines()[-1] == "imported []"


def test_an_unknown_verb_is_wrong_usage() -> None:
    assert "No such command" in tts("sing", code=2)
