"""The house: what lies where, and imports that run one way."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[1] / "tts"
ORDER = [
    "core",
    "recipe",
    "corpora",
    "text",
    "alignment",
    "analysis",
    "tasks",
    "dataset",
    "network",
    "generation",
    "evaluation",
    "training",
    "multitask",
    "listening",
    "comparison",
    "cli",
]


def imports() -> Iterator[tuple[str, str, str]]:
    """Yield ``(file, its folder, folder it imports)`` for every import of the package, within functions too."""
    for path in sorted(PACKAGE.rglob("*.py")):
        own = path.relative_to(PACKAGE).parts[0].removesuffix(".py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names = [node.module] if isinstance(node, ast.ImportFrom) and node.module else []
            names = [f"tts.{alias.name}" for alias in node.names] if names == ["tts"] else names
            names += [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            for name in names:
                if name.startswith("tts."):
                    yield str(path.relative_to(PACKAGE)), own, name.split(".")[1]


def test_imports_run_from_left_to_right() -> None:
    place = {name: number for number, name in enumerate(ORDER)}
    found = list(imports())
    assert len(found) > 500
    known = [(file, own, other) for file, own, other in found if own in place and other in place]
    wrong = [f"{file} imports {other}" for file, own, other in known if place[other] > place[own]]
    assert not wrong


def test_nothing_is_loose_at_the_top() -> None:
    loose = {path.name for path in PACKAGE.glob("*.py")}
    assert loose == {"__init__.py", "__main__.py", "multitask.py"}
    folders = {path.name for path in PACKAGE.iterdir() if path.is_dir() and path.name != "__pycache__"}
    assert folders | {"multitask"} == set(ORDER)


@pytest.mark.parametrize("name", [name for name in ORDER if name != "multitask"])
def test_every_folder_says_what_comes_in_and_what_goes_out(name: str) -> None:
    text = ast.get_docstring(ast.parse((PACKAGE / name / "__init__.py").read_text(encoding="utf-8")))
    assert text and " in, " in text


def test_tests_lie_as_the_package_does() -> None:
    """A folder of tests is one of the package; names are unique, since tests are imported by name alone."""
    tests = PACKAGE.parent / "tests"
    files = [path for path in tests.rglob("*.py") if path.name != "conftest.py"]
    strays = {str(path.relative_to(tests).parent) for path in files if not (PACKAGE / path.relative_to(tests).parent).is_dir()}
    assert not strays
    names = [path.name for path in files]
    assert not {name for name in names if names.count(name) > 1}
