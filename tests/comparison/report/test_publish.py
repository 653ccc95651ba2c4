"""A comparison made small enough to be kept beside its recipe."""

import json
from pathlib import Path

import pytest
from command import tool
from synthetic_results import synthetic_results

from tts.comparison.results import Results
from tts.comparison.tables import tables


@pytest.mark.slow
def test_tables_and_short_results(tmp_path: Path) -> None:
    results = synthetic_results(tmp_path / "out")
    (tmp_path / "out" / "results.json").write_text(json.dumps(results), encoding="utf-8")
    wrong = tool("publish_comparison", tmp_path / "out", "--to", tmp_path / "kept", "--scores", "beauty", code=2)
    assert "--scores beauty: no such score" in wrong
    assert not (tmp_path / "kept").exists()
    tool("publish_comparison", tmp_path / "out", "--to", tmp_path / "kept")
    partial = {**results, "state": "partial"}
    (tmp_path / "out" / "results.json").write_text(json.dumps(partial), encoding="utf-8")
    assert "is partial" in tool("publish_comparison", tmp_path / "out", "--to", tmp_path / "other")
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
    assert "run tts compare first" in tool("publish_comparison", tmp_path, "--to", tmp_path / "kept", code=2)
    assert not (tmp_path / "kept").exists()
