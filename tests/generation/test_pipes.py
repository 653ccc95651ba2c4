"""Standard output that breaks or is full, in processes of their own: exit codes, and what is named."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

VOICE = Path(__file__).parents[1] / "fixtures" / "format-2" / "single"
TEXT = "She had your dark suit in greasy wash water all year. " * 20


def command(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "tts", "speak", str(VOICE), "--workers", "0", "--text", TEXT, *arguments]


@pytest.mark.slow
@pytest.mark.parametrize("unbuffered", ["", "1"])
def test_a_reader_that_goes_away_is_no_success(unbuffered: str) -> None:
    environment = {**os.environ, "PYTHONUNBUFFERED": unbuffered}
    with subprocess.Popen(command("--output", "-"), stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment) as process:
        assert process.stdout is not None and process.stderr is not None
        assert process.stdout.read(80)[:4] == b"RIFF"  # sound comes before all is made
        process.stdout.close()
        errors = process.stderr.read().decode()
    assert process.returncode == 1
    assert "Traceback" not in errors


@pytest.mark.slow
@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a device that is always full")
def test_a_full_disk_behind_standard_output_is_named() -> None:
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run(command("--output", "-"), stdout=full, stderr=subprocess.PIPE, text=True, check=False)
    assert done.returncode == 1
    assert "standard output: No space left on device" in done.stderr
