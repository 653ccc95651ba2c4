import os
import signal
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from synthetic_voice import glide, harmonics, noise

from tts.analysis import extract as module
from tts.analysis.extract import MAIN, AnalysisJob, Extra, Features, extract, extract_one, speaker_f0_range
from tts.core.audio import read_audio, write_wav
from tts.core.errors import TtsError
from tts.core.grid import FrameGrid
from tts.core.processes import Failure

GRID = FrameGrid(16000)


def level(signal, grid, scale=1.0):
    return scale * signal[np.minimum(grid.centres(grid.frames(len(signal))), len(signal) - 1)][:, None]


def one_short(signal, grid):
    return level(signal, grid)[:-1]


def not_finite(signal, grid):
    return np.log(level(signal, grid) * 0)


def crash(signal, grid):
    os.kill(os.getpid(), signal_number())


def signal_number():
    return signal.SIGKILL


@pytest.fixture
def jobs(tmp_path):
    found = []
    for i in range(3):
        path = tmp_path / f"u{i}.wav"
        write_wav(path, harmonics(glide(120 + 10 * i, 200, 0.3, 16000), 16000), 16000)
        found.append(AnalysisJob(f"u{i}", path, GRID, (80.0, 400.0)))
    return found


@pytest.fixture
def analysed(monkeypatch):
    """Which recordings were really analysed, by their number of samples."""
    seen = []
    analyse = module.analyse
    monkeypatch.setattr(module, "analyse", lambda signal, *rest: (seen.append(len(signal)), analyse(signal, *rest))[1])
    return seen


def stamps(folder: Path) -> dict[Path, int]:
    return {path: path.stat().st_mtime_ns for path in folder.rglob("*") if path.is_file()}


def test_streams_come_back_as_float32_in_the_order_of_the_jobs(jobs, tmp_path):
    results = extract(jobs, tmp_path / "cache", workers=0)
    assert [result.id for result in results] == ["u0", "u1", "u2"]
    streams = results[0].load()
    assert set(streams) == {"mcep", "lf0", "vuv", "bap"}
    assert all(values.dtype == np.float32 and len(values) == results[0].frames == 61 for values in streams.values())


def test_what_is_done_is_not_done_again(jobs, tmp_path, analysed):
    cache = tmp_path / "cache"
    extract(jobs[:2], cache, workers=0)  # an interrupted run
    before = stamps(cache)
    extract(jobs, cache, workers=0)
    assert len(analysed) == 3
    assert before.items() <= stamps(cache).items()


def test_a_new_extra_leaves_the_rest_alone(jobs, tmp_path, analysed):
    cache = tmp_path / "cache"
    extract(jobs, cache, workers=0)
    before = stamps(cache)
    more = [replace(job, extras=(Extra("level", level, {"scale": 2.0}),)) for job in jobs]
    results = extract(more, cache, workers=0)
    assert len(analysed) == 3
    assert before.items() <= stamps(cache).items()
    samples, _ = read_audio(jobs[0].audio)
    np.testing.assert_allclose(results[0].load()["level"], level(samples, GRID, 2.0), rtol=1e-6)
    again = extract([replace(job, extras=(Extra("level", level),)) for job in jobs], cache, workers=0)
    np.testing.assert_allclose(again[0].load()["level"], level(samples, GRID), rtol=1e-6)


def test_content_and_settings_name_the_result(jobs, tmp_path):
    cache, job = tmp_path / "cache", jobs[0]
    first = extract_one(job, cache)
    changed = [
        replace(job, f0_range=(90.0, 400.0)),
        replace(job, settings=replace(job.settings, mcep_order=24)),
        replace(job, settings=replace(job.settings, f0_tracker="dio")),
        replace(job, grid=FrameGrid(16000, 10.0)),
    ]
    paths = {*(extract_one(other, cache).paths[MAIN] for other in changed), first.paths[MAIN]}
    assert len(paths) == 5
    write_wav(job.audio, noise(0.3, 16000), 16000)
    assert extract_one(job, cache).paths[MAIN] not in paths


@pytest.mark.parametrize("damage", [b"", b"rubbish", None])
def test_a_damaged_result_is_made_again(jobs, tmp_path, damage):
    good = extract_one(jobs[0], tmp_path / "cache")
    path, expected = good.paths[MAIN], good.load()
    path.write_bytes(path.read_bytes()[:-50] if damage is None else damage)
    with pytest.raises(TtsError, match="not readable"):
        good.load()
    np.testing.assert_array_equal(extract_one(jobs[0], tmp_path / "cache").load()["mcep"], expected["mcep"])


def test_broken_recordings_are_reported_and_the_rest_goes_on(jobs, tmp_path):
    rubbish = tmp_path / "rubbish.wav"
    rubbish.write_bytes(b"RIFF????WAVE")
    broken = [
        replace(jobs[0], audio=tmp_path / "none.wav"),
        replace(jobs[0], audio=rubbish),
        replace(jobs[0], grid=FrameGrid(48000)),
        replace(jobs[0], extras=(Extra("short", one_short),)),
        replace(jobs[0], extras=(Extra("infinite", not_finite),)),
    ]
    with np.errstate(divide="ignore"):
        results = extract([*broken, jobs[1]], tmp_path / "cache", workers=0)
    messages = [result.message for result in results if isinstance(result, Failure)]
    for message, expected in zip(
        messages, ["no such audio file", "not readable", "recorded at 16000 Hz", "shape", "not finite"], strict=True
    ):
        assert expected in message
    assert isinstance(results[-1], Features)


@pytest.mark.slow
def test_a_worker_that_dies_takes_one_recording_with_it(jobs, tmp_path):
    mortal = [replace(jobs[0], extras=(Extra("crash", crash),)), *jobs[1:]]
    results = extract(mortal, tmp_path / "cache", workers=1)
    assert isinstance(results[0], Failure)
    assert all(isinstance(result, Features) for result in results[1:])
    assert not [path for path in (tmp_path / "cache").rglob("*") if path.name.startswith(".")]


def test_the_range_of_a_speaker(jobs, tmp_path):
    recordings = [(job.audio, job.channel) for job in jobs] + [(tmp_path / "none.wav", "only")]
    low, high = speaker_f0_range(recordings, GRID, workers=0)
    assert 75 <= low <= 110
    assert 300 <= high <= 400
    with pytest.raises(TtsError, match="voiced frames"):
        speaker_f0_range(recordings[3:], GRID, workers=0)
