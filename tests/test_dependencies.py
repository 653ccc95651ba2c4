"""What the code imports is declared, what is declared is pinned, and every package lies in the wheel's list."""

import ast
import re
import sys
import tomllib
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
OWN = {"tts", "stacked-tts"}
CALLED = {"pyopenjtalk": "pyopenjtalk-plus"}  # where a module's distribution has another name, and need not be installed
GIVEN = {"pydantic_core", "sklearn"}  # pydantic's own errors; and what scikit-learn alone calls imports it


def canonical(name: str) -> str:
    """Return a distribution's name as indexes compare it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def declared(*extras: str) -> dict[str, str]:
    """Return the requirements of the package with these extras: name and version range."""
    lines = list(PROJECT["dependencies"])
    for extra in extras:
        lines += PROJECT["optional-dependencies"][extra]
    names = {}
    for line in lines:
        match = re.fullmatch(r"([\w.-]+)(?:\[[^\]]*\])?\s*([^;]*)(?:;.*)?", line)
        assert match, line
        names[canonical(match[1])] = match[2].strip()
    return {name: version for name, version in names.items() if name not in OWN}


def imported(folder: Path, *, within_functions: bool) -> dict[str, set[str]]:
    """Return the top modules that the code in a folder imports, with the files; not the standard library's or its own."""
    modules: dict[str, set[str]] = {}
    for path in folder.rglob("*.py"):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        for node in ast.walk(tree) if within_functions else tree.body:
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            names += [node.module] if isinstance(node, ast.ImportFrom) and node.module and not node.level else []
            for name in names:
                modules.setdefault(name.partition(".")[0], set()).add(str(path.relative_to(ROOT)))
    return {name: files for name, files in modules.items() if name not in {*sys.stdlib_module_names, *OWN, *GIVEN}}


def undeclared(modules: dict[str, set[str]], requirements: dict[str, str]) -> dict[str, set[str]]:
    """Return those of ``modules`` that belong to none of the required distributions."""
    providers = {name: {canonical(owner) for owner in owners} for name, owners in packages_distributions().items()}
    return {
        name: files
        for name, files in modules.items()
        if not providers.get(name, {CALLED.get(name, canonical(name))}) & requirements.keys()
    }


def test_what_the_package_imports_is_declared() -> None:
    extras = [name for name in PROJECT["optional-dependencies"] if name != "dev"]
    assert not undeclared(imported(ROOT / "tts", within_functions=True), declared(*extras))


def test_what_is_imported_at_once_needs_no_extra() -> None:
    assert not undeclared(imported(ROOT / "tts", within_functions=False), declared())


def test_what_the_tests_import_is_declared() -> None:
    extras = list(PROJECT["optional-dependencies"])
    helpers = {path.stem for path in (ROOT / "tests").rglob("*.py")} | {path.stem for path in (ROOT / "docs").rglob("*.py")}
    helpers |= {path.stem for path in (ROOT / "tools").glob("*.py")}
    modules = imported(ROOT / "tests", within_functions=False)
    modules = {name: files for name, files in modules.items() if name not in helpers}
    assert not undeclared(modules, declared(*extras))


@pytest.mark.parametrize("extra", ["dev", "viz", "wer", "espeak", "demo", "judges", "cluster"])
def test_what_is_installed_for_users_and_tests_is_pinned_and_within_its_range(extra: str) -> None:
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    pins = dict(line.split("==") for line in lines if "==" in line and not line.startswith("#"))
    pins = {canonical(name): tuple(int(part) for part in re.findall(r"\d+", version)) for name, version in pins.items()}
    for name, version in declared(extra).items():
        assert name in pins, f"{name} is not in constraints.txt"
        for comparison, bound in re.findall(r"(>=|<)([\d.]+)", version):
            limit = tuple(map(int, bound.split(".")))
            assert (pins[name] >= limit) == (comparison == ">="), f"{name}: {pins[name]} is outside {version}"


def test_every_dependency_has_a_lower_bound() -> None:
    loose = [
        name
        for name, version in declared("viz", "wer", "espeak", "judges", "demo", "weighting", "praat", "cluster").items()
        if not re.search("[>=]=", version)
    ]
    assert not loose
