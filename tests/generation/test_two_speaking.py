"""Two commands that speak into one folder at the same time: no entry of the manifest is lost, whoever comes first."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from command import tts
from speech import FIXTURES

from tts.generation.manifest import MANIFEST, Entry

ROOT = Path(__file__).parents[2]
VOICE = FIXTURES / "format-2" / "single"
LINES = 12


@pytest.mark.slow
def test_two_processes_in_one_folder_lose_nothing(tmp_path: Path) -> None:
    pytest.importorskip("fcntl")
    commands = []
    for name in ("a", "b"):
        text = tmp_path / f"{name}.txt"
        text.write_text("".join(f"{name}{n}|Line number {n} of these.\n" for n in range(LINES)), encoding="utf-8")
        commands.append(["speak", VOICE, text, "--out", tmp_path / "wavs", "--workers", "0"])
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    processes = [
        subprocess.Popen(
            [sys.executable, "-m", "tts", *map(str, command)],
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        for command in commands
    ]
    printed = [process.communicate(timeout=300)[0] for process in processes]
    for command, process, said in zip(commands, processes, printed, strict=True):
        assert process.returncode in (0, 1), said
        if process.returncode:
            assert "another process is at work" in said
            tts(*command)
    wavs = {path.stem for path in (tmp_path / "wavs").glob("*.wav")}
    assert wavs == {f"{name}{n}" for name in ("a", "b") for n in range(LINES)}
    lines = (tmp_path / "wavs" / MANIFEST).read_bytes().splitlines()
    assert sorted(Entry.from_json(line).id for line in lines) == sorted(wavs)
    for command in commands:
        tts(*command, "--resume")  # every file is in the manifest, or this would refuse it
