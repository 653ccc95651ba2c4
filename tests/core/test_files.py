"""Files are replaced whole or not at all, and what keeps one from being written is said with its name."""

import errno
import os
import subprocess
import sys
import threading
import time
import tracemalloc
from pathlib import Path

import pytest
from safetensors import SafetensorError

from tts.core import files
from tts.core.errors import Damaged, Missing, NotWritten, TtsError
from tts.core.files import append_text, read_json, replacing, write_json, write_text


def test_a_failure_leaves_the_old_file_and_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    write_text(path, "old")
    with pytest.raises(ValueError, match="half way"), replacing(path) as temporary:
        temporary.write_text("new")
        raise ValueError("half way")
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize(
    "error", [SafetensorError("No space left on device"), OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))]
)
def test_a_full_disk_is_no_traceback(error: Exception, tmp_path: Path) -> None:
    path = tmp_path / "model.safetensors"
    said = r"model\.safetensors: cannot be written \(No space left on device\); .* MB are free"
    with pytest.raises(NotWritten, match=said), replacing(path):
        raise error
    assert not list(tmp_path.iterdir())


def test_what_is_added_is_on_the_disk_before_anything_refers_to_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path, synced = tmp_path / "lines.jsonl", []
    write_text(path, "one\n")
    monkeypatch.setattr(files.os, "fsync", lambda handle: synced.append(os.fstat(handle).st_size))
    append_text(path, "two\n")
    assert path.read_bytes() == b"one\ntwo\n"
    assert synced == [8]


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="another operating system")
def test_a_disk_that_is_full_when_something_is_added_is_no_traceback() -> None:
    with pytest.raises(NotWritten, match=r"/dev/full: cannot be written \(No space left on device\)"):
        append_text(Path("/dev/full"), "two\n")


def test_what_else_fails_meanwhile_is_not_blamed_on_the_file(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="source"), replacing(tmp_path / "a"):
        (tmp_path / "source").read_text()


def test_the_name_is_that_of_the_file_wanted(tmp_path: Path) -> None:
    (tmp_path / "a.txt").mkdir()
    with pytest.raises(NotWritten, match=r"a\.txt: cannot be written \(Is a directory\)$"):
        write_text(tmp_path / "a.txt", "text")


@pytest.mark.parametrize("stem", ["語" * 83, "a" * 250])
def test_names_as_long_as_the_system_takes(stem: str, tmp_path: Path) -> None:
    write_text(tmp_path / f"{stem}.wav", "text")
    assert [path.name for path in tmp_path.iterdir()] == [f"{stem}.wav"]


