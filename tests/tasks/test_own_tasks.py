"""Tasks from outside the package: found, run only when asked for, recomputed when edited, and one sentence for each mistake."""

import os
import subprocess
import sys
from collections.abc import Callable
from importlib.metadata import EntryPoint
from pathlib import Path

import numpy as np
import pytest

from tts.analysis.extract import Extra
from tts.core.errors import TtsError, UsageError
from tts.core.grid import FrameGrid
from tts.core.processes import Failure, parallel_map
from tts.tasks import own
from tts.tasks.base import AudioFamily
from tts.tasks.registry import family_names, get_family, resolve_options, source_of

GRID = FrameGrid(16000)
EXAMPLES = Path(__file__).parents[2] / "docs" / "examples"
SOURCE = """
import numpy as np
from tts.tasks.base import AudioFamily

def extract(signal, grid, *, level=1.0):
    return np.full((grid.frames(len(signal)), 1), level, dtype=np.float32)

FAMILY = AudioFamily(extract, lambda options: 1, {"level": 1.0})
"""
Write = Callable[[str, str], Path]


@pytest.fixture
def write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Write:
    """Write a task's file into a folder that TTS_TASKS names."""
    monkeypatch.setenv(own.ENVIRONMENT, str(tmp_path))

    def write(name: str, text: str) -> Path:
        path = tmp_path / f"{name}.py"
        path.write_text(text, encoding="utf-8")
        return path

    return write


def made(name: str, **options: object) -> float:
    family = get_family(name)
    assert isinstance(family, AudioFamily)
    return float(family.extract(np.zeros(1600), GRID, **options)[0, 0])


def test_a_file_in_a_named_folder_is_a_task(write: Write) -> None:
    write("level", SOURCE)
    write("_helper", "raise RuntimeError")
    assert "level" in family_names()
    assert "_helper" not in family_names()
    assert resolve_options("level", {"level": 3.0}) == {"level": 3.0}
    assert made("level", level=3.0) == 3.0


def test_nothing_is_run_until_it_is_asked_for(write: Write) -> None:
    write("level", "raise RuntimeError('run')")
    assert "level" in family_names()
    get_family("mel")
    with pytest.raises(TtsError, match="run"):
        get_family("level")


def test_an_edit_is_noticed(write: Write) -> None:
    path = write("level", SOURCE)
    before = source_of("level"), Extra("level", get_family("level").extract).identity
    assert made("level") == 1.0
    write("level", SOURCE.replace("np.full((", "7 * np.full(("))
    assert (source_of("level"), Extra("level", get_family("level").extract).identity) != before
    assert made("level") == 7.0
    moved = path.with_name("elsewhere")
    moved.mkdir()
    path.rename(moved / path.name)
    os.environ[own.ENVIRONMENT] = str(moved)
    assert source_of("level") != before[0]
    (moved / path.name).write_text(SOURCE, encoding="utf-8")
    assert (source_of("level"), Extra("level", get_family("level").extract).identity) == before  # content, not place


@pytest.mark.slow
def test_worker_processes_find_it(write: Write) -> None:
    path = write("level", SOURCE)
    extract = get_family("level").extract
    results = dict(parallel_map(_Call(extract), [1600, 3200], workers=1))
    assert results == {0: 21, 1: 41}
    path.write_text(SOURCE + "\n", encoding="utf-8")
    (failure,) = dict(parallel_map(_Call(extract), [1600], workers=1)).values()
    assert isinstance(failure, Failure)
    assert "changed while it was in use" in failure.message


class _Call:
    def __init__(self, extract: Callable[..., np.ndarray]) -> None:
        self.extract = extract

    def __call__(self, samples: int) -> int:
        return len(self.extract(np.zeros(samples), GRID))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("x = 1\n", r"level\.py: has no FAMILY"),
        ("FAMILY = 3\n", r"level\.py: has no FAMILY"),
        ("x = 1\n\ny = 1 / 0\n", r"level\.py:3: ZeroDivisionError"),
        ("def broken(:\n", r"level\.py:1: "),
        ("import no_such_thing\n", r"level\.py:1: ModuleNotFoundError.*no_such_thing"),
    ],
)
def test_a_broken_file_is_named_with_its_line(write: Write, text: str, said: str) -> None:
    write("level", text)
    with pytest.raises(TtsError, match=said):
        get_family("level")


def test_a_failure_in_a_recording_is_named_with_its_line(write: Write) -> None:
    write("level", SOURCE.replace("return np.full", "return np.nothing"))
    with pytest.raises(TtsError, match=r"level\.py:6: AttributeError"):
        made("level")


@pytest.mark.parametrize("name", ["mel", "lf0", "duration"])
def test_names_of_the_package_are_taken(write: Write, name: str) -> None:
    write(name, SOURCE)
    with pytest.raises(UsageError, match=f"called {name}; choose another name"):
        get_family("level")


def test_a_missing_folder_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv(own.ENVIRONMENT, str(tmp_path / "nowhere"))
    with pytest.raises(UsageError, match="nowhere is not a folder"):
        get_family("level")


def test_the_first_folder_wins(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name, level in (("a", 1), ("b", 2)):
        (tmp_path / name).mkdir()
        (tmp_path / name / "level.py").write_text(SOURCE.replace("level=1.0", f"level={level}"), encoding="utf-8")
    monkeypatch.setenv(own.ENVIRONMENT, os.pathsep.join([str(tmp_path / "b"), str(tmp_path / "a")]))
    assert made("level") == 2.0


@pytest.mark.parametrize("value", ["offered_tasks", "offered_tasks:FAMILY"])
def test_an_installed_package_offers_tasks(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, value: str) -> None:
    (tmp_path / "offered_tasks.py").write_text(SOURCE, encoding="utf-8")
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setattr(own, "_offered", lambda: (EntryPoint("level", value, own.GROUP),))
    assert "level" in family_names()
    assert made("level", level=2.0) == 2.0
    assert source_of("level")
    sys.modules.pop("offered_tasks")


def test_a_recipe_that_names_a_task_runs_nothing(write: Write) -> None:
    path = write("level", "raise SystemExit('run')")
    root = Path(__file__).parents[2]
    code = "import sys; from tts.recipe import load_recipe; print(load_recipe(sys.argv[1], ['tasks.level={}']).tasks)"
    recipe = root / "recipes" / "demo" / "recipe.yaml"
    done = subprocess.run([sys.executable, "-c", code, str(recipe)], capture_output=True, text=True, env=dict(os.environ))
    assert done.returncode == 0, done.stderr
    assert "level" in done.stdout
    assert path.is_file()


def test_the_example_counts_the_crossings_of_a_sine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(own.ENVIRONMENT, str(EXAMPLES))
    family = get_family("zero_crossings")
    assert isinstance(family, AudioFamily)
    values = family.extract(np.sin(2.0 * np.pi * 1000.0 * np.arange(16000) / 16000 + 0.1), GRID, window=0.05)
    np.testing.assert_allclose(values[10:-10], 2.0, atol=0.05)
