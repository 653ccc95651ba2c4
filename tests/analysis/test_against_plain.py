"""What is computed over all frames at once, against the same written down plainly: one frame, one band, one root at a time."""

import numpy as np
import pytest
import scipy.fft
import scipy.linalg
import scipy.signal
from synthetic_voice import glide, harmonics, noise

from tts.analysis.formants import COUNT, _analyse, track
from tts.analysis.framing import POWER_FLOOR, hann, odd_length
from tts.analysis.gammatone import excitation_pattern, filterbank
from tts.analysis.lsf import line_spectral_frequencies
from tts.analysis.periodicity import PitchEvidence, low_band_level
from tts.analysis.voicing import pitch, two_state_path, voiced
from tts.core.grid import FrameGrid


def speech(rate: int) -> np.ndarray:
    """A voice, silence, friction, a voice again: 0.8 s."""
    parts = [harmonics(glide(110.0, 180.0, 0.3, rate), rate), np.zeros(rate // 10), noise(0.1, rate, 0.03)]
    signal = np.concatenate([*parts, harmonics(glide(160.0, 120.0, 0.3, rate), rate)])
    resonances = [(700.0, 80.0), (1200.0, 90.0), (2600.0, 150.0), (3500.0, 200.0)]
    for hertz, width in resonances:
        radius = np.exp(-np.pi * width / rate)
        signal = scipy.signal.lfilter([1.0], [1.0, -2.0 * radius * np.cos(2.0 * np.pi * hertz / rate), radius**2], signal)
    return 0.5 * signal / np.abs(signal).max() + noise(len(signal) / rate, rate, 1e-4, seed=3)[: len(signal)]


def windowed(signal: np.ndarray, grid: FrameGrid, frame: int, window: np.ndarray) -> np.ndarray:
    half = len(window) // 2
    padded = np.pad(signal, half + 1)
    start = int(grid.centres(frame + 1)[-1]) + 1
    return padded[start : start + len(window)] * window


@pytest.mark.parametrize("rate", [16000, 22050, 24000])
def test_line_spectral_frequencies_are_roots(rate: int) -> None:
    grid, signal, order = FrameGrid(rate), speech(rate), 40
    values = line_spectral_frequencies(signal, grid, order=order)
    window = hann(odd_length(grid, 0.025))
    lags = np.exp(-0.5 * (2.0 * np.pi * 40.0 / rate * np.arange(order + 1)) ** 2)
    for frame in range(0, len(values), 17):
        x = windowed(signal, grid, frame, window)
        spectrum = np.abs(np.fft.fft(x, 4096)) ** 2 / np.sum(window**2)
        emphasis = 1.0 + 0.97**2 - 2.0 * 0.97 * np.cos(2.0 * np.pi * np.arange(4096) / 4096)
        correlation = np.fft.ifft(spectrum * emphasis).real[: order + 1] * lags
        correlation[0] += 1e-6 * correlation[0] + POWER_FLOOR
        a = np.concatenate([[1.0], scipy.linalg.solve_toeplitz(correlation[:-1], -correlation[1:])])
        extended = np.append(a, 0.0)
        angles = np.concatenate([np.angle(np.roots(extended + sign * extended[::-1])) for sign in (1, -1)])
        expected = np.sort(angles[(angles > 1e-6) & (angles < np.pi - 1e-6)])
        np.testing.assert_allclose(values[frame], expected, atol=2e-6)


def test_formant_tracks_are_the_cheapest_found_one_frame_at_a_time() -> None:
    rng = np.random.default_rng(5)
    usual = 1000.0 * np.arange(1, 5) - 500.0
    frequency = np.sort(np.concatenate([usual * rng.uniform(0.8, 1.2, (150, 4)), rng.uniform(200, 4800, (150, 1))], axis=1))
    bandwidth = rng.uniform(40.0, 900.0, (150, 5))
    frequency[rng.random(150) < 0.2, 4] = bandwidth[0, 0] * np.inf
    bandwidth[~np.isfinite(frequency)] = np.inf
    times = np.cumsum(rng.choice([0.005, 0.01, 0.08], 150))
    kept, chosen = track(frequency, bandwidth, times, usual)
    expected_kept, expected = plain_track(frequency, bandwidth, times, usual)
    np.testing.assert_array_equal(kept, expected_kept)
    np.testing.assert_array_equal(chosen, expected)


def plain_track(f: np.ndarray, b: np.ndarray, times: np.ndarray, usual: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The same costs, a state of a frame at a time."""
    states = [[k for k in range(5) if k != left] for left in range(4, -1, -1)]
    best, back = np.full((len(f), 5), np.inf), {}
    for t in range(len(f)):
        for s, poles in enumerate(states):
            if not np.isfinite(f[t, poles]).all():
                continue
            own = sum(b[t, k] / 1000.0 + 2.0 * abs(np.log2(f[t, k] / usual[n])) for n, k in enumerate(poles))
            best[t, s], back[t, s] = own + 7.0 * t, None
            for u in range(max(0, t - 10), t):
                for r, others in enumerate(states):
                    if np.isfinite(best[u, r]):
                        moved = sum(abs(np.log2(f[t, k] / f[u, j])) for k, j in zip(poles, others, strict=True))
                        firm = 6.0 * min(1.0, 0.01 / (times[t] - times[u]))
                        total = best[u, r] + 7.0 * (t - u - 1) + firm * moved + own
                        if total < best[t, s]:
                            best[t, s], back[t, s] = total, (u, r)
    last = best + 7.0 * (len(f) - 1 - np.arange(len(f)))[:, None]
    at = tuple(map(int, np.unravel_index(last.argmin(), last.shape)))
    path = []
    while at is not None:
        path.append(at)
        at = back[at]
    path.reverse()
    return np.array([t for t, _ in path]), np.array([f[t, states[s]] for t, s in path])


@pytest.mark.parametrize("rate", [16000, 24000])
def test_formants_look_at_the_correlation_of_the_band_below(rate: int) -> None:
    """The products with cosines are inverse FFTs of the weighted spectrum."""
    grid, signal, maximum = FrameGrid(rate), speech(rate), 5000.0
    correlation, low_rate, level, _ = _analyse(signal, grid, maximum)
    window = hann(odd_length(grid, 0.05))
    size = scipy.fft.next_fast_len(len(window) + round(rate / 60.0), real=True)
    bins = round(maximum * size / rate) + 1
    short = 2 * (bins - 1)
    hertz = np.arange(bins) * low_rate / short
    pole = np.exp(-2.0 * np.pi * 50.0 / low_rate)
    for frame in range(0, len(level), 23):
        power = np.abs(np.fft.rfft(windowed(signal, grid, frame, window), size)[:bins]) ** 2 / np.sum(window**2)
        raised = np.fft.irfft(power * (1.0 + pole**2 - 2.0 * pole * np.cos(2.0 * np.pi * hertz / low_rate)), short)
        np.testing.assert_allclose(correlation[frame, 1:], raised[1:11], atol=1e-9 * raised[0])
        low = np.cos(0.5 * np.pi * np.minimum(hertz / 2000.0, 1.0)) ** 2 * (hertz >= 30.0)
        expected = 10.0 * np.log10(max(np.fft.irfft(power * low, short)[0], POWER_FLOOR))
        assert level[frame] == pytest.approx(expected, abs=1e-6)
    assert COUNT == 4


@pytest.mark.parametrize("rate", [16000, 22050, 24000])
def test_excitation_is_that_of_one_band_at_a_time(rate: int) -> None:
    grid, signal = FrameGrid(rate), speech(rate)
    pattern = excitation_pattern(signal, grid)
    centres, widths = filterbank(rate, 55, 80.0, None)
    size = len(signal) + rate // 2
    spectrum, hertz = np.fft.fft(signal, size), np.fft.fftfreq(size, 1.0 / rate)
    edges = (np.arange(len(pattern) + 1) - 0.5) * grid.shift * rate
    leak = np.exp(-1.0 / (rate * 0.008))
    for band in range(0, 55, 6):
        response = 2.0 * (1.0 + 1j * (hertz - centres[band]) / widths[band]) ** -4.0
        response[np.abs(hertz - centres[band]) > max(5.0 * widths[band], 1000.0)] = 0.0
        envelope = np.abs(np.fft.ifft(spectrum * response))
        total = np.concatenate([[0.0], np.cumsum(scipy.signal.lfilter([1.0 - leak], [1.0, -leak], envelope))])
        delay = 4.0 / (2.0 * np.pi * widths[band]) * rate + leak / (1.0 - leak)
        means = np.diff(np.interp(edges + delay + 0.5, np.arange(len(total)), total)) / (grid.shift * rate)
        expected = 20.0 * np.log10(np.maximum(means, 1e-5))
        difference = np.abs(pattern[:, band] - expected)[3:-3]
        assert np.median(difference) < (0.06 if band == 54 else 0.02), band  # the widest reaches beyond half the rate
        assert np.percentile(difference, 98) < 0.5, band


def test_a_frame_that_is_no_whole_number_of_samples_is_where_it_should_be() -> None:
    signal = speech(16000)
    whole, odd = (excitation_pattern(signal, FrameGrid(16000, shift)) for shift in (5.0, 4.9999873))
    assert np.median(np.abs(whole - odd[: len(whole)])) < 0.02


def test_excitation_of_quiet_sound_does_not_hear_the_loud() -> None:
    """Single precision leaves a noise far below what counts."""
    rate, quiet = 16000, noise(0.5, 16000, 3e-5, seed=7)
    loud = harmonics(np.full(rate // 2, 140.0), rate)
    both = excitation_pattern(np.concatenate([0.9 * loud / np.abs(loud).max(), np.zeros(rate // 4), quiet]), FrameGrid(rate))
    alone = excitation_pattern(quiet, FrameGrid(rate))
    assert np.median(alone[20:90]) < -85.0
    np.testing.assert_allclose(both[150:][20:90], alone[20:90], atol=0.2)


def test_evidence_of_pitch_is_computed_once_and_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    grid, signal = FrameGrid(24000), speech(24000)
    f0, decision = pitch(signal, grid, 80.0, 300.0), voiced(signal, grid, 80.0, 300.0)
    np.testing.assert_array_equal(f0 > 0, decision)
    calls = []
    for name in ("autocorrelation", "low_band_level"):
        original = getattr(__import__("tts.analysis.periodicity", fromlist=[name]), name)
        monkeypatch.setattr(
            f"tts.analysis.periodicity.{name}", lambda *given, o=original, n=name: (calls.append(n), o(*given))[1]
        )
    np.testing.assert_array_equal(pitch(signal, grid, 80.0, 300.0), f0)
    assert sorted(calls) == ["autocorrelation", "low_band_level"]
    evidence = PitchEvidence(signal, grid, 80.0, 300.0)
    assert evidence.periodic is evidence.periodic and evidence.level is evidence.level


def test_the_level_is_that_of_the_band_smoothed_at_every_sample() -> None:
    grid, signal = FrameGrid(16000), speech(16000)
    sections = scipy.signal.butter(2, (64.0, 600.0), "bandpass", fs=16000, output="sos")
    half = round(0.03 * 16000 / 2)
    window = np.hanning(2 * half + 3)[1:-1]
    padded = np.zeros(max(len(signal), int(grid.centres(grid.frames(len(signal)))[-1]) + 1) + 2 * half)
    padded[half : half + len(signal)] = signal
    band = scipy.signal.sosfiltfilt(sections, padded, padlen=min(len(padded) - 1, 15))
    energy = np.convolve(band**2, window / window.sum(), "valid")[grid.centres(grid.frames(len(signal)))]
    level = 10.0 * np.log10(np.maximum(energy, 1e-14))
    expected = level - np.percentile(level[level >= level.max() - 40.0], 95)
    np.testing.assert_allclose(low_band_level(signal, grid, 80.0, 300.0), expected, atol=1e-9)


def test_the_two_states_take_the_best_path_of_both() -> None:
    rng = np.random.default_rng(1)
    for size in (0, 1, 2, 40, 500):
        evidence = rng.normal(0.0, 2.0, size)
        score, stay = np.zeros(2), np.zeros((size, 2), dtype=bool)
        for t, value in enumerate(evidence):
            stay[t] = score >= score[::-1] - 3.0
            score = np.maximum(score, score[::-1] - 3.0) + value * np.array([-0.5, 0.5])
        state, path = int(score[1] > score[0]), []
        for t in range(size - 1, -1, -1):
            path.append(bool(state))
            state = state if stay[t, state] else 1 - state
        assert two_state_path(evidence, 3.0).tolist() == path[::-1]
