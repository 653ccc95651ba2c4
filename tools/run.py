"""Set everything up in .venv and run a job: ``python3 tools/run.py demo`` or ``python3 tools/run.py test``.

``python3 tools/run.py set-up`` does the first alone, for the tests.

Needs Python 3.11 or newer, nothing else: no compiler, no system package. What is installed is listed in pyproject.toml, at
the versions of constraints.txt. A second run finds everything in place.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import venv
from pathlib import Path
from typing import IO, NoReturn

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
BIN = VENV / ("Scripts" if os.name == "nt" else "bin")
EXTRAS = {"demo": "demo", "test": "dev", "set-up": "dev"}
SIGNALS = [getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)]
PATIENCE = 10.0  # seconds for an interrupted program to tidy up, and as many for a terminated one
CPU_WHEELS = "https://download.pytorch.org/whl/cpu"


def main() -> int:
    """Set up for the job named on the command line, then run it; further arguments go to the job."""
    job, arguments = sys.argv[1] if len(sys.argv) > 1 else "", sys.argv[2:]
    if job not in EXTRAS or (job != "demo" and arguments not in ([], ["--quick"] if job == "test" else [])):
        print("usage: python3 tools/run.py demo [OPTIONS], or test [--quick], or set-up", file=sys.stderr)
        return 2
    if sys.version_info < (3, 11):  # noqa: UP036 - this file runs before anything is checked
        print(f"Python 3.11 or newer is needed, this is {sys.version.split()[0]}", file=sys.stderr)
        return 2
    for number in SIGNALS:
        if signal.getsignal(number) != signal.SIG_IGN:  # as under nohup
            signal.signal(number, stop)
    set_up(EXTRAS[job])
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)  # every process would compile anew what it imports
    os.environ.setdefault("GOMP_SPINCOUNT", "0")
    if job == "demo":
        return run("tts", "demo", *arguments)
    return 0 if job == "set-up" else test(quick="--quick" in arguments)


def stop(number: int, frame: object) -> NoReturn:
    """End this program for a signal, and thereby, on the way out, what it runs."""
    del frame
    sys.exit(128 + number)


def set_up(extra: str) -> None:
    """Make .venv and install the package with ``extra``, unless exactly that has been done."""
    wanted = hashlib.sha256((ROOT / "pyproject.toml").read_bytes() + (ROOT / "constraints.txt").read_bytes()).hexdigest()
    mark = VENV / f"installed-{extra}"
    if mark.is_file() and mark.read_text(encoding="utf-8") == wanted:
        return
    print(f"setting up {VENV} (once; about a minute, 1.5 GB)", flush=True)
    if not (BIN / "python").exists() and not (BIN / "python.exe").exists():
        try:
            venv.create(VENV, with_pip=True)
        except (subprocess.CalledProcessError, OSError) as error:
            shutil.rmtree(VENV, ignore_errors=True)
            print(f"{VENV} cannot be made: {error}", file=sys.stderr)
            print("this Python lacks venv or ensurepip; use one from python.org, or on Debian python3-venv", file=sys.stderr)
            sys.exit(1)
    command = ["python", "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    command += ["--no-compile"]  # most modules are never imported, the others are compiled when they are
    command += ["-c", str(ROOT / "constraints.txt"), "-e", f"{ROOT}[{extra}]"]
    if sys.platform.startswith("linux") and not shutil.which("nvidia-smi") and not os.environ.get("PIP_FIND_LINKS"):
        command += ["--extra-index-url", CPU_WHEELS]  # PyPI's Linux wheel carries several GB of CUDA that has no use here
    if run(*command):
        print("setting up failed: see pip's message above; it needs the network once", file=sys.stderr)
        sys.exit(1)
    mark.write_text(wanted, encoding="utf-8")


def run(program: str, *arguments: str) -> int:
    """Run a program of .venv in the project's folder; return its exit code."""
    process = start(program, *arguments)
    try:
        return process.wait()
    finally:
        end([process])


def test(quick: bool) -> int:
    """Lint, types and tests, the demo in its short form among them; stop at the first that fails."""
    for step in (("ruff", "check", "."), ("ruff", "format", "--check", ".")):
        print(f"== {' '.join(step)}", flush=True)
        if code := run(*step):
            return failed(step, code)
    return beside(("mypy",), ("pytest", "--strict-skips", *(("-m", "not slow") if quick else ())))


def beside(types: tuple[str, ...], tests: tuple[str, ...]) -> int:
    """Check types while the tests run, for which one core is enough; tell what was found in them once it is known.

    Where either fails, the other is ended: return that exit code, or 0.
    """
    print(f"== {' '.join(types)}, and meanwhile {' '.join(tests)}", flush=True)
    running: dict[tuple[str, ...], subprocess.Popen[bytes]] = {}
    with tempfile.TemporaryFile("w+", encoding="utf-8") as said:
        try:
            running[types] = start(*types, said=said)
            running[tests] = start(*tests)
            while running:
                time.sleep(0.2)
                for step in [step for step, process in running.items() if process.poll() is not None]:
                    code = running.pop(step).returncode
                    if step == types:
                        said.seek(0)
                        print(f"\n== {' '.join(types)}\n{said.read()}", flush=True)
                    if code:
                        return failed(step, code)
        finally:
            end(list(running.values()))
    return 0


def start(program: str, *arguments: str, said: IO[str] | None = None) -> subprocess.Popen[bytes]:
    """Start a program of .venv in the project's folder and, but on Windows, a session of its own; it prints to ``said``."""
    try:
        # What it starts in its turn is of its session, where one signal reaches all.
        return subprocess.Popen([str(BIN / program), *arguments], cwd=ROOT, stdout=said, stderr=said, start_new_session=True)
    except OSError as error:
        sys.exit(f"{BIN / program} cannot be started: {error}; remove {VENV} and run this again")


def end(processes: list[subprocess.Popen[bytes]]) -> None:
    """Interrupt what still runs of processes and what they have started, terminate it after some seconds, then kill it."""
    processes = [process for process in processes if process.poll() is None]
    if not processes:
        return
    for number in SIGNALS:
        signal.signal(number, signal.SIG_IGN)  # to be told once more must not stop this half-way
    if os.name == "nt":
        for process in processes:
            process.terminate()
    else:
        for number, patience in ((signal.SIGINT, PATIENCE), (signal.SIGTERM, PATIENCE), (signal.SIGKILL, 0.0)):
            until = time.monotonic() + patience
            send(processes, number)
            while send(processes, 0) and time.monotonic() < until:
                time.sleep(0.05)
    for process in processes:
        process.wait()


def send(processes: list[subprocess.Popen[bytes]], number: int) -> bool:
    """Send a signal to the groups of processes, 0 to none; return whether anything of them still runs."""
    reached = False
    for process in processes:
        process.poll()  # what has ended counts until it is waited for
        try:
            os.killpg(process.pid, number)
            reached = True
        except (ProcessLookupError, PermissionError):  # the second, on macOS, where all of it has ended
            pass
    return reached


def failed(step: tuple[str, ...], code: int) -> int:
    """Name the step that failed; return its exit code."""
    print(f"failed: {' '.join(step)}", file=sys.stderr)
    return code


if __name__ == "__main__":
    sys.exit(main())
