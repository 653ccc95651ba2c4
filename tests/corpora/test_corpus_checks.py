from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
import pytest
import soundfile
from scipy.signal import lfilter

from tts.core.errors import TtsError
from tts.core.grid import FrameGrid
from tts.corpora.checks import (
    check_audio,
    clipped_samples,
    read_checks,
    same_recordings,
    seconds_summary,
    write_checks,
)
from tts.corpora.problems import problem_table
from tts.corpora.types import Utterance

RATE = 16_000
GRID = FrameGrid(RATE)
TEXT = "Thirty letters make a sentence here"  # 30 letters and digits: 2.4 s at 0.07 s a character


def speechlike(seconds: float, rate: int = RATE, seed: int = 0) -> np.ndarray:
    noise = np.random.default_rng(seed).standard_normal(round(seconds * rate))
    return 0.02 * lfilter([1.0], [1.0, -1.6, 0.8], noise)


def utterance(
    folder: Path, id: str, signal: np.ndarray | None = None, rate: int = RATE, text: str = TEXT, **options
) -> Utterance:
    path = folder / f"{id}.wav"
    if signal is not None:
        soundfile.write(path, signal, rate, **options)
    return Utterance(id, text, path, "s", "en-us")


@pytest.fixture
def good(tmp_path) -> list[Utterance]:
    return [utterance(tmp_path, f"good{i}", speechlike(2.2 + i / 10, seed=i)) for i in range(5)]


def reasons(problems) -> dict[str, tuple[str, str]]:
    return {p.id: (p.reason_code, p.severity) for p in problems}


def test_facts_of_a_known_signal(tmp_path):
    tone = 0.5 * np.sin(2 * np.pi * 200.0 * np.arange(2 * RATE) / RATE)
    u = utterance(tmp_path, "tone", tone)
    (facts,), problems = check_audio([u], GRID, workers=0)
    assert problems == []
    assert (facts.id, facts.seconds, facts.rate, facts.channels) == ("tone", 2.0, RATE, 1)
    assert facts.peak == pytest.approx(0.5, abs=1e-4)
    assert facts.rms == pytest.approx(0.5 / np.sqrt(2.0), abs=1e-4)
    assert facts.digest == hashlib.sha256(u.audio.read_bytes()).hexdigest()


