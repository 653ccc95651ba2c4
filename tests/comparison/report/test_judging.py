"""Judges of a comparison's speech: scores by source, differences to the baseline, and what tables and page make of them."""

from __future__ import annotations

import shutil
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from synthetic_results import synthetic_results

from tts.comparison import judging
from tts.comparison.judging import judge_speech, seed_of_speech, seeds_to_judge
from tts.comparison.listening_test import opinion_table
from tts.comparison.records import JobRecord, record_path, write_record
from tts.comparison.report import write_report
from tts.comparison.results import Judges, Results
from tts.comparison.tables import judged_pairs, judges_note, tables
from tts.core.audio import write_wav
from tts.evaluation import judges, speech
from tts.evaluation.judges import Opinion

IDS = tuple(f"u{n:02d}" for n in range(20))
LEVELS = {"natural": 0.4, "copy": 0.35, "single": 0.2, "multi": 0.25, "silent": 0.1}


@pytest.fixture
def prepared(monkeypatch: pytest.MonkeyPatch) -> object:
    """A corpus of twenty sentences, and judges who rate by level: twice the peak more is two points more."""

    def rated(samples: np.ndarray, rate: int, *, words: bool) -> Opinion:
        peak = float(np.abs(samples).max())
        return Opinion({"distillmos": 1.0 + 10.0 * peak, "p808": 3.0}, "a b" if words else None)

    monkeypatch.setattr(judges, "judge", rated)
    monkeypatch.setattr(judges, "judge_versions", lambda words: {"distillmos": "by level"})
    monkeypatch.setattr(judging, "judge_versions", judges.judge_versions)
    monkeypatch.setattr(judging, "require_judges", lambda language: language == "en-us")
    sentence = SimpleNamespace(words=[SimpleNamespace(text="a"), SimpleNamespace(text="c")])
    return SimpleNamespace(
        packed=lambda split: SimpleNamespace(ids=IDS),
        facts=SimpleNamespace(text=SimpleNamespace(language="en-us")),
        sentences=dict.fromkeys(IDS, sentence),
    )


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    rng = np.random.default_rng(0)
    for name, level in LEVELS.items():
        for key in IDS[:-1] if name == "silent" else IDS:
            signal = np.zeros(1600)
            signal[800] = level + 0.02 * rng.standard_normal()
            write_wav(tmp_path / "wavs" / name / f"{key}.wav", signal, 16_000)
    return tmp_path


def test_sources_are_judged_and_compared_with_the_baseline(prepared, folder: Path) -> None:
    result = judge_speech(prepared, folder, ["single", "multi", "silent"], "single", workers=0)
    assert result is not None and result.utterances == 20
    rows = {row.source: row for row in result.speech}
    assert {*rows} == {"natural", "copy", "single", "multi"}, "who did not speak the whole split is not judged"
    for name, row in rows.items():
        score = row.scores["distillmos"]
        assert score.low < 1.0 + 10.0 * LEVELS[name] < score.high
        assert row.scores["wrong_words"].mean == 50.0
    assert {name for name, row in rows.items() if row.differences} == {"multi"}
    more = rows["multi"].differences["distillmos"]
    assert 0.0 < more.low < 0.5 < more.high
    assert rows["multi"].differences["p808"].mean == 0.0
    assert judge_speech(prepared, folder, ["silent"], "silent", workers=0) is None


