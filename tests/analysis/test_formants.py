import numpy as np
import pytest
import scipy.signal

from tts.analysis.formants import formant_features, formants, poles, track
from tts.core.errors import UsageError
from tts.core.grid import FrameGrid

RATE = 16000
BANDWIDTHS = np.array([60.0, 90.0, 120.0, 175.0, 250.0])
VOWELS = {  # Peterson and Barney's mean for men, with plausible F4 and F5
    "i": (270, 2290, 3010, 3700, 4500),
    "ae": (660, 1720, 2410, 3500, 4500),
    "a": (730, 1090, 2440, 3400, 4500),
    "u": (300, 870, 2240, 3200, 4500),
    "er": (490, 1350, 1690, 3300, 4500),
}


def vowel(frequencies, pitch, rate=RATE, seconds=0.4):
    """A pulse train with a glottal tilt of -12 dB an octave and lip radiation, through five resonators that may move.

    ``frequencies`` is (5,) or (2, 5): from the first to the second row.
    """
    samples = int(rate * seconds)
    ends = np.broadcast_to(np.asarray(frequencies, dtype=float), (2, 5))
    paths = ends[0] + np.linspace(0, 1, samples)[:, None] * (ends[1] - ends[0])
    phase = np.cumsum(np.linspace(0.95 * pitch, 1.05 * pitch, samples)) / rate
    signal = np.diff(np.floor(phase), prepend=0.0)
    glottis = np.exp(-2 * np.pi * 100.0 / rate)
    signal = np.diff(scipy.signal.lfilter([1.0], [1.0, -2 * glottis, glottis**2], signal), prepend=0.0)
    for path, bandwidth in zip(paths.T, BANDWIDTHS, strict=True):
        radius = np.exp(-np.pi * bandwidth / rate)
        first, second = 2 * radius * np.cos(2 * np.pi * path / rate), -(radius**2)
        output = [0.0, 0.0]
        for x, b in zip(signal.tolist(), first.tolist(), strict=True):
            output.append((1 - b - second) * x + b * output[-1] + second * output[-2])
        signal = np.array(output[2:])
    return 0.5 * signal / np.abs(signal).max()


@pytest.mark.parametrize("pitch", [90, 150, 220])
@pytest.mark.parametrize("name", VOWELS)
def test_vowels_of_known_formants(name, pitch):
    tracks, mask = formants(vowel(VOWELS[name], pitch), FrameGrid(RATE))
    assert mask[10:-10].mean() > 0.95
    error = np.median(tracks[10:-10], axis=0) - VOWELS[name][:4]
    # Harmonics pull F1 by up to a quarter of the pitch; the others come within 40 Hz.
    assert np.abs(error[0]) < max(25.0, pitch / 4)
    assert np.abs(error[1:]).max() < 40.0


@pytest.mark.parametrize("rate", [22050, 48000])
def test_other_rates_and_a_shorter_tract(rate):
    expected = 1.15 * np.array(VOWELS["ae"])
    tracks, _ = formants(vowel(expected, 200, rate=rate), FrameGrid(rate), maximum=5500.0)
    np.testing.assert_allclose(np.median(tracks[10:-10], axis=0), expected[:4], atol=55.0)


def test_glide_is_followed():
    grid = FrameGrid(RATE)
    signal = vowel([VOWELS["a"], VOWELS["i"]], 120)
    tracks, _ = formants(signal, grid)
    share = np.arange(len(tracks))[:, None] * grid.shift / 0.4
    expected = np.array(VOWELS["a"])[:4] * (1 - share) + np.array(VOWELS["i"])[:4] * share
    error = np.abs(tracks - expected)[8:-8]
    assert np.median(error, axis=0).max() < 40.0
    assert error.max() < 200.0


