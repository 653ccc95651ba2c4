"""Pictures are written, whole or not at all; what they show was looked at by eye."""

import sys

import numpy as np
import pytest

from tts.core.errors import TtsError, UsageError
from tts.evaluation.pictures import LabelledSignal, draw_global_variance, draw_spectrograms, draw_trajectories

RATE = 16000


def tone(frequency, seconds=0.5):
    return 0.5 * np.sin(2 * np.pi * frequency * np.arange(int(seconds * RATE)) / RATE)


def test_spectrogram_shows_a_tone_at_its_frequency(tmp_path):
    image = pytest.importorskip("matplotlib.image")
    path = tmp_path / "tone.png"
    draw_spectrograms(path, [LabelledSignal("2 kHz of 8", tone(2000))], RATE, 0.005)
    pixels = image.imread(str(path))[:, :, :3].sum(axis=2)
    column = pixels[:, int(0.3 * pixels.shape[1])]  # beside the title and the tick labels
    dark = np.flatnonzero(column < 0.3)  # the ground of the spectrogram
    bright = np.flatnonzero((column > 1.5) & (np.arange(len(column)) > dark[0]) & (np.arange(len(column)) < dark[-1]))
    height = (dark[-1] - bright.mean()) / (dark[-1] - dark[0])
    assert height == pytest.approx(0.25, abs=0.02)


def test_every_picture_is_written(tmp_path):
    pytest.importorskip("matplotlib")
    rng = np.random.default_rng(0)
    f0 = np.where(np.arange(101) % 40 < 25, 150.0, 0.0)
    sounds = [
        LabelledSignal("natural", tone(300), f0),
        LabelledSignal("silent", np.zeros(RATE), np.zeros(200)),
        LabelledSignal("short", tone(200, 0.01)),
    ]
    draw_spectrograms(tmp_path / "s.png", sounds, RATE, 0.005, top=4000.0)
    draw_trajectories(tmp_path / "t.png", rng.normal(size=(200, 25)), {"single": rng.normal(size=(200, 25))}, 0.005, [1, 24])
    draw_global_variance(tmp_path / "v.png", np.geomspace(1, 0.01, 24), {"single": np.geomspace(0.5, 0.001, 24)})
    for name in "stv":
        assert (tmp_path / f"{name}.png").read_bytes().startswith(b"\x89PNG")
    assert len(list(tmp_path.iterdir())) == 3


def test_what_cannot_be_drawn_is_refused(tmp_path, monkeypatch):
    pytest.importorskip("matplotlib")
    with pytest.raises(UsageError, match=r"coefficients \[25\] must be among 0\.\.24"):
        draw_trajectories(tmp_path / "t.png", np.zeros((9, 25)), {}, 0.005, [25])
    with pytest.raises(UsageError, match="pictures are written as"):
        draw_global_variance(tmp_path / "v.pdf", np.ones(3), {})
    with pytest.raises(TtsError, match="no signal"):
        draw_spectrograms(tmp_path / "s.png", [], RATE, 0.005)
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    with pytest.raises(UsageError, match=r"pip install 'stacked-tts\[viz\]'"):
        draw_global_variance(tmp_path / "v.png", np.ones(3), {})
    assert not list(tmp_path.iterdir())
