"""The tool that has sentences spoken: a corpus as readers expect it, gone on with, never written over."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import numpy as np
import pytest
import soundfile

PATH = Path(__file__).parents[1] / "tools" / "make_spoken_corpus.py"
SPEC = importlib.util.spec_from_file_location("make_spoken_corpus", PATH)
assert SPEC is not None and SPEC.loader is not None
tool = importlib.util.module_from_spec(SPEC)
SPEC.loader.exec_module(tool)


def test_every_sentence_is_spoken_once(tmp_path: Path) -> None:
    asked: list[tuple[str, int]] = []

    def speaker(text: str, seed: int) -> np.ndarray:
        asked.append((text, seed))
        if len(asked) == 2:
            raise KeyboardInterrupt
        return np.full(100 + seed, 0.25)

    sentences, folder = tmp_path / "sentences.txt", tmp_path / "corpus"
    sentences.write_text("One ran.\n\nTwo sat.\n", encoding="utf-8")
    with pytest.raises(KeyboardInterrupt):
        tool.make(sentences, folder, speaker)
    assert not (folder / "metadata.csv").exists()  # not yet a corpus
    tool.make(sentences, folder, speaker)
    assert asked == [("One ran.", 0), ("Two sat.", 1), ("Two sat.", 1)]
    assert (folder / "metadata.csv").read_text(encoding="utf-8") == "hibari_00000|One ran.\nhibari_00001|Two sat.\n"
    samples, rate = soundfile.read(str(folder / "wavs" / "hibari_00001.wav"))
    assert (len(samples), rate) == (101, 24_000)
    sentences.write_text("Three slept.\n", encoding="utf-8")
    with pytest.raises(SystemExit, match="corpus of other sentences"):
        tool.make(sentences, folder, speaker)
