"""Cutting long recordings: pauses to the frame, texts as written, what is left out, the very samples."""

from pathlib import Path

import numpy as np
import pytest
import soundfile
from command import tts
from speech import IDS, RATE, TEXTS, recording

from tts.alignment.long_recording import Placed, Text
from tts.core.audio import Channel
from tts.core.errors import TtsError, UsageError
from tts.core.grid import FrameGrid
from tts.corpora.layouts import open_layout
from tts.corpora.types import CorpusSource
from tts.dataset import cutting
from tts.dataset.cutting import CutReport, CutUtterance, cut_recording, report_text, write_cuts
from tts.dataset.segmenting import LongRecording, Stretch, find_stretches, pairs_of, read_long
from tts.text.engine import FrontEnd, make_engine

GRID = FrameGrid(RATE)


@pytest.fixture(scope="module")
def engine() -> FrontEnd:
    return make_engine("letters", "en")


def long_recording(sentences: list[str], engine: FrontEnd, stretches: list[tuple[float, float]], audio: Path) -> LongRecording:
    words = [word for sentence in sentences for word in engine.ask(sentence)[0].words]
    counts = [len(engine.ask(sentence)[0].words) for sentence in sentences]
    ends = (0, *np.cumsum(counts).tolist())
    seconds = stretches[-1][1] + 1.0
    return LongRecording(
        audio,
        tuple(sentences),
        Text(tuple(words), ends),
        np.repeat(np.arange(len(sentences)), counts),
        (),
        GRID,
        np.zeros((round(seconds / GRID.shift), 1), np.float32),
        tuple(Stretch(round(a / GRID.shift), round(b / GRID.shift)) for a, b in stretches),
    )


def test_pauses_are_found_to_the_frame() -> None:
    draw = np.random.default_rng(0)
    signal = (1e-4 * draw.standard_normal(10 * RATE)).astype(np.float32)
    spans = [(0.5, 2.0), (2.4, 4.0), (4.1, 5.0), (7.0, 9.0)]  # 0.1 s is no pause
    for a, b in spans:
        signal[round(a * RATE) : round(b * RATE)] += 0.2 * np.sin(np.arange(round((b - a) * RATE)) / 10.0).astype(np.float32)
    signal[round(6.0 * RATE)] = 0.5  # a click
    found = [(s.start * GRID.shift, s.end * GRID.shift) for s in find_stretches(signal, GRID)]
    np.testing.assert_allclose(found, [(0.5, 2.0), (2.4, 5.0), (7.0, 9.0)], atol=0.0151)


def test_utterances_have_their_words_as_written(engine: FrontEnd, tmp_path: Path) -> None:
    """A sentence of more than 15 s is cut at its longest pause; a short one joins its neighbour; the rest is listed."""
    sentences = ["Yes.", "The day, was long and good.", "Nobody read this.", "A second one.", "Badly said here."]
    spans = [(0.5, 1.0), (1.5, 9.0), (9.4, 12.0), (12.9, 24.0), (25.0, 26.0), (27.0, 29.0), (31.0, 33.0)]
    made = long_recording(sentences, engine, spans, tmp_path / "chap ter.wav")
    placed = [
        Placed(0, 1, -2.0),  # Yes.
        Placed(1, 3, -2.0),  # The day,
        Placed(3, 4, -2.0),  # was
        Placed(4, 7, -2.0),  # long and good.
        None,
        Placed(10, 13, -2.0),  # A second one.
        Placed(13, 16, -9.0),
    ]
    report = cut_recording(made, placed, engine, -6.0, within_sentences=True)
    assert [u.text for u in report.utterances] == ["Yes. The day, was", "long and good.", "A second one."]
    assert [line.split(":")[0] for line in report.doubtful] == ["0.50 to 12.00 s", "12.90 to 24.00 s"]
    assert all("cut within a sentence" in line for line in report.doubtful)
    first, second, third = report.utterances
    assert (first.start, first.end) == pytest.approx((0.3, 12.2)) and (second.start, second.end) == pytest.approx((12.7, 24.2))
    assert first.id == "chap_ter_0001" and third.id == "chap_ter_0003"
    assert report.without_audio == ("Nobody read this.",)
    np.testing.assert_allclose(report.without_text, [(25.0, 26.0)])
    assert len(report.left_out) == 1 and "matches its text badly (-9.0" in report.left_out[0]
    text = report_text([report])
    for part in ("Nobody read this.", "25.00 to 26.00 s", "Badly said here.", "3 utterances"):
        assert part in text


