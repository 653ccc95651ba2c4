"""Manifests that are written: lhotse reads them as its own, Kaldi's as Kaldi's, and the product gets back what it gave."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import soundfile
from speech import IDS, SPEECH, TEXTS

from tts.core.errors import TtsError
from tts.corpora.layouts import open_layout
from tts.corpora.manifests_out import write_kaldi, write_lhotse
from tts.corpora.types import CorpusSource, Utterance

KNOWN = CorpusSource(name="mine", speaker="anna", language="en-us", licence="CC0-1.0")
UTTERANCES = [Utterance(key, TEXTS[key], SPEECH / "wavs" / f"{key}.flac", "anna", "en-us") for key in IDS[:6]]
SPLITS = {"train": UTTERANCES[:4], "test": UTTERANCES[4:]}


def plain(utterance: Utterance) -> tuple[object, ...]:
    return utterance.id, utterance.text, utterance.audio.resolve(), utterance.speaker, utterance.start, utterance.end


def joined(folder: Path) -> list[Utterance]:
    """Two utterances that are parts of one recording."""
    signals = [soundfile.read(str(u.audio))[0] for u in UTTERANCES[:2]]
    path = folder / "long one.wav"
    soundfile.write(str(path), np.concatenate(signals), 16_000)
    middle = len(signals[0]) / 16_000
    first, second = (replace(u, audio=path) for u in UTTERANCES[:2])
    return [replace(first, end=middle), replace(second, start=middle)]


def test_lhotse_reads_its_manifests(tmp_path: Path) -> None:
    from lhotse import RecordingSet, SupervisionSet, validate_recordings_and_supervisions

    write_lhotse(tmp_path / "out", "mine", SPLITS)
    for split, utterances in SPLITS.items():
        recordings = RecordingSet.from_file(tmp_path / "out" / f"mine_recordings_{split}.jsonl.gz")
        supervisions = SupervisionSet.from_file(tmp_path / "out" / f"mine_supervisions_{split}.jsonl.gz")
        validate_recordings_and_supervisions(recordings, supervisions)
        assert [s.text for s in supervisions] == [u.text for u in utterances]
        for recording, utterance in zip(recordings, utterances, strict=True):
            np.testing.assert_array_equal(recording.load_audio()[0], soundfile.read(str(utterance.audio), dtype="float32")[0])


def test_lhotse_gets_parts_of_one_recording(tmp_path: Path) -> None:
    from lhotse import load_manifest

    parts = joined(tmp_path)
    write_lhotse(tmp_path / "out", "mine", {"train": parts})
    recordings = load_manifest(tmp_path / "out" / "mine_recordings_train.jsonl.gz")
    assert len(recordings) == 1
    supervisions = load_manifest(tmp_path / "out" / "mine_supervisions_train.jsonl.gz")
    assert [(round(s.start, 3), round(s.duration, 3)) for s in supervisions] == [
        (0.0, round(parts[0].end or 0.0, 3)),
        (round(parts[1].start, 3), round(recordings[0].duration - parts[1].start, 3)),
    ]


@pytest.mark.parametrize("paths", ["absolute", "relative", "copy"])
def test_what_was_written_is_read_back(tmp_path: Path, paths: str) -> None:
    write_lhotse(tmp_path / "lhotse", "mine", SPLITS, paths)
    write_kaldi(tmp_path / "kaldi", {"train": UTTERANCES}, paths)
    audio = "audio" if paths == "copy" else str(SPEECH / "wavs")
    corpus, problems = open_layout("lhotse")(tmp_path / "lhotse", replace(KNOWN, audio=None if paths == "copy" else audio))
    again, more = open_layout("kaldi")(
        tmp_path / "kaldi" / "train", replace(KNOWN, audio="../audio" if paths == "copy" else audio)
    )
    assert not problems + more
    for read in (corpus, again):
        got = {u.id: (u.text, u.audio.read_bytes()) for u in read}
        assert got == {u.id: (u.text, u.audio.read_bytes()) for u in UTTERANCES}


def test_kaldi_directories_are_as_kaldi_wants_them(tmp_path: Path) -> None:
    from lhotse.kaldi import load_kaldi_data_dir

    utterances = [*UTTERANCES, replace(UTTERANCES[0], id="ben_x", speaker="ben", text="two\n lines")]
    write_kaldi(tmp_path / "out", {"train": utterances})
    folder = tmp_path / "out" / "train"
    for name in ("wav.scp", "text", "utt2spk", "spk2utt", "reco2dur"):
        lines = (folder / name).read_bytes().splitlines()
        assert lines == sorted(lines)
    assert b"ben-x two lines" in (folder / "text").read_bytes().splitlines()
    assert not (folder / "segments").exists()
    _, supervisions, _ = load_kaldi_data_dir(folder, 16_000)
    assert supervisions is not None
    assert {(s.id, s.text, s.speaker) for s in supervisions} >= {(f"anna-{u.id}", u.text, "anna") for u in UTTERANCES}


def test_kaldi_segments(tmp_path: Path) -> None:
    from lhotse.kaldi import load_kaldi_data_dir

    parts = [*joined(tmp_path), UTTERANCES[4]]
    write_kaldi(tmp_path / "out", {"train": parts}, "copy")
    _, supervisions, _ = load_kaldi_data_dir(tmp_path / "out" / "train", 16_000)
    assert supervisions is not None
    starts = {s.id: s.start for s in supervisions}
    assert starts[f"anna-{parts[1].id}"] == pytest.approx(parts[1].start, abs=1e-5)
    corpus, problems = open_layout("kaldi")(tmp_path / "out" / "train", replace(KNOWN, audio="../audio"))
    assert not problems
    read = {u.id: (u.start, u.end) for u in corpus}
    assert read[parts[0].id][0] == 0.0
    assert read[parts[2].id] == (0.0, None)
    assert read[parts[1].id] == (pytest.approx(parts[1].start, abs=1e-5), None)


def test_twins_and_odd_names_are_refused(tmp_path: Path) -> None:
    twin = replace(UTTERANCES[0], id=f"anna_{UTTERANCES[0].id}")
    with pytest.raises(TtsError, match="two utterances would be called"):
        write_kaldi(tmp_path / "out", {"train": [UTTERANCES[0], twin]})
    odd = tmp_path / "odd |"
    odd.write_bytes(UTTERANCES[0].audio.read_bytes())
    with pytest.raises(TtsError, match="cannot be named in manifests"):
        write_kaldi(tmp_path / "more", {"train": [replace(UTTERANCES[0], audio=odd)]})
