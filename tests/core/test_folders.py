"""A command's folder is its own, new, or refused; what is in it stays."""

from pathlib import Path

import pytest

from tts.core.errors import UsageError
from tts.core.folders import require_own_folder


def test_new_empty_and_own_folders_are_taken(tmp_path: Path) -> None:
    require_own_folder(tmp_path / "new", "tts x")
    assert not (tmp_path / "new").exists()
    (tmp_path / ".hidden").touch()
    (tmp_path / "voices").mkdir()
    require_own_folder(tmp_path, "tts x", may_hold=("voices",))
    (tmp_path / "notes.txt").touch()
    (tmp_path / "mark").touch()
    require_own_folder(tmp_path, "tts x", mark=tmp_path / "mark")


def test_a_folder_of_something_else_is_named_with_what_it_holds(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").touch()
    with pytest.raises(UsageError, match=r"exists and was not made by tts x \(it holds notes.txt\); choose another --out"):
        require_own_folder(tmp_path, "tts x", mark=tmp_path / "mark", may_hold=("voices",))
    with pytest.raises(UsageError, match=r"notes.txt: is a file; --out names a folder"):
        require_own_folder(tmp_path / "notes.txt", "tts x")
