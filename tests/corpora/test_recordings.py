"""Recordings wherever they lie, and metadata as people have it."""

import unicodedata
from pathlib import Path

import numpy as np
import pytest
import soundfile

from tts.core.errors import TtsError, UsageError
from tts.corpora.ljspeech import read_ljspeech
from tts.corpora.metadata import read_metadata
from tts.corpora.problems import Problem
from tts.corpora.recordings import Recordings, audio_suffixes, find_recordings
from tts.corpora.types import Corpus, CorpusSource


def touch(folder: Path, *names: str) -> Path:
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    return folder


def corpus_of(root: Path, metadata: str, *recordings: str, **options) -> tuple[Corpus, list[Problem]]:
    root.mkdir(exist_ok=True)
    touch(root, *recordings)
    (root / "metadata.csv").write_text(metadata, encoding="utf-8", newline="")
    return read_ljspeech(root, CorpusSource(name="c", speaker="s", language="en-us", licence="CC0-1.0", **options))


def said(corpus: Corpus) -> list[tuple[str, str, str]]:
    return [(u.id, u.text, u.audio.name) for u in corpus]


@pytest.mark.parametrize("forms", [("NFC", "NFD"), ("NFD", "NFC"), ("NFD", "NFD")])
def test_ids_and_file_names_are_compared_in_one_unicode_form(tmp_path: Path, forms: tuple[str, str]) -> None:
    id, file = (unicodedata.normalize(form, "é_demo_001") for form in forms)
    corpus, problems = corpus_of(tmp_path, f"{id}|Hello.\n", f"wavs/{file}.wav")
    assert problems == []
    assert said(corpus) == [("é_demo_001", "Hello.", f"{file}.wav")]
    assert corpus.notes == ("text of 1 utterances from the raw column",)


def test_a_bar_in_the_text_is_warned_of_with_its_line(tmp_path: Path) -> None:
    wavs = [f"wavs/{name}.wav" for name in "abcd"]
    corpus, problems = corpus_of(tmp_path, "a|One.\nb|Hello | there.\nc|Three.\nd|Four.\n", *wavs)
    assert len(corpus) == 4
    (problem,) = problems
    assert (problem.id, problem.reason_code, problem.severity) == ("b", "mixed_columns", "warning")
    assert problem.place.endswith("metadata.csv:2")
    assert "'there.', without 'Hello'" in problem.message


def test_lines_without_a_normalised_text_among_others_are_no_fault(tmp_path: Path) -> None:
    corpus, problems = corpus_of(tmp_path, "a|1.|one.\nb|2.|two.\nc|Three.\n", *[f"wavs/{name}.wav" for name in "abc"])
    assert problems == []
    assert [u.text for u in corpus] == ["one.", "two.", "Three."]


@pytest.mark.parametrize(
    "metadata",
    [
        "id|text\na|One, two.\nb|Three.\n",
        "file_name|transcription\na.wav|One, two.\nb.wav|Three.\n",
        "a\tOne, two.\nb\tThree.\n",
        "id\tsentence\na\tOne, two.\nb\tThree.\n",
        "text\tpath\nOne, two.\ta.wav\nThree.\tb.wav\n",
        'a,"One, two."\nb,Three.\n',
        'file_name,text\r\na.wav,"One, two."\r\nb.wav,Three.\r\n',
        "a.wav|One, two.\nb.WAV|Three.\n",
    ],
)
def test_files_as_people_have_them(tmp_path: Path, metadata: str) -> None:
    corpus, problems = corpus_of(tmp_path, metadata, "wavs/a.wav", "wavs/b.wav")
    assert problems == []
    assert said(corpus) == [("a", "One, two.", "a.wav"), ("b", "Three.", "b.wav")]


def test_paths_from_the_corpus_folder(tmp_path: Path) -> None:
    metadata = 'path,text\nwavs/a.wav,"One, two."\nwavs/b.wav,Three.\n'
    corpus, problems = corpus_of(tmp_path, metadata, "wavs/a.wav", "wavs/b.wav")
    assert problems == []
    assert said(corpus) == [("a", "One, two.", "a.wav"), ("b", "Three.", "b.wav")]


def test_an_utterance_that_looks_like_column_names_is_one(tmp_path: Path) -> None:
    corpus, _ = corpus_of(tmp_path, "id|text\na|One.\n", "wavs/id.wav", "wavs/a.wav")
    assert [u.text for u in corpus] == ["text", "One."]


