import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from speech import RATE, recording
from synthetic_voice import frame_values, glide, harmonics, noise

from tts.analysis.mcep import to_log_power
from tts.analysis.voicing import pitch
from tts.analysis.world import POWER_FLOOR, AnalysisSettings, analyse, streams, synthesise
from tts.core.errors import TtsError, UsageError
from tts.core.grid import FrameGrid

RANGE = (80.0, 400.0)


def copy_synthesis(signal, grid, f0_range):
    return synthesise(**analyse(signal, grid, f0_range).to_dict(), grid=grid)


@settings(max_examples=25, deadline=None)
@given(
    st.sampled_from([16000, 22050, 24000, 32000, 44100, 48000]),
    st.sampled_from([2.5, 5.0, 7.3, 10.0]),
    st.integers(1, 9000),
    st.booleans(),
)
def test_every_stream_has_the_frames_of_the_grid_and_is_finite(rate, shift, samples, silent):
    grid = FrameGrid(rate, shift)
    signal = np.zeros(samples) if silent else harmonics(np.full(9000, 140.0), rate)[:samples]
    parameters = analyse(signal, grid, RANGE).to_dict()
    for stream in streams(grid):
        assert parameters[stream.name].shape == (grid.frames(samples), stream.dimension)
        assert np.isfinite(parameters[stream.name]).all()


@pytest.mark.slow
@pytest.mark.parametrize("rate", [16000, 22050, 24000, 44100, 48000])
def test_copy_synthesis_keeps_f0_voicing_and_envelope(rate):
    grid = FrameGrid(rate)
    f0 = np.concatenate([glide(120, 260, 0.5, rate), glide(260, 140, 0.5, rate)])
    signal = harmonics(f0, rate) + noise(1.0, rate, 0.001)[: len(f0)]
    copy = copy_synthesis(signal, grid, RANGE)
    assert grid.frames(len(copy)) == grid.frames(len(signal))
    found = pitch(copy, grid, *RANGE)[5:-5]
    assert (found > 0).mean() > 0.98
    cents = 1200 * np.log2(found[found > 0] / frame_values(f0, grid.centres(len(found) + 10))[5:-5][found > 0])
    assert np.sqrt(np.mean(cents**2)) < 40
    below = grid.fft_size * 4000 // rate  # the test signal has nothing but a little noise above
    before, after = (to_log_power(analyse(x, grid, RANGE).mcep, grid)[10:-10, :below] for x in (signal, copy))
    assert 10 / np.log(10) * np.sqrt(np.mean((before - after) ** 2)) < 3.5  # dB


def test_unvoiced_sound_comes_back_as_noise_of_the_same_level():
    grid = FrameGrid(16000)
    signal = noise(1.0, 16000, 0.05)
    copy = copy_synthesis(signal, grid, RANGE)
    assert not analyse(signal, grid, RANGE).vuv.any()
    assert copy.std() == pytest.approx(0.05, rel=0.15)


def test_silence_stays_near_the_floor_and_has_an_f0_to_interpolate():
    grid = FrameGrid(24000)
    parameters = analyse(np.zeros(24000), grid, (100.0, 400.0))
    np.testing.assert_allclose(to_log_power(parameters.mcep, grid), np.log(POWER_FLOOR), atol=1e-6)
    np.testing.assert_allclose(parameters.lf0, np.log(200.0))
    assert not parameters.vuv.any()
    assert not parameters.f0.any()
    assert np.abs(copy_synthesis(np.zeros(24000), grid, RANGE)).max() < 1e-3


def test_the_envelope_of_a_creak_below_the_window_is_not_that_of_500_hz():
    """At 24 kHz CheapTrick's FFT holds F0 down to 70.5 Hz; a voice at 60 must not fall back on a 6 ms window."""
    grid = FrameGrid(24000)
    mcep = [analyse(harmonics(np.full(24000, f0), 24000), grid, (50.0, 200.0)).mcep[20:-20] for f0 in (62.0, 80.0)]
    spread = [values.std(axis=0).sum() for values in mcep]
    assert spread[0] < 2 * spread[1] + 0.1


