"""Files are replaced whole or not at all, and what keeps one from being written is said with its name."""

import subprocess
import sys
from pathlib import Path

import pytest
from safetensors import SafetensorError

from tts.core.errors import TtsError, UsageError
from tts.core.files import replacing, write_text
from tts.core.locks import held


def test_a_failure_leaves_the_old_file_and_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    write_text(path, "old")
    with pytest.raises(ValueError, match="half way"), replacing(path) as temporary:
        temporary.write_text("new")
        raise ValueError("half way")
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_full_disk_is_no_traceback(tmp_path: Path) -> None:
    path = tmp_path / "model.safetensors"
    said = r"model\.safetensors: cannot be written \(No space left on device\); .* MB are free"
    with pytest.raises(TtsError, match=said), replacing(path):
        raise SafetensorError("No space left on device")
    assert not list(tmp_path.iterdir())


def test_two_processes_do_not_work_in_one_folder(tmp_path: Path) -> None:
    """The lock ends with the process that has it, however that ends, and leaves no file."""
    pytest.importorskip("fcntl")
    code = "import sys, time; from pathlib import Path; from tts.core.locks import held\nwith held(Path(sys.argv[1])):\n"
    code += "    print('in', flush=True); time.sleep(60)"
    folder = tmp_path / "out"
    with subprocess.Popen([sys.executable, "-c", code, str(folder)], stdout=subprocess.PIPE, text=True) as other:
        try:
            assert other.stdout is not None
            assert other.stdout.readline() == "in\n"
            with pytest.raises(TtsError, match=r"out: another process is at work in it"), held(folder):
                pass
        finally:
            other.kill()
    with held(folder):
        assert list(folder.iterdir()) == []
    (tmp_path / "file").touch()
    with pytest.raises(UsageError, match="file: is a file; name a folder"), held(tmp_path / "file"):
        pass
