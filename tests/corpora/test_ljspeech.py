from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tts.core.errors import TtsError, UsageError
from tts.corpora.ljspeech import read_ljspeech
from tts.corpora.problems import Problem
from tts.corpora.types import Corpus, CorpusSource


def folder(root: Path, metadata: str | bytes, recordings: list[str]) -> Path:
    (root / "wavs").mkdir(parents=True, exist_ok=True)
    for name in recordings:
        (root / "wavs" / name).touch()
    (root / "metadata.csv").write_bytes(metadata if isinstance(metadata, bytes) else metadata.encode())
    return root


def read(root: Path, **options) -> tuple[Corpus, list[Problem]]:
    return read_ljspeech(root, CorpusSource(name="c", speaker="s", language="en-us", licence="CC0-1.0", **options))


def test_two_and_three_columns_and_every_format(tmp_path):
    root = folder(tmp_path, "a|Raw a.\nb|Raw b.|Normal b.\nc|Raw c.|\nd|Raw d.\n", ["a.wav", "b.flac", "c.ogg", "d.mp3"])
    corpus, problems = read(root)
    assert [(p.id, p.reason_code, p.severity) for p in problems] == [("b", "mixed_columns", "warning")]
    assert [(u.id, u.text, u.audio.name) for u in corpus] == [
        ("a", "Raw a.", "a.wav"),
        ("b", "Normal b.", "b.flac"),
        ("c", "Raw c.", "c.ogg"),
        ("d", "Raw d.", "d.mp3"),
    ]
    assert corpus.notes == ("text of 1 utterances from the normalised column", "text of 3 utterances from the raw column")


def test_a_bar_in_a_text_is_told_where_a_line_names_two_columns(tmp_path):
    root = folder(tmp_path, "id|text\na|Hello | there.\nb|One.\nc|Two.\n", ["a.wav", "b.wav", "c.wav"])
    corpus, problems = read(root)
    assert [u.text for u in corpus] == ["there.", "One.", "Two."]
    assert [(p.id, p.reason_code, p.severity) for p in problems] == [("a", "mixed_columns", "warning")]
    root = folder(tmp_path / "three", "id|text|normalised\na|1.|One.\nb|2.|\nc|3.|\n", ["a.wav", "b.wav", "c.wav"])
    assert read(root)[1] == []


def test_a_lone_quotation_mark_swallows_nothing(tmp_path):
    root = folder(tmp_path, 'a|He said "no.\nb|Then left.\nc|"End.\n', ["a.wav", "b.wav", "c.wav"])
    corpus, _ = read(root)
    assert [u.text for u in corpus] == ['He said "no.', "Then left.", '"End.']


@settings(max_examples=50, deadline=None)
@given(
    st.lists(
        st.text(st.characters(exclude_characters="|\r\n\0", exclude_categories=["Cs"]), min_size=1), min_size=1, max_size=8
    )
)
def test_any_text_survives_on_its_own_line(tmp_path_factory, texts):
    root = folder(tmp_path_factory.mktemp("c"), "".join(f"u{i}|x{t}x\n" for i, t in enumerate(texts)), [])
    for i in range(len(texts)):
        (root / "wavs" / f"u{i}.wav").touch()
    corpus, problems = read(root)
    assert problems == []
    assert [u.text for u in corpus] == [f"x{t}x" for t in texts]


def test_bom_windows_lines_and_blank_lines(tmp_path):
    root = folder(tmp_path, "\ufeffa|Één.\r\n\r\n  \r\nb|Zwei.\rc|Trois.".encode(), ["a.wav", "b.wav", "c.wav"])
    corpus, problems = read(root)
    assert [(u.id, u.text) for u in corpus] == [("a", "Één."), ("b", "Zwei."), ("c", "Trois.")]
    assert problems == []


