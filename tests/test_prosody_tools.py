"""Tools about prosody: contours are measured as analytic ones say, and the corpus of prominence is read as it is laid out."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from tts.comparison.records import JobRecord, write_record
from tts.evaluation.scores import Scores
from tts.text.sentence import Sentence, Syllable, Word

SHIFT = 0.005


def tool(name: str) -> ModuleType:
    path = Path(__file__).parents[1] / "tools" / f"{name}.py"
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module  # dataclasses look their module up
    spec.loader.exec_module(module)
    return module


def word(text: str, after: str = "") -> Word:
    return Word(text, (Syllable(("t", "a", "n"), 1),), after, bool(after))  # type: ignore[arg-type]


def test_ends_and_commas_are_measured() -> None:
    contours = tool("measure_contours")
    sentence = Sentence("tan, tan.", "en-us", (word("tan", "minor"), word("tan", "major")))
    totals = np.array([10, 20, 20, 20, 60, 20, 40, 40, 10])  # sil t a n pau t a n sil
    pitch = np.full(totals.sum(), np.nan)
    pitch[30:70] = 80.0 - 20.0 * SHIFT * np.arange(40)  # falls by 20 semitones a second, up to the pause
    pitch[150:230] = 84.0 + 10.0 * SHIFT * np.arange(80)  # begins higher and rises
    said = contours.Said("tan, tan.", sentence, totals, pitch, SHIFT)
    values = dict(contours.measures(said, {"t": 20.0, "a": 20.0, "n": 20.0}))
    assert values["final slope, st/s"] == pytest.approx(10.0)
    assert values["slope before commas, st/s"] == pytest.approx(-20.0)
    assert values["final rime, times as long"] == pytest.approx(2.0)
    assert values["pause at commas, share"] == 1.0 and values["length of these, ms"] == pytest.approx(300.0)
    before, after = pitch[50:70].mean(), pitch[150:170].mean()
    assert values["F0 reset over commas, st"] == pytest.approx(after - before)
    assert contours.kind_of_prompt(said) == "a comma"
    means = contours.phone_means([said])
    assert "a" not in means  # only in last syllables before silence


def test_the_corpus_of_prominence_is_read(tmp_path: Path) -> None:
    """A line a word or sign; signs belong to the word before; what was not measured is NaN."""
    data = tool("make_prominence_data")
    path = tmp_path / "dev.txt"
    lines = ["<file>\t1.txt", "'\tNA\tNA\tNA\tNA", "He\t0\t0\t0.250\t0.000", "ran\t2\t2\t4.000\t1.000", ",\tNA\tNA\tNA\tNA"]
    lines += ["mr\tNA\tNA\tNA\tNA", ".\tNA\tNA\tNA\tNA", "<file>\t2.txt", "!\tNA\tNA\tNA\tNA"]
    path.write_text("\n".join(lines), encoding="utf-8")
    (utterance,) = data.read_utterances(path)
    assert utterance.words == ("He", "ran", "mr") and utterance.breaks == ("", "minor", "major")
    np.testing.assert_array_equal(utterance.values, [[0.5, 0.0], [2.0, 1.0], [np.nan, np.nan]])
    assert utterance.classes.tolist() == [[0, 0], [2, 2], [-1, -1]]
    assert data.f1(np.array([True, True, False]), np.array([True, False, False])) == pytest.approx(2 / 3)


def test_scores_of_a_comparison_are_shown_beside_another_system(tmp_path: Path) -> None:
    """F0 errors of exactly 2 and 3 Hz: a difference of one hertz, whatever is redrawn; of runs that failed nothing is shown."""
    shown = tool("score_differences")
    for system, error in (("single", 2.0), ("other", 3.0)):
        for seed in (1, 2):
            path = tmp_path / "scores" / system / f"seed-{seed}.json"
            record = JobRecord(system=system, run=f"seed-{seed}", seed=seed, identity="x", status="finished", splits=("test",))
            sums = {"f0_count": np.array(4.0), "f0_square": np.array(4.0 * error**2)}
            write_record(path, record, {"test": {f"u{n}": Scores(sums, 1) for n in range(3)}})
    failed = JobRecord(system="broken", run="seed-1", seed=1, identity="x", status="failed", message="no")
    write_record(tmp_path / "scores" / "broken" / "seed-1.json", failed, {})
    lines = shown.table(tmp_path, ["f0_rmse"], "single")
    assert lines[0] == "| system | seeds | F0 RMSE, Hz | difference |"
    assert lines[2:] == [
        "| single | 2 | 2.00 |  |",
        "| broken | 0 | - |  |",
        "| other | 2 | 3.00 | +1.00 [+1.00, +1.00] |",
    ]
    assert shown.main([str(tmp_path), "--scores", "loudness"]) == 2
