from __future__ import annotations

import numpy as np
import pytest

from tts.core.errors import UsageError
from tts.core.grid import FrameGrid
from tts.generation.postfilter import (
    PostFilterSettings,
    post_filter,
    scale_f0_variance,
    scale_mcep_variance,
    sharpen_formants,
)

GRID = FrameGrid(16_000)
EVERY = np.ones(400, bool)


@pytest.fixture
def mcep() -> np.ndarray:
    return np.random.default_rng(0).normal(size=(400, 25)) * 0.3 / np.arange(1, 26)


def energy(mcep: np.ndarray) -> np.ndarray:
    """Mean power around the circle, from the minimum-phase definition |exp(sum c_m z~^-m)|^2 at warped z."""
    z = np.exp(-2j * np.pi * np.arange(GRID.fft_size) / GRID.fft_size)
    warped = (z - GRID.alpha) / (1 - GRID.alpha * z)
    return (np.abs(np.exp(mcep @ warped[None] ** np.arange(mcep.shape[1])[:, None])) ** 2).mean(axis=1)


def test_sharpening_weights_coefficients_and_keeps_energy(mcep: np.ndarray) -> None:
    sharpened = sharpen_formants(mcep, 0.4, GRID)
    np.testing.assert_allclose(sharpened[:, 1], mcep[:, 1])
    np.testing.assert_allclose(sharpened[:, 2:], 1.4 * mcep[:, 2:])
    np.testing.assert_allclose(energy(sharpened), energy(mcep), rtol=1e-10)


def test_sharpening_survives_any_loudness(mcep: np.ndarray) -> None:
    for offset in (-1000.0, 1000.0):
        mcep[:, 0] = offset
        assert np.isfinite(sharpen_formants(mcep, 0.4, GRID)).all()


def test_full_variance_scaling_reaches_the_natural_variance(mcep: np.ndarray) -> None:
    natural = mcep.var(axis=0) * np.linspace(1, 9, 25)
    scaled = scale_mcep_variance(mcep, natural, 1.0, EVERY)
    np.testing.assert_allclose(scaled.var(axis=0)[1:], natural[1:])
    np.testing.assert_allclose(scaled.mean(axis=0), mcep.mean(axis=0), atol=1e-12)
    np.testing.assert_array_equal(scaled[:, 0], mcep[:, 0])
    half = scale_mcep_variance(mcep, natural, 0.5, EVERY)
    np.testing.assert_allclose(half.var(axis=0)[1:], np.sqrt(natural * mcep.var(axis=0))[1:])


def test_variance_is_taken_over_speech_alone(mcep: np.ndarray) -> None:
    speech = np.arange(400) >= 200
    mcep[:200] = 50.0
    natural = 4 * mcep[200:].var(axis=0)
    np.testing.assert_allclose(scale_mcep_variance(mcep, natural, 1.0, speech)[200:].var(axis=0)[1:], natural[1:])


def test_variance_scaling_never_flattens_nor_explodes(mcep: np.ndarray) -> None:
    np.testing.assert_allclose(scale_mcep_variance(mcep, mcep.var(axis=0) / 100, 1.0, EVERY), mcep)
    still = np.zeros((400, 25))
    np.testing.assert_array_equal(scale_mcep_variance(still, np.ones(25), 1.0, EVERY), still)
    assert scale_mcep_variance(mcep, np.full(25, 1e6), 1.0, EVERY)[:, 1:].std() <= 5.001 * mcep[:, 1:].std()


def test_short_and_silent_utterances_are_scaled_gently(mcep: np.ndarray) -> None:
    settings = PostFilterSettings("variance", 1.0)
    short = mcep[:50]
    scaled = post_filter(short, settings, GRID, 16 * short.var(axis=0), np.ones(50, bool))
    np.testing.assert_allclose(scaled.std(axis=0)[1:], (4**0.25 * short.std(axis=0))[1:])
    np.testing.assert_array_equal(post_filter(short, settings, GRID, np.ones(25), np.zeros(50, bool)), short)


def test_settings(mcep: np.ndarray) -> None:
    assert post_filter(mcep, PostFilterSettings("none"), GRID, np.ones(25), EVERY) is mcep
    np.testing.assert_allclose(post_filter(mcep, PostFilterSettings("cepstral", 0.0), GRID, np.ones(25), EVERY), mcep)
    with pytest.raises(UsageError, match="choose one of none, cepstral, variance"):
        PostFilterSettings("best")  # type: ignore[arg-type]
    with pytest.raises(UsageError, match=r"outside 0\.\.1"):
        PostFilterSettings(strength=1.4)
    with pytest.raises(UsageError, match=r"F0 variance 2 is outside 0\.\.1\.5"):
        PostFilterSettings(f0_variance=2.0)


def test_f0_gets_the_natural_variance_and_keeps_its_mean() -> None:
    """A glide of known deviation: twice as lively a speaker doubles it, and half of the way is its root."""
    lf0 = (np.log(200.0) + 0.1 * np.sin(np.arange(400) / 20.0))[:, None]
    natural = 4.0 * lf0.var(axis=0)
    whole = scale_f0_variance(lf0, PostFilterSettings(f0_variance=1.0), GRID, natural, EVERY)
    np.testing.assert_allclose(whole - lf0.mean(), 2.0 * (lf0 - lf0.mean()), atol=1e-12)
    half = scale_f0_variance(lf0, PostFilterSettings(f0_variance=0.5), GRID, natural, EVERY)
    np.testing.assert_allclose(half - lf0.mean(), np.sqrt(2.0) * (lf0 - lf0.mean()), atol=1e-12)
    np.testing.assert_array_equal(scale_f0_variance(lf0, PostFilterSettings(f0_variance=0.0), GRID, natural, EVERY), lf0)
    np.testing.assert_allclose(scale_f0_variance(lf0, PostFilterSettings(), GRID, natural / 100.0, EVERY), lf0)
