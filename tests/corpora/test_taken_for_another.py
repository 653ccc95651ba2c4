"""No recording, speaker or line is taken for another, and none vanishes untold."""

import json
from pathlib import Path

import pytest
from corpus_layouts import write_lines
from reading_lists import codes, read, texts, wav

from tts.core.errors import UsageError
from tts.corpora.scan import Scan, ScannedCorpus
from tts.corpora.table import scan_table
from tts.corpora.types import CorpusSource


def test_one_recording_does_not_stand_for_two(tmp_path: Path) -> None:
    """Two paths of another machine end alike: neither is known to be the recording that is here, whoever speaks."""
    for key in ("001", "002"):
        wav(tmp_path / "wav" / f"{key}.wav")
    write_lines(tmp_path / "wav.scp", ["u1 /data/anna/001.wav", "u2 /data/bert/001.wav", "u3 /data/anna/002.wav"])
    write_lines(tmp_path / "text", ["u1 hello one", "u2 something else", "u3 two"])
    corpus, problems = read("kaldi", tmp_path)
    assert texts(corpus) == {"u3": "two"}
    assert codes(problems) == {"u1": "missing_audio", "u2": "missing_audio"}
    assert f"'/data/bert/001.wav' ({tmp_path / 'text'}:2)" in problems[0].message
    write_lines(tmp_path / "utt2spk", ["u1 anna", "u2 bert", "u3 anna"])
    corpus, problems = read("kaldi", tmp_path)
    assert texts(corpus) == {"u3": "two"}
    assert codes(problems) == {"u1": "missing_audio"}


def test_parts_of_one_recording_from_another_machine(tmp_path: Path) -> None:
    wav(tmp_path / "long.wav", 4.0)
    lines = [{"audio": "/data/long.wav", "text": f"part {n}", "offset": n, "duration": 1} for n in range(3)]
    write_lines(tmp_path / "list.jsonl", [json.dumps(line) for line in lines])
    corpus, problems = read("json-lines", tmp_path)
    assert len(corpus) == 3
    assert not problems


@pytest.mark.parametrize("start", ["", "{root}/"])
def test_a_folder_of_the_corpus_is_not_dropped_from_a_path(tmp_path: Path, start: str) -> None:
    wav(tmp_path / "wavs" / "001.wav")
    wav(tmp_path / "wavs" / "002.wav")
    paths = [start.format(root=tmp_path) + name for name in ("wavs/bert/001.wav", "wavs/002.wav")]
    write_lines(tmp_path / "list.txt", [f"{paths[0]}|bert says this", f"{paths[1]}|the second of them"])
    corpus, problems = read("table", tmp_path)
    assert [utterance.text for utterance in corpus] == ["the second of them"]
    assert [problem.reason_code for problem in problems] == ["missing_audio"]


def test_another_speaker_is_not_taken_for_the_recipes(tmp_path: Path) -> None:
    root = tmp_path / "arctic"
    wav(root / "cmu_us_bdl_arctic" / "wav" / "arctic_a0001.wav")
    write_lines(root / "cmu_us_bdl_arctic" / "etc" / "txt.done.data", ['( arctic_a0001 "Yes." )'])
    for speaker in ("bdl", "BDL", "cmu_us_bdl_arctic"):
        assert len(read("cmu-arctic", root, speaker=speaker)[0]) == 1
    with pytest.raises(UsageError, match="no utterance is by the speaker slt; the corpus has bdl"):
        read("cmu-arctic", root, speaker="slt")
    renamed = root / "cmu_us_bdl_arctic"
    renamed = renamed.rename(tmp_path / "voice")
    assert len(read("cmu-arctic", renamed, speaker="slt")[0]) == 1  # its files name nobody


def test_lines_that_name_nobody_beside_one_speaker(tmp_path: Path) -> None:
    for key in ("a", "b", "c"):
        wav(tmp_path / f"{key}.wav")
    lines = [{"audio": f"{key}.wav", "text": key, "speaker": who} for key, who in (("a", "anna"), ("b", "anna"), ("c", ""))]
    write_lines(tmp_path / "list.jsonl", [json.dumps(line) for line in lines])
    corpus, problems = read("json-lines", tmp_path)
    assert texts(corpus) == {"a": "a", "b": "b"}
    assert [(problem.reason_code, problem.place) for problem in problems] == [("speaker", f"{tmp_path / 'list.jsonl'}:3")]
    with pytest.raises(UsageError, match="the corpus has anna"):
        read("json-lines", tmp_path, speaker="clara")


@pytest.mark.parametrize("format", ["table", "ljspeech"])
def test_an_open_quotation_mark_costs_its_own_line(tmp_path: Path, format: str) -> None:
    for key in "abcdef":
        wav(tmp_path / f"{key}.wav")
    lines = ["a,one", 'b,"Two, and', "c,three", 'd,"Four, ""quoted""', 'and over two lines"', 'e,"Five', "f,six"]
    write_lines(tmp_path / "metadata.csv", lines)
    corpus, problems = read(format, tmp_path)
    assert texts(corpus) == {"a": "one", "c": "three", "d": 'Four, "quoted" and over two lines', "f": "six"}
    assert [(problem.id, problem.reason_code) for problem in problems] == [("b", "quotes"), ("e", "quotes")]
    assert problems[0].place == f"{tmp_path / 'metadata.csv'}:2"


