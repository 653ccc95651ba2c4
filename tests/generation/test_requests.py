from __future__ import annotations

import io
import json
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tts.core.errors import UsageError
from tts.generation.requests import Request, unsafe
from tts.generation.text_files import read_requests


def write(path: Path, text: str | bytes) -> Path:
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def test_lines_are_named_by_file_and_line(tmp_path: Path) -> None:
    path = write(tmp_path / "my story.txt", "Hello there.\n\n  It is\t5 o'clock, \"now.\n")
    first, second = read_requests([path], speed=1.5, pitch=-2.0)
    assert (first.id, first.text, first.speed, first.pitch) == ("my_story-00001", "Hello there.", 1.5, -2.0)
    assert (second.id, second.text, second.place) == ("my_story-00003", "It is\t5 o'clock, \"now.", f"{path}:3")


def test_bom_and_windows_line_ends(tmp_path: Path) -> None:
    path = write(tmp_path / "a.txt", "\ufeffOne.\r\nTwo.\r\n".encode())
    assert [(r.id, r.text) for r in read_requests([path])] == [("a-00001", "One."), ("a-00002", "Two.")]


def test_one_double_quote_swallows_nothing(tmp_path: Path) -> None:
    path = write(tmp_path / "a.txt", 'x1|He said "stop.\nx2|And went.\nx3|"\n')
    assert [(r.id, r.text) for r in read_requests([path])] == [("x1", 'He said "stop.'), ("x2", "And went."), ("x3", '"')]


def test_json_lines(tmp_path: Path) -> None:
    lines = [{"id": "a", "text": 'Hé | "x"', "speed": 2, "pitch": -1.5}, {"text": ""}]
    path = write(tmp_path / "a.txt", "\n".join(json.dumps(line) for line in lines))
    a, b = read_requests([path], speed=0.5)
    assert (a.id, a.text, a.speed, a.pitch) == ("a", 'Hé | "x"', 2.0, -1.5)
    assert (b.id, b.text, b.speed, b.pitch) == ("a-00002", "", 0.5, 0.0)


def test_standard_input_and_many_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=io.BytesIO(b"From a pipe.\n")))
    found = read_requests([Path("-"), write(tmp_path / "a.jsonl", '{"id": "b", "text": "B."}')])
    assert [r.id for r in found] == ["stdin-00001", "b"]
    assert found[0].place == "standard input:1"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("a|x\nno bar\n", "line 1 looks like id|text and line 2 does not"),
        ("no bar\na|x\n", "line 2 looks like id|text and line 1 does not"),
        ("../x|hello", ":1: the id '../x' has one of"),
        (".hidden|hello", "starts with a dot"),
        ("-rf|hello", "dash"),
        ("a\x07b|hello", "control character"),
        ("|hello", "is empty"),
        ("COM1.x|hello", "device"),
        ("a" * 101 + "|hello", "longer than 100 characters"),
        ("語" * 90 + "|hello", "longer than 200 bytes"),
        ("a|b|c|d", ":1: expected id|text or id|speaker|text"),
        ("a|x\n\nb|y\nA|z", ":4: the id 'A' is taken by 'a' at"),
        ('{"text": "a"}\n{"text": }', ":2: not valid JSON"),
        ('{"text": "a"}\nplain', ":2: not valid JSON.*--format lines"),
        ('{"text": "a"}\n["text"]', ":2: expected a JSON object"),
        ('{"id": "a"}', ':1: the key "text" is missing'),
        ('{"text": "a", "sped": 2}', ":1: unknown key 'sped'"),
        ('{"text": "a", "text": "b"}', ":1: the key 'text' is there twice"),
        ('{"text": 3}', ":1: text must be a string"),
        ('{"text": "a", "speed": true}', ":1: speed must be a number"),
        ('{"text": "a", "speed": 5}', ":1: speed 5 is outside"),
        ('{"text": "a", "speed": NaN}', ":1: speed nan is outside"),
        ('{"text": "a", "pitch": 1' + "0" * 400 + "}", ":1: pitch inf is outside"),
        ('{"text": "\\ud800"}', ":1: text has half a surrogate pair"),
        ("", "there is no text in it"),
        (" \n\n", "there is no text in it"),
        (b"ok\ncaf\xe9\n", ":2: not UTF-8"),
    ],
)
def test_broken_files_name_the_line(tmp_path: Path, content: str | bytes, message: str) -> None:
    path = write(tmp_path / "in.txt", content)
    with pytest.raises(UsageError, match=message) as caught:
        read_requests([path])
    assert str(caught.value).startswith(str(path))


def test_a_format_that_is_said_is_kept_to(tmp_path: Path) -> None:
    path = write(tmp_path / "a.txt", "{curly|bar\n")
    assert read_requests([path], "lines")[0].text == "{curly|bar"
    assert read_requests([path], "ids")[0].id == "{curly"
    with pytest.raises(UsageError, match="not valid JSON"):
        read_requests([path], "jsonl")
    with pytest.raises(UsageError, match="choose one of"):
        read_requests([path], "csv")  # type: ignore[arg-type]


def test_duplicates_across_files_name_both_places(tmp_path: Path) -> None:
    for folder in ("one", "two"):
        (tmp_path / folder).mkdir()
        write(tmp_path / folder / "a.txt", "Hello.")
    with pytest.raises(UsageError) as caught:
        read_requests([tmp_path / "one" / "a.txt", tmp_path / "two" / "a.txt"])
    assert f"{tmp_path / 'two' / 'a.txt'}:1" in str(caught.value)
    assert f"{tmp_path / 'one' / 'a.txt'}:1" in str(caught.value)


def test_missing_files_and_folders(tmp_path: Path) -> None:
    for path in (tmp_path / "none.txt", tmp_path):
        with pytest.raises(UsageError, match="cannot be read"):
            read_requests([path])


@pytest.mark.slow
@given(st.text(max_size=120))
def test_safe_ids_stay_in_their_folder(name: str) -> None:
    if unsafe(name):
        with pytest.raises(UsageError):
            Request(name, "x")
    else:
        path = Path("out") / f"{name}.wav"
        assert path.parent == Path("out")
        assert not path.name.startswith(".")
        assert len(path.name.encode()) <= 255
