"""A comparison made small enough to be kept beside its recipe."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from synthetic_results import synthetic_results

from tts.comparison.results import Results
from tts.comparison.tables import tables

TOOL = Path(__file__).parents[3] / "tools" / "publish_comparison.py"


def publish(*arguments: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, str(TOOL), *map(str, arguments)], capture_output=True, text=True, check=False)


@pytest.mark.slow
def test_tables_and_short_results(tmp_path: Path) -> None:
    results = synthetic_results(tmp_path / "out")
    (tmp_path / "out" / "results.json").write_text(json.dumps(results), encoding="utf-8")
    wrong = publish(tmp_path / "out", "--to", tmp_path / "kept", "--scores", "beauty")
    assert wrong.returncode == 2 and "--scores beauty: no such score" in wrong.stderr
    assert not (tmp_path / "kept").exists()
    assert publish(tmp_path / "out", "--to", tmp_path / "kept").returncode == 0
    partial = {**results, "state": "partial"}
    (tmp_path / "out" / "results.json").write_text(json.dumps(partial), encoding="utf-8")
    assert "is partial" in publish(tmp_path / "out", "--to", tmp_path / "other").stderr
    assert (tmp_path / "kept" / "comparison.md").read_text(encoding="utf-8") == tables(Results.from_dict(results))
    short = json.loads((tmp_path / "kept" / "comparison.json").read_text(encoding="utf-8"))
    assert short.keys() == results.keys()
    for before, after in zip(results["runs"], short["runs"], strict=True):
        assert after["curves"] == after["diagnostics"] == {}
        for name, scores in before["utterances"].items():
            assert list(after["utterances"][name]) == [results["primary"]]
            assert abs(after["utterances"][name][results["primary"]] - scores[results["primary"]]) < 1e-4


@pytest.mark.slow
def test_without_results_nothing_is_written(tmp_path: Path) -> None:
    found = publish(tmp_path, "--to", tmp_path / "kept")
    assert found.returncode == 2 and "run tts compare first" in found.stderr
    assert not (tmp_path / "kept").exists()