def test_what_is_written_is_a_corpus_with_the_very_samples(engine: FrontEnd, tmp_path: Path) -> None:
    audio = tmp_path / "chapter.wav"
    signal = np.concatenate([np.zeros(8000), recording(IDS[0]), np.zeros(8000), recording(IDS[1]), np.zeros(16000)])
    soundfile.write(str(audio), signal, RATE, subtype="PCM_16")
    first = 0.5 + len(recording(IDS[0])) / RATE
    spans = [(0.5, first), (first + 0.5, first + 0.5 + len(recording(IDS[1])) / RATE)]
    sentences = [TEXTS[key] for key in IDS[:2]]
    made = long_recording(sentences, engine, spans, audio)
    ends = made.text.ends
    report = cut_recording(made, [Placed(0, ends[1], -1.0), Placed(ends[1], ends[2], -1.0)], engine, -6.0)
    write_cuts(tmp_path / "corpus", [report], "only", workers=0)
    source = CorpusSource(name="c", speaker="k", language="en", licence="CC0-1.0")
    corpus, problems = open_layout("ljspeech")(tmp_path / "corpus", source)
    assert not problems and [u.text for u in corpus] == sentences
    whole, _ = soundfile.read(str(audio))
    for utterance, cut in zip(corpus, report.utterances, strict=True):
        samples, rate = soundfile.read(str(utterance.audio))
        np.testing.assert_array_equal(samples, whole[round(cut.start * rate) : round(cut.end * rate)])
    rows = (tmp_path / "corpus" / "segments.tsv").read_text(encoding="utf-8").splitlines()
    assert rows[0].split("\t") == ["id", "recording", "start", "end", "match"] and len(rows) == 3


@pytest.mark.parametrize("names", [("ch 1.flac", "ch_1.flac"), ("Ch1.wav", "ch1.wav"), ("a+b.wav", "a b.wav")])
def test_recordings_whose_utterances_would_be_the_same_files_are_refused(tmp_path: Path, names: tuple[str, str]) -> None:
    for name in names:
        soundfile.write(str(tmp_path / name), np.full(RATE, 0.1), RATE)
        (tmp_path / name).with_suffix(".txt").write_text("A text.", encoding="utf-8")
    with pytest.raises(UsageError, match="would be called") as error:
        pairs_of(tmp_path, tmp_path)
    assert all(name in str(error.value) for name in names)
    cuts = [CutUtterance("same_0001", name, tmp_path / name, 0.0, 1.0, 0.0) for name in names]
    reports = [CutReport(cut.audio, 1.0, (cut,), (), (), ()) for cut in cuts]
    with pytest.raises(UsageError, match="would be called"):
        write_cuts(tmp_path / "out", reports, "only", workers=0)
    assert not (tmp_path / "out").exists()


def test_what_cannot_be_segmented_is_said(engine: FrontEnd, tmp_path: Path) -> None:
    audio, text = tmp_path / "a.wav", tmp_path / "a.txt"
    soundfile.write(str(audio), np.zeros(RATE), RATE)
    with pytest.raises(TtsError, match="no such text"):
        read_long(audio, text, engine, "en", "only")
    text.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(TtsError, match="UTF-8"):
        read_long(audio, text, engine, "en", "only")
    text.write_text(" \n", encoding="utf-8")
    with pytest.raises(TtsError, match="no sentence"):
        read_long(audio, text, engine, "en", "only")
    text.write_text("A text.", encoding="utf-8")
    with pytest.raises(TtsError, match="nothing is heard"):
        read_long(audio, text, engine, "en", "only")
    with pytest.raises(UsageError, match="expected a recording and its text"):
        pairs_of(audio, tmp_path)
    (tmp_path / "texts").mkdir()
    with pytest.raises(UsageError, match=r"a.wav: has no text; expected .*a\.txt"):
        pairs_of(tmp_path, tmp_path / "texts")


def test_sentences_are_not_cut_unless_asked(engine: FrontEnd, tmp_path: Path) -> None:
    """Pauses at commas and none between sentences: they stay together, or are left out where they are too long, and listed."""
    sentences = ["One, two three.", "Four, five six.", "Seven, eight nine.", "Ten."]
    spans = [(0.5, 3.0), (3.25, 7.0), (7.3, 19.0), (19.6, 34.0), (34.25, 36.0)]
    made = long_recording(sentences, engine, spans, tmp_path / "run.wav")
    placed = [Placed(0, 1, -2.0), Placed(1, 3, -2.0), Placed(3, 4, -2.0), Placed(4, 9, -2.0), Placed(9, 10, -2.0)]
    report = cut_recording(made, placed, engine, -6.0)
    assert [u.text for u in report.utterances] == ["One, two three.", "Ten."]
    assert len(report.left_out) == 1
    assert "lasts 26.7 s without a pause between sentences: Four, five six. Seven, eight nine." in report.left_out[0]
    assert [line.split(":")[0] for line in report.doubtful] == ["19.60 to 34.00 s"]
    assert "no pause of 0.2 s between two sentences, so they are not parted: Four, five six. / Seven" in report.doubtful[0]
    assert "### Doubtful cuts\n\n* 19.60 to 34.00 s" in report_text([report])
    parted = cut_recording(made, placed, engine, -6.0, within_sentences=True)
    assert [u.text for u in parted.utterances] == ["One, two three.", "Four,", "five six. Seven, eight nine.", "Ten."]


def test_cuts_at_short_pauses_are_doubted(engine: FrontEnd, tmp_path: Path) -> None:
    made = long_recording(["One two.", "Three four."], engine, [(0.5, 3.0), (3.25, 6.0)], tmp_path / "a.wav")
    report = cut_recording(made, [Placed(0, 2, -1.0), Placed(2, 4, -1.0)], engine, -6.0)
    assert len(report.utterances) == 2
    assert report.doubtful == ("3.00 s: cut at a pause of 0.25 s alone, after: One two.",)


