"""The spectrogram to look at."""

import librosa
import numpy as np
import pytest

from tts.analysis.mel import mel_filters
from tts.analysis.mel_levels import mel_levels
from tts.analysis.torchaudio_compat import import_torchaudio


@pytest.mark.parametrize("hertz", [300.0, 1000.0, 3000.0])
def test_a_sine_lands_in_the_band_around_it(hertz: float) -> None:
    rate = 22_050
    levels = mel_levels(0.5 * np.sin(2 * np.pi * hertz * np.arange(rate) / rate), rate)
    centres = librosa.mel_frequencies(82, fmin=50.0, fmax=rate / 2, htk=True)[1:-1]
    assert levels.shape == (rate // round(0.005 * rate) + 1, 80)
    assert abs(int(levels[100].argmax()) - int(np.argmin(np.abs(centres - hertz)))) <= 1


@pytest.mark.parametrize(("rate", "fft_size", "bands"), [(16000, 1024, 60), (24000, 1024, 30), (48000, 2048, 40)])
def test_our_filters_are_torchaudios(rate: int, fft_size: int, bands: int) -> None:
    theirs = import_torchaudio().functional.melscale_fbanks(
        fft_size // 2 + 1, 50.0, rate / 2, bands, rate, norm=None, mel_scale="htk"
    )
    np.testing.assert_allclose(mel_filters(rate, fft_size, bands, 50.0, None), theirs.numpy(), atol=2e-4)