def test_every_bad_recording_gets_its_reason_and_the_others_are_kept(tmp_path, good):
    wave = speechlike(2.4)
    nan = wave.copy()
    nan[100] = np.nan
    bad = [
        utterance(tmp_path, "missing"),
        utterance(tmp_path, "no_bytes"),
        utterance(tmp_path, "no_samples", wave[:0]),
        utterance(tmp_path, "garbage"),
        utterance(tmp_path, "stereo", np.stack([wave, wave], axis=1)),
        utterance(tmp_path, "slow_rate", speechlike(2.4, 8000), 8000),
        utterance(tmp_path, "nan", nan, subtype="FLOAT"),
        utterance(tmp_path, "short", wave[: RATE // 5], text="a"),
        utterance(tmp_path, "book", np.zeros(61 * RATE)),
        utterance(tmp_path, "zeros", np.zeros(2 * RATE)),
        utterance(tmp_path, "faint", 0.002 * wave / np.abs(wave).max()),
        utterance(tmp_path, "square", np.clip(100.0 * wave, -1.0, 1.0)),
        utterance(tmp_path, "text_too_long", wave, text="word " * 300),
        utterance(tmp_path, "text_too_short", speechlike(12.0), text="No."),
    ]
    (tmp_path / "no_bytes.wav").touch()
    (tmp_path / "garbage.wav").write_bytes(b"RIFF" + bytes(range(256)) * 4)
    facts, problems = check_audio([*bad, *good], GRID, workers=0)
    assert [f.id for f in facts] == [u.id for u in good]
    assert reasons(problems) == {
        "missing": ("missing_audio", "left_out"),
        "no_bytes": ("empty_audio", "left_out"),
        "no_samples": ("empty_audio", "left_out"),
        "garbage": ("unreadable", "left_out"),
        "stereo": ("channels", "left_out"),
        "slow_rate": ("low_rate", "left_out"),
        "nan": ("not_finite", "left_out"),
        "short": ("too_short", "left_out"),
        "book": ("too_long", "left_out"),
        "zeros": ("silent", "left_out"),
        "faint": ("silent", "left_out"),
        "square": ("clipped", "left_out"),
        "text_too_long": ("pace", "left_out"),
        "text_too_short": ("pace", "left_out"),
    }
    table = problem_table(problems)
    assert "| left out | empty_audio | 2 |" in table
    assert all(u.id in table for u in bad)


def test_warnings_keep_the_recording(tmp_path, good):
    wave = speechlike(2.4)
    slow = lfilter(np.ones(8) / 8, [1.0], wave)
    odd = [
        utterance(tmp_path, "clipped", np.clip(slow, -np.abs(slow).max() * 0.6, np.abs(slow).max() * 0.6)),
        utterance(tmp_path, "quiet", 0.012 * wave / np.abs(wave).max()),
        utterance(tmp_path, "long", speechlike(25.0), text=TEXT * 10),
        utterance(tmp_path, "odd_text", wave, text=TEXT * 2),
    ]
    facts, problems = check_audio([*good, *odd], GRID, workers=0)
    assert len(facts) == len(good) + len(odd)
    assert reasons(problems) == {
        "clipped": ("clipped", "warning"),
        "quiet": ("quiet", "warning"),
        "long": ("long", "warning"),
        "odd_text": ("pace", "warning"),
    }


def test_channels_are_taken_as_asked(tmp_path):
    wave = speechlike(2.4)
    u = utterance(tmp_path, "stereo", np.stack([wave, 0.5 * wave], axis=1))
    rms = {channel: check_audio([u], GRID, channel, workers=0)[0][0].rms for channel in ("left", "right", "mix")}
    assert rms["right"] == pytest.approx(0.5 * rms["left"], rel=1e-3)
    assert rms["mix"] == pytest.approx(0.75 * rms["left"], rel=1e-3)


@pytest.mark.parametrize("rate", [16_000, 48_000])
@pytest.mark.parametrize("frequency", [70.0, 200.0, 1000.0])
@pytest.mark.parametrize("amplitude", [0.1, 0.5, 1.0])
def test_a_clean_tone_is_not_clipped_and_a_cut_one_is(rate, frequency, amplitude):
    tone = amplitude * np.sin(2 * np.pi * frequency * np.arange(rate) / rate)
    sixteen = np.round(tone * 32767.0) / 32768.0
    assert clipped_samples(sixteen[:, None]) == (0, 0)
    cut = np.clip(sixteen, -0.4 * amplitude, 0.4 * amplitude)
    if rate / frequency > 20:
        count, longest = clipped_samples(cut[:, None])
        share = 1.0 - 2.0 * np.arcsin(0.4) / np.pi  # of a sine above 0.4 of its amplitude
        assert count / rate == pytest.approx(share, abs=0.05)
        assert longest == pytest.approx(share / 2.0 * rate / frequency, abs=2)


def test_worker_processes_agree_with_this_one(good):
    assert check_audio(good, GRID, workers=1) == check_audio(good, GRID, workers=0)


def test_nothing_left_is_an_error(tmp_path):
    with pytest.raises(TtsError, match=r"none of 1 recordings.*below the recipe's 48000 Hz"):
        check_audio([utterance(tmp_path, "a", speechlike(2.0))], FrameGrid(48_000), workers=0)


def test_summary_names_the_extremes(good):
    facts, _ = check_audio(good, GRID, workers=0)
    assert seconds_summary(facts) == (
        "5 recordings, 0.00 h at 16000 Hz; shortest 2.20 s (good0), median 2.40 s, longest 2.60 s (good4)"
    )
    assert seconds_summary([]) == "no recordings"


def test_levels_offsets_and_peaks_are_warned_of(tmp_path, good):
    odd = [
        utterance(tmp_path, "loud", 0.9 * np.sin(0.3 * np.arange(38_400))),
        utterance(tmp_path, "soft", 0.1 * speechlike(2.4, seed=10)),
        utterance(tmp_path, "offset", 0.3 + speechlike(2.4, seed=11)),
        utterance(tmp_path, "hot", 3.0 * speechlike(2.4, seed=12) / np.abs(speechlike(2.4, seed=12)).max(), subtype="FLOAT"),
    ]
    facts, problems = check_audio([*good, *odd], GRID, workers=0)
    assert len(facts) == len(good) + len(odd)
    found = {(p.id, p.reason_code) for p in problems}
    assert {("loud", "level"), ("soft", "level"), ("offset", "offset"), ("hot", "above_full_scale")} <= found
    assert not {id for id, _ in found} & {u.id for u in good}
    assert {p.severity for p in problems} == {"warning"}
    levels = {p.id: p.message for p in problems if p.reason_code == "level"}
    assert "louder" in levels["loud"]
    assert "softer" in levels["soft"]


def test_a_recording_under_two_names_is_warned_of(tmp_path, good):
    twin, other = (
        utterance(tmp_path, name, speechlike(2.2, seed=0), text=text) for name, text in (("twin", TEXT), ("odd", "Else."))
    )
    everything = [*good, twin, other]
    facts, _ = check_audio(everything, GRID, workers=0)
    problems = same_recordings(everything, {fact.id: fact for fact in facts})
    assert [(p.id, p.reason_code, p.severity) for p in problems] == [
        ("twin", "same_recording", "warning"),
        ("odd", "same_recording", "warning"),
    ]
    assert "that of good0, with the same text" in problems[0].message
    assert "with another text: one of the two is wrong" in problems[1].message


def test_what_was_found_is_kept_and_read_again(tmp_path, good):
    found = check_audio([*good, utterance(tmp_path, "quiet", 0.1 * speechlike(2.4))], GRID, workers=0)
    write_checks(tmp_path / "checks.json", *found)
    assert read_checks(tmp_path / "checks.json") == found
    (tmp_path / "checks.json").write_text('{"facts": [{"id": "a"}], "problems": []}', encoding="utf-8")
    with pytest.raises(TtsError, match=r"checks\.json: damaged"):
        read_checks(tmp_path / "checks.json")


@pytest.mark.parametrize(
    ("text", "seconds", "left_out"),
    [
        ("Thirty letters make a sentence here", 13.0, True),  # 0.36 s a letter
        ("Thirty letters make a sentence here", 0.6, True),  # 0.02
        ("Thirty letters make a sentence here", 8.0, False),  # very slow
        ("Oh!", 2.0, False),
        ("In 1984 it was 7 432 198.", 6.0, False),  # digits are words
        ("He has 1000000 of 1000000.", 1.5, False),
        ("这是一个测试句子", 2.0, False),  # a sign is a syllable
        ("这是一个测试句子", 0.1, True),
    ],
)
def test_what_nobody_can_say_in_the_time_is_left_out(tmp_path, text: str, seconds: float, left_out: bool) -> None:
    """The time counts without silence at the ends, however many recordings there are."""
    signal = np.concatenate([np.zeros(3 * RATE), speechlike(seconds), np.zeros(2 * RATE)])
    signal += 1e-5 * np.random.default_rng(1).standard_normal(len(signal))
    one = utterance(tmp_path, "one", signal, text=text)
    usual = [utterance(tmp_path, f"usual{n}", speechlike(2.2), text="Thirty letters make a sentence here") for n in range(3)]
    _, problems = check_audio([one, *usual], GRID, workers=0)
    assert [(p.reason_code, p.id) for p in problems if p.severity == "left_out"] == [("pace", "one")] * left_out
    if left_out:
        assert "nobody reads" in problems[0].message and "corpus.pace" in problems[0].message
        _, wider = check_audio([one, *usual], GRID, workers=0, pace=(0.001, 10.0))
        assert not [p for p in wider if p.severity == "left_out"]
