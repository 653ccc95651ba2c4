"""What is measured in recordings, against what was put into them."""

from pathlib import Path

import numpy as np
import pytest
import soundfile
from scipy.signal import fftconvolve
from speech import IDS, RATE, recording

from tts.core.errors import TtsError
from tts.corpora.draft.survey import measure_recording, survey

SILENCE = 0.5  # seconds put before and after each recording
NOISE = -70.0  # dB of full scale, of the noise put everywhere


def speech(key: str, seed: int = 0) -> np.ndarray:
    """A recording with silence at both ends and quiet noise in all of it."""
    pad = np.zeros(round(SILENCE * RATE))
    signal = np.concatenate([pad, recording(key), pad])
    return signal + 10 ** (NOISE / 20) * np.random.default_rng(seed).standard_normal(len(signal))


def write(folder: Path, change=lambda signal: signal, rate: int = RATE, count: int = 8) -> list[Path]:
    paths = []
    for n, key in enumerate(IDS[:count]):
        paths.append(folder / f"{key}.wav")
        soundfile.write(str(paths[-1]), change(speech(key, n)), rate, subtype="PCM_24")
    return paths


def reverberated(seconds: float):
    """Return what puts a signal into a room: noise that falls by 60 dB in so many seconds, after the direct sound."""
    times = np.arange(round(1.2 * seconds * RATE)) / RATE
    tail = np.random.default_rng(7).standard_normal(len(times)) * 10 ** (-3.0 * times / seconds)
    tail *= 0.5 / np.sqrt((tail**2).sum())
    tail[0] = 1.0
    return lambda signal: 0.5 * fftconvolve(signal, tail)[: len(signal)]


def test_ordinary_recordings(tmp_path: Path) -> None:
    result = survey(write(tmp_path))
    assert (result.recordings, result.measured, result.rates, result.channels) == (8, 8, {RATE: 8}, {1: 8})
    lengths = [len(speech(key)) / RATE for key in IDS[:8]]
    assert result.minutes == pytest.approx(sum(lengths) / 60.0)
    assert result.longest == pytest.approx(max(lengths))
    assert result.noise == pytest.approx(NOISE, abs=2.0)
    assert SILENCE - 0.03 < result.leading < SILENCE + 0.2
    assert SILENCE - 0.03 < result.trailing < SILENCE + 0.25
    assert (result.clipped, result.offset, result.hum, result.unreadable) == (0, 0, None, ())
    assert result.quiet_seen
    spoken = np.concatenate([recording(key) for key in IDS[:8]])
    assert result.speech == pytest.approx(10 * np.log10((spoken**2).mean()), abs=2.5)


@pytest.mark.parametrize("mains", [50, 60])
@pytest.mark.parametrize("level", [-62.0, -75.0])
def test_hum_is_found_at_its_frequency(tmp_path: Path, mains: int, level: float) -> None:
    def hum(signal: np.ndarray) -> np.ndarray:
        times = np.arange(len(signal)) / RATE
        lines = sum(np.sin(2 * np.pi * mains * n * times + n) / n for n in (1, 2, 3))
        return signal + 10 ** (level / 20) * lines

    found = survey(write(tmp_path, hum)).hum
    assert found is not None
    assert found.frequency == mains


def test_one_line_is_no_hum(tmp_path: Path) -> None:
    assert survey(write(tmp_path, lambda x: x + 0.0003 * np.sin(2 * np.pi * 100 * np.arange(len(x)) / RATE))).hum is None


def test_offset_and_clipping_are_counted(tmp_path: Path) -> None:
    result = survey(write(tmp_path, lambda signal: np.clip(8 * signal, -0.7, 0.7) + 0.02))
    assert (result.clipped, result.offset) == (8, 8)


def test_a_longer_echo_is_a_longer_guess(tmp_path: Path) -> None:
    guesses = []
    for seconds in (0.0, 0.4, 0.8):
        folder = tmp_path / str(seconds)
        folder.mkdir()
        room = reverberated(seconds) if seconds else lambda signal: signal
        guess = survey(write(folder, room, count=16)).reverberation
        assert guess is not None
        guesses.append(guess)
    assert guesses[0] < 0.35
    assert guesses[1] == pytest.approx(0.4, rel=0.5)
    assert guesses[2] == pytest.approx(0.8, rel=0.5)
    assert guesses[0] < guesses[1] < guesses[2]


def test_the_usual_rate_is_one_that_nearly_all_reach(tmp_path: Path) -> None:
    result = survey([*write(tmp_path, rate=44_100), *write(tmp_path, rate=44_100)])
    assert result.rate == 44_100
    (tmp_path / "more").mkdir()
    mixed = survey([*write(tmp_path, rate=44_100, count=16), *write(tmp_path / "more", rate=22_050, count=8)])
    assert (mixed.rate, mixed.rates) == (22_050, {44_100: 16, 22_050: 8})


def test_what_is_no_sound_is_left_out(tmp_path: Path) -> None:
    good = write(tmp_path, count=2)
    broken = tmp_path / "broken.wav"
    broken.write_bytes(b"RIFF no wav")
    silent = tmp_path / "silent.wav"
    soundfile.write(str(silent), np.zeros(RATE), RATE)
    result = survey([*good, broken, silent])
    assert (result.recordings, result.measured, len(result.unreadable)) == (3, 2, 1)
    assert str(broken) in result.unreadable[0]
    assert measure_recording(silent) is None
    with pytest.raises(TtsError, match="none of 1 recordings can be read"):
        survey([broken])
    with pytest.raises(TtsError, match="holds sound"):
        survey([silent])


def test_the_sample_is_spread_and_bounded(tmp_path: Path) -> None:
    paths = write(tmp_path, count=16)
    assert survey(paths * 10, sample=5).measured == 5
    assert survey(paths * 10, seconds=0.0).measured == 1


def test_lines_in_some_recordings_and_lossy_coding_are_no_hum(tmp_path: Path) -> None:
    def strong(signal: np.ndarray) -> np.ndarray:
        times = np.arange(len(signal)) / RATE
        loud = len(signal) % 2 == 0  # about half of the recordings, and very much so
        return signal + loud * 0.02 * sum(np.sin(2 * np.pi * 60 * n * times) for n in (1, 2, 3, 4))

    paths = write(tmp_path, strong, count=12)
    loud = sum(soundfile.info(str(path)).frames % 2 == 0 for path in paths)
    assert 2 <= loud <= 8
    assert survey(paths).hum is None
    for key, path in zip(IDS, paths, strict=False):
        soundfile.write(str(path.with_suffix(".mp3")), speech(key), RATE, format="MP3", compression_level=0.9)
    assert survey([path.with_suffix(".mp3") for path in paths]).hum is None