def test_silence_and_noise_are_not_valid_and_bridged():
    rng = np.random.default_rng(0)
    signal = np.concatenate([vowel(VOWELS["a"], 120), np.zeros(RATE // 4), vowel(VOWELS["i"], 120)])
    signal += 1e-4 * rng.standard_normal(len(signal))
    tracks, mask = formants(signal, FrameGrid(RATE))
    assert mask[10:70].all()
    assert not mask[90:120].any()
    assert mask[140:200].all()
    f2 = tracks[88:125, 1]  # a straight line from F2 of "a" to that of "i"
    np.testing.assert_allclose(np.diff(f2), np.diff(f2).mean(), rtol=1e-2)
    assert set(np.unique(mask)) == {0.0, 1.0}


@pytest.mark.parametrize(
    "signal", [np.zeros(8000), 0.1 * np.random.default_rng(1).standard_normal(8000)], ids=["silence", "noise"]
)
def test_nothing_voiced_gives_the_neutral_vowel(signal):
    features = formant_features(signal, FrameGrid(RATE))
    assert features.shape == (101, 5)
    assert features[:, 4].mean() < 0.05
    if not features[:, 4].any():
        np.testing.assert_allclose(features[:, :4], np.tile([500, 1500, 2500, 3500], (101, 1)))


def test_poles_of_a_known_polynomial():
    frequency, bandwidth = np.array([600.0, 1400.0]), np.array([80.0, 150.0])
    roots = np.exp((-np.pi * bandwidth + 2j * np.pi * frequency) / 10000.0)
    a = np.poly(np.concatenate([roots, roots.conj(), [0.5, -0.3]])).real
    found, width = poles(a[None], 10000.0)
    np.testing.assert_allclose(found[0, :2], frequency)
    np.testing.assert_allclose(width[0, :2], bandwidth)
    assert np.isinf(found[0, 2])


def test_track_leaves_out_a_frame_that_fits_nowhere():
    usual = np.array([500.0, 1500.0, 2500.0, 3500.0])
    frequency = np.tile(np.append(usual, 4500.0), (20, 1))
    frequency[10] = [1500.0, 2500.0, 3500.0, 4500.0, np.inf]  # F1 was missed
    kept, chosen = track(frequency, np.full((20, 5), 100.0), np.arange(20) * 0.005, usual)
    np.testing.assert_array_equal(kept, np.delete(np.arange(20), 10))
    np.testing.assert_array_equal(chosen, np.tile(usual, (19, 1)))


def test_track_passes_over_a_spurious_pole():
    usual = np.array([500.0, 1500.0, 2500.0, 3500.0])
    frequency = np.tile([500.0, 1500.0, 2500.0, 3500.0, 4500.0], (20, 1))
    bandwidth = np.full((20, 5), 100.0)
    frequency[8:12], bandwidth[8:12, 1] = [500.0, 1000.0, 1500.0, 2500.0, 3500.0], 900.0
    kept, chosen = track(frequency, bandwidth, np.arange(20) * 0.005, usual)
    assert len(kept) == 20
    np.testing.assert_array_equal(chosen, np.tile(usual, (20, 1)))


def test_agrees_with_praat():
    parselmouth = pytest.importorskip("parselmouth")
    signal, grid = vowel([VOWELS["ae"], VOWELS["u"]], 110), FrameGrid(RATE)
    tracks, mask = formants(signal, grid)
    praat = parselmouth.Sound(signal, RATE).to_formant_burg(time_step=0.005, max_number_of_formants=5, maximum_formant=5000)
    expected = np.array([[praat.get_value_at_time(k, t * grid.shift) for k in (1, 2, 3, 4)] for t in range(len(tracks))])
    inside = slice(10, -10)
    assert mask[inside].all()
    assert np.nanmedian(np.abs(tracks - expected)[inside], axis=0).max() < 30.0


def test_impossible_maximum_is_refused():
    for maximum in (3000.0, 8001.0):
        with pytest.raises(UsageError, match="formants: maximum"):
            formants(np.zeros(100), FrameGrid(RATE), maximum=maximum)
