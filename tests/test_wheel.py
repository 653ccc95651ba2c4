"""The wheel, in an environment of its own, works outside the checkout and within someone else's repository."""

import importlib.util
import json
import os
import re
import shutil
import subprocess
import sys
import sysconfig
import venv
import zipfile
from pathlib import Path

import numpy as np
import pytest
import soundfile
from speech import IDS, SPEECH, write_corpus

import tts as package

ROOT = Path(__file__).parents[1]
OFFLINE = """
import socket
class NoNetwork(socket.socket):
    def connect(self, address, *rest):
        raise OSError(f"nothing here needs the network, and this asked for {address}")
socket.socket = NoNetwork
"""
pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built from a copy of what the repository holds."""
    source = tmp_path_factory.mktemp("source")
    for name in ("pyproject.toml", "setup.py", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, source)
    for name in ("tts", "recipes", "voices"):
        shutil.copytree(ROOT / name, source / name, ignore=shutil.ignore_patterns("__pycache__"))
    (source / "data" / "kathleen" / "wavs").mkdir(parents=True)
    for path in (ROOT / "data").glob("*.txt"):
        shutil.copy(path, source / "data")
    shutil.copy(SPEECH / "metadata.csv", source / "data" / "kathleen")  # a user's own, where recipes look for recordings
    (source / "data" / "kathleen" / "notes.txt").write_text("mine", encoding="utf-8")
    shutil.copytree(ROOT / "voices" / "kathleen", source / "voices" / "mine")
    build = [sys.executable, "-m", "pip", "wheel", "--no-deps", "--no-build-isolation", "--quiet", "--wheel-dir"]
    subprocess.run([*build, source / "dist", source], check=True, env=bare_environment())
    (built,) = (source / "dist").glob("*.whl")
    return built


@pytest.fixture(scope="module")
def home(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A user's own repository with a commit, holding a virtual environment with the wheel.

    What the wheel depends on comes from the environment of the tests, through a ``.pth`` file: the ``.pth`` files there, and so
    an editable installation of this package, are not followed.
    """
    home = tmp_path_factory.mktemp("home")
    git = ["git", "-C", str(home), "-c", "user.name=a", "-c", "user.email=a@b.c"]
    subprocess.run([*git, "init", "--quiet"], check=True)
    subprocess.run([*git, "commit", "--quiet", "--allow-empty", "-m", "mine"], check=True)
    venv.create(home / "venv", with_pip=False)
    python = home / "venv" / ("Scripts" if os.name == "nt" else "bin") / "python"
    install = [sys.executable, "-m", "pip", "--python", python, "install", "--quiet", "--no-deps", "--no-index", wheel]
    subprocess.run(install, check=True, env=bare_environment())
    (packages,) = {Path(path) for path in (home / "venv").glob("**/site-packages")}
    (packages / "dependencies.pth").write_text(sysconfig.get_path("purelib") + "\n", encoding="utf-8")
    (packages / "offline.py").write_text(OFFLINE, encoding="utf-8")
    (packages / "offline.pth").write_text("import offline\n", encoding="utf-8")
    return home


def bare_environment() -> dict[str, str]:
    """Return this process's environment without what leads to this checkout."""
    return {key: value for key, value in os.environ.items() if not key.startswith(("PYTHON", "TTS_", "PYTEST"))}


def run(home: Path, *command: object, code: int = 0) -> str:
    """Run a program of the environment in the user's folder; return what it printed."""
    program, *arguments = map(str, command)
    path = home / "venv" / ("Scripts" if os.name == "nt" else "bin") / program
    done = subprocess.run([path, *arguments], cwd=home, env=bare_environment(), capture_output=True, text=True)
    assert done.returncode == code, done.stdout + done.stderr
    return done.stdout + done.stderr


def test_the_wheel_holds_what_belongs_to_the_package_and_nothing_else(wheel: Path) -> None:
    names = set(zipfile.ZipFile(wheel).namelist())
    own = {path.relative_to(ROOT).as_posix() for path in (ROOT / "tts").rglob("*") if path.is_file()}
    own = {name for name in own if "/__pycache__/" not in name}
    recipes = {f"tts/{path.relative_to(ROOT).as_posix()}" for path in (ROOT / "recipes").glob("*/*.yaml")}
    readmes = {f"tts/{path.relative_to(ROOT).as_posix()}" for path in (ROOT / "recipes").glob("*/README.md")}
    voice = {f"tts/voices/kathleen/{path.name}" for path in (ROOT / "voices" / "kathleen").iterdir()} | {"tts/voices/README.md"}
    assert len(voice) > 4
    questions = {f"tts/recipes/slt_merlin/{name}" for name in ("questions-radio_dnn_416.hed", "COPYING")}
    shipped = own | recipes | readmes | questions | voice | {"tts/data/speak_demo.txt", "tts/recipes/README.md"}
    assert {name for name in names if ".dist-info/" not in name} == shipped
    assert "tts/py.typed" in names
    assert wheel.stat().st_size < 20e6


