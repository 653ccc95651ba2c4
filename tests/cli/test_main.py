"""The command line before any verb works: its version, its help, and how little they import."""

import os
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


TORCHRUN = {"RANK": "0", "LOCAL_RANK": "0", "WORLD_SIZE": "2", "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": "9"}


def start(environment: dict[str, str], *arguments: str) -> subprocess.CompletedProcess[str]:
    clean = {name: value for name, value in os.environ.items() if name not in TORCHRUN}
    command = [sys.executable, "-m", "tts", *arguments]
    return subprocess.run(command, env={**clean, **environment}, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("rank", ["0", "1"])
def test_torchrun_shares_trainings_only(rank: str) -> None:
    run = start({**TORCHRUN, "RANK": rank}, "languages")
    assert (run.returncode, run.stdout) == (2, "")
    assert run.stderr == (
        "tts: torchrun shares trainings only: run tts languages once, with --workers or --scheduler where it has them\n"
    )


@pytest.mark.parametrize("environment", [{"WORLD_SIZE": "2", "RANK": "0"}, {**TORCHRUN, "WORLD_SIZE": "1"}])
def test_others_set_variables_of_torchrun_too(environment: dict[str, str]) -> None:
    assert start(environment, "languages").returncode == 0
