"""Set everything up in .venv and run a job: ``python3 tools/run.py demo`` or ``python3 tools/run.py test``.

``python3 tools/run.py set-up`` does the first alone, for the tests.

Needs Python 3.11 or newer, nothing else: no compiler, no system package. What is installed is listed in pyproject.toml, at
the versions of constraints.txt. A second run finds everything in place.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
import time
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
BIN = VENV / ("Scripts" if os.name == "nt" else "bin")
EXTRAS = {"demo": "demo", "test": "dev", "set-up": "dev"}
CPU_WHEELS = "https://download.pytorch.org/whl/cpu"


def main() -> int:
    """Set up for the job named on the command line, then run it; further arguments go to the job."""
    if len(sys.argv) < 2 or sys.argv[1] not in EXTRAS:
        print("usage: python3 tools/run.py demo [OPTIONS], or test [--quick], or set-up", file=sys.stderr)
        return 2
    if sys.version_info < (3, 11):  # noqa: UP036 - this file runs before anything is checked
        print(f"Python 3.11 or newer is needed, this is {sys.version.split()[0]}", file=sys.stderr)
        return 2
    job, arguments = sys.argv[1], sys.argv[2:]
    set_up(EXTRAS[job])
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)  # every process would compile anew what it imports
    os.environ.setdefault("GOMP_SPINCOUNT", "0")
    if job == "demo":
        return run("tts", "demo", *arguments)
    return 0 if job == "set-up" else test(quick="--quick" in arguments)


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
    command += ["--no-compile"]  # most modules are never imported, the others are compiled when they are
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
    with tempfile.TemporaryFile("w+", encoding="utf-8") as said:
        running = {
            types: subprocess.Popen([str(BIN / types[0]), *types[1:]], cwd=ROOT, stdout=said, stderr=said),
            tests: subprocess.Popen([str(BIN / tests[0]), *tests[1:]], cwd=ROOT),
        }
        try:
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
            for process in running.values():
                process.terminate()
                process.wait()
    return 0


def failed(step: tuple[str, ...], code: int) -> int:
    """Name the step that failed; return its exit code."""
    print(f"failed: {' '.join(step)}", file=sys.stderr)
    return code


if __name__ == "__main__":
    sys.exit(main())