def test_the_package_comes_from_the_wheel_and_knows_no_commit(home: Path) -> None:
    code = """
import json, tts
from tts.core.provenance import environment
from tts.core.shipped import shipped_folder
made_with = environment()
made_with = made_with if isinstance(made_with, dict) else made_with.to_dict()
print(json.dumps([tts.__file__, str(shipped_folder("recipes")), made_with["version"], made_with["commit"]]))
"""
    file, recipes, version, commit = json.loads(run(home, "python", "-c", code).splitlines()[-1])
    assert Path(file).is_relative_to(home / "venv")
    assert Path(recipes).is_relative_to(home / "venv")
    assert (version, commit) == (package.__version__, "")
    assert run(home, "tts", "--version").split() == ["stacked-tts", package.__version__]


def test_the_voice_in_the_wheel_speaks_at_once_and_offline(home: Path) -> None:
    code = "import socket; socket.create_connection(('127.0.0.1', 9))"
    assert "nothing here needs the network" in run(home, "python", "-c", code, code=1)
    listed = run(home, "tts", "voices")
    assert re.search(r"^kathleen +en-us +kathleen +24000 +\d+\.\d +CC0-1.0 +stacked-tts$", listed, re.MULTILINE)
    card = run(home, "tts", "voices", "kathleen")
    for said in ("licence CC0-1.0", "Commit ", "Made by: `tts train ", "DistillMOS", "P.808", "natural", "copy synthesis"):
        assert said in card
    (home / "hello.txt").write_text("Good morning, this came with the package.\n", encoding="utf-8")
    said = run(home, "tts", "speak", "kathleen", "hello.txt", "--out", "hello")
    assert "spoke 1 of 1" in said and "earlier" not in said
    signal, rate = soundfile.read(str(home / "hello" / "hello-00001.wav"))
    assert rate == 24_000 and 1.5 < len(signal) / rate < 5.0
    assert 0.02 < np.sqrt(np.mean(signal**2)) < 0.3
    code = "from tts.generation.voice import load_voice; print(load_voice('kathleen').label)"
    assert run(home, "python", "-c", code).startswith("kathleen ")


def test_a_recipe_by_its_bare_name_becomes_a_voice_that_speaks(home: Path) -> None:
    write_corpus(home / "recordings", IDS[:8])
    split = "split={test: {count: 1}, validation: {count: 1}, train: rest}"
    changes = [split, "alignment.train_on=all", "alignment.leave_out=false"]
    changes += ["frames.sample_rate=16000", "frames.mcep_order=24", "tasks.formants.maximum=5000"]
    changes += ["systems.single.training={steps: 20, validate_every: 10}", "systems.single.stages.0.trunk.layers=[32]"]
    changes += ["duration.training.steps=20", "duration.training.validate_every=10"]
    given = [part for change in changes for part in ("--set", change)]
    run(home, "tts", "prepare", "kathleen", "--corpus-root", "recordings", *given)
    run(home, "tts", "train", "kathleen", "--system", "single", *given)
    (home / "text.txt").write_text("first|A sentence.\nsecond|And another one.\n", encoding="utf-8")
    run(home, "tts", "speak", "output/kathleen/single", "text.txt", "--out", "wavs", "--workers", "0")
    assert {path.name for path in (home / "wavs").glob("*.wav")} == {"first.wav", "second.wav"}
    head = subprocess.run(["git", "-C", home, "rev-parse", "HEAD"], check=True, capture_output=True, text=True).stdout.strip()
    for path in (home / "output").rglob("*.json"):
        assert head[:7] not in path.read_text(encoding="utf-8"), path
    assert "kathleen" in run(home, "tts", "prepare", "kathlen", code=2)


def test_the_demo_runs_outside_a_checkout(home: Path) -> None:
    if importlib.util.find_spec("hibari") is None:
        pytest.skip("hibari-tts is not installed: it speaks the demo's corpus")
    printed = run(home, "tts", "demo", "--short")
    assert "comparison on the test sentences" in printed
    assert len(list((home / "output" / "demo-short" / "speech").glob("*.wav"))) > 2
