import numpy as np
import pytest

from tts.analysis.mcep import analysis_matrix, synthesis_matrix, to_log_power, to_mcep
from tts.core.errors import UsageError
from tts.core.grid import FrameGrid

GRIDS = [FrameGrid(rate) for rate in (16000, 22050, 24000, 44100, 48000)]


def freqt(cepstrum: np.ndarray, order: int, alpha: float) -> np.ndarray:
    """The textbook recursion, one input coefficient at a time from the last to the first."""
    warped = np.zeros(order + 1)
    for value in cepstrum[::-1]:
        previous = warped.copy()
        warped[0] = value + alpha * previous[0]
        if order >= 1:
            warped[1] = (1 - alpha**2) * previous[0] + alpha * previous[1]
        for m in range(2, order + 1):
            warped[m] = previous[m - 1] + alpha * (previous[m] - warped[m - 1])
    return warped


def smooth_envelope(grid: FrameGrid, seed: int) -> np.ndarray:
    """A log power envelope of a few decaying cosines and noise on top, (3, bins)."""
    rng = np.random.default_rng(seed)
    omega = np.linspace(0, np.pi, grid.fft_size // 2 + 1)
    weights = rng.normal(size=(3, 40)) * 5 / np.arange(1, 41)
    return weights @ np.cos(np.outer(np.arange(40), omega)) + 0.1 * rng.normal(size=(3, len(omega)))


@pytest.mark.parametrize("grid", GRIDS[::2], ids=lambda grid: str(grid.sample_rate))
def test_equals_the_cepstrum_warped_by_recursion(grid):
    log_power = smooth_envelope(grid, 0)
    cepstrum = np.fft.irfft(log_power, axis=1)[:, : grid.fft_size // 2 + 1]
    cepstrum[:, [0, -1]] /= 2
    expected = np.stack([freqt(row, 24, grid.alpha) for row in cepstrum])
    np.testing.assert_allclose(to_mcep(log_power, grid, 24), expected, atol=1e-12)


@pytest.mark.parametrize("grid", GRIDS, ids=lambda grid: str(grid.sample_rate))
def test_equals_the_analytic_mel_cepstrum_of_a_pole(grid):
    """1 / (1 - a/z) is, on the warped axis, a pole at (a - alpha) / (1 - a alpha) and a zero at -alpha."""
    a, alpha = 0.9, grid.alpha
    omega = np.linspace(0, np.pi, grid.fft_size // 2 + 1)
    log_power = -2 * np.log(np.abs(1 - a * np.exp(-1j * omega)))[None]
    n = np.arange(1, 60)
    expected = [-np.log(1 - a * alpha), *(((a - alpha) / (1 - a * alpha)) ** n / n - (-alpha) ** n / n)]
    np.testing.assert_allclose(to_mcep(log_power, grid)[0], expected, atol=1e-10)


def test_equals_numeric_integration_over_the_warped_axis():
    grid = GRIDS[2]
    weights = np.random.default_rng(3).normal(size=6)
    bins = np.linspace(0, np.pi, grid.fft_size // 2 + 1)
    mcep = to_mcep((weights @ np.cos(np.outer(np.arange(6), bins)))[None], grid, 20)[0]
    warped = (np.arange(20000) + 0.5) * np.pi / 20000
    omega = warped - 2 * np.arctan(grid.alpha * np.sin(warped) / (1 + grid.alpha * np.cos(warped)))
    curve = weights @ np.cos(np.outer(np.arange(6), omega))
    expected = (curve * np.cos(np.outer(np.arange(21), warped))).mean(axis=1)
    expected[0] /= 2
    np.testing.assert_allclose(mcep, expected, atol=1e-7)


@pytest.mark.parametrize("grid", GRIDS, ids=lambda grid: str(grid.sample_rate))
def test_what_the_coefficients_can_hold_comes_back_exactly(grid):
    mcep = np.random.default_rng(1).normal(size=(4, 60)) / np.arange(1, 61)
    np.testing.assert_allclose(to_mcep(to_log_power(mcep, grid), grid), mcep, atol=1e-12)


def test_full_order_without_warping_is_lossless():
    log_power = np.random.default_rng(2).normal(size=(2, 513))
    back = log_power @ analysis_matrix(1024, 0.0, 512) @ synthesis_matrix(1024, 0.0, 512)
    np.testing.assert_allclose(back, log_power, atol=1e-10)


def test_a_gain_moves_c0_alone():
    grid = GRIDS[0]
    log_power = smooth_envelope(grid, 5)
    moved = to_mcep(log_power + 2 * np.log(10), grid) - to_mcep(log_power, grid)
    np.testing.assert_allclose(moved[:, 0], np.log(10), atol=1e-12)
    np.testing.assert_allclose(moved[:, 1:], 0, atol=1e-12)


def test_bad_shapes_and_orders_are_refused():
    with pytest.raises(UsageError, match="shape"):
        to_mcep(np.zeros((3, 100)), GRIDS[0])
    with pytest.raises(UsageError, match="mcep_order"):
        analysis_matrix(1024, 0.4, 600)


def test_matrices_are_shared_and_read_only():
    assert analysis_matrix(1024, 0.41, 59) is analysis_matrix(1024, 0.41, 59)
    with pytest.raises(ValueError, match="read-only"):
        synthesis_matrix(1024, 0.41, 59)[0, 0] = 1
