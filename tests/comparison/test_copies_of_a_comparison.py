"""Copies in a comparison are by the vocoder of its voices; those that an earlier version left are made anew."""

from pathlib import Path
from types import SimpleNamespace

import pytest

from tts.comparison import references
from tts.comparison.results import References
from tts.core.files import write_json
from tts.evaluation.copy_scores import MARK


def test_copies_by_another_vocoder_are_made_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    copies = tmp_path / "wavs" / "copy"
    copies.mkdir(parents=True)
    write_json(copies / MARK, {"prepared": "1", "split": "test"})  # as version 0.1.0 wrote it
    (copies / "a.wav").write_bytes(b"by WORLD")
    made = []

    def copy_split(prepared, out, *, vocoder, workers):
        made.append((vocoder, (out / "a.wav").is_file()))
        return SimpleNamespace(pooled={"mcd": 1.0})

    monkeypatch.setattr(references, "copy_split", copy_split)
    monkeypatch.setattr(references, "write_natural", lambda *_: None)
    prepared = SimpleNamespace(basis="1", packed=lambda split: SimpleNamespace(ids=("a",)))
    for vocoder in ("world", "source_filter", "source_filter"):
        found = references.find_references(prepared, tmp_path, References(), takes=None, wer=False, vocoder=vocoder)  # type: ignore[arg-type]
        assert found.copies == {"mcd": 1.0}
    assert made == [("world", True), ("source_filter", False)]