def test_an_open_quotation_mark_in_the_last_line(tmp_path: Path) -> None:
    for key in "ab":
        wav(tmp_path / f"{key}.wav")
    (tmp_path / "metadata.csv").write_text('a,one\nb,"Two', encoding="utf-8")
    corpus, problems = read("table", tmp_path)
    assert texts(corpus) == {"a": "one"}
    assert codes(problems) == {"b": "quotes"}


def test_a_column_that_may_name_speakers_is_told_of(tmp_path: Path) -> None:
    for key in "abc":
        wav(tmp_path / f"{key}.wav")
    write_lines(tmp_path / "list.txt", ["a|anna|This is one.", "b|bert|This is another.", "c|clara|And a third one."])
    corpus, _ = read("table", tmp_path)
    assert any("column 2 is not used ('anna', 'bert', 'clara')" in note for note in corpus.notes)
    columns = ("audio", "speaker", "text")
    assert texts(read("table", tmp_path, columns=columns)[0]) == {"a": "This is one."}


def test_both_tables_know_the_same_names_of_columns(tmp_path: Path) -> None:
    wav(tmp_path / "a.wav")
    for header in ("key|prompt", "wav_path|Sentence", "utt|transcription"):
        write_lines(tmp_path / "metadata.csv", [header, "a|one"])
        for format in ("table", "ljspeech"):
            corpus, problems = read(format, tmp_path)
            assert texts(corpus) == {"a": "one"}
            assert not problems


def test_recordings_outside_the_speakers_folder_are_told_of(tmp_path: Path) -> None:
    for name in ("anna/a", "chapter2/b"):
        wav(tmp_path / f"{name}.wav")
        (tmp_path / f"{name}.txt").write_text("text", encoding="utf-8")
    corpus, _ = read("text-files", tmp_path)
    assert len(corpus) == 1
    assert any("1 recordings outside the speaker's folder anna are not read: they lie in chapter2" in n for n in corpus.notes)


def test_short_rows_of_common_voice_are_problems(tmp_path: Path) -> None:
    for key in "ab":
        wav(tmp_path / "de" / "clips" / f"{key}.wav")
    write_lines(tmp_path / "de" / "validated.tsv", ["client_id\tpath\tsentence", "abc\ta.wav\thallo", "abc\tb.wav"])
    corpus, problems = read("common-voice", tmp_path, speaker="abc")
    assert texts(corpus) == {"a": "hallo"}
    assert [(problem.reason_code, problem.place.rpartition(":")[2]) for problem in problems] == [("columns", "3")]


def test_two_texts_of_one_recording_at_openslr(tmp_path: Path) -> None:
    folder = tmp_path / "es_ar_female"
    for key in ("arf_001_02", "arf_001_03"):
        wav(folder / f"{key}.wav")
    write_lines(folder / "line_index.tsv", ["arf_001_02\tuno", "arf_001_03\ttres"])
    write_lines(tmp_path / "es_ar_female_line_index.tsv", ["arf_001_02\tdos", "arf_001_03\ttres"])
    corpus, problems = read("openslr-crowdsourced", tmp_path, speaker="arf_001")
    assert texts(corpus) == {"03": "tres"}
    assert [problem.reason_code for problem in problems] == ["two_texts"]


def test_last_parts_that_lead_to_two_recordings_lead_to_none(tmp_path: Path) -> None:
    """``elsewhere/001.wav`` is not here, and there are two that end so."""
    for folder in ("wavs", "audio"):
        wav(tmp_path / folder / "001.wav")
    wav(tmp_path / "audio" / "002.wav")
    write_lines(tmp_path / "list.txt", ["elsewhere/001.wav|whose is this", "elsewhere/002.wav|there is but one"])
    corpus, problems = read("table", tmp_path, columns=("audio", "text"))
    assert [utterance.text for utterance in corpus] == ["there is but one"]
    assert [problem.reason_code for problem in problems] == ["ambiguous"]
    assert str(tmp_path / "wavs" / "001.wav") in problems[0].message and "audio" in problems[0].message


def test_a_list_is_looked_through_once_whatever_is_left_out_of_each_speaker(tmp_path: Path) -> None:
    for name in ("a", "b"):
        wav(tmp_path / "wavs" / f"{name}.wav")
    write_lines(tmp_path / "list.tsv", ["path\tspeaker\tsentence", "a.wav\tanna\tOne.", "b.wav\tbert\tTwo."])
    times = []

    def scanner(root: Path, source: CorpusSource) -> Scan:
        times.append(source)
        return scan_table(root, source)

    corpus = ScannedCorpus("table", scanner)
    for speaker, exclude in (("anna", "x$"), ("bert", None)):
        source = CorpusSource(name="n", speaker=speaker, language="en", licence="MIT", exclude=exclude, of_several=True)
        assert len(corpus(tmp_path, source)[0]) == 1
    assert len(times) == 1
