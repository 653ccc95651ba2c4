import numpy as np
import pytest

from tts.analysis.energy import energy
from tts.core.grid import FrameGrid


@pytest.mark.parametrize("rate", [16000, 22050, 48000])
def test_sine_reads_its_power(rate):
    signal = 0.5 * np.sin(2 * np.pi * 440.0 * np.arange(rate) / rate)
    levels = energy(signal, FrameGrid(rate))
    np.testing.assert_allclose(levels[5:-5], 10 * np.log10(0.125), atol=0.05)


def test_level_follows_gain():
    signal = np.random.default_rng(0).standard_normal(8000) * 0.1
    grid = FrameGrid(16000)
    np.testing.assert_allclose(energy(signal * 0.1, grid), energy(signal, grid) - 20.0, atol=1e-3)


def test_silence_is_at_the_floor():
    assert (energy(np.zeros(1000), FrameGrid(16000)) == -100.0).all()
