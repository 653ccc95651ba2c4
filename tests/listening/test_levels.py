"""Loudness against the standard's calibration, and the anchor against its tolerance."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.signal import freqz

from tts.core.errors import TtsError, UsageError
from tts.core.loudness import k_weighting, loudness
from tts.listening.levels import anchor_filter, low_pass_anchor, match_levels


def tone(frequency: float, rate: int, seconds: float = 3.0, level: float = 1.0) -> np.ndarray:
    return level * np.sin(2.0 * np.pi * frequency * np.arange(round(rate * seconds)) / rate)


@pytest.mark.parametrize("rate", [16000, 22050, 48000])
def test_a_full_scale_sine_at_997_hz_reads_minus_3_01(rate: int) -> None:
    assert loudness(tone(997.0, rate), rate) == pytest.approx(-3.01, abs=0.05)  # BS.1770-4, annex 1
    assert loudness(tone(997.0, rate, level=0.1), rate) == pytest.approx(-23.01, abs=0.05)


def test_filters_are_the_standards_at_48_khz() -> None:
    (shelf_b, shelf_a), (_, high_a) = k_weighting(48000)
    np.testing.assert_allclose(shelf_b, [1.53512485958697, -2.69169618940638, 1.19839281085285], atol=1e-10)
    np.testing.assert_allclose(shelf_a, [1.0, -1.69065929318241, 0.73248077421585], atol=1e-10)
    np.testing.assert_allclose(high_a, [1.0, -1.99004745483398, 0.99007225036621], atol=1e-10)


def test_pauses_do_not_count() -> None:
    speech = tone(500.0, 16000, 2.0, 0.2)
    with_pause = np.concatenate([speech, np.zeros(32000), speech])
    assert loudness(with_pause, 16000) == pytest.approx(loudness(speech, 16000), abs=0.5)  # 1.8 without gates


def test_all_reach_one_loudness_and_none_clips() -> None:
    quiet, loud = tone(400.0, 16000, 0.3, 0.01), tone(900.0, 16000, 1.0, 0.9)
    matched, level = match_levels({"quiet": quiet, "loud": loud}, 16000)
    assert level == -23.0
    assert all(loudness(sound, 16000) == pytest.approx(-23.0, abs=0.01) for sound in matched.values())
    clicks = 0.001 * tone(400.0, 16000, 0.5)
    clicks[::4000] = 1.0
    matched, level = match_levels({"clicks": clicks, "loud": loud}, 16000)
    assert level < -23.0
    assert max(np.abs(sound).max() for sound in matched.values()) == pytest.approx(10 ** (-1 / 20), rel=1e-6)
    assert loudness(matched["loud"], 16000) == pytest.approx(level, abs=0.01)


def test_silence_is_named() -> None:
    with pytest.raises(TtsError, match="single/utt1: this stimulus is silent"):
        match_levels({"single/utt1": np.zeros(1000)}, 16000)


@pytest.mark.parametrize("rate", [16000, 22050, 48000])
def test_the_anchor_keeps_to_the_standards_tolerance(rate: int) -> None:
    frequency, response = freqz(anchor_filter(rate), worN=8192, fs=rate)
    gain = 20.0 * np.log10(np.abs(response) + 1e-12)
    assert np.abs(gain[frequency <= 3500.0]).max() < 0.1
    assert gain[frequency >= 4000.0].max() < -25.0
    assert gain[frequency >= 4500.0].max() < -50.0
    low = tone(1000.0, rate, 0.5)
    np.testing.assert_allclose(low_pass_anchor(low, rate)[2000:-2000], low[2000:-2000], atol=0.01)  # in time with it
    assert np.abs(low_pass_anchor(tone(5000.0, rate, 0.5), rate)[2000:-2000]).max() < 0.003


def test_an_anchor_that_would_take_nothing_away_is_refused() -> None:
    with pytest.raises(UsageError, match="no loss at 8000 Hz"):
        low_pass_anchor(np.zeros(100), 8000)
