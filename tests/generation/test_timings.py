from __future__ import annotations

import itertools
from pathlib import Path

import numpy as np
import pytest
from fake_voice import FakeVoice

from tts.alignment.textgrid import read_textgrid
from tts.alignment.types import Alignment
from tts.core.grid import FrameGrid
from tts.generation.requests import Request
from tts.generation.subtitles import Cue, cues, srt_text, vtt_text
from tts.generation.synthesiser import Speech, Synthesiser, SynthesisSettings
from tts.generation.timings import joined, timings, write_timings
from tts.text.engine import make_engine
from tts.text.sentence import Sentence, Syllable, Word

VOICE = FakeVoice()


@pytest.fixture(scope="module")
def spoken() -> Speech:
    with Synthesiser(VOICE, SynthesisSettings(workers=0, sentence_pause=0.3)) as synthesiser:
        return next(synthesiser.speak([Request("x", "ab, cd. Ef gh.")]))


def test_sentences_become_one(spoken: Speech) -> None:
    sentence, alignment = joined(spoken)
    assert sentence.phones == ("sil", "a", "b", "pau", "c", "d", "pau", "E", "f", "g", "h", "sil")
    assert alignment.phones == sentence.phones
    assert alignment.phone_durations.tolist() == [10, 10, 10, 10, 10, 10, 60, 10, 10, 10, 10, 10]
    assert len(spoken.signal) == VOICE.grid.centre(alignment.frames)


def test_times(spoken: Speech) -> None:
    times = timings(spoken, VOICE.grid)
    assert times["words"] == [
        {"text": "ab,", "start": 0.05, "end": 0.15},
        {"text": "cd.", "start": 0.2, "end": 0.3},
        {"text": "Ef", "start": 0.6, "end": 0.7},
        {"text": "gh.", "start": 0.7, "end": 0.8},
    ]
    phones = times["phones"]
    assert [phone["start"] for phone in phones[1:]] == [phone["end"] for phone in phones[:-1]]
    assert [phone["phone"] for phone in phones] == ["sil", "a", "b", "pau", "c", "d", "pau", "E", "f", "g", "h", "sil"]
    assert times["seconds"] == phones[-1]["end"]
    assert (times["id"], times["text"]) == ("x", "ab, cd. Ef gh.")


def test_subtitles_show_a_sentence_while_it_is_spoken(spoken: Speech) -> None:
    shown = cues(spoken, VOICE.grid)
    assert [(round(cue.start, 3), round(cue.end, 3), cue.text) for cue in shown] == [
        (0.05, 0.3, "ab, cd."),
        (0.6, 0.8, "Ef gh."),
    ]
    assert srt_text(shown) == "1\n00:00:00,050 --> 00:00:00,300\nab, cd.\n\n2\n00:00:00,600 --> 00:00:00,800\nEf gh.\n"
    assert vtt_text([Cue(3723.4567, 3724.0, "a < b & c")]) == ("WEBVTT\n\n01:02:03.457 --> 01:02:04.000\na &lt; b &amp; c\n")


def test_long_sentences_become_several_cues() -> None:
    words = " ".join(["abcde"] * 40)
    with Synthesiser(VOICE, SynthesisSettings(workers=0)) as synthesiser:
        speech = next(synthesiser.speak([Request("x", f"{words}.")]))
    shown = cues(speech, VOICE.grid)
    assert len(shown) == 3 and " ".join(cue.text for cue in shown).split() == f"{words}.".split()
    assert all(len(line) <= 42 for cue in shown for line in cue.text.split("\n"))
    assert all(a.end == b.start and a.start < a.end for a, b in itertools.pairwise(shown))
    assert shown[-1].end <= len(speech.signal) / VOICE.grid.sample_rate


def test_full_context_labels_of_what_was_spoken(tmp_path: Path) -> None:
    words = (Word("a", (Syllable(("ə",)),)), Word("day", (Syllable(("d", "eɪ"), 1),), "major"))
    sentence = Sentence("a day.", "en-us", words)
    durations = np.array([[2, 3], [1, 1], [4, 5], [6, 7], [8, 9]])
    twice = (sentence, sentence), (Alignment(sentence.phones, durations),) * 2
    write_timings(tmp_path / "x", Speech(Request("x", "a day. a day."), np.zeros(10, np.float32), *twice), VOICE.grid, ["hts"])
    lines = [line.split() for line in (tmp_path / "x.lab").read_text(encoding="utf-8").splitlines()]
    assert [(int(start), int(end)) for start, end, _ in lines[:4]] == [
        (0, 100000),
        (100000, 250000),
        (250000, 300000),
        (300000, 350000),
    ]
    names = [context.partition("-")[2].partition("+")[0] for _, _, context in lines[::2]]
    assert names == ["sil", "ax", "d", "ey", "pau", "ax", "d", "ey", "sil"]
    assert lines[0][2].endswith("/J:4+4-2[2]")
    assert lines[1][2].endswith("/J:4+4-2[3]")


