"""Lists of utterances as people and strangers write them: oddities are read, faults named, and no path leaves its folder."""

import gzip
import json
from dataclasses import replace
from pathlib import Path

import pytest
from corpus_layouts import WRITTEN, Source, write_lines
from reading_lists import codes, read, texts, wav
from speech import SPEECH, TEXTS

from tts.core.errors import TtsError, UsageError
from tts.corpora import lines as reading
from tts.corpora.draft.recognise import recognise


def test_prompts_with_quotation_marks_comments_and_broken_lines(tmp_path: Path) -> None:
    for key in ("a1", "a2", "a3", "a4"):
        wav(tmp_path / "wav" / f"{key}.wav")
    lines = [
        r'( a1 "He said, \"No.\"" )',
        r'(a2 "A \\ stroke; and (brackets).") ; a remark',
        '; ( a9 "commented out" )',
        '( "a3"   "Name in marks." )',
        '( a4 "no end )',
        '( a5 "no recording" )',
    ]
    write_lines(tmp_path / "etc" / "txt.done.data", lines)
    corpus, problems = read("festival", tmp_path)
    assert texts(corpus) == {"a1": 'He said, "No."', "a2": r"A \ stroke; and (brackets).", "a3": "Name in marks."}
    assert codes(problems) == {"a4": "form", "a5": "missing_audio"}
    assert problems[0].place == f"{tmp_path / 'etc' / 'txt.done.data'}:5"


# Kaldi


def test_commands_and_archives_are_never_followed(tmp_path: Path) -> None:
    wav(tmp_path / "a.wav")
    canary = tmp_path / "canary"
    write_lines(tmp_path / "wav.scp", [f"a touch {canary} |", "b a.ark:17", "c a.wav", "c a.wav"])
    write_lines(tmp_path / "text", ["a one", "b two", "c three", "d four", "e"])
    with pytest.raises(TtsError, match=r"no usable utterance of 5; .*never run"):
        read("kaldi", tmp_path)
    assert not canary.exists()
    write_lines(tmp_path / "wav.scp", [f"a touch {canary} |", "b a.ark:17", "c a.wav", "e a.wav"])
    corpus, problems = read("kaldi", tmp_path)
    assert texts(corpus) == {"c": "three"}
    assert codes(problems) == {"a": "command", "b": "archive", "d": "missing_audio", "e": "empty_text"}
    assert "line 1 of wav.scp" in problems[0].message


def test_segments_of_a_recording(tmp_path: Path) -> None:
    wav(tmp_path / "long.wav", 10.0)
    write_lines(tmp_path / "wav.scp", ["rec long.wav"])
    write_lines(tmp_path / "text", ["u1 one", "u2 two", "u3 three", "u4 four", "u5 five", "u6 six"])
    segments = ["u1 rec 0.5 2.25", "u2 rec 2.25 -1", "u3 rec 3 2", "u4 rec x 2", "u6 rec 0 9.99"]
    write_lines(tmp_path / "segments", segments)
    corpus, problems = read("kaldi", tmp_path)
    assert {u.id: (u.start, u.end) for u in corpus} == {"u1": (0.5, 2.25), "u2": (2.25, None), "u6": (0.0, None)}
    assert codes(problems) == {"u3": "times", "u4": "segment", "u5": "segment"}


def test_speakers_of_a_directory(tmp_path: Path) -> None:
    for key in ("anna-1", "anna-2", "ben-1"):
        wav(tmp_path / f"{key}.wav")
    write_lines(tmp_path / "wav.scp", [f"{key} {key}.wav" for key in ("anna-1", "anna-2", "ben-1")])
    write_lines(tmp_path / "text", ["anna-1 one", "anna-2 two", "ben-1 one"])
    write_lines(tmp_path / "utt2spk", ["anna-1 anna", "anna-2 anna", "ben-1 ben"])
    assert texts(read("kaldi", tmp_path)[0]) == {"1": "one", "2": "two"}
    with pytest.raises(UsageError, match="by the speaker clara; the corpus has anna, ben"):
        read("kaldi", tmp_path, speaker="clara")
    with pytest.raises(UsageError, match="no utterance is by the speaker clara"):
        read("kaldi", tmp_path, speaker="clara", of_several=True)


