"""``tts train`` under ``torchrun``: one of two processes is killed, and one goes on alone."""

import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest
from command import tts

from tts.core.tensors import load_tensors

FIXTURE = Path(__file__).parent.parent / "fixtures" / "format-2"
TRAIN = ("train", FIXTURE / "recipe.yaml", "--prepared", FIXTURE / "prepared", "-s", "single", "--device", "cpu")
CHANGES = ("training.steps=400", "training.validate_every=20", "training.precision=float32", "samples=[]")


@pytest.mark.slow
def test_a_killed_process_ends_the_training_which_goes_on(tmp_path: Path) -> None:
    arguments = [*map(str, TRAIN), *(part for change in CHANGES for part in ("--set", change))]
    command = [sys.executable, "-m", "torch.distributed.run", "--nproc-per-node", "2", "-m", "tts", *arguments]
    started = subprocess.Popen([*command, "--out", tmp_path / "pair"], stderr=subprocess.PIPE, stdout=subprocess.PIPE)
    stage = tmp_path / "pair" / "training" / "stage1"
    while not (stage / "last.safetensors").exists():
        assert started.poll() is None
        time.sleep(0.01)
    victim = max(psutil.Process(started.pid).children(), key=lambda process: process.pid)
    victim.kill()
    out, error = started.communicate(timeout=120)
    assert started.returncode == 1
    assert b"voice:" not in out
    told = [line for line in error.decode().splitlines() if line.startswith("tts:")]
    assert len(told) == 1, error.decode()
    assert "one of the 2 processes of this training has ended" in told[0]

    assert f"voice: {tmp_path / 'pair'}" in tts(*arguments, "--out", tmp_path / "pair")
    tts(*arguments, "--out", tmp_path / "alone")
    ends = [load_tensors(tmp_path / name / "model.safetensors")[0] for name in ("pair", "alone")]
    assert max(float((ends[0][key] - ends[1][key]).abs().max()) for key in ends[0]) < 1e-4
