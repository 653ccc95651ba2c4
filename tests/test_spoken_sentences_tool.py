"""The tool that chooses sentences to be spoken: the hour's first, then usual ones of a corpus of words, each once."""

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


def test_files_that_are_too_few_are_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path, out = tmp_path / "dev.txt", tmp_path / "sentences.txt"
    path.write_text(f"<file>\tname.txt\n{rows(UTTERANCES[0])}", encoding="utf-8")
    monkeypatch.setattr("sys.argv", ["make_spoken_sentences.py", str(path), "--hours", "2", "--out", str(out)])
    with pytest.raises(SystemExit, match=r"sentences for 1\.0 hours alone"):
        tool.main()
    assert not out.exists()
    monkeypatch.setattr("sys.argv", ["make_spoken_sentences.py", str(path), "--hours", "0.9", "--out", str(out)])
    assert tool.main() == 0
    assert len(out.read_text(encoding="utf-8").splitlines()) == 799
    with pytest.raises(SystemExit) as ended:
        tool.main()  # never over what is there
    assert ended.value.code == 2