def test_lines_without_a_speaker_among_many(tmp_path: Path) -> None:
    for key in ("a", "b", "c", "d"):
        wav(tmp_path / f"{key}.wav")
    lines = [{"audio": f"{key}.wav", "text": key, "speaker": who} for key, who in (("a", "anna"), ("b", "ben"), ("c", ""))]
    write_lines(tmp_path / "list.jsonl", [*(json.dumps(line) for line in lines), "broken"])
    corpus, problems = read("json-lines", tmp_path)
    assert texts(corpus) == {"a": "a"}
    assert [problem.reason_code for problem in problems] == ["speaker", "form"]


# Paths that lead elsewhere


@pytest.mark.parametrize(
    "name", ["/etc/passwd.wav", "../outside.wav", "a/../../outside.wav", r"..\outside.wav", r"C:\outside.wav"]
)
def test_no_list_reaches_out_of_the_folder(tmp_path: Path, name: str) -> None:
    wav(tmp_path / "outside.wav")
    root = tmp_path / "corpus"
    wav(root / "inside.wav")
    lines = [{"audio_filepath": name, "text": "stolen"}, {"audio_filepath": "inside.wav", "text": "mine"}]
    write_lines(root / "list.jsonl", [json.dumps(line) for line in lines])
    corpus, problems = read("json-lines", root)
    assert texts(corpus) == {"inside": "mine"}
    assert {problem.reason_code for problem in problems} <= {"outside", "missing_audio", "unsafe_id"}
    assert len(problems) == 1


def test_a_folder_that_a_person_names_is_reached(tmp_path: Path) -> None:
    elsewhere = wav(tmp_path / "disk" / "one.wav")
    root = tmp_path / "corpus"
    root.mkdir()
    write_lines(root / "list.jsonl", [json.dumps({"audio_filepath": str(elsewhere), "text": "one"})])
    with pytest.raises(
        TtsError, match=r"lies outside the corpus's folder; name the folder of the recordings with corpus\.audio"
    ):
        read("json-lines", root)
    corpus, _ = read("json-lines", root, audio=str(tmp_path / "disk"))
    assert corpus.utterances[0].audio == elsewhere
    assert corpus.utterances[0].id == "one"


def test_paths_of_another_machine_are_found_by_their_last_parts(tmp_path: Path) -> None:
    wav(tmp_path / "wavs" / "book1" / "one.wav")
    line = {"audio_filepath": "/export/corpora/mine/wavs/book1/one.wav", "text": "one"}
    write_lines(tmp_path / "list.jsonl", [json.dumps(line)])
    corpus, _ = read("json-lines", tmp_path)
    assert [u.id for u in corpus] == ["book1_one"]
    assert any("by the last parts of their paths" in note for note in corpus.notes)


# JSON lines


def test_parts_that_share_a_recording(tmp_path: Path) -> None:
    """As DALI's document of the format shows it: the first part without an offset."""
    wav(tmp_path / "audio1.wav", 5.0)
    wav(tmp_path / "audio2.wav", 3.45)
    lines = [
        {"audio_filepath": "audio1.wav", "duration": 3.45, "text": "this is a nemo tutorial"},
        {"audio_filepath": "audio1.wav", "offset": 3.45, "duration": 1.45, "text": "same audio file but using offset"},
        {"audio_filepath": "audio2.wav", "duration": 3.45, "text": "third transcript in this example"},
    ]
    write_lines(tmp_path / "manifest.json", [json.dumps(line) for line in lines])
    corpus, problems = read("json-lines", tmp_path)
    assert not problems
    times = {u.id: (u.start, u.end if u.end is None else round(u.end, 6)) for u in corpus}
    assert times == {"audio1_0000000": (0.0, 3.45), "audio1_0003450": (3.45, 4.9), "audio2": (0.0, None)}


