"""A real corpus laid out as VCTK and as CMU ARCTIC are, two through lhotse's manifests: the very same utterances."""

from __future__ import annotations

from pathlib import Path

import pytest

from tts.corpora.layouts import open_layout
from tts.corpora.ljspeech import read_ljspeech
from tts.corpora.types import Corpus, CorpusSource
from tts.dataset.reading import source_of
from tts.recipe import load_recipe


def known(root: Path, name: str, **others: str) -> Corpus:
    """Read a corpus in its own layout, without second takes."""
    source = CorpusSource(name=name, speaker=name, language="en-us", licence="CC0-1.0", exclude="_alt$", **others)  # type: ignore[arg-type]
    corpus, _ = read_ljspeech(root / name, source)
    return corpus


def content(corpus: Corpus) -> dict[str, tuple[str, Path, float, float | None]]:
    return {u.id: (u.text, u.audio.resolve(), u.start, u.end) for u in corpus}


@pytest.mark.corpus
def test_kathleen_laid_out_as_vctk(corpora: Path, tmp_path: Path) -> None:
    before = known(corpora, "kathleen")
    for folder in ("txt/p001", "wav48_silence_trimmed/p001"):
        (tmp_path / folder).mkdir(parents=True)
    for utterance in before:
        (tmp_path / "txt" / "p001" / f"p001_{utterance.id}.txt").write_text(f"{utterance.text}\n", encoding="utf-8")
        link = tmp_path / "wav48_silence_trimmed" / "p001" / f"p001_{utterance.id}_mic1{utterance.audio.suffix}"
        link.symlink_to(utterance.audio)
    part = load_recipe("recipes/vctk", ["corpus.select.speakers=null", "corpus.speakers=[p001]"]).corpus
    corpus, problems = open_layout("vctk")(tmp_path, source_of("vctk", part, "p001", of_several=True))
    assert content(corpus) == content(before) and problems == []
    assert len(corpus) == 1132


@pytest.mark.corpus
def test_kathleen_laid_out_as_arctic(corpora: Path, tmp_path: Path) -> None:
    before = known(corpora, "kathleen")
    folder = tmp_path / "cmu_us_kat_arctic"
    (folder / "wav").mkdir(parents=True)
    (folder / "etc").mkdir()
    lines = []
    for utterance in before:
        (folder / "wav" / utterance.audio.name).symlink_to(utterance.audio)
        text = utterance.text.replace("\\", "\\\\").replace('"', '\\"')
        lines.append(f'( {utterance.id} "{text}" )\n')
    (folder / "etc" / "txt.done.data").write_text("".join(lines), encoding="utf-8")
    part = load_recipe("recipes/cmu_arctic", ["corpus.select.speakers=null", "corpus.speakers=[kat]"]).corpus
    corpus, problems = open_layout("cmu-arctic")(tmp_path, source_of("cmu_arctic", part, "kat", of_several=True))
    assert content(corpus) == content(before) and problems == []


@pytest.mark.corpus
def test_the_dutch_pair_through_lhotses_manifests(corpora: Path, tmp_path: Path) -> None:
    lhotse = pytest.importorskip("lhotse")
    recordings, supervisions, before = [], [], {}
    for name in ("nathalie", "flemishguy"):
        before[name] = known(corpora, name, text_column="raw")
        for utterance in before[name]:
            id = f"{name}-{utterance.id}"
            recordings.append(lhotse.Recording.from_file(utterance.audio, recording_id=id))
            segment = {"id": id, "recording_id": id, "start": 0.0, "duration": recordings[-1].duration}
            supervisions.append(lhotse.SupervisionSegment(**segment, text=utterance.text, speaker=name))
    lhotse.RecordingSet.from_recordings(recordings).to_file(tmp_path / "recordings.jsonl.gz")
    lhotse.SupervisionSet.from_segments(supervisions).to_file(tmp_path / "supervisions.jsonl.gz")
    changes = ["corpus.format=lhotse", f"corpus.audio={corpora}", "corpus.speakers=[nathalie, flemishguy]"]
    part = load_recipe("recipes/dutch", changes).corpus
    read = open_layout("lhotse")
    for name, corpus in before.items():
        through, problems = read(tmp_path, source_of("dutch", part, name, of_several=True))
        assert content(through) == content(corpus) and problems == [] and len(through) == 360
