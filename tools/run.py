"""Set everything up in .venv and run a job: ``python3 tools/run.py demo`` or ``python3 tools/run.py test``.

Needs Python 3.11 or newer, nothing else: no compiler, no system package. What is installed is listed in pyproject.toml, at
the versions of constraints.txt. A second run finds everything in place.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
BIN = VENV / ("Scripts" if os.name == "nt" else "bin")
EXTRAS = {"demo": "demo", "test": "dev"}
CPU_WHEELS = "https://download.pytorch.org/whl/cpu"


def main() -> int:
    """Set up for the job named on the command line, then run it; further arguments go to the job."""
    if len(sys.argv) < 2 or sys.argv[1] not in EXTRAS:
        print("usage: python3 tools/run.py demo [OPTIONS]   or   python3 tools/run.py test [--quick]", file=sys.stderr)
        return 2
    if sys.version_info < (3, 11):  # noqa: UP036 - this file runs before anything is checked
        print(f"Python 3.11 or newer is needed, this is {sys.version.split()[0]}", file=sys.stderr)
        return 2
    job, arguments = sys.argv[1], sys.argv[2:]
    set_up(EXTRAS[job])
    os.environ.setdefault("GOMP_SPINCOUNT", "0")
    if job == "demo":
        return run("tts", "demo", *arguments)
    return test(quick="--quick" in arguments)


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
    command = [str(BIN / "python"), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    command += ["-c", str(ROOT / "constraints.txt"), "-e", f"{ROOT}[{extra}]"]
    if sys.platform.startswith("linux") and not shutil.which("nvidia-smi") and not os.environ.get("PIP_FIND_LINKS"):
        command += ["--extra-index-url", CPU_WHEELS]  # PyPI's Linux wheel carries several GB of CUDA that has no use here
    if subprocess.run(command, check=False).returncode:
        print("setting up failed: see pip's message above; it needs the network once", file=sys.stderr)
        sys.exit(1)
    mark.write_text(wanted, encoding="utf-8")


def run(program: str, *arguments: str) -> int:
    """Run a program of .venv in the project's folder; return its exit code."""
    return subprocess.run([str(BIN / program), *arguments], cwd=ROOT, check=False).returncode


def test(quick: bool) -> int:
    """Lint, types and tests, the demo in its short form among them; stop at the first that fails."""
    tests = ("pytest", "--strict-skips", *(("-m", "not slow") if quick else ()))
    for step in (("ruff", "check", "."), ("ruff", "format", "--check", "."), ("mypy",), tests):
        print(f"== {' '.join(step)}", flush=True)
        code = run(*step)
        if code:
            print(f"failed: {' '.join(step)}", file=sys.stderr)
            return code
    return 0


if __name__ == "__main__":
    sys.exit(main())
