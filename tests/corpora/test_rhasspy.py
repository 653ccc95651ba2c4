"""Rhasspy's voices in the trees of their repositories, and laid out anew."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile

from tts.core.errors import TtsError
from tts.corpora.readers.rhasspy import read_rhasspy
from tts.corpora.types import CorpusSource


def source(exclude: str | None = None) -> CorpusSource:
    return CorpusSource(name="k", speaker="k", language="en-us", licence="CC0-1.0", exclude=exclude)


def recording(path: Path, channels: int = 1) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    soundfile.write(path, np.zeros((480, channels)), 48_000)


def texts(root: Path, **more: str) -> dict[str, str]:
    corpus, problems = read_rhasspy(root, source(**more))
    assert not problems
    return {utterance.id: utterance.text for utterance in corpus}


def test_kathleens_takes_with_their_texts_beside_them(tmp_path: Path) -> None:
    """``data/ID_TIME.wav`` and ``.txt``; the last take of a prompt is the utterance."""
    prompts = {
        "arctic_a0010_1592748600": "Ten.",
        "arctic_a0001_1592748574": "One.\n",
        "arctic_a0001_1592748600": "One.\r\n",
        "arctic_a0002_1592748544": "Two.",
    }
    for name, text in prompts.items():
        recording(tmp_path / "data" / f"{name}.wav", channels=2)
        (tmp_path / "data" / f"{name}.txt").write_text(text, encoding="utf-8", newline="")
    (tmp_path / "README.md").write_text("x")
    assert texts(tmp_path) == {
        "arctic_a0001": "One.",
        "arctic_a0001_2_alt": "One.",
        "arctic_a0002": "Two.",
        "arctic_a0010": "Ten.",
    }
    corpus, _ = read_rhasspy(tmp_path, source("_alt$"))
    assert [utterance.audio.name for utterance in corpus] == [f"{name}.wav" for name in sorted(prompts)[1:]]


def test_flemishguys_list_with_times_in_its_ids(tmp_path: Path) -> None:
    names = {"nl_rhasspy_10_1601819045": "Tien.", "nl_rhasspy_9_1601819046": 'Negen, "ja".'}
    (tmp_path / "metadata.csv").write_text("".join(f"{name}|{text}\n" for name, text in names.items()), encoding="utf-8")
    for name in names:
        recording(tmp_path / f"{name}.wav")
    assert list(texts(tmp_path).items()) == [("nl_rhasspy_9", 'Negen, "ja".'), ("nl_rhasspy_10", "Tien.")]


def test_nathalies_trimmed_recordings_with_the_texts_as_written(tmp_path: Path) -> None:
    (tmp_path / "metadata.csv").write_text("nl_rhasspy_1|Een kat!\nnl_rhasspy_2|Niet te vinden.\n", encoding="utf-8")
    (tmp_path / "verified").mkdir()
    (tmp_path / "verified/metadata.csv").write_text("nl_rhasspy_1|een kat\nnl_rhasspy_2|niet te vinden\n", encoding="utf-8")
    (tmp_path / "audio").mkdir()
    for number in (1, 2):
        recording(tmp_path / "verified" / f"nl_rhasspy_{number}.flac")
        (tmp_path / "audio" / f"nl_rhasspy_{number}.webm").write_bytes(b"\x1aE\xdf\xa3")
    assert texts(tmp_path) == {"nl_rhasspy_1": "Een kat!", "nl_rhasspy_2": "Niet te vinden."}
    corpus, _ = read_rhasspy(tmp_path, source())
    assert {utterance.audio.parent.name for utterance in corpus} == {"verified"}


def test_the_same_laid_out_anew_is_read_as_ljspeech(tmp_path: Path) -> None:
    (tmp_path / "metadata.csv").write_text("arctic_a0001|One.|One.\narctic_a0001_alt|One.|One.\n", encoding="utf-8")
    for name in ("arctic_a0001", "arctic_a0001_alt"):
        recording(tmp_path / "wavs" / f"{name}.wav")
    assert texts(tmp_path, exclude="_alt$") == {"arctic_a0001": "One."}


def test_what_is_missing_is_a_problem_and_nothing_at_all_an_error(tmp_path: Path) -> None:
    recording(tmp_path / "data" / "a_1592748574.wav")
    for name in ("a_1592748574", "b_1592748575"):
        (tmp_path / "data" / f"{name}.txt").write_text("Text.")
    corpus, problems = read_rhasspy(tmp_path, source())
    assert [utterance.id for utterance in corpus] == ["a"] and [problem.reason_code for problem in problems] == [
        "missing_audio"
    ]
    (tmp_path / "data" / "a_1592748574.wav").unlink()
    with pytest.raises(TtsError, match="no usable utterance of 2"):
        read_rhasspy(tmp_path, source())


@pytest.mark.corpus
def test_the_real_flemishguy_is_the_same_from_either_layout(corpora: Path, tmp_path: Path) -> None:
    root = corpora / "flemishguy"
    plain, _ = read_rhasspy(root, source())
    lines = []
    for number, utterance in enumerate(reversed(plain.utterances)):
        name = f"{utterance.id}_{1601819045 + number}"
        (tmp_path / f"{name}{utterance.audio.suffix}").symlink_to(utterance.audio)
        lines.append(f"{name}|{utterance.text}\n")
    (tmp_path / "metadata.csv").write_text("".join(lines), encoding="utf-8")
    again, problems = read_rhasspy(tmp_path, source())
    assert not problems and [(u.id, u.text) for u in again] == [(u.id, u.text) for u in plain]
    assert [u.audio.resolve() for u in again] == [u.audio.resolve() for u in plain]


def test_takes_without_a_time_do_not_vanish(tmp_path: Path) -> None:
    """A name without a time among those with one is an utterance; one with a time among ids without is an id."""
    for name in ("a_1600000000", "b", "c"):
        recording(tmp_path / f"{name}.wav")
    (tmp_path / "metadata.csv").write_text("a_1600000000|one\nb|two\n", encoding="utf-8")
    assert texts(tmp_path) == {"a": "one", "b": "two"}
    (tmp_path / "metadata.csv").write_text("a_1600000000|one\nb|two\nc|three\n", encoding="utf-8")
    assert texts(tmp_path) == {"a_1600000000": "one", "b": "two", "c": "three"}
    beside = tmp_path / "kathleen"
    for name in ("a_1600000000", "b", "c"):
        recording(beside / "data" / f"{name}.wav")
    for name in ("a_1600000000", "b", "d"):
        (beside / "data" / f"{name}.txt").write_text("text", encoding="utf-8")
    corpus, problems = read_rhasspy(beside, source())
    assert [utterance.id for utterance in corpus] == ["a", "b"]
    assert [(problem.id, problem.reason_code) for problem in problems] == [("d", "missing_audio")]
    assert "1 recordings in data have no text" in corpus.notes
