"""The tool that checks a GPU, on the CPU: all of it runs, agrees with itself, and says so; what disagrees fails it."""

from __future__ import annotations

import importlib.util
import re
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

TOOL = Path(__file__).parents[1] / "tools" / "check_gpu.py"


@pytest.fixture(scope="module")
def tool() -> ModuleType:
    spec = importlib.util.spec_from_file_location("check_gpu", TOOL)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["check_gpu"] = module  # where its dataclasses look for their types
    spec.loader.exec_module(module)
    return module


@pytest.mark.slow
def test_on_the_cpu_all_is_within_tolerance() -> None:
    done = subprocess.run(
        [sys.executable, str(TOOL), "--device", "cpu", "--short", "--processes", "2"],
        capture_output=True,
        text=True,
        timeout=600,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "all within tolerance" in done.stdout.splitlines()[-1]
    assert re.search(r"an? training that was interrupted and resumed +0\.00e\+00", done.stdout)
    assert re.search(r"8 networks as one batched model: losses +\d\.\d\de[-+]\d\d", done.stdout)
    # Sums over halves of batches are rounded otherwise than those over the whole: 0 would be one training compared with itself.
    assert re.search(r"2 processes that share a training: losses +[1-9]\.\d\de-\d\d", done.stdout)
    assert len(re.findall(r"steps/s, [\d,]+ frames/s, process memory [\d,]+ MiB", done.stdout)) == 2


def test_what_is_beyond_its_tolerance_is_named(tool: ModuleType, capsys: pytest.CaptureFixture[str]) -> None:
    report = tool.Report()
    report.check("losses", 1e-4, 1e-3)
    report.check("predictions", 1e-2, 1e-3)
    report.check("weights", float("nan"), 1e-3)
    assert report.failed == ["predictions", "weights"]
    assert capsys.readouterr().out.count("TOO LARGE") == 2


def test_a_device_that_is_not_there_is_one_sentence(
    tool: ModuleType, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["check_gpu.py", "--device", "cuda:99"])
    assert tool.main() == 1
    assert "device cuda:99: there are" in capsys.readouterr().err
