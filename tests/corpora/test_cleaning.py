"""Cleaning, against signals whose right answer is known."""

import numpy as np
import pytest

from tts.core.errors import TtsError
from tts.core.loudness import loudness, true_peak
from tts.corpora.cleaning import high_pass, speech_bounds, trim

RATE = 16000


def tone(hertz: float, seconds: float, level: float = 0.3, rate: int = RATE) -> np.ndarray:
    return np.asarray(level * np.sin(2.0 * np.pi * hertz * np.arange(round(seconds * rate)) / rate))


def decibels(signal: np.ndarray) -> float:
    return float(10.0 * np.log10(np.mean(signal**2)))


@pytest.mark.parametrize(("cutoff", "least"), [(60.0, 14.0), (80.0, 32.0)])
def test_hum_and_a_constant_part_go_and_speech_stays(cutoff: float, least: float) -> None:
    middle = slice(RATE // 2, -RATE // 2)
    hum = high_pass(tone(50.0, 3.0) + 0.1, RATE, cutoff)
    assert decibels(tone(50.0, 3.0)) - decibels(hum[middle]) > least
    assert abs(hum.mean()) < 1e-5
    for hertz in (2.0 * cutoff, 300.0, 3000.0, 7000.0):
        there = tone(hertz, 3.0)
        np.testing.assert_allclose(high_pass(there, RATE, cutoff)[middle], there[middle], atol=0.012 * 0.3)  # 0.1 dB, no delay


def test_the_cut_off_is_where_six_decibels_are_lost() -> None:
    there = tone(80.0, 4.0)
    lost = decibels(there[RATE:-RATE]) - decibels(high_pass(there, RATE, 80.0)[RATE:-RATE])
    assert lost == pytest.approx(6.02, abs=0.05)


@pytest.mark.parametrize("floor", [0.0, 1e-4, 1e-3])
@pytest.mark.parametrize("rate", [16000, 22050, 48000])
def test_speech_is_found_to_the_millisecond(floor: float, rate: int) -> None:
    noise = floor * np.random.default_rng(0).standard_normal(2 * rate)
    first, last = round(0.437 * rate), round(1.208 * rate)
    noise[first:last] += tone(200.0, 1.0, rate=rate)[: last - first]
    start, end = speech_bounds(noise, rate)
    assert abs(start - first) <= 0.0021 * rate and abs(end - last) <= 0.0021 * rate
    kept = trim(noise, rate, 0.1)
    assert kept == (start - round(0.1 * rate), end + round(0.1 * rate))
    again = noise[slice(*kept)]
    assert np.abs(np.array(trim(again, rate, 0.1)) - [0, len(again)]).max() <= 0.001 * rate + 1


def test_a_click_is_not_speech_and_short_silence_stays() -> None:
    signal = np.zeros(2 * RATE)
    signal[RATE // 10] = 0.9
    signal[RATE : RATE + 8000] = tone(200.0, 0.5)
    assert speech_bounds(signal, RATE)[0] > RATE - 0.022 * RATE
    assert trim(signal, RATE, 5.0) == (0, len(signal))


def test_nothing_heard_is_said() -> None:
    for signal in (np.zeros(RATE), np.zeros(3)):
        with pytest.raises(TtsError, match="nothing is heard"):
            speech_bounds(signal, RATE)


def test_true_peak_lies_between_samples() -> None:
    """A sine of a quarter of the rate, 45 degrees off: its samples reach 0.707 of its peak (BS.1770-4, annex 2)."""
    signal = 0.5 * np.sin(np.pi / 2.0 * np.arange(8000) + np.pi / 4.0)
    assert 20.0 * np.log10(np.abs(signal).max()) == pytest.approx(-9.03, abs=0.01)
    assert true_peak(np.pad(signal * np.hanning(8000), 100)) == pytest.approx(-6.02, abs=0.1)
    assert loudness(np.zeros(RATE), RATE) == true_peak(np.zeros(RATE)) == -np.inf
