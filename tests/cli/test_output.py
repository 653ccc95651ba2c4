"""What leaves the command: whole output or exit code 1, errors in one sentence, nothing that a terminal would obey."""

import errno
import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from command import tts

from tts.cli import main as main_module
from tts.core.errors import Diverged

# A verb that writes more than a pipe takes at once, as text and as bytes.
WRITE = """
import sys
from unittest import mock
from tts.cli import main
def write():
    {statement}
with mock.patch.object(main, "app", write):
    main.main()
"""
TEXT = "from tts.cli.output import say; say('a' * 3_000_000)"
BYTES = "sys.stdout.buffer.write(bytes(3_000_000))"


@pytest.mark.parametrize("unbuffered", ["", "1"])
@pytest.mark.parametrize("statement", [TEXT, BYTES])
def test_a_reader_that_leaves_is_a_failure_without_a_traceback(statement: str, unbuffered: str) -> None:
    """With PYTHONUNBUFFERED=1 a write of which a part arrived counted as done, with exit code 0."""
    with subprocess.Popen(
        [sys.executable, "-c", WRITE.format(statement=statement)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={**os.environ, "PYTHONUNBUFFERED": unbuffered},
    ) as run:
        assert run.stdout is not None
        assert run.stderr is not None
        assert len(run.stdout.read(1000)) == 1000
        run.stdout.close()
        errors = run.stderr.read()
    assert (run.returncode, errors) == (1, b"")


@pytest.mark.parametrize("unbuffered", ["", "1"])
def test_a_reader_that_left_before_is_none_either(unbuffered: str) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", WRITE.format(statement="sys.stdin.readline(); sys.stdout.buffer.write(b'a')")],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={**os.environ, "PYTHONUNBUFFERED": unbuffered},
    ) as run:
        assert run.stdin is not None
        assert run.stdout is not None
        assert run.stderr is not None
        run.stdout.close()
        run.stdin.write(b"\n")
        run.stdin.close()
        errors = run.stderr.read()
    assert (run.returncode, errors) == (1, b"")


@pytest.mark.parametrize("unbuffered", ["", "1"])
@pytest.mark.parametrize("statement", [TEXT, BYTES])
def test_all_of_the_output_arrives(statement: str, unbuffered: str) -> None:
    environment = {**os.environ, "PYTHONUNBUFFERED": unbuffered}
    program = [sys.executable, "-c", WRITE.format(statement=statement)]
    run = subprocess.run(program, capture_output=True, env=environment, check=True)
    assert len(run.stdout.rstrip(b"\n")) == 3_000_000


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
@pytest.mark.parametrize("unbuffered", ["", "1"])
@pytest.mark.parametrize(
    "command", [["-m", "tts", "--version"], ["-c", WRITE.format(statement="sys.stdout.buffer.write(b'a')")]]
)
def test_a_full_disk_under_the_output_is_named(command: list[str], unbuffered: str) -> None:
    with Path("/dev/full").open("wb") as full:
        run = subprocess.run(
            [sys.executable, *command],
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONUNBUFFERED": unbuffered},
            check=False,
        )
    assert (run.returncode, run.stderr) == (1, f"tts: standard output: {os.strerror(errno.ENOSPC)}\n")


def test_letters_that_the_output_cannot_show_are_written_out() -> None:
    environment = {**os.environ, "PYTHONIOENCODING": "ascii"}
    program = [sys.executable, "-c", WRITE.format(statement="from tts.cli.output import say; say('/hə/')")]
    assert subprocess.run(program, capture_output=True, text=True, env=environment, check=True).stdout == "/h\\u0259/\n"


def test_a_hostile_name_leaves_no_trace_on_the_screen(tmp_path: Path) -> None:
    """An id may come from a stranger's corpus: here it would clear the screen and set the window's title."""
    printed = tts("evaluate", tmp_path / "a\x1b[2J\x1b]0;title\x07\u202eb", "--prepared", tmp_path, code=2)
    assert "a\\x1b[2J\\x1b]0;title\\x07\\u202eb: " in printed
    assert not set("\x1b\x07\u202e") & set(printed)


@pytest.mark.parametrize(
    ("error", "printed"),
    [
        (MemoryError(), "tts: this machine's memory is not enough; use smaller batches, fewer workers or another device"),
        (MemoryError("Unable to allocate 8. EiB"), "memory is not enough (Unable to allocate 8. EiB); use"),
        (
            torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2 GiB.\nmore"),
            "GPU's memory is not enough (CUDA out",
        ),
        (
            RuntimeError("CUDA error: out of memory\nCompile with"),
            "not enough (CUDA error: out of memory); use",
        ),
        (OSError(errno.ENOSPC, "No space left on device", "a.npz"), "tts: a.npz: No space left on device"),
        (Diverged("single: diverged at step 3"), "tts: single: diverged at step 3"),
    ],
)
def test_a_failure_is_one_sentence(error: Exception, printed: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail() -> None:
        raise error

    monkeypatch.setattr(main_module, "app", fail)
    shown = tts(code=1)
    assert printed in shown
    assert len(shown.splitlines()) == 1


def test_torch_says_that_the_memory_of_the_machine_is_not_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its allocator has no class of its own for this, so that the words are looked at; here are its real ones."""
    monkeypatch.setattr(main_module, "app", lambda: torch.empty(1 << 60))
    assert "tts: this machine's memory is not enough (" in tts(code=1)


def test_a_fault_of_ours_keeps_its_traceback(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(main_module, "app", lambda: [][0])
    with pytest.raises(IndexError):
        tts()


@pytest.mark.parametrize("place", ["before", "after"])
def test_quiet_shows_no_progress(place: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    from tts.core import progress

    seen = []
    monkeypatch.setattr("tts.cli.demo_run.run_demo", lambda *_, **__: seen.append(progress._quiet))
    arguments = ["-q", "demo"] if place == "before" else ["demo", "-q"]
    tts(*arguments, "--out", tmp_path)
    tts("demo", "--out", tmp_path)
    assert seen == [True, False]


def test_defaults_in_brackets_are_shown() -> None:
    """They were read as the name of a style and dropped."""
    assert "[default: output/RECIPE/SYSTEM]" in " ".join(tts("train", "--help").replace("│", " ").split())
