"""The contract that all extractors share, and the frames they look at."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tts.analysis import framing
from tts.analysis.energy import energy
from tts.analysis.formants import formant_features
from tts.analysis.framing import (
    POWER_FLOOR,
    decibels,
    hann,
    map_frames,
    map_spectra,
    odd_length,
    power_spectrum,
    shared_spectra,
)
from tts.analysis.gammatone import excitation_pattern, gammatone_spectrum
from tts.analysis.lsf import line_spectral_frequencies
from tts.analysis.mel import mel_spectrum
from tts.core.errors import UsageError
from tts.core.grid import FrameGrid

EXTRACTORS = {
    energy: 1,
    mel_spectrum: 60,
    gammatone_spectrum: 64,
    excitation_pattern: 55,
    line_spectral_frequencies: 40,
    formant_features: 5,
}
every_extractor = pytest.mark.parametrize("extractor", EXTRACTORS, ids=lambda extractor: extractor.__name__)


@every_extractor
@pytest.mark.parametrize("rate", [16000, 22050, 24000, 44100, 48000])
@pytest.mark.parametrize("samples", [1, 2, 109, 5003])
def test_one_finite_row_a_frame(extractor, rate, samples):
    grid = FrameGrid(rate)
    values = extractor(np.random.default_rng(samples).standard_normal(samples) * 0.1, grid)
    assert values.shape == (grid.frames(samples), EXTRACTORS[extractor])
    assert values.dtype == np.float32
    assert np.isfinite(values).all()


@every_extractor
@settings(max_examples=15, deadline=None)
@given(
    rate=st.integers(16000, 48000),
    shift=st.floats(1.0, 20.0),
    samples=st.integers(1, 4000),
    gain=st.sampled_from([0.0, 1e-9, 1e-4, 0.3, 1.0]),
)
def test_any_grid_length_and_level(extractor, rate, shift, samples, gain):
    grid = FrameGrid(rate, shift)
    values = extractor(gain * np.sign(np.sin(np.arange(samples) * 0.05)), grid)
    assert values.shape == (grid.frames(samples), EXTRACTORS[extractor])
    assert np.isfinite(values).all()


@every_extractor
def test_digital_silence_is_constant(extractor):
    values = extractor(np.zeros(4000), FrameGrid(16000))
    assert np.isfinite(values).all()
    np.testing.assert_allclose(values, np.broadcast_to(values[0], values.shape))


@every_extractor
def test_frames_do_not_depend_on_what_is_far_away(extractor):
    signal = np.random.default_rng(0).standard_normal(16000 * 4) * 0.1
    whole, part = extractor(signal, FrameGrid(16000)), extractor(signal[: 16000 * 2], FrameGrid(16000))
    np.testing.assert_allclose(whole[:300], part[:300], atol=0.1)


@pytest.mark.parametrize("extractor", [energy, mel_spectrum, gammatone_spectrum, excitation_pattern])
@pytest.mark.parametrize("rate", [16000, 22050, 44100])
def test_a_click_is_centred_on_its_frame(extractor, rate):
    grid = FrameGrid(rate)
    signal = np.zeros(rate)
    signal[grid.centres(200)[101]] = 1.0
    power = 10.0 ** (extractor(signal, grid).astype(np.float64) / 10.0) - POWER_FLOOR
    if extractor is excitation_pattern:  # the integrator smooths amplitudes
        power = extractor(signal, grid, compression="root").astype(np.float64) ** (1 / 0.3)
    centre = (power * np.arange(len(power))[:, None]).sum(axis=0) / power.sum(axis=0)
    np.testing.assert_allclose(centre, 101.0, atol=0.12)


def test_frames_are_centred_where_the_grid_says():
    grid = FrameGrid(22050)
    signal = np.arange(1.0, 2001.0)
    frames = map_frames(signal, grid, np.ones(11), lambda frames: frames)
    centres = grid.centres(grid.frames(2000))
    np.testing.assert_array_equal(frames[3:-3, 5], signal[centres[3:-3]])
    np.testing.assert_array_equal(frames[0], [0, 0, 0, 0, 0, 1, 2, 3, 4, 5, 6])


def test_windows_are_odd_and_symmetric():
    assert odd_length(FrameGrid(16000), 0.025) in (399, 401)
    window = hann(401)
    assert window[200] == window.max() == 1.0
    np.testing.assert_allclose(window, window[::-1], atol=1e-12)
    for seconds in (0.0, 1.0):
        with pytest.raises(UsageError, match="window"):
            odd_length(FrameGrid(16000), seconds)


def test_white_noise_has_its_variance_in_every_bin():
    window = hann(255)
    frames = np.random.default_rng(1).standard_normal((4000, 255)) * 0.3
    power = power_spectrum(frames * window, window, 256).mean(axis=0)
    np.testing.assert_allclose(power[2:-2], 0.09, rtol=0.12)


def test_decibels_are_floored():
    np.testing.assert_allclose(decibels(np.array([1.0, 0.01, 0.0])), [0.0, -20.0, -100.0])


def test_shared_spectra_are_those_of_each_signal_and_window(monkeypatch: pytest.MonkeyPatch) -> None:
    """Remembered within the block alone, for each signal and window by itself, and not of long recordings."""
    grid = FrameGrid(16000)
    signals = list(np.random.default_rng(2).normal(0.0, 0.1, (2, 16000)))
    windows = [hann(401), np.hamming(401)]
    calls = []

    def counted(frames: np.ndarray, window: np.ndarray, fft_size: int) -> np.ndarray:
        calls.append(len(frames))
        return power_spectrum(frames, window, fft_size)

    monkeypatch.setattr(framing, "power_spectrum", counted)

    def levels(signal: np.ndarray, window: np.ndarray) -> np.ndarray:
        return map_spectra(signal, grid, window, 1024, lambda power: power.sum(axis=1))

    frames = grid.frames(16000)
    alone = [levels(signal, window) for signal in signals for window in windows]
    assert sum(calls) == 4 * frames
    calls.clear()
    with shared_spectra():
        for _ in range(2):
            for expected, (signal, window) in zip(alone, itertools.product(signals, windows), strict=True):
                np.testing.assert_array_equal(levels(signal, window), expected)
        assert sum(calls) == 4 * frames
        monkeypatch.setattr(framing, "_MOST_SHARED", frames - 1)
        levels(signals[0], windows[0])
    assert sum(calls) == 5 * frames
