"""The tool that chooses sentences to be spoken: the hour's first, then others of usual characters alone."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest

PATH = Path(__file__).parents[1] / "tools" / "make_spoken_sentences.py"
SPEC = importlib.util.spec_from_file_location("make_spoken_sentences", PATH)
assert SPEC is not None and SPEC.loader is not None
tool = importlib.util.module_from_spec(SPEC)
SPEC.loader.exec_module(tool)

UTTERANCES = (
    "It was, he said, the first of them all.",
    "It was, he said, the first of them all.",  # once is enough
    "Too short, this.",
    "In 1850 there were ten of them in the house.",  # how digits are read is not in the file
    "Where did the second of them go, and why?",
    "Nobody had asked for a third one to be made.",
)


def rows(utterance: str) -> str:
    """Return an utterance as the files have it: a line a word or sign, four columns of measures after it."""
    words = utterance.replace(",", " ,").replace(".", " .").replace("?", " ?").split()
    return "".join(f"{word}\t0\t1\t0.128\t0.488\n" if word.isalnum() else f"{word}\tNA\tNA\tNA\tNA\n" for word in words)


def test_sentences_are_chosen(tmp_path: Path) -> None:
    path = tmp_path / "dev.txt"
    path.write_text("".join(f"<file>\tname.txt\n{rows(text)}" for text in UTTERANCES), encoding="utf-8")
    lines = path.read_text(encoding="utf-8").splitlines()
    assert list(tool.utterances(lines)) == list(UTTERANCES)
    first = ["One ran.", UTTERANCES[4]]
    assert tool.choose(first, tool.utterances(lines), 1000) == [*first, UTTERANCES[0], UTTERANCES[5]]
    assert tool.choose(first, tool.utterances(lines), 60) == [*first, UTTERANCES[0]]


def run(monkeypatch: pytest.MonkeyPatch, path: Path, out: Path, hours: str) -> object:
    """Run the tool; return its exit code, or what it says where it ends with a sentence."""
    monkeypatch.setattr("sys.argv", ["make_spoken_sentences.py", str(path), f"--hours={hours}", "--out", str(out)])
    try:
        return tool.main()
    except SystemExit as ended:
        return ended.code


def test_a_file_is_written_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path, out = tmp_path / "dev.txt", tmp_path / "sentences.txt"
    more = [f"Nobody had asked for {'one and ' * number}another to be made." for number in range(1, 12)]
    path.write_text("".join(f"<file>\tname.txt\n{rows(text)}" for text in more), encoding="utf-8")
    assert "sentences for 1.0 hours alone" in str(run(monkeypatch, path, out, "2"))
    assert not out.exists()
    assert run(monkeypatch, path, out, "1") == 0
    lines = out.read_text(encoding="utf-8").splitlines()
    assert lines[:799] == tool.FIRST.read_text(encoding="utf-8").splitlines()
    assert lines[799:] == more[: len(lines) - 799]
    assert sum(map(len, lines[:-1])) < tool.CHARACTERS_AN_HOUR <= sum(map(len, lines))
    assert run(monkeypatch, path, out, "1") == 2, "never over what is there"


@pytest.mark.parametrize("hours", ["0", "-3", "0.5", "nan", "inf"])
def test_less_than_the_hour_that_comes_first_is_refused(
    hours: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    path, out = tmp_path / "dev.txt", tmp_path / "sentences.txt"
    path.write_text(f"<file>\tname.txt\n{rows(UTTERANCES[0])}", encoding="utf-8")
    assert run(monkeypatch, path, out, hours) == 2
    assert f"--hours {hours}: a number of at least 1 is needed" in capsys.readouterr().err
    assert not out.exists()


def test_a_file_of_another_encoding_is_one_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    path, out = tmp_path / "dev.txt", tmp_path / "sentences.txt"
    path.write_bytes("<file>\tname.txt\ncafé\t0\n".encode("latin-1"))
    assert run(monkeypatch, path, out, "1") == 2
    assert "dev.txt: not in UTF-8" in capsys.readouterr().err
    assert not out.exists()
