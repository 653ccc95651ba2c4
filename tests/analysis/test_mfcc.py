"""Cepstra against librosa's transform and filters, signals of known spectrum, and the frame grid."""

import librosa
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tts.analysis.mel import mel_filters
from tts.analysis.mfcc import QUIET, SPARED, aligner_features, long_silences, mfcc, slope
from tts.core.grid import FrameGrid


@given(st.sampled_from([16_000, 22_050, 24_000, 44_100, 48_000]), st.sampled_from([1.0, 4.5, 5.0, 10.0]), st.integers(1, 4000))
@settings(max_examples=40, deadline=None)
def test_one_row_a_frame_of_the_grid_whatever_the_rate(rate: int, shift: float, samples: int) -> None:
    grid = FrameGrid(rate, shift)
    signal = np.random.default_rng(samples).normal(0.0, 0.1, samples)
    found = mfcc(signal, grid)
    assert found.shape == (grid.frames(samples), 39)
    assert found.dtype == np.float32
    assert np.isfinite(found).all()


def test_silence_is_finite() -> None:
    assert np.isfinite(mfcc(np.zeros(8000), FrameGrid(16_000))).all()


@pytest.mark.slow
def test_equals_the_definition_by_librosa() -> None:
    grid = FrameGrid(16_000)
    signal = np.random.default_rng(0).normal(0.0, 0.1, 16_000)
    signal[8000:] *= 0.01
    found = mfcc(signal, grid, bands=26, window=0.020, normalise=False)[:, :13]
    window = np.zeros(512)
    window[96:417] = np.hamming(321)  # 20 ms, its middle on sample 256
    spectrum = librosa.stft(signal, n_fft=512, hop_length=80, window=window, center=True, pad_mode="constant")
    filters = librosa.filters.mel(sr=16_000, n_fft=512, n_mels=26, fmin=50, fmax=8000, htk=True, norm=None)
    filters /= filters.sum(axis=1, keepdims=True)
    power = filters @ (np.abs(spectrum) ** 2 / np.sum(window**2))
    expected = librosa.feature.mfcc(S=np.log(power), n_mfcc=13, dct_type=2, norm="ortho").T
    np.testing.assert_allclose(found[3:-3], expected[3:-3], atol=2e-3)


def test_filters_lie_in_order_below_their_top() -> None:
    filters = mel_filters(24_000, 512, 30, 50.0, 8_000.0)
    assert (np.diff(filters.argmax(axis=0)) > 0).all()
    assert not filters[np.arange(257) * 24_000 / 512 > 8_000].any()


def test_a_click_is_heard_at_its_frame() -> None:
    grid = FrameGrid(48_000)
    signal = np.random.default_rng(0).normal(0.0, 1e-4, 48_000)
    at = 0.4
    signal[int(at * 48_000)] = 1.0
    loudness = mfcc(signal, grid)[:, 0]
    loud = np.flatnonzero(loudness > (loudness.max() + np.median(loudness)) / 2)
    assert (loud[0] + loud[-1]) / 2 == at / grid.shift


def test_slope_of_a_line_and_of_a_parabola() -> None:
    line = np.arange(20.0)[:, None] * [3.0, -1.0]
    np.testing.assert_allclose(slope(line, 4)[4:-4], np.tile([3.0, -1.0], (12, 1)))
    parabola = np.arange(20.0)[:, None] ** 2
    np.testing.assert_allclose(slope(slope(parabola, 4), 4)[8:-8], 2.0)


def test_normalised_columns() -> None:
    found = mfcc(np.random.default_rng(0).normal(0.0, 0.1, 24_000), FrameGrid(24_000))
    np.testing.assert_allclose(found.mean(axis=0), 0.0, atol=1e-4)
    np.testing.assert_allclose(found.std(axis=0), 1.0, rtol=1e-3)
    quiet = mfcc(0.1 * np.random.default_rng(0).normal(0.0, 0.1, 24_000), FrameGrid(24_000))
    assert quiet == pytest.approx(found, abs=1e-3)  # recorded louder or softer, it is the same speech


@pytest.mark.parametrize("padding", ["zeros", "room"])
@pytest.mark.parametrize("seconds", [0.5, 3.0])
def test_the_length_of_a_silence_does_not_change_the_features_of_speech(padding: str, seconds: float) -> None:
    grid, rng = FrameGrid(16_000), np.random.default_rng(0)
    envelope = np.repeat(rng.uniform(0.2, 1.0, 20), 1600)
    speech = 0.1 * envelope * rng.standard_normal(len(envelope))
    room = 1e-4 * rng.standard_normal(8 * 16_000) * (padding == "room")

    def inside(seconds: float) -> np.ndarray:
        count = round(seconds * 16_000)
        features = mfcc(np.concatenate([room[:count], speech, room[:count]]), grid)
        return features[count // 80 + 10 : -(count // 80) - 10]

    difference = np.abs(inside(seconds) - inside(2 * SPARED + 0.05))  # of features of deviation 1
    assert difference.mean() < 0.05
    assert difference.max() < (1e-6 if padding == "zeros" else 0.3)  # the noise is not the same


def test_what_is_a_long_silence() -> None:
    grid = FrameGrid(16_000)
    spared = round(SPARED / grid.shift)
    level = np.full(1000, -60.0)
    level[300:500] = -20.0
    level[600:900] = -20.0
    level[700 : 700 + 2 * spared] = -20.0 - QUIET - 1.0  # a silence as long as is left of longer ones
    expected = np.zeros(1000, dtype=bool)
    expected[spared : 300 - spared] = expected[500 + spared : 600 - spared] = expected[900 + spared : 1000 - spared] = True
    np.testing.assert_array_equal(long_silences(level, grid), expected)
    assert not long_silences(np.full(500, -20.0 - QUIET / 2), grid).any()
    assert not long_silences(np.full(500, -140.0), grid).any()


def test_the_aligner_is_told_of_long_silences() -> None:
    grid = FrameGrid(16_000)
    signal = np.concatenate([np.zeros(16_000), np.random.default_rng(0).normal(0.0, 0.1, 16_000)])
    features = aligner_features(signal, grid)
    assert features.shape == (grid.frames(32_000), 40)
    assert features.dtype == np.float32
    np.testing.assert_array_equal(features[:, :39], mfcc(signal, grid))
    spared = round(SPARED / grid.shift)
    marked = np.flatnonzero(features[:, 39])
    assert marked[0] == spared
    assert abs(marked[-1] - (200 - spared)) <= 4  # a window reaches into the noise
