"""Public corpora are told from each other, and from everything else, by what lies in their folders."""

from pathlib import Path

import pytest
from corpus_layouts import WRITTEN, Source
from public_layouts import LAYOUTS, Made
from speech import SPEECH, TEXTS

from tts.corpora.public.likeness import _MARKS, looks_like

ALIKE = {"libritts_r": "libritts", "thorsten": None, "kerstin": None, "css10": None, "hui": None, "dailytalk": None}
SOURCE = Source({key: SPEECH / "wavs" / f"{key}.flac" for key in TEXTS}, TEXTS)


@pytest.mark.parametrize("name", LAYOUTS)
def test_a_public_corpus_is_known_by_its_names(name: str, tmp_path: Path) -> None:
    LAYOUTS[name](Made(tmp_path))
    seen = looks_like(tmp_path)
    expected = ALIKE.get(name, name if name in _MARKS else None)
    assert (seen.name if seen else None) == expected


@pytest.mark.parametrize("layout", WRITTEN)
def test_ones_own_recordings_are_no_public_corpus(layout: str, tmp_path: Path) -> None:
    WRITTEN[layout].write(SOURCE, tmp_path / "corpus")
    assert looks_like(tmp_path / "corpus") is None
