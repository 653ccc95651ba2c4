"""What is measured of wavs: a recording is itself, a stretched one keeps its variances, a flattened one loses what it lost."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import soundfile
from speech import RATE, TEXTS, recording

from tts.analysis.world import AnalysisSettings, analyse, synthesise
from tts.core.grid import FrameGrid
from tts.evaluation.card_table import card_table, heard_dict
from tts.evaluation.heard import measure_heard, spoken_frames, unpaired_scores
from tts.evaluation.scores import Scores, pool
from tts.evaluation.speech import Judgement

GRID = FrameGrid(RATE)
KEYS = sorted(TEXTS)[:2]
RANGE = (100.0, 400.0)


def test_speech_begins_and_ends_within_40_db_of_the_loudest_frame() -> None:
    signal = np.concatenate([np.full(RATE, 1e-4), np.full(RATE, 0.1), np.zeros(RATE // 2), np.full(RATE, 0.1), np.zeros(RATE)])
    spoken = spoken_frames(signal * np.tile([1.0, -1.0], len(signal) // 2), GRID)
    assert len(spoken) == GRID.frames(len(signal))
    first, last = np.flatnonzero(spoken)[[0, -1]]
    assert (first, last) == (pytest.approx(200, abs=1), pytest.approx(700, abs=1))
    assert spoken[first : last + 1].all()  # the pause is within
    assert not spoken_frames(np.zeros(RATE), GRID).any()


def test_what_is_spoken_slower_is_as_lively_and_what_is_flat_is_not() -> None:
    draw = np.random.default_rng(0)
    steps = draw.normal(size=(400, 3)).cumsum(axis=0) / 10.0
    natural = {"mcep": steps, "lf0": 5.0 + 0.2 * steps[:, :1], "vuv": np.ones((400, 1))}
    every = np.ones(400, bool)
    assert [unpaired_scores(natural, every, natural, every, 0.005)[name] for name in ("gv_mcep", "gv_lf0", "modulation")] == [
        pytest.approx(1.0),
        pytest.approx(1.0),
        pytest.approx(0.0, abs=1e-9),
    ]
    longer = {name: np.concatenate([values, values]) for name, values in natural.items()}
    twice = unpaired_scores(natural, every, longer, np.ones(800, bool), 0.005)
    assert (twice["gv_mcep"], twice["gv_lf0"]) == (pytest.approx(1.0), pytest.approx(1.0))
    flat = {**natural, "mcep": natural["mcep"] / 2.0, "lf0": natural["lf0"] / 3.0}
    scores = unpaired_scores(natural, every, flat, every, 0.005)
    assert scores["gv_mcep"] == pytest.approx(1.0 / 4.0)
    assert scores["gv_lf0"] == pytest.approx(1.0 / 9.0)
    assert scores["modulation"] == pytest.approx(20.0 * np.log10(2.0), abs=1e-6)  # 6 dB at every rate of change
    assert scores["mcd"] is None


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[SimpleNamespace, dict[str, dict[str, Path]]]:
    """Two recordings as a prepared corpus; as copies themselves, as synthetic speech monotone ones a quarter slower."""
    folder = tmp_path_factory.mktemp("heard")
    wavs: dict[str, dict[str, Path]] = {"natural": {}, "copy": {}, "synthetic": {}}
    utterances = []
    for key in KEYS:
        signal = recording(key)
        utterances.append(analyse(signal, GRID, RANGE, AnalysisSettings(24)).to_dict())
        streams = {name: values[np.arange(0, len(values) - 0.5, 0.8).astype(int)] for name, values in utterances[-1].items()}
        streams["lf0"] = np.full_like(streams["lf0"], np.log(200.0))
        for kind, sound in (("natural", signal), ("copy", signal), ("synthetic", synthesise(**streams, grid=GRID))):
            wavs[kind][key] = folder / kind / f"{key}.wav"
            wavs[kind][key].parent.mkdir(exist_ok=True)
            soundfile.write(str(wavs[kind][key]), sound, RATE, subtype="FLOAT")
    packed = SimpleNamespace(
        ids=KEYS,
        utterance=lambda number: utterances[number],
        counted_frames=lambda number: spoken_frames(recording(KEYS[number]), GRID),
    )
    prepared = SimpleNamespace(
        packed=lambda split: packed,
        grid=GRID,
        streams={"mcep": SimpleNamespace(dimension=25)},
        recipe=SimpleNamespace(analysis=SimpleNamespace(f0_tracker="combined")),
        f0_range=lambda speaker: RANGE,
        speaker_of=lambda key: "one",
    )
    return prepared, wavs


@pytest.fixture(scope="module")
def heard(made: tuple[SimpleNamespace, dict[str, dict[str, Path]]]) -> dict[str, dict[str, Scores]]:
    return measure_heard(made[0], "test", made[1], workers=0)


def test_a_copy_that_is_the_recording_differs_in_nothing(heard: dict[str, dict[str, Scores]]) -> None:
    copy = pool(heard["copy"].values())
    assert copy.utterances == 2
    assert copy["mcd"] == pytest.approx(0.0, abs=1e-4)
    assert (copy["gv_mcep"], copy["gv_lf0"]) == (pytest.approx(1.0, abs=1e-4), pytest.approx(1.0, abs=1e-4))


def test_monotone_speech_of_other_durations_keeps_its_spectra_and_loses_its_melody(heard: dict[str, dict[str, Scores]]) -> None:
    monotone = pool(heard["synthetic"].values())
    assert monotone["mcd"] is None
    assert 0.7 < monotone["gv_mcep"] < 1.3
    assert monotone["gv_lf0"] < 0.1
    assert monotone["modulation"] > 0.5


def test_a_wav_that_cannot_be_analysed_has_no_scores(made: tuple[SimpleNamespace, dict], tmp_path: Path) -> None:
    prepared, wavs = made
    (tmp_path / "bad.wav").write_bytes(b"RIFF")
    broken = {**wavs, "synthetic": {**wavs["synthetic"], KEYS[0]: tmp_path / "bad.wav"}, "copy": {}}
    assert [*measure_heard(prepared, "test", broken, workers=0)["synthetic"]] == KEYS[1:]


def opinions(**ratings: float) -> dict[str, Scores]:
    return {
        key: Scores({"judged": np.asarray(1.0), **{name: np.asarray(value) for name, value in ratings.items()}}) for key in KEYS
    }


def test_the_table_of_a_card_says_what_was_measured_and_invents_nothing(heard: dict[str, dict[str, Scores]]) -> None:
    judgement = Judgement(
        {kind: opinions(distillmos=score, p808=3.5) for kind, score in (("natural", 4.2), ("copy", 3.8), ("synthetic", 4.0))},
        {"arctic_x": "copy speech: is silence"},
    )
    text = "\n".join(card_table(heard["copy"], heard, judgement, "test"))
    rows = [[cell.strip() for cell in line.split("|")[1:-1]] for line in text.splitlines() if line.startswith("| ")]
    table = {row[0]: dict(zip(rows[0][1:], row[1:], strict=True)) for row in rows[2:]}
    assert rows[0] == ["speech", "MCD", "GV mcep", "GV lf0", "Mod. spec.", "DistillMOS", "P.808"]  # no words were counted
    natural = {"MCD": "", "GV mcep": "1", "GV lf0": "1", "Mod. spec.": "0", "DistillMOS": "4.20 [4.20, 4.20]"}
    assert table["natural"] == {**natural, "P.808": "3.50 [3.50, 3.50]"}
    assert table["copy synthesis"]["MCD"].startswith("0.000 [0.000, 0.000]")
    assert table["this voice, from the text"]["MCD"] == ""
    assert table["this voice, from the text"]["DistillMOS"].startswith("4.00 ")
    assert table["this voice, natural durations, before the post-filter"]["DistillMOS"] == ""
    assert "2 test sentences" in text and "Nothing is chosen on test sentences" in text
    assert "* arctic_x: copy speech: is silence" in text
    assert "Settings may have been chosen on these sentences" in "\n".join(card_table({}, {}, judgement, "validation"))
    plain = heard_dict(heard)
    assert plain["scores"]["synthetic"]["mcd"] is None
    assert plain["intervals"]["copy"]["gv_mcep"]["estimate"] == plain["scores"]["copy"]["gv_mcep"]


def test_a_voice_with_an_edit_is_shown_without_it_too_and_the_difference_by_sentence(
    heard: dict[str, dict[str, Scores]],
) -> None:
    kinds = (("natural", 4.2), ("copy", 3.8), ("unedited", 3.9), ("synthetic", 4.0))
    judgement = Judgement({kind: opinions(distillmos=score, p808=3.5) for kind, score in kinds}, {})
    text = "\n".join(card_table(heard["copy"], {**heard, "unedited": heard["copy"]}, judgement, "test"))
    rows = [line.split("|")[1].strip() for line in text.splitlines() if line.startswith("| ")]
    assert rows[2:] == [
        "natural",
        "copy synthesis",
        "this voice, natural durations, before the post-filter",
        "this voice without its edit, from the text",
        "this voice, from the text",
    ]
    assert "paired by sentence: DistillMOS +0.10 [+0.10, +0.10], P.808 +0.00 [+0.00, +0.00]" in text