def test_words_say_where_they_stood_in_the_text(tmp_path: Path) -> None:
    text = "  It costs $3.50.  And  more, <b>later</b>. "
    voice = FakeVoice(engine=make_engine("cmudict", "en-us"))  # type: ignore[arg-type]
    with Synthesiser(voice, SynthesisSettings(workers=0)) as synthesiser:
        speech = next(synthesiser.speak([Request("x", text)]))
    times = timings(speech, voice.grid)
    said = [(word["text"], times["text"][slice(*word["source"])]) for word in times["words"]]
    assert said == [
        *[("It", "It"), ("costs", "costs"), ("three", "$3.50"), ("dollars", "$3.50"), ("fifty", "$3.50"), ("cents", "$3.50")],
        *[("And", "And"), ("more", "more"), ("later", "later")],
    ]
    write_timings(tmp_path / "x", speech, voice.grid, ("textgrid",))
    tiers = read_textgrid(tmp_path / "x.TextGrid")
    assert [interval.name for interval in tiers["source"] if interval.name] == ["It", "costs", "$3.50", "And", "more", "later"]
    price = next(interval for interval in tiers["source"] if interval.name == "$3.50")
    words = {interval.name: interval for interval in tiers["words"]}
    assert (price.start, price.end) == (words["three"].start, words["cents"].end)


def test_sound_ends_where_labels_end(tmp_path: Path) -> None:
    """Of a text of several sentences too, on a grid whose frames are no whole number of samples."""
    for grid in (FrameGrid(16_000), FrameGrid(22_050, 5.8), FrameGrid(24_000, 5.0)):
        with Synthesiser(FakeVoice(grid=grid)) as synthesiser:
            speech = next(synthesiser.speak([Request("x", "ab, ed. ef ih. o.")]))
        seconds = len(speech.signal) / grid.sample_rate
        write_timings(tmp_path / "x", speech, grid, ("json", "textgrid", "hts"))
        assert abs(timings(speech, grid)["phones"][-1]["end"] - seconds) <= 0.5 / grid.sample_rate
        assert abs(read_textgrid(tmp_path / "x.TextGrid")["phones"][-1].end - seconds) <= 0.51 / grid.sample_rate
        last = (tmp_path / "x.lab").read_text(encoding="utf-8").splitlines()[-1]
        assert abs(int(last.split()[1]) * 1e-7 - seconds) <= 0.51 / grid.sample_rate


@pytest.mark.parametrize("rest", ["中文。", "中文。 日本語。", "<br>", "☺ 中"])
def test_no_pause_is_left_for_what_is_not_said(rest: str) -> None:
    voice = FakeVoice(engine=make_engine("cmudict", "en-us"))  # type: ignore[arg-type]
    with Synthesiser(voice, SynthesisSettings(sentence_pause=2.0)) as synthesiser:
        plain, followed, more = synthesiser.speak(
            [Request("a", "Good day."), Request("b", f"Good day. {rest}"), Request("c", f"Good day. {rest} So?")]
        )
    assert followed.alignments[0].durations.tolist() == plain.alignments[0].durations.tolist()
    assert len(followed.unread) == len(more.unread) > 0
    assert more.alignments[0].durations[-1].sum() == 200  # half of it, in frames of 5 ms


def test_cues_begin_with_their_first_word() -> None:
    text = "The <b>quick</b> brown fox, which cost $3.50 at the market on 5 May 2021, jumped over the dog; then it ran. So?"
    voice = FakeVoice(engine=make_engine("cmudict", "en-us"))  # type: ignore[arg-type]
    with Synthesiser(voice, SynthesisSettings(workers=0)) as synthesiser:
        speech = next(synthesiser.speak([Request("x", text)]))
    words = timings(speech, voice.grid)["words"]
    shown = cues(speech, voice.grid)
    assert [cue.text for cue in shown] == [
        "The quick brown fox, which cost $3.50 at\nthe market on 5 May 2021, jumped over the",
        "dog; then it ran.",
        "So?",
    ]
    starts = {word["text"]: word["start"] for word in reversed(words)}
    assert [cue.start for cue in shown[:2]] == pytest.approx([starts["The"], starts["dog"]])
    assert shown[0].end == shown[1].start
