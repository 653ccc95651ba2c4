"""The worked examples of docs/beyond_speech.md, run as they stand; what the page says of their results must hold."""

import re
from pathlib import Path
from typing import Any

import pytest
import torch

DOCS = Path(__file__).parents[2] / "docs"


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
