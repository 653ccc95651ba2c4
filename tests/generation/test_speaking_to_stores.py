"""Speech into an object store: the same files as in a folder, resumed by the manifest there, never half an object."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from fake_voice import FakeVoice
from object_store import Breaking, breaking_store, fill, s3_server, stored

import tts.cli.speak_run
from tts.cli.main import main
from tts.core import deposit, remote
from tts.core.errors import NotWritten, UsageError
from tts.core.remote import Remote
from tts.generation.batch import FolderOutput, speak_to_folder
from tts.generation.requests import Request
from tts.generation.synthesiser import Synthesiser, SynthesisSettings

Run = Callable[..., tuple[int, str, str]]
OUTPUT = FolderOutput(timings=("json",))


@pytest.fixture(autouse=True)
def cache(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("TTS_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(remote, "_PATIENCE", (0.0, 0.0))


@pytest.fixture
def synthesiser() -> Iterator[Synthesiser]:
    with Synthesiser(FakeVoice(frames_a_state=1.0), SynthesisSettings(workers=0)) as made:
        yield made


def requests(*texts: str) -> list[Request]:
    return [Request(f"t-{n:05d}", text, place=f"t.txt:{n}", numbered=True) for n, text in enumerate(texts, 1)]


def statuses(store: Remote) -> dict[str, str]:
    lines = stored(str(store))["manifest.jsonl"].decode().splitlines()
    return {entry["id"]: entry["status"] for entry in map(json.loads, lines)}


def test_the_store_holds_what_a_folder_would(synthesiser: Synthesiser, tmp_path: Path) -> None:
    asked = requests("One.", "☠", "Three.")
    speak_to_folder(synthesiser, asked, tmp_path / "here", output=OUTPUT)
    with breaking_store() as store:
        report = speak_to_folder(synthesiser, asked, store, output=OUTPUT)
        assert (report.spoken, len(report.failures)) == (2, 1)
        assert stored(str(store)) == {path.name: path.read_bytes() for path in (tmp_path / "here").iterdir()}
        with pytest.raises(UsageError, match=r"breaking://folder/t-00001.wav exists already; say --resume"):
            speak_to_folder(synthesiser, asked, store, output=OUTPUT)
        report = speak_to_folder(synthesiser, asked, store, output=OUTPUT, resume=True)
        assert (report.spoken, report.skipped) == (0, 2)
    assert not list((tmp_path / "cache").glob("outgoing/*"))


def test_lines_inserted_above_rename_what_is_there(synthesiser: Synthesiser, tmp_path: Path) -> None:
    with breaking_store() as store:
        for out in (tmp_path / "here", store):
            speak_to_folder(synthesiser, requests("One.", "Two."), out, output=OUTPUT)
            report = speak_to_folder(synthesiser, requests("New.", "One.", "Two."), out, output=OUTPUT, resume=True)
            assert (report.spoken, report.skipped) == (1, 2)
        assert stored(str(store)) == {path.name: path.read_bytes() for path in (tmp_path / "here").iterdir()}


@pytest.mark.parametrize("killed_at", range(8))
def test_a_move_killed_between_copy_and_delete_leaves_no_file_behind(
    synthesiser: Synthesiser, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, killed_at: int
) -> None:
    """Two texts of two files each are moved twice: eight renames, each of them a copy and then a delete."""
    asked = requests("New.", "One.", "Two.")
    speak_to_folder(synthesiser, asked, tmp_path / "fresh", output=OUTPUT)
    with breaking_store() as store:
        speak_to_folder(synthesiser, requests("One.", "Two."), store, output=OUTPUT)
        renames, rename = iter(range(8)), Remote.rename

        def killed(self: Remote, name: str) -> None:
            if next(renames) == killed_at:
                self._opened[0].copy(self._opened[1], f"{self._opened[1].rpartition('/')[0]}/{name}")
                raise KeyboardInterrupt
            rename(self, name)

        with monkeypatch.context() as patch:
            patch.setattr(Remote, "rename", killed)
            with pytest.raises(KeyboardInterrupt):
                speak_to_folder(synthesiser, asked, store, output=OUTPUT, resume=True)
        speak_to_folder(synthesiser, asked, store, output=OUTPUT, resume=True)
        made, fresh = stored(str(store)), {path.name: path.read_bytes() for path in (tmp_path / "fresh").iterdir()}
        manifests = [sorted(files.pop("manifest.jsonl").splitlines()) for files in (made, fresh)]
        assert made == fresh and manifests[0] == manifests[1]


def test_a_dropped_connection_loses_no_text_and_leaves_no_half(
    synthesiser: Synthesiser, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(deposit, "THREADS", 1)
    monkeypatch.setattr(deposit, "IN_FLIGHT", 0)
    asked = requests("One.", "Two.", "Three.")
    with breaking_store() as store:
        put = Remote.put

        def broken(self: Remote, source: Path) -> None:
            if self.name == "t-00002.wav":
                Breaking.faults["put"] = [ConnectionResetError("reset")] * 100
            put(self, source)

        with monkeypatch.context() as patch:
            patch.setattr(Remote, "put", broken)
            with pytest.raises(NotWritten):
                speak_to_folder(synthesiser, asked, store, output=OUTPUT)
        Breaking.faults = {}
        assert not [name for name in stored(str(store)) if ".tmp-" in name or name == "t-00002.wav"]
        assert set(statuses(store)) == {request.id for request in asked}
        report = speak_to_folder(synthesiser, asked, store, output=OUTPUT, resume=True)
        assert report.spoken >= 2
        assert set(statuses(store).values()) == {"spoken"}
        assert len(stored(str(store))) == 7


def test_a_file_that_nobody_made_is_not_overwritten(synthesiser: Synthesiser) -> None:
    with breaking_store() as store:
        fill(str(store), {"t-00001.wav": b"precious"})
        with pytest.raises(UsageError, match="is in no manifest of breaking://folder"):
            speak_to_folder(synthesiser, requests("One."), store, resume=True)
        assert stored(str(store)) == {"t-00001.wav": b"precious"}


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> Run:
    """Run ``tts speak`` with a fake voice and return exit code, standard output and standard error."""
    voice = FakeVoice(frames_a_state=1.0)
    monkeypatch.setattr(tts.cli.speak_run, "load_speaker", lambda path, device: voice)
    monkeypatch.chdir(tmp_path)
    Path("voice").mkdir()
    Path("voice/config.json").write_text("{}")

    def run(*arguments: str) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["tts", "speak", *arguments])
        with pytest.raises(SystemExit) as caught:
            main()
        output = capfd.readouterr()
        return int(caught.value.code or 0), output.out, output.err

    return run


def test_the_command_from_store_to_store(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """Texts, voice and results in an S3; the secret key and a signature are nowhere in what is left."""
    with s3_server(monkeypatch):
        fill("s3://bucket/texts", {"a.txt": b"One two.\nThree.\n", "b.txt": b"x|Four.\n"})
        fill("s3://bucket/voices/anna", {"config.json": b"{}", "training/state": b"large"})
        code, out, err = run("s3://bucket/voices/anna", "s3://bucket/texts/*.txt", "--out", "s3://bucket/wavs")
        assert code == 0, err
        assert out.startswith("spoke 3 of 3")
        files = stored("s3://bucket/wavs")
        assert sorted(files) == ["a-00001.wav", "a-00002.wav", "manifest.jsonl", "x.wav"]
        assert b"s3cr3t" not in b"".join(files.values())
        assert "s3://bucket/texts/b.txt:1" in files["manifest.jsonl"].decode()
        code, out, _ = run("s3://bucket/voices/anna", "s3://bucket/texts/*.txt", "--out", "s3://bucket/wavs", "--resume")
        assert (code, "3 were done before" in out) == (0, True)
        assert run("voice", "--text", "One.", "--output", "s3://bucket/one.wav")[0] == 0
        assert stored("s3://bucket")["one.wav"][:4] == b"RIFF"
        code, _, err = run("voice", "--text", "One.", "--output", "s3://bucket/one.wav")
        assert (code, "s3://bucket/one.wav exists already" in err) == (2, True)
        code, _, err = run("s3://bucket/texts", "--text", "One.", "--out", "wavs")
        assert (code, "s3://bucket/texts: there is no voice; it would hold config.json" in err) == (2, True)
        code, _, err = run("voice", "s3://bucket/none.txt", "--out", "wavs")
        assert (code, "s3://bucket/none.txt: there is nothing" in err) == (2, True)
    assert not list(Path().glob("s3*"))
