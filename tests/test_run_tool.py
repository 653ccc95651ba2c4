"""tools/run.py, with stubs for the programs of ``.venv``: whatever fails or is stopped, nothing runs on."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

TOOL = Path(__file__).parents[1] / "tools" / "run.py"
DRIVER = """
import importlib.util, pathlib, signal, sys
signal.signal(signal.SIGINT, signal.default_int_handler)  # which tests in the background would ignore, and so would stubs
spec = importlib.util.spec_from_file_location("run_tool", sys.argv[1])
tool = importlib.util.module_from_spec(spec)
spec.loader.exec_module(tool)
tool.ROOT = pathlib.Path.cwd()
tool.BIN, tool.PATIENCE, tool.set_up = tool.ROOT / "bin", float(sys.argv[2]), lambda extra: None
del sys.argv[1:3]
sys.exit(tool.main())
"""
WORKER = """
import os, pathlib, signal, sys, time
signal.signal(signal.SIGINT, signal.SIG_DFL)  # what a shell starts in the background would ignore it
pathlib.Path(sys.argv[1]).write_text(f"{os.getpid()} {os.getppid()}", encoding="utf-8")
time.sleep(60)
"""
LONG = f"""trap 'wait; echo >$0.torn_down; exit 2' INT
{sys.executable} -S -c '{WORKER}' "$0.pids" &
wait"""
STUBBORN = "sleep 60 & echo $! $$ >$0.pids; wait"  # with a worker that ignores an interruption
pytestmark = pytest.mark.skipif(os.name == "nt", reason="programs are stood for by scripts of a shell")


def start(folder: Path, *arguments: str, patience: float = 20.0, **programs: str) -> subprocess.Popen[str]:
    """Start the tool in a folder where ``programs`` of a shell stand for ruff, mypy and pytest, which else succeed."""
    (folder / "bin").mkdir()
    for name, script in {"ruff": "exit 0", "mypy": "echo no issues", "pytest": "exit 0", **programs}.items():
        path = folder / "bin" / name
        path.write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
        path.chmod(0o755 if script else 0o644)
    command = [sys.executable, "-S", "-c", DRIVER, str(TOOL), str(patience), *arguments]
    return subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


def finish(process: subprocess.Popen[str]) -> tuple[int, str]:
    """Return the exit code of the tool and what was printed."""
    printed, _ = process.communicate(timeout=30)
    return process.returncode, printed


def pids(folder: Path, program: str) -> list[int]:
    """Return the processes of a LONG program, once it has started."""
    path, deadline = folder / "bin" / f"{program}.pids", time.monotonic() + 30.0
    while not (path.is_file() and len(path.read_text(encoding="utf-8").split()) == 2):
        assert time.monotonic() < deadline
        time.sleep(0.01)
    return [int(pid) for pid in path.read_text(encoding="utf-8").split()]


def runs(pid: int) -> bool:
    """Tell whether a process runs; one that has ended and that nobody has waited for does not."""
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def torn_down(folder: Path, program: str) -> bool:
    """Tell whether a LONG program was interrupted, and has ended with all that it started."""
    return (folder / "bin" / f"{program}.torn_down").is_file() and not any(map(runs, pids(folder, program)))


def test_all_pass(tmp_path: Path) -> None:
    code, printed = finish(start(tmp_path, "test", "--quick", pytest='echo tests "$@"'))
    assert code == 0, printed
    assert "no issues" in printed and "tests --strict-skips -m not slow" in printed


def test_types_that_fail_end_the_tests_and_all_they_started(tmp_path: Path) -> None:
    waits = "while [ ! -s bin/pytest.pids ]; do sleep 0.01; done; echo an error; exit 3"
    code, printed = finish(start(tmp_path, "test", mypy=waits, pytest=LONG))
    assert code == 3 and "an error" in printed and "failed: mypy" in printed
    assert torn_down(tmp_path, "pytest")


def test_what_ignores_an_interruption_is_terminated(tmp_path: Path) -> None:
    waits = "while [ ! -s bin/pytest.pids ]; do sleep 0.01; done; exit 3"
    code, _ = finish(start(tmp_path, "test", patience=0.2, mypy=waits, pytest=STUBBORN))
    assert code == 3 and not any(map(runs, pids(tmp_path, "pytest")))


def test_tests_that_fail_end_mypy(tmp_path: Path) -> None:
    waits = "while [ ! -s bin/mypy.pids ]; do sleep 0.01; done; exit 4"
    code, printed = finish(start(tmp_path, "test", mypy=LONG, pytest=waits))
    assert code == 4 and "failed: pytest" in printed
    assert torn_down(tmp_path, "mypy")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_both(tmp_path: Path, number: signal.Signals) -> None:
    process = start(tmp_path, "test", mypy=LONG, pytest=LONG)
    for program in ("mypy", "pytest"):
        pids(tmp_path, program)
    process.send_signal(number)
    code, printed = finish(process)
    assert code == 128 + number and "Traceback" not in printed
    assert torn_down(tmp_path, "mypy") and torn_down(tmp_path, "pytest")


def test_a_signal_ends_the_demo(tmp_path: Path) -> None:
    process = start(tmp_path, "demo", tts=LONG)
    pids(tmp_path, "tts")
    process.terminate()
    assert finish(process)[0] == 128 + signal.SIGTERM
    assert torn_down(tmp_path, "tts")


def test_a_program_that_cannot_be_started_is_one_sentence_and_ends_the_other(tmp_path: Path) -> None:
    code, printed = finish(
        start(tmp_path, "test", mypy=f"exec {sys.executable} -S -c 'import time; time.sleep(60)'", pytest="")
    )
    assert code == 1 and "pytest cannot be started: " in printed and "Traceback" not in printed


@pytest.mark.parametrize("arguments", ["", "tset", "test --qick", "test --quick --quick", "set-up --whatever"])
def test_arguments_that_are_not_known_are_refused(tmp_path: Path, arguments: str) -> None:
    code, printed = finish(start(tmp_path, *arguments.split()))
    assert code == 2 and printed.startswith("usage: ") and len(printed.splitlines()) == 1


def test_arguments_of_the_demo_are_passed_on(tmp_path: Path) -> None:
    code, printed = finish(start(tmp_path, "demo", "--short", tts='echo tts "$@"; exit 6'))
    assert (code, printed) == (6, "tts demo --short\n")
