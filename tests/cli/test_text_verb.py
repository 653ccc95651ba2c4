"""``tts text`` as typed."""

from pathlib import Path

import pytest
from command import tts, tts_json


def test_one_text_in_full() -> None:
    shown = tts("text", "Dr. Lee paid $5m 😀 now.")
    lines = shown.splitlines()
    assert lines[0] == "Doctor Lee paid five million dollars now."
    assert "  Lee      ˈl i" in lines and any("'😀' left out" in line for line in lines)


def test_json_has_phones_and_stresses() -> None:
    data = tts_json("text", "Hello 中文.")
    assert data["line"] == 1 and data["unread"] == [{"token": "中文"}] and data["kind"] == "statement"
    (word,) = data["words"]
    assert word["word"] == "Hello" and [s["stress"] for s in word["syllables"]] == [0, 1] and word["break"] == "major"


def test_a_file_is_summed_up(tmp_path: Path) -> None:
    book = tmp_path / "book.txt"
    book.write_text("The gorblax ran.\n\nA gorblax 中 sat. It slept.\n", encoding="utf-8")
    shown = tts("text", "--file", str(book))
    assert "3 sentences" in shown and "gorblax  (2, line 1, 3)" in shown and "'中' left out  (1, line 3)" in shown
    own = tmp_path / "own.txt"
    own.write_text("gorblax  ɡ ˈɔ ɹ\n", encoding="utf-8")
    assert "nothing guessed" in tts("text", "--file", str(book), "--lexicon", str(own))


@pytest.mark.parametrize("arguments", [(), ("a", "--file", "b"), ("a", "--voice", "v", "--language", "nl")])
def test_contradictions_are_refused(arguments: tuple[str, ...]) -> None:
    assert "say what" in (shown := tts("text", *arguments, code=2)) or "leave --language" in shown


def test_files_are_told_from_texts(tmp_path: Path) -> None:
    book, document = tmp_path / "book.txt", tmp_path / "book.ssml"
    book.write_text("It ran.\n", encoding="utf-8")
    document.write_text("<speak>It ran.</speak>\n", encoding="utf-8")
    assert f"say: tts text --file {book}" in " ".join(tts("text", str(book), code=2).split())
    assert "no such file" in tts("text", "--file", str(tmp_path / "other.txt"), code=2)
    assert "shown by none but tts speak" in tts("text", "--file", str(document), code=2)


def test_a_picture_of_another_kind_is_refused_before_anything_is_computed(tmp_path: Path) -> None:
    assert "pictures are written as .png" in tts(
        "inspect", "Hello.", "--voice", "kathleen", "--out", tmp_path / "x.jpg", code=2
    )