def test_content_reaches_the_disk_before_the_name_and_the_name_before_the_return(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else a power cut leaves an empty file under the name, or the old one although the caller went on."""
    path = tmp_path / "a.txt"
    happened: list[str] = []
    fsync, replace = os.fsync, Path.replace

    def synced(handle: int) -> None:
        status = os.fstat(handle)
        what = "folder" if status.st_ino == tmp_path.stat().st_ino else f"{status.st_size} bytes"
        happened.append(f"{what} to disk, {'new' if path.exists() else 'no'} name")
        fsync(handle)

    def replaced(self: Path, target: Path) -> Path:
        happened.append("renamed")
        return replace(self, target)

    monkeypatch.setattr(os, "fsync", synced)
    monkeypatch.setattr(Path, "replace", replaced)
    write_text(path, "four")
    assert happened == ["4 bytes to disk, no name", "renamed", "folder to disk, new name"]


@pytest.mark.skipif(os.name != "posix", reason="permissions of POSIX")
def test_permissions_follow_the_umask_which_is_never_changed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It was set to 0 for a moment to be read, and a file that another thread made just then could be written by everybody."""
    before = os.umask(0o027)
    try:
        monkeypatch.setattr(os, "umask", lambda mask: pytest.fail("the umask is the whole process's"))
        write_text(tmp_path / "a", "text")
    finally:
        monkeypatch.undo()
        os.umask(before)
    assert (tmp_path / "a").stat().st_mode & 0o777 == 0o640


def test_threads_write_side_by_side(tmp_path: Path) -> None:
    threads = [threading.Thread(target=write_text, args=(tmp_path / "a", str(number) * 1000)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set((tmp_path / "a").read_text())) == 1
    assert len(list(tmp_path.iterdir())) == 1


KILLED = """
import os, sys
from pathlib import Path
from tts.core.files import replacing
with replacing(Path(sys.argv[1])) as temporary:
    temporary.write_text("half")
    print(temporary.name, flush=True)
    if sys.argv[2] == "killed":
        os.kill(os.getpid(), 9)
    sys.stdin.read()
"""


@pytest.mark.skipif(os.name != "posix", reason="kills as POSIX does")
def test_what_a_killed_process_left_is_swept_and_what_a_live_one_writes_is_not(tmp_path: Path) -> None:
    (tmp_path / ".mine.tmp-notes").write_text("no temporary")
    code = [sys.executable, "-c", KILLED, str(tmp_path / "b.wav"), "alive"]
    with subprocess.Popen(code, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as alive:
        assert alive.stdout is not None
        assert alive.stdin is not None
        living = alive.stdout.readline().strip()
        killed = [sys.executable, "-c", KILLED, str(tmp_path / "a.wav"), "killed"]
        dead = subprocess.run(killed, capture_output=True, text=True, check=False)
        # As from another container, whose processes have numbers of their own: the lock alone tells.
        foreign = tmp_path / f".c.tmp-{2**22 + 7}-0123456789ab.wav"
        foreign.touch()
        with foreign.open("rb+") as stream:
            assert files.lock(stream.fileno())
            assert {dead.stdout.strip(), living} <= {path.name for path in tmp_path.iterdir()}
            files._swept.clear()
            write_text(tmp_path / "d.txt", "text")
            names = {path.name for path in tmp_path.iterdir()}
        assert names == {living, foreign.name, ".mine.tmp-notes", "d.txt"}
        alive.stdin.close()
    files._swept.clear()
    write_text(tmp_path / "d.txt", "text")
    assert {path.name for path in tmp_path.iterdir()} == {".mine.tmp-notes", "b.wav", "d.txt"}


def test_without_locks_only_what_is_a_day_old_is_swept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files, "lock", lambda handle: False)
    fresh, old = (tmp_path / f".a.tmp-{2**22 + number}-0123456789ab.wav" for number in (1, 2))
    own = tmp_path / f".a.tmp-{os.getpid()}-0123456789ab.wav"  # of a long book, say
    for path, age in ((fresh, 3600.0), (old, 90_000.0), (own, 90_000.0)):
        path.touch()
        os.utime(path, (time.time() - age,) * 2)
    write_text(tmp_path / "d.txt", "text")
    assert {path.name for path in tmp_path.iterdir()} == {fresh.name, own.name, "d.txt"}


@pytest.mark.parametrize(
    ("value", "place"),
    [
        ({"systems": {"main": [{"mcd": 1.0}, {"mcd": float("nan")}]}}, r"systems\.main\[1\]\.mcd is nan"),
        ([[1.0, float("-inf")]], r"\[0\]\[1\] is -inf"),
        (float("inf"), "the value is inf"),
    ],
)
def test_what_is_no_number_is_said_with_its_place(value: object, place: str, tmp_path: Path) -> None:
    with pytest.raises(TtsError, match=rf"a\.json: not written, since {place}, which"):
        write_json(tmp_path / "a.json", value)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('{"a": [1, NaN]}', r"a\[1\] is NaN"),
        ('{"a": {"b": 1e999}}', r"a\.b is 1e999"),
        ('{"a": Infinity, "a": 1}', "a key that is given twice is Infinity"),
        ('{"a": ', "line 1 column 7"),
        ("9" * 5000, "Exceeds the limit"),
        ("[" * 100_000, "recursion"),
        ("\udcff", "codec can't decode"),
    ],
)
def test_what_cannot_be_read_is_said_with_the_file(text: str, said: str, tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text(text, encoding="utf-8", errors="surrogateescape")
    with pytest.raises(Damaged, match=rf"a\.json: not valid JSON \(.*{said}"):
        read_json(tmp_path / "a.json")
    with pytest.raises(Missing, match=r"b\.json: this file is missing"):
        read_json(tmp_path / "b.json")


@pytest.mark.skipif(os.name != "posix", reason="permissions of POSIX")
def test_files_get_the_usual_permissions_whatever_a_library_gives_them(tmp_path: Path) -> None:
    """A voice is for others to read too, and safetensors writes private files."""
    import torch

    from tts.core.tensors import save_tensors

    usual = tmp_path / "usual"
    usual.write_text("")
    save_tensors(tmp_path / "x.safetensors", {"x": torch.zeros(1)}, {})
    with replacing(tmp_path / "private") as temporary:
        temporary.unlink()
        os.close(os.open(temporary, os.O_CREAT | os.O_WRONLY, 0o600))
    modes = {(tmp_path / name).stat().st_mode for name in ("usual", "x.safetensors", "private")}
    assert len(modes) == 1


def test_a_large_record_is_written_in_pieces(tmp_path: Path) -> None:
    """The text of a corpus of twenty thousand utterances need not be in memory beside the record itself."""
    record = {f"utt{number}": {"seconds": 1.5, "digest": "0" * 64} for number in range(5000)}
    tracemalloc.start()
    try:
        write_json(tmp_path / "a.json", record)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert read_json(tmp_path / "a.json") == record
    assert peak < 0.3 * (tmp_path / "a.json").stat().st_size
    with pytest.raises(TypeError):
        write_json(tmp_path / "a.json", {"a": object()})
    assert read_json(tmp_path / "a.json") == record