def test_keys_texts_and_broken_lines(tmp_path: Path) -> None:
    for key in ("a", "b", "c"):
        wav(tmp_path / f"{key}.wav")
    lines = [
        '{"audio_filepath": "a.wav", "text": "Dr. A", "normalized_text": "Doctor A", "speaker": 7}',
        '{"audio": "b.wav", "sentence": "B", "id": "first", "spk": "7"}',
        '{"audio": "c.wav", "text": ["no"]}',
        "not json",
        '{"audio": "gone.wav", "text": "gone"}',
        '{"audio": "c.wav", "text": "C", "offset": -1, "duration": 2}',
        '{"audio": "c.wav", "text": "C", "offset": NaN, "duration": 2}',
    ]
    write_lines(tmp_path / "list.jsonl", lines)
    corpus, problems = read("json-lines", tmp_path)
    assert texts(corpus) == {"a": "Doctor A", "first": "B"}
    assert texts(read("json-lines", tmp_path, text_column="raw")[0])["a"] == "Dr. A"
    assert [problem.place.rpartition(":")[2] for problem in problems] == ["3", "4", "5", "6", "7"]
    write_lines(tmp_path / "other.jsonl", lines[:1])
    with pytest.raises(UsageError, match=r"there is list\.jsonl, other\.jsonl; name the one to use with corpus\.file"):
        read("json-lines", tmp_path)
    assert len(read("json-lines", tmp_path, file="other.jsonl")[0]) == 1


# lhotse


def manifests(root: Path, recordings: list[dict], supervisions: list[dict]) -> None:
    for name, entries in (("recordings", recordings), ("supervisions", supervisions)):
        with gzip.open(root / f"{name}.jsonl.gz", "wt", encoding="utf-8") as stream:
            stream.writelines(json.dumps(entry) + "\n" for entry in entries)


def recording(id: str, source: str = "a.wav", type: str = "file", **more: object) -> dict:
    sources = [{"type": type, "channels": [0], "source": source}]
    return {"id": id, "sources": sources, "sampling_rate": 16000, "num_samples": 16000, "duration": 1.0, **more}


def supervision(id: str, recording_id: str = "", **more: object) -> dict:
    said = {"id": id, "recording_id": recording_id or id, "start": 0.0, "duration": 1.0, "channel": 0, "text": f"{id}."}
    return {**said, **more}


def test_of_a_manifest_only_files_are_used(tmp_path: Path) -> None:
    wav(tmp_path / "a.wav")
    canary = tmp_path / "canary"
    manifests(
        tmp_path,
        [
            recording("run", f"touch {canary}", "command"),
            recording("net", "http://127.0.0.1/a.wav", "url"),
            recording("slow", transforms=[{"name": "Speed", "kwargs": {"factor": 0.9}}]),
            recording("good"),
        ],
        [
            *(supervision(id) for id in ("run", "net", "slow", "lost")),
            supervision("good", custom={"normalized_text": "good text"}),
            supervision("part", "good", start=0.25, duration=0.5, text=None),
            supervision("../up", "good"),
            supervision("good", "good"),
        ],
    )
    corpus, problems = read("lhotse", tmp_path)
    assert texts(corpus) == {"good": "good text"}
    assert codes(problems[:5]) == {
        "run": "source",
        "net": "source",
        "slow": "transforms",
        "lost": "missing_audio",
        "part": "empty_text",
    }
    assert codes(problems[5:]) == {"../up": "unsafe_id", "good": "duplicate_id"}
    assert not canary.exists()


