"""Worker processes: order, failures by name, and a worker that dies."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tts.core.errors import TtsError
from tts.core.processes import Failure, parallel_map


def work(item: int) -> int:
    if item == 3:
        raise TtsError("three is not wanted")
    if item == 4:
        raise ValueError("broken")
    if item == 5:
        os._exit(1)
    return item * item


@pytest.mark.parametrize("workers", [0, 2])
def test_every_item_has_its_result_or_its_reason(workers: int) -> None:
    items = [0, 1, 2, 3, 4, 6, 7] if workers == 0 else list(range(9))
    results = dict(parallel_map(work, items, workers=workers))
    assert sorted(results) == list(range(len(items)))
    for index, item in enumerate(items):
        if item == 3:
            assert results[index] == Failure("three is not wanted")
        elif item == 4:
            assert results[index] == Failure("ValueError: broken")
        elif item == 5:
            assert isinstance(results[index], Failure)
            assert "died" in results[index].message
        else:
            assert results[index] == item * item


def test_nothing_to_do() -> None:
    assert list(parallel_map(work, [])) == []


def test_a_script_without_a_guard_gets_a_sentence_instead_of_endless_deaths(tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    script.write_text(
        "import sys\nfrom tts.core.processes import parallel_map\nprint(list(parallel_map(abs, range(50), workers=2)))\n"
    )
    run = subprocess.run([sys.executable, str(script)], capture_output=True, text=True, timeout=120, check=False)
    assert run.returncode != 0
    assert "if __name__ == '__main__'" in run.stderr