def test_tables_and_page_show_the_judges(prepared, folder: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    pairs = [("multi", "copy"), ("multi", "silent")]  # the second of which did not speak
    judged = judge_speech(prepared, folder, ["single", "multi"], "single", pairs=pairs, workers=0)
    assert judged is not None and [(pair.system, pair.against, pair.seeds) for pair in judged.pairs] == [("multi", "copy", 1)]
    less = judged.pairs[0].differences["distillmos"]
    assert less.low < 10.0 * (LEVELS["multi"] - LEVELS["copy"]) < less.high < 0.0
    assert judged.pairs[0].differences["wrong_words"].mean == 0.0
    place = tmp_path_factory.mktemp("report")
    results = Results.from_dict(synthetic_results(place)).model_copy(update={"judges": judged})
    assert Results.from_dict(results.to_dict()).judges == judged
    text = tables(results)
    assert "## What independent judges say" in text
    assert "| multi " in text and "DistillMOS, minus baseline" in text
    assert f"| multi minus copy | {less.mean:.2f} [{less.low:.2f}, {less.high:.2f}] |" in text
    page = write_report(results, place).read_text(encoding="utf-8")
    assert "What independent judges say" in page and "Natural recordings" in page
    assert "multi minus copy" in page
    assert "What independent judges say" not in tables(results.model_copy(update={"judges": None}))
    shown = opinion_table(results, ["natural", "multi"])
    assert shown is not None
    assert shown.headings == ("", "DistillMOS", "P.808", "Words wrong (%)")
    assert [row[0] for row in shown.rows] == ["natural", "multi"]
    assert shown.rows[1][3] == "50.0 [50.0, 50.0]"
    assert "20 test utterances" in shown.note
    assert opinion_table(results.model_copy(update={"judges": None}), ["natural"]) is None
    assert opinion_table(results, ["elsewhere"]) is None


def test_several_seeds_widen_the_intervals_and_are_compared_seed_by_seed(prepared, folder: Path) -> None:
    alone = judge_speech(prepared, folder, ["single", "multi"], "single", workers=0)
    for name in ("single", "multi"):
        for seed, more in ((2, 0.05), (3, -0.05)):
            for key in IDS:
                signal = np.zeros(1600)
                signal[800] = LEVELS[name] + more
                write_wav(folder / "wavs" / name / f"seed-{seed}" / f"{key}.wav", signal, 16_000)
    (folder / "wavs" / "multi" / "seed-4").mkdir()
    judged = judge_speech(prepared, folder, ["single", "multi"], "single", workers=0)
    assert alone is not None and judged is not None and (alone.seeds, judged.seeds) == (1, 3)
    one, several = ({row.source: row for row in result.speech} for result in (alone, judged))
    assert [several[name].seeds for name in ("natural", "single", "multi")] == [1, 3, 3], "a seed that spoke nothing is none"
    assert several["natural"] == one["natural"]
    score, more = several["multi"].scores["distillmos"], several["multi"].differences["distillmos"]
    assert score.mean == pytest.approx(1.0 + 10.0 * LEVELS["multi"], abs=0.05)
    assert score.high - score.low > 2.0 * (one["multi"].scores["distillmos"].high - one["multi"].scores["distillmos"].low)
    assert more.mean == pytest.approx(0.5, abs=0.05) and more.high - more.low < 0.3, "seeds are paired"
    assert "over seeds and utterances (single 3, multi 3 seeds; others 1)" in judges_note(judged)
    assert "first seed" in judges_note(alone)


def test_seeds_are_paired_by_their_numbers(prepared, folder: Path) -> None:
    """Whichever seed spoke first: its speech lies in the folder itself, and the records tell whose it is."""

    def spoke(system: str, seed: int) -> None:
        record = JobRecord(
            identity="x", system=system, run=f"seed-{seed}", seed=seed, status="finished", splits=("test",), spoken=IDS
        )
        write_record(record_path(folder, system, record.run), record, {})

    spoke("single", 2)
    spoke("multi", 1)
    assert [seed_of_speech(folder, name) for name in ("single", "multi", "silent")] == [2, 1, None]
    apart = judge_speech(prepared, folder, ["single", "multi"], "single", workers=0)
    assert apart is not None and not any(row.differences for row in apart.speech), "no seed is shared"
    for system, seed, level in (("single", 1, 0.3), ("multi", 2, 0.1)):
        spoke(system, seed)
        for key in IDS:
            signal = np.zeros(1600)
            signal[800] = level
            write_wav(folder / "wavs" / system / f"seed-{seed}" / f"{key}.wav", signal, 16_000)
    assert [seed_of_speech(folder, name) for name in ("single", "multi")] == [2, 1]
    shutil.rmtree(folder / "wavs" / "multi" / "seed-2")
    (folder / "wavs" / "multi" / "seed-2").mkdir()
    judged = judge_speech(prepared, folder, ["single", "multi"], "single", workers=0)
    assert judged is not None
    more = next(row for row in judged.speech if row.source == "multi").differences["distillmos"]
    assert more.mean == pytest.approx(10.0 * (LEVELS["multi"] - 0.3), abs=0.1), "of seed 1 alone"


def speak(folder: Path, system: str, seed: int, level: float) -> None:
    """Have a seed speak at a level, exactly, in a folder of its own."""
    signal = np.zeros(1600)
    signal[800] = level
    for key in IDS:
        write_wav(folder / "wavs" / system / f"seed-{seed}" / f"{key}.wav", signal, 16_000)


def test_only_the_seeds_that_were_asked_for_are_judged(prepared, folder: Path) -> None:
    """Speech of all seeds lies there from a command that asked for all; the next one asks for fewer."""
    systems = ["single", "multi"]

    def judged(seeds: dict[str, set[int]] | None) -> list[int]:
        said = judge_speech(prepared, folder, systems, "single", seeds=seeds, workers=0)
        assert said is not None
        rows = {row.source: row for row in said.speech}
        assert {*rows} == {"natural", "copy", *systems}
        return [rows[name].seeds for name in systems]

    first = judge_speech(prepared, folder, systems, "single", workers=0)
    for system in systems:
        for seed in (2, 3):
            speak(folder, system, seed, 0.5)
    assert seeds_to_judge(folder, systems) == {"single": {0}, "multi": {0}}
    assert judged(None) == [3, 3]
    assert judged(seeds_to_judge(folder, systems, [1, 2, 3])) == [3, 3]
    assert judged(seeds_to_judge(folder, systems, [2])) == [2, 2]
    assert judged(seeds_to_judge(folder, systems)) == [1, 1]
    again = judge_speech(prepared, folder, systems, "single", seeds=seeds_to_judge(folder, systems), workers=0)
    assert again == first, "all, then first: as if the first alone had spoken"


def test_a_pair_is_compared_on_the_seeds_that_both_spoke(prepared, folder: Path) -> None:
    """Systems of seeds 1, 2 and 2, 3: the difference is that of seed 2, and the table says of how many seeds it is."""
    for system, levels in (("multi", {1: 0.6, 2: 0.25}), ("silent", {2: 0.125, 3: 0.7})):
        shutil.rmtree(folder / "wavs" / system)
        for seed, level in levels.items():
            speak(folder, system, seed, level)
    pairs = [("multi", "silent")]
    judged = judge_speech(prepared, folder, ["single", "multi", "silent"], "single", pairs=pairs, workers=0)
    assert judged is not None
    assert {row.source: row.seeds for row in judged.speech if row.source in ("multi", "silent")} == {"multi": 2, "silent": 2}
    pair = judged.pairs[0]
    assert (pair.system, pair.against, pair.seeds) == ("multi", "silent", 1)
    difference = pair.differences["distillmos"]
    assert (difference.mean, difference.low, difference.high) == pytest.approx((1.25, 1.25, 1.25), abs=0.001)
    assert judged_pairs(judged)[0][0] == "multi minus silent (1 seed)"
    speak(folder, "silent", 1, 0.475)  # 1.25 less than multi, too
    judged = judge_speech(prepared, folder, ["single", "multi", "silent"], "single", pairs=pairs, workers=0)
    assert judged is not None and judged.pairs[0].seeds == 2
    assert judged.pairs[0].differences["distillmos"].mean == pytest.approx(1.25, abs=0.001)
    assert judged_pairs(judged)[0][0] == "multi minus silent"


def test_an_utterance_that_cannot_be_judged_is_left_out_of_all(prepared, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder / "wavs" / "multi" / f"{IDS[3]}.wav").write_bytes(b"no sound")
    result = judge_speech(prepared, folder, ["single", "multi"], "single", workers=0)
    assert isinstance(result, Judges)
    assert result.utterances == 19 and list(result.failed) == [IDS[3]]
    assert speech.JUDGED == ("distillmos", "p808", "wrong_words")