def test_commas_within_fields_and_lines_within_fields(tmp_path: Path) -> None:
    corpus, problems = corpus_of(
        tmp_path, 'a,"One,\ntwo."\nb,"He said ""no""."\nc,one,two,three\n', *[f"wavs/{n}.wav" for n in "abc"]
    )
    assert [u.text for u in corpus] == ["One, two.", 'He said "no".']
    assert [(p.reason_code, p.place.rpartition(":")[2]) for p in problems] == [("columns", "4")]


def test_ids_with_folders_name_files_within_them(tmp_path: Path) -> None:
    metadata = "book1/utt_1|One.\nbook2/utt_1.flac|Two.\nbook1/../utt_2|Out.\n../metadata|Out.\nbook1\\utt_1|Out.\n"
    corpus, problems = corpus_of(tmp_path, metadata, "wavs/book1/utt_1.wav", "wavs/book2/utt_1.flac", "wavs/utt_2.wav")
    assert said(corpus) == [("book1_utt_1", "One.", "utt_1.wav"), ("book2_utt_1", "Two.", "utt_1.flac")]
    assert [p.reason_code for p in problems] == ["unsafe_id"] * 3
    assert "2 ids had a suffix or folders, which are no part of the utterances' names" in corpus.notes


@pytest.mark.parametrize("id", ["con", "nul", "Aux", "lpt1"])
def test_names_of_devices_are_refused(tmp_path: Path, id: str) -> None:
    corpus, problems = corpus_of(tmp_path, f"{id}|One.\nb|Two.\n", f"wavs/{id}.wav", "wavs/b.wav")
    assert [u.id for u in corpus] == ["b"]
    assert problems[0].reason_code == "unsafe_id"
    assert "device on Windows" in problems[0].message


def test_recordings_lie_in_any_folder_or_beside_the_metadata(tmp_path: Path) -> None:
    for number, (place, options) in enumerate(
        [("wavs", {}), (".", {}), ("verified", {"audio": "verified"}), ("a/b", {"audio": "a/b"})]
    ):
        root = tmp_path / str(number)
        corpus, problems = corpus_of(root, "x|One.\n", f"{place}/x.flac", **options)
        assert problems == []
        assert [u.audio for u in corpus] == [root / place / "x.flac"]
    absolute = touch(tmp_path / "elsewhere", "x.wav")
    corpus, _ = corpus_of(tmp_path / "root", "x|One.\n", audio=str(absolute))
    assert [u.audio for u in corpus] == [absolute / "x.wav"]


def test_what_was_looked_for_is_said(tmp_path: Path) -> None:
    with pytest.raises(
        UsageError, match=r"a folder wavs/ and for files \(\.wav, \.flac, .*beside metadata\.csv.*corpus\.audio"
    ):
        corpus_of(tmp_path, "x|One.\n")
    with pytest.raises(UsageError, match=r"corpus\.audio: there is no folder .*verified"):
        corpus_of(tmp_path, "x|One.\n", audio="verified")
    with pytest.raises(TtsError, match=r"there is no wavs/x\.wav, nor in another audio format"):
        corpus_of(tmp_path, "x|One.\n", "wavs/y.wav")


@pytest.mark.parametrize("suffix", [".wav", ".flac", ".ogg", ".aiff", ".au", ".caf", ".w64", ".rf64"])
def test_whatever_is_read_as_sound_is_found(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"x{suffix}"
    soundfile.write(path, np.zeros(1600), 16_000)
    assert suffix in audio_suffixes()
    assert Recordings(tmp_path).find("x") == path


def test_the_better_format_is_preferred(tmp_path: Path) -> None:
    touch(tmp_path, "x.mp3", "x.wav", "y.mp3", "y.flac", "z.aiff", "z.txt")
    recordings = find_recordings(tmp_path)
    assert [recordings.find(id).name for id in "xyz"] == ["x.wav", "y.flac", "z.aiff"]  # type: ignore[union-attr]
    assert recordings.find("x.mp3") == tmp_path / "x.mp3"  # named outright
    assert recordings.find("/x") is None
    assert recordings.find("no") is None


def test_metadata_keeps_the_numbers_of_lines(tmp_path: Path) -> None:
    (tmp_path / "metadata.csv").write_text("id|text\n\n  \na|One.\n", encoding="utf-8")
    metadata = read_metadata(tmp_path, lambda id: False)
    assert [(row.line, row.fields) for row in metadata.rows] == [(4, ("a", "One."))]
    assert metadata.notes == ["the first line of metadata.csv names the columns: id, text"]
