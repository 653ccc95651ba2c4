from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from object_store import Breaking, breaking_store, fill

from tts.core import copies, remote
from tts.core.copies import cache_folder, copied, copied_file, origin, release_copies
from tts.core.errors import Missing, TtsError, UsageError
from tts.core.remote import Remote

FILES = {"metadata.csv": b"a|Hello.\n", "wavs/a.wav": b"1" * 400_000, "wavs/b.wav": b"2" * 100}


@pytest.fixture(autouse=True)
def cache(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    monkeypatch.setenv("TTS_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv("TTS_CACHE_LIMIT", raising=False)
    monkeypatch.setattr(remote, "_PATIENCE", (0.0, 0.0))
    release_copies()
    return tmp_path / "cache"


def content(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def fetches(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return the addresses that are fetched from now on."""
    fetched: list[str] = []
    fetch = Remote.fetch

    def noted(self: Remote, target: Path, size: int | None = None) -> int:
        fetched.append(self.name)
        return fetch(self, target, size)

    monkeypatch.setattr(Remote, "fetch", noted)
    return fetched


def test_a_copy_is_the_folder_and_only_what_changed_is_fetched_again(monkeypatch: pytest.MonkeyPatch) -> None:
    fetched = fetches(monkeypatch)
    with breaking_store() as store:
        fill(str(store), {**FILES, "training/state": b"x"})
        folder = copied(store, lambda name: not name.startswith("training/"))
        assert folder.name == "folder"
        assert content(folder) == FILES
        assert sorted(fetched) == ["a.wav", "b.wav", "metadata.csv"]
        fetched.clear()
        assert copied(store, lambda name: not name.startswith("training/")) == folder
        assert not fetched
        fill(str(store), {"wavs/b.wav": b"3" * 100})  # of the same size
        Breaking.store.pop("/folder/metadata.csv")
        (folder / "wavs/a.wav").unlink()
        copied(store, lambda name: not name.startswith("training/"))
        assert sorted(fetched) == ["a.wav", "b.wav"]
        assert content(folder) == {"wavs/a.wav": FILES["wavs/a.wav"], "wavs/b.wav": b"3" * 100}
        assert origin(folder / "wavs/b.wav") == "breaking://folder/wavs/b.wav"
        assert (origin(folder), origin(Path("x/y"))) == ("breaking://folder", "x/y")


def test_an_interrupted_copy_keeps_what_came_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(copies, "THREADS", 1)
    with breaking_store() as store:
        fill(str(store), FILES)
        fetch = Remote.fetch

        def broken(self: Remote, target: Path, size: int | None = None) -> int:
            if self.name == "b.wav":
                target.write_bytes(b"2")
                raise KeyboardInterrupt
            return fetch(self, target, size)

        with monkeypatch.context() as patch:
            patch.setattr(Remote, "fetch", broken)
            with pytest.raises(KeyboardInterrupt):
                copied(store)
        (folder,) = [path for path in cache_folder().glob("remote/*/*") if path.is_dir()]
        assert "wavs/b.wav" not in content(folder)
        fetched = fetches(monkeypatch)
        assert content(copied(store)) == FILES
        assert "b.wav" in fetched and len(fetched) < 3


def test_copies_have_a_limit_and_the_oldest_makes_room(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TTS_CACHE_LIMIT", "0.001")
    with breaking_store() as store:
        for name in "abc":
            fill(f"{store}/{name}", {"x.wav": b"1" * 400_000})
        fill(f"{store}/large", {"x.wav": b"1" * 1_100_000})
        first, second = copied(store.child("a")), copied(store.child("b"))
        with pytest.raises(TtsError, match="other commands use copies that leave no room for breaking://folder/c"):
            copied(store.child("c"))
        release_copies()
        os.utime(second.parent / copies.INDEX, (1, 1))
        third = copied(store.child("c"))
        assert (first.is_dir(), second.parent.exists(), third.is_dir()) == (True, False, True)
        with pytest.raises(
            UsageError, match=r"folder/large: has 0.00 GB, and copies may have 0.001; allow more with TTS_CACHE_LIMIT"
        ):
            copied(store.child("large"))
        assert first.is_dir()
        monkeypatch.setenv("TTS_CACHE_LIMIT", "much")
        with pytest.raises(UsageError, match="TTS_CACHE_LIMIT=much: expected a number of GB"):
            copied(store.child("large"))


def test_one_recording_that_was_removed_comes_back() -> None:
    with breaking_store() as store:
        fill(str(store), FILES)
        folder = copied(store)
        (folder / "wavs/b.wav").unlink()
        (folder / "wavs/a.wav").unlink()
        assert copied_file(store, "wavs/b.wav").read_bytes() == FILES["wavs/b.wav"]
        assert not (folder / "wavs/a.wav").exists()
        with pytest.raises(Missing):
            copied_file(store, "wavs/none.wav")


def test_two_processes_share_a_copy(cache: Path) -> None:
    """Both hold it, both fetch it, and what is left is right."""
    code = (
        "from object_store import breaking_store, fill\nfrom tts.core.copies import copied\n"
        "with breaking_store() as store:\n"
        "    fill(str(store), {f'{n}.wav': b'1' * 1000 for n in range(50)})\n"
        "    folder = copied(store)\n"
        "    assert len(list(folder.iterdir())) == 50\n"
    )
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(["tests", *sys.path])}
    running = [subprocess.Popen([sys.executable, "-c", code], env=environment, cwd=Path(__file__).parents[2]) for _ in range(2)]
    assert [process.wait(60) for process in running] == [0, 0]
