"""The worked examples of docs/beyond_speech.md, run as they stand; what the page says of their results must hold."""

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

DOCS = Path(__file__).parents[1] / "docs"


def blocks(heading: str) -> str:
    """Return the Python code under a heading of the page."""
    page = (DOCS / "beyond_speech.md").read_text(encoding="utf-8")
    section = page.split(f"\n## {heading}\n", 1)[1].split("\n## ", 1)[0]
    return "\n".join(re.findall(r"^```python\n(.*?)^```", section, re.MULTILINE | re.DOTALL))


def run(heading: str, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    monkeypatch.syspath_prepend(str(DOCS / "examples"))
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    names: dict[str, Any] = {}
    try:
        exec(compile(blocks(heading), "beyond_speech.md", "exec"), names)
    finally:
        torch.set_num_threads(threads)
    return names


@pytest.mark.slow
def test_landmarks(monkeypatch: pytest.MonkeyPatch) -> None:
    errors = {way: np.mean(found) for way, found in run("Landmarks in faces", monkeypatch)["errors"].items()}
    single = errors["single task"]
    assert errors["four attributes"] < 0.85 * single
    assert errors["noise as a task"] > 0.95 * single
    assert errors["four attributes"] < errors["all attributes stopped early"] < single
    assert errors["single task, tuned"] < 0.85 * single
    assert errors["four attributes, tuned"] < 0.85 * errors["single task, tuned"]
    assert abs(errors["glasses stopped early"] / errors["four attributes"] - 1.0) < 0.05


@pytest.mark.slow
def test_filters_that_share_and_specialise(monkeypatch: pytest.MonkeyPatch) -> None:
    names = run("Spam filters of their own", monkeypatch)
    for_all, each, shared, sparse = names["right"].values()
    assert each < for_all < min(shared, sparse) - 0.03
    alike, same = names["alike"], names["same"]
    assert alike[same].mean() > alike[~same].mean() + 0.2


@pytest.mark.slow
def test_what_is_declared_unrelated_is_read_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    found = run("Unrelated groups", monkeypatch)["found"]
    assert found["unrelated"]["overlap"] < 0.6 * found["beside"]["overlap"]
    assert abs(found["unrelated"]["spam"] - found["beside"]["spam"]) < 0.04


@pytest.mark.slow
def test_the_page_starts_with_code_that_runs() -> None:
    page = (DOCS / "beyond_speech.md").read_text(encoding="utf-8").split("\n## ", 1)[0]
    names: dict[str, Any] = {}
    exec(compile("\n".join(re.findall(r"^```python\n(.*?)^```", page, re.MULTILINE | re.DOTALL)), "page", "exec"), names)
    assert names["model"].predict(names["x"][:3])["size"].shape == (3,)
