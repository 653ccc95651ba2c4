"""Lines inserted above: what was spoken is known by what was said, and an interruption at any moment loses nothing."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from fake_voice import FakeVoice

from tts.core.audio_output import AudioEncoding
from tts.core.errors import UsageError
from tts.generation.batch import BatchReport, FolderOutput, speak_to_folder
from tts.generation.manifest import Manifest
from tts.generation.renumbering import finish_moves
from tts.generation.requests import Request
from tts.generation.synthesiser import Synthesiser, SynthesisSettings

LINES = ["One two.", "Three, four.", "Five.", "Six seven eight."]
TIMED = FolderOutput(AudioEncoding(), ("json",))


@pytest.fixture
def synthesiser() -> Iterator[Synthesiser]:
    with Synthesiser(FakeVoice(frames_a_state=1.0), SynthesisSettings()) as made:
        yield made


def numbered(lines: list[str]) -> list[Request]:
    return [Request(f"t-{n:05d}", text, place=f"t.txt:{n}", numbered=True) for n, text in enumerate(lines, 1)]


def speak(synthesiser: Synthesiser, lines: list[str], out: Path, resume: bool = True) -> BatchReport:
    return speak_to_folder(synthesiser, numbered(lines), out, voice="v", resume=resume, output=TIMED)


def content(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


@pytest.mark.parametrize(
    ("changed", "new"),
    [
        (["Zero.", *LINES], 1),
        ([*LINES[:2], "Between.", "More.", *LINES[2:]], 2),
        ([LINES[1], LINES[0], LINES[3], LINES[2]], 0),  # a circle of names
        ([*LINES, LINES[0]], 1),  # the same words again are another line
    ],
)
def test_lines_added_above_or_moved_are_not_spoken_again(
    synthesiser: Synthesiser, tmp_path: Path, changed: list[str], new: int
) -> None:
    speak(synthesiser, LINES, tmp_path / "out")
    report = speak(synthesiser, changed, tmp_path / "out")
    assert (report.spoken, report.skipped) == (new, len(changed) - new)
    speak(synthesiser, changed, tmp_path / "fresh", resume=False)
    made, fresh = content(tmp_path / "out"), content(tmp_path / "fresh")
    assert made.keys() == fresh.keys()
    for name in fresh.keys() - {"manifest.jsonl"}:
        assert made[name] == fresh[name], name
    entries = [{line["id"]: line for line in map(json.loads, one["manifest.jsonl"].splitlines())} for one in (made, fresh)]
    assert entries[0] == entries[1]


def test_a_run_cut_short_goes_on_after_a_line_was_inserted(synthesiser: Synthesiser, tmp_path: Path) -> None:
    speak(synthesiser, LINES, tmp_path)
    for number in (3, 4):  # as if the run had been interrupted there
        (tmp_path / f"t-{number:05d}.wav").unlink()
    path = tmp_path / "manifest.jsonl"
    lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
    path.write_text("".join([*lines[:2], *(line.replace("spoken", "planned") for line in lines[2:])]), encoding="utf-8")
    for number in (3, 4):
        (tmp_path / f"t-{number:05d}.json").unlink()
    report = speak(synthesiser, ["Zero.", *LINES], tmp_path)
    assert (report.spoken, report.skipped) == (3, 2)


def test_real_conflicts_are_still_refused(synthesiser: Synthesiser, tmp_path: Path) -> None:
    speak(synthesiser, LINES, tmp_path)
    before = content(tmp_path)
    with pytest.raises(UsageError, match=r"t\.txt:2: .*t-00002\.wav was made with another text; delete it"):
        speak(synthesiser, [LINES[0], "Changed.", *LINES[2:]], tmp_path)
    with pytest.raises(UsageError, match=r"t-00001\.wav was made with another text"):
        speak(synthesiser, LINES[1:], tmp_path)  # the first line is gone, its file is not
    assert {name: data for name, data in content(tmp_path).items() if name != "manifest.jsonl"} == {
        name: data for name, data in before.items() if name != "manifest.jsonl"
    }
    (tmp_path / "t-00001.wav").unlink()
    (tmp_path / "t-00001.json").unlink()
    report = speak(synthesiser, LINES[1:], tmp_path)
    assert (report.spoken, report.skipped) == (0, 3)


def test_names_that_users_gave_are_never_moved(synthesiser: Synthesiser, tmp_path: Path) -> None:
    texts = [Request("a-00001", "One."), Request("a-00002", "Two.")]
    speak_to_folder(synthesiser, texts, tmp_path)
    swapped = [Request("a-00001", "Two."), Request("a-00002", "One.")]
    with pytest.raises(UsageError, match="made with another text"):
        speak_to_folder(synthesiser, swapped, tmp_path, resume=True)


class Killed(BaseException):
    """Stands for kill -9."""


def killed_after(moments: int) -> Callable[[Path, Path], Path]:
    """Return what renames so many files and no more."""
    replace, left = Path.replace, iter(range(moments))

    def counted(self: Path, target: Path) -> Path:
        if next(left, None) is None:
            raise Killed
        return replace(self, target)

    return counted


@pytest.mark.slow
def test_an_interruption_at_any_moment_of_a_move_loses_nothing(
    synthesiser: Synthesiser, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    changed = ["Zero.", *LINES]
    speak(synthesiser, changed, tmp_path / "fresh", resume=False)
    fresh = content(tmp_path / "fresh")
    moments = 0
    for moment in range(100):
        out = tmp_path / str(moment)
        speak(synthesiser, LINES, out, resume=False)
        with monkeypatch.context() as patch:
            patch.setattr(Path, "replace", killed_after(moment))
            try:
                finish_moves(Manifest(out), out)
                speak(synthesiser, changed, out)
            except Killed:
                moments += 1
            else:
                break
        report = speak(synthesiser, changed, out)
        assert report.spoken <= 1
        made = {name: data for name, data in content(out).items() if not name.startswith(".")}
        assert made.keys() == fresh.keys()
        assert all(made[name] == fresh[name] for name in fresh if name != "manifest.jsonl")
    assert moments > 16  # eight files, each to a hidden name and from it, and the records between
