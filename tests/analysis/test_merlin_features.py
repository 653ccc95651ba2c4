"""Merlin's feature files: bytes, level, voicing, lengths; and the level against the tool's own definition."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tts.analysis.merlin import read_merlin, write_merlin
from tts.analysis.world import Parameters, analyse
from tts.core.errors import TtsError
from tts.core.grid import FrameGrid

GRID = FrameGrid(16000, 5.0, 0.58)


def parameters(frames: int = 20) -> Parameters:
    random = np.random.default_rng(3)
    voiced = (np.arange(frames) % 7 > 2).astype(float)[:, None]
    lf0 = 5.0 + 0.1 * random.standard_normal((frames, 1))
    return Parameters(random.standard_normal((frames, 60)), lf0, voiced, -10.0 * random.random((frames, 1)))


def test_files_are_plain_little_endian_floats_a_frame_after_the_other(tmp_path: Path) -> None:
    given = parameters()
    write_merlin(tmp_path, "a", given)
    mgc = np.fromfile(tmp_path / "mgc" / "a.mgc", "<f4").reshape(-1, 60)
    lf0 = np.fromfile(tmp_path / "lf0" / "a.lf0", "<f4")
    assert (lf0 == np.float32(-1e10)).tolist() == (given.vuv[:, 0] == 0).tolist()
    np.testing.assert_allclose(mgc[:, 1:], given.mcep[:, 1:], rtol=1e-6)
    np.testing.assert_allclose(mgc[:, 0], given.mcep[:, 0] + np.log(32768), rtol=1e-6)
    back = read_merlin(tmp_path, "a", GRID, 59, 20, 100.0)
    np.testing.assert_allclose(back.mcep, given.mcep, atol=1e-5)
    np.testing.assert_array_equal(back.vuv, given.vuv)
    np.testing.assert_allclose(back.bap, given.bap, rtol=1e-6)
    unvoiced = np.interp(np.arange(20), np.flatnonzero(given.vuv[:, 0]), given.lf0[given.vuv[:, 0] > 0, 0])
    np.testing.assert_allclose(back.lf0[:, 0], unvoiced, rtol=1e-6)


def test_the_level_is_that_of_sixteen_bit_samples() -> None:
    """Merlin multiplies the root of WORLD's power by 32768 (sopr -R -m 32768.0): as if the samples were 32768 times larger."""
    time = np.arange(8000) / 16000
    signal = 0.3 * np.sin(2 * np.pi * 150 * time) + 0.01 * np.random.default_rng(0).standard_normal(8000)
    small, large = (analyse(scale * signal, GRID, (80.0, 300.0)).mcep for scale in (1.0, 32768.0))
    np.testing.assert_allclose(large[5:-5, 0] - small[5:-5, 0], np.log(32768.0), atol=1e-3)
    np.testing.assert_allclose(large[5:-5, 1:], small[5:-5, 1:], atol=1e-3)


def test_files_beside_each_other_are_found_too(tmp_path: Path) -> None:
    write_merlin(tmp_path, "a", parameters())
    for name in ("mgc", "lf0", "bap"):
        (tmp_path / name / f"a.{name}").rename(tmp_path / f"a.{name}")
    assert read_merlin(tmp_path, "a", GRID, 59, 20, 100.0).mcep.shape == (20, 60)


def test_a_few_frames_more_or_less_are_cut_or_repeated(tmp_path: Path) -> None:
    write_merlin(tmp_path, "a", parameters(20))
    assert len(read_merlin(tmp_path, "a", GRID, 59, 15, 100.0).mcep) == 15
    longer = read_merlin(tmp_path, "a", GRID, 59, 25, 100.0)
    np.testing.assert_array_equal(longer.mcep[19:], np.repeat(longer.mcep[19:20], 6, axis=0))
    with pytest.raises(TtsError, match="has 20 frames of order 59, the recording has 26"):
        read_merlin(tmp_path, "a", GRID, 59, 26, 100.0)


def test_nothing_voiced_takes_the_speakers_middle(tmp_path: Path) -> None:
    given = parameters()
    write_merlin(tmp_path, "a", Parameters(given.mcep, given.lf0, np.zeros_like(given.vuv), given.bap))
    back = read_merlin(tmp_path, "a", GRID, 59, 20, 100.0)
    assert back.vuv.max() == 0.0
    np.testing.assert_allclose(back.lf0, np.log(100.0))


def test_files_of_another_kind_are_refused_by_name(tmp_path: Path) -> None:
    write_merlin(tmp_path, "a", parameters())
    with pytest.raises(TtsError, match=r"a.mgc: 4800 bytes are no whole frames of 37 float32 \(mcep_order 36\)"):
        read_merlin(tmp_path, "a", GRID, 36, 20, 100.0)
    with pytest.raises(TtsError, match=r"a.bap: 80 bytes are no whole frames of 3 float32 \(3 bands at 24000 Hz\)"):
        read_merlin(tmp_path, "a", FrameGrid(24000), 59, 20, 100.0)
    np.zeros(30, "<f4").tofile(tmp_path / "lf0" / "a.lf0")
    with pytest.raises(TtsError, match=r"a.mgc has 20 frames, .lf0 30 and .bap 20"):
        read_merlin(tmp_path, "a", GRID, 59, 20, 100.0)
    np.full(20, np.nan, "<f4").tofile(tmp_path / "bap" / "a.bap")
    np.zeros(20, "<f4").tofile(tmp_path / "lf0" / "a.lf0")
    with pytest.raises(TtsError, match="not finite"):
        read_merlin(tmp_path, "a", GRID, 59, 20, 100.0)
    (tmp_path / "lf0" / "a.lf0").unlink()
    with pytest.raises(TtsError, match="there is no such feature file"):
        read_merlin(tmp_path, "a", GRID, 59, 20, 100.0)