def test_analysis_and_synthesis_are_reproducible():
    grid = FrameGrid(16000)
    signal = harmonics(np.full(8000, 140.0), 16000)
    first, second = (analyse(signal, grid, RANGE).to_dict() for _ in range(2))
    for name, values in first.items():
        np.testing.assert_array_equal(values, second[name])
    np.testing.assert_array_equal(synthesise(**first, grid=grid), synthesise(**first, grid=grid))


def test_unvoiced_frames_beside_voiced_ones_ignore_lf0_and_bap():
    """WORLD interpolates between frames, so at the edges of a vowel it would hear the aperiodicity of the frame beside it."""
    grid = FrameGrid(RATE)
    streams_of = analyse(recording("arctic_a0030"), grid, RANGE).to_dict()
    unvoiced = streams_of["vuv"][:, 0] < 0.5
    assert 0.2 < unvoiced.mean() < 0.8
    other = {name: values.copy() for name, values in streams_of.items()}
    other["lf0"][unvoiced] += 0.3
    other["bap"][unvoiced] = -40.0
    np.testing.assert_array_equal(synthesise(**other, grid=grid), synthesise(**streams_of, grid=grid))


def test_unvoiced_frames_ignore_lf0_and_bap():
    grid = FrameGrid(24000)
    streams_ = analyse(noise(0.3, 24000), grid, RANGE).to_dict()
    other = streams_ | {"lf0": streams_["lf0"] + 1.0, "bap": streams_["bap"] - 30.0}
    np.testing.assert_array_equal(synthesise(**streams_, grid=grid), synthesise(**other, grid=grid))


@pytest.mark.parametrize("rate", [16000, 22050, 48000])
@pytest.mark.parametrize("frames", [1, 2, 57])
def test_length_of_synthesis(rate, frames):
    grid = FrameGrid(rate)
    zeros = np.zeros((frames, 1))
    signal = synthesise(np.zeros((frames, 60)), zeros + 5, zeros + 1, np.zeros((frames, grid.bands)) - 20, grid)
    assert len(signal) == grid.samples(frames)
    assert grid.frames(len(signal)) == frames


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"lf0": np.full((9, 1), np.nan)}, "lf0 has values that are not finite"),
        ({"lf0": np.full((9, 1), 9.0)}, "F0 of 8103.08"),
        ({"lf0": np.full((9, 1), 1.0)}, "cannot be synthesised"),
        ({"mcep": np.full((9, 60), 1e4)}, "too large"),
        ({"bap": np.zeros((9, 4))}, r"bap has shape \(9, 4\)"),
        ({"vuv": np.ones((8, 1))}, r"vuv has shape \(8, 1\)"),
        ({"mcep": np.zeros((0, 60))}, "no frames"),
    ],
)
def test_what_would_end_the_process_is_refused(change, message):
    good = {"mcep": np.zeros((9, 60)), "lf0": np.full((9, 1), 5.0), "vuv": np.ones((9, 1)), "bap": np.zeros((9, 1))}
    with pytest.raises(TtsError, match=message):
        synthesise(**(good | change), grid=FrameGrid(16000))


@pytest.mark.parametrize("signal", [np.zeros(0), np.zeros((10, 2)), np.array([0.0, np.inf, 0.0])])
def test_bad_signals_are_refused(signal):
    with pytest.raises(TtsError, match="recording"):
        analyse(signal, FrameGrid(16000), RANGE)


def test_settings_are_checked_and_carried():
    with pytest.raises(UsageError, match="f0_tracker"):
        AnalysisSettings(f0_tracker="swipe")
    with pytest.raises(UsageError, match="mcep_order"):
        AnalysisSettings(mcep_order=5)
    settings_ = AnalysisSettings(24, "dio")
    assert AnalysisSettings(**settings_.to_dict()) == settings_
    assert streams(FrameGrid(48000), settings_)[0].dimension == 25
    assert streams(FrameGrid(48000))[3].dimension == 5
