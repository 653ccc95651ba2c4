"""The benchmark's form: its parts run, stand beside their floors and name what they depend on. No test looks at a time."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
from speech import FIXTURES, SPEECH

TOOLS = Path(__file__).parents[1] / "tools"


@pytest.fixture(autouse=True)
def _tools(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(TOOLS))


def bench(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, str(TOOLS / "bench.py"), *arguments], capture_output=True, text=True, timeout=300)


@pytest.mark.slow
def test_the_short_form_runs_and_is_complete(tmp_path: Path) -> None:
    done = bench("train", "mlpg", "--quick", "--json", str(tmp_path / "speed.json"))
    assert done.returncode == 0, done.stderr
    result = json.loads((tmp_path / "speed.json").read_text())
    assert {"machine", "flags", "threads", "python", "commit", "versions"} <= set(result["machine"])
    assert result["machine"]["threads"] == 1
    assert result["quick"]
    rows = result["rows"]
    assert {row["part"] for row in rows} == {"train", "mlpg"}
    assert all(row["ms"] > 0 for row in rows)
    floor = next(row for row in rows if "products alone, float32" in row["work"])
    assert floor["ratio"] == 1.0
    step = next(row for row in rows if "step, float32" in row["work"])
    assert step["ratio"] == pytest.approx(step["ms"] / floor["ms"])
    assert all(row["memory"] > 50 for row in rows if row["work"].startswith("a run of"))
    assert done.stdout.count("\n| ") == len(rows) + 2


def test_every_part_is_a_module_and_is_described() -> None:
    from bench_parts import PARTS

    modules = {path.stem for path in (TOOLS / "bench_parts").glob("*.py")} - {"__init__", "frame"}
    assert {name for name in modules if (TOOLS / "bench_parts" / f"{name}.py").read_text().count("def measure(")} == set(PARTS)
    page = (TOOLS.parent / "docs" / "performance.md").read_text(encoding="utf-8")
    assert all(f"| `{name}` |" in page for name in PARTS)


def test_a_part_that_lacks_its_folder_is_refused_where_it_was_named(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    import bench as tool

    monkeypatch.setattr(sys, "argv", ["bench.py", "speak", "--quick"])
    assert tool.main() == 2
    assert capsys.readouterr().err.strip().endswith("the part speak needs --voice FOLDER")


def test_works_take_turns_and_the_median_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    from bench_parts import frame

    order: list[str] = []
    clock = iter([0.0, 9.0, 0.0, 0.005, 1.0, 1.002, 0.0, 0.001, 1.0, 1.004, 0.0, 0.003, 1.0, 1.003])
    monkeypatch.setattr(frame, "time", SimpleNamespace(process_time=lambda: next(clock)))
    times = frame.take_turns({"a": lambda: order.append("a"), "b": lambda: order.append("b")}, 3)
    assert order == ["a", "b"] * 4
    assert times == pytest.approx({"a": 3.0, "b": 3.0})  # the first round, seconds long, does not count


def test_a_row_knows_its_ratios() -> None:
    from bench_parts.frame import SPEECH, Row

    row = Row("speak", "whole", 20.0, SPEECH, floor=16.0)
    assert (row.ratio, row.faster) == (1.25, 50.0)
    assert Row("train", "step", 20.0, "step").faster is None
    assert Row("train", "step", 20.0, "step").ratio is None


def test_the_aligner_is_measured_with_the_texts_of_a_prepared_corpus(tmp_path: Path) -> None:
    from bench_parts.frame import Setup
    from bench_parts.prepare import aligner

    setup = Setup(tmp_path, prepared=FIXTURES / "format-2" / "prepared", recordings=SPEECH / "wavs", quick=True)
    (row,) = aligner(setup, floor=1.0)
    assert row.ms > 0
    assert row.note.startswith("trained on ")
    assert aligner(Setup(tmp_path, recordings=SPEECH / "wavs"), floor=1.0) == []
