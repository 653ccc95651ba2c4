"""One process writes in a folder or many read it, on every system, and never unlocked without a word."""

import logging
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace

import pytest

from tts.core import locks
from tts.core.errors import FolderBusy, Missing, UsageError
from tts.core.locks import FolderHold, held

# Windows' locks, in the terms of POSIX: between processes, on ranges of bytes, excluding all others; and its files.
WINDOWS = """
import errno, fcntl, os, pathlib, sys, types
def locking(handle, mode, count):
    try:
        fcntl.lockf(handle, fcntl.LOCK_EX | fcntl.LOCK_NB, count, os.lseek(handle, 0, os.SEEK_CUR))
    except BlockingIOError:
        raise PermissionError(errno.EACCES, "Permission denied")
def unlink(self, missing_ok=False, real=pathlib.Path.unlink):
    handle = os.open(self, os.O_RDWR)
    try:
        fcntl.lockf(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)  # what is open elsewhere cannot be removed
    finally:
        os.close(handle)
    real(self, missing_ok)
pathlib.Path.unlink = unlink
sys.modules["msvcrt"] = types.SimpleNamespace(locking=locking, LK_NBLCK=2)
sys.modules["fcntl"] = None
"""
NETWORK = "from tts.core import locks; locks._on_network = lambda folder: True\n"
SYSTEMS = {"local": "", "network": NETWORK, "windows": WINDOWS}
HOLD = """
import sys, time
from pathlib import Path
from tts.core.locks import held
with held(Path(sys.argv[1]), shared=sys.argv[2] == "shared"):
    print("in", flush=True)
    time.sleep(60)
"""
TRY = """
import sys
from pathlib import Path
from tts.core.errors import FolderBusy
from tts.core.locks import held
try:
    with held(Path(sys.argv[1]), shared=sys.argv[2] == "shared"):
        print("free")
except FolderBusy:
    print("busy")
"""

pytestmark = pytest.mark.skipif(os.name != "posix", reason="stands in for other systems with fcntl's locks")


@contextmanager
def another(folder: Path, mode: str, system: str) -> Iterator[None]:
    """Hold the folder in another process, which is then killed."""
    code = [sys.executable, "-c", SYSTEMS[system] + HOLD, str(folder), mode]
    with subprocess.Popen(code, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline() == "in\n"
            yield
        finally:
            process.kill()


def attempt(folder: Path, mode: str, system: str) -> str:
    code = [sys.executable, "-c", SYSTEMS[system] + TRY, str(folder), mode]
    return subprocess.run(code, capture_output=True, text=True, check=True).stdout.strip()


@pytest.mark.slow
@pytest.mark.parametrize("system", SYSTEMS)
@pytest.mark.parametrize(
    ("first", "second", "result"),
    [
        ("exclusive", "exclusive", "busy"),
        ("exclusive", "shared", "busy"),
        ("shared", "exclusive", "busy"),
        ("shared", "shared", "free"),
    ],
)
def test_many_read_or_one_writes(tmp_path: Path, system: str, first: str, second: str, result: str) -> None:
    with another(tmp_path, first, system):
        assert attempt(tmp_path, second, system) == result
    assert attempt(tmp_path, second, system) == "free"  # a killed process holds nothing
    assert not list(tmp_path.iterdir())  # and whoever came last has left nothing


@pytest.mark.parametrize("system", SYSTEMS)
def test_a_reader_that_goes_leaves_the_others_their_lock(tmp_path: Path, system: str) -> None:
    with another(tmp_path, "shared", system):
        assert attempt(tmp_path, "shared", system) == "free"  # comes and goes
        assert attempt(tmp_path, "exclusive", system) == "busy"


def test_a_lock_file_that_was_removed_before_it_was_locked_is_not_relied_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The last to have it removes it; who has just opened it would lock what nobody else sees."""
    monkeypatch.setattr(locks, "_on_network", lambda folder: True)
    real, removed = locks._try_lock, []

    def late(handle: int, shared: bool) -> bool:
        if not removed:
            removed.append((tmp_path / locks.LOCK_FILE).unlink())
        return real(handle, shared)

    monkeypatch.setattr(locks, "_try_lock", late)
    with held(tmp_path):
        assert removed
        assert attempt(tmp_path, "exclusive", "network") == "busy"


@pytest.mark.parametrize("network", [False, True])
def test_within_one_process(tmp_path: Path, network: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(locks, "_on_network", lambda folder: network)
    with held(tmp_path / "new"):
        with held(tmp_path / "new", shared=True):
            pass
        with pytest.raises(FolderBusy, match="new: another process is at work in it"), held(tmp_path / "new"):
            pass
    with held(tmp_path / "new", shared=True), held(tmp_path / "new", shared=True):
        with pytest.raises(FolderBusy), held(tmp_path / "new"):
            pass
        assert len(list((tmp_path / "new").iterdir())) == network
    assert not list((tmp_path / "new").iterdir())


def test_a_hold_ends_when_it_is_released(tmp_path: Path) -> None:
    hold = FolderHold(tmp_path, shared=True)
    with pytest.raises(FolderBusy), held(tmp_path):
        pass
    hold.release()
    hold.release()
    with held(tmp_path):
        pass


def test_patience_waits_for_another_to_end(tmp_path: Path) -> None:
    code = HOLD.replace("time.sleep(60)", "time.sleep(0.5)")
    with subprocess.Popen([sys.executable, "-c", code, str(tmp_path), "exclusive"], stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()
        with held(tmp_path, patience=30.0):
            pass


def test_what_cannot_be_held(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(UsageError, match="file: is a file; name a folder"), held(tmp_path / "file"):
        pass
    with pytest.raises(Missing, match="nowhere: there is no such folder"), held(tmp_path / "nowhere", shared=True):
        pass
    assert not (tmp_path / "nowhere").exists()


def test_a_folder_that_is_removed_while_it_is_locked_is_not_held(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A reader must not go on in a folder that the one who had the lock has deleted."""
    folder = tmp_path / "arrays"
    folder.mkdir()
    real = locks._try_lock

    def late(handle: int, shared: bool) -> bool:
        folder.rmdir()
        return real(handle, shared)

    monkeypatch.setattr(locks, "_try_lock", late)
    with pytest.raises(FileNotFoundError):
        FolderHold(folder, shared=True)


def test_a_drive_without_locks_is_said_aloud(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def none(handle: int, shared: bool) -> bool:
        raise OSError(37, "No locks available")

    monkeypatch.setattr(locks, "_try_lock", none)
    with caplog.at_level(logging.WARNING), held(tmp_path):
        pass
    assert "cannot be locked ([Errno 37] No locks available), so let no other command work in it" in caplog.text


@pytest.mark.parametrize(
    ("kind", "network"),
    [("ext4", False), ("apfs", False), ("overlay", False), ("nfs4", True), ("cifs", True), ("fuse.sshfs", True), ("9p", True)],
)
def test_network_drives_are_known_by_the_mount_that_the_folder_is_on(
    kind: str, network: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mounts = {"/": "nfs" if not network else "ext4", str(tmp_path.resolve()): kind}
    parts = [SimpleNamespace(mountpoint=place, fstype=fstype) for place, fstype in mounts.items()]
    monkeypatch.setattr("psutil.disk_partitions", lambda all: parts)
    assert locks._on_network(tmp_path / "deeper") is network
