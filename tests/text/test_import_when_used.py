"""A slow package of gruut's is imported when something of it is asked for, and is then the real one."""

import subprocess
import sys
from pathlib import Path

from tts.text.gruut_engine import import_when_used


def test_a_module_is_run_at_its_first_use(tmp_path: Path) -> None:
    (tmp_path / "slow_one").mkdir()
    (tmp_path / "slow_one" / "__init__.py").write_text("print('run')\ndef parse(x): return x + 1\n", encoding="utf-8")
    (tmp_path / "slow_one" / "part.py").write_text("value = 5\n", encoding="utf-8")
    code = (
        "from tts.text.gruut_engine import import_when_used\n"
        "import_when_used('slow_one'); import_when_used('no_such_module')\n"
        "import slow_one\nimport slow_one as again\nprint('before')\n"
        "print(slow_one.parse(1), again.parse(2))\n"
        "import slow_one.part\nprint(slow_one.part.value)\n"
        "try: import no_such_module\nexcept ImportError: print('missing')\n"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["before", "run", "2", "3", "5", "missing"]


def test_what_is_imported_stays() -> None:
    import json

    import_when_used("json")
    assert sys.modules["json"] is json
