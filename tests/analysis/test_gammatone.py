import numpy as np
import pytest
import scipy.signal

from tts.analysis.gammatone import erb, erb_centres, excitation_pattern, filterbank, gammatone_spectrum
from tts.core.errors import UsageError
from tts.core.grid import FrameGrid

RATE = 16000
GRID = FrameGrid(RATE)


def impulse_response(centre, seconds=0.25):
    """The gammatone filter of order 4 written down in time, as a complex signal of unit gain at its centre."""
    t = np.arange(int(seconds * RATE)) / RATE
    width = 1.019 * 24.7 * (4.37 * centre / 1000 + 1)
    response = t**3 * np.exp(-2 * np.pi * width * t) * np.exp(2j * np.pi * centre * t)
    return response / np.abs((response * np.exp(-2j * np.pi * centre * t)).sum())


def rate_map(signal, centre):
    """The excitation of one band, sample by sample: filter, envelope, leaky integrator, mean over the frame."""
    width = 1.019 * 24.7 * (4.37 * centre / 1000 + 1)
    envelope = 2 * np.abs(scipy.signal.fftconvolve(np.pad(signal, (0, RATE // 4)), impulse_response(centre)))
    leak = np.exp(-1 / (RATE * 0.008))
    smooth = scipy.signal.lfilter([1 - leak], [1, -leak], envelope)
    delay = round((4 / (2 * np.pi * width) + 0.008) * RATE)
    return np.array([smooth[max(0, c + delay - 40) : c + delay + 40].mean() for c in GRID.centres(GRID.frames(len(signal)))])


def test_erb_scale():
    assert erb(np.array([1000.0])) == pytest.approx(132.6, abs=0.1)  # Glasberg and Moore's value
    centres = erb_centres(10, 100.0, 5000.0)
    assert centres[0] == pytest.approx(100.0)
    assert centres[-1] == pytest.approx(5000.0)
    steps = np.diff(21.4 * np.log10(1 + 0.00437 * centres))
    np.testing.assert_allclose(steps, steps[0])


def test_spectrum_equals_filtering_in_time():
    signal = scipy.signal.lfilter([1.0], [1.0, -0.9], np.random.default_rng(0).standard_normal(5 * RATE)) * 0.05
    spectrum = gammatone_spectrum(signal, GRID)
    centres, _ = filterbank(RATE, 64, 80.0, None)
    for band in range(0, 64, 7):
        filtered = 2 * np.real(scipy.signal.fftconvolve(signal, impulse_response(centres[band]))[: len(signal)])
        expected = 10 * np.log10(np.mean(filtered**2))
        # the order of windowing and filtering, and the mirror image, matter in the widest and lowest bands
        assert 10 * np.log10(np.mean(10 ** (spectrum[10:-10, band] / 10))) == pytest.approx(expected, abs=0.5)


@pytest.mark.parametrize("extractor", [gammatone_spectrum, excitation_pattern])
@pytest.mark.parametrize("band", [5, 20, 40, 50])
def test_tone_peaks_in_its_band(extractor, band):
    centres, _ = filterbank(RATE, 55, 80.0, None)
    signal = np.sin(2 * np.pi * centres[band] * np.arange(RATE // 2) / RATE)
    values = extractor(signal, GRID, bands=55)[50]
    assert np.argmax(values) == band
    if extractor is excitation_pattern:
        assert values[band] == pytest.approx(0.0, abs=0.1)  # amplitude 1
    elif band >= 40:  # a window of 25 ms spreads a tone beyond the narrow filters
        assert values[band] == pytest.approx(-3.0, abs=0.1)  # power 1/2


def test_excitation_equals_filtering_in_time():
    rng = np.random.default_rng(1)
    signal = np.zeros(RATE // 2)
    signal[::160] = 0.5  # 100 Hz pulses, then noise
    signal[4000:] += 0.02 * rng.standard_normal(len(signal) - 4000)
    pattern = excitation_pattern(signal, GRID)
    centres, _ = filterbank(RATE, 55, 80.0, None)
    for band in range(0, 55, 6):
        expected = 20 * np.log10(rate_map(signal, centres[band]))
        np.testing.assert_allclose(pattern[5:-5, band], expected[5:-5], atol=0.1)


def test_excitation_decays_with_the_leaky_integrator():
    """Once the filter has died out, what is left decays by exp(-5 / 8) a frame of 5 ms: 5.43 dB."""
    signal = np.zeros(RATE // 2)
    signal[2000] = 1.0
    pattern = excitation_pattern(signal, GRID)
    fall = np.diff(pattern[28:32, 40:], axis=0)
    np.testing.assert_allclose(fall, -20 * np.log10(np.e) * 5 / 8, atol=0.05)


def test_root_compression_is_the_same_amplitude():
    signal = np.random.default_rng(2).standard_normal(4000) * 0.1
    decibel = excitation_pattern(signal, GRID)
    root = excitation_pattern(signal, GRID, compression="root")
    np.testing.assert_allclose(root, 10.0 ** (decibel / 20 * 0.3), rtol=1e-4)


def test_impossible_options_are_refused():
    for options in ({"bands": 1}, {"low": 5.0}, {"high": 8000.0}, {"low": 3000.0, "high": 200.0}):
        with pytest.raises(UsageError, match="gammatone filters"):
            gammatone_spectrum(np.zeros(100), GRID, **options)
    for options in ({"compression": "log"}, {"time_constant": 0.0}):
        with pytest.raises(UsageError, match="excitation pattern"):
            excitation_pattern(np.zeros(100), GRID, **options)