def test_a_part_of_a_sentence_is_no_utterance_unless_asked(engine: FrontEnd, tmp_path: Path) -> None:
    made = long_recording(["One two three four."], engine, [(0.5, 3.0), (3.5, 6.0), (6.5, 9.0)], tmp_path / "a.wav")
    placed = [Placed(0, 2, -1.0), None, Placed(2, 4, -1.0)]
    report = cut_recording(made, placed, engine, -6.0)
    assert not report.utterances and all("is not whole sentences" in line for line in report.left_out)
    asked = cut_recording(made, placed, engine, -6.0, within_sentences=True)
    assert [u.text for u in asked.utterances] == ["One two", "three four."]


def test_nothing_of_an_earlier_run_remains(tmp_path: Path) -> None:
    soundfile.write(str(tmp_path / "a.wav"), np.full(4 * RATE, 0.1), RATE)
    cuts = [CutUtterance(f"a_000{n}", "Text.", tmp_path / "a.wav", n, n + 1.0, 0.0) for n in range(3)]
    out = tmp_path / "out"
    for utterances in (cuts, cuts[:1]):
        write_cuts(out, [CutReport(tmp_path / "a.wav", 4.0, tuple(utterances), (), (), ())], "only", workers=0, replace=True)
        (out / "wavs" / "mine.flac").write_bytes(b"")
        assert sorted(path.stem for path in (out / "wavs").iterdir()) == [*(u.id for u in utterances), "mine"]
    (out / "segments.tsv").write_text("id\n../../a\n", encoding="utf-8")
    write_cuts(out, [CutReport(tmp_path / "a.wav", 4.0, tuple(cuts), (), (), ())], "only", workers=0, replace=True)
    assert (tmp_path / "a.wav").is_file()


def three_cuts(audio: Path, length: float = 1.0) -> CutReport:
    soundfile.write(str(audio), np.full(4 * RATE, 0.1), RATE)
    cuts = [CutUtterance(f"{audio.stem}_000{n}", "Text.", audio, n, n + length, 0.0) for n in range(3)]
    return CutReport(audio, 4.0, tuple(cuts), (), (), ())


def contents(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_the_corpus_of_an_earlier_run_is_refused_unless_it_may_be_replaced(tmp_path: Path) -> None:
    out = tmp_path / "corpus"
    write_cuts(out, [three_cuts(tmp_path / "a.wav")], "only", workers=0)
    (out / "metadata.csv").write_text("a_0000|Corrected by hand.\n", encoding="utf-8")
    corpus = contents(out)
    with pytest.raises(UsageError, match=r"metadata\.csv: is there already.*--replace"):
        write_cuts(out, [three_cuts(tmp_path / "b.wav")], "only", workers=0)
    (tmp_path / "b.txt").write_text("A text.", encoding="utf-8")
    said = tts("segment", tmp_path / "b.wav", tmp_path / "b.txt", "--out", out, "-l", "en", "--engine", "letters", code=2)
    assert "--replace" in said
    assert contents(out) == corpus
    write_cuts(out, [three_cuts(tmp_path / "b.wav")], "only", workers=0, replace=True)
    assert sorted(path.stem for path in (out / "wavs").iterdir()) == ["b_0000", "b_0001", "b_0002"]
    assert sorted(path.name for path in out.iterdir()) == ["metadata.csv", "report.md", "segments.tsv", "wavs"]


def test_until_all_is_written_the_earlier_corpus_is_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    out = tmp_path / "corpus"
    write_cuts(out, [three_cuts(tmp_path / "a.wav")], "only", workers=0)
    corpus = contents(out)
    other, write = three_cuts(tmp_path / "b.wav"), cutting._write_one

    def interrupted(utterance: CutUtterance, folder: Path, channel: Channel) -> None:
        if utterance.id.endswith("2"):
            raise KeyboardInterrupt
        write(utterance, folder, channel)

    monkeypatch.setattr(cutting, "_write_one", interrupted)
    with pytest.raises(KeyboardInterrupt):
        write_cuts(out, [other], "only", workers=0, replace=True)
    assert contents(out) == corpus


def test_a_recording_that_no_run_made_is_not_written_over(tmp_path: Path) -> None:
    out = tmp_path / "corpus"
    (out / "wavs").mkdir(parents=True)
    (out / "wavs" / "a_0001.wav").write_bytes(b"mine")
    with pytest.raises(UsageError, match=r"a_0001\.wav: is there already, and no earlier run made it"):
        write_cuts(out, [three_cuts(tmp_path / "a.wav")], "only", workers=0)
    assert contents(out) == {"wavs/a_0001.wav": b"mine"}
    write_cuts(out, [three_cuts(tmp_path / "a.wav")], "only", workers=0, replace=True)
    assert sorted(path.stem for path in (out / "wavs").iterdir()) == ["a_0000", "a_0001", "a_0002"]
