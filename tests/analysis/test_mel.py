import librosa
import numpy as np
import pytest

from tts.analysis.mel import mel_filters, mel_spectrum
from tts.core.errors import UsageError
from tts.core.grid import FrameGrid


@pytest.mark.parametrize(("rate", "fft_size", "bands"), [(16000, 1024, 60), (22050, 1024, 80), (48000, 2048, 40)])
def test_filters_equal_librosa(rate, fft_size, bands):
    expected = librosa.filters.mel(sr=rate, n_fft=fft_size, n_mels=bands, fmin=50.0, htk=True, norm=None)
    np.testing.assert_allclose(mel_filters(rate, fft_size, bands, 50.0, None), expected.T, atol=2e-4)


def test_spectrum_equals_librosa():
    rate = 16000
    signal = np.random.default_rng(0).standard_normal(rate) * 0.1
    window = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(401) / 400)  # ours has 399 samples, without the two zeros
    power = (
        librosa.feature.melspectrogram(
            y=signal, sr=rate, n_fft=1024, hop_length=80, win_length=401, window=window, n_mels=60, fmin=50, htk=True, norm=None
        )
        / (window**2).sum()
    )
    spectrum = mel_spectrum(signal, FrameGrid(rate))
    # librosa's window of 401 sits half a sample off the middle of its FFT frame.
    np.testing.assert_allclose(spectrum[5:-5], 10 * np.log10(power.T)[5:196], atol=1.5)
    assert np.abs(spectrum[5:-5] - 10 * np.log10(power.T)[5:196]).mean() < 0.1


@pytest.mark.parametrize("hertz", [300.0, 1000.0, 3000.0, 7000.0])
def test_sine_lands_in_the_band_around_it(hertz):
    rate = 22050
    signal = 0.5 * np.sin(2 * np.pi * hertz * np.arange(rate) / rate)
    centres = librosa.mel_frequencies(62, fmin=50.0, fmax=rate / 2, htk=True)[1:-1]
    spectrum = mel_spectrum(signal, FrameGrid(rate))
    assert np.argmax(spectrum[100]) == np.argmin(np.abs(centres - hertz))


def test_impossible_bands_are_refused():
    grid = FrameGrid(16000)
    for options in ({"bands": 0}, {"bands": 400}, {"high": 9000.0}, {"low": 4000.0, "high": 3000.0}):
        with pytest.raises(UsageError, match="mel spectrum"):
            mel_spectrum(np.zeros(100), grid, **options)
