"""Skipped tests are told at the end, and fail the run that asks for it unless their reason is a known one."""

import subprocess
import sys
from pathlib import Path

import pytest

TESTS = Path(__file__).parent
SKIPS = "import pytest\n\n\ndef test_pipeline():\n    pytest.skip('nothing is ready')\n"
ESPEAK = "import pytest\npytest.importorskip('espeakng_loader_that_is_not_there')\n"
PASSES = "def test_passes():\n    pass\n"
STRICT = "--strict-skips"


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "module", "options", "code", "said"),
    [
        ("inner", SKIPS, [], 0, "test_inner.py (1): nothing is ready [NOT A REASON TO SKIP]"),
        ("inner", SKIPS, [STRICT], 1, "test_inner.py (1): nothing is ready [NOT A REASON TO SKIP]"),
        ("inner", SKIPS, [STRICT, "-n", "1"], 1, "test_inner.py (1): nothing is ready [NOT A REASON TO SKIP]"),
        ("inner", ESPEAK, [STRICT], 1, "[NOT A REASON TO SKIP]"),
        ("espeak", ESPEAK, [STRICT], 0, "an extra that no pipeline needs]"),
        ("inner", PASSES, [STRICT], 0, ""),
    ],
)
def test_what_is_skipped_is_told(tmp_path: Path, name: str, module: str, options: list[str], code: int, said: str) -> None:
    (tmp_path / f"test_{name}.py").write_text(module, encoding="utf-8")
    (tmp_path / "test_other.py").write_text(PASSES, encoding="utf-8")
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "skips", *options]
    run = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, env={"PYTHONPATH": str(TESTS)})
    assert run.returncode == code, run.stdout + run.stderr
    assert said in run.stdout
    assert ("SKIPPED" in run.stdout) == bool(said)
