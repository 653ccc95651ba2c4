"""Labels of texts by the command, as ``hts_engine`` reads them."""

from __future__ import annotations

from pathlib import Path

from command import tts


def test_a_file_of_texts_becomes_labels(tmp_path: Path) -> None:
    (tmp_path / "texts.txt").write_text("one|h ə l ˈoʊ .\ntwo|ɡ ˈoʊ . w ˈɛ n ?\n", encoding="utf-8")
    out = tmp_path / "labels"
    said = tts("export", "text", tmp_path / "texts.txt", "--out", out, "--engine", "phones")
    assert f"2 label files: {out}" in said
    assert sorted(path.name for path in out.iterdir()) == ["one.lab", "two.lab"]
    lines = (out / "one.lab").read_text(encoding="utf-8").splitlines()
    assert [line.split("@")[0] for line in lines] == [
        "x^x-pau+hh=ax",
        "x^pau-hh+ax=l",
        "pau^hh-ax+l=ow",
        "hh^ax-l+ow=pau",
        "ax^l-ow+pau=x",
        "l^ow-pau+x=x",
    ]
    two = (out / "two.lab").read_text(encoding="utf-8").splitlines()
    assert [line.split("-")[1].split("+")[0] for line in two] == ["pau", "g", "ow", "pau", "pau", "w", "eh", "n", "pau"]
    (out / "notes.txt").write_text("mine", encoding="utf-8")
    assert "holds notes.txt" in tts("export", "text", tmp_path / "texts.txt", "--out", out, code=2)