def test_a_damaged_manifest_is_named_by_line(tmp_path: Path) -> None:
    wav(tmp_path / "a.wav")
    manifests(tmp_path, [recording("good"), {"id": 3}], [supervision("good")])
    with pytest.raises(TtsError, match=r"recordings\.jsonl\.gz:2: not a line of lhotse's Recordings"):
        read("lhotse", tmp_path)
    whole = (tmp_path / "supervisions.jsonl.gz").read_bytes()
    manifests(tmp_path, [recording("good")], [])
    (tmp_path / "supervisions.jsonl.gz").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(TtsError, match=r"supervisions\.jsonl\.gz: cannot be read after line"):
        read("lhotse", tmp_path)


def test_a_compressed_bomb_is_not_unpacked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    wav(tmp_path / "a.wav")
    manifests(tmp_path, [recording("good")], [supervision("good")])
    bomb = tmp_path / "supervisions.jsonl.gz"
    with gzip.open(bomb, "wb") as stream:
        stream.write(b" " * (8 << 20))  # one line
    with pytest.raises(TtsError, match="is longer than 1 MiB"):
        read("lhotse", tmp_path)
    monkeypatch.setattr(reading, "MOST_BYTES", 4 << 20)
    with gzip.open(bomb, "wb") as stream:
        stream.write((b" " * 1000 + b"\n") * 8000)
    with pytest.raises(TtsError, match="holds more than 4 MiB"):
        read("lhotse", tmp_path)


# Tables


@pytest.mark.parametrize(
    ("content", "columns"),
    [
        ("a.wav|0|One, two.\nb.wav|0|Three.\n", ("audio", "speaker", "text")),
        ("a|Dr. One|Doctor One\nb|Mr. Two|Mister Two\n", ("audio", "text", "normalised")),
        ("x1\tOne and more words\t7\ta.wav\nx2\tTwo and more\t7\tb.wav\n", ("-", "text", "speaker", "audio")),
        ("Emma|a|Ann Lee|Yes, so it is.\nEmma|b|Ann Lee|No, not I.\nEmma|a|Ann Lee|Who\n", ("speaker", "audio", "-", "text")),
        ('a.wav,"One, two."\nb.wav,Three.\n', ("audio", "text")),
        ("a One two.\nb Three: four.\n", ("audio", "text")),
        ("a:One two.\nb:Three four.\n", ("audio", "text")),
    ],
)
def test_columns_are_told_by_their_look(tmp_path: Path, content: str, columns: tuple[str, ...]) -> None:
    from tts.corpora.recording_paths import RecordingPaths
    from tts.corpora.table import load_table

    wav(tmp_path / "a.wav"), wav(tmp_path / "b.wav")
    (tmp_path / "list.txt").write_text(content, encoding="utf-8")
    paths = RecordingPaths(tmp_path)
    table = load_table(tmp_path / "list.txt", lambda name: paths.find(name)[0] is not None)
    assert table.columns == columns
    assert len(read("table", tmp_path)[0]) == 2


def test_a_lone_quotation_mark_swallows_nothing(tmp_path: Path) -> None:
    for key in ("a", "b", "c"):
        wav(tmp_path / f"{key}.wav")
    write_lines(tmp_path / "list.txt", ['a|"One said.', "b|Two.", "c|Three|bars"])
    corpus, problems = read("table", tmp_path)
    assert texts(corpus) == {"a": '"One said.', "b": "Two."}
    assert codes(problems) == {"c": "columns"}


def test_columns_that_a_recipe_names(tmp_path: Path) -> None:
    wav(tmp_path / "long.wav", 4.0)
    write_lines(
        tmp_path / "list.tsv", ["u1\tlong.wav\t0\t1.5\tOne.", "u2\tlong.wav\t1.5\t\tTwo.", "u3\tlong.wav\tx\t3\tThree."]
    )
    corpus, problems = read("table", tmp_path, columns=("id", "audio", "start", "end", "text"))
    assert {u.id: (u.start, u.end) for u in corpus} == {"u1": (0.0, 1.5), "u2": (1.5, None)}
    assert codes(problems) == {"u3": "times"}
    with pytest.raises(UsageError, match=r"names 2 columns, .* has 5"):
        read("table", tmp_path, columns=("id", "text"))


