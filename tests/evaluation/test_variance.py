"""Global variance and modulation spectrum on trajectories whose answer is known."""

import numpy as np
import pytest
from scipy import signal

from tts.core.errors import TtsError
from tts.evaluation.scores import Scores, pool
from tts.evaluation.variance import gv_ratio, gv_ratios, modulation_spectrum, modulation_sums, variance_sums

SHIFT = 0.005  # 200 frames a second


def speechlike(seed, frames=1000, order=12):
    rng = np.random.default_rng(seed)
    smooth = signal.lfilter([1.0], [1.0, -0.8], rng.normal(size=(frames, order + 1)), axis=0)
    lf0 = 5.0 + 0.1 * np.sin(np.arange(frames) / 30)[:, None]
    return {"mcep": smooth, "lf0": lf0, "vuv": (rng.random((frames, 1)) < 0.7).astype(float)}


def scaled(source, factor, dimensions=slice(1, None)):
    mcep = source["mcep"].copy()
    mcep[:, dimensions] *= factor
    return {**source, "mcep": mcep}


def test_scaling_a_trajectory_scales_its_variance_by_the_square():
    natural = speechlike(1)
    sums = variance_sums(natural, scaled(natural, 0.5))
    assert gv_ratios(sums, "mcep") == pytest.approx(np.full(12, 0.25))
    assert gv_ratio(sums, "mcep") == pytest.approx(0.25)
    assert gv_ratio(sums, "lf0") == pytest.approx(1.0)


def test_offsets_and_the_energy_do_not_matter():
    natural = speechlike(1)
    generated = {**natural, "mcep": natural["mcep"] + 3.0}
    generated["mcep"][:, 0] *= 9.0
    assert Scores(variance_sums(natural, generated))["gv_mcep"] == pytest.approx(1.0)


def test_averages_over_dimensions():
    natural = speechlike(2, order=2)
    sums = variance_sums(natural, scaled(scaled(natural, 2.0, 1), 0.5, 2))  # ratios 4 and 1/4
    assert gv_ratio(sums, "mcep", "geometric") == pytest.approx(1.0)
    assert gv_ratio(sums, "mcep", "arithmetic") == pytest.approx((4 + 0.25) / 2)


def test_a_sinusoid_has_half_its_squared_amplitude_as_variance():
    t = np.arange(400)
    natural = {"mcep": np.stack([t, np.sin(2 * np.pi * t / 40)], axis=1), "lf0": np.ones((400, 1)), "vuv": np.zeros((400, 1))}
    sums = variance_sums(natural, scaled(natural, 0.3))
    assert sums["gv_mcep_natural"] == pytest.approx([0.5])
    assert sums["gv_mcep_generated"] == pytest.approx([0.5 * 0.09])
    assert "gv_lf0_natural" not in sums  # no voiced frame


def test_pooling_averages_variances_before_dividing():
    a, b = speechlike(3, order=1), speechlike(4, order=1)
    pooled = pool([Scores(variance_sums(a, scaled(a, 0.5))), Scores(variance_sums(b, b))])
    va, vb = (x["mcep"][:, 1].var() for x in (a, b))
    assert pooled["gv_mcep"] == pytest.approx((va / 4 + vb) / (va + vb))


def test_masks_and_lengths_may_differ():
    natural = speechlike(5)
    shorter = {name: values[:600] for name, values in natural.items()}
    keep = np.arange(1000) < 600
    assert Scores(variance_sums(natural, shorter, keep, np.ones(600, bool)))["gv_mcep"] == pytest.approx(1.0)


def test_a_constant_dimension_makes_the_geometric_ratio_zero():
    natural = speechlike(6)
    assert Scores(variance_sums(natural, scaled(natural, 0.0)))["gv_mcep"] == 0.0


@pytest.mark.parametrize("window", [64, 128, 256])
def test_the_modulation_spectrum_reads_a_sinusoids_amplitude(window):
    frequency = 25.0
    t = np.arange(2000) * SHIFT
    spectrum = modulation_spectrum(0.7 * np.sin(2 * np.pi * frequency * t)[:, None], window)
    peak = round(frequency * SHIFT * window)
    assert spectrum.shape == ((2000 - window) // (window // 2) + 1, window // 2 + 1, 1)
    assert spectrum[:, peak, 0] == pytest.approx(np.full(len(spectrum), 20 * np.log10(0.7)), abs=0.05)
    assert spectrum[:, peak + 5, 0].max() < -40


@pytest.mark.parametrize("factor", [0.1, 0.5, 2.0])
def test_scaling_is_its_level_in_decibels(factor):
    natural = speechlike(7)
    sums = modulation_sums(natural, scaled(natural, factor), None, SHIFT)
    assert Scores(sums)["modulation"] == pytest.approx(abs(20 * np.log10(factor)), rel=1e-6)


def test_a_low_pass_filter_shows_as_its_response():
    natural = speechlike(8, frames=20000, order=3)
    numerator, denominator = signal.butter(2, 20.0, fs=1 / SHIFT)
    generated = {**natural, "mcep": signal.lfilter(numerator, denominator, natural["mcep"], axis=0)}
    sums = modulation_sums(natural, generated, None, SHIFT)
    difference = ((sums["ms_generated"] - sums["ms_natural"]) / sums["ms_segments"]).mean(axis=1)
    bins = np.arange(1, 33) / (128 * SHIFT)
    response = 20 * np.log10(np.abs(signal.freqz(numerator, denominator, bins, fs=1 / SHIFT)[1]))
    assert bins[-1] == 50.0
    assert difference == pytest.approx(response, abs=0.6)
    assert Scores(sums)["modulation"] == pytest.approx(np.sqrt((response**2).mean()), abs=0.4)


def test_reads_from_the_first_to_the_last_kept_frame():
    natural = speechlike(9)
    edges = {**natural, "mcep": natural["mcep"].copy()}
    edges["mcep"][:100] = 0.0
    edges["mcep"][900:] = 0.0
    keep = (np.arange(1000) >= 100) & (np.arange(1000) < 900) & (np.arange(1000) % 7 > 0)
    assert Scores(modulation_sums(natural, edges, keep, SHIFT))["modulation"] == 0.0
    assert modulation_sums(natural, edges, np.arange(1000) == 4, SHIFT) == {}


def test_short_input_is_padded_and_silly_windows_refused():
    assert modulation_spectrum(np.random.default_rng(0).normal(size=(2, 3)), 64).shape == (1, 33, 3)
    with pytest.raises(TtsError, match="outside 16"):
        modulation_spectrum(np.zeros((100, 1)), 8)
    with pytest.raises(TtsError, match="two frames"):
        modulation_spectrum(np.zeros((1, 1)))
