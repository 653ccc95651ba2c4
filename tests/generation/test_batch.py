from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from fake_voice import FakeVoice

from tts.core.audio import read_audio
from tts.core.audio_output import AudioEncoding
from tts.core.errors import TtsError, UsageError
from tts.generation import batch
from tts.generation.batch import BatchReport, FolderOutput, speak_to_folder
from tts.generation.joined import speak_joined
from tts.generation.requests import Request
from tts.generation.synthesiser import Synthesiser, SynthesisSettings

TEXTS = {"a": "One two.", "b": "Three, four.", "c": "Five."}


@pytest.fixture
def synthesiser() -> Iterator[Synthesiser]:
    with Synthesiser(FakeVoice(frames_a_state=1.0), SynthesisSettings(workers=0)) as made:
        yield made


def requests(texts: dict[str, str] | None = None) -> list[Request]:
    return [Request(key, text, place=f"in.txt:{n}") for n, (key, text) in enumerate((texts or TEXTS).items(), 1)]


def manifest(folder: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in (folder / "manifest.jsonl").read_text(encoding="utf-8").splitlines()]


def files(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_wavs_and_manifest(synthesiser: Synthesiser, tmp_path: Path) -> None:
    report = speak_to_folder(synthesiser, requests(), tmp_path / "out", voice="v")
    assert (report.spoken, report.skipped, report.failures, report.exit_code) == (3, 0, [], 0)
    assert files(tmp_path / "out") == ["a.wav", "b.wav", "c.wav", "manifest.jsonl"]
    entries = manifest(tmp_path / "out")
    assert [entry["id"] for entry in entries] == ["a", "b", "c"]
    for entry in entries:
        signal, rate = read_audio(tmp_path / "out" / str(entry["file"]))
        assert entry["status"] == "spoken"
        assert entry["seconds"] == pytest.approx(len(signal) / rate, abs=1e-3)
    assert report.seconds == pytest.approx(sum(float(str(entry["seconds"])) for entry in entries))


def test_the_same_texts_give_the_same_bytes(synthesiser: Synthesiser, tmp_path: Path) -> None:
    for name in ("one", "two"):
        speak_to_folder(synthesiser, requests(), tmp_path / name)
    for name in files(tmp_path / "one"):
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes()


def test_a_failing_line_is_reported_and_the_others_are_spoken(
    synthesiser: Synthesiser, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    report = speak_to_folder(synthesiser, requests({"a": "One.", "b": "?!", "c": "Bad ☠.", "d": "Four."}), tmp_path)
    assert report.exit_code == 1
    assert [failure[:12] for failure in report.failures] == ["in.txt:2: b:", "in.txt:3: c:"]
    assert "☠" in caplog.text
    assert "in.txt:3" in caplog.text
    assert files(tmp_path) == ["a.wav", "d.wav", "manifest.jsonl"]
    assert [entry["status"] for entry in manifest(tmp_path)] == ["spoken", "failed", "failed", "spoken"]
    assert "2 failed" in str(report)


def test_nothing_is_overwritten(synthesiser: Synthesiser, tmp_path: Path) -> None:
    speak_to_folder(synthesiser, requests({"b": "Old."}), tmp_path)
    before = (tmp_path / "b.wav").read_bytes()
    with pytest.raises(UsageError, match=r"b\.wav exists already; say --resume") as caught:
        speak_to_folder(synthesiser, requests(), tmp_path)
    assert caught.value.exit_code == 2
    assert files(tmp_path) == ["b.wav", "manifest.jsonl"]
    assert (tmp_path / "b.wav").read_bytes() == before
    speak_to_folder(synthesiser, requests({"z": "More."}), tmp_path)
    assert [entry["id"] for entry in manifest(tmp_path)] == ["b", "z"]


def test_an_interrupted_run_is_resumed(synthesiser: Synthesiser, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Interrupt between a wav and its entry in the manifest, the worst moment."""
    whole = speak_to_folder(synthesiser, requests(), tmp_path / "whole")
    written = batch.write_audio

    def interrupt(path: Path, signal: np.ndarray, rate: int, encoding: AudioEncoding) -> None:
        written(path, signal, rate, encoding)
        if path.stem == "b":
            raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(batch, "write_audio", interrupt)
        with pytest.raises(KeyboardInterrupt):
            speak_to_folder(synthesiser, requests(), tmp_path / "cut")
    assert [entry["status"] for entry in manifest(tmp_path / "cut")] == ["spoken", "planned", "planned"]
    stamp = (tmp_path / "cut" / "a.wav").stat().st_mtime_ns
    report = speak_to_folder(synthesiser, requests(), tmp_path / "cut", resume=True)
    assert (report.spoken, report.skipped) == (2, 1)
    assert (tmp_path / "cut" / "a.wav").stat().st_mtime_ns == stamp
    assert files(tmp_path / "cut") == files(tmp_path / "whole")
    for name in files(tmp_path / "whole"):
        assert (tmp_path / "cut" / name).read_bytes() == (tmp_path / "whole" / name).read_bytes()
    again = speak_to_folder(synthesiser, requests(), tmp_path / "cut", resume=True)
    assert (whole.spoken, again.spoken, again.skipped) == (3, 0, 3)


def test_a_manifest_cut_short_by_a_kill(synthesiser: Synthesiser, tmp_path: Path) -> None:
    speak_to_folder(synthesiser, requests(), tmp_path)
    path = tmp_path / "manifest.jsonl"
    lines = path.read_bytes().splitlines(keepends=True)
    planned = [line.replace(b'"status": "spoken"', b'"status": "planned"') for line in lines]
    path.write_bytes(b"".join(planned) + lines[0] + lines[1][:50])
    report = speak_to_folder(synthesiser, requests(), tmp_path, resume=True)
    assert (report.spoken, report.skipped) == (2, 1)
    path.write_bytes(lines[0][:50] + b"\n" + lines[1])
    with pytest.raises(TtsError, match=r"manifest\.jsonl:1: not an entry"):
        speak_to_folder(synthesiser, requests(), tmp_path, resume=True)


def test_resume_refuses_what_changed(synthesiser: Synthesiser, tmp_path: Path) -> None:
    speak_to_folder(synthesiser, requests(), tmp_path, voice="v")
    changed = requests({**TEXTS, "c": "Six."})
    with pytest.raises(UsageError, match=r"in\.txt:3: .*c\.wav was made with another text; delete it"):
        speak_to_folder(synthesiser, changed, tmp_path, voice="v", resume=True)
    with pytest.raises(UsageError, match="another voice"):
        speak_to_folder(synthesiser, requests(), tmp_path, voice="w", resume=True)
    with (
        Synthesiser(synthesiser.voice, SynthesisSettings(workers=0, pause_scale=2)) as other,
        pytest.raises(UsageError, match="another settings"),
    ):
        speak_to_folder(other, requests(), tmp_path, voice="v", resume=True)
    (tmp_path / "c.wav").unlink()
    report = speak_to_folder(synthesiser, changed, tmp_path, voice="v", resume=True)
    assert (report.spoken, report.skipped) == (1, 2)


def test_resume_speaks_failed_lines_again_and_leaves_foreign_files(synthesiser: Synthesiser, tmp_path: Path) -> None:
    speak_to_folder(synthesiser, requests({"a": "One.", "b": "☠"}), tmp_path)
    report = speak_to_folder(synthesiser, requests({"a": "One.", "b": "☠"}), tmp_path, resume=True)
    assert (report.spoken, report.skipped, len(report.failures)) == (0, 1, 1)
    (tmp_path / "c.wav").write_bytes(b"mine")
    with pytest.raises(UsageError, match=r"c\.wav is in no manifest"):
        speak_to_folder(synthesiser, requests({"c": "Five."}), tmp_path, resume=True)
    assert (tmp_path / "c.wav").read_bytes() == b"mine"


def test_timings_beside_the_wavs(synthesiser: Synthesiser, tmp_path: Path) -> None:
    speak_to_folder(synthesiser, requests(), tmp_path)
    report = speak_to_folder(synthesiser, requests(), tmp_path, resume=True, output=FolderOutput(timings=("json", "textgrid")))
    assert report.spoken == 3  # the wavs were there, the times were not
    assert files(tmp_path) == sorted(
        [f"{key}{suffix}" for key in TEXTS for suffix in (".wav", ".json", ".TextGrid")] + ["manifest.jsonl"]
    )
    times = json.loads((tmp_path / "b.json").read_text(encoding="utf-8"))
    assert [word["text"] for word in times["words"]] == ["Three,", "four."]
    with pytest.raises(UsageError, match="choose from textgrid, json, srt, vtt"):
        FolderOutput(timings=("sub",))


def test_duplicates_and_unwritable_folders(synthesiser: Synthesiser, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="is taken by"):
        speak_to_folder(synthesiser, [Request("a", "x"), Request("A", "y")], tmp_path / "out")
    assert not (tmp_path / "out").exists()
    (tmp_path / "file").write_text("")
    with pytest.raises(UsageError, match="is a file; name a folder"):
        speak_to_folder(synthesiser, requests(), tmp_path / "file")


class Pieces(list[np.ndarray]):
    """Takes sound in memory."""

    def write(self, signal: np.ndarray) -> None:
        self.append(signal)

    @property
    def signal(self) -> np.ndarray:
        return np.concatenate([np.zeros(0, np.float32), *self])


def test_speaking_one_after_the_other(synthesiser: Synthesiser) -> None:
    pieces = Pieces()
    report = speak_joined(synthesiser, requests({"a": "One two.", "x": "☠", "b": "Three, four. Five."}), pieces)
    a, b = (spoken.signal for spoken in synthesiser.speak(requests({"a": "One two.", "b": "Three, four. Five."})))
    assert (report.spoken, len(report.failures)) == (2, 1)
    assert len(pieces.signal) == len(a) + len(b) + 6400
    np.testing.assert_array_equal(pieces.signal[: len(a)], a)
    np.testing.assert_array_equal(pieces.signal[-len(b) :], b)
    assert report.seconds == pytest.approx((len(a) + len(b)) / 16_000)
    nothing = Pieces()
    report = speak_joined(synthesiser, requests({"x": "☠"}), nothing)
    assert (len(nothing.signal), report.exit_code) == (0, 1)


@pytest.mark.slow
def test_sound_is_written_while_later_texts_are_still_to_be_made(synthesiser: Synthesiser) -> None:
    """After the pieces of the first texts are out, the networks have not seen the last ones."""
    voice = synthesiser.voice
    assert isinstance(voice, FakeVoice)
    seen: list[int] = []

    class Watch(Pieces):
        def write(self, signal: np.ndarray) -> None:
            super().write(signal)
            seen.append(sum(voice.calls))

    speak_joined(synthesiser, requests({f"r{n}": "One two three four." for n in range(2000)}), Watch())
    assert seen[0] < 100
    assert seen[-1] == 2000


def test_two_runs_do_not_share_a_folder(synthesiser: Synthesiser, tmp_path: Path) -> None:
    from tts.core.locks import held

    with held(tmp_path), pytest.raises(TtsError, match="another process is at work"):
        speak_to_folder(synthesiser, requests(), tmp_path)
    assert not list(tmp_path.iterdir())
    speak_to_folder(synthesiser, requests(), tmp_path)
    speak_to_folder(synthesiser, requests({"z": "More."}), tmp_path)
    assert [entry["id"] for entry in manifest(tmp_path)] == ["a", "b", "c", "z"]


def test_other_kinds_of_files(synthesiser: Synthesiser, tmp_path: Path) -> None:
    output = FolderOutput(AudioEncoding("flac", 8_000), ("json",))
    speak_to_folder(synthesiser, requests(), tmp_path, output=output)
    assert files(tmp_path) == sorted([*(f"{key}.{suffix}" for key in TEXTS for suffix in ("flac", "json")), "manifest.jsonl"])
    assert read_audio(tmp_path / "a.flac")[1] == 8_000
    report = speak_to_folder(synthesiser, requests(), tmp_path, output=output, resume=True)
    assert (report.spoken, report.skipped) == (0, 3)
    other = FolderOutput(AudioEncoding("flac", 16_000))
    with pytest.raises(UsageError, match=r"a\.flac was made with another rate"):
        speak_to_folder(synthesiser, requests(), tmp_path, output=other, resume=True)


def test_a_hostile_manifest_moves_nothing_out_of_its_folder(synthesiser: Synthesiser, tmp_path: Path) -> None:
    out = tmp_path / "out"
    speak_to_folder(synthesiser, requests(), out)
    (tmp_path / "evil.wav").write_bytes(b"precious")
    for change in ({"id": "../evil"}, {"moved_from": "../evil", "status": "moving"}):
        entry = {**manifest(out)[0], **change}
        (out / "manifest.jsonl").write_text(json.dumps(entry) + "\n")
        with pytest.raises(TtsError, match=r"manifest\.jsonl:1: not an entry"):
            speak_to_folder(synthesiser, requests(), out, resume=True)
    assert (tmp_path / "evil.wav").read_bytes() == b"precious"


def test_report_in_words() -> None:
    assert str(BatchReport(spoken=2, skipped=1, seconds=3.0)).startswith(
        "spoke 2 of 2: 3.0 s of speech in 0.0 s, 1 were done before"
    )
