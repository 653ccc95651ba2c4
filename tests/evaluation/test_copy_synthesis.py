"""Copy synthesis: what is written, continued, refused and named."""

import json
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

import tts.evaluation.copy_scores
from tts.analysis.world import AnalysisSettings
from tts.analysis.world import streams as main_streams
from tts.core.audio import read_audio
from tts.core.errors import UsageError
from tts.core.grid import FrameGrid
from tts.core.processes import Failure, parallel_map
from tts.dataset.prepared import Packed
from tts.evaluation.copy_scores import copy_split
from tts.evaluation.copy_synthesis import write_copies
from tts.recipe import load_recipe

GRID = FrameGrid(22050)
FRAMES = 120
IDS = ("a", "b", "c")


def vowel(f0: float, c0: float = -4.0) -> dict[str, np.ndarray]:
    """Streams of a steady voiced sound."""
    mcep = np.zeros((FRAMES, 60), np.float32)
    mcep[:, :3] = c0, 1.0, 0.3
    flat = np.ones((FRAMES, 1), np.float32)
    bap = np.full((FRAMES, GRID.bands), -20.0, np.float32)
    return {"mcep": mcep, "lf0": np.log(f0) * flat, "vuv": flat, "bap": bap, "gammatone": flat}


@pytest.fixture
def prepared(tmp_path: Path) -> SimpleNamespace:
    sounds = [vowel(120.0 + 20.0 * n) for n in range(len(IDS))]
    packed = Packed(
        ids=IDS,
        vectors=np.zeros((3 * len(IDS), 1)),
        durations=np.tile([[10], [FRAMES - 20], [10]], (len(IDS), 1)),
        silent=np.tile([True, False, True], len(IDS)),
        segment_starts=np.arange(len(IDS) + 1) * 3,
        frame_starts=np.arange(len(IDS) + 1) * FRAMES,
        streams={name: np.concatenate([sound[name] for sound in sounds]) for name in sounds[0]},
        segment_streams={},
    )
    recipe = load_recipe(Path(__file__).parents[2] / "recipes" / "demo")
    return SimpleNamespace(
        folder=tmp_path / "prepared",
        fingerprint="0123",
        basis="0123",
        grid=GRID,
        streams={stream.name: stream for stream in main_streams(GRID, AnalysisSettings())},
        recipe=recipe,
        f0_range=lambda speaker: (71.0, 400.0),
        speaker_of=lambda key: "one",
        packed=lambda split: packed,
    )


def test_copies_are_written_and_do_not_clip(tmp_path: Path) -> None:
    broken = {**vowel(150.0), "bap": np.zeros((3, 1))}
    sounds = [vowel(150.0), vowel(150.0, c0=3.0), broken]
    packed = SimpleNamespace(ids=("quiet", "loud", "broken"), utterance=lambda number: sounds[number])
    copies = write_copies(packed, [0, 1, 2], GRID, tmp_path, workers=0)
    assert copies[:2] == [tmp_path / "quiet.wav", tmp_path / "loud.wav"]
    assert isinstance(copies[2], Failure)
    assert "stream bap has shape" in copies[2].message
    (quiet, rate), (loud, _) = read_audio(copies[0]), read_audio(copies[1])
    assert rate == GRID.sample_rate
    assert GRID.frames(len(quiet)) == FRAMES
    assert 0.0 < np.abs(quiet).max() < 0.9
    assert np.abs(loud).max() > 0.99
    np.testing.assert_allclose(loud / np.abs(loud).max(), quiet / np.abs(quiet).max(), atol=1e-2)  # scaled, not clipped


def test_a_split_is_copied_by_the_workers_asked_for(prepared: SimpleNamespace, tmp_path: Path, monkeypatch) -> None:
    asked = []

    def watched(function, items, *, workers=None, label=""):
        asked.append(workers)
        return parallel_map(function, items, workers=0)

    monkeypatch.setattr("tts.evaluation.copy_synthesis.parallel_map", watched)
    monkeypatch.setattr("tts.analysis.extract.parallel_map", watched)
    text = copy_split(prepared, tmp_path / "out", workers=3).text
    assert asked == [3, 3]
    assert text == (tmp_path / "out" / "scores.md").read_text(encoding="utf-8")
    result = json.loads((tmp_path / "out" / "scores.json").read_text(encoding="utf-8"))
    pooled = result["systems"]["copy synthesis"]["pooled"]
    assert pooled["utterances"] == 3
    assert pooled["frames"] == 3 * (FRAMES - 20)
    assert pooled["f0_rmse"] < 1.0  # a steady pitch is found again
    assert result["failed"] == {}


def test_an_interrupted_run_continues(prepared: SimpleNamespace, tmp_path: Path, monkeypatch) -> None:
    out = tmp_path / "out"

    def interrupted(packed, numbers, *rest, **options):
        write_copies(packed, numbers[:2], *rest, **options)
        raise KeyboardInterrupt

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(tts.evaluation.copy_scores, "write_copies", interrupted)
        copy_split(prepared, out, workers=0)
    before = {path: path.stat().st_mtime_ns for path in out.glob("*.wav")}
    assert len(before) == 2
    copy_split(prepared, out, workers=0)
    assert len(list(out.glob("*.wav"))) == 3
    assert {path: path.stat().st_mtime_ns for path in before} == before


def test_a_folder_of_something_else_is_refused(prepared: SimpleNamespace, tmp_path: Path) -> None:
    mine = tmp_path / "mine"
    mine.mkdir()
    (mine / "notes.txt").write_text("keep")
    for taken in (mine, mine / "notes.txt"):
        with pytest.raises(UsageError, match=r"was not made by tts resynthesise|is a file; --out names a folder"):
            copy_split(prepared, taken, workers=0)
    assert [path.name for path in mine.iterdir()] == ["notes.txt"]
    copy_split(prepared, tmp_path / "out", workers=0)
    with pytest.raises(UsageError, match="another split or preparation"):
        copy_split(prepared, tmp_path / "out", split="validation", workers=0)
    prepared.fingerprint = "4567"  # a task more: the same recordings
    copy_split(prepared, tmp_path / "out", workers=0)
    prepared.basis = "4567"
    with pytest.raises(UsageError, match="another split or preparation"):
        copy_split(prepared, tmp_path / "out", workers=0)


def test_copies_are_made_by_the_vocoder_asked_for(prepared: SimpleNamespace, tmp_path: Path) -> None:
    text = copy_split(prepared, tmp_path / "world", workers=0).text
    other = copy_split(prepared, tmp_path / "other", vocoder="source_filter", workers=0)
    assert text.startswith("# Copy synthesis, test")
    assert other.text.startswith("# Copy synthesis by source_filter, test")
    assert other.pooled["f0_rmse"] is not None
    assert other.pooled["f0_rmse"] < 1.0
    assert (tmp_path / "world" / "a.wav").read_bytes() != (tmp_path / "other" / "a.wav").read_bytes()
    with pytest.raises(UsageError, match="by another vocoder"):
        copy_split(prepared, tmp_path / "world", vocoder="source_filter", workers=0)


def test_what_fails_is_left_out_and_named(prepared: SimpleNamespace, tmp_path: Path) -> None:
    prepared.packed("test").streams["bap"][:FRAMES] = np.nan
    text = copy_split(prepared, tmp_path / "out", workers=0).text
    assert "* a: stream bap has values that are not finite" in text
    result = json.loads((tmp_path / "out" / "scores.json").read_text(encoding="utf-8"))
    assert list(result["failed"]) == ["a"]
    assert list(result["systems"]["copy synthesis"]["utterances"]) == ["b", "c"]
