"""Label files: there and back, and the habits of other people's tools."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tts.alignment.intervals import TimeInterval, attach, phone_times, times_dict, to_alignment
from tts.alignment.labels import format_hts, read_labels, write_hts
from tts.alignment.textgrid import format_textgrid, read_textgrid, write_textgrid
from tts.alignment.types import Alignment
from tts.core.errors import TtsError, UsageError
from tts.core.grid import FrameGrid
from tts.text.sentence import Sentence, Syllable, Word

GRID = FrameGrid(24_000)
SENTENCE = Sentence(
    'say "t͡ʃip"',
    "en",
    (
        Word("say", (Syllable(("s", "eɪ"), 1),), pause_after=True),
        Word('"cheap"', (Syllable(("t͡ʃ", "iː"), 1), Syllable(("p",)))),
        Word("oh", (Syllable(("oʊ",)),)),
    ),
)
DURATIONS = np.random.default_rng(0).integers(1, 12, (len(SENTENCE.phones), 5))
ALIGNMENT = Alignment(SENTENCE.phones, DURATIONS)


@given(st.data(), st.sampled_from([1.0, 3.3, 5.0, 7.77, 12.5, 20.0]), st.sampled_from(["lab", "TextGrid"]))
@settings(max_examples=30, deadline=None)
def test_there_and_back_on_any_grid(tmp_path_factory, data, shift: float, suffix: str) -> None:
    grid = FrameGrid(16_000, shift)
    states = data.draw(st.integers(1, 7))
    size = len(SENTENCE.phones) * states
    durations = np.array(data.draw(st.lists(st.integers(1, 400), min_size=size, max_size=size))).reshape(-1, states)
    alignment = Alignment(SENTENCE.phones, durations)
    path = tmp_path_factory.mktemp("labels") / f"x.{suffix}"
    if suffix == "lab":
        write_hts(path, alignment, grid)
    else:
        write_textgrid(path, SENTENCE, alignment, grid)
    found = read_labels(path, grid, alignment.frames, states)
    assert found.phones == alignment.phones
    np.testing.assert_array_equal(found.durations, durations)
    assert attach(SENTENCE.with_pauses((1,)), found, "x").sentence == SENTENCE


def test_state_labels_are_as_the_hts_tools_write_them() -> None:
    lines = format_hts(ALIGNMENT, GRID).splitlines()
    assert lines[0] == f"0 {DURATIONS[0, 0] * 50_000} x^x-sil+s=eɪ[2]"
    assert lines[6].split()[0] == lines[5].split()[1]
    assert lines[-1].split()[1:] == [str(ALIGNMENT.frames * 50_000), "p^oʊ-sil+x=x[6]"]


def write(path: Path, text: str, encoding: str = "utf-8") -> Path:
    path.write_text(text, encoding=encoding)
    return path


def test_phone_labels_of_other_tools(tmp_path: Path) -> None:
    full = "0 1000000 x^x-pau+h=@/A:0_0_0\n1000000 1800000 x^pau-h+@=x/A:1\n1800000 2525000 pau^h-@+x=x/A:1 extra\n"
    plain = "0 1000000 SIL\n1000000 1800000 h\n\n1800000 2525000 @\n"
    for text in (full, plain):
        found = read_labels(write(tmp_path / "a.lab", text), GRID, 51, 3)
        assert found.phones == ("sil", "h", "@", "sil")  # silence at the end is added, of the fewest frames there can be
        assert found.frames == 51
        assert found.phone_durations.tolist() == [20, 16, 12, 3]
    assert read_labels(tmp_path / "a.lab", GRID, 58, 3).phone_durations.tolist() == [20, 16, 15, 7]


def test_a_phone_said_twice_is_two_phones(tmp_path: Path) -> None:
    text = "".join(f"{t * 100000} {t * 100000 + 100000} {name}[{s}]\n" for t, (name, s) in enumerate([("t", 2), ("t", 3)] * 2))
    assert read_labels(write(tmp_path / "a.lab", text), GRID, 8, 1).phones == ("sil", "t", "t", "sil")
    phones = write(tmp_path / "b.lab", "0 200000 sil\n200000 400000 t\n400000 600000 t\n600000 800000 sil\n")
    assert read_labels(phones, GRID, 16, 2).phones == ("sil", "t", "t", "sil")


@pytest.mark.parametrize(
    ("text", "frames", "message"),
    [
        ("0 x a\n", 10, "a.lab:1: expected"),
        ("", 10, "holds no labels"),
        ("0 500000 sil\n", 10, "holds no phones"),
        ("0 1000000 a\n500000 2000000 b\n", 40, "overlaps"),
        ("0 1000000 a\n1000000 2000000 b\n", 60, "labels last 0.200 s but the recording 0.300 s"),
        ("0 1000000 a\n1000000 2000000 b\n", 20, "the recording 0.100 s"),
        ("0 100000 a\n100000 200000 b\n", 4, "need more frames"),
    ],
)
def test_broken_labels_are_named(tmp_path: Path, text: str, frames: int, message: str) -> None:
    with pytest.raises(TtsError, match=message):
        read_labels(write(tmp_path / "a.lab", text), GRID, frames, 3)


def test_missing_or_foreign_files_are_named(tmp_path: Path) -> None:
    with pytest.raises(TtsError, match="no such label file"):
        read_labels(tmp_path / "a.lab", GRID, 10, 5)
    with pytest.raises(TtsError, match="no such label file"):
        read_labels(tmp_path / "a.TextGrid", GRID, 10, 5)
    with pytest.raises(UsageError, match=r"end in .lab or .TextGrid"):
        read_labels(tmp_path / "a.txt", GRID, 10, 5)
    (tmp_path / "a.lab").write_bytes(b"\xff\xfe\x00\x01")
    with pytest.raises(TtsError, match="UTF-8"):
        read_labels(tmp_path / "a.lab", GRID, 10, 5)


SHORT = '''File type = "ooTextFile"
"TextGrid"

0
0.5
<exists>
3
"IntervalTier"
"speaker - words"
0
0.5
1
0 0.5 "a ""b"""
"TextTier" "clicks" 0 0.5
2
0.1 "x"
0.2 "y"
"IntervalTier" "speaker - phones" 0 0.5 3
0 0.1 ""
0.1 0.3 "a"
0.3 0.5 "b"
'''


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_short_textgrids_of_other_tools(tmp_path: Path, encoding: str) -> None:
    path = write(tmp_path / "a.TextGrid", SHORT, encoding)
    assert read_textgrid(path)["speaker - words"] == [TimeInterval(0.0, 0.5, 'a "b"')]
    found = read_labels(path, GRID, 101, 2)
    assert found.phones == ("sil", "a", "b", "sil")
    assert found.phone_durations.tolist() == [20, 40, 39, 2]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (SHORT[:-20], "ends too soon"),
        (SHORT.replace("TextGrid", "Sound"), "another kind"),
        (SHORT.replace("phones", "notes"), "tier called 'phones'"),
        (SHORT.replace("0 0.5 3", '0 "0.5" 3'), "a number is due"),
        (SHORT.replace('"IntervalTier"\n"speaker', '"speaker'), "a text is due"),
    ],
)
def test_broken_textgrids_are_named(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(TtsError, match=message):
        read_labels(write(tmp_path / "a.TextGrid", text), GRID, 100, 2)


def test_textgrid_agrees_with_praat(tmp_path: Path) -> None:
    parselmouth = pytest.importorskip("parselmouth", reason="praat-parselmouth is not installed")
    path = write(tmp_path / "a.TextGrid", format_textgrid(SENTENCE, ALIGNMENT, GRID))
    grid = parselmouth.Data.read(str(path))
    call = parselmouth.praat.call
    assert call(grid, "Get number of tiers") == 3
    labels = [call(grid, "Get label of interval", 2, n + 1) for n in range(len(SENTENCE.phones))]
    assert labels == list(SENTENCE.phones)
    assert call(grid, "Get label of interval", 1, 4) == '"cheap"'
    assert call(grid, "Get end time of interval", 3, 7) == pytest.approx(DURATIONS.ravel()[:7].sum() * 0.005)
    grid.save_as_short_text_file(str(tmp_path / "b.TextGrid"))
    np.testing.assert_array_equal(read_labels(tmp_path / "b.TextGrid", GRID, ALIGNMENT.frames, 5).durations, DURATIONS)


def test_times_for_people() -> None:
    phones = phone_times(ALIGNMENT, GRID)
    data = times_dict(SENTENCE, ALIGNMENT, GRID)
    words = [(word["text"], word["start"], word["end"]) for word in data["words"]]
    assert [word[0] for word in words] == ["say", '"cheap"', "oh"]
    assert words[0] == ("say", phones[1][1], phones[2][2])
    assert words[2][2] == phones[-1][1]
    assert data["phones"][0] == {"phone": "sil", "start": 0.0, "end": float(DURATIONS[0].sum() * 5) / 1000}
    assert data["words"][1]["text"] == '"cheap"'


@given(st.lists(st.floats(0.0, 0.2), min_size=1, max_size=12), st.integers(1, 5))
@settings(max_examples=60, deadline=None)
def test_any_times_give_every_state_a_frame_and_sum_to_the_recording(lengths: list[float], states: int) -> None:
    ends = np.cumsum(lengths)
    starts = np.concatenate([[0.0], ends[:-1]])
    intervals = [TimeInterval(float(a), float(b), "a") for a, b in zip(starts, ends, strict=True)]
    frames = max(GRID.frame_of(float(ends[-1])) + 3, (len(lengths) + 2) * states)
    if (frames - GRID.frame_of(float(ends[-1]))) * GRID.shift > 0.05:
        with pytest.raises(TtsError, match="another recording"):
            to_alignment(intervals, GRID, frames, states, "x")
        return
    found = to_alignment(intervals, GRID, frames, states, "x")
    assert found.frames == frames
    assert found.phones == ("sil", *["a"] * len(lengths), "sil")


def test_labels_must_be_of_the_same_words() -> None:
    def of(phones: str) -> Alignment:
        symbols = tuple(phones.split())
        return Alignment(symbols, np.ones((len(symbols), 2), dtype=int))

    assert attach(SENTENCE, of("sil s eɪ t͡ʃ iː p pau oʊ sil"), "x").sentence == SENTENCE.with_pauses((1,))
    with pytest.raises(TtsError, match=r"x: phone 2 is 'a', but the front end says 'eɪ' \(in 'say'\)"):
        attach(SENTENCE, of("sil s a t͡ʃ iː p oʊ sil"), "x")
    with pytest.raises(TtsError, match="has 5 phones, but the front end says 6"):
        attach(SENTENCE, of("sil s eɪ t͡ʃ iː p sil"), "x")
    with pytest.raises(TtsError, match="silence inside the word 'say'"):
        attach(SENTENCE, of("sil s pau eɪ t͡ʃ iː p oʊ sil"), "x")