def test_text_columns_on_request(tmp_path):
    root = folder(tmp_path, "a|Ja, 2?|ja twee\nb|Nee.|\n", ["a.wav", "b.wav"])
    assert [u.text for u in read(root, text_column="raw")[0]] == ["Ja, 2?", "Nee."]
    corpus, problems = read(root, text_column="normalised")
    assert [u.text for u in corpus] == ["ja twee"]
    assert [(p.id, p.reason_code) for p in problems] == [("b", "empty_text")]
    assert any("punctuation" in note for note in corpus.notes)


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("a|Again.", "duplicate_id"),
        ("A|Differs in case alone.", "duplicate_id"),
        ("b", "columns"),
        ("b|one|two|three", "columns"),
        ("|No id.", "unsafe_id"),
        ("../b|Out.", "unsafe_id"),
        ("..\\b|Out.", "unsafe_id"),
        ("/etc/b|Absolute.", "unsafe_id"),
        ("C:b|Drive.", "unsafe_id"),
        (".b|Hidden.", "unsafe_id"),
        ("b\x00c|Control.", "unsafe_id"),
        ("b\x1b[2J|Control.", "unsafe_id"),
        ("b c|Space.", "unsafe_id"),
        ("b" * 300 + "|Long.", "unsafe_id"),
        ("b|", "empty_text"),
        ("b| | ", "empty_text"),
        ("nothere|No recording.", "missing_audio"),
    ],
)
def test_bad_lines_are_left_out_with_their_place(tmp_path, line, reason):
    root = folder(tmp_path, f"a|Good.\n{line}\nz|Good too.\n", ["a.wav", "b.wav", "z.wav"])
    corpus, problems = read(root)
    assert [u.text for u in corpus] == ["Good.", "Good too."]
    assert [(p.reason_code, p.severity) for p in problems] == [(reason, "left_out")]
    assert problems[0].place.endswith("metadata.csv:2")


def test_wav_is_preferred_and_case_of_suffix_ignored(tmp_path):
    root = folder(tmp_path, "a|A.\nb|B.\n", ["a.flac", "a.WAV", "b.mp3", "b.flac"])
    assert [u.audio.name for u in read(root)[0]] == ["a.WAV", "b.flac"]


def test_exclude(tmp_path):
    root = folder(tmp_path, "a|A.\na_alt|A again.\n", ["a.wav", "a_alt.wav", "spare.wav"])
    corpus, problems = read(root, exclude="_alt$")
    assert [u.id for u in corpus] == ["a"]
    assert problems == []
    assert corpus.notes[1:] == ("1 utterances skipped by exclude: _alt$", "1 recordings in wavs have no line in metadata.csv")


def test_whole_corpus_failures(tmp_path):
    with pytest.raises(UsageError, match="--corpus-root"):
        read(tmp_path / "nowhere")
    with pytest.raises(UsageError, match=r"metadata\.csv.*--corpus-root"):
        read(tmp_path)
    (tmp_path / "metadata.csv").write_text("a|A.\n")
    with pytest.raises(UsageError, match="wavs"):
        read(tmp_path)
    root = folder(tmp_path, "a|A.\n", [])
    with pytest.raises(TtsError, match=r"no usable utterance.*metadata\.csv:1"):
        read(root)
    with pytest.raises(UsageError, match="regular expression"):
        read(root, exclude="(")
    with pytest.raises(TtsError, match="no usable utterance"):
        read(folder(tmp_path, "", []))
    with pytest.raises(TtsError, match=r"metadata\.csv:2: not UTF-8"):
        read(folder(tmp_path, "a|A.\nb|café\n".encode("latin-1"), ["a.wav", "b.wav"]))


@pytest.mark.corpus
@pytest.mark.skipif(not os.environ.get("TTS_CORPORA"), reason="set TTS_CORPORA to the folder that holds kathleen/")
@pytest.mark.parametrize(("name", "count"), [("kathleen", 1132), ("nathalie", 360), ("flemishguy", 360)])
def test_real_corpora(corpora, name, count):
    corpus, problems = read(corpora / name, exclude="_alt$")
    assert len(corpus) == count
    assert problems == []
