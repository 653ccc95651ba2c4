"""Whose commit a number is reported with: the code's own, or none."""

import json
import os
import shutil
import subprocess
from dataclasses import fields
from importlib.metadata import PathDistribution
from pathlib import Path

import pytest
import torch

import tts
from tts.core import provenance
from tts.core.provenance import Environment, commit, environment, machine

FIXTURE = Path(__file__).parents[1] / "fixtures" / "format-2" / "single" / "training" / "summary.json"

pytestmark = pytest.mark.skipif(shutil.which("git") is None, reason="needs git")


def git(folder: Path, *arguments: str) -> str:
    identity = ("-c", "user.name=a", "-c", "user.email=a@b.c", "-c", "commit.gpgsign=false")
    run = subprocess.run(["git", "-C", str(folder), *identity, *arguments], capture_output=True, text=True, check=True)
    return run.stdout.strip()


def repository(folder: Path) -> Path:
    """Make a repository with a package in it and a commit."""
    package = folder / "tts"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text("")
    git(folder, "init", "-q")
    git(folder, "add", ".")
    git(folder, "commit", "-q", "-m", "first")
    return package


def test_a_checkout_has_its_commit(tmp_path: Path) -> None:
    package = repository(tmp_path)
    git(tmp_path, "tag", "-a", "v1", "-m", "a tag is not what is asked for")
    sha = git(tmp_path, "rev-parse", "HEAD")
    assert len(sha) == 40
    assert commit(package) == sha
    (package / "__init__.py").write_text("changed = True")
    assert commit(package) == f"{sha}-dirty"


def test_a_package_installed_inside_another_repository_has_not_that_ones_commit(tmp_path: Path) -> None:
    """A virtual environment in a user's project: his commits say nothing about this code."""
    repository(tmp_path)
    installed = tmp_path / ".venv" / "lib" / "site-packages" / "tts"
    installed.mkdir(parents=True)
    (installed / "__init__.py").write_text("")
    assert commit(installed) is None
    (tmp_path / ".gitignore").write_text(".venv\n")
    assert commit(installed) is None


def test_surroundings_that_point_git_elsewhere_are_not_followed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In a hook of another repository GIT_DIR is set, and git would answer for that one wherever it is asked."""
    package = repository(tmp_path / "own")
    other = repository(tmp_path / "other").parent
    git(other, "commit", "-q", "--allow-empty", "-m", "second")
    monkeypatch.setenv("GIT_DIR", str(other / ".git"))
    monkeypatch.setenv("GIT_WORK_TREE", str(other))
    own = commit(package)
    monkeypatch.delenv("GIT_DIR")
    monkeypatch.delenv("GIT_WORK_TREE")
    assert own == git(tmp_path / "own", "rev-parse", "HEAD")


def install(folder: Path, monkeypatch: pytest.MonkeyPatch, source: object) -> Path:
    package, facts = folder / "tts", folder / "stacked_tts-1.dist-info"
    for path in (package, facts):
        path.mkdir(parents=True)
    (package / "__init__.py").write_text("")
    (facts / "direct_url.json").write_text(source if isinstance(source, str) else json.dumps(source))
    monkeypatch.setattr(provenance, "distribution", lambda name: PathDistribution(facts))
    return package


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ({"url": "https://host/tts.git", "vcs_info": {"vcs": "git", "commit_id": "a" * 40}}, "a" * 40),
        ({"url": "file:///tmp/a.whl", "archive_info": {"hash": "sha256=0"}}, None),
        ({"url": "file:///src", "dir_info": {"editable": True}}, None),
        ("not JSON", None),
        ([], None),
    ],
)
def test_an_installed_package_has_the_commit_that_the_installer_noted(
    source: object, expected: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = install(tmp_path / "site", monkeypatch, source)
    assert commit(package) == expected
    assert commit(repository(tmp_path / "checkout")) != expected  # a copy that runs is not the one that was installed
    other = tmp_path / "elsewhere" / "tts"
    other.mkdir(parents=True)
    assert commit(other) is None


def test_without_git_nothing_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert commit(repository_without_git(tmp_path)) is None


def repository_without_git(folder: Path) -> Path:
    (folder / "tts").mkdir()
    return folder / "tts"


def test_what_is_written_reads_back_and_keeps_the_form_of_version_0_1_0() -> None:
    made = environment()
    assert Environment.from_dict(json.loads(json.dumps(made.to_dict()))) == made
    old = json.loads(FIXTURE.read_text(encoding="utf-8"))["made_with"]
    assert set(old) == {field.name for field in fields(Environment)} == set(made.to_dict())
    assert Environment.from_dict(old).to_dict() == old
    assert (made.version, made.torch, made.threads) == (tts.__version__, torch.__version__, torch.get_num_threads())
    assert Environment.from_dict({"version": "1"}).commit == ""


def test_the_machine_is_named_with_the_cores_that_may_be_used(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(provenance, "usable_cores", lambda: 3)
    assert machine().endswith(", 3 cores")
    assert machine(torch.device("mps")).startswith("GPU of ")
    assert os.linesep not in machine()
