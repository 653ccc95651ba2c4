"""Files are replaced whole or not at all, and what keeps one from being written is said with its name."""

from pathlib import Path

import pytest
from safetensors import SafetensorError

from tts.errors import TtsError
from tts.files import replacing, write_text


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