def test_encodings(tmp_path: Path) -> None:
    wav(tmp_path / "a.wav")
    (tmp_path / "list.txt").write_text("a|Ünïcode.\n", encoding="utf-16")
    assert texts(read("table", tmp_path)[0]) == {"a": "Ünïcode."}
    (tmp_path / "list.txt").write_bytes("a|Ok.\na|Ünïcode.\n".encode("latin-1"))
    with pytest.raises(TtsError, match=r"list\.txt:2: not UTF-8; convert the file, for example with iconv"):
        read("table", tmp_path)


# A text file for each recording


def test_text_files_of_all_kinds(tmp_path: Path) -> None:
    for key in ("a", "b", "c", "d", "e", "chapter/f"):
        wav(tmp_path / f"{key}.wav")
    write_lines(tmp_path / "a.txt", ["One", "", "  and two. "])
    write_lines(tmp_path / "b.lab", ["0 5000000 sil", "5000000 9000000 h"])
    (tmp_path / "c.txt").write_bytes("Käse".encode("latin-1"))
    (tmp_path / "d.txt").write_bytes(b"x" * (reading.MOST_LINE // 8))
    write_lines(tmp_path / "chapter" / "f.normalized.txt", ["Six."])
    (tmp_path / "readme.txt").write_text("not a text of a recording", encoding="utf-8")
    corpus, problems = read("text-files", tmp_path)
    assert texts(corpus) == {"a": "One and two.", "chapter_f": "Six."}
    assert codes(problems) == {"b": "labels", "c": "text_file", "d": "text_file"}
    assert "1 recordings have no text file" in corpus.notes


def test_links_to_folders_and_hidden_ones_are_left_alone(tmp_path: Path) -> None:
    root = tmp_path / "corpus"
    for place in (root / "a", tmp_path / "other" / "b", root / ".trash" / "c"):
        wav(place.with_suffix(".wav"))
        write_lines(place.with_suffix(".txt"), ["Text."])
    (root / "link").symlink_to(tmp_path / "other", target_is_directory=True)
    assert texts(read("text-files", root)[0]) == {"a": "Text."}


def test_the_speaker_s_folder_is_read_alone(tmp_path: Path) -> None:
    source = Source({key: SPEECH / "wavs" / f"{key}.flac" for key in TEXTS}, TEXTS)
    for speaker in ("anna", "ben"):
        WRITTEN["trees of speakers"].write(replace(source, speaker=speaker), tmp_path)
    corpus, problems = read("text-files", tmp_path, of_several=True)
    assert not problems
    assert texts(corpus) == TEXTS
    assert {utterance.audio.parent.name for utterance in corpus} == {"anna"}
    with pytest.raises(UsageError, match="there is no folder of the speaker clara"):
        read("text-files", tmp_path, speaker="clara", of_several=True)


def test_kaldi_lists_of_recordings_elsewhere_name_the_option(tmp_path: Path) -> None:
    """What the product's own export writes with absolute paths: a list alone does not open any folder of the machine."""
    root, audio = tmp_path / "data", tmp_path / "elsewhere"
    root.mkdir()
    audio.mkdir()
    for name in ("a", "b"):
        (audio / f"{name}.wav").write_bytes(b"RIFF")
    (root / "wav.scp").write_text(f"u1 {audio}/a.wav\nu2 {audio}/b.wav\n")
    (root / "text").write_text("u1 hello\nu2 there\n")
    with pytest.raises(TtsError, match=f"tts new {root} --audio {audio}"):
        recognise(root)


# Recordings, speakers and lines that must not be taken for others
