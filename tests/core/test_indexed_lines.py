"""Files of JSON lines read by key, and sequences made as they are asked for."""

import hashlib
import json
from pathlib import Path

import pytest

from tts.core.errors import TtsError
from tts.core.files import Listed, fingerprint
from tts.core.indexed_lines import IndexedLines, read_lines, write_lines
from tts.core.lazy import LazySequence


def opened(path: Path) -> IndexedLines[str]:
    offsets, keys = zip(*((offset, line["id"]) for offset, line in read_lines(path)), strict=True)
    return IndexedLines(path, lambda line: line["text"], keys, offsets)


def test_lines_are_read_by_key_in_any_order(tmp_path: Path) -> None:
    path, texts = tmp_path / "lines.jsonl", {"a": "één", "b": "line\nend", "c": ""}
    write_lines(path, ({"id": key, "text": text} for key, text in texts.items()))
    lines = opened(path)
    assert [lines[key] for key in "cba"] == ["", "line\nend", "één"]
    assert dict(lines) == texts and len(lines) == 3 and "d" not in lines
    rest = lines.without({"b"})
    assert dict(rest) == {"a": "één", "c": ""} and "b" not in rest and dict(lines) == texts
    with pytest.raises(KeyError):
        rest["b"]


def test_a_broken_line_is_named(tmp_path: Path) -> None:
    path = tmp_path / "lines.jsonl"
    path.write_text('{"id": "a", "text": "x"}\n{"id": "b", "other": 1}\n{"id": "c"', encoding="utf-8")
    with pytest.raises(TtsError, match=r"lines.jsonl:3: damaged"):
        list(read_lines(path))
    lines = IndexedLines(path, lambda line: line["text"], ["a", "b"], [0, 25])
    assert lines["a"] == "x"
    with pytest.raises(TtsError, match=r"lines.jsonl:2: damaged .the key 'text' is missing"):
        lines["b"]


def test_a_fingerprint_of_values_one_by_one_is_that_of_their_list() -> None:
    values = [["a", 1.5, None], {"b": [1, 2], "a": "é"}, "text", []]
    plain = fingerprint("x", values, [values, 1])
    assert plain == fingerprint("x", Listed(iter(values)), Listed([Listed(iter(values)), 1]))
    text = json.dumps(("x", values, [values, 1]), sort_keys=True, ensure_ascii=True)
    assert plain == hashlib.sha256(text.encode()).hexdigest()[:16]
    assert fingerprint() == fingerprint(*Listed([]).values) == hashlib.sha256(b"[]").hexdigest()[:16]


def test_a_lazy_sequence_makes_its_items_when_they_are_asked_for() -> None:
    made: list[int] = []
    squares = LazySequence(5, lambda number: made.append(number) or number**2)
    assert (len(squares), made) == (5, [])
    assert (squares[2], squares[-1], made) == (4, 16, [2, 4])
    assert list(squares[1:4]) == [1, 4, 9] and list(squares) == [0, 1, 4, 9, 16]
    with pytest.raises(IndexError):
        squares[5]
