import itertools

import numpy as np
import pytest
from synthetic_voice import frame_values, glide, harmonics, noise

from tts.analysis.f0 import TRACKERS, best_path, check_range, find_f0_range, reliable_f0, track
from tts.core.errors import TtsError, UsageError
from tts.core.grid import FrameGrid

SPEAKERS = {"male": (70.0, 180.0), "female": (140.0, 380.0), "child": (250.0, 480.0)}


def error_in_cents(found, f0, grid):
    """Error of every frame but the first and last five, and the share of them without F0."""
    truth = frame_values(f0, grid.centres(len(found)))
    inner, truth = found[5:-5], truth[5:-5]
    known = inner > 0
    return 1200 * np.log2(inner[known] / truth[known]), 1 - known.mean()


@pytest.mark.slow
@pytest.mark.parametrize("rate", [16000, 22050, 24000, 44100, 48000])
@pytest.mark.parametrize("speaker", SPEAKERS)
def test_combined_follows_a_rise_and_a_fall(speaker, rate):
    low, high = SPEAKERS[speaker]
    grid = FrameGrid(rate)
    f0 = np.concatenate([glide(low, high, 0.5, rate), glide(high, low, 0.5, rate)])
    cents, missing = error_in_cents(track("combined", harmonics(f0, rate), grid, max(50, 0.6 * low), 1.6 * high), f0, grid)
    assert missing == 0
    assert np.abs(cents).max() < 100  # no octave errors, and nothing that is heard
    assert np.median(np.abs(cents)) < 12


@pytest.mark.parametrize("tracker", TRACKERS)
def test_every_tracker_keeps_the_octave_in_noise(tracker):
    grid = FrameGrid(24000)
    f0 = np.concatenate([glide(110, 220, 0.6, 24000), glide(220, 120, 0.6, 24000)])
    signal = harmonics(f0, 24000) + noise(1.2, 24000, 0.01)
    cents, missing = error_in_cents(track(tracker, signal, grid, 80, 400), f0, grid)
    assert missing < 0.05
    assert np.mean(np.abs(cents) > 100) < 0.01


def test_a_missing_fundamental_is_heard_all_the_same():
    grid = FrameGrid(16000)
    t = np.arange(16000) / 16000
    signal = sum(np.cos(2 * np.pi * 150 * k * t + k) for k in range(3, 12)) * 0.05
    signal = signal + 0.02 * np.cos(2 * np.pi * 150 * t)  # the level of the band counts; the period is that of the others
    found = track("combined", signal, grid, 80, 400)
    np.testing.assert_allclose(found[5:-5], 150, rtol=0.005)


@pytest.mark.parametrize("tracker", TRACKERS)
@pytest.mark.parametrize("samples", [1, 10, 1000, 16000])
def test_silence_has_no_f0_and_the_count_of_frames_holds(tracker, samples):
    grid = FrameGrid(16000)
    np.testing.assert_array_equal(track(tracker, np.zeros(samples), grid, 70, 400), np.zeros(grid.frames(samples)))


@pytest.mark.parametrize("tracker", TRACKERS)
@pytest.mark.parametrize("shift", [2.5, 5.0, 10.0])
def test_frame_count_at_a_hop_that_is_not_whole(tracker, shift):
    grid = FrameGrid(22050, shift)
    signal = harmonics(np.full(8000, 150.0), 22050)
    assert len(track(tracker, signal, grid, 70, 400)) == grid.frames(8000)


def test_values_stay_within_the_range():
    grid = FrameGrid(16000)
    signal = np.concatenate([harmonics(glide(60, 500, 1.0, 16000), 16000), noise(0.3, 16000)])
    found = track("combined", signal, grid, 100, 300)
    assert ((found == 0) | ((found >= 100) & (found <= 300))).all()


@pytest.mark.parametrize(("low", "high"), [(40, 400), (80, 900), (300, 200), (200, 220), (float("nan"), 400)])
def test_impossible_ranges_are_refused(low, high):
    with pytest.raises(UsageError, match="f0_range"):
        check_range(low, high)


def test_an_unknown_tracker_names_the_known_ones():
    with pytest.raises(UsageError, match="combined, dio, harvest"):
        track("yin", np.zeros(100), FrameGrid(16000))


@pytest.mark.parametrize("speaker", SPEAKERS)
def test_the_range_holds_the_speaker_and_excludes_octaves(speaker):
    low, high = SPEAKERS[speaker]
    grid = FrameGrid(16000)
    f0 = np.concatenate([glide(low, high, 1.0, 16000), glide(high, low, 1.0, 16000)])
    reliable = reliable_f0(harmonics(f0, 16000), grid)
    assert len(reliable) > 0.8 * grid.frames(len(f0))
    found = find_f0_range(reliable)
    assert found[0] <= low
    assert found[1] >= high
    assert 50 <= found[0] < found[1] <= 800


def test_the_range_is_not_moved_by_octave_errors():
    f0 = np.random.default_rng(0).normal(160, 25, size=5000)
    slipped = np.concatenate([f0, f0[:400] / 2, f0[:400] * 2])
    np.testing.assert_allclose(find_f0_range(slipped), find_f0_range(f0), rtol=0.06)


def test_too_little_voice_for_a_range():
    assert len(reliable_f0(noise(1.0, 16000), FrameGrid(16000))) < 20
    with pytest.raises(TtsError, match="f0_range"):
        find_f0_range(np.full(99, 120.0))


def test_best_path_is_the_best_of_all_paths():
    rng = np.random.default_rng(4)
    f0, strength, jump = rng.uniform(80, 400, (5, 3)), rng.uniform(0, 1, (5, 3)), rng.uniform(0, 1, 5)

    def value(path):
        octaves = np.log2(f0[range(5), path])
        moved = np.abs(np.diff(octaves)) * np.minimum(jump[1:], jump[:-1])
        return strength[range(5), path].sum() - moved.sum()

    best = max(itertools.product(range(3), repeat=5), key=value)
    np.testing.assert_array_equal(best_path(f0, strength, jump), best)
